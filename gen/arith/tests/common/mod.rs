//! What the tests of the special functions share: their inputs, and the real functions in f64.

#![allow(dead_code, reason = "each test binary uses its own part")]

use alberti_arith::{Activation, Domain};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

/// The functions of numbers in Q14.10.
pub fn numbers() -> impl Iterator<Item = Activation> {
    Activation::ALL.iter().copied().filter(|function| function.domain() == Domain::Numbers)
}

/// The error function by its alternating series, and by a continued fraction from 3 on: the tables use
/// neither.
pub fn erf(x: f64) -> f64 {
    let z = x.abs();
    let magnitude = if z < 3.0 {
        let (mut term, mut sum) = (z, z);
        for n in 1..100 {
            term *= -z * z / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        FRAC_2_SQRT_PI * sum
    } else {
        let tail = (1..=60).rev().fold(0.0, |tail, n| f64::from(n) / 2.0 / (z + tail));
        1.0 - FRAC_2_SQRT_PI / 2.0 * (-z * z).exp() / (z + tail)
    };
    magnitude.copysign(x)
}

/// The activation functions, of other sums than the tables are made by where there is a series in them.
pub fn real_activation(function: Activation, x: f64) -> f64 {
    match function {
        Activation::Gelu => x / 2.0 * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh()),
        Activation::GeluErf => x / 2.0 * (1.0 + erf(x * FRAC_1_SQRT_2)),
        Activation::Tanh => 1.0 - 2.0 / ((2.0 * x).exp() + 1.0),
        Activation::Silu => x / 2.0 * (1.0 + (x / 2.0).tanh()),
        Activation::Identity | Activation::Relu => function.real(x),
    }
}

/// The reals that `2^(−d)`, log2 and rsqrt approximate, in the units of their results.
pub fn real_exp2n(d: u32) -> f64 {
    (15.0 - f64::from(d) / 1024.0).exp2()
}

pub fn real_log2u(sum: u64) -> f64 {
    ((sum as f64).log2() - 15.0) * 1024.0
}

/// Every sum below 2^20, and of every longer number of bits each 13-bit head with the smallest and largest
/// tail.
pub fn sums() -> impl Iterator<Item = u64> {
    let long = (20..64).flat_map(|p| {
        (4096..8192u64).flat_map(move |head| {
            let low = head << (p - 12);
            [low, low | ((1 << (p - 12)) - 1)]
        })
    });
    (1..1 << 20).chain(long)
}

/// Every number below 2^18, and of every longer number of bits each head that rsqrt reads with both extreme
/// tails.
pub fn variances() -> impl Iterator<Item = u64> {
    let long = (1..=24u32).flat_map(|k| {
        (1u64 << 14..1 << 16).flat_map(move |head| {
            let low = head << (2 * k);
            [low, low | ((1 << (2 * k)) - 1)]
        })
    });
    (1..1 << 18).chain(long)
}
