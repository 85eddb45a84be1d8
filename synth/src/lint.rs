//! Three readers of the same Verilog, each strict: what one lets pass another may not.

use serde::{Deserialize, Serialize};

use crate::cache;
use crate::elaborate::{Source, write_sources};
use crate::error::{Error, Result};
use crate::flows;
use crate::tools::{IVERILOG, VERILATOR, YOSYS};

/// A complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintMessage {
    /// Who complains: verilator, yosys, iverilog.
    pub tool: String,
    /// File, line and what is wrong, in the tool's words.
    pub text: String,
}

/// Every complaint about a design; none when it is clean.
///
/// Verilator `-Wall`; yosys' hierarchy, processes and `check -assert`; Icarus `-g2005 -Wall`.
pub fn lint(sources: &[Source], top: &str) -> Result<Vec<LintMessage>> {
    if !flows::is_identifier(top) {
        return Err(Error::invalid(top, "a top module's name is letters, digits and '_'"));
    }
    let work = tempfile::tempdir().map_err(Error::io(std::path::Path::new(".")))?;
    let files = write_sources(work.path(), sources)?;
    cache::write(&work.path().join("run.ys"), flows::lint(&files, top)?)?;
    let doing = format!("reading {top}");
    let names = files.iter().map(String::as_str);

    let verilator = ["--lint-only", "-Wall", "--top-module", top].into_iter().chain(names.clone());
    // Icarus: files without delays need no timescale, and a select inside `always @*` waking on the whole
    // vector costs simulation time alone.
    let icarus =
        ["-g2005", "-Wall", "-Wno-timescale", "-Wno-sensitivity-entire-vector", "-Wno-sensitivity-entire-array"];
    let icarus = icarus.into_iter().chain(["-t", "null", "-s", top]).chain(names);
    let outputs = [
        VERILATOR.run(work.path(), verilator, &doing)?,
        YOSYS.run(work.path(), ["-q", "run.ys"], &doing)?,
        IVERILOG.run(work.path(), icarus, &doing)?,
    ];
    let mut messages = Vec::new();
    for (tool, output) in [VERILATOR, YOSYS, IVERILOG].iter().zip(outputs) {
        let text = output.text();
        let before = messages.len();
        let complaints = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
        // Verilator's advice on how to silence it, and its count at the end, are no complaints.
        let complaints = complaints.filter(|line| {
            tool.name != VERILATOR.name
                || line.starts_with("%Warning-")
                || line.starts_with("%Error") && line.contains(".v:")
        });
        messages.extend(complaints.map(|line| LintMessage { tool: tool.name.into(), text: line.into() }));
        if !output.success && messages.len() == before {
            return Err(output.failure());
        }
    }
    Ok(messages)
}
