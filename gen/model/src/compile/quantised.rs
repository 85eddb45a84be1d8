//! An encoder with its tasks in integers (`docs/arithmetic.md`): every exponent, shift and table.

use super::ranges::Ranges;
use crate::{
    Capacity, Linear, ModelError, Site, Target,
    adapted::{Adapted, Half, Task, names},
    calibration::{Calibration, LayerRange},
    checkpoint::{HiddenActivation, Norm, linear_name},
    quantise::{InputRule, QuantisedLinear, input_scaling, quantise},
};
use alberti_arith::{Fixed, Format};
use alberti_golden::{accelerator::Config, activation::Function, encoder};

/// Fraction bits of scores.
const SCORE: i32 = 8;
/// Fraction bits of what is added to the residual stream.
const SUM: i32 = 7;
/// Fraction bits of the residual stream, and of logits.
const STREAM: i32 = 10;
/// Exponent bias of probabilities.
const PROBABILITY: i32 = -8;
/// The smallest exponent of a code of a power of two, and the largest.
const GAINS: (i32, i32) = (1, 7);

/// What becomes of a linear layer's sums.
#[derive(Clone, Copy)]
enum Results {
    /// Codes of this exponent bias.
    Codes(i32),
    /// The same behind the activation.
    Activated(i32),
    /// Numbers of so many fraction bits.
    Numbers(i32),
    /// Codes of this exponent bias, and what is added to the residual stream.
    Both(i32),
}

/// Quantises an encoder (pruned already, where it is to be) for a machine, by the ranges that it was calibrated to.
///
/// # Errors
/// AE0708 to AE0711 of a linear layer, AE0714 of a layer norm.
pub fn quantise_encoder(
    model: &Adapted,
    calibration: &Calibration,
    config: &Config,
) -> Result<encoder::Encoder, ModelError> {
    Quantiser { model, ranges: Ranges { model, calibration }, config }.encoder()
}

/// What a layer norm's codes are scaled by: its channels stand out.
const NORM: InputRule = InputRule::of(Site::Query);

struct Quantiser<'a> {
    model: &'a Adapted,
    ranges: Ranges<'a>,
    config: &'a Config,
}

