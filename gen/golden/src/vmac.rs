//! `vmac`: one output lane, `addend + Σ d(w_k)·d(x_k)` in an accumulator that wraps.
//!
//! `d` is the integer that a code stands for (`Format::significand`). Products are exact; the sum wraps at
//! the accumulator's width, never saturates, so that the order of its terms does not matter.

use crate::{BlockSparsity, Error, Result, check};
use alberti_arith::{Format, wrap};

/// The weights that a lane holds, each with the input that it multiplies. One that multiplies none is a
/// weight of zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    sparsity: Option<BlockSparsity>,
    inputs: usize,
    terms: Vec<(usize, i64)>,
}

impl Lane {
    /// A dense lane: weight `k` multiplies input `k`.
    ///
    /// # Errors
    /// When a code does not fit the format.
    pub fn dense(format: Format, weights: &[u16]) -> Result<Self> {
        let terms = check::significands("weights", format, weights)?.into_iter().enumerate().collect();
        Ok(Self { sparsity: None, inputs: weights.len(), terms })
    }

    /// A block-sparse lane over twice as many inputs as it has weights: weight `k` multiplies the input that
    /// its select names, or none.
    ///
    /// # Errors
    /// When a code does not fit the format, there is not one select for each weight, the number of weights is
    /// not a multiple of a block's, or a select points out of its block.
    pub fn selected(format: Format, sparsity: BlockSparsity, weights: &[u16], selects: &[Option<u8>]) -> Result<Self> {
        sparsity.blocks(weights.len())?;
        check::length("selects", selects, weights.len())?;
        let choices = sparsity.choices();
        if let Some(i) = selects.iter().position(|s| s.is_some_and(|s| usize::from(s) >= choices)) {
            return Err(Error::new(format!("selects[{i}]: a multiplier has {choices} choices, 0 to {}", choices - 1)));
        }
        let significands = check::significands("weights", format, weights)?;
        let terms = significands.into_iter().zip(selects).enumerate();
        let terms = terms.map(|(k, (weight, select))| match *select {
            Some(select) => (sparsity.input(k, select), weight),
            None => (sparsity.input(k, 0), 0),
        });
        Ok(Self { sparsity: Some(sparsity), inputs: 2 * weights.len(), terms: terms.collect() })
    }

    /// Changes one weight, which then multiplies the first of its choices.
    ///
    /// # Errors
    /// When the lane has no such place, or the code does not fit the format.
    pub fn set(&mut self, format: Format, place: usize, weight: u16) -> Result<()> {
        let places = self.terms.len();
        let first = self.sparsity.map_or(place, |sparsity| sparsity.input(place, 0));
        let term =
            self.terms.get_mut(place).ok_or_else(|| Error::new(format!("place {place}: a lane has {places}")))?;
        *term = (first, check::significands("weight", format, &[weight])?[0]);
        Ok(())
    }

    /// How many inputs the lane's vectors have.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The sum over significands that are as many as the lane has inputs.
    pub(crate) fn sum(&self, accumulator_bits: u32, addend: i64, inputs: &[i64]) -> i64 {
        let dot = self.terms.iter().fold(0i64, |dot, &(input, weight)| dot.wrapping_add(weight * inputs[input]));
        wrap(addend.wrapping_add(dot), accumulator_bits)
    }
}

/// What a dense lane answers: the wrapped sum.
///
/// # Errors
/// When weights and activations differ in number, a code does not fit the format, or the addend does not fit
/// the accumulator.
pub fn sum(format: Format, accumulator_bits: u32, addend: i64, weights: &[u16], activations: &[u16]) -> Result<i64> {
    lane_sum(format, accumulator_bits, addend, &Lane::dense(format, weights)?, activations)
}

/// What a block-sparse lane answers to twice as many activations as it has weights.
///
/// # Errors
/// As [`sum`] and [`Lane::selected`].
pub fn sum_selected(
    format: Format,
    sparsity: BlockSparsity,
    accumulator_bits: u32,
    addend: i64,
    weights: &[u16],
    selects: &[Option<u8>],
    activations: &[u16],
) -> Result<i64> {
    let lane = Lane::selected(format, sparsity, weights, selects)?;
    lane_sum(format, accumulator_bits, addend, &lane, activations)
}

fn lane_sum(format: Format, accumulator_bits: u32, addend: i64, lane: &Lane, activations: &[u16]) -> Result<i64> {
    check::accumulator_bits(accumulator_bits)?;
    check::signed("addend", accumulator_bits, &[addend])?;
    check::length("activations", activations, lane.inputs())?;
    Ok(lane.sum(accumulator_bits, addend, &check::significands("activations", format, activations)?))
}
