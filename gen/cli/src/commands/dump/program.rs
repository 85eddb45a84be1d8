//! The program of the accelerator for a trained encoder.

use crate::{
    encoder::{Ignored, Prunings, Tasks},
    exit::{Failure, Result},
    table::{Table, count},
};
use alberti_cost::configuration;
use alberti_diagnostic::Diagnostics;
use alberti_model::{
    Ranges,
    checkpoint::unused::{self, Unused},
    compile::{self, Sentence, Use},
};
use alberti_rtl::Design;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// Of which model, and for how many tokens.
#[derive(clap::Args)]
#[command(next_help_heading = "Program")]
pub struct ProgramOf {
    /// The folder of an encoder (docs/models.md)
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    #[command(flatten)]
    ignored: Ignored,
    #[command(flatten)]
    tasks: Tasks,
    #[command(flatten)]
    prunings: Prunings,
    /// Tokens of the sentence [default: the longest that softmax supports]
    #[arg(long, value_name = "TOKENS", requires = "model")]
    tokens: Option<usize>,
}

/// A program and where everything lies.
#[derive(Serialize)]
pub struct Listing {
    tokens: usize,
    padded_tokens: usize,
    program_bytes: usize,
    data_bytes: usize,
    output: alberti_model::compile::Output,
    setup: Vec<String>,
    program: Vec<String>,
    memories: BTreeMap<&'static str, Vec<Use>>,
    unused_tensors: Vec<Unused>,
}

impl ProgramOf {
    /// Whether a model was named.
    pub fn is_given(&self) -> bool {
        self.model.is_some()
    }
}

/// The listing as text and as data, and warnings.
///
/// # Errors
/// What keeps the model from the accelerator.
pub fn dump(design: &Design, arguments: &ProgramOf) -> Result<(String, Listing, Diagnostics)> {
    let config = configuration::accelerator(design)?;
    let Some(folder) = &arguments.model else {
        return Err(Failure::usage("a program is of a model", "add --model DIR"));
    };
    let encoder = arguments.prunings.load(arguments.ignored.source(folder), &arguments.tasks.tasks)?;
    let checkpoint = &encoder.model.backbone;
    let (tokens, most) = (arguments.tokens, checkpoint.config.max_position_embeddings);
    if let Some(tokens) = tokens.filter(|tokens| !(1..=most).contains(tokens)) {
        let message = format!("{tokens} tokens: the model takes 1 to {most}");
        return Err(Failure::usage(message, "give --tokens within that"));
    }
    let tokens = tokens.unwrap_or_else(|| compile::longest(&checkpoint.config, &config));
    let compiled = encoder.compile(config, tokens, Ranges::Single)?;
    let sentence = compiled.sentence(0, tokens)?;
    let map = compiled.map(&sentence);
    let comments: String = unused::note(&checkpoint.unused).lines().map(|line| format!("# {line}\n")).collect();
    let text = text(&sentence, &compiled.setup().program.to_string(), &map);
    let lines = |program: &alberti_isa::Program| program.instructions.iter().map(ToString::to_string).collect();
    let listing = Listing {
        tokens,
        padded_tokens: sentence.padded,
        program_bytes: sentence.program_bytes(),
        data_bytes: sentence.data_bytes,
        output: sentence.output,
        setup: lines(&compiled.setup().program),
        program: lines(&sentence.program),
        memories: map.into_iter().collect(),
        unused_tensors: checkpoint.unused.clone(),
    };
    Ok((text + &comments, listing, unused::warnings(&checkpoint.unused)))
}

fn text(sentence: &Sentence, setup: &str, map: &[(&'static str, Vec<Use>)]) -> String {
    let mut table = Table::new(&["memory", "rows", "of", "instructions"]);
    for (memory, uses) in map {
        for lain in uses {
            let last = lain.base + lain.rows - 1;
            let while_alive = match lain.to {
                usize::MAX if lain.from == 0 => "all".to_owned(),
                usize::MAX => format!("{} on", lain.from),
                to => format!("{} to {}", lain.from, to.saturating_sub(1)),
            };
            table.row(vec![(*memory).to_owned(), format!("{} to {last}", lain.base), lain.name.clone(), while_alive]);
        }
    }
    format!(
        "# Where everything lies\n\n{}\n# Set up, once\n\n{setup}\n# {} tokens, padded to {}: {} bytes; reads and writes {} bytes of data\n\n{}",
        table.text(),
        sentence.tokens,
        sentence.padded,
        count(sentence.program_bytes() as u64),
        count(sentence.data_bytes as u64),
        sentence.program
    )
}
