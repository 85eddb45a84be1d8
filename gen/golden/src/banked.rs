//! A memory of packed values: value `v` lies in bank `v mod n` at row `v div n`, each bank with an address of its own, so
//! that any `n` values in succession can be read or written at once.

use crate::{Error, Result};

/// Where a packed value lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer {
    /// Row within the bank.
    pub row: usize,
    /// Bank, below the number of banks.
    pub bank: usize,
}

/// The content of a banked memory. Row addresses wrap as those of the hardware do: at the next power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banked {
    banks: usize,
    values: Vec<u16>,
}

impl Banked {
    /// A memory of zeros in `banks` banks that has room for `capacity` values or some more: rows are a power of two, at
    /// least 2.
    ///
    /// # Errors
    /// When there is no bank.
    pub fn new(banks: usize, capacity: usize) -> Result<Self> {
        if banks == 0 {
            return Err(Error::new("a memory of no banks: at least one is needed"));
        }
        let rows = capacity.div_ceil(banks).next_power_of_two().max(2);
        Ok(Self { banks, values: vec![0; rows * banks] })
    }

    /// A memory of `capacity` values that holds `values` from its first row on.
    ///
    /// # Errors
    /// When there is no bank, or the values are more than its capacity.
    pub fn with_values(banks: usize, capacity: usize, values: &[u16]) -> Result<Self> {
        if values.len() > capacity {
            return Err(Error::new(format!("{} values in a memory of {capacity}", values.len())));
        }
        let mut memory = Self::new(banks, capacity)?;
        memory.values[..values.len()].copy_from_slice(values);
        Ok(memory)
    }

    /// Number of banks, the `n` of the unit that owns the memory.
    #[must_use]
    pub fn banks(&self) -> usize {
        self.banks
    }

    /// Rows that can be addressed, a power of two.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.banks
    }

    /// Every value in the order of its packing.
    #[must_use]
    pub fn values(&self) -> &[u16] {
        &self.values
    }

    /// Where the value number `value` lies, counted from row 0, bank 0.
    #[must_use]
    pub fn pointer(&self, value: usize) -> Pointer {
        let value = value % self.values.len();
        Pointer { row: value / self.banks, bank: value % self.banks }
    }

    /// The pointer `count` values further on, from the last bank to the next row and from the last row to row 0.
    #[must_use]
    pub fn advance(&self, pointer: Pointer, count: usize) -> Pointer {
        self.pointer(self.index(pointer) + count)
    }

    /// The `count` values from `start` on.
    #[must_use]
    pub fn read(&self, start: Pointer, count: usize) -> Vec<u16> {
        (0..count).map(|i| self.values[(self.index(start) + i) % self.values.len()]).collect()
    }

    /// Writes `values` from `start` on and returns where the next would go.
    pub fn write(&mut self, start: Pointer, values: &[u16]) -> Pointer {
        let (first, length) = (self.index(start), self.values.len());
        for (i, &value) in values.iter().enumerate() {
            self.values[(first + i) % length] = value;
        }
        self.advance(start, values.len())
    }

    /// Demands that a base pointer names a bank and a row that exist.
    pub(crate) fn check(&self, pointer: Pointer) -> Result<()> {
        if pointer.bank >= self.banks || pointer.row >= self.rows() {
            return Err(Error::new(format!(
                "base row {}, bank {}: the memory has {} rows of {} banks",
                pointer.row,
                pointer.bank,
                self.rows(),
                self.banks
            )));
        }
        Ok(())
    }

    fn index(&self, pointer: Pointer) -> usize {
        (pointer.row * self.banks + pointer.bank) % self.values.len()
    }
}
