//! Four readers of the same Verilog, each strict: what one lets pass another may not.

mod slang;

pub use slang::slang_version;

use serde::{Deserialize, Serialize};
use std::path::Path;

use crate::cache;
use crate::elaborate::{Source, write_sources};
use crate::error::{Error, Result};
use crate::flows;
use crate::tools::{IVERILOG, Output, VERILATOR, YOSYS};

/// A complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintMessage {
    /// Who complains: verilator, yosys, iverilog, slang.
    pub tool: String,
    /// File, line and what is wrong, in the tool's words.
    pub text: String,
}

/// Every complaint about a design; none when it is clean.
///
/// Verilator `-Wall`; yosys' hierarchy, processes and `check -assert`; Icarus `-g2005 -Wall`; slang's own set
/// of warnings, where [`slang_version`] finds it.
pub fn lint(sources: &[Source], top: &str) -> Result<Vec<LintMessage>> {
    if !flows::is_identifier(top) {
        return Err(Error::invalid(top, "a top module's name is letters, digits and '_'"));
    }
    let work = tempfile::tempdir().map_err(Error::io(Path::new(".")))?;
    let files = write_sources(work.path(), sources)?;
    let mut messages = Vec::new();
    for (tool, output) in outputs(work.path(), &files, top)? {
        let text = output.text();
        let before = messages.len();
        let complaints = text.lines().map(str::trim_end).filter(|line| is_complaint(tool, line));
        messages.extend(complaints.map(|line| LintMessage { tool: tool.into(), text: line.into() }));
        if !output.success && messages.len() == before {
            return Err(output.failure());
        }
    }
    Ok(messages)
}

/// What each reader prints, by its name.
fn outputs(folder: &Path, files: &[String], top: &str) -> Result<Vec<(&'static str, Output)>> {
    cache::write(&folder.join("run.ys"), flows::lint(files, top)?)?;
    let doing = format!("reading {top}");
    let names = files.iter().map(String::as_str);
    let verilator = ["--lint-only", "-Wall", "--top-module", top].into_iter().chain(names.clone());
    // Icarus: files without delays need no timescale, and a select inside `always @*` waking on the whole
    // vector costs simulation time alone.
    let icarus =
        ["-g2005", "-Wall", "-Wno-timescale", "-Wno-sensitivity-entire-vector", "-Wno-sensitivity-entire-array"];
    let icarus = icarus.into_iter().chain(["-t", "null", "-s", top]).chain(names);
    let mut outputs = vec![
        (VERILATOR.name, VERILATOR.run(folder, verilator, &doing)?),
        (YOSYS.name, YOSYS.run(folder, ["-q", "run.ys"], &doing)?),
        (IVERILOG.name, IVERILOG.run(folder, icarus, &doing)?),
    ];
    if slang_version().is_some() {
        outputs.push(("slang", slang::read(folder, files, top)?));
    }
    Ok(outputs)
}

/// Whether a line of a reader's output says what is wrong. Verilator adds advice on how to silence it and a
/// count; slang adds the line of source, a mark beneath it and notes.
fn is_complaint(tool: &str, line: &str) -> bool {
    match tool {
        "verilator" => line.starts_with("%Warning-") || line.starts_with("%Error") && line.contains(".v:"),
        "slang" => line.contains(": error: ") || line.contains(": warning: "),
        _ => !line.trim().is_empty(),
    }
}
