//! AdaptivFloat, exhaustively, against its definition in f64.

use alberti_arith::{AdaptivFloat, Format};

/// The value of a code by the definition: ±(1 + M/2^m)·2^(E + bias), in floating point throughout.
fn defined_value(bits: u32, exponent_bits: u32, code: u16, bias: i32) -> f64 {
    let mantissa_bits = bits - 1 - exponent_bits;
    let mantissa = code % (1 << mantissa_bits);
    let exponent = (code >> mantissa_bits) % (1 << exponent_bits);
    let sign = if code >= 1 << (bits - 1) { -1.0 } else { 1.0 };
    if mantissa == 0 && exponent == 0 {
        return 0.0;
    }
    let fraction = f64::from(mantissa) / f64::from(1 << mantissa_bits);
    sign * (1.0 + fraction) * 2f64.powi(i32::from(exponent as i16) + bias)
}

fn every_format() -> Vec<AdaptivFloat> {
    (4..=8).flat_map(|bits| (1..=4).filter_map(move |exponent| AdaptivFloat::new(bits, exponent).ok())).collect()
}

#[test]
fn every_code_of_every_format_decodes_as_defined() {
    let formats = every_format();
    assert_eq!(formats.len(), 2 + 3 + 4 + 4 + 4);
    for format in formats {
        for code in 0..1u16 << format.bits() {
            for bias in [-20, -7, 0, 3] {
                let expected = defined_value(format.bits(), format.exponent_bits(), code, bias);
                assert_eq!(format.value(code, bias), expected, "{format:?} code {code:#04x} bias {bias}");
            }
        }
    }
}

#[test]
fn af8_3_decodes_to_the_integers_that_the_specification_names() {
    let f = AdaptivFloat::AF8_3;
    for (code, significand) in [
        (0x00, 0),
        (0x80, 0),
        (0x01, 17),
        (0x81, -17),
        (0x0f, 31),
        (0x10, 32),
        (0x7f, 3968),
        (0xff, -3968),
        (0x70, 2048),
    ] {
        assert_eq!(f.significand(code), significand, "code {code:#04x}");
    }
    assert_eq!(Format::AF8_3.max_significand(), 3968);
}

#[test]
fn quantising_the_value_of_a_code_gives_the_code_back() {
    for format in every_format() {
        for code in 0..1u16 << format.bits() {
            let canonical = if format.significand(code) == 0 { 0 } else { code };
            for bias in [-16, -7, 0, 5] {
                let back = format.quantize(format.value(code, bias), bias);
                assert_eq!(back, canonical, "{format:?} code {code:#04x} bias {bias}");
            }
        }
    }
}

#[test]
fn every_product_of_two_8_bit_operands_is_exact() {
    let f = AdaptivFloat::AF8_3;
    let mut largest = 0;
    for a in 0..256u16 {
        for b in 0..256u16 {
            let product = f.significand(a) * f.significand(b);
            assert_eq!(
                product as f64 / 256.0,
                defined_value(8, 3, a, 0) * defined_value(8, 3, b, 0),
                "{a:#04x} × {b:#04x}"
            );
            largest = largest.max(product.abs());
        }
    }
    assert_eq!(largest, 3968 * 3968);
    assert!(largest < 1 << 24, "a product is below 2^24");
}

#[test]
fn quantising_takes_the_nearest_code() {
    let f = AdaptivFloat::AF8_3;
    for i in 1..=40_000u32 {
        // From well below the smallest code (17/16) to past the largest (248).
        let x = f64::from(i) / 128.0;
        let got = f.value(f.quantize(x, 0), 0);
        if !(17.0 / 16.0..=248.0).contains(&x) {
            continue;
        }
        let error = (got - x).abs();
        for code in 1..128u16 {
            assert!(error <= (f.value(code, 0) - x).abs(), "{x} became {got}, but code {code:#04x} is nearer");
        }
    }
}

#[test]
fn infinities_saturate_and_nan_is_zero() {
    let f = AdaptivFloat::AF8_3;
    assert_eq!(f.quantize(f64::INFINITY, -7), 0x7f);
    assert_eq!(f.quantize(f64::NEG_INFINITY, -7), 0xff);
    assert_eq!(f.quantize(f64::NAN, -7), 0x00);
    assert_eq!(f.quantize(f64::MAX, i32::MIN), 0x7f);
    assert_eq!(f.quantize(f64::MIN_POSITIVE, i32::MAX), 0x00);
}

#[test]
fn subnormal_numbers_quantise_like_others() {
    let f = AdaptivFloat::AF8_3;
    for code in 1..128u16 {
        assert_eq!(f.quantize(f.value(code, -1070), -1070), code, "code {code:#04x}");
    }
}

#[test]
fn the_bias_rule_lets_the_largest_magnitude_just_fit() {
    let f = AdaptivFloat::AF8_3;
    for (max, bias) in
        [(1.0, -7), (0.999, -8), (1.999, -7), (2.0, -6), (248.0, 0), (0.0, 0), (f64::NAN, 0), (f64::INFINITY, 0)]
    {
        assert_eq!(f.bias_for(max), bias, "max {max}");
    }
    for i in 1..2000 {
        let max = f64::from(i) * 0.013;
        let code = f.quantize(max, f.bias_for(max));
        assert_eq!(code >> 4, 7, "{max} lies in the top octave");
        assert!((f.value(code, f.bias_for(max)) - max).abs() <= max / 32.0, "{max} is kept to half a step");
    }
}
