//! The stage of the memories: what the design addresses, and the macros to make them of.

use crate::{
    exit::Result,
    table::{Table, count, decimals},
};
use alberti_diagnostic::Diagnostics;
use alberti_rtl::{
    Design,
    memory::{Demand, MacroSelection, Technology, choose, demands},
};
use serde::Serialize;

/// A memory of the design, as JSON has it.
#[derive(Serialize)]
pub struct MemoryChoices {
    #[serde(flatten)]
    demand: Demand,
    address_bits: u32,
    technology: String,
    /// The best choice of macros.
    choice: MacroSelection,
    /// The next best of other macros, best first.
    runners_up: Vec<MacroSelection>,
}

/// The memories of a design as text and as data.
///
/// # Errors
/// Every memory that none of its macros serves.
pub fn dump(design: &Design, technology: &Technology) -> Result<(String, Vec<MemoryChoices>)> {
    let memories = memories(design, technology)?;
    let mut text = ports(&memories);
    text += &format!("\nMacros of {}: {}\n", technology.name, technology.process);
    for memory in &memories {
        text += &format!("\n{}\n{}\n{}", asked(&memory.demand), choices(memory), tiles(&memory.choice));
    }
    Ok((text, memories))
}

fn memories(design: &Design, technology: &Technology) -> Result<Vec<MemoryChoices>, Diagnostics> {
    let (mut memories, mut problems) = (Vec::new(), Diagnostics::new());
    for demand in demands(design) {
        match choose(technology, &demand, &design.locate(&demand.key)) {
            Err(problem) => problems.push(problem),
            Ok(mut choices) => memories.push(MemoryChoices {
                address_bits: demand.address_bits(),
                demand,
                technology: technology.name.clone(),
                choice: choices.remove(0),
                runners_up: choices,
            }),
        }
    }
    if problems.is_empty() { Ok(memories) } else { Err(problems) }
}

/// What the design addresses.
fn ports(memories: &[MemoryChoices]) -> String {
    let mut table = Table::new(&["memory", "banks", "words", "bits", "address bits", "latency", "a cycle"]);
    for MemoryChoices { demand, address_bits, .. } in memories {
        let numbers = [demand.banks.into(), demand.words, demand.bits.into(), (*address_bits).into()];
        let numbers = numbers.into_iter().chain([demand.latency_cycles.into()]).map(count);
        let head = [demand.memory.clone()];
        table.row(head.into_iter().chain(numbers).chain([accesses(demand)]).collect());
    }
    table.text()
}

/// What each bank takes in a cycle.
fn accesses(demand: &Demand) -> String {
    let each = |number: u32, what: &str| match number {
        0 => None,
        1 => Some(format!("one {what}")),
        more => Some(format!("{more} {what}s")),
    };
    let accesses = [each(demand.reads_per_cycle, "read"), each(demand.writes_per_cycle, "write")];
    accesses.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// What a memory asks for, in a line.
fn asked(demand: &Demand) -> String {
    let storage = &demand.storage;
    let cells =
        if storage.bits_per_cell > 1 { format!(" of {} bits a cell", storage.bits_per_cell) } else { String::new() };
    let banks = if demand.banks > 1 { format!("{} banks, each ", demand.banks) } else { String::new() };
    format!(
        "{}: {banks}{} words of {} bits, {} a cycle; {}{cells}, least {}",
        demand.memory,
        count(demand.words),
        demand.bits,
        accesses(demand),
        storage.kind.word(),
        storage.optimise.word(),
    )
}

/// The choice and its runners-up, all banks together.
fn choices(memory: &MemoryChoices) -> String {
    let heads = ["", "macros", "area µm²", "leakage µW", "pJ/access", "ns", "cycles", "used %", "Gbit/s"];
    let mut table = Table::new(&heads);
    for (rank, choice) in std::iter::once(&memory.choice).chain(&memory.runners_up).enumerate() {
        let macros: Vec<_> =
            choice.macros.iter().map(|(name, number)| format!("{name} × {}", count(*number))).collect();
        table.row(vec![
            (rank + 1).to_string(),
            macros.join(" + "),
            decimals(choice.area_um2, 0),
            decimals(choice.leakage_uw, 1),
            decimals(choice.access_energy_pj, 2),
            decimals(choice.latency_ns, 3),
            count(choice.latency_cycles),
            decimals(100.0 * choice.utilisation, 1),
            decimals(choice.bandwidth_gbps, 1),
        ]);
    }
    table.text()
}

/// Where the macros of the choice lie, the same in each bank.
fn tiles(choice: &MacroSelection) -> String {
    let mut table = Table::new(&["tile", "words", "bits", "fold", "copies"]);
    let range = |first: &dyn std::fmt::Display, last: &dyn std::fmt::Display| format!("{first} to {last}");
    for tile in &choice.tiles {
        table.row(vec![
            tile.name.clone(),
            range(&tile.words.0, &tile.words.1),
            range(&tile.bits.0, &tile.bits.1),
            tile.fold.to_string(),
            tile.copies.to_string(),
        ]);
    }
    table.text()
}
