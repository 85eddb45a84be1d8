//! A linear layer.

use super::Arithmetic;
use crate::{Error, Result, activation, narrow::Narrowed, products::Integers, requantize};
use alberti_arith::{Activation, rhu, wrap};

/// `f(W·x + b)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Inputs.
    pub inputs: usize,
    /// Outputs × inputs, as codes.
    pub weight: Vec<u16>,
    /// What the sum of each output starts from.
    pub bias: Vec<i64>,
    /// Shift of each output to codes, or to what GELU takes.
    pub shift: Vec<i32>,
    /// What stands between sums and results.
    pub function: Activation,
    /// Shift of all outputs after a function of numbers.
    pub activation_shift: i32,
    /// What wide results are shifted by beyond codes.
    pub wide_shift: i32,
}

/// What comes out, rows × outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// As codes.
    pub codes: Vec<u16>,
    /// As numbers of 16 bits.
    pub wide: Vec<i16>,
    /// How many of the numbers saturated.
    pub saturated: u64,
}

impl Linear {
    /// Outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Applies it to rows of codes.
    ///
    /// # Errors
    /// When they are no whole rows, or the layer's parts do not belong together.
    pub fn run(&self, arithmetic: &Arithmetic, x: &[u16]) -> Result<Results> {
        let outputs = self.outputs();
        if self.inputs == 0 || self.weight.len() != outputs * self.inputs || !x.len().is_multiple_of(self.inputs) {
            return Err(Error::new(format!(
                "{} codes for a layer of {outputs} × {} with {} weights",
                x.len(),
                self.inputs,
                self.weight.len()
            )));
        }
        let rows = x.len() / self.inputs;
        let integers = |codes: &[u16]| Integers::new(arithmetic.operand, codes.iter().copied());
        let (x, w) = (integers(x), integers(&self.weight));
        let mut results = Results::default();
        for row in 0..rows {
            let products = x.products(row, &w, self.inputs).into_iter().zip(&self.bias);
            let sums: Vec<i64> = products.map(|(sum, &bias)| wrap(bias + sum, arithmetic.accumulator_bits)).collect();
            results.push(arithmetic, &sums, &self.shift, self.function, self.activation_shift, self.wide_shift)?;
        }
        Ok(results)
    }
}

impl Results {
    /// Adds a row of sums.
    pub(super) fn push(
        &mut self,
        arithmetic: &Arithmetic,
        sums: &[i64],
        shift: &[i32],
        function: Activation,
        activation_shift: i32,
        wide_shift: i32,
    ) -> Result<()> {
        let row = activation::row(function, arithmetic.accumulator_bits, sums, shift, activation_shift)?;
        self.codes.extend(requantize::row(arithmetic.operand, &row.sums, &row.shifts)?);
        let numbers = row.sums.iter().zip(&row.shifts).map(|(&sum, &shift)| wide(sum, shift + wide_shift));
        let Narrowed { numbers, saturated } = numbers.collect();
        self.wide.extend(numbers);
        self.saturated += saturated;
        Ok(())
    }
}

/// A sum, to be narrowed to a number of 16 bits.
pub(super) fn wide(sum: i64, shift: i32) -> i64 {
    rhu(sum, shift.clamp(-64, 63))
}
