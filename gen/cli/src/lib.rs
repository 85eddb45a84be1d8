//! The command line: a design in, Verilog, proofs and figures out. The binary calls [`main`] alone.
//!
//! | Module | Idea |
//! |---|---|
//! | `cli` | the arguments |
//! | `commands` | one file a command: arguments in, `output::Answer` out |
//! | `encoder` | a model's folder, tasks and sentences |
//! | `exit` | what a failure is, and the exit code that it ends in |
//! | `output` | text to the terminal, JSON to a file |
//! | [`readers`] | what commands themselves read, for the tests that give it changed files |
//! | `render` | diagnostics for a terminal |
//! | `source` | designs and their netlists |
//! | `table` | columns of text |
//! | `progress` | a bar while long work is under way |

#![forbid(unsafe_code)]

mod cli;
mod commands;
mod encoder;
mod exit;
mod output;
mod progress;
pub mod readers;
mod render;
mod source;
mod table;

use clap::{CommandFactory, FromArgMatches};
use std::{
    io::Write,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    // What a command catches of a library is no fault of ours: only what reaches this function is told.
    let panicked = Arc::new(Mutex::new(String::new()));
    let last = Arc::clone(&panicked);
    std::panic::set_hook(Box::new(move |panic| {
        *last.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
    }));
    let run = || {
        let matches = match cli::Cli::command().try_get_matches() {
            Ok(matches) => matches,
            Err(said) => return explain_usage(&said),
        };
        let cli = match cli::Cli::from_arg_matches(&matches) {
            Ok(cli) => cli,
            Err(said) => return explain_usage(&said),
        };
        let (outcome, json) = match output::Json::at_any(cli.json.as_deref()) {
            Ok(json) => (cli.command.run(), json),
            Err(failure) => (Err(failure), None),
        };
        output::deliver(matches.subcommand_name().unwrap_or_default(), outcome, json.as_ref())
    };
    let code = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        let panic = panicked.lock().unwrap_or_else(PoisonError::into_inner);
        output::complain(&format!(
            "internal error: {panic}\nThis is a fault of alberti: please report it with the design."
        ));
        exit::INTERNAL
    });
    code.into()
}

/// Prints help, version or what is wrong with the arguments; the exit code.
fn explain_usage(said: &clap::Error) -> u8 {
    let printed = said.print().and_then(|()| std::io::stdout().flush());
    match output::printed(printed) {
        Err(failure) if !said.use_stderr() => {
            output::complain(&failure.problems.to_string());
            failure.problems.exit_code()
        }
        _ => u8::try_from(said.exit_code()).unwrap_or(exit::INTERNAL),
    }
}
