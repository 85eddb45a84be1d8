//! A whole matrix multiply, as mathematics has it: no tiles, no passes, no masks.
//!
//! ```text
//! sum[m][j]  = wrap(bias[j] + Σ_k d(activations[m][k])·d(weights[j][k]))
//! code[m][j] = requantize(f(sum[m][j], scale[j]))
//! ```
//!
//! where f is a function of [`activation`].

use crate::{Error, Result, activation, check, requantize};
use alberti_arith::{Activation, Format, wrap};

/// `activations` (M × K) times `weights` (N × K) transposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gemm {
    /// Format of both operands.
    pub operand: Format,
    /// Format of the result.
    pub result: Format,
    /// Width of the accumulator.
    pub accumulator_bits: u32,
    /// M: rows of the activations.
    pub rows: usize,
    /// K: length of the reduction.
    pub reduction: usize,
    /// N: rows of the weights, columns of the result.
    pub columns: usize,
    /// M × K codes, row after row.
    pub activations: Vec<u16>,
    /// N × K codes, row after row: one row per output column.
    pub weights: Vec<u16>,
    /// What the sums of each column start from.
    pub bias: Vec<i64>,
    /// The requantisation shift of each column.
    pub scale: Vec<i32>,
    /// What the sums go through before they are requantised.
    pub function: Activation,
    /// The requantisation shift of all columns after GELU.
    pub activation_shift: i32,
}

impl Gemm {
    /// Demands that everything fits together.
    ///
    /// # Errors
    /// When a dimension is zero, an operand has the wrong number of codes or codes of another format, or bias
    /// or scale does not fit the accelerator's ports.
    pub fn check(&self) -> Result<()> {
        let Self { rows, reduction, columns, .. } = *self;
        if rows == 0 || reduction == 0 || columns == 0 {
            return Err(Error::new(format!("{rows} × {reduction} × {columns}: no dimension may be zero")));
        }
        check::accumulator_bits(self.accumulator_bits)?;
        check::length("activations", &self.activations, rows * reduction)?;
        check::codes("activations", self.operand, &self.activations)?;
        check::length("weights", &self.weights, columns * reduction)?;
        check::codes("weights", self.operand, &self.weights)?;
        check::length("bias", &self.bias, columns)?;
        check::signed("bias", self.accumulator_bits.min(32), &self.bias)?;
        check::length("scale", &self.scale, columns)?;
        requantize::check_shifts(&self.scale)?;
        requantize::check_shifts(&[self.activation_shift]).map_err(|error| error.within("activation_shift"))
    }

    /// The wrapped sums, M × N, row after row.
    ///
    /// # Errors
    /// As [`Gemm::check`].
    pub fn sums(&self) -> Result<Vec<i64>> {
        self.check()?;
        let activations = check::significands("activations", self.operand, &self.activations)?;
        let weights = check::significands("weights", self.operand, &self.weights)?;
        let mut sums = Vec::with_capacity(self.rows * self.columns);
        for a in activations.chunks(self.reduction) {
            for (w, &bias) in weights.chunks(self.reduction).zip(&self.bias) {
                let mut sum = bias;
                for (x, y) in a.iter().zip(w) {
                    sum = wrap(sum + x * y, self.accumulator_bits);
                }
                sums.push(sum);
            }
        }
        Ok(sums)
    }

    /// The result's codes, M × N, row after row.
    ///
    /// # Errors
    /// As [`Gemm::check`].
    pub fn codes(&self) -> Result<Vec<u16>> {
        let sums = self.sums()?;
        let rows = sums.chunks(self.columns).map(|sums| {
            let active =
                activation::row(self.function, self.accumulator_bits, sums, &self.scale, self.activation_shift)?;
            requantize::row(self.result, &active.sums, &active.shifts)
        });
        Ok(rows.collect::<Result<Vec<_>>>()?.concat())
    }
}
