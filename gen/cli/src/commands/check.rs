//! `alberti check`.

use crate::{exit::Result, output::Answer, source};
use serde_json::json;
use std::path::PathBuf;

/// Reports every problem of a design at once, including its memories, and does nothing else.
///
/// Exit code 1 if the design is wrong, 3 if its file cannot be read.
#[derive(clap::Args)]
pub struct Arguments {
    /// The design, a YAML file; - reads standard input
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    #[command(flatten)]
    macros: source::Macros,
}

/// Reads, elaborates and checks.
///
/// # Errors
/// All problems, if one of them is an error.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.design)?;
    let technology = arguments.macros.load()?;
    let netlist = alberti_rtl::elaborate_with(&design, &technology)?;
    let (_, warnings) = arguments.macros.memories(&design, &technology)?;
    let modules = netlist.order().len();
    let text = format!("{}: no errors; {} of {modules} modules, hash {}\n", design.name, netlist.top(), design.hash);
    let data = json!({"design": design.name, "hash": design.hash, "top": netlist.top(), "modules": modules});
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_warnings(&warnings))
}
