//! `alberti doctor`.

use crate::{
    exit::{Failure, Result},
    output::Answer,
    table::Table,
};
use alberti_diagnostic::Code;
use alberti_synth::{Library, TOOLS, Tool, slang_version};
use serde::Serialize;
use std::collections::BTreeSet;

/// Shows which tools are installed, and how to install missing ones.
///
/// Exit code 3 if a tool is missing. Generation needs none of them.
#[derive(clap::Args)]
pub struct Arguments {}

#[derive(Serialize)]
struct Found {
    tool: String,
    purpose: &'static str,
    version: Option<String>,
    path: Option<String>,
    package: String,
    /// Whether commands do without it: a package of PyPI.
    optional: bool,
}

impl Found {
    fn is_missing(&self) -> bool {
        self.path.is_none() && !self.optional
    }
}

/// Looks for every tool.
///
/// # Errors
/// None: a missing tool is a failure within the answer, which lists the others.
pub fn run(_: &Arguments) -> Result<Answer> {
    let mut found: Vec<Found> = TOOLS.iter().map(|tool| look(tool, purpose(tool.name))).collect();
    found.push(slang());
    found.push(compiler());
    found.push(library());
    let missing: BTreeSet<&str> =
        found.iter().filter(|found| found.is_missing()).map(|found| found.package.as_str()).collect();
    let install = (!missing.is_empty())
        .then(|| format!("apt-get install {}", missing.iter().copied().collect::<Vec<_>>().join(" ")));

    let mut table = Table::new(&["tool", "for", "version"]);
    for found in &found {
        let version = match (&found.path, &found.version) {
            (None, _) if found.optional => format!("missing, optional: python3 -m pip install {}", found.package),
            (None, _) => format!("missing: apt-get install {}", found.package),
            (Some(_), Some(version)) => version.clone(),
            (Some(path), None) => path.clone(),
        };
        table.row(vec![found.tool.clone(), found.purpose.into(), version]);
    }
    let mut text = table.text();
    if install.is_none() {
        text += "\nEverything is there.\n";
    }
    let answer = Answer::new(text, &serde_json::json!({"tools": found, "install": install}));
    Ok(match install {
        None => answer,
        Some(command) => answer.with_failure(Failure::new(
            Code::MissingTool,
            format!("{} of the tools are not installed", found.iter().filter(|found| found.is_missing()).count()),
            format!("to install what is missing: {command}"),
        )),
    })
}

fn purpose(tool: &str) -> &'static str {
    match tool {
        "verilator" => "sim, lint",
        "yosys" => "synth, lint",
        "berkeley-abc" => "synth",
        "sta" => "synth --timing",
        "iverilog" => "lint",
        _ => "formal proofs",
    }
}

fn look(tool: &Tool, purpose: &'static str) -> Found {
    let path = tool.find().ok();
    // `-h` prints a usage, not a version.
    let version = path.as_ref().filter(|_| tool.version_arguments != ["-h"]).and_then(|_| tool.version().ok());
    Found {
        tool: tool.name.into(),
        purpose,
        version: version.filter(|version| !version.is_empty()),
        path: path.map(|path| path.display().to_string()),
        package: tool.package.into(),
        optional: false,
    }
}

fn slang() -> Found {
    let version = slang_version().map(str::to_owned);
    let path = version.is_some().then(|| "python3".to_owned());
    Found { tool: "slang".into(), purpose: "lint", version, path, package: "pyslang".into(), optional: true }
}

/// Clang builds in half of the time; either will do.
fn compiler() -> Found {
    let tool = |name, package| Tool { name, package, version_arguments: &["--version"] };
    let (clang, gcc) = (look(&tool("clang++", "clang"), "sim"), look(&tool("g++", "g++"), "sim"));
    if clang.path.is_none() && gcc.path.is_some() { gcc } else { clang }
}

fn library() -> Found {
    let default = alberti_synth::Technology::known().unwrap_or_default().into_iter().next();
    let (name, package, liberty) = default
        .map_or_else(Default::default, |t| (t.name, t.package.unwrap_or_default(), t.liberty.unwrap_or_default()));
    let version = Library::open_default().ok().map(|library| format!("{} cells", library.cells.len()));
    Found {
        tool: name,
        purpose: "synth",
        path: version.is_some().then_some(liberty),
        version,
        package,
        optional: false,
    }
}
