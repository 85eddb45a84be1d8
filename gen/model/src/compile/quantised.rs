//! An encoder with its tasks in integers (`docs/arithmetic.md`): every exponent, shift and table.

use super::ranges::Ranges;
use crate::{
    Capacity, Linear, ModelError, ProcessingUnitTarget, Site,
    adapted::{ActivatedLinear, Adapted, AdaptedHalf, Adapter, Reads, SparseMemory, Task},
    calibration::{Calibration, LayerRange},
    checkpoint::{Norm, linear_name},
    equalise::equalise,
    layer_names,
    quantise::{InputRule, QuantisedLinear, Rules, quantise_by},
};
use alberti_arith::{Activation, Fixed, Format};
use alberti_diagnostic::{Code, Diagnostic};
use alberti_golden::{accelerator::AcceleratorConfig, encoder};
use std::{cell::RefCell, collections::BTreeMap};

/// Fraction bits of scores.
const SCORE: i32 = 8;
/// Fraction bits of what is added to the residual stream.
const SUM: i32 = 7;
/// Fraction bits of the residual stream, and of logits.
pub(super) const STREAM: i32 = 10;
/// What probabilities stay below, nearly.
const PROBABILITY: f64 = 0.97;
/// Fraction bits of probabilities.
const SHARE: i32 = 15;

/// What becomes of a linear layer's sums.
#[derive(Clone, Copy)]
enum Results {
    /// Codes of this exponent bias.
    Codes(i32),
    /// The same after an activation.
    Activated(Activation, i32),
    /// Numbers of so many fraction bits.
    Numbers(i32),
    /// Codes of this exponent bias, and what is added to the residual stream.
    Both(i32),
}

/// Quantises an encoder (pruned already, where it is to be) for an accelerator, by the ranges that it was
/// calibrated to.
///
/// # Errors
/// AE0709 to AE0711 of a linear layer, AE0714 of a layer norm's parameter or of epsilon.
pub fn quantise_encoder(
    model: &Adapted,
    calibration: &Calibration,
    config: &AcceleratorConfig,
) -> Result<encoder::Encoder, ModelError> {
    Ok(quantise_encoder_by(model, calibration, config, &Rules::default())?.encoder)
}

/// An encoder in integers.
#[derive(Clone, Debug)]
pub struct Quantised {
    /// Its codes, exponents, shifts and tables.
    pub encoder: encoder::Encoder,
    /// The arithmetic of its equations.
    pub arithmetic: encoder::Arithmetic,
    /// √(Σ(w − code)² / Σw²) of the weights of each linear layer and table, by name.
    pub errors: BTreeMap<String, f64>,
}

/// As [`quantise_encoder`] by other rules, with what codes have lost.
///
/// # Errors
/// As [`quantise_encoder`], and AE0711 when there is no such accelerator.
pub fn quantise_encoder_by(
    model: &Adapted,
    calibration: &Calibration,
    config: &AcceleratorConfig,
    rules: &Rules,
) -> Result<Quantised, ModelError> {
    check_epsilon(model.backbone.config.layer_norm_eps, calibration.least_variance())?;
    let (model, calibration, factor) = equalise(model, calibration);
    let (model, calibration) = (&*model, &*calibration);
    let ranges = Ranges { model, calibration };
    let quantiser = Quantiser { model, ranges, config, rules: *rules, errors: RefCell::default() };
    let arithmetic =
        encoder::Arithmetic::for_accelerator(config).map_err(|error| ModelError::Shape(error.to_string()))?;
    let probability_shift = quantiser.code_shift(SHARE, rules.scale(PROBABILITY));
    let arithmetic = encoder::Arithmetic { operand: rules.operand, probability_shift, ..arithmetic };
    let encoder = encoder::Encoder { output_fraction_bits: STREAM - factor, ..quantiser.encoder()? };
    Ok(Quantised { encoder, arithmetic, errors: quantiser.errors.into_inner() })
}

