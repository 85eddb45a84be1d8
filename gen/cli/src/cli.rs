//! The arguments.

use crate::commands::{
    accuracy, check, doctor, dump, eval, explain, faults, generate, golden, lint, model, pack, report, run, sim, sweep,
    synth,
};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// From a YAML design to verified Verilog with its costs.
///
/// Exit codes: 0 all is well; 1 the design or another input is wrong, or what was checked does not hold; 2
/// the arguments are wrong; 3 the environment: a tool, a file that cannot be read or written.
#[derive(Parser)]
#[command(name = "alberti", version, propagate_version = true, max_term_width = 110, infer_subcommands = false)]
pub struct Cli {
    /// Also write the output to this file, as JSON; `-` prints JSON instead of the text
    #[arg(long, global = true, value_name = "FILE", help_heading = "Output")]
    pub json: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    Doctor(doctor::Arguments),
    Check(check::Arguments),
    Explain(explain::Arguments),
    Gen(generate::Arguments),
    Lint(lint::Arguments),
    Sim(sim::Arguments),
    Golden(golden::Arguments),
    Model(model::Arguments),
    Pack(pack::Arguments),
    Run(run::Arguments),
    Eval(eval::Arguments),
    Accuracy(accuracy::Arguments),
    Faults(faults::Arguments),
    Sweep(sweep::Arguments),
    Synth(synth::Arguments),
    Dump(dump::Arguments),
    Report(report::Arguments),
}

impl Command {
    /// The word that was typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Doctor(_) => "doctor",
            Self::Check(_) => "check",
            Self::Explain(_) => "explain",
            Self::Gen(_) => "gen",
            Self::Lint(_) => "lint",
            Self::Sim(_) => "sim",
            Self::Golden(_) => "golden",
            Self::Model(_) => "model",
            Self::Pack(_) => "pack",
            Self::Run(_) => "run",
            Self::Eval(_) => "eval",
            Self::Accuracy(_) => "accuracy",
            Self::Faults(_) => "faults",
            Self::Sweep(_) => "sweep",
            Self::Synth(_) => "synth",
            Self::Dump(_) => "dump",
            Self::Report(_) => "report",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_of_all_commands_are_consistent() {
        Cli::command().debug_assert();
    }
}
