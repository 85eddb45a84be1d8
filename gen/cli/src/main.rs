//! The binary `alberti`: a design in, Verilog, proofs and figures out.
//!
//! | Module | Idea |
//! |---|---|
//! | [`cli`] | the arguments |
//! | [`commands`] | one file a command: arguments in, [`output::Answer`] out |
//! | [`encoder`] | a model's folder, tasks and sentences |
//! | [`exit`] | what a failure is, and the exit code that it ends in |
//! | [`output`] | text to the terminal, JSON to a file |
//! | [`render`] | diagnostics for a terminal |
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
mod render;
mod source;
mod table;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        output::complain(&format!(
            "internal error: {panic}\nThis is a fault of alberti: please report it with the design."
        ));
    }));
    let run = || {
        let cli = cli::Cli::parse();
        let outcome = commands::run(&cli.command);
        output::deliver(cli.command.name(), outcome, cli.json.as_deref())
    };
    std::panic::catch_unwind(run).unwrap_or(exit::INTERNAL).into()
}
