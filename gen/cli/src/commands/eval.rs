//! `alberti eval`.

use super::run::{nats, refuse_without_off_ramp};
use crate::{
    encoder::{EncoderArguments, Prunings},
    exit::{Failure, Result},
    output::Answer,
    progress,
    table::{Table, decimals},
};
use alberti_model::{
    adapted::Heads,
    answers::saturation_note,
    dataset,
    evaluation::{Evaluation, Exits, Measures, Point, Scores},
    glue::{Classification, Regression},
};
use std::{num::NonZeroUsize, path::PathBuf};

/// Measures how well a task answers labelled sentences, in the accelerator's integers.
///
/// Every sentence passes all layers once, by the encoder's equations, which the accelerator's programs equal
/// bit for bit (`alberti run --compare`). From the logits of the off-ramps follow the answers at every
/// entropy threshold. A file has a header, and a sentence or a pair with its label on each line: GLUE's own
/// .tsv, or .csv.
#[derive(clap::Args)]
#[command(after_long_help = MEASURES)]
pub struct Arguments {
    #[command(flatten)]
    encoder: EncoderArguments,
    /// The task: a folder, or the name of one in the model's `tasks` [default: the model's own classifier]
    #[arg(long, value_name = "TASK")]
    task: Option<PathBuf>,
    /// Labelled sentences: columns sentence, or sentence1 and sentence2 (or as a GLUE task calls them), and
    /// label
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Use only the first COUNT sentences
    #[arg(long, value_name = "COUNT")]
    limit: Option<NonZeroUsize>,
    #[command(flatten)]
    prunings: Prunings,
    /// Entropy threshold of the histogram of exits; 0 never ends a sentence early
    #[arg(long, value_name = "NATS", default_value = "0", value_parser = nats)]
    threshold: f64,
    /// Thresholds of the curve [default: 0, and from 0.05 to the entropy of equal classes]
    #[arg(long, value_name = "NATS,…", value_delimiter = ',', value_parser = nats)]
    thresholds: Option<Vec<f64>>,
    /// Also compute the measures in f32, and how often its answer is the same
    #[arg(long)]
    compare: bool,
}

const MEASURES: &str = "\
Measures, as GLUE has them:
  accuracy           of classes; F1 of class 1, over two classes; Matthews' correlation
  pearson, spearman  of a task of one class, whose logit is the answer
  layers             passed on average";

/// Evaluates.
///
/// # Errors
/// The design's problems, a model, a task or a file that cannot be used, and an accelerator that does not
/// hold the model.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let (design, config) = arguments.encoder.accelerator()?;
    let encoder = arguments.prunings.load(arguments.encoder.source(), arguments.task.as_slice())?;
    let task = &encoder.model.tasks[0];
    if task.heads.is_none() {
        let folder = arguments.task.as_ref().unwrap_or(&arguments.encoder.model);
        let message = format!("{}: it has no classifier: there is nothing to measure", folder.display());
        return Err(Failure::usage(message, "give a --task with head_config.json and model_head.safetensors"));
    }
    refuse_without_off_ramp(&encoder, arguments.threshold > 0.0 || arguments.thresholds.is_some())?;
    let mut examples = dataset::read(&arguments.data, task)?;
    examples.truncate(arguments.limit.map_or(usize::MAX, NonZeroUsize::get));
    let bar = progress::bar(examples.len());
    let evaluation =
        Evaluation::run(&encoder, config, (&arguments.data, &examples), arguments.compare, &|| bar.inc(1))?;
    bar.finish_and_clear();
    let point = evaluation.at(arguments.threshold)?;
    let exits = evaluation.exits(arguments.threshold)?;
    let curve = match task.heads.as_ref().is_some_and(Heads::exits_early) {
        true => evaluation.curve(arguments.thresholds.as_deref())?,
        false => Vec::new(),
    };
    let mut text = format!(
        "{}: {} on {} sentences of {}, weights {}, embeddings {}\n\n{}",
        design.name,
        task.name,
        examples.len(),
        arguments.data.display(),
        arguments.prunings.prune,
        arguments.prunings.prune_embeddings,
        table(std::slice::from_ref(&point), &point).text(),
    );
    text += &evaluation.cut().note(examples.len(), "sentences");
    text += &saturation_note(evaluation.saturated());
    if !curve.is_empty() {
        let mut layers = Table::new(&["answered by", "after layer", "sentences", "share"]);
        for Exits { head, layer, sentences } in &exits {
            let share = 100.0 * *sentences as f64 / evaluation.sentences() as f64;
            layers.row(vec![head.to_string(), layer.to_string(), sentences.to_string(), format!("{share:.1} %")]);
        }
        text += &format!("\nat {} nats\n{}\n{}", arguments.threshold, layers.text(), table(&curve, &point).text());
    }
    let labels: serde_json::Map<_, _> =
        evaluation.label_counts(task).into_iter().map(|(label, count)| (label, count.into())).collect();
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "task": task.name, "examples": examples.len(), "texts_cut": evaluation.cut().texts, "labels": labels,
        "pruning": {"weights": arguments.prunings.prune.to_string(), "embeddings": arguments.prunings.prune_embeddings.to_string()},
        "measures": point, "exits": exits, "saturated": evaluation.saturated(), "curve": curve,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_unused(&encoder.model.backbone))
}

/// A row for each point; `first` says what is measured.
fn table(points: &[Point], first: &Point) -> Table {
    let names = names(&first.integers);
    let floats: Vec<String> =
        names.iter().filter(|_| first.float.is_some()).map(|name| format!("f32 {name}")).collect();
    let mut head = vec!["nats"];
    head.extend(&names);
    head.extend(floats.iter().map(String::as_str));
    head.extend(first.agreement.map(|_| "alike"));
    let mut table = Table::new(&head);
    for point in points {
        let mut row = vec![decimals(point.threshold_nats, 3)];
        row.extend(cells(&point.integers));
        row.extend(point.float.iter().flat_map(cells));
        row.extend(point.agreement.map(|share| format!("{:.1} %", 100.0 * share)));
        table.row(row);
    }
    table
}

fn cells(measures: &Measures) -> Vec<String> {
    let scores = match measures.scores {
        Scores::Classes(Classification { accuracy, f1, matthews }) => {
            [Some(accuracy), f1, Some(matthews)].into_iter().flatten().collect::<Vec<_>>()
        }
        Scores::Numbers(Regression { pearson, spearman }) => vec![pearson, spearman],
    };
    let scores = scores.into_iter().map(|score| decimals(score, 4));
    scores.chain([decimals(measures.mean_layers, 2)]).collect()
}

fn names(measures: &Measures) -> Vec<&'static str> {
    match measures.scores {
        Scores::Classes(Classification { f1: Some(_), .. }) => vec!["accuracy", "F1", "Matthews", "layers"],
        Scores::Classes(_) => vec!["accuracy", "Matthews", "layers"],
        Scores::Numbers(_) => vec!["Pearson", "Spearman", "layers"],
    }
}
