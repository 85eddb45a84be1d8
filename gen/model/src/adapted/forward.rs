//! The adapted encoder in f32.

use super::Adapted;
use crate::{
    Linear, Matrix, ModelError,
    checkpoint::linear_name,
    layer_names,
    reference::{self, Forward, Trace},
    sentence::check,
};
use alberti_golden::encoder::Sequence;

/// One pass to the last layer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Every linear layer that was passed, and the last layer's output.
    pub forward: Forward,
    /// Logits after each layer; empty without an off-ramp.
    pub off_ramps: Vec<Vec<f32>>,
    /// Logits after the last layer; empty without a classifier.
    pub logits: Vec<f32>,
}

impl Answer {
    /// The layer, counted from 1, whose off-ramp's entropy is the first below a threshold, in nats.
    #[must_use]
    pub fn exit(&self, nats: f64) -> Option<usize> {
        self.off_ramps.iter().position(|logits| entropy(logits) < nats).map(|layer| layer + 1)
    }

    /// The logits of a sentence that no off-ramp ends: the classifier's, or without one the last off-ramp's;
    /// empty without either.
    #[must_use]
    pub fn last(&self) -> &[f32] {
        match self.off_ramps.last() {
            Some(ramp) if self.logits.is_empty() => ramp,
            _ => &self.logits,
        }
    }
}

/// The class of the first of the largest logits.
#[must_use]
pub fn largest(logits: &[f32]) -> Option<usize> {
    (0..logits.len()).reduce(|best, class| if logits[class] > logits[best] { class } else { best })
}

/// In nats: `ln Σ e^y − Σ y·e^y / Σ e^y`, y the logits less their maximum.
#[must_use]
pub fn entropy(logits: &[f32]) -> f64 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.iter().map(|&x| f64::from(x - max)).map(|y| (y, y.exp()));
    let (sum, weighted) = powers.fold((0.0, 0.0), |(sum, weighted), (y, e)| (sum + e, weighted + y * e));
    sum.ln() - weighted / sum
}

impl Adapted {
    /// Runs a task on tokens.
    ///
    /// # Errors
    /// AE0705 when they do not fit.
    ///
    /// # Panics
    /// When there is no such task.
    pub fn forward<'a>(&self, task: usize, sequence: impl Into<Sequence<'a>>) -> Result<Answer, ModelError> {
        let sequence = sequence.into();
        check(sequence, &self.backbone)?;
        let config = &self.backbone.config;
        let own_task = &self.tasks[task];
        let (mut traces, mut sums): (Vec<Trace>, _) = (Vec::new(), Vec::new());
        let mut apply = |name: String, linear: &Linear, input: &Matrix| {
            let output = reference::linear(linear, input);
            traces.push(Trace { name, input: input.clone(), output: output.clone() });
            output
        };
        let mut x = reference::embed(&self.backbone, sequence);
        if let Some(projection) = &self.backbone.projection {
            x = apply(layer_names::PROJECTION.into(), projection, &x);
        }
        let mut off_ramps = Vec::new();
        for depth in 0..self.depth() {
            let index = self.backbone.index(depth);
            let (layer, own) = (&self.backbone.layers[index], &own_task.layers[index]);
            x = reference::encoder_layer(
                config,
                &own.spans,
                &x,
                |step, input| {
                    Ok(match step {
                        reference::Step::Site(site) => apply(linear_name(index, site), layer.linear(site), input),
                        reference::Step::Half(half) => {
                            let mut y = input.clone();
                            if let Some(adapter) = &own.halves[half].adapter {
                                let mut inner =
                                    apply(layer_names::adapter(task, index, half, "down"), &adapter.down, input);
                                reference::activate(adapter.activation, &mut inner);
                                reference::add(
                                    &mut y,
                                    &apply(layer_names::adapter(task, index, half, "up"), &adapter.up, &inner),
                                );
                            }
                            y
                        }
                    })
                },
                |half| &own.halves[half].norm,
                &mut sums,
            )?;
            if let Some(ramp) = &own_task.off_ramp {
                off_ramps.push(apply(layer_names::head(task, "off_ramp"), ramp, &token_0(&x)).data);
            }
        }
        let logits = own_task
            .classifier
            .as_ref()
            .map(|head| apply(layer_names::head(task, "classifier"), head, &token_0(&x)).data);
        Ok(Answer { forward: Forward { traces, sums, hidden: x }, off_ramps, logits: logits.unwrap_or_default() })
    }
}

fn token_0(x: &Matrix) -> Matrix {
    Matrix { rows: 1, cols: x.cols, data: x.row(0).to_vec() }
}
