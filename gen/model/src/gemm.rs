//! A quantised layer on quantised activations: integers only, tokens × outputs.

use crate::{Codes, Matrix, ModelError, quantise::QuantisedLinear};
use alberti_arith::{requantize, wrap};
use alberti_golden::activation;

impl QuantisedLinear {
    /// `bias_j + Σ d_a·d_w` of every token and output, row-major, as the accumulator holds it.
    ///
    /// # Errors
    /// AE0711 when the number of inputs differs.
    pub fn sums(&self, activations: &Codes) -> Result<Vec<i64>, ModelError> {
        if activations.cols != self.weight.cols {
            return Err(ModelError::Shape(format!(
                "{}: activations of {} channels, the layer has {} inputs",
                self.name, activations.cols, self.weight.cols
            )));
        }
        let significands =
            |codes: &Codes| -> Vec<i32> { codes.data.iter().map(|&c| self.operand.significand(c) as i32).collect() };
        let (a, w, k) = (significands(activations), significands(&self.weight), self.weight.cols.max(1));
        let mut sums = Vec::with_capacity(activations.rows * self.weight.rows);
        for x in a.chunks_exact(k) {
            for (w, &bias) in w.chunks_exact(k).zip(&self.bias) {
                let dot: i64 = x.iter().zip(w).map(|(&x, &w)| i64::from(x) * i64::from(w)).sum();
                sums.push(wrap(dot + bias, self.accumulator_bits));
            }
        }
        Ok(sums)
    }

    /// The result codes, tokens × outputs.
    ///
    /// # Errors
    /// AE0711 when the number of inputs differs.
    pub fn results(&self, activations: &Codes) -> Result<Codes, ModelError> {
        let mut data = Vec::with_capacity(activations.rows * self.weight.rows);
        for sums in self.sums(activations)?.chunks_exact(self.weight.rows.max(1)) {
            let row = activation::row(
                self.function,
                self.accumulator_bits,
                sums,
                &self.requantise_shift,
                self.activation_shift,
            );
            let row = row.map_err(|error| ModelError::Shape(format!("{}: {error}", self.name)))?;
            data.extend(row.sums.iter().zip(&row.shifts).map(|(&sum, &shift)| requantize(self.result, sum, shift)));
        }
        Ok(Codes { rows: activations.rows, cols: self.weight.rows, data })
    }

    /// The real numbers that result codes stand for.
    #[must_use]
    pub fn values(&self, results: &Codes) -> Matrix {
        let data = results.data.iter().map(|&code| self.result.value(code, self.result_scale) as f32).collect();
        Matrix { rows: results.rows, cols: results.cols, data }
    }

    /// The real numbers that the sums stand for, before they are requantised.
    ///
    /// # Panics
    /// When `sums` is no whole number of rows.
    #[must_use]
    pub fn sum_values(&self, sums: &[i64]) -> Matrix {
        let cols = self.weight.rows;
        assert!(sums.len().is_multiple_of(cols), "whole rows of sums");
        let real = |(i, &sum): (usize, &i64)| (sum as f64 * f64::from(-self.sum_scale(i % cols)).exp2()) as f32;
        Matrix { rows: sums.len() / cols, cols, data: sums.iter().enumerate().map(real).collect() }
    }
}
