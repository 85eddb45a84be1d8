//! The choices that a sweep goes through.

use super::Choice;
use crate::{prune::Pruning, quantise::Rules};
use alberti_arith::{AdaptivFloat, Format};

/// What choices have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Simplifications of the quantiser.
    Shortcuts,
    /// Formats of codes.
    Formats,
    /// Sparsities.
    Pruning,
    /// Widths of adapters.
    Adapters,
}

impl Group {
    /// All groups, in their order.
    pub const ALL: [Self; 4] = [Self::Shortcuts, Self::Formats, Self::Pruning, Self::Adapters];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shortcuts => "shortcuts",
            Self::Formats => "formats",
            Self::Pruning => "pruning",
            Self::Adapters => "adapters",
        }
    }

    /// Its choices: `sparsities` are those of [`Self::Pruning`], `widths` those of [`Self::Adapters`].
    #[must_use]
    pub fn choices(self, sparsities: &[Pruning], widths: &[u16]) -> Vec<Choice> {
        match self {
            Self::Shortcuts => shortcuts(),
            Self::Formats => formats(),
            Self::Pruning => pruning(sparsities),
            Self::Adapters => adapters(widths),
        }
    }
}

fn shortcuts() -> Vec<Choice> {
    let rules = Rules::default();
    vec![
        Choice::accelerator("the accelerator's own way"),
        Choice::by("no clipped octave after GELU", Rules { clipped: false, ..rules }),
        Choice::by("no shifts of channels", Rules { channel_shifts: false, ..rules }),
        Choice::by("one scale for a matrix", Rules { weights_by_output: false, ..rules }),
        Choice::by("residual stream of 8 bits", Rules { narrow_residual: true, ..rules }),
        Choice::by(
            "all of these",
            Rules { clipped: false, channel_shifts: false, weights_by_output: false, narrow_residual: true, ..rules },
        ),
    ]
}

fn formats() -> Vec<Choice> {
    let float = |bits, exponent| AdaptivFloat::new(bits, exponent).map(Format::AdaptivFloat).ok();
    let floats = [(8, 2), (8, 3), (8, 4), (7, 3), (6, 3), (5, 3)].map(|(bits, exponent)| float(bits, exponent));
    let with = |operand: Format| Rules { operand, ..Rules::default() };
    let mut all: Vec<Choice> =
        floats.into_iter().flatten().map(|format| Choice::by(format.to_string(), with(format))).collect();
    for format in [Format::Q3_5, Format::Q3_13] {
        let fixed = with(format);
        let range = Rules { fitted: false, channel_shifts: false, narrow_residual: true, ..fixed };
        let matrix = Rules { weights_by_output: false, ..fixed };
        all.push(Choice::by(format!("{format}, a scale for each tensor and output"), fixed));
        all.push(Choice::by(format!("{format}, a scale for each tensor"), matrix));
        all.push(Choice::by(format!("{format}, within -4 to 4 throughout"), range));
    }
    all
}

fn pruning(sparsities: &[Pruning]) -> Vec<Choice> {
    let weights =
        sparsities.iter().map(|&weights| Choice { weights, ..Choice::accelerator(format!("layers {weights}")) });
    let half = Pruning::Unstructured(0.5);
    let both = Choice { weights: half, embeddings: half, ..Choice::accelerator("layers and tables 50 %") };
    weights.chain([both]).collect()
}

fn adapters(widths: &[u16]) -> Vec<Choice> {
    let choice = |&width: &u16| Choice { adapter: width.into(), ..Choice::accelerator(format!("adapters of {width}")) };
    widths.iter().map(choice).collect()
}
