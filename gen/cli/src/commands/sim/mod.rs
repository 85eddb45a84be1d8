//! `alberti sim`.

pub mod blocks;
pub mod model;

use crate::{
    exit::{Failure, Result},
    output::{self, Answer},
    source,
    table::{Table, count},
};
use alberti_harness::Seed;
use alberti_rtl::Design;
use blocks::{Simulated, simulate};
use std::path::PathBuf;

/// Simulates the blocks of a design in Verilator, bit for bit against the golden model.
///
/// Every block, and every memory made of macros, gets random streams with gaps and back-pressure, and once
/// without. With --model, layers of a trained transformer run through the processing unit instead: pruned,
/// quantised, bitmask-encoded, simulated and compared. Exit code 1 if a bit differs.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: source::Selection,
    /// The seed of all random numbers, decimal or 0x…; the same seed gives the same run [default:
    /// $ALBERTI_SEED or a fixed one]
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

/// Simulates.
///
/// # Errors
/// The design's problems, a missing tool, or the first bit that differs.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let seed = source::seed(arguments.seed)?;
    let design = source::load(&arguments.selection.design)?;
    if let Some(folder) = &arguments.waveform {
        output::room(folder)?;
    }
    if let Some(folder) = &arguments.model.model {
        if arguments.selection.blocks.iter().any(|&block| block != "processing_unit") {
            return Err(Failure::usage(
                "a model runs on the processing unit, not on another block",
                "leave --block out where --model is given",
            ));
        }
        return model::run(&arguments.model, folder, &design, seed, arguments.waveform.as_deref());
    }
    all_blocks(arguments, &design, seed)
}

fn all_blocks(arguments: &Arguments, design: &Design, seed: Seed) -> Result<Answer> {
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
