//! What surrounds the processing unit: the memories that its value ports address, and the clock.

use super::reader::Section;
use crate::diagnostic::Code;
use serde::Serialize;

/// Lowest and highest clock frequency in MHz.
const FREQUENCIES: (f64, f64) = (0.1, 5000.0);

/// The memories of packed values. Masks arrive as streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memories {
    /// Weights: at least one tile of n × n.
    pub weight: ValueMemory,
    /// Activations: at least one row of n.
    pub activation: ValueMemory,
    /// Results, written only: its latency is one cycle.
    pub result: ValueMemory,
}

/// A memory of packed codes in n banks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ValueMemory {
    /// Capacity in codes, a multiple of n.
    pub values: u32,
    /// Cycles from a bank's enable to its data: 1 to 8.
    pub latency: u32,
    /// Which kind of macros it is made of.
    pub kind: MemoryKind,
    /// Bits in a cell: 1, or up to 4 in RRAM.
    pub bits_per_cell: u32,
    /// What its macros are chosen for.
    pub optimise: Optimise,
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
        let weight = weight.and_then(|memory| ValueMemory::read(memory, n, tile.as_ref(), true));
        let activation = section.section("activation", "values, and latency if it is not 1");
        let activation = activation.and_then(|memory| ValueMemory::read(memory, n, row.as_ref(), true));
        let result = section.section("result", "values");
        let result = result.and_then(|memory| ValueMemory::read(memory, n, row.as_ref(), false));
        section.finish();
        Some(Self { weight: weight?, activation: activation?, result: result? })
    }
}

impl ValueMemory {
    fn read(mut section: Section<'_>, n: Option<u32>, least: Option<&(u32, String)>, is_read: bool) -> Option<Self> {
        let values = section.count("values", 65536).and_then(|values| capacity(&section, values, n?, least?));
        let latency = match is_read {
            true => section.integer_or("latency", 1..=8, 1, Code::LatencyOutOfRange),
            false => Some(1),
        };
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
        let optimise = section.word_or_default("optimise", "aim to choose macros for", Optimise::WORDS);
        section.finish();
        let (kind, optimise) = (kind?, optimise?);
        Some(Self { values: values?, latency: latency?, kind, bits_per_cell: bits_per_cell?, optimise })
    }
}

/// Checks a capacity against the n banks and the least that can be worked from.
fn capacity(section: &Section<'_>, values: u64, n: u32, (least, what): &(u32, String)) -> Option<u32> {
    let lanes = u64::from(n);
    let Ok(fitting) = u32::try_from(values) else {
        let largest = u64::from(u32::MAX) / lanes * lanes;
        let message = format!("a memory of {values} codes cannot be counted in 32 bits");
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
        let message = format!("a memory of {values} codes does not divide into n = {n} banks of one size");
        let help = if above > u64::from(u32::MAX) {
            format!("set values to {below}")
        } else {
            format!("set values to {below} or to {above}")
        };
        section.push("values", Code::CapacityNotMultiple, message, help);
        valid = false;
    }
    valid.then_some(fitting)
}

/// The clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clock {
    /// Target frequency in MHz: 0.1 to 5000.
    pub frequency_mhz: f64,
}

impl Clock {
    /// Reads and checks the section `clock`.
    pub(crate) fn read(mut section: Section<'_>) -> Option<Self> {
        let frequency = section.number("frequency_mhz", "500");
        let (low, high) = FREQUENCIES;
        let frequency = frequency.filter(|&mhz| {
            let valid = (low..=high).contains(&mhz);
            if !valid {
                let message = format!("`frequency_mhz` is {mhz}, it must lie between {low} and {high}");
                let help = "write the target in megahertz, such as `frequency_mhz: 500`";
                section.push("frequency_mhz", Code::FrequencyOutOfRange, message, help);
            }
            valid
        });
        section.finish();
        Some(Self { frequency_mhz: frequency? })
    }

    /// The period in nanoseconds.
    #[must_use]
    pub fn period_ns(self) -> f64 {
        1000.0 / self.frequency_mhz
    }
}
