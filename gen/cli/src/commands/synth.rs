//! `alberti synth`.

use crate::{
    exit::{Failure, Result},
    output::{self, Answer},
    progress, source,
    table::{Table, count, decimals},
};
use alberti_cost::area::{BlockCost, MemoryCost, Synthesis};
use alberti_diagnostic::Code;
use alberti_rtl::{Design, memory::Technology};
use alberti_synth::Baseline;
use indicatif::ProgressBar;
use serde_json::json;
use std::path::PathBuf;

/// Measures area by yosys and timing by OpenSTA, per block and in total.
///
/// Every module is synthesised once and cached by its content, so an unchanged block costs no time. Memories
/// within blocks (alb_sram_*) are counted in bits and not included in the area. Those of the design are
/// listed separately: their macros by the figures of the technology, the logic around them by yosys. Exit
/// code 1 if a figure differs from its baseline (--check).
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: source::Selection,
    /// Another standard-cell library, .lib or .lib.gz [default: osu018]
    #[arg(long, value_name = "FILE")]
    liberty: Option<PathBuf>,
    /// The recipe of the mapping: area or speed
    #[arg(long, value_name = "RECIPE", default_value = "area")]
    recipe: String,
    /// The frequency to map for [default: the design's]
    #[arg(long, value_name = "MHZ", value_parser = frequency)]
    frequency: Option<f64>,
    /// Also time the longest paths
    #[arg(long)]
    timing: bool,
    /// Delay from a memory's clock edge to its data, for --timing
    #[arg(long, value_name = "PS", default_value_t = 0.0, value_parser = access)]
    memory_access: f64,
    /// Another design: print its figures as ratios to this one's
    #[arg(long, value_name = "DESIGN")]
    against: Option<PathBuf>,
    /// Compare with the accepted figures
    #[arg(long, conflicts_with_all = ["bless", "against"])]
    check: bool,
    /// Accept the figures
    #[arg(long, conflicts_with = "against")]
    bless: bool,
    /// The folder of the accepted figures
    #[arg(long, value_name = "DIR", default_value = "synth/baselines")]
    baselines: PathBuf,
}

fn frequency(text: &str) -> std::result::Result<f64, String> {
    let valid = text.parse().ok().filter(|mhz: &f64| (0.1..=100_000.0).contains(mhz));
    valid.ok_or_else(|| format!("`{text}` is no frequency: give megahertz, from 0.1 to 100000"))
}

fn access(text: &str) -> std::result::Result<f64, String> {
    let valid = text.parse().ok().filter(|ps: &f64| (0.0..=1e6).contains(ps));
    valid.ok_or_else(|| format!("`{text}` is no access time: give picoseconds, from 0 to 1000000"))
}

/// What each block of a design costs. The bar moves by one for each.
///
/// # Errors
/// A missing tool, or one that fails.
pub fn blocks(
    synthesis: &Synthesis,
    selection: &source::Selection,
    design: &Design,
    bar: &ProgressBar,
) -> Result<Vec<BlockCost>> {
    let mut costs = Vec::new();
    for (block, netlist) in selection.logic(design)? {
        bar.set_message(format!("{}: {}", design.name, block.name));
        costs.push(synthesis.block(design, block, &netlist)?);
        bar.inc(1);
    }
    BlockCost::relate_to_array(&mut costs);
    Ok(costs)
}

/// The macros of a memory and their numbers.
pub fn macros(memory: &MemoryCost) -> String {
    let macros: Vec<_> = memory.macros.iter().map(|(name, number)| format!("{name} × {}", count(*number))).collect();
    macros.join(" + ")
}

