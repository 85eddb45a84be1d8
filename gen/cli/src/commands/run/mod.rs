//! `alberti run`.

mod rtl;
mod tables;

use crate::{
    encoder::{EncoderArguments, Prunings, Sentences, Tasks, read_texts},
    exit::{Failure, Result},
    output::Answer,
    progress,
    table::{count, decimals},
};
use alberti_diagnostic::Code;
use alberti_golden::{encoder::Heads, entropy};
use alberti_model::{
    Ranges, TextEncoder,
    adapted::classes,
    answers::{
        DecisionAnswer, EmbeddingAnswer, EmbeddingSummary, Figures, FloatDecision, compare, equals_equations,
        saturation_note,
    },
    compile::{self, Compiled, Session},
    sentence::Tokens,
};
use clap::ValueEnum;
use rayon::prelude::*;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};

/// Runs sentences through a trained encoder on the complete accelerator.
///
/// The checkpoint is quantised, laid out for the design's accelerator, and compiled to programs. These run on
/// the interpreter, which is the golden model of the accelerator, or on the generated Verilog in Verilator.
/// An answer is the mean of the last layer's output over the tokens, scaled to length 1. With --compare, each
/// answer is compared with that of f32, and the program's with that of the encoder's equations in the same
/// integers, which must agree bit for bit.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    #[command(flatten)]
    encoder: EncoderArguments,
    #[command(flatten)]
    tasks: Tasks,
    /// Entropy threshold below which an off-ramp ends a sentence; 0 never does
    #[arg(long, value_name = "NATS", default_value = "0", value_parser = nats)]
    threshold: f64,
    #[command(flatten)]
    prunings: Prunings,
    /// A text that the model reads; repeat for more
    #[arg(long = "text", value_name = "TEXT")]
    texts: Vec<String>,
    #[command(flatten)]
    sentences: Sentences,
    /// The engine that runs the program
    #[arg(long, value_name = "ENGINE", default_value = "golden")]
    engine: Engine,
    /// Compare with f32, and with the encoder's equations in integers
    #[arg(long)]
    compare: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// The interpreter of the accelerator's programs
    Golden,
    /// The generated Verilog in Verilator, whose cycles are counted
    Rtl,
}

const COLUMNS: &str = "\
Columns:
  vectors    that went through the array; held: of these zeros, for which it held still
  useful     products of real tokens and channels, of those that the array had places for
  read       bytes from external memory: program and list of rows; written: bytes of the answer
  embedding  cosine of the answer to f32's; with pruning also to that of the weights before it (`unpruned`)
  hidden     cosine of the last layer's output, all tokens, to f32's
Columns of a task:
  answered   the head that answered: the off-ramp after so many layers, or the classifier after all of them
  read       as above; bytes of the switch to the task stand before the table
  f32        the label that f32 gives, with its logits and head at the same threshold";

/// An entropy threshold in nats.
pub fn nats(text: &str) -> std::result::Result<f64, String> {
    let nats = text.parse::<f64>().map_err(|_| format!("`{text}` is no number of nats"))?;
    entropy::threshold(nats).map(|_| nats).map_err(|error| error.to_string())
}

/// What a task came to.
#[derive(Serialize)]
struct TaskRun {
    task: String,
    /// Bytes that the switch to the task moved.
    switch_bytes: u64,
    /// Where it has no classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sentences: Vec<EmbeddingAnswer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    decisions: Vec<DecisionAnswer>,
}

/// One answer.
enum Said {
    Embedding(EmbeddingAnswer),
    Decision(DecisionAnswer),
}

/// What all sentences have in common.
struct Job<'a> {
    compare: bool,
    nats: f64,
    threshold: u16,
    encoder: &'a TextEncoder,
    compiled: &'a Compiled,
}

