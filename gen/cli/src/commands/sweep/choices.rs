//! What is varied.

use super::Arguments;
use alberti_arith::{AdaptivFloat, Format};
use alberti_model::{prune::Pruning, quantise::Rules, sweep::Choice};
use clap::ValueEnum;

/// What choices have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Group {
    /// Simplifications of the quantiser
    Shortcuts,
    /// Formats of codes
    Formats,
    /// Sparsities
    Pruning,
    /// Widths of adapters
    Adapters,
}

impl Group {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shortcuts => "shortcuts",
            Self::Formats => "formats",
            Self::Pruning => "pruning",
            Self::Adapters => "adapters",
        }
    }
}

/// All choices of some groups, in their order.
pub fn choices(arguments: &Arguments, groups: &[Group]) -> Vec<(Group, Choice)> {
    let of = |group: &Group| -> Vec<Choice> {
        match group {
            Group::Shortcuts => shortcuts(),
            Group::Formats => formats(),
            Group::Pruning => pruning(&arguments.sparsities),
            Group::Adapters => adapters(&arguments.adapters),
        }
    };
    groups.iter().flat_map(|group| of(group).into_iter().map(|choice| (*group, choice))).collect()
}

fn shortcuts() -> Vec<Choice> {
    let rules = Rules::default();
    vec![
        Choice::accelerator("the accelerator's own way"),
        Choice::by("no clipped octave behind GELU", Rules { clipped: false, ..rules }),
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
    let of = |&width: &u16| Choice { adapter: width.into(), ..Choice::accelerator(format!("adapters of {width}")) };
    widths.iter().map(of).collect()
}
