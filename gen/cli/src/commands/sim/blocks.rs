//! Blocks and memories of a design in Verilator.

use crate::{
    exit::{Failure, Result},
    progress, source,
};
use alberti_harness::Seed;
use alberti_rtl::{BuiltMemory, Design, memory::Technology, netlist::Netlist};
use alberti_scenarios::{Outcome, Subject};
use serde::Serialize;
use std::{path::Path, time::Instant};

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

/// Every chosen block against its golden, and memories made of macros of a technology.
///
/// # Errors
/// A missing tool, or the first bit that differs.
pub fn simulate(
    selection: &source::Selection,
    design: &Design,
    (technology, memories): (&Technology, &[BuiltMemory]),
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
            let mut subject = Subject::new(design, netlist);
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
