//! Faults of public designs that concern numbers, each with the test that would have caught it.

use alberti_arith::{Format, exp2n, requantize, rhu, saturate, wrap};

#[test]
fn sixteen_bit_accumulator_would_wrap_on_one_product() {
    let f = Format::AF8_3;
    assert_eq!(f.exact_products(16), 0, "not a single product is safe in 16 bits");
    let product = f.significand(0x7f) * f.significand(0x7f);
    assert_ne!(wrap(product, 16), product);
    assert_ne!(wrap(product, 24), product, "24 bits with the sign are one short");
    assert_eq!(wrap(product, f.product_bits()), product);
}

#[test]
fn large_negative_saturates_to_the_negative_maximum() {
    for sum in [-(1i64 << 47), -(1 << 40), i64::MIN] {
        assert_eq!(requantize(Format::AF8_3, sum, 0), 0xff);
        assert_eq!(requantize(Format::Q3_5, sum, 0), 0x80);
        assert_eq!(requantize(Format::Q3_13, sum, 0), 0x8000);
        assert_eq!(saturate(sum, 16), -32768);
    }
    for format in [Format::AF8_3, Format::Q3_5, Format::Q3_13] {
        assert!(format.significand(requantize(format, -(1 << 40), 0)) < 0, "{format}");
        assert!(format.significand(requantize(format, 1 << 40, 0)) > 0, "{format}");
    }
}

#[test]
fn mantissa_rounding_to_two_carries_into_exponent() {
    let f = Format::AF8_3;
    for exponent in 0..7 {
        // 1.11111|1 in binary: nearer to 2 than to 1.1111, at every exponent.
        let sum = 63 << exponent;
        assert_eq!(requantize(f, sum, 5), (exponent + 1) << 4, "exponent {exponent}");
    }
    assert_eq!(requantize(f, 63 << 7, 5), 0x7f, "past the largest exponent the carry saturates");
    assert_eq!(requantize(f, 63, 7), 0x01, "a carry out of the octave of zero reaches the smallest code");
}

#[test]
fn what_rounds_onto_the_code_of_zero_is_specified() {
    let f = Format::AF8_3;
    // At shift 8 a sum of 256 is 1.0: mantissa 16 at exponent 0, whose code is that of zero. It becomes the
    // smallest.
    for sum in [126, 127, 128, 200, 255, 256, 257, 264] {
        assert_eq!(requantize(f, sum, 8), 0x01, "{sum}/256");
        assert_eq!(requantize(f, -sum, 8), 0x81, "−{sum}/256");
    }
    for sum in [0, 1, 64, 125] {
        assert_eq!(requantize(f, sum, 8), 0x00, "{sum}/256");
        assert_eq!(requantize(f, -sum, 8), 0x00, "−{sum}/256: zero has no sign");
    }
    let produced = (-70_000..70_000i64).map(|sum| requantize(f, sum, 9)).filter(|&code| f.is_zero(code));
    assert!(produced.clone().count() > 0);
    assert!(produced.into_iter().all(|code| code == 0), "0x80 is never produced");
}

#[test]
fn raw_codes_are_never_used_as_values() {
    let f = Format::AF8_3;
    // 0x10 is 2.0 and 0x20 is 4.0: as raw codes their product is 0x200, decoded it is 8.0.
    let product = f.significand(0x10) * f.significand(0x20);
    assert_eq!(f.value(requantize(f, product, 8), 0), 8.0);
    for code in 1..256u16 {
        assert_ne!(f.significand(code), i64::from(code), "code {code:#04x} would hide the fault");
    }
    for code in 0x80..0x100u16 {
        assert_ne!(Format::Q3_5.significand(code), i64::from(code), "a negative code read without its sign");
    }
}

#[test]
fn rounding_is_the_same_on_both_sides_of_the_point() {
    // Half up in fixed point, also for negative sums: a truncating shift or a rounding towards zero differs.
    assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(|x| rhu(x, 1)), [-1, -1, 0, 0, 1, 1, 2]);
    // Half to even in AdaptivFloat, symmetric: sums 33, 35 (tie, between 32 and 34, 34 and 36).
    for (sum, code) in [(33, 0x10), (35, 0x12), (37, 0x12), (39, 0x14)] {
        assert_eq!(requantize(Format::AF8_3, sum, 4), code);
        assert_eq!(requantize(Format::AF8_3, -sum, 4), code | 0x80);
    }
}

#[test]
fn a_sum_wraps_within_and_saturates_at_the_end_only() {
    // Order must not matter: +2^31, −2^31 in any order give zero when sums wrap, and do not when they
    // saturate.
    let terms = [1i64 << 31, -(1 << 31), 5];
    let wrapped = |order: [usize; 3]| order.iter().fold(0, |sum, &i| wrap(sum + terms[i], 32));
    let saturated = |order: [usize; 3]| order.iter().fold(0, |sum, &i| saturate(sum + terms[i], 32));
    assert_eq!([wrapped([0, 1, 2]), wrapped([1, 0, 2]), wrapped([2, 0, 1])], [5, 5, 5]);
    assert_ne!(saturated([0, 1, 2]), saturated([1, 2, 0]));
}

#[test]
fn the_exponential_is_no_shift_of_its_input() {
    // 2^(−d) of half an octave is 1/√2; the input shifted gives half of it or twice, and a power by octaves
    // alone gives one.
    assert_eq!(exp2n(512), 23_170);
    for (d, fault) in [(512, 512 << 1), (512, 512 >> 1), (512, 32_768), (1536, 16_384), (1536, 8_192)] {
        assert_ne!(i64::from(exp2n(d)), fault, "d = {d}");
    }
    // The law of powers, which a linear function breaks.
    for (a, b) in [(100, 900), (512, 512), (1024, 700), (333, 3000)] {
        let product = (u32::from(exp2n(a)) * u32::from(exp2n(b))) >> 15;
        assert!(product.abs_diff(exp2n(a + b).into()) <= 3, "2^−({a} + {b})");
    }
}
