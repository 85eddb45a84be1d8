//! Whether a macro serves a demand, how many copies it takes, and in which shapes it can lie in a bank.

use super::{
    demand::Demand,
    technology::{Macro, Ports, Technology},
};
use crate::design::{MemoryKind, Optimise};

/// A macro that serves.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub hard_macro: &'a Macro,
    /// Copies that share the reads; a write goes to all of them.
    pub copies: u32,
    /// Area of the copies in 1e-6 µm².
    pub area: u128,
    /// Energy of a bank's accesses in a cycle in aJ: whole numbers, so that sums do not depend on their
    /// order.
    pub energy: u128,
    /// The shapes, none of which is contained in another.
    pub shapes: Vec<Shape>,
}

/// A macro as a piece of a bank, cut to the size of the bank.
///
/// Folded f times, a word of the macro holds f words of the bank: the low address bits choose among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub words: u64,
    pub bits: u64,
    pub fold: u32,
}

/// Why a macro does not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// Another kind of cell.
    Kind,
    /// A read takes so many cycles.
    Latency(u64),
    /// It cannot take the writes of every cycle.
    Writes,
}

/// The candidates among the macros of a technology, in the order of the file, and why the others are none.
pub(super) fn candidates<'a>(
    technology: &'a Technology,
    demand: &Demand,
) -> (Vec<Candidate<'a>>, Vec<(&'a Macro, Refusal)>) {
    let mut serving = Vec::new();
    let mut refused = Vec::new();
    for hard_macro in &technology.macros {
        let cell = technology.cell(hard_macro);
        if (cell.kind, cell.bits_per_cell) != (demand.storage.kind, demand.storage.bits_per_cell) {
            refused.push((hard_macro, Refusal::Kind));
            continue;
        }
        match copies(hard_macro, demand) {
            Ok(copies) => serving.push(candidate(hard_macro, copies, demand)),
            Err(refusal) => refused.push((hard_macro, refusal)),
        }
    }
    (serving, refused)
}

/// Copies that take all reads of a cycle beside its writes.
fn copies(hard_macro: &Macro, demand: &Demand) -> Result<u32, Refusal> {
    let (reads, writes) = (u64::from(demand.reads_per_cycle), u64::from(demand.writes_per_cycle));
    // Port cycles that the accesses of one cycle occupy.
    let busy = |accesses: u64, time_ns| accesses * demand.cycles(time_ns);
    let reading = busy(reads, hard_macro.cycle_ns.unwrap_or(hard_macro.read_latency_ns));
    // A write holds its port until it is stored, even where reads follow each other faster.
    let writing = busy(writes, hard_macro.cycle_ns.unwrap_or(0.0).max(hard_macro.write_latency_ns));
    let (ports, shared) = match hard_macro.ports {
        Ports::OneShared => (1, true),
        Ports::OneEach => (1, false),
        Ports::TwoShared => (2, true),
    };
    let read_ports = if shared { u64::saturating_sub(ports, writing) } else { ports };
    if writing > ports || (reading > 0 && read_ports == 0) {
        return Err(Refusal::Writes);
    }
    // A memory that is only written while the accelerator works is read afterwards.
    let latency = demand.cycles(hard_macro.read_latency_ns);
    if latency > u64::from(demand.latency_cycles) {
        return Err(Refusal::Latency(latency));
    }
    // SRAM is written at the clock, by whoever fills it if not by the accelerator.
    if demand.storage.kind == MemoryKind::Sram && demand.cycles(hard_macro.write_latency_ns) > 1 {
        return Err(Refusal::Writes);
    }
    let copies = if reading == 0 { 1 } else { reading.div_ceil(read_ports) };
    Ok(u32::try_from(copies).unwrap_or(u32::MAX))
}

fn candidate<'a>(hard_macro: &'a Macro, copies: u32, demand: &Demand) -> Candidate<'a> {
    let fixed = |figure: f64| (figure * 1e6).round() as u128;
    let (reads, writes) = (u128::from(demand.reads_per_cycle), u128::from(demand.writes_per_cycle));
    let energy =
        reads * fixed(hard_macro.read_energy_pj) + writes * u128::from(copies) * fixed(hard_macro.write_energy_pj);
    Candidate {
        hard_macro,
        copies,
        area: u128::from(copies) * fixed(hard_macro.area_um2),
        energy,
        shapes: shapes(hard_macro, demand),
    }
}

