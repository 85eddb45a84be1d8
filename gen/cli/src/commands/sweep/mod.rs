//! `alberti sweep`.

mod choices;
mod plot;

use crate::{
    encoder::{Encoder, Given, OneTask, Ranges, Sentences, pruning},
    exit::{Failure, Result},
    output::{self, Answer},
    progress,
    table::{Table, decimals},
};
use alberti_model::{
    prune::Pruning,
    sweep::{Candidate, Choice, Cosines, Decision, Stored},
};
use choices::{Group, choices};
use clap::ValueEnum;
use rayon::prelude::*;
use serde::Serialize;
use std::path::PathBuf;

/// Measures what formats, scales, sparsities and adapters cost a trained encoder
///
/// Each choice is the whole encoder in integers, by its equations, compared with f32 with the same weights and
/// with f32 with all weights. Ranges come from a dozen built-in sentences; the given sentences are measured.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    task: OneTask,
    #[command(flatten)]
    sentences: Sentences,
    /// The groups to vary, separated by commas [default: all; with --task, whose adapters are its own, all but
    /// adapters]
    #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
    of: Vec<Group>,
    /// The prunings of the layers' weights, separated by commas
    #[arg(
        long, value_name = "HOW", value_delimiter = ',', value_parser = pruning,
        default_value = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,8:16,4:8,2:4"
    )]
    sparsities: Vec<Pruning>,
    /// Widths of adapters, separated by commas
    #[arg(long, value_name = "WIDTHS", value_delimiter = ',', default_value = "32,64,128", value_parser = clap::value_parser!(u16).range(1..=1024))]
    adapters: Vec<u16>,
    /// The seed for the weights of adapters
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Also plot the loss of each choice, as an SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

const COLUMNS: &str = "\
Groups:
  shortcuts  the accelerator's own way, and one thing at a time that numbers are given up by
  formats    other formats for all codes, with sums and biases as wide as they need
  pruning    the layers' weights pruned by magnitude, and the tables of words and positions at the same share once
  adapters   adapters of a width behind every dense layer, drawn from a seed

Columns:
  embedding  cosine of the answer to f32's with the same weights: mean over sentences, and worst
  hidden     the same of the last layer's output, all tokens
  unpruned   mean cosine of the answer to that of f32 with all weights
  MB         10^6 bytes of frozen weights: a mask for all, codes for those that are not zero
  task KB    10^3 bytes that belong to one task: adapters, layer norms, classifiers, as codes and numbers
Columns of a task with a classifier:
  logits     greatest difference of the logits to f32's with the same weights, all sentences, read to the last layer
  labels     share of sentences that f32 with the same weights answers alike";

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
    #[serde(skip_serializing_if = "Option::is_none")]
    max_logit_difference: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels_alike: Option<f64>,
    stored: Stored,
    stored_bytes: u64,
    task_bytes: u64,
}

