//! The activation functions over all inputs of 24 bits, against f64, before and after requantisation.

mod common;

use alberti_arith::{Activation, ActivationSet, AdaptivFloat, Domain, Format, Limit, NUMBER_FRACTION_BITS, requantize};
use common::{erf, numbers, real_activation};
use std::collections::HashSet;

const ALL: std::ops::Range<i64> = -(1 << 23)..1 << 23;
/// Outside of ±32 no function differs from a straight line by more than f64 can tell.
const CURVED: std::ops::Range<i64> = -(1 << 15)..1 << 15;

fn real(x: f64) -> f64 {
    x / f64::from(NUMBER_FRACTION_BITS).exp2()
}

#[test]
fn words_and_names_in_checkpoints_are_of_one_function_each() {
    let mut seen = HashSet::new();
    for &function in Activation::ALL {
        assert!(seen.insert(function.word()), "{function}");
        assert_eq!(Activation::of_word(function.word()), Some(function));
    }
    assert!(!seen.contains("none"), "a design without functions says none");
    let mut seen = HashSet::new();
    for &function in Activation::ALL {
        for name in function.facts().checkpoint_names {
            assert!(seen.insert(name), "{name}");
            assert_eq!(Activation::of_checkpoint(name), Some(function));
        }
    }
    assert_eq!(Activation::of_word("swish"), None);
}

/// What Hugging Face's `transformers` computes by each name (`activations.py`), as a formula.
#[test]
fn names_in_checkpoints_are_of_the_function_that_they_compute() {
    let by_tanh = |x: f64| 0.5 * x * (1.0 + (x * 0.797_884_560_8 * (1.0 + 0.044_715 * x * x)).tanh());
    let by_erf = |x: f64| 0.5 * x * (1.0 + erf(x / 2f64.sqrt()));
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let names: [(&str, &dyn Fn(f64) -> f64); 11] = [
        ("relu", &|x| x.max(0.0)),
        ("gelu", &by_erf),
        ("gelu_python", &by_erf),
        ("gelu_new", &by_tanh),
        ("gelu_fast", &by_tanh),
        ("gelu_accurate", &by_tanh),
        ("gelu_pytorch_tanh", &by_tanh),
        ("gelu_python_tanh", &by_tanh),
        ("tanh", &f64::tanh),
        ("silu", &|x| x * sigmoid(x)),
        ("swish", &|x| x * sigmoid(x)),
    ];
    for (name, computed) in names {
        let function = Activation::of_checkpoint(name).expect(name);
        for x in (-900..=900).map(|x| f64::from(x) / 100.0) {
            assert!((function.real(x) - computed(x)).abs() < 1e-9, "{name} of {x}");
        }
    }
    let known: HashSet<_> = names.iter().map(|(name, _)| *name).collect();
    assert_eq!(Activation::checkpoint_names().collect::<HashSet<_>>(), known);
    // x·σ(1.702·x), a GELU that ends at 10, and others.
    for name in ["quick_gelu", "gelu_10", "leakyrelu", "leaky_relu", "mish", "sigmoid", "linear", ""] {
        assert_eq!(Activation::of_checkpoint(name), None, "{name}");
    }
}

#[test]
fn what_is_said_of_a_function_fits_together() {
    for &function in Activation::ALL {
        let facts = function.facts();
        assert_eq!(facts.other_form.is_some(), !facts.form.is_empty(), "{function}");
        if let Some(other) = facts.other_form {
            assert_eq!((other.facts().other_form, other.facts().name), (Some(function), facts.name), "{function}");
            assert_eq!(other.domain(), function.domain(), "{function}");
        }
        assert!(facts.lack.is_none() || facts.domain == Domain::Numbers, "{function}: sums are no places of a table");
    }
}

#[test]
fn a_set_numbers_its_functions() {
    for &function in Activation::ALL {
        let set = ActivationSet::of(function);
        assert_eq!(set.code(Activation::Identity), Some(0));
        assert!(set.contains(function) && set.and(function) == set, "{function}");
        assert_eq!(set.contains(Activation::Relu), function != Activation::Identity, "{function}");
        for (code, of) in (0..).zip(set.iter()) {
            assert_eq!((set.code(of), set.at(code)), (Some(code), Some(of)), "{set}");
        }
        assert_eq!(set.at(set.count()), None, "{set}");
        assert_eq!(set.asked().collect::<Vec<_>>(), Vec::from_iter((set.count() > 1).then_some(function)), "{set}");
    }
    let both = ActivationSet::of(Activation::Gelu).and(Activation::GeluErf);
    assert_eq!((both.count(), both.code_bits(), both.latency()), (4, 2, 2));
    assert_eq!(both.to_string(), "identity, relu, gelu, gelu_erf");
    let bits = |function| ActivationSet::of(function).code_bits();
    assert_eq!([bits(Activation::Identity), bits(Activation::Relu), bits(Activation::Gelu)], [0, 1, 2]);
}

#[test]
fn one_form_serves_for_the_other_where_that_is_missing() {
    let (tanh, both) =
        (ActivationSet::of(Activation::Gelu), ActivationSet::of(Activation::Gelu).and(Activation::GeluErf));
    assert_eq!(tanh.serving(Activation::GeluErf), Some(Activation::Gelu));
    assert_eq!(both.serving(Activation::GeluErf), Some(Activation::GeluErf));
    assert_eq!(ActivationSet::of(Activation::Relu).serving(Activation::Gelu), None);
}

