//! `alberti sim`.

pub mod model;

use crate::{
    exit::{Failure, Result},
    output::Answer,
    progress, source,
    table::{Table, count},
};
use alberti_harness::Seed;
use alberti_rtl::{Design, Memory, memory::Technology, netlist::Netlist};
use alberti_scenarios::{Outcome, Subject};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// Simulates the blocks of a design in Verilator, bit for bit against the golden model.
///
/// Every block, and every memory made of macros, gets random streams with gaps and back-pressure, and once
/// without. With --model, layers of a trained transformer run through the processing unit instead: pruned,
/// quantised, bitmask-encoded, simulated and compared. Exit code 1 if a bit differs.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: source::Selection,
    /// The seed of all random numbers, decimal or 0x…; the same seed gives the same run [default: $ALBERTI_SEED or
    /// a fixed one]
    #[arg(long, value_name = "SEED")]
    seed: Option<Seed>,
    /// Write a waveform (VCD) of every run into this folder; slow, and large for the processing unit
    #[arg(long, value_name = "DIR")]
    waveform: Option<PathBuf>,
    /// Report the simulation speed, which differs from run to run
    #[arg(long)]
    timing: bool,
    #[command(flatten)]
    model: model::Trained,
}

/// What a block came to.
#[derive(Clone, Debug, Serialize)]
pub struct Simulated {
    /// Its name.
    pub block: String,
    /// Testbenches run.
    pub runs: u64,
    /// Items compared.
    pub compared: u64,
    /// Cycles simulated.
    pub cycles: u64,
    /// How fast, where that was asked for: the one figure that differs from run to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_khz: Option<f64>,
}

/// Simulates.
///
/// # Errors
/// The design's problems, a missing tool, or the first bit that differs.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let seed = source::seed(arguments.seed)?;
    let design = source::load(&arguments.selection.design)?;
    if let Some(folder) = &arguments.model.model {
        if arguments.selection.blocks.iter().any(|&block| block != "processing_unit") {
            return Err(Failure::usage(
                "a model runs on the processing unit, not on another block",
                "leave --block out where --model is given",
            ));
        }
        return model::run(&arguments.model, folder, &design, seed, arguments.waveform.as_deref());
    }
    blocks(arguments, &design, seed)
}

fn blocks(arguments: &Arguments, design: &Design, seed: Seed) -> Result<Answer> {
    let technology = arguments.selection.macros.load()?;
    let (memories, warnings) = arguments.selection.memories(design, &technology)?;
    let all = simulate(
        &arguments.selection,
        design,
        (&technology, &memories),
        seed,
        arguments.waveform.as_deref(),
        arguments.timing,
    )?;
    let mut table = Table::new(&["block", "runs", "compared", "cycles", if arguments.timing { "kHz" } else { "" }]);
    for Simulated { block, runs, compared, cycles, speed_khz } in &all {
        let speed = speed_khz.map_or_else(String::new, |khz| format!("{khz:.0}"));
        table.row(vec![block.clone(), count(*runs), count(*compared), count(*cycles), speed]);
    }
    let text = format!("{}, seed {seed}: every bit as the golden model has it\n\n{}", design.name, table.text());
    let data = serde_json::json!({"design": design.name, "hash": design.hash, "seed": seed.to_string(), "blocks": all});
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_warnings(&warnings))
}

/// Every chosen block against its golden, and memories made of macros of a technology.
///
/// # Errors
/// A missing tool, or the first bit that differs.
pub fn simulate(
    selection: &source::Selection,
    design: &Design,
    (technology, memories): (&Technology, &[Memory]),
    seed: Seed,
    waveform: Option<&Path>,
    timing: bool,
) -> Result<Vec<Simulated>> {
    // Of rram there are the memories alone.
    let mut chosen = selection.blocks(design)?;
    chosen.retain(|(block, _)| block.name != "rram");
    let bar = progress::bar(chosen.len() + memories.len());
    let mut all = Vec::new();
    let mut one =
        |name: String, netlist: &Netlist, run: &dyn Fn(&Subject) -> Option<alberti_scenarios::Result<Outcome>>| {
            bar.set_message(name.clone());
            let mut subject = subject(design, netlist);
            if let Some(folder) = waveform {
                subject = subject.with_waveforms(folder.to_owned());
            }
            // Apart from the run, which is timed.
            subject.build()?;
            let start = Instant::now();
            // A test walks the registry: every block has its scenario.
            let Some(outcome) = run(&subject) else { return Ok::<_, Failure>(()) };
            let Outcome { runs, compared, cycles } = outcome?;
            let speed_khz = timing.then(|| cycles as f64 / start.elapsed().as_secs_f64() / 1e3);
            all.push(Simulated { block: name, runs, compared, cycles, speed_khz });
            bar.inc(1);
            Ok(())
        };
    for (block, netlist) in &chosen {
        one(block.name.to_owned(), netlist, &|subject| alberti_scenarios::run(block.name, subject, seed))?;
    }
    for memory in memories {
        let name = format!("{} {}", memory.demand.storage.kind.word(), memory.demand.memory);
        one(name, &memory.netlist, &|subject| Some(alberti_scenarios::run_memory(subject, technology, memory, seed)))?;
    }
    bar.finish_and_clear();
    Ok(all)
}

/// A block to simulate, built where the other commands keep their work.
fn subject<'a>(design: &'a Design, netlist: &Netlist) -> Subject<'a> {
    Subject::new(design, netlist).in_directory(source::builds())
}
