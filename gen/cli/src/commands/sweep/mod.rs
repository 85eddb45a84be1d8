//! `alberti sweep`.

mod plot;

use crate::{
    encoder::{EncoderArguments, OneTask, Sentences, pruning, read_texts, task_prefix},
    exit::{Failure, Result},
    output::{self, Answer},
    progress,
    table::{Table, decimals},
};
use alberti_model::{
    Ranges, TextEncoder,
    prune::Pruning,
    sweep::{self, Comparison},
};
use clap::ValueEnum;
use std::path::PathBuf;

/// Measures what formats, scales, sparsities and adapters cost a trained encoder
///
/// Each choice is the whole encoder in integers, by its equations, compared with f32 with the same weights
/// and with f32 with all weights. Ranges come from a dozen built-in sentences; the given sentences are
/// measured.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    #[command(flatten)]
    encoder: EncoderArguments,
    #[command(flatten)]
    task: OneTask,
    #[command(flatten)]
    sentences: Sentences,
    /// The groups to vary, separated by commas [default: all; with --task, whose adapters are its own, all
    /// but adapters]
    #[arg(long = "of", value_name = "GROUPS", value_delimiter = ',')]
    varied: Vec<Group>,
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
  adapters   adapters of a width after every dense layer, drawn from a seed

Columns:
  embedding  cosine of the answer to f32's with the same weights: mean over sentences, and worst
  hidden     the same of the last layer's output, all tokens
  unpruned   mean cosine of the answer to that of f32 with all weights
  MB         10^6 bytes of frozen weights: a mask for all, codes for those that are not zero
  task KB    10^3 bytes that belong to one task: adapters, layer norms, classifiers, as codes and numbers
Columns of a task with a classifier:
  logits     greatest difference of the logits to f32's with the same weights, all sentences, read to the last layer
  labels     share of sentences that f32 with the same weights answers alike";

/// What is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Group {
    /// Simplifications of the quantiser
    Shortcuts,
    /// Formats of codes
    Formats,
    /// Sparsities
    Pruning,
    /// Widths of adapters
    Adapters,
}

impl From<Group> for sweep::Group {
    fn from(group: Group) -> Self {
        match group {
            Group::Shortcuts => Self::Shortcuts,
            Group::Formats => Self::Formats,
            Group::Pruning => Self::Pruning,
            Group::Adapters => Self::Adapters,
        }
    }
}

/// Measures every choice.
///
/// # Errors
/// The design's problems, a model or a sentence that cannot be used, choices that no integers hold.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let groups = arguments.groups()?;
    let plot = output::File::at_any(arguments.plot.as_deref())?;
    let (design, config) = arguments.encoder.accelerator()?;
    // A file that cannot be read is known before the model is.
    let texts = arguments.sentences.texts(&[])?;
    let encoder = TextEncoder::load(arguments.encoder.source(), arguments.task.task.as_slice())?;
    let reading = read_texts(texts, &encoder, usize::MAX)?;
    let sentences = &reading.tokens;
    let ranges = encoder.calibration(Ranges::Single)?;
    let choices = |group: &Group| {
        let group = sweep::Group::from(*group);
        group.choices(&arguments.sparsities, &arguments.adapters).into_iter().map(move |choice| (group, choice))
    };
    let all: Vec<_> = groups.iter().flat_map(choices).collect();
    let bar = progress::bar(all.len() * sentences.len());
    let tokens = (&ranges[..], &sentences[..]);
    let measure = |choice| Comparison::measure(&encoder.model, choice, tokens, &config, arguments.seed, &|| bar.inc(1));
    let lines = all.iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    bar.finish_and_clear();
    let count = sentences.len();
    let (prefix, note) = (task_prefix(&encoder), reading.note());
    let text = format!("{}: {prefix}{count} sentences\n{note}\n{}", design.name, table(&lines).text());
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "task": encoder.model.tasks[0].name, "sentences": count,
        "texts_cut": reading.cut.texts,
        "seed": arguments.seed, "choices": lines,
    });
    let answer = Answer::new(text, &data).with_warnings(design.warnings()).with_unused(&encoder.model.backbone);
    Ok(match (plot, plot::svg(&design.name, &lines)) {
        (None, _) => answer,
        (Some(file), Ok(svg)) => answer.with_file(&file, svg.as_bytes()),
        (Some(_), Err(failure)) => answer.with_failure(failure),
    })
}

impl Arguments {
    /// The groups to vary, each once.
    fn groups(&self) -> Result<Vec<Group>> {
        let mut groups = if self.varied.is_empty() { Group::value_variants().to_vec() } else { self.varied.clone() };
        groups.sort_unstable();
        groups.dedup();
        if self.task.task.is_some() && groups.contains(&Group::Adapters) {
            if !self.varied.is_empty() {
                let message = "a task has adapters of its own: none are drawn beside them";
                return Err(Failure::usage(message, "leave adapters out of --of, or leave --task out"));
            }
            groups.retain(|&group| group != Group::Adapters);
        }
        Ok(groups)
    }
}

fn table(lines: &[Comparison]) -> Table {
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
