//! The ranges that a checkpoint's tensors take on typical sentences.

use crate::{
    Checkpoint, ModelError,
    matrix::max_magnitude,
    reference::{self, Sums},
};
use alberti_golden::encoder::Sequence;
use std::collections::BTreeMap;

/// What one linear layer saw.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRange {
    /// Largest magnitude of each input channel.
    pub channel_max: Vec<f32>,
    /// Largest magnitude of all outputs.
    pub output_max: f32,
}

/// The ranges of every linear layer, by name, and of residual sums.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    ranges: BTreeMap<String, LayerRange>,
    /// The residual sums: magnitudes in the order of computation.
    sums: Sums,
}

impl Calibration {
    /// Runs the f32 encoder on some sequences of tokens and keeps the maxima.
    ///
    /// # Errors
    /// AE0705 when a sequence does not fit the checkpoint.
    pub fn run<T>(checkpoint: &Checkpoint, sequences: &[T]) -> Result<Self, ModelError>
    where
        for<'a> &'a T: Into<Sequence<'a>>,
    {
        let mut calibration = Self::default();
        for tokens in sequences {
            calibration.include(&reference::forward(checkpoint, tokens)?);
        }
        Ok(calibration)
    }

    /// Widens the ranges by one more forward pass.
    pub fn include(&mut self, forward: &reference::Forward) {
        let (sums, seen) = (&mut self.sums.magnitudes, &forward.sums);
        sums.resize(sums.len().max(seen.magnitudes.len()), 0.0);
        sums.iter_mut().zip(&seen.magnitudes).for_each(|(max, sum)| *max = max.max(*sum));
        self.sums.least_variance = self.sums.least_variance.min(seen.least_variance);
        for trace in &forward.traces {
            let range = self
                .ranges
                .entry(trace.name.clone())
                .or_insert_with(|| LayerRange { channel_max: vec![0.0; trace.input.cols], output_max: 0.0 });
            for row in trace.input.data.chunks_exact(trace.input.cols) {
                range.channel_max.iter_mut().zip(row).for_each(|(max, x)| *max = max.max(x.abs()));
            }
            range.output_max = range.output_max.max(max_magnitude(&trace.output.data));
        }
    }

    /// The largest magnitude of each residual sum, two for each layer that is passed.
    #[must_use]
    pub fn sums(&self) -> &[f32] {
        &self.sums.magnitudes
    }

    /// The least variance of a row that a layer norm took; infinite when no sentence was run.
    #[must_use]
    pub fn least_variance(&self) -> f32 {
        self.sums.least_variance
    }

    /// The range of a layer; none when no sentence was run.
    #[must_use]
    pub fn range(&self, layer: &str) -> Option<&LayerRange> {
        self.ranges.get(layer)
    }

    /// A layer's inputs and outputs times powers of two, where it was run.
    pub(crate) fn scale(&mut self, layer: &str, inputs: i32, outputs: i32) {
        if let Some(range) = self.ranges.get_mut(layer) {
            range.channel_max.iter_mut().for_each(|max| *max *= (inputs as f32).exp2());
            range.output_max *= (outputs as f32).exp2();
        }
    }

    /// Each residual sum times a power of two that its number tells.
    pub(crate) fn scale_sums(&mut self, exponent: impl Fn(usize) -> i32) {
        self.sums.magnitudes.iter_mut().enumerate().for_each(|(number, sum)| *sum *= (exponent(number) as f32).exp2());
    }
}