/// Runs.
///
/// # Errors
/// The design's problems, a model, a task or a sentence that cannot be used, an accelerator that does not
/// hold the model, and programs that differ from the encoder's equations.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let (design, config) = arguments.encoder.accelerator()?;
    // A file that cannot be read is known before the model is.
    let texts = arguments.sentences.texts(&arguments.texts)?;
    let encoder = arguments.prunings.load(arguments.encoder.source(), &arguments.tasks.tasks)?;
    refuse_without_off_ramp(&encoder, arguments.threshold > 0.0)?;
    let most = compile::longest(&encoder.model.backbone.config, &config);
    let reading = read_texts(texts, &encoder, most)?;
    let (texts, tokens) = (&reading.texts, &reading.tokens);
    let compiled = encoder.compile(config, reading.longest(), Ranges::Single)?;
    let tasks = compiled.encoder().tasks.len();
    let bar = progress::bar(texts.len() * tasks);
    let (nats, threshold) = (arguments.threshold, entropy::threshold(arguments.threshold)?);
    let job = Job { compare: arguments.compare, nats, threshold, encoder: &encoder, compiled: &compiled };
    let each = || texts.iter().zip(tokens);
    let (setup, runs, engine) = match arguments.engine {
        Engine::Golden => {
            let mut first = Session::new(&compiled)?;
            let runs = (0..tasks).map(|task| {
                let bytes = first.switch(task)?;
                // An accelerator for each thread at most: one holds all weights.
                let accelerators = Mutex::new(vec![first.clone()]);
                let said = each().collect::<Vec<_>>().into_par_iter().map(|sentence| {
                    let free = accelerators.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let mut session = free.unwrap_or_else(|| first.clone());
                    let said = job.sentence(&mut session, task, sentence)?;
                    accelerators.lock().unwrap_or_else(PoisonError::into_inner).push(session);
                    bar.inc(1);
                    Ok(said)
                });
                Ok(job.task(task, bytes, said.collect::<Result<Vec<Said>>>()?))
            });
            let runs = runs.collect::<Result<Vec<_>>>()?;
            (first.loaded.first().copied(), runs, "interpreter")
        }
        Engine::Rtl => {
            bar.set_message("building");
            let mut session = Session::on(&compiled, rtl::accelerator(&design, &compiled)?)?;
            bar.set_message("");
            let runs = (0..tasks).map(|task| {
                let bytes = session.switch(task)?;
                let said = each().map(|sentence| {
                    let said = job.sentence(&mut session, task, sentence)?;
                    bar.inc(1);
                    Ok(said)
                });
                Ok(job.task(task, bytes, said.collect::<Result<Vec<Said>>>()?))
            });
            let runs = runs.collect::<Result<Vec<_>>>()?;
            (session.loaded.first().copied(), runs, "accelerator in Verilog")
        }
    };
    bar.finish_and_clear();
    let setup = setup.unwrap_or_default();
    let lines: Vec<&EmbeddingAnswer> = runs.iter().flat_map(|run| &run.sentences).collect();
    let summary = EmbeddingSummary::over(&lines);
    let checkpoint = &encoder.model.backbone.config;
    let mut text = format!(
        "{}: {} layers of {} heads, {} channels; weights {}, embeddings {}; {} sentences on the {engine}\n\
         set up once with {} bytes, beside {} codes in {} words of masks\n",
        design.name,
        checkpoint.num_hidden_layers,
        checkpoint.num_attention_heads,
        checkpoint.hidden_size,
        arguments.prunings.prune,
        arguments.prunings.prune_embeddings,
        texts.len(),
        count(setup),
        count(compiled.weights().0.len() as u64),
        count(compiled.weights().1.words() as u64),
    );
    text += &reading.note();
    let figures = runs.iter().flat_map(TaskRun::figures);
    text += &saturation_note(figures.map(|figures| figures.saturated).sum());
    for (run, task) in runs.iter().zip(&encoder.model.tasks) {
        text += &run.text(task, nats);
    }
    if let Some(summary) = summary {
        text += &format!(
            "\nembedding: mean cosine to f32 {}, worst {}; every program equal to the equations, bit for bit\n",
            decimals(summary.mean_embedding_cosine, 5),
            decimals(summary.worst_embedding_cosine, 5),
        );
    }
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "engine": arguments.engine.to_possible_value().map(|value| value.get_name().to_owned()),
        "pruning": {"weights": arguments.prunings.prune.to_string(), "embeddings": arguments.prunings.prune_embeddings.to_string()},
        "setup_bytes": setup, "entropy_threshold_nats": nats, "summary": summary, "texts_cut": reading.cut.texts, "sentences": lines,
        "tasks": runs.iter().filter(|run| !run.task.is_empty()).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_unused(&encoder.model.backbone))
}

