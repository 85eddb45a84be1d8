//! `alberti sim`.

pub mod model;

use crate::{
    exit::{Failure, Result},
    output::Answer,
    progress, source,
    table::{Table, count},
};
use alberti_rtl::Design;
use alberti_sim::{
    Seed,
    cosim::{self, Outcome},
};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// The blocks of a design in Verilator, bit for bit against the golden model.
///
/// Every block meets random streams with gaps and back-pressure, and once with none. With --model, layers of a trained
/// transformer run through the processing unit instead: pruned, quantised, bitmask-encoded, simulated and compared.
/// Exit code 1 when a bit differs.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: source::Selection,
    /// The seed of all that is random, decimal or 0x…; the same seed gives the same run [default: $ALBERTI_SEED or a
    /// fixed one]
    #[arg(long, value_name = "SEED")]
    seed: Option<Seed>,
    /// Write a waveform (VCD) of every run into this folder; slow, and large for the processing unit
    #[arg(long, value_name = "DIR")]
    waveform: Option<PathBuf>,
    /// Say how fast the simulation was, which differs from run to run
    #[arg(long)]
    timing: bool,
    #[command(flatten)]
    model: model::Trained,
}

/// What a block came to.
#[derive(Clone, Debug, Serialize)]
pub struct Simulated {
    /// Its name.
    pub block: &'static str,
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
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => Seed::from_env()
            .map_err(|error| Failure::input(error.to_string(), "unset ALBERTI_SEED, or give it such a number"))?,
    };
    let design = source::load(&arguments.selection.design)?;
    if let Some(folder) = &arguments.model.model {
        if arguments.selection.blocks.iter().any(|&block| block != "processing_unit") {
            return Err(Failure::input(
                "a model runs on the processing unit, not on another block",
                "leave --block out where --model is given",
            ));
        }
        return model::run(&arguments.model, folder, &design, seed, arguments.waveform.as_deref());
    }
    blocks(arguments, &design, seed)
}

fn blocks(arguments: &Arguments, design: &Design, seed: Seed) -> Result<Answer> {
    let all = simulate(&arguments.selection, design, seed, arguments.waveform.as_deref(), arguments.timing)?;
    let mut table = Table::new(&["block", "runs", "compared", "cycles", if arguments.timing { "kHz" } else { "" }]);
    for Simulated { block, runs, compared, cycles, speed_khz } in &all {
        let speed = speed_khz.map_or_else(String::new, |khz| format!("{khz:.0}"));
        table.row(vec![block.to_string(), count(*runs), count(*compared), count(*cycles), speed]);
    }
    let text = format!("{}, seed {seed}: every bit as the golden model has it\n\n{}", design.name, table.text());
    let data = serde_json::json!({"design": design.name, "hash": design.hash, "seed": seed.to_string(), "blocks": all});
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// Every chosen block against its golden.
///
/// # Errors
/// A missing tool, or the first bit that differs.
pub fn simulate(
    selection: &source::Selection,
    design: &Design,
    seed: Seed,
    waveform: Option<&Path>,
    timing: bool,
) -> Result<Vec<Simulated>> {
    let chosen = selection.blocks(design)?;
    let bar = progress::bar(chosen.len());
    let mut all = Vec::new();
    for (block, netlist) in &chosen {
        bar.set_message(block.name);
        let mut subject = source::subject(design, netlist);
        if let Some(folder) = waveform {
            subject = subject.with_waveforms(folder.to_owned());
        }
        // Apart from the run, which is timed.
        subject.build()?;
        let start = Instant::now();
        // A test walks the registry: every block has its scenario.
        let Some(outcome) = cosim::run(block.name, &subject, seed) else { continue };
        let Outcome { runs, compared, cycles } = outcome?;
        let speed_khz = timing.then(|| cycles as f64 / start.elapsed().as_secs_f64() / 1e3);
        all.push(Simulated { block: block.name, runs, compared, cycles, speed_khz });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}
