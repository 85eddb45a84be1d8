//! The special function units beside the processing unit, each there only when the design asks for it.

use super::reader::Section;
use alberti_arith::Format;
use alberti_diagnostic::Code;
use serde::Serialize;

/// The special function units of a design.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Units {
    /// Attention probabilities.
    pub softmax: Option<SoftmaxUnit>,
    /// Layer norm.
    pub layernorm: Option<LayerNormUnit>,
    /// Residual add and scale.
    pub elementwise: Option<ElementwiseUnit>,
    /// Early exit.
    pub entropy: Option<EntropyUnit>,
    /// The largest of a row, with their positions.
    pub top_k: Option<TopKUnit>,
    /// Weights of a sparse hierarchical memory.
    pub hierarchical_softmax: Option<HierarchicalSoftmaxUnit>,
}

/// Parameters of `softmax`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SoftmaxUnit {
    /// Elements a cycle: a divisor of n.
    pub lanes: u32,
    /// Longest row, a multiple of the lanes: up to 4096.
    pub length_max: u32,
    /// Whether the unit keeps its rows; else they are sent twice.
    pub row_buffer: bool,
    /// Whether distances are taken from the row's maximum, found in a pass of its own, or from the one so
    /// far.
    pub maximum: Maximum,
}

/// Where distances are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Maximum {
    /// The row's maximum: one pass more.
    Row,
    /// The maximum so far, in whole octaves.
    #[default]
    Running,
}

impl Maximum {
    /// Every maximum and its word.
    pub const WORDS: [(&str, Self); 2] = [("running", Self::Running), ("row", Self::Row)];
}

/// Parameters of `layernorm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LayerNormUnit {
    /// Elements a cycle: a divisor of n.
    pub lanes: u32,
    /// Most channels of a row: 2 to 8192.
    pub length_max: u32,
    /// Whether the unit keeps its rows; else they are sent twice.
    pub row_buffer: bool,
}

/// Parameters of `elementwise`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ElementwiseUnit {
    /// Elements a cycle: a divisor of n.
    pub lanes: u32,
}

/// Parameters of `entropy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EntropyUnit {
    /// Most classes: 2 to 64.
    pub classes_max: u32,
}

/// Parameters of `top_k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TopKUnit {
    /// Longest row: 2 to 64.
    pub length_max: u32,
    /// How many of it are found: 1 to `length_max`; with 1 it is argmax.
    pub k: u32,
}

/// Parameters of `hierarchical_softmax`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HierarchicalSoftmaxUnit {
    /// Most parents: 2 to 64.
    pub parents_max: u32,
    /// Most children of a parent: 1 to 16.
    pub children_max: u32,
}

impl Units {
    /// Reads and checks the section `units` of a design with n lanes.
    pub(crate) fn read(mut section: Section<'_>, n: Option<u32>, operand: Option<Format>) -> Option<Self> {
        let softmax = section.optional_section("softmax").map(|unit| unit.map(|unit| SoftmaxUnit::read(unit, n)));
        let layernorm = section.optional_section("layernorm").map(|unit| unit.map(|unit| LayerNormUnit::read(unit, n)));
        let elementwise =
            section.optional_section("elementwise").map(|unit| unit.map(|unit| ElementwiseUnit::read(unit, n)));
        let entropy = section.optional_section("entropy").map(|unit| unit.map(EntropyUnit::read));
        let top_k = section.optional_section("top_k").map(|unit| unit.map(TopKUnit::read));
        let hierarchical_softmax =
            section.optional_section("hierarchical_softmax").map(|unit| unit.map(HierarchicalSoftmaxUnit::read));
        for (key, present) in [
            ("softmax", softmax.is_some_and(|u| u.is_some())),
            ("layernorm", layernorm.is_some_and(|u| u.is_some())),
            ("hierarchical_softmax", hierarchical_softmax.is_some_and(|u| u.is_some())),
        ] {
            let Some(operand @ Format::Fixed(_)) = operand.filter(|_| present) else { continue };
            let message = format!(
                "`{key}` produces af8_3 codes, which cannot be operands of this array: its operands are {operand}"
            );
            section.push(key, Code::UnitFormat, message, format!("remove `{key}`, or set datapath.operand to af8_3"));
        }
        section.finish();
        Some(Self {
            softmax: whole(softmax?)?,
            layernorm: whole(layernorm?)?,
            elementwise: whole(elementwise?)?,
            entropy: whole(entropy?)?,
            top_k: whole(top_k?)?,
            hierarchical_softmax: whole(hierarchical_softmax?)?,
        })
    }
}