impl Quantiser<'_> {
    fn encoder(&self) -> Result<encoder::Encoder, ModelError> {
        let layers = (0..self.model.distinct()).map(|layer| self.layer(layer)).collect::<Result<_, _>>()?;
        let tasks = (self.model.tasks.iter().enumerate()).map(|(number, task)| self.task(number, task));
        let tasks = tasks.collect::<Result<_, _>>()?;
        Ok(encoder::Encoder { embedding: self.embedding()?, layers, depth: self.model.depth, tasks })
    }

    /// Tables whose scales the gains bring together, and a sum as large as Q9.7 holds: the layer norm sees no factor.
    fn embedding(&self) -> Result<encoder::Embedding, ModelError> {
        let embeddings = &self.model.backbone.embeddings;
        let matrices = [&embeddings.word, &embeddings.position, &embeddings.token_type];
        let format = Format::AF8_3;
        let bias = matrices.map(|matrix| format.scale_for(matrix.max_magnitude().into()));
        let largest = bias.into_iter().max().unwrap_or_default();
        let (low, high) = GAINS;
        let bias = bias.map(|bias| bias.max(largest - (high - low)));
        let table = |i: usize| encoder::Table {
            codes: matrices[i].data.iter().map(|&x| format.quantize(x.into(), bias[i]) as u8).collect(),
            gain: ((high - largest + bias[i]) << 4) as u8,
        };
        // A code d of bias b and a gain 16·2^e stand for d·16·2^e·2^−s, s = 8 + e − b.
        let scale = 2 * format.fraction_bits() as i32 + high - largest;
        let most: f32 = matrices.iter().map(|matrix| matrix.max_magnitude()).sum();
        let point = 14 - (f64::from(most.max(f32::MIN_POSITIVE)).log2().floor() as i32).max(-16);
        let codes = match &self.model.projection {
            Some(_) => Some(input_scaling(format, &self.ranges.of(names::PROJECTION)?.channel_max, NORM)),
            None => self.stream(0),
        };
        Ok(encoder::Embedding {
            width: embeddings.word.cols,
            tables: [0, 1, 2].map(table),
            shift: scale - point,
            norm: self.norm("embeddings", &embeddings.norm, codes)?,
            projection: self.model.projection.as_ref().map(|linear| self.projection(linear)).transpose()?,
        })
    }

    /// Its codes have the channel shifts of the layers' inputs, its numbers have none.
    fn projection(&self, linear: &Linear) -> Result<encoder::Projection, ModelError> {
        let (shifts, bias) = self.stream(0).unwrap_or_default();
        let range = self.ranges.of(names::PROJECTION)?;
        let wide = self.linear(names::PROJECTION, linear, range, NORM, Results::Numbers(STREAM))?.shift;
        let mut codes = self.linear(names::PROJECTION, linear, range, NORM, Results::Codes(bias))?;
        codes.shift.iter_mut().zip(shifts).for_each(|(shift, k)| *shift += i32::from(k));
        Ok(encoder::Projection { linear: codes, wide })
    }

    fn layer(&self, layer: usize) -> Result<encoder::Layer, ModelError> {
        let config = &self.model.backbone.config;
        let heads = config.num_attention_heads;
        let width = config.hidden_size / heads;
        let fold = (std::f64::consts::LOG2_E / (width as f64).sqrt()) as f32;
        let output = |site, factor: f32| -> Result<i32, ModelError> {
            Ok(Format::AF8_3.scale_for((self.ranges.site(layer, site)?.output_max * factor).into()))
        };
        let (q, k, v) = (output(Site::Query, fold)?, output(Site::Key, 1.0)?, output(Site::Value, 1.0)?);
        let context = self.scale(&self.ranges.site(layer, Site::AttentionOutput)?, Site::AttentionOutput);
        let inner = self.scale(&self.ranges.site(layer, Site::Output)?, Site::Output);
        let fraction = 2 * Format::AF8_3.fraction_bits() as i32;
        let head = encoder::Head { score: fraction - q - k - SCORE, context: fraction - PROBABILITY - v + context };
        let mut query = self.model.backbone.layers[layer].linear(Site::Query).clone();
        query.weight.data.iter_mut().chain(&mut query.bias).for_each(|x| *x *= fold);
        let dense = |half| match self.ranges.adapter(layer, half) {
            Some(range) => Results::Both(Format::AF8_3.scale_for(range.max().into())),
            None => Results::Numbers(SUM),
        };
        Ok(encoder::Layer {
            query: self.site_of(layer, Site::Query, &query, Results::Codes(q))?,
            key: self.site(layer, Site::Key, Results::Codes(k))?,
            value: self.site(layer, Site::Value, Results::Codes(v))?,
            heads: vec![head; heads],
            output: self.site(layer, Site::AttentionOutput, dense(0))?,
            inner: self.site(layer, Site::Intermediate, Results::Activated(inner))?,
            outer: self.site(layer, Site::Output, dense(1))?,
        })
    }

    fn task(&self, number: usize, task: &Task) -> Result<encoder::Task, ModelError> {
        let layers = (task.layers.iter().enumerate()).map(|(layer, own)| {
            let half = |half| self.half(number, layer, half, &own.halves[half]);
            Ok(encoder::TaskLayer { spans: own.spans.clone(), attention: half(0)?, output: half(1)? })
        });
        let head = |which: &str, linear: &Option<Linear>| -> Result<_, ModelError> {
            let Some(linear) = linear else { return Ok(None) };
            let name = names::head(number, which);
            // Behind the last layer as behind any other.
            let range = LayerRange {
                channel_max: self.ranges.stream(self.model.depth).unwrap_or_default(),
                output_max: self.ranges.of(&name)?.output_max,
            };
            self.linear(&name, linear, &range, NORM, Results::Numbers(STREAM)).map(Some)
        };
        Ok(encoder::Task {
            layers: layers.collect::<Result<_, ModelError>>()?,
            off_ramp: head("off_ramp", &task.off_ramp)?,
            classifier: head("classifier", &task.classifier)?,
        })
    }

    fn half(&self, task: usize, layer: usize, number: usize, half: &Half) -> Result<encoder::Half, ModelError> {
        let adapter = half.adapter.as_ref().map(|adapter| -> Result<_, ModelError> {
            let [down, up] = ["down", "up"].map(|part| names::adapter(task, layer, number, part));
            let dense = self.ranges.adapter(layer, number).unwrap_or_default();
            let (input, inner) = (dense.with_output(self.ranges.of(&down)?), self.ranges.of(&up)?);
            let (plain, behind) = (InputRule::of(Site::AttentionOutput), InputRule::of(Site::Output));
            let codes = Results::Activated(self.scale(inner, Site::Output));
            Ok(encoder::Adapter {
                down: self.linear(&down, &adapter.down, &input, plain, codes)?,
                up: self.linear(&up, &adapter.up, inner, behind, Results::Numbers(SUM))?,
            })
        });
        let name = linear_name(layer, [Site::AttentionOutput, Site::Output][number]);
        let codes = match number {
            0 => Some(self.scaling(&self.ranges.site(layer, Site::Intermediate)?, Site::Intermediate)),
            _ => self.stream(layer + 1),
        };
        Ok(encoder::Half { adapter: adapter.transpose()?, norm: self.norm(&name, &half.norm, codes)? })
    }

    /// Channel shifts and exponent bias of what enters a layer; none behind the last, where nothing reads codes.
    fn stream(&self, layer: usize) -> Option<(Vec<u8>, i32)> {
        self.ranges.stream(layer).map(|range| input_scaling(Format::AF8_3, &range, NORM))
    }

    fn scaling(&self, range: &LayerRange, site: Site) -> (Vec<u8>, i32) {
        input_scaling(Format::AF8_3, &range.channel_max, InputRule::of(site))
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
        self.linear(&linear_name(layer, site), linear, &range, InputRule::of(site), results)
    }

    fn linear(
        &self,
        name: &str,
        linear: &Linear,
        range: &LayerRange,
        rule: InputRule,
        results: Results,
    ) -> Result<encoder::Linear, ModelError> {
        let (result, function, scale, offset) = match results {
            Results::Codes(scale) => (Format::AF8_3, Function::Identity, scale, 0),
            Results::Activated(scale) => (Format::AF8_3, self.activation(), scale, 0),
            Results::Both(scale) => (Format::AF8_3, Function::Identity, scale, -SUM - scale),
            Results::Numbers(fraction) => {
                let format = Fixed::new(16 - fraction as u32, fraction as u32).expect("16 bits are a format");
                (Format::Fixed(format), Function::Identity, 0, 0)
            }
        };
        let quantised: QuantisedLinear = quantise(name, linear, range, rule, &self.target(result))?;
        let quantised = quantised.activated(function, scale)?;
        Ok(encoder::Linear {
            inputs: quantised.weight.cols,
            weight: quantised.weight.data.iter().map(|&code| code as u8).collect(),
            bias: quantised.bias,
            shift: quantised.requantise_shift,
            function,
            after: quantised.after,
            offset,
        })
    }

    /// The activation of the model; either form of GELU stands in for the other.
    fn activation(&self) -> Function {
        match (self.model.backbone.config.hidden_act, self.config.activation) {
            (HiddenActivation::Relu, _) => Function::Relu,
            (HiddenActivation::Gelu | HiddenActivation::GeluTanh, gelu @ Function::Gelu(_)) => gelu,
            (HiddenActivation::Gelu, _) => Function::Gelu(alberti_arith::tables::Gelu::Erf),
            (HiddenActivation::GeluTanh, _) => Function::Gelu(alberti_arith::tables::Gelu::Tanh),
        }
    }

    fn target(&self, result: Format) -> Target {
        let Config { n, passes_max, accumulator_bits, accumulator_rows, activation, .. } = *self.config;
        let (weight, activations) = (self.config.value_rows * n, self.config.activation_rows * n);
        Target {
            n,
            operand: Format::AF8_3,
            result,
            accumulator_bits,
            accumulator_rows,
            reduction_max: passes_max * n,
            block: None,
            activation,
            capacity: Capacity { weight, activation: activations, result: activations },
        }
    }

    fn norm(&self, name: &str, norm: &Norm, codes: Option<(Vec<u8>, i32)>) -> Result<encoder::Norm, ModelError> {
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
            Some((shift, bias)) => (shift, Some(bias)),
            None => (vec![0; norm.gain.len()], None),
        };
        Ok(encoder::Norm {
            gamma: fixed("gain", &norm.gain, 14)?,
            beta: fixed("offset", &norm.offset, 10)?,
            shift,
            bias,
        })
    }
}