/// The share of a row's variance that epsilon may be: it changes results by half of that, less than codes of
/// four bits are rounded by.
const EPSILON_SHARE: f32 = 1.0 / 32.0;

/// The layer norm of an accelerator has no epsilon.
fn check_epsilon(epsilon: f32, variance: f32) -> Result<(), ModelError> {
    if epsilon <= variance * EPSILON_SHARE {
        return Ok(());
    }
    let larger = 100.0 * (((variance + epsilon) / variance).sqrt() - 1.0);
    let message = format!(
        "layer_norm_eps is {epsilon:e}, the least variance of a row {variance:e}: the accelerator's layer norm has no \
         epsilon, its results would be up to {larger:.1} % larger"
    );
    let help = format!("train with layer_norm_eps of at most {:e}", variance * EPSILON_SHARE);
    Err(Diagnostic::new(Code::NormRange, message, help).into())
}

/// What a layer norm's codes are scaled by: its channels stand out.
const NORM: InputRule = InputRule::for_site(Site::Query);

struct Quantiser<'a> {
    model: &'a Adapted,
    ranges: Ranges<'a>,
    config: &'a AcceleratorConfig,
    rules: Rules,
    /// What codes have lost so far.
    errors: RefCell<BTreeMap<String, f64>>,
}

impl Quantiser<'_> {
    /// Notes what codes stand for, beside what they were made from.
    fn note(&self, name: &str, pairs: impl Iterator<Item = (f64, f32)>) {
        let (lost, all) = pairs.fold((0.0, 0.0), |(lost, all), (code, exact)| {
            let exact = f64::from(exact);
            (lost + (code - exact).powi(2), all + exact * exact)
        });
        self.errors.borrow_mut().insert(name.to_owned(), if all > 0.0 { (lost / all).sqrt() } else { 0.0 });
    }

    /// The shift from an integer of so many fraction bits to a code of a scale.
    fn code_shift(&self, fraction_bits: i32, scale: i32) -> i32 {
        fraction_bits + scale - self.unit()
    }

    /// What the fraction bits of a format take off every shift: codes of AdaptivFloat count from their bias.
    fn unit(&self) -> i32 {
        match self.rules.operand {
            Format::AdaptivFloat(_) => 0,
            Format::Fixed(f) => f.fraction_bits() as i32,
        }
    }

    /// The bias by which a layer norm makes codes of a scale.
    fn norm_bias(&self, scale: i32) -> i32 {
        scale - self.unit()
    }

    /// The code of 2^e times the smallest power of two that gains may be, and how many there are. The
    /// significand of the smallest is 2^low.
    fn gains(&self) -> (i32, i32, impl Fn(i32) -> u16) {
        let (low, count, shift) = match self.rules.operand {
            // An exponent of zero has no code of a power of two.
            Format::AdaptivFloat(f) => (f.mantissa_bits() as i32 + 1, f.max_exponent() as i32, f.mantissa_bits()),
            Format::Fixed(f) => (0, f.bits() as i32 - 1, 0),
        };
        let first = i32::from(shift > 0);
        (low, count, move |e: i32| if shift > 0 { ((e + first) << shift) as u16 } else { 1 << e })
    }

    fn encoder(&self) -> Result<encoder::Encoder, ModelError> {
        let layers = (0..self.model.distinct()).map(|layer| self.layer(layer)).collect::<Result<_, _>>()?;
        let tasks = (self.model.tasks.iter().enumerate()).map(|(number, task)| self.task(number, task));
        let tasks = tasks.collect::<Result<_, _>>()?;
        let (embedding, depth) = (self.embedding()?, self.model.depth());
        Ok(encoder::Encoder { embedding, layers, depth, tasks, output_fraction_bits: STREAM })
    }

    /// Tables whose scales the gains bring together, and a sum as large as Q9.7 holds: the layer norm sees no
    /// factor.
    fn embedding(&self) -> Result<encoder::Embedding, ModelError> {
        let embeddings = &self.model.backbone.embeddings;
        let matrices = [&embeddings.word, &embeddings.position, &embeddings.token_type];
        let format = self.rules.operand;
        let scales = matrices.map(|matrix| self.rules.scale(matrix.max_magnitude().into()));
        let largest = scales.into_iter().max().unwrap_or_default();
        let (low, count, gain) = self.gains();
        let scales = scales.map(|scale| scale.max(largest - (count - 1)));
        let table = |i: usize| {
            let codes: Vec<u16> = matrices[i].data.iter().map(|&x| format.quantize(x.into(), scales[i])).collect();
            let values = codes.iter().map(|&code| format.value(code, scales[i]));
            self.note(layer_names::TABLES[i], values.zip(matrices[i].data.iter().copied()));
            encoder::Table { codes, gain: gain(count - 1 - largest + scales[i]) }
        };
        // A code d of scale b and a gain of 2^g stand for d·2^g·2^−s, s = f + g − b.
        let scale = format.fraction_bits() as i32 + low + count - 1 - largest;
        let most: f32 = matrices.iter().map(|matrix| matrix.max_magnitude()).sum();
        let point = 14 - (f64::from(most.max(f32::MIN_POSITIVE)).log2().floor() as i32).max(-16);
        let codes = match &self.model.backbone.projection {
            Some(_) => Some(self.rules.input_scaling(&self.ranges.range(layer_names::PROJECTION)?.channel_max, NORM)),
            None => self.stream(0),
        };
        Ok(encoder::Embedding {
            width: embeddings.word.cols,
            tables: [0, 1, 2].map(table),
            shift: scale - point,
            norm: self.norm("embeddings", &embeddings.norm, codes, None)?,
            projection: self.model.backbone.projection.as_ref().map(|linear| self.projection(linear)).transpose()?,
        })
    }

    /// Its codes have the channel shifts of the layers' inputs, its numbers have none.
    fn projection(&self, linear: &Linear) -> Result<encoder::Projection, ModelError> {
        let (shifts, bias) = self.stream(0).unwrap_or_default();
        let range = self.ranges.range(layer_names::PROJECTION)?;
        let wide = self.linear(layer_names::PROJECTION, linear, range, NORM, Results::Numbers(STREAM))?.shift;
        let mut codes = self.linear(layer_names::PROJECTION, linear, range, NORM, Results::Codes(bias))?;
        codes.shift.iter_mut().zip(shifts).for_each(|(shift, k)| *shift += i32::from(k));
        Ok(encoder::Projection { linear: codes, wide })
    }

    fn layer(&self, layer: usize) -> Result<encoder::Layer, ModelError> {
        let config = &self.model.backbone.config;
        let heads = config.num_attention_heads;
        let width = config.hidden_size / heads;
        let fold = (std::f64::consts::LOG2_E / (width as f64).sqrt()) as f32;
        let output = |site, factor: f32| -> Result<i32, ModelError> {
            Ok(self.rules.scale((self.ranges.site(layer, site)?.output_max * factor).into()))
        };
        let (q, k, v) = (output(Site::Query, fold)?, output(Site::Key, 1.0)?, output(Site::Value, 1.0)?);
        let context = self.scale(&self.ranges.site(layer, Site::AttentionOutput)?, Site::AttentionOutput);
        let inner = self.scale(&self.ranges.site(layer, Site::Output)?, Site::Output);
        let sums = |a, b| 2 * self.rules.operand.fraction_bits() as i32 - a - b;
        let head = encoder::Head {
            score: sums(q, k) - SCORE,
            context: self.code_shift(sums(self.rules.scale(PROBABILITY), v), context),
        };
        let mut query = self.model.backbone.layers[layer].linear(Site::Query).clone();
        query.weight.data.iter_mut().chain(&mut query.bias).for_each(|x| *x *= fold);
        let dense = |half| match self.ranges.dense(layer, half) {
            Some(range) => Results::Both(self.rules.scale(range.max().into())),
            None => Results::Numbers(SUM),
        };
        Ok(encoder::Layer {
            query: self.site_of(layer, Site::Query, &query, Results::Codes(q))?,
            key: self.site(layer, Site::Key, Results::Codes(k))?,
            value: self.site(layer, Site::Value, Results::Codes(v))?,
            heads: vec![head; heads],
            output: self.site(layer, Site::AttentionOutput, dense(0))?,
            inner: self.site(layer, Site::Intermediate, Results::Activated(config.hidden_act, inner))?,
            outer: self.site(layer, Site::Output, dense(1))?,
        })
    }

    fn task(&self, number: usize, task: &Task) -> Result<encoder::Task, ModelError> {
        let layers = (task.layers.iter().enumerate()).map(|(layer, own)| {
            let half = |half| self.half(number, layer, half, &own.halves[half]);
            let memory = own.memory.as_ref().map(|memory| self.memory(number, layer, memory)).transpose()?;
            Ok(encoder::TaskLayer { spans: own.spans.clone(), attention: half(0)?, output: half(1)?, memory })
        });
        let head = |which: &str, layers: &Vec<ActivatedLinear>| self.classifier(number, which, layers);
        Ok(encoder::Task {
            layers: layers.collect::<Result<_, ModelError>>()?,
            heads: task.heads.as_ref().map(|heads| heads.try_map(head)).transpose()?,
        })
    }

    /// Its first layer reads token 0 after the last layer as after any other.
    fn classifier(
        &self,
        task: usize,
        which: &str,
        layers: &[ActivatedLinear],
    ) -> Result<encoder::Classifier, ModelError> {
        let name = |layer: usize| layer_names::head(task, which, layer, layers.len());
        let mut read = (self.ranges.stream(self.model.depth()).unwrap_or_default(), NORM);
        let layer = |(i, ActivatedLinear { linear, activation }): (usize, &ActivatedLinear)| {
            let (channel_max, rule) = read.clone();
            let range = LayerRange { channel_max, output_max: self.ranges.range(&name(i))?.output_max };
            let results = if i + 1 == layers.len() {
                Results::Numbers(STREAM)
            } else {
                read = (self.ranges.range(&name(i + 1))?.channel_max.clone(), self.after(*activation));
                Results::Activated(*activation, self.rules.input_scaling(&read.0, read.1).1)
            };
            self.linear(&name(i), linear, &range, rule, results)
        };
        layers.iter().enumerate().map(layer).collect()
    }

    /// What codes after an activation are scaled by: those of tanh are as often in its top octave as below.
    fn after(&self, activation: Activation) -> InputRule {
        self.rules.input(if activation == Activation::Tanh { Site::AttentionOutput } else { Site::Output })
    }

    fn half(
        &self,
        task: usize,
        layer: usize,
        number: usize,
        half: &AdaptedHalf,
    ) -> Result<encoder::HalfLayer, ModelError> {
        let name = linear_name(layer, [Site::AttentionOutput, Site::Output][number]);
        let adapter = half.adapter.as_ref().map(|adapter| -> Result<_, ModelError> {
            let Adapter { reads, down, activation, up } = adapter;
            let [down_name, up_name] = ["down", "up"].map(|part| layer_names::adapter(task, layer, number, part));
            let (own, inner) = (self.ranges.range(&down_name)?, self.ranges.range(&up_name)?);
            let plain = self.rules.input(Site::AttentionOutput);
            let (input, rule, reads) = match reads {
                Reads::Dense => {
                    let dense = self.ranges.dense(layer, number).unwrap_or_default();
                    (dense.with_output(own), plain, encoder::Reads::Dense)
                }
                Reads::Input => {
                    let reader = [Site::Query, Site::Intermediate][number];
                    let stream = self.ranges.site(layer, reader)?.channel_max;
                    (LayerRange { channel_max: stream, output_max: own.output_max }, NORM, encoder::Reads::Input)
                }
                Reads::Norm => {
                    let codes = self.rules.input_scaling(&own.channel_max, NORM);
                    let norm = self.norm(&name, &half.norm, Some(codes), Some((layer, number)))?;
                    (own.clone(), NORM, encoder::Reads::Norm(norm))
                }
            };
            let after = self.after(*activation);
            let codes = Results::Activated(*activation, self.rules.input_scaling(&inner.channel_max, after).1);
            Ok(encoder::Adapter {
                reads,
                down: self.linear(&down_name, down, &input, rule, codes)?,
                up: self.linear(&up_name, up, inner, after, Results::Numbers(SUM))?,
            })
        });
        let codes = match number {
            0 => Some(self.scaling(&self.ranges.site(layer, Site::Intermediate)?, Site::Intermediate)),
            // A memory reads the norm, and gives what the next layer reads.
            _ => match self.model.tasks[task].layers[layer].memory {
                Some(_) => {
                    let range = self.ranges.range(&layer_names::memory(task, layer, "scores"))?;
                    Some(self.rules.input_scaling(&range.channel_max, NORM))
                }
                None => self.stream(layer + 1),
            },
        };
        Ok(encoder::HalfLayer {
            adapter: adapter.transpose()?,
            norm: self.norm(&name, &half.norm, codes, Some((layer, number)))?,
        })
    }

    /// Weights are codes of probabilities; codes of the sum are those that the next layer reads.
    fn memory(&self, task: usize, layer: usize, memory: &SparseMemory) -> Result<encoder::SparseMemory, ModelError> {
        let [scores_name, values_name] = ["scores", "values"].map(|part| layer_names::memory(task, layer, part));
        let mut scores = memory.scores();
        scores.weight.data.iter_mut().for_each(|w| *w *= std::f32::consts::LOG2_E);
        let mut weights = self.ranges.range(&values_name)?.clone();
        weights.channel_max.fill(PROBABILITY as f32);
        let plain = self.rules.input(Site::AttentionOutput);
        let channels = memory.parents.cols;
        let (shift, bias) = match self.stream(layer + 1) {
            Some((shift, scale)) => (shift, Some(self.norm_bias(scale))),
            None => (vec![0; channels], None),
        };
        let range = self.ranges.range(&scores_name)?;
        Ok(encoder::SparseMemory {
            hierarchy: memory.hierarchy(),
            scores: self.linear(&scores_name, &scores, range, NORM, Results::Numbers(SCORE))?,
            values: self.linear(&values_name, &memory.mixture(), &weights, plain, Results::Numbers(STREAM))?,
            norm: encoder::Norm {
                gamma: vec![1 << 14; channels],
                beta: vec![0; channels],
                shift,
                exponent_bias: bias,
                residual: None,
            },
        })
    }

    /// Channel shifts and exponent bias of what enters a layer; none after the last, where nothing reads
    /// codes.
    fn stream(&self, layer: usize) -> Option<(Vec<u8>, i32)> {
        self.ranges.stream(layer).map(|range| self.rules.input_scaling(&range, NORM))
    }

    fn scaling(&self, range: &LayerRange, site: Site) -> (Vec<u8>, i32) {
        self.rules.input_scaling(&range.channel_max, self.rules.input(site))
    }

    fn scale(&self, range: &LayerRange, site: Site) -> i32 {
        self.scaling(range, site).1
    }

    fn site(&self, layer: usize, site: Site, results: Results) -> Result<encoder::Linear, ModelError> {
        self.site_of(layer, site, self.model.backbone.layers[layer].linear(site), results)
    }

    fn site_of(
        &self,
        layer: usize,
        site: Site,
        linear: &Linear,
        results: Results,
    ) -> Result<encoder::Linear, ModelError> {
        let range = self.ranges.site(layer, site)?;
        self.linear(&linear_name(layer, site), linear, &range, self.rules.input(site), results)
    }

    fn linear(
        &self,
        name: &str,
        linear: &Linear,
        range: &LayerRange,
        rule: InputRule,
        results: Results,
    ) -> Result<encoder::Linear, ModelError> {
        let (result, function, scale, wide_shift) = match results {
            Results::Codes(scale) => (self.rules.operand, Activation::Identity, scale, 0),
            Results::Activated(activation, scale) => (self.rules.operand, self.function(activation), scale, 0),
            Results::Both(scale) => (self.rules.operand, Activation::Identity, scale, -self.code_shift(SUM, scale)),
            Results::Numbers(fraction) => {
                let format = Fixed::new(16 - fraction as u32, fraction as u32).expect("16 bits are a format");
                (Format::Fixed(format), Activation::Identity, 0, 0)
            }
        };
        let quantised: QuantisedLinear = quantise_by(name, linear, range, rule, &self.target(result), &self.rules)?;
        let values = (0..linear.weight.rows).flat_map(|output| quantised.weights_of(output));
        self.note(name, values.zip(linear.weight.data.iter().copied()));
        let quantised = quantised.activated(function, scale)?;
        Ok(encoder::Linear {
            inputs: linear.weight.cols,
            weight: quantised.weight.data,
            bias: quantised.bias,
            shift: quantised.requantise_shift,
            function,
            activation_shift: quantised.activation_shift,
            wide_shift,
        })
    }

    /// An activation as the array has it, where one form stands in for the other. What it lacks stays, and is
    /// refused.
    fn function(&self, activation: Activation) -> Activation {
        self.config.activation.serving(activation).unwrap_or(activation)
    }

    fn target(&self, result: Format) -> ProcessingUnitTarget {
        let AcceleratorConfig { n, passes_max, accumulator_bits, accumulator_rows, activation, .. } = *self.config;
        let (weight, activations) = (self.config.value_rows * n, self.config.activation_rows * n);
        ProcessingUnitTarget {
            n,
            operand: self.rules.operand,
            result,
            accumulator_bits,
            accumulator_rows,
            reduction_max: passes_max * n,
            block: None,
            activation,
            capacity: Capacity { weight, activation: activations, result: activations },
        }
    }

    /// A layer norm; after a half of a layer it takes a residual sum.
    fn norm(
        &self,
        name: &str,
        norm: &Norm,
        codes: Option<(Vec<u8>, i32)>,
        half: Option<(usize, usize)>,
    ) -> Result<encoder::Norm, ModelError> {
        let fixed = |what: &'static str, values: &[f32], fraction: i32| -> Result<Vec<i16>, ModelError> {
            let one = |(channel, &value): (usize, &f32)| {
                let integer = (f64::from(value) * f64::from(fraction).exp2() + 0.5).floor();
                let fits = integer >= f64::from(i16::MIN) && integer <= f64::from(i16::MAX);
                let most = f64::from(15 - fraction).exp2();
                let refused = || ModelError::NormRange { norm: name.into(), what, channel, value, most };
                fits.then_some(integer as i16).ok_or_else(refused)
            };
            values.iter().enumerate().map(one).collect()
        };
        let (shift, bias) = match codes {
            Some((shift, scale)) => (shift, Some(self.norm_bias(scale))),
            None => (vec![0; norm.gain.len()], None),
        };
        Ok(encoder::Norm {
            gamma: fixed("gain", &norm.gain, 14)?,
            beta: fixed("offset", &norm.offset, 10)?,
            shift,
            exponent_bias: bias,
            residual: half.filter(|_| self.rules.narrow_residual).map(|half| self.residual(half)).transpose()?,
        })
    }

    /// The bias by which a residual sum becomes a code.
    fn residual(&self, (layer, half): (usize, usize)) -> Result<i32, ModelError> {
        Ok(self.norm_bias(self.rules.scale(self.ranges.sum(layer, half)?.into())))
    }
}
