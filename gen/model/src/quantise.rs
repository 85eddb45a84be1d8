//! From a linear layer in f32 to codes, scales and shifts (`docs/arithmetic.md`, Multiply and accumulate).
//!
//! With `f` fraction bits of the operand format, scale `a` of the activations and `w_j` of output j's
//! weights, a sum stands for `sum·2^(−s_j)`, `s_j = 2f − a − w_j`; the requantise shift of output j is `s_j −
//! f_result + result scale` in fixed point and `s_j + result bias` in AdaptivFloat, whose codes count from
//! the bias and not from its lowest mantissa bit.

mod rules;

pub use rules::Rules;

use crate::{
    Codes, Linear, Matrix, ModelError, ProcessingUnitTarget, Site, calibration::LayerRange, matrix::max_magnitude,
};
use alberti_arith::{Activation, Domain, Format, NUMBER_FRACTION_BITS};

/// The least magnitude that weights are scaled to: channels of next to nothing need no finer steps.
const LEAST_WEIGHT: f64 = 1.0 / 512.0;

/// Fraction bits of what functions of numbers take and give.
const NUMBER: i32 = NUMBER_FRACTION_BITS as i32;

/// The largest outlier shift of a channel.
const LARGEST_CHANNEL_SHIFT: u8 = 3;

/// How the activations of a layer are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputRule {
    /// Divide outlier channels by 2^k_c, and multiply the weights' columns by it.
    pub channel_shifts: bool,
    /// Octaves at the top that AdaptivFloat gives up for finer steps below.
    pub clipped_octaves: u8,
}

impl InputRule {
    /// The rule that serves a site best: layer norms have outlier channels, GELU's top octave is nearly
    /// empty.
    #[must_use]
    pub const fn for_site(site: Site) -> Self {
        match site {
            Site::Query | Site::Key | Site::Value | Site::Intermediate => {
                Self { channel_shifts: true, clipped_octaves: 0 }
            }
            Site::AttentionOutput => Self { channel_shifts: false, clipped_octaves: 0 },
            Site::Output => Self { channel_shifts: false, clipped_octaves: 1 },
        }
    }
}

/// A linear layer in integers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedLinear {
    /// The layer's name.
    pub name: String,
    /// Format of weights and activations.
    pub operand: Format,
    /// Format of results.
    pub result: Format,
    /// Width of a sum.
    pub accumulator_bits: u32,
    /// Outputs × inputs, with the channel shifts in it.
    pub weight: Codes,
    /// Scale of each output's weights.
    pub weight_scale: Vec<i32>,
    /// Per output, at the scale of its sums.
    pub bias: Vec<i64>,
    /// Scale of the activations after their channel shifts.
    pub activation_scale: i32,
    /// k_c of each input channel.
    pub channel_shifts: Vec<u8>,
    /// Scale of the results.
    pub result_scale: i32,
    /// Shift of each output from its sum to a code, or to what its function takes.
    pub requantise_shift: Vec<i32>,
    /// What stands between sums and codes.
    pub function: Activation,
    /// Shift of all outputs from a function of numbers to a code.
    pub activation_shift: i32,
    /// Bits, with the sign, that every sum the layer can form stays within: `max_j Σ|d_w|·max|d_a| +
    /// |bias_j|`.
    pub static_bits: u32,
}

/// Quantises a layer (pruned already, where it is to be) for a target.
///
/// # Errors
/// AE0709 when a sum can overflow, AE0710 when a shift does not fit, AE0711
/// when `range` is of another layer.
pub fn quantise(
    name: &str,
    linear: &Linear,
    range: &LayerRange,
    rule: InputRule,
    target: &ProcessingUnitTarget,
) -> Result<QuantisedLinear, ModelError> {
    quantise_by(name, linear, range, rule, target, &Rules { operand: target.operand, ..Rules::default() })
}

