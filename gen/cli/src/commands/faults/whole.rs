//! `alberti faults --whole`: the whole encoder on the interpreter.

use super::{Arguments, report::Spread, settings, stresses, target, targets, words};
use crate::{
    encoder::{Prunings, Ranges, lines},
    exit::Result,
    output::Answer,
    progress,
    table::{Table, decimals},
};
use alberti_cost::configuration;
use alberti_model::{
    adapted,
    compile::{Compiled, Session, reals},
    faults::{Stress, Target, Whole},
    prune::Pruning,
    sentence::Tokens,
    sweep::{Cosines, Decision},
};
use alberti_random::Seed;
use alberti_rtl::Design;
use rayon::prelude::*;
use serde::Serialize;

/// A trial: means over sentences.
#[derive(Clone, Copy, Debug)]
struct Trial {
    answer: [f64; 2],
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
    #[serde(flatten)]
    answers: Answers,
}

/// Of the answers to f32's.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
enum Answers {
    Embeddings { embedding_cosine: Spread, hidden_cosine: Spread },
    Decisions { logit_difference: Spread, labels_alike: Spread },
}

/// Sentences with what f32 makes of them.
type Sentences = Vec<(Tokens, adapted::Answer)>;

/// Runs.
///
/// # Errors
/// The design's problems, a model or a sentence that cannot be used, an accelerator that does not hold the model.
pub fn run(arguments: &Arguments, design: &Design) -> Result<Answer> {
    let config = configuration::accelerator(design)?;
    let settings = settings(arguments, design, &target(design)?)?;
    let (technical, stresses) = stresses(arguments, &settings)?;
    let prunings = Prunings { prune: arguments.prune, prune_embeddings: Pruning::Dense };
    let of = prunings.load(&arguments.given.model, arguments.task.task.as_slice())?;
    let texts = match &arguments.file {
        Some(path) => lines(path)?,
        None => vec![arguments.layers.sentence().to_owned()],
    };
    let read = |tokens: Tokens| -> Result<_> {
        let exact = of.model.forward(0, &tokens)?;
        Ok((tokens, exact))
    };
    let sentences: Sentences = of.all_tokens(&texts)?.into_iter().map(read).collect::<Result<_>>()?;
    let longest = sentences.iter().map(|(tokens, _)| tokens.ids.len()).max().unwrap_or_default();
    let compiled = of.compile(config, longest, Ranges::Single)?;
    let decides = !sentences.iter().all(|(_, exact)| exact.last().is_empty());
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
            Finding::new(target, *rate, trials, decides)
        })
        .collect();
    let task = &of.model.tasks[0].name;
    let text = format!(
        "{}: {}{} sentences on the interpreter, weights {}, masks {}; {} trials, seed {}\n\n{}",
        design.name,
        of.on(),
        sentences.len(),
        arguments.prune,
        if settings.secded { "with SECDED" } else { "without check bits" },
        arguments.trials,
        Seed(settings.seed),
        table(&findings).text(),
    );
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "pruning": arguments.prune.to_string(), "secded": settings.secded,
        "task": task, "sentences": sentences.len(), "trials": arguments.trials, "seed": Seed(settings.seed).to_string(),
        "technology": technical, "points": findings,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// One accelerator with faults drawn, on all sentences.
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
    let (mut sums, mut misplaced) = ([0.0; 2], 0);
    for (tokens, exact) in sentences {
        let answer = session.run(0, tokens, 0)?;
        let of = match Decision::between(&answer.logits, exact.last()) {
            Some(Decision { difference, alike }) => [difference, f64::from(u8::from(alike))],
            None => {
                let exact = &exact.forward.hidden;
                let cosines = Cosines::between(&reals(&answer.hidden, exact.cols), exact);
                [cosines.embedding, cosines.hidden]
            }
        };
        sums = [sums[0] + of[0], sums[1] + of[1]];
        misplaced += answer.counters.misplaced;
    }
    Ok(Trial {
        answer: sums.map(|sum| sum / sentences.len() as f64),
        wrong_bits: read.wrong_bits,
        corrected_words: read.corrected_words,
        detected_words: read.detected_words,
        misplaced: misplaced / sentences.len() as u64,
    })
}

impl Finding {
    fn new(target: Target, rate: Option<f64>, trials: Vec<Trial>, decides: bool) -> Self {
        let mean = |of: fn(&Trial) -> u64| trials.iter().map(of).sum::<u64>() as f64 / trials.len() as f64;
        let [first, second] = [0, 1].map(|of| Spread::of(trials.iter().map(|trial| trial.answer[of]).collect()));
        Self {
            target: words::target_name(target),
            rate: words::rate_name(rate),
            wrong_bits: mean(|trial| trial.wrong_bits),
            corrected_words: mean(|trial| trial.corrected_words),
            detected_words: mean(|trial| trial.detected_words),
            misplaced: mean(|trial| trial.misplaced),
            answers: match decides {
                false => Answers::Embeddings { embedding_cosine: first, hidden_cosine: second },
                true => Answers::Decisions { logit_difference: first, labels_alike: second },
            },
        }
    }
}

fn table(findings: &[Finding]) -> Table {
    let decides = findings.iter().any(|of| matches!(of.answers, Answers::Decisions { .. }));
    let mut head = vec!["target", "rate", "wrong bits", "corrected", "detected", "misplaced"];
    head.extend(if decides {
        ["logits", "most", "labels", "least"]
    } else {
        ["embedding", "least", "hidden", "least"]
    });
    let mut table = Table::new(&head);
    for of in findings {
        let mut row = vec![of.target.to_owned(), of.rate.clone()];
        row.extend([of.wrong_bits, of.corrected_words, of.detected_words, of.misplaced].map(|n| decimals(n, 1)));
        let answers = match of.answers {
            Answers::Embeddings { embedding_cosine: a, hidden_cosine: b } => [a.mean, a.min, b.mean, b.min],
            Answers::Decisions { logit_difference: a, labels_alike: b } => [a.mean, a.max, b.mean, b.min],
        };
        row.extend(answers.map(|number| decimals(number, 5)));
        table.row(row);
    }
    table
}
