//! What the memories of a design cost: their macros by the technology's figures, the logic around them by yosys.

use super::{Setup, sources};
use crate::{
    exit::Result,
    table::{Table, count, decimals},
};
use alberti_rtl::{BuiltMemory, design::MemoryKind, memory::Technology};
use alberti_synth::{SynthJob, synthesise};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a memory costs, all of its banks together.
#[derive(Clone, Debug, Serialize)]
pub struct MemoryCost {
    /// Its name.
    pub memory: String,
    /// What it is made of.
    pub kind: MemoryKind,
    /// How many of each macro.
    pub macros: BTreeMap<String, u64>,
    /// Capacity in bits, check bits included.
    pub bits: u64,
    /// Area of the macros.
    pub area_um2: f64,
    /// Leakage of the macros.
    pub leakage_uw: f64,
    /// Energy of an access to a word of every bank.
    pub access_energy_pj: f64,
    /// Bits that it gives or takes in a second, at the design's clock.
    pub bandwidth_gbps: f64,
    /// Latency of its slowest macro.
    pub latency_ns: f64,
    /// Cycles from a read to its word.
    pub latency_cycles: u32,
    /// Bits of the memory to bits of its macros.
    pub utilisation: f64,
    /// The logic around the macros of all banks: decode, choice of words, ports, programming. `None` where no tool counted it.
    pub logic: Option<Logic>,
}

/// Logic in cells of the library, which may be of another process than the macros.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Logic {
    /// Its area.
    pub area_um2: f64,
    /// The same in areas of the library's smallest 2-input NAND.
    pub gate_equivalents: f64,
    /// Flip-flops in it.
    pub flip_flops: u64,
}

impl MemoryCost {
    /// What the macros cost.
    pub fn new(BuiltMemory { demand, selection, .. }: &BuiltMemory) -> Self {
        Self {
            memory: demand.memory.clone(),
            kind: demand.storage.kind,
            macros: selection.macros.clone(),
            bits: u64::from(demand.banks) * demand.words * u64::from(demand.bits),
            area_um2: selection.area_um2,
            leakage_uw: selection.leakage_uw,
            access_energy_pj: selection.access_energy_pj,
            bandwidth_gbps: selection.bandwidth_gbps,
            latency_ns: selection.latency_ns,
            latency_cycles: demand.latency_cycles,
            utilisation: selection.utilisation,
            logic: None,
        }
    }

    /// The macros and their numbers.
    pub fn list(&self) -> String {
        let macros: Vec<_> = self.macros.iter().map(|(name, number)| format!("{name} × {}", count(*number))).collect();
        macros.join(" + ")
    }
}

impl Setup {
    /// What a memory costs, its logic counted.
    ///
    /// # Errors
    /// As synthesis.
    pub fn memory(&self, memory: &BuiltMemory) -> Result<MemoryCost> {
        let (netlist, demand) = (&memory.netlist, &memory.demand);
        let period_ps = 1e6 / self.frequency_mhz.unwrap_or(demand.frequency_mhz);
        let sources = sources(netlist);
        let job = SynthJob::new(netlist.top(), &sources, &self.library, &self.recipe, period_ps);
        let (total, banks) = (synthesise(&self.cache, &job)?.total, f64::from(demand.banks));
        let logic = Logic {
            area_um2: banks * total.area_um2,
            gate_equivalents: banks * total.gate_equivalents,
            flip_flops: u64::from(demand.banks) * total.flip_flops,
        };
        Ok(MemoryCost { logic: Some(logic), ..MemoryCost::new(memory) })
    }
}

/// The figures of memories; nothing where there are none.
pub fn text(costs: &[MemoryCost], technology: &Technology) -> String {
    if costs.is_empty() {
        return String::new();
    }
    let heads =
        ["memory", "macros", "area um2", "leakage uW", "pJ/access", "Gbit/s", "ns", "cycles", "used %", "logic gates"];
    let mut table = Table::new(&heads);
    for of in costs {
        table.row(vec![
            of.memory.clone(),
            of.list(),
            decimals(of.area_um2, 0),
            decimals(of.leakage_uw, 1),
            decimals(of.access_energy_pj, 2),
            decimals(of.bandwidth_gbps, 1),
            decimals(of.latency_ns, 3),
            of.latency_cycles.to_string(),
            decimals(100.0 * of.utilisation, 1),
            of.logic.map_or_else(|| "-".to_owned(), |logic| decimals(logic.gate_equivalents, 0)),
        ]);
    }
    format!("\nMemories of {}: {}; logic as above\n\n{}", technology.name, technology.process, table.text())
}
