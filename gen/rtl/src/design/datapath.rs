//! The processing unit's parameters, and whether its numbers can be right.

use super::{nearest::nearest, reader::Section};
use alberti_arith::{Activation, ActivationSet, Format};
use alberti_diagnostic::{Code, quote};
use serde::{Serialize, Serializer};

/// Most products of a sum.
const LONGEST_REDUCTION: u32 = 65536;
/// Operand formats that there are multipliers for.
pub const OPERANDS: [Format; 3] = [Format::AF8_3, Format::Q3_5, Format::Q3_13];
/// Block sparsities that there are selectors for.
const BLOCKS: [BlockSparsity; 3] = [
    BlockSparsity { nonzeros: 8, block: 16 },
    BlockSparsity { nonzeros: 4, block: 8 },
    BlockSparsity { nonzeros: 2, block: 4 },
];

/// The parameters of the processing unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Datapath {
    /// Lanes of the array, and multipliers of each lane: 2 to 64.
    pub n: u32,
    /// Format of weights and activations.
    #[serde(serialize_with = "by_name")]
    pub operand: Format,
    /// Format of results.
    #[serde(serialize_with = "by_name")]
    pub result: Format,
    /// Width of a sum in bits: 24 to 48, and enough for `reduction_max` products.
    pub accumulator_bits: u32,
    /// Rows of sums that the accumulator holds: n to 256.
    pub accumulator_rows: u32,
    /// Products of the longest sum, a multiple of n.
    pub reduction_max: u32,
    /// Registers between operands and sum: 1 to 3.
    pub pipeline: u32,
    /// Whether an all-zero vector leaves the operand registers as they are.
    pub zero_skip: bool,
    /// Block sparsity of the weights; `None` for dense ones.
    pub sparsity: Option<BlockSparsity>,
    /// Functions between sums and results.
    #[serde(skip_serializing_if = "is_identity", serialize_with = "as_asked")]
    pub activation: ActivationSet,
}

/// Of every `block` weights along the reduction at most `nonzeros` are not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct BlockSparsity {
    /// Weights of a block that are kept.
    pub nonzeros: u32,
    /// Weights of a block, twice `nonzeros`.
    pub block: u32,
}