/// Synthesises.
///
/// # Errors
/// The designs' problems, a missing tool, a library that cannot be used.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.selection.design)?;
    let timing = arguments.timing || arguments.check || arguments.bless;
    if arguments.memory_access > 0.0 && !timing {
        return Err(Failure::usage("--memory-access is a part of paths, which are not timed", "add --timing"));
    }
    if arguments.bless {
        output::room(&arguments.baselines)?;
    }
    let other = arguments.against.as_deref().map(source::load).transpose()?;
    let mut synthesis = Synthesis::new(arguments.liberty.as_deref(), &arguments.recipe, arguments.frequency, timing)?;
    synthesis.memory_access_ps = arguments.memory_access;
    let number = arguments.selection.logic(&design)?.len();
    let technology = arguments.selection.macros.load()?;
    let (made, unserved) = arguments.selection.memories(&design, &technology)?;
    let bar = progress::bar(made.len() + number * if other.is_some() { 2 } else { 1 });
    let costs = blocks(&synthesis, &arguments.selection, &design, &bar)?;
    let mut memory_costs = Vec::new();
    for memory in &made {
        bar.set_message(format!("{}: {}", design.name, memory.demand.memory));
        memory_costs.push(synthesis.memory(memory)?);
        bar.inc(1);
    }
    let head = format!(
        "{} on {} ({}), recipe {}, for {} MHz",
        design.name,
        synthesis.library.technology.name,
        synthesis.library.technology.process,
        synthesis.recipe.name,
        decimals(arguments.frequency.unwrap_or(design.clock.frequency_mhz), 0)
    );
    let mut text = format!("{head}\n\n{}", table(&costs, timing).text());
    text += &memories(&memory_costs, &technology);
    text += &breakdown(&costs);
    let mut data = json!({
        "design": design.name, "hash": design.hash, "library": synthesis.library.technology.name,
        "recipe": synthesis.recipe.name, "blocks": costs,
        "technology": technology.name, "memories": memory_costs,
    });
    let mut warnings = design.warnings().clone();
    warnings.extend(unserved.iter().cloned());
    if let Some(other) = &other {
        let theirs = blocks(&synthesis, &arguments.selection, other, &bar)?;
        text += &format!("\n{} against {}\n\n{}", other.name, design.name, ratios(&costs, &theirs).text());
        data["against"] = json!({"design": other.name, "hash": other.hash, "blocks": theirs});
        warnings.extend(other.warnings().iter().cloned());
    }
    bar.finish_and_clear();
    let mut answer = Answer::new(text, &data).with_warnings(&warnings);
    if arguments.check || arguments.bless {
        compare(arguments, &synthesis, &design, &costs, &mut answer)?;
    }
    Ok(answer)
}

/// The figures of blocks.
pub fn table(costs: &[BlockCost], timing: bool) -> Table {
    let mut heads = vec!["block", "cells", "area um2", "gates", "flip-flops", "memory bits", "um2 per MAC", "of array"];
    if timing {
        heads.extend(["period ps", "fmax MHz"]);
    }
    let mut table = Table::new(&heads);
    let maybe = |number: Option<f64>, places| number.map_or_else(|| "-".to_owned(), |number| decimals(number, places));
    for cost in costs {
        let mut row = vec![
            cost.block.clone(),
            count(cost.cells),
            decimals(cost.area_um2, 0),
            decimals(cost.gate_equivalents, 0),
            count(cost.flip_flops),
            count(cost.memory_bits),
            maybe(cost.area_per_mac_um2, 1),
            cost.area_of_array.map_or_else(|| "-".to_owned(), |part| format!("{:.1} %", 100.0 * part)),
        ];
        if timing {
            row.extend([maybe(cost.min_period_ps, 0), maybe(cost.fmax_mhz, 0)]);
        }
        table.row(row);
    }
    table
}

/// The figures of memories; nothing where there are none.
fn memories(costs: &[MemoryCost], technology: &Technology) -> String {
    if costs.is_empty() {
        return String::new();
    }
    let heads =
        ["memory", "macros", "area um2", "leakage uW", "pJ/access", "Gbit/s", "ns", "cycles", "used %", "logic gates"];
    let mut table = Table::new(&heads);
    for memory in costs {
        table.row(vec![
            memory.memory.clone(),
            macros(memory),
            decimals(memory.area_um2, 0),
            decimals(memory.leakage_uw, 1),
            decimals(memory.access_energy_pj, 2),
            decimals(memory.bandwidth_gbps, 1),
            decimals(memory.latency_ns, 3),
            memory.latency_cycles.to_string(),
            decimals(100.0 * memory.utilisation, 1),
            memory.logic.map_or_else(|| "-".to_owned(), |logic| decimals(logic.gate_equivalents, 0)),
        ]);
    }
    format!("\nMemories of {}: {}; logic as above\n\n{}", technology.name, technology.process, table.text())
}

