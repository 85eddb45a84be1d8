//! Tests of technology files and of the choice of macros.

mod bad_technologies;
mod exact;
mod shipped;

use super::*;
use crate::design::{MemoryKind, Optimise, Storage};
use alberti_diagnostic::Location;

/// SplitMix64: the same draws on every machine.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A draw from `low` to `high`, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }
}

fn demand(words: u64, bits: u32, optimise: Optimise) -> Demand {
    Demand {
        payload: crate::netlist::Payload::Bits,
        memory: "weight".into(),
        key: "memories.weight".into(),
        storage: Storage { bits_per_cell: 1, optimise, ..Storage::default() },
        banks: 1,
        words,
        bits,
        codes: 1,
        reads_per_cycle: 1,
        writes_per_cycle: 0,
        latency_cycles: 8,
        frequency_mhz: 500.0,
    }
}

/// The same in cells of RRAM.
fn rram(mut demand: Demand, bits_per_cell: u32) -> Demand {
    (demand.storage.kind, demand.storage.bits_per_cell) = (MemoryKind::Rram, bits_per_cell);
    demand
}

fn chosen(technology: &Technology, demand: &Demand) -> Vec<MacroSelection> {
    choose(technology, demand, &Location::file("x.yaml")).unwrap_or_else(|problem| panic!("{problem}"))
}
