//! `alberti faults --whole`: the whole encoder on the golden machine.

use super::{Arguments, report::Spread, settings, stresses, targets, words};
use crate::{
    commands::{run::answers, sim::model::target},
    exit::Result,
    machine,
    output::Answer,
    progress,
    table::{Table, decimals},
};
use alberti_model::{
    Matrix,
    adapted::Adapted,
    compile::{Compiled, Session, quantise_encoder, reals},
    demo::{Model, SENTENCE},
    faults::{Stress, Target, Whole},
    prune::Pruning,
    reference,
    sweep::Cosines,
};
use alberti_rtl::Design;
use alberti_sim::Seed;
use rayon::prelude::*;
use serde::Serialize;

/// A trial: means over sentences.
#[derive(Clone, Copy, Debug)]
struct Trial {
    embedding: f64,
    hidden: f64,
    wrong_bits: u64,
    corrected_words: u64,
    detected_words: u64,
    misplaced: u64,
}

/// A target and a rate over all trials. Counts are means of a trial.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    target: &'static str,
    rate: String,
    wrong_bits: f64,
    corrected_words: f64,
    detected_words: f64,
    /// Masks seen to be displaced, of those read for one sentence.
    misplaced: f64,
    embedding_cosine: Spread,
    hidden_cosine: Spread,
}

/// Sentences with what f32 makes of them.
type Sentences = Vec<(Vec<u32>, Matrix)>;

/// Runs.
///
/// # Errors
/// The design's problems, a model or a sentence that cannot be used, a machine that does not hold the model.
pub fn run(arguments: &Arguments, design: &Design) -> Result<Answer> {
    let config = machine::config(design)?;
    let settings = settings(arguments, design, &target(design)?)?;
    let (technical, stresses) = stresses(arguments, &settings)?;
    let model = Model::load(&arguments.model)?.pruned(arguments.prune, Pruning::Dense)?;
    let texts = match &arguments.file {
        Some(_) => answers::texts(&[], arguments.file.as_deref())?,
        None => vec![arguments.sentence.clone().unwrap_or_else(|| SENTENCE.to_owned())],
    };
    let read = |text: &String| {
        let ids = model.tokenizer.encode(text, &model.checkpoint)?;
        let exact = reference::forward(&model.checkpoint, &ids)?.hidden;
        Ok((ids, exact))
    };
    let sentences: Sentences = texts.iter().map(read).collect::<Result<_>>()?;
    let longest = sentences.iter().map(|(ids, _)| ids.len()).max().unwrap_or_default();
    let encoder = quantise_encoder(&Adapted::from(model.checkpoint.clone()), &model.calibration, &config)?;
    let compiled = Compiled::new(encoder, config, longest)?;
    let whole = Whole::new(&compiled, [settings.values, settings.masks], settings.secded, settings.seed)?;

    let none = (Some(0.0), Stress::uniform(&settings, 0.0, 0.0)?);
    let mut points = vec![(Target::Both, &none)];
    points
        .extend(targets(arguments).into_iter().flat_map(|target| stresses.iter().map(move |stress| (target, stress))));
    let trials: Vec<_> = (points.iter().enumerate())
        .flat_map(|(point, _)| (0..if point == 0 { 1 } else { arguments.trials }).map(move |trial| (point, trial)))
        .collect();
    let bar = progress::bar(trials.len());
    let outcomes = trials.par_iter().map(|&(point, number)| {
        let (target, (_, stress)) = points[point];
        let trial = trial(&compiled, &whole, target, stress, number, &sentences);
        bar.inc(1);
        Ok((point, trial?))
    });
    let outcomes = outcomes.collect::<Result<Vec<_>>>()?;
    bar.finish_and_clear();
    let findings: Vec<Finding> = (points.iter().enumerate())
        .map(|(number, &(target, (rate, _)))| {
            let trials = outcomes.iter().filter(|(point, _)| *point == number).map(|(_, trial)| *trial).collect();
            Finding::new(target, *rate, trials)
        })
        .collect();
    let text = format!(
        "{}: {} sentences on the golden machine, weights {}, masks {}; {} trials, seed {}\n\n{}",
        design.name,
        sentences.len(),
        arguments.prune,
        if settings.secded { "with SECDED" } else { "without check bits" },
        arguments.trials,
        Seed(settings.seed),
        table(&findings).text(),
    );
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "pruning": arguments.prune.to_string(), "secded": settings.secded,
        "sentences": sentences.len(), "trials": arguments.trials, "seed": Seed(settings.seed).to_string(),
        "technology": technical, "points": findings,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// One machine with faults drawn, on all sentences.
fn trial(
    compiled: &Compiled,
    whole: &Whole<'_>,
    target: Target,
    stress: &Stress,
    number: u64,
    sentences: &Sentences,
) -> Result<Trial> {
    let read = whole.read(target, stress, number)?;
    let mut session = Session::with_weights(compiled, &read.values, &read.masks)?;
    let (mut embedding, mut hidden, mut misplaced) = (0.0, 0.0, 0);
    for (ids, exact) in sentences {
        let answer = session.run(0, ids, 0)?;
        let cosines = Cosines::between(&reals(&answer.hidden, exact.cols), exact);
        (embedding, hidden) = (embedding + cosines.embedding, hidden + cosines.hidden);
        misplaced += answer.counters.misplaced;
    }
    let count = sentences.len() as f64;
    Ok(Trial {
        embedding: embedding / count,
        hidden: hidden / count,
        wrong_bits: read.wrong_bits,
        corrected_words: read.corrected_words,
        detected_words: read.detected_words,
        misplaced: misplaced / sentences.len() as u64,
    })
}

impl Finding {
    fn new(target: Target, rate: Option<f64>, trials: Vec<Trial>) -> Self {
        let mean = |of: fn(&Trial) -> u64| trials.iter().map(of).sum::<u64>() as f64 / trials.len() as f64;
        let spread = |of: fn(&Trial) -> f64| Spread::of(trials.iter().map(of).collect());
        Self {
            target: words::target_name(target),
            rate: words::rate_name(rate),
            wrong_bits: mean(|trial| trial.wrong_bits),
            corrected_words: mean(|trial| trial.corrected_words),
            detected_words: mean(|trial| trial.detected_words),
            misplaced: mean(|trial| trial.misplaced),
            embedding_cosine: spread(|trial| trial.embedding),
            hidden_cosine: spread(|trial| trial.hidden),
        }
    }
}

fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new(&[
        "target",
        "rate",
        "wrong bits",
        "corrected",
        "detected",
        "misplaced",
        "embedding",
        "least",
        "hidden",
        "least",
    ]);
    for of in findings {
        let mut row = vec![of.target.to_owned(), of.rate.clone()];
        row.extend([of.wrong_bits, of.corrected_words, of.detected_words, of.misplaced].map(|n| decimals(n, 1)));
        let cosines = [of.embedding_cosine.mean, of.embedding_cosine.min, of.hidden_cosine.mean, of.hidden_cosine.min];
        row.extend(cosines.map(|cosine| decimals(cosine, 5)));
        table.row(row);
    }
    table
}