/// Where the area of the processing unit goes.
fn breakdown(costs: &[BlockCost]) -> String {
    let Some(unit) = costs.iter().find(|cost| cost.block == "processing_unit") else { return String::new() };
    let mut table = Table::new(&["module", "instances", "own area um2", "share"]);
    let mut modules = unit.modules.clone();
    modules.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.module.cmp(&b.module)));
    for module in modules {
        let share = format!("{:.1} %", 100.0 * module.share);
        table.row(vec![module.module, count(module.instances), decimals(module.own_area_um2, 0), share]);
    }
    format!("\nWithin processing_unit, {} um2 in all\n\n{}", decimals(unit.area_um2, 0), table.text())
}

fn ratios(ours: &[BlockCost], theirs: &[BlockCost]) -> Table {
    let mut table = Table::new(&["block", "area", "gates", "flip-flops", "memory bits", "per MAC", "fmax"]);
    let ratio = |ours: Option<f64>, theirs: Option<f64>| match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours != 0.0 => format!("{:.3}", theirs / ours),
        _ => "-".into(),
    };
    for cost in theirs {
        let Some(own) = ours.iter().find(|own| own.block == cost.block) else {
            table.row(vec![cost.block.clone(), "-".into(), "-".into(), "-".into(), "-".into(), "-".into(), "-".into()]);
            continue;
        };
        let ratio_of = |get: fn(&BlockCost) -> Option<f64>| ratio(get(own), get(cost));
        table.row(vec![
            cost.block.clone(),
            ratio_of(|cost| Some(cost.area_um2)),
            ratio_of(|cost| Some(cost.gate_equivalents)),
            ratio_of(|cost| Some(cost.flip_flops as f64)),
            ratio_of(|cost| Some(cost.memory_bits as f64)),
            ratio_of(|cost| cost.area_per_mac_um2),
            ratio_of(|cost| cost.fmax_mhz),
        ]);
    }
    table
}

/// Accepts the figures, or says which have left what was accepted.
fn compare(
    arguments: &Arguments,
    synthesis: &Synthesis,
    design: &Design,
    costs: &[BlockCost],
    answer: &mut Answer,
) -> Result<()> {
    let measured = synthesis.baseline(design, costs);
    let path = arguments.baselines.join(measured.file_name());
    let mut accepted = match path.exists() {
        true => Baseline::load(&path)?,
        false => Baseline::new(&measured.library, &measured.recipe, &measured.tools),
    };
    let whole = arguments.selection.blocks.is_empty();
    if arguments.bless {
        accepted.accept(measured, whole);
        accepted.bless(&path)?;
        answer.text += &format!("\nAccepted in {}\n", path.display());
        return Ok(());
    }
    let mut accepted = accepted.of_the_designs_in(&measured);
    // Blocks that were not asked for have their own turn.
    accepted.blocks.retain(|name, _| whole || measured.blocks.contains_key(name));
    let differences = accepted.compare(&measured);
    answer.data["differences"] = json!(differences);
    if differences.is_empty() {
        answer.text += &format!("\nEvery figure is within the tolerance of {}\n", path.display());
        return Ok(());
    }
    let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let mut message = format!("{} figures have left {}\n  {}", list.len(), path.display(), list.join("\n  "));
    if let Some((was, is)) = accepted.other_tools(&measured) {
        message += &format!("\n  accepted with other tools: {was}, now {is}");
    }
    let taken = std::mem::replace(answer, Answer::new("", &()));
    *answer = taken.with_failure(Failure::new(
        Code::BaselineLeft,
        message,
        "accept them with --bless, or find what changed them",
    ));
    Ok(())
}