/// Refuses thresholds that decide nothing, as no task has an off-ramp.
pub fn refuse_without_off_ramp(encoder: &TextEncoder, given: bool) -> Result<()> {
    if !given || encoder.model.tasks.iter().any(|task| task.heads.as_ref().is_some_and(Heads::exits_early)) {
        return Ok(());
    }
    let help = "leave the threshold out, or give a task whose model_head.safetensors has off-ramps (docs/tasks.md)";
    Err(Failure::usage(
        "no task has an off-ramp before the last layer, which a threshold is for: every sentence passes all layers",
        help,
    ))
}

impl Job<'_> {
    /// One sentence.
    fn sentence<E: compile::Engine>(
        &self,
        session: &mut Session<'_, E>,
        task: usize,
        (text, tokens): (&String, &Tokens),
    ) -> Result<Said> {
        let answer = session.run(task, tokens, self.threshold)?;
        let (model, count) = (&self.encoder.model, tokens.ids.len());
        if self.compare {
            self.check(task, tokens, &answer)?;
        }
        if answer.logits.is_empty() {
            let comparison =
                self.compare.then(|| compare(self.encoder, (self.compiled, task), tokens, &answer)).transpose()?;
            return Ok(Said::Embedding(EmbeddingAnswer::new(text, count, (self.compiled, task), &answer, comparison)));
        }
        let float = self.compare.then(|| model.forward(task, tokens)).transpose()?;
        let float = float.map(|exact| FloatDecision::new(&model.tasks[task], &exact, self.nats));
        Ok(Said::Decision(DecisionAnswer::new(text, count, &model.tasks[task], &answer, float)))
    }

    /// That a program gives what the encoder's equations give.
    fn check(&self, task: usize, tokens: &Tokens, answer: &compile::Answer) -> Result<()> {
        if equals_equations(self.compiled, task, tokens, self.threshold, answer)? {
            return Ok(());
        }
        Err(Failure::new(
            Code::SimulationDiffers,
            "the program and the encoder's equations give different integers",
            "please report this with the design and the model",
        ))
    }

    fn task(&self, task: usize, switch_bytes: u64, said: Vec<Said>) -> TaskRun {
        let (mut sentences, mut decisions) = (Vec::new(), Vec::new());
        for said in said {
            match said {
                Said::Embedding(line) => sentences.push(line),
                Said::Decision(decision) => decisions.push(decision),
            }
        }
        TaskRun { task: self.encoder.model.tasks[task].name.clone(), switch_bytes, sentences, decisions }
    }
}

impl TaskRun {
    /// The counters of each sentence.
    fn figures(&self) -> impl Iterator<Item = Figures> {
        let sentences = self.sentences.iter().map(|line| line.figures);
        sentences.chain(self.decisions.iter().map(|decision| decision.figures))
    }

    /// Its table, and how it compares.
    fn text(&self, task: &alberti_model::adapted::Task, nats: f64) -> String {
        let mut text = String::from("\n");
        if !self.task.is_empty() {
            text += &format!("{}: the switch to it moves {} bytes\n", self.task, count(self.switch_bytes));
        }
        if !self.sentences.is_empty() {
            return text + &tables::embeddings(&self.sentences).text();
        }
        let first = task.heads.as_ref().and_then(|heads| Some((heads.layers().next()?, classes(heads.classifier()))));
        if let Some((layer, classes)) = first.filter(|&(_, classes)| nats > (classes as f64).ln()) {
            text += &format!(
                "{nats} nats is above the entropy of any {classes} classes: every sentence ends after layer {layer}\n"
            );
        }
        text += &tables::decisions(&self.decisions).text();
        let count = |differs: fn(&DecisionAnswer) -> Option<bool>| {
            let compared = self.decisions.iter().filter_map(differs);
            compared.fold((0, 0), |(all, other), does| (all + 1, other + usize::from(does)))
        };
        let ((all, labels), (_, layers)) = (count(DecisionAnswer::differs), count(DecisionAnswer::leaves_elsewhere));
        if all > 0 {
            text += &format!(
                "{labels} of {all} labels and {layers} exits differ from f32's; every program equal to the equations, bit for bit\n"
            );
        }
        text
    }
}