/// As [`quantise`], by other rules for the target's operands.
///
/// # Errors
/// As [`quantise`].
pub fn quantise_by(
    name: &str,
    linear: &Linear,
    range: &LayerRange,
    rule: InputRule,
    target: &ProcessingUnitTarget,
    rules: &Rules,
) -> Result<QuantisedLinear, ModelError> {
    let (outputs, inputs) = (linear.weight.rows, linear.weight.cols);
    if range.channel_max.len() != inputs || linear.bias.len() != outputs {
        return Err(ModelError::Shape(format!(
            "{name}: {outputs} × {inputs} weights with {} biases and calibrated for {} inputs",
            linear.bias.len(),
            range.channel_max.len()
        )));
    }
    let (shifts, activation_scale) = rules.input_scaling(&range.channel_max, rule);
    let weight = shift_columns(&linear.weight, &shifts);
    let mut weight_scale = weight_scales(rules, &weight);
    // Sums of a coarser scale hold larger biases.
    let (fraction, bits) = (2 * target.operand.fraction_bits() as i32 - activation_scale, rules.bias_bits(target));
    for (scale, &bias) in weight_scale.iter_mut().zip(&linear.bias) {
        while integer_bits(integer_bias(bias, fraction - *scale)) > bits {
            *scale += 1;
        }
    }
    let mut codes = Codes::zeros(outputs, inputs);
    for (j, row) in codes.data.chunks_exact_mut(inputs.max(1)).enumerate() {
        for (code, &w) in row.iter_mut().zip(weight.row(j)) {
            *code = target.operand.quantize(w.into(), weight_scale[j]);
        }
    }
    let mut layer = QuantisedLinear {
        name: name.into(),
        operand: target.operand,
        result: target.result,
        accumulator_bits: target.accumulator_bits,
        weight: codes,
        weight_scale,
        bias: Vec::new(),
        activation_scale,
        channel_shifts: shifts,
        result_scale: target.result.scale_for(range.output_max.into()),
        requantise_shift: Vec::new(),
        function: Activation::Identity,
        activation_shift: 0,
        static_bits: 0,
    };
    let bias = |(output, &bias): (usize, &f32)| integer_bias(bias, layer.sum_scale(output)) as i64;
    layer.bias = linear.bias.iter().enumerate().map(bias).collect();
    layer.requantise_shift = layer.shifts()?;
    layer.static_bits = layer.check_overflow()?;
    Ok(layer)
}

/// k_c = max(0, ⌊log2 max_c⌋ − ⌊log2 q90⌋), at most 3, where q90 is the 90th percentile (nearest rank) of the
/// channels' maxima.
#[must_use]
pub fn channel_shifts(channel_max: &[f32]) -> Vec<u8> {
    let mut sorted = channel_max.to_vec();
    sorted.sort_by(f32::total_cmp);
    let rank = (sorted.len() * 9).div_ceil(10).saturating_sub(1);
    let Some(usual) = sorted.get(rank).copied().filter(|&q90| q90 > 0.0) else {
        return vec![0; channel_max.len()];
    };
    let octave = |x: f32| f64::from(x).log2().floor() as i32;
    let shift =
        |&max: &f32| if max > 0.0 { (octave(max) - octave(usual)).clamp(0, LARGEST_CHANNEL_SHIFT.into()) } else { 0 };
    channel_max.iter().map(|max| shift(max) as u8).collect()
}

/// Multiplies input column c by 2^k_c.
fn shift_columns(weight: &Matrix, shifts: &[u8]) -> Matrix {
    let mut shifted = weight.clone();
    for row in shifted.data.chunks_exact_mut(weight.cols.max(1)) {
        row.iter_mut().zip(shifts).for_each(|(w, &k)| *w *= f32::from(1u8 << k));
    }
    shifted
}

/// A scale per output, which its bias may still make coarser. An output without weights takes the matrix's, so that its bias keeps its bits.
fn weight_scales(rules: &Rules, weight: &Matrix) -> Vec<i32> {
    let whole = weight.max_magnitude();
    (0..weight.rows)
        .map(|j| match max_magnitude(weight.row(j)) {
            max if max > 0.0 && rules.weights_by_output => rules.weight_scale(max),
            _ => rules.weight_scale(whole),
        })
        .collect()
}

/// [`Rules::input_scaling`] of a format.
#[must_use]
pub fn input_scaling(operand: Format, channel_max: &[f32], rule: InputRule) -> (Vec<u8>, i32) {
    Rules { operand, ..Rules::default() }.input_scaling(channel_max, rule)
}

impl QuantisedLinear {
    /// Fraction bits `s_j` of output j's sums.
    #[must_use]
    pub fn sum_scale(&self, output: usize) -> i32 {
        2 * self.operand.fraction_bits() as i32 - self.activation_scale - self.weight_scale[output]
    }

