//! `alberti check`.

use crate::{
    exit::{COULD_NOT, DOES_NOT_HOLD, Failure, Result},
    output::Answer,
    source,
};
use alberti_rtl::{
    Design,
    diagnostic::{Diagnostics, Severity},
};
use serde_json::json;
use std::path::PathBuf;

/// Reports every problem of a design at once, including its memories, and does nothing else.
///
/// Exit code 1 if the design has errors, 2 if it cannot be read as a design (AE01xx).
#[derive(clap::Args)]
pub struct Arguments {
    /// The design, a YAML file
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
    let faulty = |problems: Diagnostics| Failure { code: code(&problems), problems };
    let design = Design::load(&arguments.design).map_err(faulty)?;
    let technology = arguments.macros.load()?;
    let netlist = alberti_rtl::elaborate_with(&design, &technology).map_err(faulty)?;
    let (_, warnings) = arguments
        .macros
        .memories(&design, &technology)
        .map_err(|failure| Failure { code: DOES_NOT_HOLD, ..failure })?;
    let modules = netlist.order().len();
    let text = format!("{}: no errors; {} of {modules} modules, hash {}\n", design.name, netlist.top(), design.hash);
    let data = json!({"design": design.name, "hash": design.hash, "top": netlist.top(), "modules": modules});
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_warnings(&warnings))
}

/// 2 when the file is no design at all, 1 when it is a faulty one.
fn code(problems: &Diagnostics) -> u8 {
    let errors = || problems.iter().filter(|problem| problem.severity() == Severity::Error);
    if errors().any(|problem| problem.code.as_str().starts_with("AE01")) { COULD_NOT } else { DOES_NOT_HOLD }
}
