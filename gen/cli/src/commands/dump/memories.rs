//! The stage of the memories: what the design addresses, and the macros to make them of.

use crate::{
    exit::Result,
    table::{Table, count, decimals},
};
use alberti_rtl::{
    Design,
    blocks::Geometry,
    design::ValueMemory,
    diagnostic::Diagnostics,
    memory::{Choice, Demand, Technology, choose, demands},
};
use serde::Serialize;
use std::path::Path;

/// A memory of the design, as JSON has it.
#[derive(Serialize)]
pub struct Memory {
    memory: &'static str,
    values: u32,
    value_bits: u32,
    banks: u32,
    rows_per_bank: u32,
    row_address_bits: u32,
    latency_cycles: u32,
    ports: u32,
    access: &'static str,
    technology: String,
    demand: Demand,
    /// The best choice of macros.
    choice: Choice,
    /// The next best of other macros, best first.
    runners_up: Vec<Choice>,
}

/// The memories of a design as text and as data.
///
/// # Errors
/// All problems of the technology file, or every memory that none of its macros serves.
pub fn dump(design: &Design, technology: Option<&Path>) -> Result<(String, Vec<Memory>)> {
    let technology = technology.map_or_else(Technology::shipped, Technology::load)?;
    let memories = memories(design, &technology)?;
    let mut text = ports(&memories);
    text += &format!("\nMacros of {}: {}\n", technology.name, technology.process);
    for memory in &memories {
        text += &format!("\n{}\n{}\n{}", asked(&memory.demand), choices(memory), tiles(&memory.choice));
    }
    Ok((text, memories))
}

fn memories(design: &Design, technology: &Technology) -> Result<Vec<Memory>, Diagnostics> {
    let g = Geometry::new(design);
    let m = &design.memories;
    let all: [(_, ValueMemory, _, _, _); 3] = [
        ("weight", m.weight, g.op_w(), 1, "read"),
        ("activation", m.activation, g.op_w(), g.slots(), "read"),
        ("result", m.result, g.result.bits(), 1, "write"),
    ];
    let (mut memories, mut problems) = (Vec::new(), Diagnostics::new());
    for ((memory, of, value_bits, ports, access), demand) in all.into_iter().zip(demands(design)) {
        match choose(technology, &demand, &design.locate(&format!("memories.{memory}"))) {
            Err(problem) => problems.push(problem),
            Ok(mut choices) => memories.push(Memory {
                memory,
                values: of.values,
                value_bits,
                banks: g.n,
                rows_per_bank: of.values.div_ceil(g.n),
                row_address_bits: g.value_row_w(of),
                latency_cycles: of.latency,
                ports,
                access,
                technology: technology.name.clone(),
                demand,
                choice: choices.remove(0),
                runners_up: choices,
            }),
        }
    }
    if problems.is_empty() { Ok(memories) } else { Err(problems) }
}

/// What the design addresses.
fn ports(memories: &[Memory]) -> String {
    let mut table =
        Table::new(&["memory", "values", "bits", "banks", "rows", "address bits", "latency", "ports", "access"]);
    for of in memories {
        let numbers = [of.value_bits, of.banks, of.rows_per_bank, of.row_address_bits, of.latency_cycles, of.ports];
        let numbers = numbers.map(|number| count(number.into()));
        let head = [of.memory.to_owned(), count(of.values.into())];
        table.row(head.into_iter().chain(numbers).chain([of.access.to_owned()]).collect());
    }
    table.text()
}

/// What a memory asks for, in a line.
fn asked(demand: &Demand) -> String {
    let cells =
        if demand.bits_per_cell > 1 { format!(" of {} bits a cell", demand.bits_per_cell) } else { String::new() };
    let each = |number: u32, what: &str| match number {
        0 => None,
        1 => Some(format!("one {what} a cycle")),
        more => Some(format!("{more} {what}s a cycle")),
    };
    let accesses = [each(demand.reads_per_cycle, "read"), each(demand.writes_per_cycle, "write")];
    format!(
        "{}: {} banks of {} words of {} bits, each {}; {}{cells}, least {}",
        demand.memory,
        demand.banks,
        count(demand.words),
        demand.bits,
        accesses.into_iter().flatten().collect::<Vec<_>>().join(" and "),
        demand.kind.word(),
        demand.optimise.word(),
    )
}

/// The choice and its runners-up, all banks together.
fn choices(memory: &Memory) -> String {
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

/// Where the macros of the choice lie in each bank.
fn tiles(choice: &Choice) -> String {
    let mut table = Table::new(&["banks", "tile", "words", "bits", "fold", "copies"]);
    let range = |first: &dyn std::fmt::Display, last: &dyn std::fmt::Display| format!("{first} to {last}");
    for tile in &choice.tiles {
        table.row(vec![
            range(&tile.banks.0, &tile.banks.1),
            tile.name.clone(),
            range(&tile.words.0, &tile.words.1),
            range(&tile.bits.0, &tile.bits.1),
            tile.fold.to_string(),
            tile.copies.to_string(),
        ]);
    }
    table.text()
}