#[test]
fn functions_of_sums_are_exact_and_scale_with_them() {
    for &function in Activation::ALL.iter().filter(|function| function.domain() == Domain::Sums) {
        for x in (-(1i64 << 47)..1 << 47).step_by((1 << 33) - 1).chain(-300..300) {
            assert_eq!(function.number(x) as f64, function.real(x as f64), "{function} of {x}");
            assert_eq!(function.number(8 * x), 8 * function.number(x), "{function} of {x}");
        }
        assert_eq!(function.facts().places, 0.0, "{function}");
    }
}

#[test]
fn functions_of_numbers_keep_the_error_that_is_said_of_them() {
    for function in numbers() {
        let error = |x: i64| (function.number(x) as f64 - real_activation(function, real(x as f64)) * 1024.0).abs();
        let worst = CURVED.map(error).fold(0.0, f64::max);
        let said = function.facts().places;
        assert!(worst <= said && worst >= said - 0.001, "{function}: {worst}");
        for x in ALL.filter(|x| !CURVED.contains(x)) {
            assert_eq!(
                function.number(x) as f64,
                (function.real(real(x as f64)) * 1024.0).round(),
                "{function} of {x}"
            );
        }
    }
}

#[test]
fn tables_lead_to_the_limit() {
    for function in numbers() {
        let Some(lack) = function.facts().lack else { continue };
        let end = (64 * lack.segments() as i64) << lack.ignored;
        for x in ALL.filter(|x| x.abs() >= end) {
            let limit = match lack.limit {
                Limit::Relu => x.max(0),
                Limit::Sign => 1024 * x.signum(),
            };
            assert_eq!(function.number(x), limit, "{function} of {x}");
        }
        assert!((-end..=0).all(|x| function.number(x) <= 0), "{function}: of a negative number it is none above zero");
        assert!((0..=end).all(|x| function.number(x) >= 0), "{function}: of a positive number it is none below zero");
    }
}

#[test]
fn of_zero_every_function_is_zero() {
    assert!(Activation::ALL.iter().all(|function| function.number(0) == 0));
}

#[test]
fn tanh_is_odd() {
    for x in CURVED {
        assert_eq!(Activation::Tanh.number(-x), -Activation::Tanh.number(x), "{x}");
    }
}

/// The largest error of AF<8,3> codes in units of their last mantissa bit, and how far codes lie from the
/// right ones.
fn error_of_codes(function: Activation, bias: i32) -> (f64, i32) {
    let f = AdaptivFloat::AF8_3;
    let (smallest, largest) = (f.value(1, bias), f.value(0x7f, bias));
    let place = |code: u16| f64::from(i32::from(code >> 4 & 7) + bias - 4).exp2();
    let rank = |code: u16| if code & 0x80 == 0 { i32::from(code) } else { -i32::from(code & 0x7f) };
    let (mut worst, mut steps) = (0f64, 0);
    for x in CURVED {
        let real = real_activation(function, real(x as f64));
        let code = requantize(Format::AF8_3, function.number(x), 10 + bias);
        let right = f.quantize(real, bias);
        steps = steps.max((rank(code) - rank(right)).abs());
        if (smallest..=largest).contains(&real.abs()) {
            worst = worst.max((f.value(code, bias) - real).abs() / place(right));
        }
    }
    (worst, steps)
}

#[test]
fn codes_keep_the_error_that_is_said_of_them() {
    for function in numbers() {
        let [from_minus_6, at_minus_7] = function.facts().code_places;
        let mut most = 0f64;
        for bias in -6..=3 {
            let (worst, steps) = error_of_codes(function, bias);
            most = most.max(worst);
            assert!(bias < -4 || worst < 0.73, "{function}, bias {bias}: {worst} places");
            assert!(steps <= 1, "{function}, bias {bias}: {steps} codes from the right one");
        }
        assert!(most <= from_minus_6 && most >= from_minus_6 - 0.02, "{function}: {most} places");
        // The smallest code of bias −7 is half as large as a Q.10 place can follow.
        let (worst, steps) = error_of_codes(function, -7);
        assert!(worst <= at_minus_7 && worst >= at_minus_7 - 0.05, "{function}, bias −7: {worst} places");
        assert!(steps <= 2, "{function}, bias −7: {steps} codes");
    }
}

#[test]
fn the_forms_of_gelu_differ_by_less_than_a_thousandth() {
    let most = CURVED.map(|x| (Activation::Gelu.number(x) - Activation::GeluErf.number(x)).abs()).max();
    assert_eq!(most, Some(1));
    for x in CURVED.map(|x| real(x as f64)) {
        assert!((Activation::Gelu.real(x) - Activation::GeluErf.real(x)).abs() < 5e-4, "{x}");
    }
}

#[test]
fn the_reference_is_the_function_of_the_tests() {
    for &function in Activation::ALL {
        for x in (-9000..9000).map(|x| f64::from(x) / 1000.0) {
            let (own, other) = (function.real(x), real_activation(function, x));
            assert!((own - other).abs() < 1e-9, "{function} of {x}: {own}, {other}");
        }
    }
    for (x, expected) in
        [(0.5, 0.520_499_877_813_046_5), (3.0, 0.999_977_909_503_001_4), (-1.0, -0.842_700_792_949_714_9)]
    {
        assert!((erf(x) - expected).abs() < 1e-12, "erf({x})");
    }
}
