//! Bytes at any address, of which all have a value from the beginning.

use std::collections::BTreeMap;

/// Bytes of a page.
const PAGE: u64 = 4096;

/// Memory of 2^64 bytes. What was never written is random, but the same whenever it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    seed: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Bytes {
    /// Memory whose first contents are drawn from a seed.
    pub fn new(seed: u64) -> Self {
        Bytes { seed, pages: BTreeMap::new() }
    }

    /// The byte at an address.
    pub fn get(&self, address: u64) -> u8 {
        match self.pages.get(&(address / PAGE)) {
            Some(page) => page[(address % PAGE) as usize],
            None => first(self.seed, address),
        }
    }

    /// Writes a byte.
    pub fn set(&mut self, address: u64, value: u8) {
        let (seed, number) = (self.seed, address / PAGE);
        let page = self.pages.entry(number);
        let page = page.or_insert_with(|| (0..PAGE).map(|at| first(seed, number * PAGE + at)).collect());
        page[(address % PAGE) as usize] = value;
    }

    /// The bytes from an address on.
    pub fn read(&self, address: u64, count: usize) -> Vec<u8> {
        (0..count as u64).map(|at| self.get(address.wrapping_add(at))).collect()
    }

    /// Writes bytes from an address on.
    pub fn write(&mut self, address: u64, bytes: &[u8]) {
        for (at, &byte) in (0..).zip(bytes) {
            self.set(address.wrapping_add(at), byte);
        }
    }

    /// The lowest address at which two memories differ.
    pub fn difference(&self, other: &Self) -> Option<u64> {
        let pages = self.pages.keys().chain(other.pages.keys());
        let addresses = pages.flat_map(|page| (0..PAGE).map(move |at| page * PAGE + at));
        addresses.filter(|&address| self.get(address) != other.get(address)).min()
    }
}

/// What an address holds before it is written.
fn first(seed: u64, address: u64) -> u8 {
    let mixed = (address ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_all_else_stays() {
        let (mut memory, before) = (Bytes::new(7), Bytes::new(7));
        memory.write(2 * PAGE - 2, &[1, 2, 3]);
        assert_eq!(memory.read(2 * PAGE - 2, 3), [1, 2, 3]);
        assert_eq!(memory.get(2 * PAGE - 3), before.get(2 * PAGE - 3));
        assert_eq!(memory.difference(&before), Some(2 * PAGE - 2));
        memory.write(2 * PAGE - 2, &before.read(2 * PAGE - 2, 3));
        assert_eq!(memory.difference(&before), None);
        assert_ne!(before.read(0, 16), before.read(16, 16));
    }

    #[test]
    fn the_top_of_the_addresses_is_there() {
        let mut memory = Bytes::new(1);
        memory.write(u64::MAX - 1, &[8, 9]);
        assert_eq!(memory.read(u64::MAX - 1, 2), [8, 9]);
    }
}
