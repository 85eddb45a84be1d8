//! The adapted encoder in f32.

use super::{ActivatedLinear, Adapted, AdaptedHalf, Adapter, Reads};
use crate::{
    Linear, Matrix, ModelError,
    checkpoint::linear_name,
    layer_names,
    reference::{self, Forward, Sums, Trace},
    sentence::check,
};
use alberti_golden::encoder::Sequence;

/// One pass to the last layer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Every linear layer that was passed, and the last layer's output.
    pub forward: Forward,
    /// The layers that have an off-ramp, counted from 1, with its logits.
    pub off_ramps: Vec<(usize, Vec<f32>)>,
    /// The classifier's logits; empty without one.
    pub logits: Vec<f32>,
}

impl Answer {
    /// The first off-ramp whose entropy is below a threshold, in nats: its layer, counted from 1, and its
    /// logits.
    #[must_use]
    pub fn exit(&self, nats: f64) -> Option<(usize, &[f32])> {
        let first = self.off_ramps.iter().find(|(_, logits)| entropy(logits) < nats);
        first.map(|(layer, logits)| (*layer, logits.as_slice()))
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

/// Computes a linear layer, by its name.
type Apply<'a> = dyn FnMut(String, &Linear, &Matrix) -> Matrix + 'a;

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
        let (mut traces, mut sums): (Vec<Trace>, _) = (Vec::new(), Sums::default());
        let mut apply = |name: String, linear: &Linear, input: &Matrix| {
            let output = reference::linear(linear, input);
            traces.push(Trace { name, input: input.clone(), output: output.clone() });
            output
        };
        let mut x = reference::embed(&self.backbone, sequence, &mut sums);
        if let Some(projection) = &self.backbone.projection {
            x = apply(layer_names::PROJECTION.into(), projection, &x);
        }
        let classify = |name: &str, layers: &[ActivatedLinear], x: &Matrix, apply: &mut Apply| {
            let token = Matrix { rows: 1, cols: x.cols, data: x.row(0).to_vec() };
            let logits = layers.iter().enumerate().fold(token, |x, (i, layer)| {
                let mut y = apply(layer_names::head(task, name, i, layers.len()), &layer.linear, &x);
                reference::activate(layer.activation, &mut y);
                y
            });
            logits.data
        };
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
                        reference::Step::Half(half, x) => {
                            let AdaptedHalf { adapter, norm } = &own.halves[half];
                            let mut y = input.clone();
                            if let Some(Adapter { reads, down, activation, up }) = adapter {
                                let read = match reads {
                                    Reads::Dense => input.clone(),
                                    Reads::Input => x.clone(),
                                    Reads::Norm => reference::normalised_sum(x, input, norm, config.layer_norm_eps),
                                };
                                let name = |part| layer_names::adapter(task, index, half, part);
                                let mut inner = apply(name("down"), down, &read);
                                reference::activate(*activation, &mut inner);
                                reference::add(&mut y, &apply(name("up"), up, &inner));
                            }
                            y
                        }
                    })
                },
                |half| &own.halves[half].norm,
                &mut sums,
            )?;
            if let Some(memory) = &own.memory {
                let name = |part| layer_names::memory(task, index, part);
                let scores = apply(name("scores"), &memory.scores(), &x);
                let weights = (0..x.rows).flat_map(|row| memory.weights(scores.row(row))).collect();
                let weights = Matrix { rows: x.rows, cols: memory.keys.rows, data: weights };
                reference::add(&mut x, &apply(name("values"), &memory.mixture(), &weights));
            }
            if let Some((name, ramp)) = own_task.heads.as_ref().and_then(|heads| heads.named_off_ramp(depth + 1)) {
                off_ramps.push((depth + 1, classify(&name, ramp, &x, &mut apply)));
            }
        }
        let logits = own_task.heads.as_ref().map(|heads| {
            let (name, classifier) = heads.named_classifier();
            classify(name, classifier, &x, &mut apply)
        });
        Ok(Answer { forward: Forward { traces, sums, hidden: x }, off_ramps, logits: logits.unwrap_or_default() })
    }
}
