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

    /// A real number of the normal distribution (the sum of twelve uniform ones).
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let uniform = |x: u64| (x >> 11) as f64 / (1u64 << 53) as f64;
        mean + deviation * ((0..12).map(|_| uniform(self.next())).sum::<f64>() - 6.0)
    }

    /// A row of normally distributed 16-bit integers.
    pub fn row(&mut self, length: usize, mean: f64, deviation: f64) -> Vec<i16> {
        (0..length).map(|_| self.normal(mean, deviation).round() as i16).collect()
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

/// Softmax in base 2 of scores in Q8.8.
pub fn real_softmax(scores: &[i16]) -> Vec<f64> {
    let largest = f64::from(scores.iter().copied().max().expect("a score"));
    let powers: Vec<f64> = scores.iter().map(|&t| ((f64::from(t) - largest) / 256.0).exp2()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// Entropy in nats over logits in Q6.10.
pub fn real_entropy(logits: &[i16]) -> f64 {
    let largest = f64::from(logits.iter().copied().max().expect("a logit"));
    let distances: Vec<f64> = logits.iter().map(|&z| (largest - f64::from(z)) / 1024.0).collect();
    let sum: f64 = distances.iter().map(|d| (-d).exp()).sum();
    sum.ln() + distances.iter().map(|d| d * (-d).exp()).sum::<f64>() / sum
}

/// A row less its mean, over its standard deviation, by two passes.
pub fn real_normalised(row: &[i16]) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = row.iter().map(|&r| f64::from(r)).sum::<f64>() / count;
    let variance = row.iter().map(|&r| (f64::from(r) - mean).powi(2)).sum::<f64>() / count;
    row.iter().map(|&r| if variance == 0.0 { 0.0 } else { (f64::from(r) - mean) / variance.sqrt() }).collect()
}
