//! Elementwise addition and scaling of codes in any format.

mod common;

use alberti_arith::{Fixed, Format};
use alberti_golden::elementwise::{Operand, add, scale};
use common::Random;

fn q(integer: u32, fraction: u32) -> Format {
    Format::Fixed(Fixed::new(integer, fraction).expect("a format"))
}

/// ⌊x·2^(−shift) + ½⌋ as a fraction.
fn rounded(x: i64, shift: i32) -> f64 {
    (x as f64 * f64::from(-shift).exp2() + 0.5).floor()
}

#[test]
fn a_sum_is_rounded_each_and_saturated_once() {
    let mut random = Random(41);
    for (a_format, b_format) in
        [(q(9, 7), q(9, 7)), (q(9, 7), Format::AF8_3), (Format::AF8_3, Format::AF8_3), (q(3, 5), q(16, 0))]
    {
        for shift_a in -6..=17 {
            for shift_b in -6..=17 {
                let (a, b) = (random.codes(a_format, 60, 90), random.codes(b_format, 60, 90));
                let left = Operand { format: a_format, codes: &a, shift: shift_a };
                let right = Operand { format: b_format, codes: &b, shift: shift_b };
                let sums = add(left, right).expect("sums");
                for i in 0..60 {
                    let x = rounded(a_format.significand(a[i]), shift_a) + rounded(b_format.significand(b[i]), shift_b);
                    assert_eq!(f64::from(sums[i]), x.clamp(-32_768.0, 32_767.0), "{a_format} + {b_format}");
                }
                assert_eq!(add(right, left), Ok(sums), "the order does not matter");
            }
        }
    }
}

#[test]
fn a_product_is_rounded_and_saturated_once() {
    let mut random = Random(42);
    for format in [q(9, 7), q(3, 5), Format::AF8_3] {
        for shift in -6..=40 {
            let codes = random.codes(format, 100, 90);
            for gain in [i16::MIN, -300, -1, 0, 1, 16_384, i16::MAX] {
                let products = scale(Operand { format, codes: &codes, shift }, gain).expect("products");
                for (&code, &product) in codes.iter().zip(&products) {
                    let x = rounded(format.significand(code) * i64::from(gain), shift);
                    assert_eq!(f64::from(product), x.clamp(-32_768.0, 32_767.0), "{format} {code:#x} × {gain}");
                }
            }
        }
    }
}

#[test]
fn the_residual_adds_8_bit_results_to_16_bits() {
    // 1.5 as AF<8,3> at bias −5: significand·2^(−9), to Q9.7 a shift of 2. 100.25 + 1.5 = 101.75.
    let code = Format::AF8_3.quantize(1.5, -5);
    let residual = Operand { format: q(9, 7), codes: &[12_832], shift: 0 };
    assert_eq!(add(residual, Operand { format: Format::AF8_3, codes: &[code], shift: 2 }), Ok(vec![13_024]));
}

#[test]
fn an_operand_saturates_at_24_bits_before_the_sum() {
    let sum = |a: i16, shift_a, b: i16, shift_b| {
        let left = Operand { format: q(16, 0), codes: &[a as u16], shift: shift_a };
        add(left, Operand { format: q(16, 0), codes: &[b as u16], shift: shift_b }).expect("a sum")[0]
    };
    // Up to 24 bits what one has too much the other takes back.
    assert_eq!(sum(16_384, -8, -16_384, -8), 0);
    assert_eq!(sum(32_767, -8, -32_767, -8), 0);
    assert_eq!(sum(32_767, -8, -32_760, -8), 7 << 8);
    // Beyond, both are at their ends: 2^23 − 1 and −2^23.
    assert_eq!(sum(32_767, -64, -1, -64), -1);
    assert_eq!(sum(1, -24, -32_768, -8), -1);
    assert_eq!(sum(1, -64, 1, -64), i16::MAX);
    assert_eq!(sum(-1, -64, -1, -64), i16::MIN);
    assert_eq!(sum(i16::MIN, 63, i16::MAX, 63), 0);
}

#[test]
fn every_significand_of_every_adaptiv_float_can_be_summed_exactly() {
    for format in ["af8_3", "af8_2", "af8_1", "af6_3"] {
        let format: Format = format.parse().expect("a format");
        for code in 0..1u16 << format.bits() {
            let own = Operand { format, codes: &[code], shift: 0 };
            let sum = add(own, Operand { format: q(16, 0), codes: &[0], shift: 0 }).expect("a sum");
            assert_eq!(i64::from(sum[0]), format.significand(code), "{format} {code:#04x}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let operand = |format, codes, shift| Operand { format, codes, shift };
    let good = operand(Format::AF8_3, &[1, 2][..], 0);
    assert!(add(good, operand(Format::AF8_3, &[1], 0)).is_err());
    assert!(add(good, operand(Format::AF8_3, &[1, 256], 0)).is_err());
    assert!(add(operand(Format::AF8_3, &[1, 2], 64), good).is_err());
    assert!(scale(operand(Format::AF8_3, &[256], 0), 1).is_err());
    assert!(scale(operand(Format::AF8_3, &[1], -65), 1).is_err());
    assert_eq!(add(operand(Format::AF8_3, &[], 0), operand(q(9, 7), &[], 0)), Ok(vec![]));
}
