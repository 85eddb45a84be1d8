//! `alberti sweep`.

mod choices;
mod plot;

use crate::{
    commands::{run::answers::texts, sim::model::pruning},
    exit::Result,
    machine,
    output::{self, Answer},
    progress, source,
    table::{Table, decimals},
};
use alberti_model::{
    demo::Model,
    prune::Pruning,
    sweep::{Candidate, Choice, Cosines, Stored},
};
use choices::{Group, choices};
use rayon::prelude::*;
use serde::Serialize;
use std::path::PathBuf;

/// What formats, scales, sparsities and adapters cost a trained encoder
///
/// Each choice is the whole encoder in integers, by its equations, against f32 with the same weights and against f32 with all of them.
/// Ranges come from a dozen built-in sentences, measured is on those that are given.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    /// The design, a YAML file with a section `machine`
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    /// The folder of a trained BERT-style encoder: model.safetensors, config.json, tokenizer.json; `make model` fetches
    /// one
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// A file with a sentence on each line [default: the built-in sentences]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What is varied, with commas
    #[arg(long, value_name = "GROUPS", value_delimiter = ',', default_value = "shortcuts,formats,pruning,adapters")]
    of: Vec<Group>,
    /// How the layers' weights are pruned, with commas
    #[arg(
        long, value_name = "HOW", value_delimiter = ',', value_parser = pruning,
        default_value = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,8:16,4:8,2:4"
    )]
    sparsities: Vec<Pruning>,
    /// Widths of adapters, with commas
    #[arg(long, value_name = "WIDTHS", value_delimiter = ',', default_value = "32,64,128", value_parser = clap::value_parser!(u16).range(1..=1024))]
    adapters: Vec<u16>,
    /// The seed that adapters are drawn from
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Also draw what each choice loses: an SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

const COLUMNS: &str = "\
Groups:
  shortcuts  the machine's own way, and one thing at a time that numbers are given up by
  formats    other formats of 8 bits or fewer for all codes, with sums as wide as they need
  pruning    the layers' weights pruned by magnitude, and the tables of words and positions at the same share once
  adapters   adapters of a width behind every dense layer, drawn from a seed

Columns:
  embedding  cosine of the answer to f32's with the same weights: mean over sentences, and worst
  hidden     the same of the last layer's output, all tokens
  unpruned   mean cosine of the answer to that of f32 with all weights
  MB         10^6 bytes of frozen weights: a mask for all, codes for those that are not zero
  task KB    10^3 bytes that belong to one task: adapters, layer norms, as codes and numbers";

/// What a choice came to.
#[derive(Clone, Debug, Serialize)]
struct Line {
    group: &'static str,
    choice: String,
    mean_embedding_cosine: f64,
    worst_embedding_cosine: f64,
    mean_hidden_cosine: f64,
    worst_hidden_cosine: f64,
    mean_unpruned_embedding_cosine: f64,
    stored: Stored,
    stored_bytes: u64,
    task_bytes: u64,
}

/// Measures every choice.
///
/// # Errors
/// The design's problems, a model or a sentence that cannot be used, choices that no integers hold.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.design)?;
    let config = machine::config(&design)?;
    let texts = texts(&[], arguments.file.as_deref())?;
    let model = Model::load(&arguments.model)?;
    let encode = |text: &String| model.tokenizer.encode(text, &model.checkpoint);
    let ids = texts.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
    let all = choices(arguments);
    let bar = progress::bar(all.len() * ids.len());
    let mut lines = Vec::new();
    for (group, choice) in &all {
        let candidate = Candidate::new(&model, choice, &config, arguments.seed)?;
        // Adapters are the model's own: without them it is another.
        let complete = Choice { weights: Pruning::Dense, embeddings: Pruning::Dense, ..choice.clone() };
        let pruned = complete != *choice;
        let unpruned = pruned.then(|| Candidate::new(&model, &complete, &config, arguments.seed)).transpose()?;
        let cosines = ids.par_iter().map(|ids| {
            let (hidden, exact) = (candidate.hidden(ids)?, candidate.exact(ids)?);
            let cosines = Cosines::between(&hidden, &exact);
            let whole = unpruned.as_ref().map(|whole| whole.exact(ids)).transpose()?;
            bar.inc(1);
            Ok((cosines, whole.map_or(cosines.embedding, |whole| Cosines::between(&hidden, &whole).embedding)))
        });
        let cosines = cosines.collect::<Result<Vec<_>>>()?;
        lines.push(Line::new(*group, choice, &candidate, &cosines));
    }
    bar.finish_and_clear();
    if let Some(path) = &arguments.plot {
        output::write(path, plot::svg(&design.name, &lines)?.as_bytes())?;
    }
    let text = format!("{}: {} sentences\n\n{}", design.name, ids.len(), table(&lines).text());
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "sentences": ids.len(), "seed": arguments.seed, "choices": lines,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

impl Line {
    fn new(group: Group, choice: &Choice, candidate: &Candidate, cosines: &[(Cosines, f64)]) -> Self {
        let mean = |of: &dyn Fn(&(Cosines, f64)) -> f64| cosines.iter().map(of).sum::<f64>() / cosines.len() as f64;
        let worst = |of: &dyn Fn(&(Cosines, f64)) -> f64| cosines.iter().map(of).fold(f64::INFINITY, f64::min);
        Self {
            group: group.name(),
            choice: choice.name.clone(),
            mean_embedding_cosine: mean(&|(cosines, _)| cosines.embedding),
            worst_embedding_cosine: worst(&|(cosines, _)| cosines.embedding),
            mean_hidden_cosine: mean(&|(cosines, _)| cosines.hidden),
            worst_hidden_cosine: worst(&|(cosines, _)| cosines.hidden),
            mean_unpruned_embedding_cosine: mean(&|(_, unpruned)| *unpruned),
            stored: candidate.stored,
            stored_bytes: candidate.stored.bytes(),
            task_bytes: candidate.task_bytes(),
        }
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(&["", "choice", "embedding", "worst", "hidden", "worst", "unpruned", "MB", "task KB"]);
    let mut before = "";
    for line in lines {
        let group = if line.group == before { "" } else { line.group };
        before = line.group;
        let cosines = [
            line.mean_embedding_cosine,
            line.worst_embedding_cosine,
            line.mean_hidden_cosine,
            line.worst_hidden_cosine,
            line.mean_unpruned_embedding_cosine,
        ];
        let mut row = vec![group.to_owned(), line.choice.clone()];
        row.extend(cosines.map(|cosine| decimals(cosine, 4)));
        row.extend([decimals(line.stored_bytes as f64 / 1e6, 2), decimals(line.task_bytes as f64 / 1e3, 1)]);
        table.row(row);
    }
    table
}