/// The shapes that no other contains, deepest last.
fn shapes(hard_macro: &Macro, demand: &Demand) -> Vec<Shape> {
    // A cell lies in one macro. Of the words that share a macro's word of SRAM each is written alone, if the
    // macro can; one of RRAM is programmed with its neighbours, which are read before.
    let grain = match demand.storage.kind {
        MemoryKind::Sram => hard_macro.write_enable_bits,
        MemoryKind::Rram => demand.storage.bits_per_cell,
    };
    let all = (0..).map(|power| 1u32 << power).take_while(|&fold| fold <= hard_macro.bits).filter_map(|fold| {
        let whole = fold == 1 && demand.storage.kind == MemoryKind::Sram;
        let piece = if whole { hard_macro.bits } else { hard_macro.bits / fold / grain * grain };
        let words = (u64::from(hard_macro.words) * u64::from(fold)).min(demand.words);
        (piece > 0).then(|| Shape { words, bits: u64::from(piece.min(demand.stored_bits())), fold })
    });
    let mut shapes: Vec<Shape> = Vec::new();
    for shape in all {
        // Folds rise, so that later shapes are deeper and narrower: only the last can be contained, or
        // contain.
        while shapes.last().is_some_and(|last| last.bits <= shape.bits && last.words < shape.words) {
            shapes.pop();
        }
        if shapes.last().is_none_or(|last| last.words < shape.words) {
            shapes.push(shape);
        }
    }
    shapes
}

/// Why none serves and what would help.
pub(super) fn explain(refused: &[(&Macro, Refusal)], technology: &Technology, demand: &Demand) -> (String, String) {
    let first = |a: &&(&Macro, Refusal), b: &&(&Macro, Refusal)| {
        a.1.cmp(&b.1).then(a.0.read_latency_ns.total_cmp(&b.0.read_latency_ns))
    };
    let nearest = refused.iter().filter(|(_, refusal)| *refusal != Refusal::Kind).min_by(first);
    let kind = |kind: MemoryKind, bits: u32| match kind {
        MemoryKind::Sram => "sram".to_owned(),
        MemoryKind::Rram => format!("rram with bits_per_cell {bits}"),
    };
    match nearest {
        Some((hard_macro, Refusal::Latency(cycles))) => (
            format!(
                "a read of {}, the fastest, takes {} ns, {cycles} cycles at {} MHz, but the memory allows {}",
                hard_macro.name, hard_macro.read_latency_ns, demand.frequency_mhz, demand.latency_cycles
            ),
            match cycles {
                ..=8 if demand.reads_per_cycle > 0 => format!("set latency to {cycles}, or lower clock.frequency_mhz"),
                _ => "lower clock.frequency_mhz, or choose a faster technology".to_owned(),
            },
        ),
        Some((hard_macro, _)) => (
            format!(
                "it must be writable in one cycle, but a write of {} takes {} ns, {} cycles at {} MHz",
                hard_macro.name,
                hard_macro.write_latency_ns,
                demand.cycles(hard_macro.write_latency_ns),
                demand.frequency_mhz
            ),
            match demand.storage.kind {
                MemoryKind::Rram => "write `kind: sram`".to_owned(),
                MemoryKind::Sram => "lower clock.frequency_mhz, or choose a faster technology".to_owned(),
            },
        ),
        None => {
            let mut offered: Vec<_> = technology
                .macros
                .iter()
                .map(|hard_macro| technology.cell(hard_macro))
                .map(|cell| (cell.kind, cell.bits_per_cell))
                .collect();
            offered.sort_unstable();
            offered.dedup();
            let offered: Vec<_> = offered.into_iter().map(|(cells, bits)| kind(cells, bits)).collect();
            (
                format!("it asks for {}", kind(demand.storage.kind, demand.storage.bits_per_cell)),
                format!(
                    "the technology has {}; choose another with --technology, or change kind and bits_per_cell",
                    offered.join(", ")
                ),
            )
        }
    }
}

impl Optimise {
    /// The figures in the order in which they count.
    pub(super) fn order(self, area: u128, energy: u128) -> (u128, u128) {
        match self {
            // Latency is no sum: the search bounds it and then looks for the least area.
            Self::Area | Self::Latency => (area, energy),
            Self::Energy => (energy, area),
        }
    }
}