/// Measures every choice.
///
/// # Errors
/// The design's problems, a model or a sentence that cannot be used, choices that no integers hold.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let groups = arguments.groups()?;
    let (design, config) = arguments.given.accelerator()?;
    let of = Encoder::load(&arguments.given.model, arguments.task.task.as_slice())?;
    let (read, ranges) = (of.all_tokens(&arguments.sentences.texts(&[])?)?, of.calibration(Ranges::Single)?);
    let candidate = |choice: &Choice| Candidate::new(&of.model, &ranges, choice, &config, arguments.seed);
    let all = choices(arguments, &groups);
    let bar = progress::bar(all.len() * read.len());
    let mut lines = Vec::new();
    for (group, choice) in &all {
        let pruned = candidate(choice)?;
        // Adapters are the model's own: without them it is another.
        let complete = Choice { weights: Pruning::Dense, embeddings: Pruning::Dense, ..choice.clone() };
        let unpruned = (complete != *choice).then(|| candidate(&complete)).transpose()?;
        let answers = read.par_iter().map(|tokens| {
            let ((hidden, logits), exact) = (pruned.answer(tokens)?, pruned.exact(tokens)?);
            let cosines = Cosines::between(&hidden, &exact.forward.hidden);
            let whole = unpruned.as_ref().map(|whole| whole.exact(tokens)).transpose()?;
            bar.inc(1);
            Ok(Compared {
                cosines,
                unpruned: whole.map_or(cosines, |whole| Cosines::between(&hidden, &whole.forward.hidden)).embedding,
                decision: Decision::between(&logits, exact.last()),
            })
        });
        let answers = answers.collect::<Result<Vec<_>>>()?;
        lines.push(Line::new(*group, choice, &pruned, &answers));
    }
    bar.finish_and_clear();
    if let Some(path) = &arguments.plot {
        output::write(path, plot::svg(&design.name, &lines)?.as_bytes())?;
    }
    let task = &of.model.tasks[0].name;
    let text = format!("{}: {}{} sentences\n\n{}", design.name, of.on(), read.len(), table(&lines).text());
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "task": task, "sentences": read.len(), "seed": arguments.seed, "choices": lines,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// A sentence's answer beside f32's.
struct Compared {
    cosines: Cosines,
    /// Of the answer, to f32 with all weights.
    unpruned: f64,
    decision: Option<Decision>,
}

impl Arguments {
    /// The groups to vary, separated by commas [default: all; with --task, whose adapters are its own, all but
    /// adapters]
    fn groups(&self) -> Result<Vec<Group>> {
        let mut groups = if self.of.is_empty() { Group::value_variants().to_vec() } else { self.of.clone() };
        groups.sort_unstable();
        groups.dedup();
        if self.task.task.is_some() && groups.contains(&Group::Adapters) {
            if !self.of.is_empty() {
                let message = "a task has adapters of its own: none are drawn beside them";
                return Err(Failure::usage(message, "leave adapters out of --of, or leave --task out"));
            }
            groups.retain(|&group| group != Group::Adapters);
        }
        Ok(groups)
    }
}

impl Line {
    fn new(group: Group, choice: &Choice, candidate: &Candidate, answers: &[Compared]) -> Self {
        let mean = |of: &dyn Fn(&Compared) -> f64| answers.iter().map(of).sum::<f64>() / answers.len() as f64;
        let worst = |of: &dyn Fn(&Compared) -> f64| answers.iter().map(of).fold(f64::INFINITY, f64::min);
        let decisions: Vec<_> = answers.iter().filter_map(|answer| answer.decision).collect();
        let alike = decisions.iter().filter(|decision| decision.alike).count() as f64 / decisions.len() as f64;
        Self {
            group: group.name(),
            choice: choice.name.clone(),
            mean_embedding_cosine: mean(&|answer| answer.cosines.embedding),
            worst_embedding_cosine: worst(&|answer| answer.cosines.embedding),
            mean_hidden_cosine: mean(&|answer| answer.cosines.hidden),
            worst_hidden_cosine: worst(&|answer| answer.cosines.hidden),
            mean_unpruned_embedding_cosine: mean(&|answer| answer.unpruned),
            max_logit_difference: decisions.iter().map(|decision| decision.difference).reduce(f64::max),
            labels_alike: (!decisions.is_empty()).then_some(alike),
            stored: candidate.stored,
            stored_bytes: candidate.stored.bytes(),
            task_bytes: candidate.task_bytes(),
        }
    }
}

fn table(lines: &[Line]) -> Table {
    let mut head = vec!["", "choice", "embedding", "worst", "hidden", "worst", "unpruned"];
    head.extend(lines.iter().any(|line| line.labels_alike.is_some()).then_some(["logits", "labels"]).iter().flatten());
    head.extend(["MB", "task KB"]);
    let mut table = Table::new(&head);
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
        row.extend(line.max_logit_difference.map(|difference| decimals(difference, 4)));
        row.extend(line.labels_alike.map(|share| format!("{:.1} %", 100.0 * share)));
        row.extend([decimals(line.stored_bytes as f64 / 1e6, 2), decimals(line.task_bytes as f64 / 1e3, 1)]);
        table.row(row);
    }
    table
}
