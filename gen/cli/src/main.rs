//! The binary `alberti`: a design in, Verilog, proofs and figures out.
//!
//! | Module | Idea |
//! |---|---|
//! | [`cli`] | the arguments |
//! | [`commands`] | one file a command: arguments in, [`output::Answer`] out |
//! | [`encoder`] | a model's folder, tasks and sentences |
//! | [`exit`] | what a failure is, and the exit code that it ends in |
//! | [`output`] | text to the terminal, JSON to a file |
//! | [`source`] | designs and their netlists |
//! | [`table`] | columns of text |
//! | [`progress`] | a bar while long work is under way |

#![forbid(unsafe_code)]

mod cli;
mod commands;
mod encoder;
mod exit;
mod output;
mod progress;
mod source;
mod table;

use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        output::complain(&format!(
            "internal error: {panic}\nThis is a fault of alberti: please report it with the design."
        ));
    }));
    let run = || {
        let matches = cli::Cli::command().get_matches();
        let cli = cli::Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let outcome = cli.command.run();
        output::deliver(matches.subcommand_name().unwrap_or_default(), outcome, cli.json.as_deref())
    };
    std::panic::catch_unwind(run).unwrap_or(exit::INTERNAL).into()
}
