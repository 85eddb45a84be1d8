//! `alberti dump`.

mod memories;
mod partition;
mod program;

use crate::{
    exit::{Failure, Result},
    output::Answer,
    source,
};
use alberti_diagnostic::{Code, Diagnostics};
use alberti_rtl::Design;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

/// Prints any stage of a design between the YAML and the files.
#[derive(clap::Args)]
pub struct Arguments {
    /// The design, a YAML file; - reads standard input
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    /// The stage
    #[arg(short, long, value_name = "STAGE")]
    stage: Stage,
    /// The form; dot is for the netlist only
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Use one block of the design as the top of netlist and Verilog
    #[arg(short, long, value_name = "BLOCK", value_parser = source::block)]
    block: Option<&'static str>,
    #[command(flatten)]
    macros: source::Macros,
    #[command(flatten)]
    program: program::ProgramOf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// The YAML as data, before any check
    Spec,
    /// The checked design with its defaults
    Design,
    /// Modules, instances and their connections
    Netlist,
    /// The text of every module, children first
    Verilog,
    /// Every problem, warnings included
    Diagnostics,
    /// The memories of the design, the chosen macros and the next best choices
    Memories,
    /// The accelerator program for a trained encoder and a number of tokens, with its memory map
    Program,
    /// The memory of each kind that adapter-ALBERT needs, by the part stored in RRAM and by format
    Partition,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For Graphviz
    Dot,
}

/// Prints a stage.
///
/// # Errors
/// The problems of the design that keep it from the stage, or a form that the stage does not have.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    if arguments.format == Format::Dot && arguments.stage != Stage::Netlist {
        return Err(Failure::usage(
            "only the netlist is a graph",
            "write --stage netlist --format dot, or another format",
        ));
    }
    if arguments.macros.technology.is_some() && arguments.stage != Stage::Memories && arguments.block.is_none() {
        return Err(Failure::usage(
            "only memories are made of macros",
            "write --stage memories, or leave --technology out",
        ));
    }
    if arguments.program.is_given() != (arguments.stage == Stage::Program) {
        return Err(Failure::usage(
            "a program is of a model, and no other stage is",
            "write --stage program --model DIR, or leave --model, --tokens and --prune out",
        ));
    }
    let (text, data, warnings) = stage(arguments)?;
    let text = if arguments.format == Format::Json { format!("{data:#}\n") } else { text };
    Ok(Answer::new(text, &data).with_warnings(&warnings))
}

fn stage(arguments: &Arguments) -> Result<(String, Value, Diagnostics)> {
    let path = &arguments.design;
    match arguments.stage {
        Stage::Spec => {
            let data = spec(path)?;
            return Ok((yaml(&data), data, Diagnostics::new()));
        }
        Stage::Diagnostics => {
            let problems = match source::load(path) {
                Err(failure) => failure.problems,
                Ok(design) => match alberti_rtl::elaborate(&design) {
                    Err(problems) => problems,
                    Ok(_) => design.warnings().clone(),
                },
            };
            return Ok((problems.to_string(), value(&problems), Diagnostics::new()));
        }
        _ => {}
    }
    let design = source::load(path)?;
    let mut warnings = design.warnings().clone();
    let (text, data) = match arguments.stage {
        Stage::Design => {
            let data = value(&design);
            (yaml(&data), data)
        }
        Stage::Memories => {
            let (text, all) = memories::dump(&design, &arguments.macros.load()?)?;
            (text, value(&all))
        }
        Stage::Program => {
            let (text, all, unused) = program::dump(&design, &arguments.program)?;
            warnings.extend(unused.iter().cloned());
            (text, value(&all))
        }
        Stage::Partition => {
            let (text, sums) = partition::dump(&design)?;
            (text, value(&sums))
        }
        _ => {
            let netlist = source::netlist(&design, arguments.block, &arguments.macros)?;
            match (arguments.stage, arguments.format) {
                (Stage::Verilog, _) => {
                    let files: BTreeMap<String, String> = netlist.sources().into_iter().collect();
                    let texts = netlist.sources().into_iter().map(|(_, text)| text);
                    (texts.collect::<Vec<_>>().join("\n"), value(&files))
                }
                (_, Format::Dot) => (netlist.dot(), value(&netlist)),
                _ => (netlist.tree(), value(&netlist)),
            }
        }
    };
    Ok((text, data, warnings))
}

fn spec(path: &std::path::Path) -> Result<Value> {
    let (name, bytes) = source::bytes(path)?;
    let text =
        String::from_utf8(bytes.into_owned()).map_err(|error| match Design::parse_bytes(&name, error.as_bytes()) {
            Err(problems) => Failure::from(problems),
            // Bytes that are no text are no design either.
            Ok(_) => Failure::new(Code::NotUtf8, "the design is not UTF-8", "save the file as UTF-8"),
        })?;
    Ok(value(&Design::raw(&name, &text)?))
}

fn value(data: &impl Serialize) -> Value {
    // Maps with text as keys alone: JSON can hold them.
    serde_json::to_value(data).unwrap_or(json!(null))
}

fn yaml(data: &Value) -> String {
    serde_yaml::to_string(data).unwrap_or_default()
}