/// A unit that is left out is nothing amiss; one that could not be read is.
fn whole<T>(unit: Option<Option<T>>) -> Option<Option<T>> {
    unit.map_or(Some(None), |unit| unit.map(Some))
}

impl SoftmaxUnit {
    fn read(mut section: Section<'_>, n: Option<u32>) -> Option<Self> {
        let lanes = lanes(&mut section, n);
        let length_max = section.integer("length_max", 2..=4096, 128);
        let length_max = length_max.filter(|&length| lanes.is_none_or(|lanes| whole_vectors(&section, length, lanes)));
        let row_buffer = section.flag_or("row_buffer", true);
        let maximum = section.word_or_default("maximum", "kind of maximum", Maximum::WORDS);
        if maximum == Some(Maximum::Row) && row_buffer == Some(false) {
            let message = "`maximum: row` finds the maximum in a pass of its own, which needs a row buffer".to_owned();
            let help =
                "set `maximum: running`, which is as accurate and saves the pass, or `row_buffer: true`".to_owned();
            section.push("maximum", Code::MaximumNeedsBuffer, message, help);
        }
        section.finish();
        Some(Self { lanes: lanes?, length_max: length_max?, row_buffer: row_buffer?, maximum: maximum? })
    }
}

/// Rows come in vectors of as many elements as a unit has lanes: n, or a part of it.
fn lanes(section: &mut Section<'_>, n: Option<u32>) -> Option<u32> {
    let Some(n) = n else {
        section.integer_or("lanes", 2..=64, 2, Code::OutOfRange);
        return None;
    };
    let lanes = section.integer_or("lanes", 2..=n, n, Code::OutOfRange)?;
    if n.is_multiple_of(lanes) {
        return Some(lanes);
    }
    let divisors: Vec<_> = (2..=n).filter(|&lanes| n.is_multiple_of(lanes)).collect();
    let message = format!("`lanes` is {lanes}, not a divisor of n = {n}: a unit processes vectors of n in equal parts");
    section.push("lanes", Code::LanesNotPart, message, format!("set lanes to one of {divisors:?}"));
    None
}

/// Buffers hold whole vectors.
fn whole_vectors(section: &Section<'_>, length: u32, lanes: u32) -> bool {
    if length.is_multiple_of(lanes) {
        return true;
    }
    let message = format!(
        "`length_max` is {length}, not a multiple of the unit's {lanes} lanes: rows arrive in vectors of {lanes}"
    );
    let help = format!("set length_max to {}; rows may have any length up to it", length.next_multiple_of(lanes));
    section.push("length_max", Code::LengthNotMultiple, message, help);
    false
}

impl LayerNormUnit {
    fn read(mut section: Section<'_>, n: Option<u32>) -> Option<Self> {
        let lanes = lanes(&mut section, n);
        let length_max = section.integer("length_max", 2..=8192, 768);
        let row_buffer = section.flag_or("row_buffer", true);
        section.finish();
        Some(Self { lanes: lanes?, length_max: length_max?, row_buffer: row_buffer? })
    }
}

impl ElementwiseUnit {
    fn read(mut section: Section<'_>, n: Option<u32>) -> Option<Self> {
        let lanes = lanes(&mut section, n);
        section.finish();
        Some(Self { lanes: lanes? })
    }
}

impl EntropyUnit {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let classes_max = section.integer_or("classes_max", 2..=64, 16, Code::OutOfRange);
        section.finish();
        Some(Self { classes_max: classes_max? })
    }
}

impl TopKUnit {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let length_max = section.integer_or("length_max", 2..=64, 64, Code::OutOfRange);
        let k = section.integer_or("k", 1..=64, 1, Code::OutOfRange);
        let k = k.filter(|&k| {
            let fits = length_max.is_none_or(|length| k <= length);
            if !fits {
                let length = length_max.unwrap_or_default();
                let message = format!("`k` is {k}, more than the {length} elements of the longest row");
                section.push("k", Code::MoreThanTheRow, message, format!("set k to at most {length}"));
            }
            fits
        });
        section.finish();
        Some(Self { length_max: length_max?, k: k? })
    }
}

impl HierarchicalSoftmaxUnit {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let parents_max = section.integer_or("parents_max", 2..=64, 16, Code::OutOfRange);
        let children_max = section.integer_or("children_max", 1..=16, 4, Code::OutOfRange);
        section.finish();
        Some(Self { parents_max: parents_max?, children_max: children_max? })
    }
}
