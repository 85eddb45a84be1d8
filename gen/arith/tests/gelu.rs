//! GELU over all 24-bit inputs, against f64, before and after requantisation.

mod common;

use alberti_arith::{AdaptivFloat, Format, gelu, requantize};
use common::{FORMS, erf, real_gelu};

const ALL: std::ops::Range<i32> = -(1 << 23)..1 << 23;
/// Outside of ±8 GELU differs from ReLU by less than f64 can tell from it.
const CURVED: std::ops::Range<i32> = -(1 << 13)..1 << 13;

#[test]
fn the_error_is_less_than_one_last_place_of_24_bits() {
    for (form, bounds) in FORMS.into_iter().zip([0.763..0.764, 0.767..0.768]) {
        let error = |x| (f64::from(gelu(form, x)) - real_gelu(form, f64::from(x) / 1024.0) * 1024.0).abs();
        let worst = CURVED.map(error).fold(0.0, f64::max);
        assert!(bounds.contains(&worst), "{form:?}: {worst}");
        for x in ALL.filter(|x| !CURVED.contains(x)) {
            assert_eq!(gelu(form, x), x.max(0), "{form:?} of {x}");
        }
        assert!(real_gelu(form, -8.0).abs() < 1e-13 && (real_gelu(form, 8.0) - 8.0).abs() < 1e-13);
    }
}

/// The largest error of AF<8,3> codes in units of their last mantissa bit, and how far codes lie from the right ones.
fn error_of_codes(form: alberti_arith::tables::Gelu, bias: i32) -> (f64, i32) {
    let f = AdaptivFloat::AF8_3;
    let (smallest, largest) = (f.value(1, bias), f.value(0x7f, bias));
    let place = |code: u16| f64::from(i32::from(code >> 4 & 7) + bias - 4).exp2();
    let rank = |code: u16| if code & 0x80 == 0 { i32::from(code) } else { -i32::from(code & 0x7f) };
    let (mut worst, mut steps) = (0f64, 0);
    for x in CURVED {
        let real = real_gelu(form, f64::from(x) / 1024.0);
        let code = requantize(Format::AF8_3, gelu(form, x).into(), 10 + bias);
        let right = f.quantize(real, bias);
        steps = steps.max((rank(code) - rank(right)).abs());
        if (smallest..=largest).contains(&real.abs()) {
            worst = worst.max((f.value(code, bias) - real).abs() / place(right));
        }
    }
    (worst, steps)
}

#[test]
fn from_bias_minus_6_on_the_8_bit_result_is_off_by_less_than_one_place() {
    for form in FORMS {
        for bias in -6..=3 {
            let (worst, steps) = error_of_codes(form, bias);
            assert!(worst < if bias < -4 { 0.853 } else { 0.691 }, "{form:?}, bias {bias}: {worst} places");
            assert!(steps <= 1, "{form:?}, bias {bias}: {steps} codes from the right one");
        }
        // The smallest code of bias −7 is half as large as a Q.10 place can follow.
        let (worst, steps) = error_of_codes(form, -7);
        assert!(worst < 1.53 && steps <= 2, "{form:?}, bias −7: {worst} places, {steps} codes");
    }
}

#[test]
fn large_inputs_pass_and_large_negative_ones_vanish() {
    for form in FORMS {
        assert_eq!(gelu(form, (1 << 23) - 1), (1 << 23) - 1);
        assert_eq!(gelu(form, -(1 << 23)), 0);
        assert_eq!(gelu(form, 0), 0);
        assert!((-4096..0).all(|x| gelu(form, x) <= 0), "{form:?}: GELU of a negative number is none above zero");
    }
}

#[test]
fn the_forms_differ_by_less_than_a_thousandth() {
    let [tanh, erf] = FORMS;
    let most = CURVED.map(|x| (gelu(tanh, x) - gelu(erf, x)).abs()).max();
    assert_eq!(most, Some(1));
}

#[test]
fn the_reference_agrees_with_published_values() {
    for (x, expected) in
        [(0.5, 0.520_499_877_813_046_5), (3.0, 0.999_977_909_503_001_4), (-1.0, -0.842_700_792_949_714_9)]
    {
        assert!((erf(x) - expected).abs() < 1e-12, "erf({x})");
    }
}
