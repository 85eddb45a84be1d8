//! The encoder's equations in formats that no accelerator has.
#![allow(missing_docs)]

use alberti_arith::{Activation, AdaptivFloat, Format};
use alberti_golden::{
    encoder::{Arithmetic, Linear},
    softmax::{Maximum, Softmax},
};

/// Past the runs that sums of products are taken in.
const INPUTS: usize = 300;

/// A code of the largest magnitude.
fn largest(format: Format) -> u16 {
    match format {
        Format::AdaptivFloat(_) => (1 << (format.bits() - 1)) - 1,
        Format::Fixed(_) => 1 << (format.bits() - 1),
    }
}

#[test]
fn sums_of_products_are_exact_in_every_format() {
    let float = |bits, exponent| Format::AdaptivFloat(AdaptivFloat::new(bits, exponent).expect("a format"));
    let softmax = Softmax::new(4, Maximum::Row).expect("lanes");
    for format in [Format::AF8_3, float(5, 3), float(8, 4), Format::Q3_5, Format::Q3_13] {
        let arithmetic = Arithmetic { accumulator_bits: 48, softmax, operand: format, probability_shift: 7 };
        let code = |i: usize, step: usize| (i * step) as u16 & (u16::MAX >> (16 - format.bits()));
        let x: Vec<u16> = (0..2 * INPUTS).map(|i| if i < INPUTS { largest(format) } else { code(i, 40_503) }).collect();
        let weight: Vec<u16> =
            (0..2 * INPUTS).map(|i| if i < INPUTS { largest(format) } else { code(i, 25_717) }).collect();
        // As large as no port of an accelerator takes it.
        let bias = vec![-(1i64 << 40), 12_345];
        let linear = Linear {
            inputs: INPUTS,
            weight: weight.clone(),
            bias: bias.clone(),
            shift: vec![30; 2],
            function: Activation::Identity,
            activation_shift: 0,
            wide_shift: 0,
        };
        let results = linear.run(&arithmetic, &x).expect("a layer");
        for (row, output) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let pairs = x[row * INPUTS..][..INPUTS].iter().zip(&weight[output * INPUTS..][..INPUTS]);
            let products = pairs.map(|(&a, &b)| format.significand(a) * format.significand(b));
            let sum = bias[output] + products.sum::<i64>();
            assert_eq!(results.codes[row * 2 + output], alberti_arith::requantize(format, sum, 30), "{format}");
            let wide = alberti_arith::saturate(alberti_arith::rhu(sum, 30), 16);
            assert_eq!(i64::from(results.wide[row * 2 + output]), wide, "{format}");
        }
    }
}
