//! One file a command: arguments in, an answer out.

pub mod accuracy;
pub mod cache;
pub mod check;
pub mod doctor;
pub mod dump;
pub mod eval;
pub mod explain;
pub mod faults;
pub mod generate;
pub mod golden;
pub mod lint;
pub mod model;
pub mod pack;
pub mod report;
pub mod run;
pub mod sim;
pub mod sweep;
pub mod synth;

use crate::{cli::Command, exit::Result, output::Answer};

/// Runs a command.
///
/// # Errors
/// When it could not do its work, or what it checked does not hold.
pub fn run(command: &Command) -> Result<Answer> {
    match command {
        Command::Doctor(_) => Ok(doctor::run()),
        Command::Check(arguments) => check::run(arguments),
        Command::Explain(arguments) => Ok(explain::run(arguments)),
        Command::Gen(arguments) => generate::run(arguments),
        Command::Lint(arguments) => lint::run(arguments),
        Command::Sim(arguments) => sim::run(arguments),
        Command::Golden(arguments) => golden::run(arguments),
        Command::Model(arguments) => model::run(arguments),
        Command::Pack(arguments) => pack::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Eval(arguments) => eval::run(arguments),
        Command::Accuracy(arguments) => accuracy::run(arguments),
        Command::Faults(arguments) => faults::run(arguments),
        Command::Sweep(arguments) => sweep::run(arguments),
        Command::Synth(arguments) => synth::run(arguments),
        Command::Dump(arguments) => dump::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Cache(arguments) => cache::run(arguments),
    }
}
