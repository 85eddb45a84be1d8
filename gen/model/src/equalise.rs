//! Layer norms whose parameters are too large for the accelerator, made smaller without a change of what the
//! encoder computes.
//!
//! A layer norm gives x. Divided by 2^e, gains and offsets fit; what reads x has its weights multiplied by
//! 2^e, and what is added to x before the next layer norm is divided by 2^e: that layer norm does not see a
//! factor of its whole row.
//!
//! ```text
//! x·2^−s ─▶ W_qkv·2^s … W_o·2^−s ─▶ + ─▶ LN·2^−a ─▶ W_1·2^a … W_2·2^−a ─▶ + ─▶ LN·2^−s'
//! ```
//!
//! Powers of two move biases and exponents alone: not one code changes. A stream has one factor wherever the
//! same weights meet it: for all tasks, for all layers that share weights, and after all layers where an
//! off-ramp reads them. The last layer's output keeps its factor where it is the answer: its numbers have as
//! many fraction bits less.

use crate::{
    Linear,
    adapted::{Adapted, Heads, Reads, SparseMemory, Task},
    calibration::Calibration,
    checkpoint::{Norm, Site, linear_name},
    layer_names,
};
use std::borrow::Cow;

/// What the accelerator's gains stay below, either way.
const GAIN_MOST: f32 = 2.0;
/// The same of offsets.
const OFFSET_MOST: f32 = 32.0;

/// The factors of a model's streams, as exponents.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Factors {
    /// Of what a projection reads.
    embedding: i32,
    /// After the attention of each distinct layer.
    inner: Vec<i32>,
    /// In front of each distinct layer, and after the last.
    stream: Vec<i32>,
}

/// The model with parameters of layer norms that fit, and its ranges, where that takes anything. Nothing takes
/// up the factor of the last layer's output where that is the answer: its exponent is given as well.
#[must_use]
pub fn equalise<'a>(model: &'a Adapted, calibration: &'a Calibration) -> (Cow<'a, Adapted>, Cow<'a, Calibration>, i32) {
    let factors = Factors::for_model(model);
    if factors.inner.iter().chain(&factors.stream).chain([&factors.embedding]).all(|&e| e == 0) {
        return (Cow::Borrowed(model), Cow::Borrowed(calibration), 0);
    }
    let mut model = model.clone();
    factors.rewrite(&mut model);
    let mut calibration = calibration.clone();
    factors.ranges(&model, &mut calibration);
    let last = factors.stream.last().copied().unwrap_or_default();
    (Cow::Owned(model), Cow::Owned(calibration), last)
}

impl Factors {
    fn for_model(model: &Adapted) -> Self {
        let distinct = model.distinct();
        let half = |layer: usize, half: usize| {
            model.tasks.iter().map(|task| needed(&task.layers[layer].halves[half].norm)).max().unwrap_or_default()
        };
        let inner = (0..distinct).map(|layer| half(layer, 0)).collect();
        let first = if model.backbone.projection.is_none() { needed(&model.backbone.embeddings.norm) } else { 0 };
        let mut stream: Vec<i32> = [first].into_iter().chain((0..distinct).map(|layer| half(layer, 1))).collect();
        let ramps = model.tasks.iter().filter_map(|task| task.heads.as_ref()).any(Heads::exits_early);
        if distinct < model.depth() || ramps {
            // One factor throughout.
            let one = stream.iter().copied().max().unwrap_or_default();
            stream.fill(one);
        }
        let embedding = if model.backbone.projection.is_some() { needed(&model.backbone.embeddings.norm) } else { 0 };
        Self { embedding, inner, stream }
    }

    fn rewrite(&self, model: &mut Adapted) {
        let (first, last) = (self.stream[0], self.stream[self.stream.len() - 1]);
        match &mut model.backbone.projection {
            Some(projection) => {
                scale_norm(&mut model.backbone.embeddings.norm, -self.embedding);
                scale(projection, -first);
                scale_weight(projection, self.embedding);
            }
            None => scale_norm(&mut model.backbone.embeddings.norm, -first),
        }
        for (layer, weights) in model.backbone.layers.iter_mut().enumerate() {
            let (before, inner) = (self.stream[layer], self.inner[layer]);
            for site in [Site::Query, Site::Key, Site::Value] {
                scale_weight(weights.linear_mut(site), before);
            }
            scale(weights.linear_mut(Site::AttentionOutput), -before);
            scale_weight(weights.linear_mut(Site::Intermediate), inner);
            scale(weights.linear_mut(Site::Output), -inner);
        }
        for Task { layers, heads, .. } in &mut model.tasks {
            for (layer, own) in layers.iter_mut().enumerate() {
                let residual = [self.stream[layer], self.inner[layer]];
                let norms = [self.inner[layer], self.stream[layer + 1]];
                for (half, (residual, norm)) in own.halves.iter_mut().zip(residual.into_iter().zip(norms)) {
                    if let Some(adapter) = &mut half.adapter {
                        scale_weight(&mut adapter.down, if adapter.reads == Reads::Norm { norm } else { residual });
                        scale(&mut adapter.up, -residual);
                    }
                    scale_norm(&mut half.norm, -norm);
                }
            }
            for (layer, own) in layers.iter_mut().enumerate() {
                if let Some(SparseMemory { parents, keys, values, .. }) = &mut own.memory {
                    let stream = self.stream[layer + 1];
                    for (matrix, exponent) in [(parents, stream), (keys, stream), (values, -stream)] {
                        matrix.data.iter_mut().for_each(|w| *w *= factor(exponent));
                    }
                }
            }
            for first in heads.iter_mut().flat_map(Heads::iter_mut).filter_map(|head| head.first_mut()) {
                scale_weight(&mut first.linear, last);
            }
        }
    }