fn by_name<S: Serializer>(format: &Format, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(format)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_identity(set: &ActivationSet) -> bool {
    *set == ActivationSet::IDENTITY
}

/// As a design writes it: a word, or a list of them.
fn as_asked<S: Serializer>(set: &ActivationSet, serializer: S) -> Result<S::Ok, S::Error> {
    let mut asked = set.asked().map(Activation::word);
    match (asked.next(), asked.next()) {
        (Some(word), None) => serializer.serialize_str(word),
        _ => serializer.collect_seq(set.asked().map(Activation::word)),
    }
}

/// A datapath as far as it could be read.
pub(crate) struct Draft {
    pub n: Option<u32>,
    pub operand: Option<Format>,
    pub result: Option<Format>,
    accumulator_bits: Option<u32>,
    accumulator_rows: Option<u32>,
    reduction_max: Option<u32>,
    pipeline: Option<u32>,
    zero_skip: Option<bool>,
    pub sparsity: Option<Option<BlockSparsity>>,
    pub activation: Option<ActivationSet>,
}

impl Draft {
    /// Reads and checks the section `datapath`.
    pub fn read(mut section: Section<'_>) -> Self {
        let n = section.integer("n", 2..=64, 16);
        let operand = operand(&mut section);
        let draft = Self {
            n,
            operand,
            result: result(&mut section, operand),
            accumulator_bits: section.integer("accumulator_bits", 24..=48, 37),
            accumulator_rows: section.integer("accumulator_rows", 2..=256, 128),
            reduction_max: section.integer("reduction_max", 2..=LONGEST_REDUCTION, 3072),
            pipeline: section.integer_or("pipeline", 1..=3, 2, Code::OutOfRange),
            zero_skip: section.flag_or("zero_skip", true),
            sparsity: sparsity(&mut section),
            activation: activation(&mut section),
        };
        draft.check_reduction(&section);
        draft.check_rows(&section);
        draft.check_accumulator(&section);
        draft.check_blocks(&section);
        section.finish();
        draft
    }

    /// The datapath, if all of it could be read.
    pub fn finish(self) -> Option<Datapath> {
        Some(Datapath {
            n: self.n?,
            operand: self.operand?,
            result: self.result?,
            accumulator_bits: self.accumulator_bits?,
            accumulator_rows: self.accumulator_rows?,
            reduction_max: self.reduction_max?,
            pipeline: self.pipeline?,
            zero_skip: self.zero_skip?,
            sparsity: self.sparsity?,
            activation: self.activation?,
        })
    }

    fn check_reduction(&self, section: &Section<'_>) {
        let (Some(n), Some(reduction)) = (self.n, self.reduction_max) else { return };
        if !reduction.is_multiple_of(n) {
            let (below, above) = (reduction / n * n, reduction.next_multiple_of(n));
            let message = format!(
                "`reduction_max` is {reduction}, not a multiple of n = {n}: \
                 a reduction is processed in tiles of {n} products"
            );
            let help = match (below, above) {
                (0, _) => format!("set reduction_max to {above}"),
                (_, ..=LONGEST_REDUCTION) => format!("set reduction_max to {below} or {above}"),
                _ => format!("set reduction_max to {below}"),
            };
            section.push("reduction_max", Code::ReductionNotMultiple, message, help);
        }
    }

    fn check_rows(&self, section: &Section<'_>) {
        let (Some(n), Some(rows)) = (self.n, self.accumulator_rows) else { return };
        if rows < n {
            let message = format!(
                "`accumulator_rows` is {rows}, less than n = {n}: \
                 loading a weight tile takes {n} cycles, in which the array has only {rows} rows to process"
            );
            let help = format!(
                "set accumulator_rows to at least {n}; with 128 a tile is used several times as long as it takes to load"
            );
            section.push("accumulator_rows", Code::TooFewRows, message, help);
        }
    }

    fn check_accumulator(&self, section: &Section<'_>) {
        let (Some(n), Some(operand)) = (self.n, self.operand) else { return };
        let (Some(bits), Some(products)) = (self.accumulator_bits, self.reduction_max) else { return };
        let needed = operand.sum_bits(products.into());
        if needed > bits {
            let fit = operand.exact_products(bits);
            let tiles = u32::try_from(fit).unwrap_or(u32::MAX) / n * n;
            let shorter = if tiles == 0 { String::new() } else { format!(", or reduction_max to at most {tiles}") };
            section.push(
                "accumulator_bits",
                Code::AccumulatorOverflow,
                format!(
                    "the accumulator can overflow: \
                     {products} products of at most {} bits need {needed} bits, it has {bits}",
                    operand.product_bits()
                ),
                format!("at most {fit} products fit in {bits} bits; set accumulator_bits to {needed}{shorter}"),
            );
        } else if bits > (needed + 1).max(24) {
            let enough = needed.max(24);
            section.push(
                "accumulator_bits",
                Code::AccumulatorTooWide,
                format!(
                    "the accumulator is wider than it needs to be: \
                     {products} products of at most {} bits need {needed} bits, it has {bits}",
                    operand.product_bits()
                ),
                match (needed + 1).max(24) {
                    more if more > enough => {
                        format!("set accumulator_bits to {enough}, or to {more} if a bias can be as large as the sum")
                    }
                    _ => format!("set accumulator_bits to {enough}"),
                },
            );
        }
    }

    fn check_blocks(&self, section: &Section<'_>) {
        let (Some(n), Some(Some(sparsity))) = (self.n, self.sparsity) else { return };
        let nonzeros = sparsity.nonzeros;
        if !n.is_multiple_of(nonzeros) {
            let message = format!(
                "n = {n} is not a multiple of {nonzeros}, the non-zeros of a block: a block would be split between two tiles"
            );
            let smaller = BLOCKS.iter().find(|choice| n.is_multiple_of(choice.nonzeros));
            let other =
                smaller.map_or_else(String::new, |b| format!(", or choose blocks of {}:{}", b.nonzeros, b.block));
            let help = format!("set n to {}{other}", n.next_multiple_of(nonzeros));
            section.push("sparsity.nonzeros", Code::LanesNotBlocks, message, help);
        }
    }
}

fn operand(section: &mut Section<'_>) -> Option<Format> {
    let text = section.text("operand", "af8_3")?;
    let format = format(section, "operand", text)?;
    if OPERANDS.contains(&format) {
        return Some(format);
    }
    let message = format!("there is no multiplier for operands in {format}");
    section.push("operand", Code::OperandUnsupported, message, format!("choose {}", names(&OPERANDS)));
    None
}

/// Reads the result format; by default that of the operands.
fn result(section: &mut Section<'_>, operand: Option<Format>) -> Option<Format> {
    let Some(text) = section.optional_text("result", "af8_3")? else { return operand };
    let result = format(section, "result", text)?;
    let why = match (operand, result) {
        (_, Format::Fixed(_)) => return Some(result),
        (_, Format::AdaptivFloat(_)) if result != Format::AF8_3 => "the only AdaptivFloat format of results is af8_3",
        (Some(Format::Fixed(_)), _) => "no unit reads AdaptivFloat if the operands are fixed point",
        _ => return Some(result),
    };
    let help = match operand {
        Some(operand) => {
            format!("leave `result` out to get {operand}, or choose a fixed point of 8 or 16 bits such as q9.7")
        }
        None => "leave `result` out to get the operands' format, or choose a fixed point of 8 or 16 bits such as q9.7"
            .to_owned(),
    };
    section.push("result", Code::ResultUnsupported, format!("results cannot be {result}: {why}"), help);
    None
}

fn format(section: &Section<'_>, key: &str, text: &str) -> Option<Format> {
    match text.parse::<Format>() {
        Ok(format) => Some(format),
        Err(_) => {
            let known = OPERANDS.map(|format| format.to_string());
            let help = match nearest(text, known.iter().map(String::as_str)) {
                Some(name) => format!("did you mean {name}?"),
                None if key == "operand" => format!("choose {}", names(&OPERANDS)),
                None => "write af8_3, or q<integer bits>.<fraction bits> with 8 or 16 bits in total, such as q3.5"
                    .to_owned(),
            };
            section.push(key, Code::UnknownWord, format!("{} is not a number format", quote(text)), help);
            None
        }
    }
}

fn names(formats: &[Format]) -> String {
    formats.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Reads `activation`; left out, there is none.
fn activation(section: &mut Section<'_>) -> Option<ActivationSet> {
    let sets = section.words("activation", "activation", &activation_words())?;
    Some(sets.into_iter().fold(ActivationSet::IDENTITY, ActivationSet::or))
}

/// The words of `activation` and the functions that they ask for.
pub fn activation_words() -> Vec<(&'static str, ActivationSet)> {
    let asked = Activation::ALL.iter().map(|&function| match function {
        Activation::Identity => ("none", ActivationSet::IDENTITY),
        other => (other.word(), other.into()),
    });
    asked.collect()
}

/// Reads `sparsity`; left out, or of kind none, the weights are dense.
fn sparsity(section: &mut Section<'_>) -> Option<Option<BlockSparsity>> {
    let example = "{kind: block, nonzeros: 8, block: 16}";
    let Some(mut inner) = section.optional_section_of("sparsity", example)? else { return Some(None) };
    let kind = inner.text("kind", "block");
    let sparsity = match kind {
        Some("block") => blocks(&mut inner).map(Some),
        Some("none") => dense(&mut inner).then_some(None),
        Some(other) => {
            let help = match nearest(other, ["none", "block"]) {
                Some(kind) => format!("did you mean `kind: {kind}`?"),
                None => "write `kind: none`, or `{kind: block, nonzeros: 8, block: 16}`".to_owned(),
            };
            inner.push("kind", Code::UnknownWord, format!("{} is not a kind of sparsity", quote(other)), help);
            inner.know(["nonzeros", "block"]);
            None
        }
        None => {
            inner.know(["nonzeros", "block"]);
            None
        }
    };
    inner.finish();
    sparsity
}

fn blocks(section: &mut Section<'_>) -> Option<BlockSparsity> {
    let nonzeros = section.integer("nonzeros", 1..=64, 8);
    let block = section.integer("block", 2..=128, 16);
    let sparsity = BlockSparsity { nonzeros: nonzeros?, block: block? };
    if BLOCKS.contains(&sparsity) {
        return Some(sparsity);
    }
    let message = format!("blocks of {}:{} are not supported", sparsity.nonzeros, sparsity.block);
    let help = "choose 8:16, which loses least accuracy, 4:8 or 2:4";
    section.push("nonzeros", Code::SparsityUnsupported, message, help);
    None
}

/// Whether a section of kind none has no block sizes.
fn dense(section: &mut Section<'_>) -> bool {
    let unused: Vec<_> = ["nonzeros", "block"].into_iter().filter(|key| section.get(key).is_some()).collect();
    for key in &unused {
        let message = format!("`{key}` has no meaning with `kind: none`: the weights are dense");
        section.push(key, Code::SparsityKeysUnused, message, format!("remove `{key}`, or write `kind: block`"));
    }
    unused.is_empty()
}