    /// What the codes of an output's weights stand for, without channel shifts.
    pub fn weights_of(&self, output: usize) -> impl Iterator<Item = f64> + '_ {
        let scale = self.weight_scale[output];
        let value = move |(&code, &k): (&u16, &u8)| self.operand.value(code, scale - i32::from(k));
        self.weight.row(output).iter().zip(&self.channel_shifts).map(value)
    }

    /// The layer with a function between sums and codes, and the scale of what comes of it.
    ///
    /// # Errors
    /// AE0710 when a shift does not fit.
    pub fn activated(mut self, function: Activation, result_scale: i32) -> Result<Self, ModelError> {
        (self.function, self.result_scale) = (function, result_scale);
        self.activation_shift = match function.domain() {
            Domain::Numbers => self.code_shift(NUMBER),
            Domain::Sums => 0,
        };
        self.requantise_shift = self.shifts()?;
        Ok(self)
    }

    /// The shift from an integer of so many fraction bits to a code.
    fn code_shift(&self, fraction_bits: i32) -> i32 {
        self.result_scale + fraction_bits
            - match self.result {
                Format::AdaptivFloat(_) => 0,
                Format::Fixed(f) => f.fraction_bits() as i32,
            }
    }

    fn shifts(&self) -> Result<Vec<i32>, ModelError> {
        let one = |output| {
            let shift = match self.function.domain() {
                Domain::Numbers => self.sum_scale(output) - NUMBER,
                Domain::Sums => self.code_shift(self.sum_scale(output)),
            };
            if !(-64..=63).contains(&shift) {
                return Err(ModelError::ShiftRange { layer: self.name.clone(), output, shift });
            }
            Ok(shift)
        };
        (0..self.weight.rows).map(one).collect()
    }

    /// The bits of the largest sum that any activations can make, or an error when the accumulator has fewer.
    fn check_overflow(&self) -> Result<u32, ModelError> {
        let largest = self.operand.max_significand().unsigned_abs();
        let bound = |output: usize| {
            let weights: u64 =
                self.weight.row(output).iter().map(|&w| self.operand.significand(w).unsigned_abs()).sum();
            u128::from(weights) * u128::from(largest) + u128::from(self.bias[output].unsigned_abs())
        };
        let worst = (0..self.weight.rows).map(|output| (bound(output), output)).max_by_key(|&(bound, _)| bound);
        let Some((bound, output)) = worst else { return Ok(1) };
        let needed = bits_for(bound);
        if needed > self.accumulator_bits {
            return Err(ModelError::Overflow {
                layer: self.name.clone(),
                output,
                bound,
                needed,
                bits: self.accumulator_bits,
            });
        }
        Ok(needed)
    }

    /// Quantises tokens × inputs activations, channel shifts included.
    ///
    /// # Errors
    /// AE0711 when the number of inputs differs.
    pub fn activations(&self, input: &Matrix) -> Result<Codes, ModelError> {
        if input.cols != self.weight.cols {
            return Err(ModelError::Shape(format!(
                "{}: activations of {} channels, the layer has {} inputs",
                self.name, input.cols, self.weight.cols
            )));
        }
        let mut codes = Codes::zeros(input.rows, input.cols);
        for (row, x) in codes.data.chunks_exact_mut(input.cols.max(1)).zip(input.data.chunks_exact(input.cols.max(1))) {
            for ((code, &x), &k) in row.iter_mut().zip(x).zip(&self.channel_shifts) {
                *code = self.operand.quantize(f64::from(x) / f64::from(1u8 << k), self.activation_scale);
            }
        }
        Ok(codes)
    }
}

/// A bias at the scale of sums, rounded to nearest.
fn integer_bias(bias: f32, sum_scale: i32) -> f64 {
    (f64::from(bias) * f64::from(sum_scale).exp2() + 0.5).floor()
}

/// Bits, with the sign, of an integer.
fn integer_bits(integer: f64) -> u32 {
    if integer < 0.0 { bits_for((-integer) as u128 - 1) } else { bits_for(integer as u128) }
}

/// Bits, with the sign, of a non-negative integer.
fn bits_for(x: u128) -> u32 {
    u128::BITS - x.leading_zeros() + 1
}
