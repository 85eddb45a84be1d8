//! `alberti eval`.

use super::run::nats;
use crate::{
    encoder::{Given, Prunings, Ranges},
    exit::{Failure, Result},
    output::Answer,
    progress,
    table::{Table, decimals},
};
use alberti_golden::{encoder::Arithmetic, entropy};
use alberti_model::{
    ModelError,
    adapted::{self, Task, largest},
    compile::reals,
    dataset::{self, Truth},
    glue::{Classification, Regression},
    sentence::Tokens,
};
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Measures how well a task answers labelled sentences, in the accelerator's integers.
///
/// Every sentence passes all layers once, by the encoder's equations, which the accelerator's programs equal
/// bit for bit (`alberti run --compare`). From the logits of the off-ramps follow the answers at every entropy
/// threshold. A file has a header, and a sentence or a pair with its label on each line: GLUE's own .tsv, or
/// .csv.
#[derive(clap::Args)]
#[command(after_long_help = MEASURES)]
pub struct Arguments {
    #[command(flatten)]
    given: Given,
    /// The task: a folder, or the name of one in the model's `tasks`
    #[arg(long, value_name = "TASK")]
    task: PathBuf,
    /// Labelled sentences: columns sentence, or sentence1 and sentence2 (or as a GLUE task calls them), and label
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Use only the first COUNT sentences
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
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

/// Where the curve is looked at, in nats.
const CURVE: [f64; 12] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1];

/// Logits behind every layer that has an off-ramp, and those of the end.
struct Passed {
    truth: Truth,
    integers: Logits,
    float: Option<Logits>,
}

struct Logits {
    ramps: Vec<Ramp>,
    last: Vec<f32>,
}

struct Ramp {
    logits: Vec<f32>,
    certainty: Certainty,
}

/// What decides whether a sentence ends behind a layer.
enum Certainty {
    /// The unit, from its logits.
    Unit(Vec<i16>),
    /// The entropy in nats.
    Entropy(f64),
}

