//! The tables of the special functions (`docs/arithmetic.md`, Tables).
//!
//! Entries are `floor(real + 0.5)`. No real value lies near enough to a half for the last bits of `f64` to
//! matter.

use std::f64::consts::FRAC_2_SQRT_PI;

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

/// `GE[j] = (a − f(a))·4096`, a = j/16, j = 0..=64: what a function lacks to ReLU, Q.12; 10 bits for GELU.
#[must_use]
pub fn relu_less(real: impl Fn(f64) -> f64) -> Vec<u16> {
    let lack = |j: f64| (j / 16.0 - real(j / 16.0)) * 4096.0;
    table::<65>(lack).to_vec()
}

/// `TH[j] = min(h(j), 4095)`, h(j) = 1 − tanh(j/16) in Q.12 as `moved`, j = 0..=64: 12 bits.
#[must_use]
pub fn tanh() -> Vec<u16> {
    table::<65>(|j| moved(|j| 1.0 - (j / 16.0).tanh(), j).min(4095.0)).to_vec()
}

/// `SI[j] = h(j)`, h(j) = a − silu(a) = a/(1 + e^a), a = j/8, in Q.12 as `moved`, j = 0..=72: 11 bits. At 9,
/// where it ends, 1.14 places of Q.10 are left. Entry 0 is 1, the most of which nothing is left at zero, and
/// entry 1 greater by what entry 0 lost.
#[must_use]
pub fn silu() -> Vec<u16> {
    let mut table = table::<73>(|j| moved(|j| j / 8.0 / (1.0 + (j / 8.0).exp()), j));
    table[1] += table[0] - 1;
    table[0] = 1;
    table.to_vec()
}

/// An entry of h in Q.12 that is moved by a sixteenth of the second difference: straight lines between entries
/// then lie as far above h as below it.
fn moved(h: impl Fn(f64) -> f64, j: f64) -> f64 {
    (h(j) - (h(j - 1.0) - 2.0 * h(j) + h(j + 1.0)) / 16.0) * 4096.0
}

fn table<const N: usize>(entry: impl Fn(f64) -> f64) -> [u16; N] {
    std::array::from_fn(|j| (entry(j as f64) + 0.5).floor() as u16)
}

/// The error function: 2/√π·e^(−x²)·Σ 2ⁿ·x^(2n+1)/(2n+1)!!, a sum without cancellation.
#[must_use]
pub fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;

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
        let lack = |function: Activation| function.facts().lack.map(|lack| crc32(&lack.entries));
        assert_eq!(lack(Activation::Gelu), Some(0xc76c_5115));
        assert_eq!(lack(Activation::GeluErf), Some(0x070d_b17b));
        assert_eq!(lack(Activation::Tanh), Some(0x6c25_7d52));
        assert_eq!(lack(Activation::Silu), Some(0x567a_e805));
    }

    #[test]
    fn tables_fit_the_widths_of_the_specification() {
        let bits = |entries: &[u16]| entries.iter().map(|e| 16 - e.leading_zeros()).max();
        assert_eq!(bits(&exp2()), Some(16));
        assert_eq!(bits(&log2()), Some(15));
        assert_eq!(bits(&rsqrt()), Some(16));
        let lack = |function: Activation| function.facts().lack.and_then(|lack| bits(&lack.entries));
        assert_eq!([lack(Activation::Gelu), lack(Activation::GeluErf)], [Some(10); 2]);
        assert_eq!([lack(Activation::Tanh), lack(Activation::Silu)], [Some(12), Some(11)]);
    }

    #[test]
    fn error_function_agrees_with_published_values() {
        for (x, y) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (-2.0, -0.995_322_265_018_952_7),
            (3.5, 0.999_999_256_901_627_7),
            (7.0, 1.0),
        ] {
            assert!((erf(x) - y).abs() < 1e-14, "erf({x}) = {}", erf(x));
        }
    }
}
