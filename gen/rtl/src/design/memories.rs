//! The memories that the processing unit's value ports address.

use super::reader::Section;
use alberti_diagnostic::Code;
use serde::Serialize;

/// The memories of a design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memories {
    /// Weights: at least one tile of n × n.
    pub weight: ValueMemory,
    /// Masks of the weights; `None` where they come as a stream from elsewhere.
    pub weight_masks: Option<MaskMemory>,
    /// Activations: at least one row of n. Their masks arrive as a stream.
    pub activation: ValueMemory,
    /// Results, written only while the accelerator works: its latency is one cycle.
    pub result: ValueMemory,
}

/// A memory of packed codes, n to a word: value v is lane v mod n of word v div n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ValueMemory {
    /// Capacity in codes, a multiple of n.
    pub values: u32,
    /// Cycles from the enable to the data: 1 to 8.
    pub latency: u32,
    /// How its bits are stored.
    #[serde(flatten)]
    pub storage: Storage,
}

/// A memory of pointer and mask words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct MaskMemory {
    /// Capacity in words.
    pub words: u32,
    /// Cycles from the enable to the data: 1 to 8.
    pub latency: u32,
    /// What guards a word.
    pub ecc: Ecc,
    /// How its bits are stored.
    #[serde(flatten)]
    pub storage: Storage,
}

/// How a memory stores its bits, and what of macros it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Storage {
    /// Which kind of macros it is made of.
    pub kind: MemoryKind,
    /// Bits in a cell: 1, or up to 4 in RRAM.
    pub bits_per_cell: u32,
    /// Which level stands for which bits of a cell.
    pub coding: Coding,
    /// Which bits of a word share a cell.
    pub placing: Placing,
    /// What its macros are chosen for.
    pub optimise: Optimise,
}

/// The level of a cell for its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// Neighbouring levels differ in one bit: bits b are level l with b = l ^ l >> 1.
    #[default]
    Gray,
    /// The bits are the level's number.
    Binary,
}

impl Coding {
    /// Every coding and its word.
    pub const WORDS: [(&str, Self); 2] = [("gray", Self::Gray), ("binary", Self::Binary)];
}

/// The bits of a word that share a cell, of b bits; a word has C cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Placing {
    /// Bits c·b to c·b + b − 1 lie in cell c.
    #[default]
    Adjacent,
    /// Bit i is bit i div C of cell i mod C: a cell mixes bits of high and of low weight.
    Spread,
}

impl Placing {
    /// Every placing and its word.
    pub const WORDS: [(&str, Self); 2] = [("adjacent", Self::Adjacent), ("spread", Self::Spread)];
}

/// What guards the words of a memory against faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ecc {
    /// Nothing.
    #[default]
    None,
    /// An extended Hamming code: corrects one bit, detects two.
    Secded,
}

impl Ecc {
    /// Every code and its word.
    pub const WORDS: [(&str, Self); 2] = [("none", Self::None), ("secded", Self::Secded)];

    /// Bits that it adds to a word of so many.
    #[must_use]
    pub fn check_bits(self, bits: u32) -> u32 {
        match self {
            Self::None => 0,
            Self::Secded => alberti_arith::secded::word_bits(bits) - bits,
        }
    }
}

/// How a memory stores its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryKind {
    /// Static RAM: read and written at the clock.
    #[default]
    Sram,
    /// Resistive RAM: not volatile, read at the clock, written slowly and a limited number of times.
    Rram,
}

impl MemoryKind {
    /// Every kind and its word.
    pub const WORDS: [(&str, Self); 2] = [("sram", Self::Sram), ("rram", Self::Rram)];

    /// Its word in a design.
    #[must_use]
    pub const fn word(self) -> &'static str {
        Self::WORDS[self as usize].0
    }
}

/// What the macros of a memory are chosen for. Of equals the smaller counts, then the one of less energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimise {
    /// The least area.
    #[default]
    Area,
    /// The least energy of an access.
    Energy,
    /// The least latency.
    Latency,
}

impl Optimise {
    /// Every aim and its word.
    pub const WORDS: [(&str, Self); 3] = [("area", Self::Area), ("energy", Self::Energy), ("latency", Self::Latency)];

    /// Its word in a design.
    #[must_use]
    pub const fn word(self) -> &'static str {
        Self::WORDS[self as usize].0
    }
}

