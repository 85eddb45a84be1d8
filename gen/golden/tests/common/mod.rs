//! What the tests share: formats, and codes drawn from a seed.

#![allow(dead_code, reason = "each test binary uses its own part")]

use alberti_arith::Format;

pub const OPERANDS: [Format; 3] = [Format::AF8_3, Format::Q3_5, Format::Q3_13];

/// A small generator (SplitMix64): the same draws on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    /// A code that stands for no zero.
    pub fn nonzero(&mut self, format: Format) -> u16 {
        loop {
            let code = (self.next() & ((1 << format.bits()) - 1)) as u16;
            if !format.is_zero(code) {
                return code;
            }
        }
    }

    /// Codes of which `percent` in a hundred are no zeros.
    pub fn codes(&mut self, format: Format, count: usize, percent: usize) -> Vec<u16> {
        (0..count).map(|_| if self.below(100) < percent { self.nonzero(format) } else { 0 }).collect()
    }
}