    /// The ranges of the rewritten model.
    fn ranges(&self, model: &Adapted, calibration: &mut Calibration) {
        let last = self.stream[self.stream.len() - 1];
        calibration.scale(layer_names::PROJECTION, -self.embedding, -self.stream[0]);
        for layer in 0..model.distinct() {
            let (before, inner) = (self.stream[layer], self.inner[layer]);
            for site in [Site::Query, Site::Key, Site::Value] {
                calibration.scale(&linear_name(layer, site), -before, 0);
            }
            calibration.scale(&linear_name(layer, Site::AttentionOutput), 0, -before);
            calibration.scale(&linear_name(layer, Site::Intermediate), -inner, 0);
            calibration.scale(&linear_name(layer, Site::Output), 0, -inner);
            for (half, residual, norm) in [(0, before, inner), (1, inner, self.stream[layer + 1])] {
                for (reads, read) in [(Reads::Dense, residual), (Reads::Input, residual), (Reads::Norm, norm)] {
                    model.adapter_names(layer, half, reads).for_each(|name| calibration.scale(&name, -read, 0));
                }
                for task in 0..model.tasks.len() {
                    calibration.scale(&layer_names::adapter(task, layer, half, "up"), 0, -residual);
                }
            }
        }
        for (task, layer) in (0..model.tasks.len()).flat_map(|task| (0..model.distinct()).map(move |l| (task, l))) {
            let stream = self.stream[layer + 1];
            calibration.scale(&layer_names::memory(task, layer, "scores"), -stream, 0);
            calibration.scale(&layer_names::memory(task, layer, "values"), 0, -stream);
        }
        for name in model.head_names() {
            calibration.scale(&name, -last, 0);
        }
        calibration.scale_sums(|sum| {
            let (layer, half) = (sum / 2 % model.distinct(), sum % 2);
            -if half == 0 { self.stream[layer] } else { self.inner[layer] }
        });
    }
}

/// The exponent by which a layer norm is too large.
fn needed(norm: &Norm) -> i32 {
    let most = |values: &[f32], bound: f32| {
        let largest = values.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        // Rounded to its last place, what lies just below the bound may reach it.
        (0..64).find(|&e| f64::from(largest) * f64::from(-e).exp2() < f64::from(bound) * 0.9999).unwrap_or_default()
    };
    most(&norm.gain, GAIN_MOST).max(most(&norm.offset, OFFSET_MOST))
}

fn factor(exponent: i32) -> f32 {
    (exponent as f32).exp2()
}

fn scale_weight(linear: &mut Linear, exponent: i32) {
    linear.weight.data.iter_mut().for_each(|w| *w *= factor(exponent));
}

fn scale(linear: &mut Linear, exponent: i32) {
    scale_weight(linear, exponent);
    linear.bias.iter_mut().for_each(|b| *b *= factor(exponent));
}

fn scale_norm(norm: &mut Norm, exponent: i32) {
    norm.gain.iter_mut().chain(&mut norm.offset).for_each(|x| *x *= factor(exponent));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapted::{Shape, synthetic};

    /// A model written larger by powers of two comes back to the bit, and so do its integers.
    #[test]
    fn what_was_multiplied_by_powers_of_two_is_as_it_was() {
        let small = Shape::small(32);
        let shapes = [small.clone(), Shape { shared: false, ..small.clone() }, Shape { embedding: 64, ..small }];
        for shape in shapes {
            let mut model = synthetic(&shape, 7);
            let norms = model.tasks.iter_mut().flat_map(|task| &mut task.layers).flat_map(|own| &mut own.halves);
            // As large as fits to the power of two: what is smaller could stay larger than it was.
            norms
                .map(|half| &mut half.norm)
                .chain([&mut model.backbone.embeddings.norm])
                .for_each(|norm| norm.gain[0] = 1.5);
            let distinct = model.distinct();
            let embedding = if model.backbone.projection.is_some() { -3 } else { 0 };
            let stream = vec![-2; distinct + 1];
            let larger = Factors { embedding, inner: vec![-1; distinct], stream };
            let mut large = model.clone();
            larger.rewrite(&mut large);
            assert!(large.tasks != model.tasks);
            let calibration = Calibration::default();
            let (same, _, _) = equalise(&large, &calibration);
            // Not as text: they are long.
            assert!(same.tasks == model.tasks && same.backbone.projection == model.backbone.projection, "{shape:?}");
            assert!(same.backbone.embeddings.norm == model.backbone.embeddings.norm, "{shape:?}");
            for (a, b) in same.backbone.layers.iter().zip(&model.backbone.layers) {
                assert!(Site::ALL.into_iter().all(|site| a.linear(site) == b.linear(site)));
            }
        }
    }

    #[test]
    fn the_smallest_power_of_two_that_fits_is_taken() {
        let shifts = |gain: f32, offset: f32| needed(&Norm { gain: vec![0.5, -gain], offset: vec![offset, 0.0] });
        assert_eq!(
            [shifts(1.9, 31.0), shifts(2.0, 0.0), shifts(0.0, -32.0), shifts(3.0, 70.0), shifts(17.0, 0.0)],
            [0, 1, 1, 2, 4]
        );
        assert_eq!(shifts(1.999_99, 0.0), 1, "it would round to 2");
    }
}
