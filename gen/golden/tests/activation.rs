//! The activation functions on sums, and what the requantiser makes of them.

mod common;

use alberti_arith::{Activation, Domain, Format, rhu, saturate};
use alberti_golden::{
    activation::{ActivatedRow, row},
    requantize,
};
use common::Random;

#[test]
fn identity_and_relu_pass_the_shifts_on() {
    let sums = [5, -5, 0, (1 << 36) - 1, -(1 << 36)];
    let shifts = [1, -64, 63, 0, 20];
    let answer = row(Activation::Identity, 37, &sums, &shifts, 9);
    assert_eq!(answer, Ok(ActivatedRow { sums: sums.to_vec(), shifts: shifts.to_vec() }));
    let answer = row(Activation::Relu, 37, &sums, &shifts, 9);
    assert_eq!(answer, Ok(ActivatedRow { sums: vec![5, 0, 0, (1 << 36) - 1, 0], shifts: shifts.to_vec() }));
}

#[test]
fn gelu_brings_every_column_to_one_shift() {
    // 1.0 at scales 10, 17 and 8: shifts 0, 7 and −2.
    let answer = row(Activation::Gelu, 32, &[1024, 1 << 17, 256], &[0, 7, -2], 4).expect("a row");
    assert_eq!(answer, ActivatedRow { sums: vec![861; 3], shifts: vec![4; 3] });
}

#[test]
fn gelu_saturates_at_24_bits_before_it_looks_up() {
    let of = |sum, shift| row(Activation::GeluErf, 48, &[sum], &[shift], 0).expect("a row").sums[0];
    let (low, high) = (-(1i64 << 47), (1i64 << 47) - 1);
    assert_eq!([of(high, 0), of(low, 0)], [(1 << 23) - 1, 0], "the low 24 bits alone would be −1 and 0");
    assert_eq!([of(1, -64), of(-1, -64), of(0, -64)], [(1 << 23) - 1, 0, 0]);
    assert_eq!([of(high, 63), of(low, 63), of(low, 47)], [0, 0, Activation::GeluErf.number(-1)]);
    assert_eq!(of(1 << 24, 1), (1 << 23) - 1);
}

#[test]
fn far_from_zero_tanh_is_its_sign_and_silu_the_positive_part() {
    let of = |function, sum| row(function, 48, &[sum], &[7], 0).expect("a row").sums[0];
    for far in [10 << 17, 1 << 40] {
        assert_eq!([of(Activation::Tanh, far), of(Activation::Tanh, -far)], [1024, -1024]);
        assert_eq!(of(Activation::Silu, -far), 0);
    }
    assert_eq!([of(Activation::Silu, 10 << 17), of(Activation::Silu, 1 << 40)], [10 << 10, (1 << 23) - 1]);
    // silu(9) = 8.99889: the last of its table; tanh(4) = 0.99933.
    assert_eq!([of(Activation::Silu, (9 << 17) - 128), of(Activation::Tanh, (4 << 17) - 128)], [9214, 1023]);
}

#[test]
fn followed_by_the_requantiser_it_is_the_function_of_the_real_value() {
    let mut random = Random(31);
    for &function in Activation::ALL {
        for _ in 0..20_000 {
            // value = sum·2^(−s), codes at bias −5.
            let (s, bias) = (random.within(12, 26) as i32, -5);
            let sum = random.normal(0.0, f64::from(s).exp2() * 2.0).round() as i64;
            let number = function.domain() == Domain::Numbers;
            let shift = if number { s - 10 } else { s + bias };
            let row = row(function, 37, &[sum], &[shift], 10 + bias).expect("a row");
            let code = requantize::row(Format::AF8_3, &row.sums, &row.shifts).expect("codes")[0];
            let x = function.real(sum as f64 * f64::from(-s).exp2());
            let got = Format::AF8_3.value(code, bias);
            let smallest = 17.0 * f64::from(bias - 4).exp2();
            if x.abs() >= smallest {
                // Half a step of the code is 1/32 at most; functions of numbers add one place and a half of
                // Q.10 before it.
                let bound = x.abs() / 32.0 + if number { 1.5 / 1024.0 } else { 0.0 };
                assert!((got - x).abs() <= bound, "{function}: {got}, not {x}");
            } else {
                assert!(got.abs() <= smallest, "{function}: {got}, not {x}");
            }
        }
    }
}

#[test]
fn a_function_of_numbers_composes_shift_saturation_and_itself() {
    let mut random = Random(32);
    for &function in Activation::ALL.iter().filter(|function| function.domain() == Domain::Numbers) {
        for shift in -64..=63 {
            let sums: Vec<i64> = (0..50).map(|_| (random.next() as i64 >> 16) >> random.below(48)).collect();
            let answer = row(function, 48, &sums, &[shift; 50], 3).expect("a row");
            for (&sum, &y) in sums.iter().zip(&answer.sums) {
                let x = saturate(rhu(sum, shift), 24);
                assert_eq!(y, function.number(x), "{function} of {sum}, shift {shift}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for &function in Activation::ALL {
        assert!(row(function, 24, &[1 << 23], &[0], 0).is_err());
        assert!(row(function, 24, &[1, 2], &[0], 0).is_err());
        assert!(row(function, 24, &[1], &[64], 0).is_err());
        assert!(row(function, 24, &[1], &[0], -65).is_err());
        assert!(row(function, 49, &[1], &[0], 0).is_err());
        assert!(row(function, 24, &[(1 << 23) - 1], &[63], -64).is_ok());
    }
}
