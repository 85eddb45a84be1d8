//! `alberti gen`.

use crate::{
    exit::{Failure, Result},
    output::{self, Answer},
    source,
};
use alberti_diagnostic::{Code, Diagnostics};
use alberti_rtl::{Design, Prefix, emit::Package};
use serde_json::json;
use std::path::PathBuf;

/// Generates Verilog, file lists, constraints, register map, driver and manifests.
///
/// The folder is written whole or not at all. An earlier package in it is replaced; a folder that holds other
/// files is left unchanged. A memory that no built-in macro serves is left out with a warning; one that no
/// macro of --technology serves is an error.
#[derive(clap::Args)]
pub struct Arguments {
    /// The design, a YAML file; examples are in designs/
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    /// The output folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Use one block of the design as the top, instead of the design's own
    #[arg(short, long, value_name = "BLOCK", value_parser = source::block)]
    block: Option<&'static str>,
    #[command(flatten)]
    macros: source::Macros,
    /// What all global names begin with: modules, C symbols, packages. Default: the design's name, after the
    /// block's where one is the top
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// Leave the design's memories out
    #[arg(long, conflicts_with_all = ["block", "technology"])]
    no_memories: bool,
}

/// Generates and writes.
///
/// # Errors
/// The design's problems, or a folder that cannot take the package.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.design)?;
    let prefix = prefix(&design, arguments)?;
    let folder = output::Folder::at(&arguments.output)?;
    let (netlist, memories, warnings) = match arguments.no_memories || arguments.block.is_some() {
        true => (source::netlist(&design, arguments.block, &arguments.macros)?, Vec::new(), Diagnostics::new()),
        false => source::package(&design, &arguments.macros)?,
    };
    let memories: Vec<_> = memories.iter().collect();
    let package = Package::new(&prefix, &design, &netlist, &memories)
        .map_err(|error| Failure::new(Code::OutputRefused, error.to_string(), "please report this with the design"))?;
    let replaced = folder.write(&package.files)?;
    let bytes: usize = package.files.values().map(Vec::len).sum();
    let text = format!(
        "{}: top {prefix}, {} files, {bytes} bytes in {}\n",
        design.name,
        package.files.len(),
        arguments.output.display()
    );
    let files: Vec<_> = package.files.keys().collect();
    let data = json!({
        "design": design.name, "hash": design.hash, "top": prefix.to_string(),
        "folder": arguments.output.display().to_string(), "files": files, "size_bytes": bytes,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_warnings(&warnings).with_warnings(&replaced))
}

/// What the names of the package begin with.
fn prefix(design: &Design, arguments: &Arguments) -> Result<Prefix> {
    let Some(text) = &arguments.prefix else {
        let block = arguments.block.map(|block| Prefix::of_block(design, block));
        return Ok(block.unwrap_or_else(|| Prefix::of_design(design)));
    };
    let help = "give a letter, then letters, digits or _, all in lower case, 48 at most, and no word of Verilog";
    Prefix::new(text).map_err(|error| Failure::usage(error.to_string(), help))
}
