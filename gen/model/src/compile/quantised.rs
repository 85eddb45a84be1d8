//! A trained encoder in integers (`docs/arithmetic.md`): every exponent, shift and table.

use crate::{
    Capacity, Checkpoint, Linear, ModelError, Site, Target,
    calibration::{Calibration, LayerRange},
    checkpoint::{HiddenActivation, Norm, linear_name},
    quantise::{InputRule, input_scaling, quantise},
};
use alberti_arith::{Fixed, Format};
use alberti_golden::{activation::Function, encoder, machine::Config};

/// Fraction bits of scores.
const SCORE: i32 = 8;
/// Fraction bits of what is added to the residual stream.
const SUM: i32 = 7;
/// Exponent bias of probabilities.
const PROBABILITY: i32 = -8;
/// The largest exponent of a code, and the smallest of a code of a power of two.
const GAINS: std::ops::RangeInclusive<i32> = 1..=7;

/// What becomes of a linear layer's sums.
enum Results {
    /// Codes of this exponent bias.
    Codes(i32),
    /// The same behind the feed-forward net's activation.
    Activated(i32),
    /// Numbers in Q9.7.
    Sums,
}

/// Quantises an encoder (pruned already, where it is to be) for a machine, by the ranges that it was calibrated to.
///
/// # Errors
/// AE0708 to AE0711 of a linear layer, AE0714 of a layer norm.
pub fn quantise_encoder(
    checkpoint: &Checkpoint,
    calibration: &Calibration,
    config: &Config,
) -> Result<encoder::Encoder, ModelError> {
    Quantiser { checkpoint, calibration, config }.encoder()
}

struct Quantiser<'a> {
    checkpoint: &'a Checkpoint,
    calibration: &'a Calibration,
    config: &'a Config,
}