/// A point of the curve.
#[derive(Debug, Serialize)]
struct Point {
    threshold_nats: f64,
    #[serde(flatten)]
    integers: Measures,
    #[serde(skip_serializing_if = "Option::is_none")]
    float: Option<Measures>,
    /// Share of sentences that f32 answers alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct Measures {
    mean_layers: f64,
    #[serde(flatten)]
    scores: Scores,
    #[serde(skip)]
    answers: Vec<Option<usize>>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
enum Scores {
    Classes(Classification),
    Numbers(Regression),
}

/// Evaluates.
///
/// # Errors
/// The design's problems, a model, a task or a file that cannot be used, and an accelerator that does not hold the model.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let (design, config) = arguments.given.accelerator()?;
    let of = arguments.prunings.load(&arguments.given.model, std::slice::from_ref(&arguments.task))?;
    let task = &of.model.tasks[0];
    if task.classifier.is_none() {
        let message = format!("{}: the task has no classifier: there is nothing to measure", arguments.task.display());
        return Err(Failure::usage(message, "give a task with head_config.json and model_head.safetensors"));
    }
    let mut examples = dataset::read(&arguments.data, task)?;
    examples.truncate(arguments.limit.unwrap_or(usize::MAX).max(1));
    let ranges = if examples.iter().any(|example| example.second.is_some()) { Ranges::Pairs } else { Ranges::Single };
    let tokens = tokens(&arguments.data, &examples, |example| of.tokens(&example.first, example.second.as_deref()))?;
    let longest = tokens.iter().map(|tokens| tokens.ids.len()).max().unwrap_or_default();
    let compiled = of.compile(config, longest, ranges)?;
    let (encoder, arithmetic) = (compiled.encoder(), Arithmetic::of(compiled.config())?);
    let bar = progress::bar(examples.len());
    let passed = (examples.par_iter().zip(&tokens))
        .map(|(example, tokens)| {
            let (ramps, last) = encoder.off_ramps(&arithmetic, &encoder.tasks[0], tokens)?;
            let float = arguments.compare.then(|| of.model.forward(0, tokens)).transpose()?;
            bar.inc(1);
            Ok(Passed {
                truth: example.truth,
                integers: Logits::integers(ramps, &last),
                float: float.map(Logits::float),
            })
        })
        .collect::<Result<Vec<Passed>>>()?;
    bar.finish_and_clear();
    let depth = of.model.depth();
    let classes = task.labels.len();
    let at = |nats: f64| Point::of(&passed, nats, classes, depth);
    let point = at(arguments.threshold)?;
    let histogram = histogram(&passed, arguments.threshold, depth)?;
    let curve = match task.off_ramp {
        Some(_) => thresholds(arguments, classes).into_iter().map(at).collect::<Result<Vec<_>>>()?,
        None => Vec::new(),
    };
    let name = |path: &Path| path.display().to_string();
    let mut text = format!(
        "{}: {} on {} sentences of {}, weights {}, embeddings {}\n\n{}",
        design.name,
        task.name,
        examples.len(),
        name(&arguments.data),
        arguments.prunings.prune,
        arguments.prunings.prune_embeddings,
        table(std::slice::from_ref(&point), &point).text(),
    );
    if !curve.is_empty() {
        let mut layers = Table::new(&["ended behind layer", "sentences", "share"]);
        for (layer, &count) in (1..).zip(&histogram) {
            let share = 100.0 * count as f64 / passed.len() as f64;
            layers.row(vec![format!("{layer}"), count.to_string(), format!("{share:.1} %")]);
        }
        text += &format!("\nat {} nats\n{}\n{}", arguments.threshold, layers.text(), table(&curve, &point).text());
    }
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "task": task.name, "examples": examples.len(), "labels": label_counts(task, &passed),
        "pruning": {"weights": arguments.prunings.prune.to_string(), "embeddings": arguments.prunings.prune_embeddings.to_string()},
        "measures": point, "exit_layers": histogram, "curve": curve,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// Tokens of all examples, or every one that does not fit.
fn tokens<T>(
    path: &Path,
    examples: &[T],
    of: impl Fn(&T) -> std::result::Result<Tokens, ModelError>,
) -> Result<Vec<Tokens>> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for (number, example) in (1..).zip(examples) {
        match of(example) {
            Ok(tokens) => all.push(tokens),
            Err(error) => problems.push(format!("example {number}: {error}")),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(ModelError::Data { path: path.into(), problems }.into()) }
}

fn thresholds(arguments: &Arguments, classes: usize) -> Vec<f64> {
    // Above the entropy of equal classes every sentence ends behind the first layer.
    let most = (classes as f64).ln();
    let below = CURVE.into_iter().take_while(|&nats| nats < most);
    arguments.thresholds.clone().unwrap_or_else(|| [0.0].into_iter().chain(below).chain([most]).collect())
}

/// Examples of each class.
fn label_counts(task: &Task, passed: &[Passed]) -> serde_json::Map<String, serde_json::Value> {
    let count = |class: usize| passed.iter().filter(|one| one.truth == Truth::Class(class)).count();
    task.labels.iter().enumerate().map(|(class, label)| (label.clone(), count(class).into())).collect()
}

impl Logits {
    fn integers(ramps: Vec<Vec<i16>>, last: &[i16]) -> Self {
        let values = |codes: &[i16]| reals(codes, codes.len()).data;
        let ramps = ramps.into_iter().map(|codes| Ramp { logits: values(&codes), certainty: Certainty::Unit(codes) });
        Self { ramps: ramps.collect(), last: values(last) }
    }

    fn float(answer: adapted::Answer) -> Self {
        let ramp = |logits: Vec<f32>| Ramp { certainty: Certainty::Entropy(adapted::entropy(&logits)), logits };
        Self { ramps: answer.off_ramps.into_iter().map(ramp).collect(), last: answer.logits }
    }

