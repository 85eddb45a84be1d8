//! What is found, as data.

use serde::Serialize;

/// Everything that was found of one unit, or of several.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// Distances of results.
    pub errors: Vec<ErrorLine>,
    /// Probability mass.
    pub masses: Vec<Mass>,
    /// What was rounded, and what that did beyond rounding.
    pub roundings: Vec<Rounded>,
    /// Channels of the layer norms by their shift.
    pub channel_shifts: Option<ChannelShifts>,
    /// Decisions that `f64` makes otherwise.
    pub decisions: Vec<Decisions>,
    /// What a unit was not given, and why.
    pub omissions: Vec<String>,
}

impl Findings {
    /// Appends what was found of another unit.
    pub(super) fn extend(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.masses.extend(other.masses);
        self.roundings.extend(other.roundings);
        if let Some(shifts) = other.channel_shifts {
            self.channel_shifts.get_or_insert_default().add(&shifts);
        }
        self.decisions.extend(other.decisions);
        self.omissions.extend(other.omissions);
    }
}

/// The inputs that the `f64` function was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inputs {
    /// Those of the unit: rounded.
    Rounded,
    /// Those that were rounded for the unit.
    F32,
}

/// The distance of a unit's results from `f64`.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorLine {
    /// The unit.
    pub unit: &'static str,
    /// Whose rows.
    #[serde(rename = "of")]
    pub sample: &'static str,
    /// The format of its results.
    pub result: &'static str,
    /// What `f64` was given.
    pub inputs: Inputs,
    /// Rows compared.
    pub rows: u64,
    /// Values compared.
    pub values: u64,
    /// max |x − e|.
    pub max_abs_error: f64,
    /// The same in last places of the result; of AdaptivFloat in mantissa places of e, where the format
    /// reaches.
    pub max_error_places: f64,
    /// mean |x − e|.
    pub mean_abs_error: f64,
    /// √(mean (x − e)²).
    pub rms_error: f64,
    /// The same over the standard deviation of e.
    pub rms_error_per_deviation: f64,
    /// Mean cosine of a row of results to what it should be.
    pub mean_cosine: f64,
    /// The row that is furthest off.
    pub worst_cosine: f64,
    /// The largest error as a share of what docs/arithmetic.md promises, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_bound: Option<f64>,
}

/// What the probabilities of a row lack to one.
#[derive(Clone, Debug, Serialize)]
pub struct Mass {
    /// The unit.
    pub unit: &'static str,
    /// Whose rows.
    #[serde(rename = "of")]
    pub sample: &'static str,
    /// The format of the probabilities.
    pub result: &'static str,
    /// Rows summed.
    pub rows: u64,
    /// mean (1 − Σp).
    pub mean_lost: f64,
    /// max (1 − Σp).
    pub worst_lost: f64,
    /// max (Σp − 1), zero when no row gains.
    pub worst_gained: f64,
    /// The largest |1 − Σp| as a share of what docs/arithmetic.md promises, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_bound: Option<f64>,
}

/// What became of numbers in a format.
#[derive(Clone, Debug, Serialize)]
pub struct Rounded {
    /// The unit.
    pub unit: &'static str,
    /// Whose they are.
    #[serde(rename = "of")]
    pub sample: &'static str,
    /// What they are.
    pub what: &'static str,
    /// The format.
    pub format: &'static str,
    /// How many there are.
    pub values: u64,
    /// The largest magnitude before rounding.
    pub max_magnitude: f64,
    /// Those past the format's ends.
    pub saturated: u64,
    /// Those other than zero that became zero.
    pub vanished: u64,
}

/// How many channels of the layer norms are divided by 1, 2, 4 and 8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChannelShifts {
    /// Layer norms with a linear layer after them: those have codes.
    pub norms: usize,
    /// Channels by k_c.
    pub channels_by_shift: [usize; 4],
}

impl ChannelShifts {
    fn add(&mut self, other: &Self) {
        self.norms += other.norms;
        self.channels_by_shift.iter_mut().zip(other.channels_by_shift).for_each(|(sum, count)| *sum += count);
    }
}

/// Decisions of a unit beside those of `f64`.
#[derive(Clone, Debug, Serialize)]
pub struct Decisions {
    /// The unit.
    pub unit: &'static str,
    /// Where the logits come from.
    pub logits: &'static str,
    /// Logits of a decision.
    pub classes: usize,
    /// Decisions made.
    pub decisions: u64,
    /// Those that differ on the same rounded logits.
    pub differ_rounded: u64,
    /// Those that differ from what the logits decide before rounding.
    pub differ_f64: u64,
    /// The largest error of the entropy on rounded logits, where the decision is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_error_nats: Option<f64>,
    /// The same as a share of what docs/arithmetic.md promises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_bound: Option<f64>,
}
