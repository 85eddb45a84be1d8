//! What a memory of a design asks of its macros.

use crate::{
    blocks::Geometry,
    design::{Design, MemoryKind, Optimise, ValueMemory},
};
use serde::Serialize;

/// Independent banks of one size, each read and written by its own address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demand {
    /// Name of the memory: `weight`.
    pub memory: String,
    /// Kind of macros.
    pub kind: MemoryKind,
    /// Bits in a cell.
    pub bits_per_cell: u32,
    /// Banks. A macro belongs to one of them: all are addressed in every cycle.
    pub banks: u32,
    /// Words of a bank.
    pub words: u64,
    /// Bits of a word.
    pub bits: u32,
    /// Reads that a bank must take in each cycle.
    pub reads_per_cycle: u32,
    /// Writes that a bank must take in each cycle beside them.
    pub writes_per_cycle: u32,
    /// Cycles that a read may take.
    pub latency_cycles: u32,
    /// The clock, in MHz.
    pub frequency_mhz: f64,
    /// What to choose for.
    pub optimise: Optimise,
}

impl Demand {
    /// Cycles of the clock that a time takes, at least one.
    #[must_use]
    pub fn cycles(&self, time_ns: f64) -> u64 {
        // A time that is a whole number of periods but for rounding is that number.
        ((time_ns * self.frequency_mhz / 1000.0 - 1e-9).ceil() as u64).max(1)
    }
}

/// What the memories of a design ask for, in the order of the file.
#[must_use]
pub fn demands(design: &Design) -> Vec<Demand> {
    let g = Geometry::new(design);
    let demand = |name: &str, of: ValueMemory, bits, reads, writes| Demand {
        memory: name.to_owned(),
        kind: of.kind,
        bits_per_cell: of.bits_per_cell,
        banks: g.n,
        words: u64::from(of.values.div_ceil(g.n)),
        bits,
        reads_per_cycle: reads,
        writes_per_cycle: writes,
        latency_cycles: of.latency,
        frequency_mhz: design.clock.frequency_mhz,
        optimise: of.optimise,
    };
    let m = &design.memories;
    vec![
        demand("weight", m.weight, g.op_w(), 1, 0),
        demand("activation", m.activation, g.op_w(), g.slots(), 0),
        demand("result", m.result, g.result.bits(), 0, 1),
    ]
}
