//! How an encoder is quantised: the accelerator's way, and what is given up by another.

use super::{InputRule, LEAST_WEIGHT};
use crate::{ProcessingUnitTarget, Site};
use alberti_arith::Format;

/// The choices of a quantiser. What differs from the default, no accelerator runs: the encoder's equations
/// tell what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Format of codes, of up to 16 bits.
    pub operand: Format,
    /// Whether a tensor has a scale of its own, or all have that of the format alone.
    pub fitted: bool,
    /// Whether every output's weights have a scale of their own, or a matrix has one.
    pub weights_by_output: bool,
    /// Whether channels that stand out are divided by powers of two.
    pub channel_shifts: bool,
    /// Whether the top octave after GELU is given up.
    pub clipped: bool,
    /// Whether residual sums are codes, and not numbers in Q9.7.
    pub narrow_residual: bool,
    /// Whether a bias may have as many bits as the accumulator, and not those of the accelerator's port.
    pub wide_bias: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            operand: Format::AF8_3,
            fitted: true,
            weights_by_output: true,
            channel_shifts: true,
            clipped: true,
            narrow_residual: false,
            wide_bias: false,
        }
    }
}

impl Rules {
    /// The scale of a tensor with this largest magnitude.
    #[must_use]
    pub fn scale(&self, max_magnitude: f64) -> i32 {
        if self.fitted { self.operand.scale_for(max_magnitude) } else { 0 }
    }

    /// The scale of weights.
    pub(super) fn weight_scale(&self, max_magnitude: f32) -> i32 {
        self.scale(max_magnitude.into()).max(self.scale(LEAST_WEIGHT))
    }

    /// Bits that a bias may have.
    pub(super) fn bias_bits(&self, target: &ProcessingUnitTarget) -> u32 {
        if self.wide_bias { target.accumulator_bits } else { target.bias_bits() }
    }

    /// How the activations of a site are scaled.
    #[must_use]
    pub const fn input(&self, site: Site) -> InputRule {
        self.limited(InputRule::for_site(site))
    }

    /// What is left of a rule for activations.
    const fn limited(&self, rule: InputRule) -> InputRule {
        InputRule {
            channel_shifts: rule.channel_shifts && self.channel_shifts,
            clipped_octaves: if self.clipped { rule.clipped_octaves } else { 0 },
        }
    }

    /// k_c of each input channel, and the scale (of AdaptivFloat the exponent bias) of the codes after these
    /// shifts.
    #[must_use]
    pub fn input_scaling(&self, channel_max: &[f32], rule: InputRule) -> (Vec<u8>, i32) {
        let rule = self.limited(rule);
        let shifts = if rule.channel_shifts { super::channel_shifts(channel_max) } else { vec![0; channel_max.len()] };
        let max = channel_max.iter().zip(&shifts).fold(0.0f32, |max, (&x, &k)| max.max(x / f32::from(1u8 << k)));
        let scale = self.scale(max.into());
        let scale = match self.operand {
            Format::AdaptivFloat(_) => scale - i32::from(rule.clipped_octaves),
            // A fixed-point value past its range is lost, not merely coarse: nothing is clipped.
            Format::Fixed(_) => scale,
        };
        (shifts, scale)
    }
}
