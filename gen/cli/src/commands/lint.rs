//! `alberti lint`.

use crate::{
    exit::{Failure, Result},
    output::Answer,
    progress, source,
    table::Table,
};
use alberti_cost::area::sources;
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use alberti_synth::{LintMessage, slang_version};
use serde::Serialize;
use std::fmt::Write;

/// Reads the Verilog with Verilator, yosys, Icarus and slang, each as strict as it can be.
///
/// Checks all that `alberti gen` writes, or the named blocks. Exit code 1 if one of the four reports a problem.
/// Without slang (PyPI's pyslang) the other three are used, with a warning.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: source::Selection,
}

#[derive(Serialize)]
struct Linted {
    top: String,
    modules: usize,
    messages: Vec<LintMessage>,
}

/// Lints.
///
/// # Errors
/// The design's problems, a missing tool, or one that gives up without a message.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.selection.design)?;
    let (netlists, mut warnings) = match arguments.selection.blocks.is_empty() {
        true => {
            let (top, mut netlists, warnings) = source::package(&design, &arguments.selection.macros)?;
            netlists.retain(|memory| top.module(memory.top()).is_none());
            netlists.insert(0, top);
            (netlists, warnings)
        }
        false => {
            let blocks = arguments.selection.blocks(&design)?.into_iter().map(|(_, netlist)| netlist);
            (blocks.collect(), Diagnostics::new())
        }
    };
    if slang_version().is_none() {
        let message = "slang is not installed: the Verilog is read by the other three";
        warnings.push(Diagnostic::new(Code::ReaderMissing, message, "to install it: python3 -m pip install pyslang"));
    }
    let bar = progress::bar(netlists.len());
    let mut linted = Vec::new();
    for netlist in &netlists {
        bar.set_message(netlist.top().to_owned());
        let messages = alberti_synth::lint(&sources(netlist), netlist.top())?;
        linted.push(Linted { top: netlist.top().into(), modules: netlist.order().len(), messages });
        bar.inc(1);
    }
    bar.finish_and_clear();

    let mut table = Table::new(&["top", "modules", "messages"]);
    let mut text = String::new();
    for Linted { top, modules, messages } in &linted {
        table.row(vec![top.clone(), modules.to_string(), messages.len().to_string()]);
        for message in messages {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}: {}", message.tool, message.text);
        }
    }
    let count: usize = linted.iter().map(|linted| linted.messages.len()).sum();
    let answer = Answer::new(text + &table.text(), &linted).with_warnings(design.warnings()).with_warnings(&warnings);
    if count == 0 {
        return Ok(answer);
    }
    let help = "the emitted Verilog is meant to be clean: please report the messages with the design";
    Ok(answer.with_failure(Failure::new(Code::LintMessages, format!("{count} messages about the Verilog"), help)))
}