impl Memories {
    /// Reads and checks the section `memories` of a design with n lanes.
    pub(crate) fn read(mut section: Section<'_>, n: Option<u32>) -> Option<Self> {
        let tile = n.map(|n| (n * n, format!("one weight tile of {n} × {n} codes")));
        let row = n.map(|n| (n, format!("one row of {n} codes")));
        let weight = section.section("weight", "values, and latency if it is not 1");
        let weight = weight.and_then(|mut memory| {
            let masks = memory.optional_section("masks");
            let masks = masks.and_then(|masks| masks.map_or(Some(None), |masks| MaskMemory::read(masks, n).map(Some)));
            let values = ValueMemory::read(memory, n, tile.as_ref(), true);
            Some((values?, masks?))
        });
        let activation = section.section("activation", "values, and latency if it is not 1");
        let activation = activation.and_then(|memory| ValueMemory::read(memory, n, row.as_ref(), true));
        let result = section.section("result", "values");
        let result = result.and_then(|memory| ValueMemory::read(memory, n, row.as_ref(), false));
        section.finish();
        let (weight, weight_masks) = weight?;
        Some(Self { weight, weight_masks, activation: activation?, result: result? })
    }
}

impl ValueMemory {
    fn read(mut section: Section<'_>, n: Option<u32>, least: Option<&(u32, String)>, is_read: bool) -> Option<Self> {
        let values = section.count("values", 65536).and_then(|values| capacity(&section, values, n?, least?));
        let latency = match is_read {
            true => latency(&mut section),
            false => Some(1),
        };
        let storage = Storage::read(&mut section);
        section.finish();
        Some(Self { values: values?, latency: latency?, storage: storage? })
    }
}

impl MaskMemory {
    fn read(mut section: Section<'_>, n: Option<u32>) -> Option<Self> {
        let least = n.map(|n| n + 1);
        let words = section.integer("words", 1..=1 << 28, 65536).and_then(|words| {
            let least = least?;
            if words < least {
                let message = format!(
                    "a memory of {words} masks is too small: it must hold at least one weight tile, a pointer and {} masks",
                    least - 1
                );
                section.push("words", Code::CapacityTooSmall, message, format!("set words to at least {least}"));
                return None;
            }
            Some(words)
        });
        let latency = latency(&mut section);
        let ecc = section.word_or_default("ecc", "kind of error correction", Ecc::WORDS);
        let storage = Storage::read(&mut section);
        section.finish();
        Some(Self { words: words?, latency: latency?, ecc: ecc?, storage: storage? })
    }
}

fn latency(section: &mut Section<'_>) -> Option<u32> {
    section.integer_or("latency", 1..=8, 1, Code::LatencyOutOfRange)
}

impl Storage {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        let kind = section.word_or_default("kind", "kind of memory", MemoryKind::WORDS);
        let bits_per_cell = section.integer_or("bits_per_cell", 1..=4, 1, Code::OutOfRange);
        let bits_per_cell = bits_per_cell.filter(|&bits| {
            let valid = kind != Some(MemoryKind::Sram) || bits == 1;
            if !valid {
                let message = format!("`bits_per_cell` is {bits}, a cell of SRAM holds one bit");
                section.push("bits_per_cell", Code::OutOfRange, message, "write `kind: rram`, or remove bits_per_cell");
            }
            valid
        });
        let coding = section.word_or_default("coding", "coding of cell levels", Coding::WORDS);
        let placing = section.word_or_default("placing", "placing of bits in cells", Placing::WORDS);
        let optimise = section.word_or_default("optimise", "criterion for choosing macros", Optimise::WORDS);
        Some(Self {
            kind: kind?,
            bits_per_cell: bits_per_cell?,
            coding: coding?,
            placing: placing?,
            optimise: optimise?,
        })
    }
}

/// Checks a capacity against words of n codes and the least that can be worked from.
pub(super) fn capacity(section: &Section<'_>, values: u64, n: u32, (least, what): &(u32, String)) -> Option<u32> {
    let lanes = u64::from(n);
    let Ok(fitting) = u32::try_from(values) else {
        let largest = u64::from(u32::MAX) / lanes * lanes;
        let message = format!("a memory of {values} codes needs addresses of more than 32 bits");
        section.push("values", Code::CapacityTooLarge, message, format!("set values to at most {largest}"));
        return None;
    };
    let mut valid = true;
    if fitting < *least {
        let message = format!("a memory of {values} codes is too small: it must hold at least {what}");
        section.push("values", Code::CapacityTooSmall, message, format!("set values to at least {least}"));
        valid = false;
    }
    if !values.is_multiple_of(lanes) && fitting >= *least {
        let (below, above) = (values / lanes * lanes, values.next_multiple_of(lanes));
        let message = format!("a memory of {values} codes does not divide into words of n = {n}");
        let help = if above > u64::from(u32::MAX) {
            format!("set values to {below}")
        } else {
            format!("set values to {below} or {above}")
        };
        section.push("values", Code::CapacityNotMultiple, message, help);
        valid = false;
    }
    valid.then_some(fitting)
}
