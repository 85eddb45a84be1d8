//! The tables of the special functions (`docs/arithmetic.md`, Tables).
//!
//! Entries are `floor(real + 0.5)`. No real value lies near enough to a half for the last bits of `f64` to matter.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

/// The two published forms of GELU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Gelu {
    /// `x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`, known as gelu_new: the one that the model is trained with.
    #[default]
    Tanh,
    /// `x/2·(1 + erf(x/√2))`.
    Erf,
}

/// `EX[j] = 2^(15 − j/32)`, j = 0..=32: 16 bits, Q1.15.
#[must_use]
pub fn exp2() -> [u16; 33] {
    table(|j| (15.0 - j / 32.0).exp2())
}

/// `LG[j] = log2(1 + j/32)·2^14`, j = 0..=32: 15 bits, Q1.14.
#[must_use]
pub fn log2() -> [u16; 33] {
    table(|j| (1.0 + j / 32.0).log2() * 16384.0)
}

/// `RS[j] = min(2^16/√(1 + j/32), 65535)`, j = 0..=96: 16 bits, Q.16.
#[must_use]
pub fn rsqrt() -> [u16; 97] {
    table(|j| (65536.0 / (1.0 + j / 32.0).sqrt()).min(65535.0))
}

/// `GE[j] = (a − gelu(a))·4096`, a = j/16, j = 0..=64: 10 bits, Q.12.
#[must_use]
pub fn gelu(form: Gelu) -> [u16; 65] {
    table(|j| {
        let a = j / 16.0;
        let weight = match form {
            Gelu::Tanh => ((2.0 / PI).sqrt() * (a + 0.044_715 * a * a * a)).tanh(),
            Gelu::Erf => erf(a * FRAC_1_SQRT_2),
        };
        (a - a / 2.0 * (1.0 + weight)) * 4096.0
    })
}

fn table<const N: usize>(entry: impl Fn(f64) -> f64) -> [u16; N] {
    std::array::from_fn(|j| (entry(j as f64) + 0.5).floor() as u16)
}

/// The error function by `2/√π·e^(−x²)·Σ 2^n·x^(2n+1)/(2n+1)!!`, whose terms all have the sign of `x`.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..100 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CRC-32 (IEEE 802.3) over the entries as little-endian 32-bit words.
    fn crc32(entries: &[u16]) -> u32 {
        let mut crc = u32::MAX;
        for byte in entries.iter().flat_map(|&entry| u32::from(entry).to_le_bytes()) {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
        !crc
    }

    #[test]
    fn tables_have_the_checksums_of_the_specification() {
        assert_eq!(crc32(&exp2()), 0xab83_e2e6);
        assert_eq!(crc32(&log2()), 0xbb5a_65e6);
        assert_eq!(crc32(&rsqrt()), 0xa1f4_15b8);
        assert_eq!(crc32(&gelu(Gelu::Tanh)), 0xc76c_5115);
        assert_eq!(crc32(&gelu(Gelu::Erf)), 0x070d_b17b);
    }

    #[test]
    fn tables_fit_the_widths_of_the_specification() {
        let bits = |entries: &[u16]| entries.iter().map(|e| 16 - e.leading_zeros()).max();
        assert_eq!(bits(&exp2()), Some(16));
        assert_eq!(bits(&log2()), Some(15));
        assert_eq!(bits(&rsqrt()), Some(16));
        assert_eq!(bits(&gelu(Gelu::Tanh)), Some(10));
        assert_eq!(bits(&gelu(Gelu::Erf)), Some(10));
    }

    #[test]
    fn error_function_agrees_with_published_values() {
        for (x, expected) in [(0.0, 0.0), (0.5, 0.520_499_877_813_046_5), (2.0, 0.995_322_265_018_952_7)] {
            assert!((erf(x) - expected).abs() < 1e-14, "erf({x})");
        }
    }
}
