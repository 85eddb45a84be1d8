//! Requantisation against an exact rational reference that shares no step with it: it searches the thresholds
//! between neighbouring codes instead of shifting and rounding.

use alberti_arith::{Fixed, Format, requantize};

/// The magnitudes at which a positive number passes from one AF<8,3> code to the next, in eighths of a
/// significand, ascending: `(threshold, whether the threshold itself goes up, the code above)`.
struct Thresholds(Vec<(u128, bool, u16)>);

impl Thresholds {
    fn af8_3() -> Self {
        let significand = |code: u16| u128::from(16 + code % 16) << (code / 16);
        // Rounded to 5 bits, 7.875 of the octave [4, 8) carries into [8, 16): where zero ends and code 1
        // begins.
        let mut list = vec![(63, true, 1)];
        for code in 2..128u16 {
            let middle = 4 * (significand(code - 1) + significand(code));
            list.push((middle, code % 2 == 0, code));
        }
        Self(list)
    }

    /// The code of `sum·2^(−shift)`, in units where code `c` stands for `significand(c)/16`.
    fn code(&self, sum: i64, shift: i32) -> u16 {
        // Compare sum·2^(−shift)·16·8 with the thresholds, in eighths of a significand, without fractions.
        let (left, right) = if shift > 7 { (0, shift - 7) } else { (7 - shift, 0) };
        let magnitude = u128::from(sum.unsigned_abs()) << left;
        let above = self.0.partition_point(|&(threshold, up, _)| {
            let threshold = threshold << right;
            threshold < magnitude || (up && threshold == magnitude)
        });
        if above == 0 { 0 } else { self.0[above - 1].2 | u16::from(sum < 0) << 7 }
    }
}

/// `sat(floor(sum·2^(−shift) + 1/2))` as an exact fraction.
fn fixed_reference(bits: u32, sum: i64, shift: i32) -> u16 {
    let sum = i128::from(sum);
    let rounded = if shift > 0 { (2 * sum + (1i128 << shift)).div_euclid(1i128 << (shift + 1)) } else { sum << -shift };
    let half = 1i128 << (bits - 1);
    (rounded.clamp(-half, half - 1) & ((1i128 << bits) - 1)) as u16
}

/// A small generator, so that the sweep is the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Sums where rounding decides: around every power of two, every five-bit mantissa and every half step
/// between two.
fn boundaries() -> Vec<i64> {
    let mut sums = vec![0];
    for p in 0..48u32 {
        for mantissa in 32..=64i64 {
            // Half steps of a 5-bit mantissa: 6 bits from the leading one down.
            let centre = if p >= 5 { mantissa << (p - 5) } else { mantissa >> (5 - p) };
            sums.extend((-2..=2).map(|d| centre + d));
        }
    }
    sums.retain(|s| (0..1i64 << 47).contains(s));
    sums.sort_unstable();
    sums.dedup();
    sums.iter().flat_map(|&s| [s, -s]).collect()
}

#[test]
fn adaptiv_float_equals_the_exact_reference_on_every_sum_within_2_to_the_17() {
    let thresholds = Thresholds::af8_3();
    for shift in [-4, -1, 0, 1, 3, 4, 5, 8, 11, 14, 17, 18] {
        for sum in -(1i64 << 17)..=1 << 17 {
            assert_eq!(requantize(Format::AF8_3, sum, shift), thresholds.code(sum, shift), "sum {sum}, shift {shift}");
        }
    }
}

#[test]
fn adaptiv_float_equals_the_exact_reference_at_every_rounding_boundary_and_shift() {
    let thresholds = Thresholds::af8_3();
    let sums = boundaries();
    assert!(sums.len() > 10_000);
    for shift in -64..=63 {
        for &sum in &sums {
            assert_eq!(requantize(Format::AF8_3, sum, shift), thresholds.code(sum, shift), "sum {sum}, shift {shift}");
        }
    }
}

#[test]
fn every_format_equals_its_exact_reference_on_random_48_bit_sums_and_every_shift() {
    let thresholds = Thresholds::af8_3();
    let mut random = Random(1);
    for shift in -64..=63 {
        for _ in 0..2_000 {
            let sum = (random.next() as i64 >> 16) >> (random.next() % 48);
            assert_eq!(requantize(Format::AF8_3, sum, shift), thresholds.code(sum, shift), "sum {sum}, shift {shift}");
            for format in [Format::Q3_5, Format::Q3_13] {
                let expected = fixed_reference(format.bits(), sum, shift);
                assert_eq!(requantize(format, sum, shift), expected, "{format} sum {sum}, shift {shift}");
            }
        }
    }
}

#[test]
fn the_widest_sums_are_requantised_too() {
    let thresholds = Thresholds::af8_3();
    for sum in [i64::MIN, i64::MIN + 1, i64::MAX] {
        for shift in 0..=63 {
            assert_eq!(requantize(Format::AF8_3, sum, shift), thresholds.code(sum, shift), "sum {sum}, shift {shift}");
        }
    }
}

#[test]
fn every_fixed_point_format_equals_the_exact_reference_on_dense_sums() {
    for bits in [8u32, 16] {
        for integer_bits in 1..=bits {
            let format = Format::Fixed(Fixed::new(integer_bits, bits - integer_bits).expect("8 or 16 bits"));
            for shift in [-9, -1, 0, 1, 2, 7, 10] {
                for sum in (-(1i64 << 17)..=1 << 17).step_by(if integer_bits == 3 { 1 } else { 37 }) {
                    let expected = fixed_reference(bits, sum, shift);
                    assert_eq!(requantize(format, sum, shift), expected, "{format} sum {sum}, shift {shift}");
                }
            }
        }
    }
}

#[test]
fn requantising_equals_quantising_the_real_value() {
    for format in [Format::AF8_3, Format::Q1_7, Format::Q3_5, Format::Q3_13] {
        for shift in -20..=40 {
            for &sum in boundaries().iter().step_by(7) {
                let scale = 3;
                let joined = match format {
                    Format::AdaptivFloat(_) => shift + scale,
                    Format::Fixed(q) => shift - q.fraction_bits() as i32 + scale,
                };
                let value = sum as f64 * f64::from(-shift).exp2();
                assert_eq!(requantize(format, sum, joined), format.quantize(value, scale), "{format} {sum}·2^−{shift}");
            }
        }
    }
}
