//! What a memory of a design asks of its macros.

use crate::{
    blocks::{Geometry, clog2},
    design::{Design, Storage, ValueMemory},
    netlist::Payload,
};
use alberti_arith::Format;
use serde::Serialize;

/// Banks of one size and kind, each read and written by an address of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demand {
    /// Name of the memory: `weight`.
    pub memory: String,
    /// Where the design asks for it: `memories.weight`.
    pub key: String,
    /// How its bits are stored.
    #[serde(flatten)]
    pub storage: Storage,
    /// Banks: one, or one a slot of block sparsity. A macro belongs to one of them.
    pub banks: u32,
    /// Words of a bank.
    pub words: u64,
    /// Bits of a word.
    pub bits: u32,
    /// Codes in a word: n of values, one of masks.
    pub codes: u32,
    /// What a word carries.
    #[serde(skip)]
    pub payload: Payload,
    /// Reads that a bank must take in each cycle.
    pub reads_per_cycle: u32,
    /// Writes that a bank must take in each cycle beside them.
    pub writes_per_cycle: u32,
    /// Cycles that a read may take.
    pub latency_cycles: u32,
    /// The clock, in MHz.
    pub frequency_mhz: f64,
}

impl Demand {
    /// Cycles of the clock that a time takes, at least one.
    #[must_use]
    pub fn cycles(&self, time_ns: f64) -> u64 {
        // A time that is a whole number of periods but for rounding is that number.
        ((time_ns * self.frequency_mhz / 1000.0 - 1e-9).ceil() as u64).max(1)
    }

    /// What a composition calls it: `weight_memory`.
    #[must_use]
    pub fn instance(&self) -> String {
        format!("{}_memory", self.memory)
    }

    /// Bits of a word as it is stored: whole cells.
    #[must_use]
    pub fn stored_bits(&self) -> u32 {
        self.bits.next_multiple_of(self.storage.bits_per_cell)
    }

    /// Bits of a word's address.
    #[must_use]
    pub fn address_bits(&self) -> u32 {
        clog2(self.words)
    }
}

/// What the memories of a design ask for, in the order of the file.
#[must_use]
pub fn demands(design: &Design) -> Vec<Demand> {
    let g = Geometry::new(design);
    let m = &design.memories;
    let values = |name: &str, of: ValueMemory, format: Format, banks, (reads, writes)| Demand {
        memory: name.to_owned(),
        key: format!("memories.{name}"),
        storage: of.storage,
        banks,
        words: u64::from(of.values / g.n),
        bits: g.n * format.bits(),
        codes: g.n,
        payload: Payload::Codes(format),
        reads_per_cycle: reads,
        writes_per_cycle: writes,
        latency_cycles: of.latency,
        frequency_mhz: design.clock.frequency_mhz,
    };
    let masks = m.weight_masks.map(|of| {
        let word = mask_word_bits(design);
        Demand {
            memory: "weight_masks".to_owned(),
            key: "memories.weight.masks".to_owned(),
            storage: of.storage,
            banks: 1,
            words: of.words.into(),
            bits: word + of.ecc.check_bits(word),
            codes: 1,
            payload: Payload::Bits,
            reads_per_cycle: 1,
            writes_per_cycle: 0,
            latency_cycles: of.latency,
            frequency_mhz: design.clock.frequency_mhz,
        }
    });
    let mut all = vec![values("weight", m.weight, g.operand, 1, (1, 0))];
    all.extend(masks);
    let Some(accelerator) = design.accelerator else {
        all.push(values("activation", m.activation, g.operand, g.slots(), (1, 0)));
        all.push(values("result", m.result, g.result, 1, (0, 1)));
        return all;
    };
    let mut banks = values("activation", m.activation, g.operand, accelerator.banks, (1, 0));
    banks.words /= u64::from(accelerator.banks);
    all.push(banks);
    let rows = |name: &str, key: &str, words: u32, bits: u32, codes: u32| Demand {
        memory: name.to_owned(),
        key: format!("accelerator.{key}"),
        storage: Storage { bits_per_cell: 1, ..Storage::default() },
        banks: 1,
        words: words.into(),
        bits,
        codes,
        payload: Payload::Bits,
        reads_per_cycle: 1,
        writes_per_cycle: 0,
        latency_cycles: 1,
        frequency_mhz: design.clock.frequency_mhz,
    };
    all.push(rows("wide", "wide", accelerator.wide.values / g.n, 16 * g.n, g.n));
    all.push(rows("parameter", "parameters", accelerator.parameters.rows, 40 * g.n, g.n));
    all.push(rows("program", "program", accelerator.program.instructions, 8 * alberti_isa::BYTES as u32, 1));
    all.push(rows("index", "index", accelerator.index.words, 32, 1));
    all
}

/// Bits of a mask word: a mask with the offset of its first value, or the pointer of a record, whichever is
/// longer. Masks of block-sparse weights imply their offsets, and a bit tells them from others.
#[must_use]
pub fn mask_word_bits(design: &Design) -> u32 {
    let (g, weight) = (Geometry::new(design), design.memories.weight);
    let offset = 2 * g.lane_w();
    let block = if g.slots() > 1 { g.weight_mask_w() + 1 } else { 0 };
    (g.n + offset).max(g.value_row_w(weight) + g.lane_w()).max(block)
}