impl Quantiser<'_> {
    fn encoder(&self) -> Result<encoder::Encoder, ModelError> {
        let depth = self.checkpoint.layers.len();
        let layers = (0..depth).map(|layer| self.layer(layer)).collect::<Result<_, _>>()?;
        let tasks = (0..depth).map(|layer| self.task_layer(layer)).collect::<Result<_, _>>()?;
        let task = encoder::Task { layers: tasks, off_ramp: None, classifier: None };
        Ok(encoder::Encoder { embedding: self.embedding()?, layers, depth, tasks: vec![task] })
    }

    /// Tables whose scales the gains bring together, and a sum as large as Q9.7 holds: the layer norm sees no factor.
    fn embedding(&self) -> Result<encoder::Embedding, ModelError> {
        let embeddings = &self.checkpoint.embeddings;
        let matrices = [&embeddings.word, &embeddings.position, &embeddings.token_type];
        let format = Format::AF8_3;
        let bias = matrices.map(|matrix| format.scale_for(matrix.max_magnitude().into()));
        let largest = bias.into_iter().max().unwrap_or_default();
        let (low, high) = (*GAINS.start(), *GAINS.end());
        let bias = bias.map(|bias| bias.max(largest - (high - low)));
        let tables: Vec<encoder::Table> = (matrices.into_iter().zip(bias))
            .map(|(matrix, bias)| encoder::Table {
                codes: matrix.data.iter().map(|&x| format.quantize(x.into(), bias) as u8).collect(),
                gain: ((high - largest + bias) << 4) as u8,
            })
            .collect();
        let tables = tables.try_into().map_err(|_| ModelError::Shape("an embedding has three tables".into()))?;
        // A code d of bias b and a gain 16·2^e stand for d·16·2^e·2^−s, s = 8 + e − b.
        let scale = 2 * format.fraction_bits() as i32 + high - largest;
        let most: f32 = matrices.iter().map(|matrix| matrix.max_magnitude()).sum();
        let point = 14 - (f64::from(most.max(f32::MIN_POSITIVE)).log2().floor() as i32).max(-16);
        Ok(encoder::Embedding {
            width: self.checkpoint.config.hidden_size,
            tables,
            shift: scale - point,
            norm: self.norm("embeddings", &embeddings.norm, self.input(0, Site::Query))?,
            projection: None,
        })
    }

    fn layer(&self, layer: usize) -> Result<encoder::Layer, ModelError> {
        let config = &self.checkpoint.config;
        let heads = config.num_attention_heads;
        let width = config.hidden_size / heads;
        let fold = (std::f64::consts::LOG2_E / (width as f64).sqrt()) as f32;
        let output = |site, factor: f32| -> Result<i32, ModelError> {
            Ok(Format::AF8_3.scale_for((self.range(layer, site)?.output_max * factor).into()))
        };
        let (q, k, v) = (output(Site::Query, fold)?, output(Site::Key, 1.0)?, output(Site::Value, 1.0)?);
        let context = self.scale(layer, Site::AttentionOutput)?;
        let fraction = 2 * Format::AF8_3.fraction_bits() as i32;
        let head = encoder::Head { score: fraction - q - k - SCORE, context: fraction - PROBABILITY - v + context };
        let mut query = self.checkpoint.layers[layer].linear(Site::Query).clone();
        query.weight.data.iter_mut().chain(&mut query.bias).for_each(|x| *x *= fold);
        Ok(encoder::Layer {
            query: self.linear(layer, Site::Query, &query, Results::Codes(q))?,
            key: self.site(layer, Site::Key, Results::Codes(k))?,
            value: self.site(layer, Site::Value, Results::Codes(v))?,
            heads: vec![head; heads],
            output: self.site(layer, Site::AttentionOutput, Results::Sums)?,
            inner: self.site(layer, Site::Intermediate, Results::Activated(self.scale(layer, Site::Output)?))?,
            outer: self.site(layer, Site::Output, Results::Sums)?,
        })
    }

    fn task_layer(&self, layer: usize) -> Result<encoder::TaskLayer, ModelError> {
        let norms = &self.checkpoint.layers[layer];
        let half = |name: &str, norm: &Norm, input| -> Result<encoder::Half, ModelError> {
            let name = format!("layer.{layer}.{name}");
            Ok(encoder::Half { adapter: None, norm: self.norm(&name, norm, input)? })
        };
        Ok(encoder::TaskLayer {
            spans: vec![encoder::Span::Whole; self.checkpoint.config.num_attention_heads],
            attention: half("attention.output", &norms.attention_norm, self.input(layer, Site::Intermediate))?,
            output: half("output", &norms.output_norm, self.input(layer + 1, Site::Query))?,
        })
    }

    fn range(&self, layer: usize, site: Site) -> Result<&LayerRange, ModelError> {
        let name = linear_name(layer, site);
        self.calibration.range(&name).ok_or_else(|| ModelError::Shape(format!("{name} was not calibrated")))
    }

    /// Channel shifts and exponent bias of what enters a layer; none behind the last.
    fn input(&self, layer: usize, site: Site) -> Option<(Vec<u8>, i32)> {
        let range = self.calibration.range(&linear_name(layer, site))?;
        Some(input_scaling(Format::AF8_3, &range.channel_max, InputRule::of(site)))
    }

    fn scale(&self, layer: usize, site: Site) -> Result<i32, ModelError> {
        self.range(layer, site)?;
        Ok(self.input(layer, site).map_or(0, |(_, scale)| scale))
    }

    fn site(&self, layer: usize, site: Site, results: Results) -> Result<encoder::Linear, ModelError> {
        self.linear(layer, site, self.checkpoint.layers[layer].linear(site), results)
    }

    fn linear(
        &self,
        layer: usize,
        site: Site,
        linear: &Linear,
        results: Results,
    ) -> Result<encoder::Linear, ModelError> {
        let result = match results {
            Results::Codes(_) | Results::Activated(_) => Format::AF8_3,
            Results::Sums => Format::Fixed(Fixed::new(16 - SUM as u32, SUM as u32).expect("16 bits are a format")),
        };
        let target = self.target(result);
        let (function, scale) = match results {
            Results::Codes(scale) => (Function::Identity, scale),
            Results::Activated(scale) => (self.activation(), scale),
            Results::Sums => (Function::Identity, 0),
        };
        let range = self.range(layer, site)?;
        let quantised = quantise(&linear_name(layer, site), linear, range, InputRule::of(site), &target)?;
        let quantised = quantised.activated(function, scale)?;
        Ok(encoder::Linear {
            inputs: quantised.weight.cols,
            weight: quantised.weight.data.iter().map(|&code| code as u8).collect(),
            bias: quantised.bias,
            shift: quantised.requantise_shift,
            function,
            after: quantised.after,
            offset: 0,
        })
    }

    /// The activation of the model; either form of GELU stands in for the other.
    fn activation(&self) -> Function {
        match (self.checkpoint.config.hidden_act, self.config.activation) {
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