    /// The logits at a threshold, and the layer whose off-ramp gave them.
    fn at(&self, nats: f64) -> Result<(&[f32], Option<usize>)> {
        let threshold = entropy::threshold(nats)?;
        for (layer, ramp) in (1..).zip(&self.ramps) {
            let ends = match &ramp.certainty {
                Certainty::Unit(codes) => entropy::decide(codes, threshold)?.exit,
                Certainty::Entropy(entropy) => *entropy < nats,
            };
            if ends {
                return Ok((&ramp.logits, Some(layer)));
            }
        }
        Ok((&self.last, None))
    }
}

impl Measures {
    fn of<'a>(all: impl Iterator<Item = (Truth, &'a Logits)>, nats: f64, classes: usize, depth: usize) -> Result<Self> {
        let (mut pairs, mut numbers, mut layers, mut answers) = (Vec::new(), Vec::new(), 0, Vec::new());
        for (truth, logits) in all {
            let (logits, exit) = logits.at(nats)?;
            layers += exit.unwrap_or(depth);
            match truth {
                Truth::Class(class) => {
                    let answer = largest(logits);
                    pairs.push((answer.unwrap_or_default(), class));
                    answers.push(answer);
                }
                Truth::Number(number) => {
                    numbers.push((logits.first().copied().unwrap_or_default().into(), number));
                }
            }
        }
        let count = pairs.len() + numbers.len();
        let scores = match numbers.is_empty() {
            true => Scores::Classes(Classification::of(&pairs, classes)),
            false => Scores::Numbers(Regression::of(&numbers)),
        };
        Ok(Self { mean_layers: layers as f64 / count.max(1) as f64, scores, answers })
    }

    fn cells(&self) -> Vec<String> {
        let scores = match self.scores {
            Scores::Classes(Classification { accuracy, f1, matthews }) => {
                [Some(accuracy), f1, Some(matthews)].into_iter().flatten().collect::<Vec<_>>()
            }
            Scores::Numbers(Regression { pearson, spearman }) => vec![pearson, spearman],
        };
        let scores = scores.into_iter().map(|score| decimals(score, 4));
        scores.chain([decimals(self.mean_layers, 2)]).collect()
    }

    fn names(&self) -> Vec<&'static str> {
        match self.scores {
            Scores::Classes(Classification { f1: Some(_), .. }) => vec!["accuracy", "F1", "Matthews", "layers"],
            Scores::Classes(_) => vec!["accuracy", "Matthews", "layers"],
            Scores::Numbers(_) => vec!["Pearson", "Spearman", "layers"],
        }
    }
}

impl Point {
    fn of(passed: &[Passed], nats: f64, classes: usize, depth: usize) -> Result<Self> {
        let integers = Measures::of(passed.iter().map(|one| (one.truth, &one.integers)), nats, classes, depth)?;
        let float: Option<Vec<_>> = passed.iter().map(|one| Some((one.truth, one.float.as_ref()?))).collect();
        let float = float.map(|all| Measures::of(all.into_iter(), nats, classes, depth)).transpose()?;
        let agreement = float.as_ref().filter(|float| !float.answers.is_empty()).map(|float| {
            let same = integers.answers.iter().zip(&float.answers).filter(|(ours, theirs)| ours == theirs).count();
            same as f64 / float.answers.len() as f64
        });
        Ok(Self { threshold_nats: nats, integers, float, agreement })
    }
}

/// Sentences by the layer that they end behind.
fn histogram(passed: &[Passed], nats: f64, depth: usize) -> Result<Vec<usize>> {
    let mut layers = vec![0; depth];
    for one in passed {
        let (_, exit) = one.integers.at(nats)?;
        layers[exit.unwrap_or(depth) - 1] += 1;
    }
    Ok(layers)
}

/// A row for each point; `first` says what is measured.
fn table(points: &[Point], first: &Point) -> Table {
    let names = first.integers.names();
    let floats: Vec<String> =
        names.iter().filter(|_| first.float.is_some()).map(|name| format!("f32 {name}")).collect();
    let mut head = vec!["nats"];
    head.extend(&names);
    head.extend(floats.iter().map(String::as_str));
    head.extend(first.agreement.map(|_| "alike"));
    let mut table = Table::new(&head);
    for point in points {
        let mut row = vec![decimals(point.threshold_nats, 3)];
        row.extend(point.integers.cells());
        row.extend(point.float.iter().flat_map(Measures::cells));
        row.extend(point.agreement.map(|share| format!("{:.1} %", 100.0 * share)));
        table.row(row);
    }
    table
}
