//! What an accelerator answers to sentences, beside f32: embeddings and their cosines, decisions and their
//! labels.

use crate::{
    Metrics, ModelError, TextEncoder,
    adapted::{self, Task, largest},
    compile::{Answer, Compiled, outputs, reals},
    reference::mean_embedding,
    sentence::Tokens,
    sweep::Cosines,
};
use alberti_golden::encoder::Arithmetic;
use serde::Serialize;

/// Counters of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// Tokens of the sentence.
    pub tokens: usize,
    /// Instructions that were done.
    pub instructions: u64,
    /// Vectors that went through the array.
    pub vectors: u64,
    /// Of these, vectors of zeros, for which the array held still.
    pub held_vectors: u64,
    /// Numbers of 16 bits that saturated: residual sums, scores and other results of the array.
    pub saturated: u64,
    /// Of these, residual sums.
    pub saturated_sums: u64,
    /// Bytes read from external memory.
    pub bytes_read: u64,
    /// Bytes written to external memory.
    pub bytes_written: u64,
    /// Cycles, where the engine counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
}

impl Figures {
    /// The counters of an answer.
    #[must_use]
    pub fn new(answer: &Answer, tokens: usize) -> Self {
        let counters = answer.counters;
        Self {
            tokens,
            instructions: counters.instructions,
            vectors: counters.vectors,
            held_vectors: counters.held,
            saturated: counters.saturated,
            saturated_sums: counters.saturated_sums,
            bytes_read: counters.bytes_read,
            bytes_written: counters.bytes_written,
            cycles: answer.cycles,
        }
    }
}

/// A line on numbers that saturated; empty where none did.
#[must_use]
pub fn saturation_note(saturated: u64) -> String {
    match saturated {
        0 => String::new(),
        1 => "1 number of 16 bits saturated\n".to_owned(),
        count => format!("{count} numbers of 16 bits saturated\n"),
    }
}

/// An answer without a classifier.
#[derive(Clone, Debug, Serialize)]
pub struct EmbeddingAnswer {
    /// The sentence.
    pub text: String,
    /// What it took of the accelerator.
    #[serde(flatten)]
    pub figures: Figures,
    /// Products of real tokens and channels, by those that the array had places for: 0 to 1.
    pub useful_share: f64,
    /// The mean of the last layer's output over the tokens, of length 1.
    pub embedding: Vec<f32>,
    /// The same sentence in f32, where that was asked for.
    #[serde(flatten)]
    pub comparison: Option<Comparison>,
}

/// The same sentence in f32.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Comparison {
    /// Cosine of the answer to f32's.
    pub embedding_cosine: f64,
    /// Cosine of the last layer's output to f32's.
    pub hidden_cosine: f64,
    /// Root mean square of its difference to f32's, by that of f32's.
    pub hidden_relative_rms: f64,
    /// Cosine of the answer to that of f32 with all weights, where some were pruned.
    pub unpruned_embedding_cosine: Option<f64>,
}

/// All answers that were compared.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct EmbeddingSummary {
    /// Cosine of the answer, mean.
    pub mean_embedding_cosine: f64,
    /// The worst of these.
    pub worst_embedding_cosine: f64,
    /// Cosine of the last layer's output, mean.
    pub mean_hidden_cosine: f64,
    /// The worst of these.
    pub worst_hidden_cosine: f64,
    /// Cosine of the answer to f32 with all weights, mean.
    pub mean_unpruned_embedding_cosine: Option<f64>,
    /// The worst of these.
    pub worst_unpruned_embedding_cosine: Option<f64>,
}

/// An answer of a task beside f32's.
///
/// # Errors
/// AE0705 when the tokens do not fit the model.
pub fn compare(
    encoder: &TextEncoder,
    (compiled, task): (&Compiled, usize),
    tokens: &Tokens,
    answer: &Answer,
) -> Result<Comparison, ModelError> {
    let hidden = outputs(compiled.encoder(), &answer.hidden);
    let exact = encoder.model.forward(task, tokens)?.forward.hidden;
    let unpruned = encoder.unpruned.as_ref().map(|all| all.forward(task, tokens)).transpose()?;
    let cosines = Cosines::between(&hidden, &exact);
    Ok(Comparison {
        embedding_cosine: cosines.embedding,
        hidden_cosine: cosines.hidden,
        hidden_relative_rms: Metrics::between(&hidden, &exact).relative_rms,
        unpruned_embedding_cosine: unpruned.map(|all| Cosines::between(&hidden, &all.forward.hidden).embedding),
    })
}

impl EmbeddingAnswer {
    /// An answer of a task to a text of so many tokens.
    ///
    /// # Panics
    /// When there is no such task.
    #[must_use]
    pub fn new(
        text: &str,
        tokens: usize,
        (compiled, task): (&Compiled, usize),
        answer: &Answer,
        comparison: Option<Comparison>,
    ) -> Self {
        let (n, figures) = (compiled.config().n as u64, Figures::new(answer, tokens));
        Self {
            text: text.to_owned(),
            figures,
            useful_share: compiled.products(task, tokens) as f64 / (figures.vectors * n * n).max(1) as f64,
            embedding: mean_embedding(&outputs(compiled.encoder(), &answer.hidden)),
            comparison,
        }
    }
}

impl EmbeddingSummary {
    /// Sums up those that were compared; none where none was.
    #[must_use]
    pub fn over(lines: &[&EmbeddingAnswer]) -> Option<Self> {
        let all: Vec<Comparison> = lines.iter().filter_map(|line| line.comparison).collect();
        if all.is_empty() {
            return None;
        }
        let mean = |get: &dyn Fn(&Comparison) -> f64| all.iter().map(get).sum::<f64>() / all.len() as f64;
        let worst = |get: &dyn Fn(&Comparison) -> f64| all.iter().map(get).fold(f64::INFINITY, f64::min);
        let unpruned = |line: &Comparison| line.unpruned_embedding_cosine.unwrap_or_default();
        let has = all.iter().all(|line| line.unpruned_embedding_cosine.is_some());
        Some(Self {
            mean_embedding_cosine: mean(&|line| line.embedding_cosine),
            worst_embedding_cosine: worst(&|line| line.embedding_cosine),
            mean_hidden_cosine: mean(&|line| line.hidden_cosine),
            worst_hidden_cosine: worst(&|line| line.hidden_cosine),
            mean_unpruned_embedding_cosine: has.then(|| mean(&unpruned)),
            worst_unpruned_embedding_cosine: has.then(|| worst(&unpruned)),
        })
    }
}

/// What answers a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// An off-ramp after a layer before the last.
    OffRamp,
    /// The classifier after the last layer.
    Classifier,
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OffRamp => "off-ramp",
            Self::Classifier => "classifier",
        })
    }
}

impl Head {
    /// Which it is, by the layer whose off-ramp ended the sentence.
    #[must_use]
    pub fn of_exit<T>(exit_layer: Option<T>) -> Self {
        if exit_layer.is_some() { Self::OffRamp } else { Self::Classifier }
    }
}

/// The answer of a task with a classifier.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionAnswer {
    /// The sentence.
    pub text: String,
    /// What it took of the accelerator.
    #[serde(flatten)]
    pub figures: Figures,
    /// The class; none where the task gives a number.
    pub label: Option<String>,
    /// The logits.
    pub logits: Vec<f32>,
    /// What answered.
    pub head: Head,
    /// The layer whose off-ramp answered, counted from 1; none where the classifier did.
    pub exit_layer: Option<u32>,
    /// The same in f32, where that was asked for.
    #[serde(flatten)]
    pub float: Option<FloatDecision>,
}

/// The same in f32.
#[derive(Clone, Debug, Serialize)]
pub struct FloatDecision {
    /// The class.
    pub float_label: Option<String>,
    /// The logits.
    pub float_logits: Vec<f32>,
    /// What answered.
    pub float_head: Head,
    /// The layer whose off-ramp answered, counted from 1; none where the classifier did.
    pub float_exit_layer: Option<u32>,
}

/// The name of the largest logit; a task of one class gives a number.
fn label(task: &Task, logits: &[f32]) -> Option<String> {
    let largest = largest(logits).filter(|_| logits.len() > 1)?;
    Some(task.labels.get(largest).cloned().unwrap_or_else(|| largest.to_string()))
}

impl FloatDecision {
    /// What f32 decides at a threshold in nats.
    #[must_use]
    pub fn new(task: &Task, exact: &adapted::Answer, nats: f64) -> Self {
        let exit = exact.exit(nats);
        let logits = exit.map_or(exact.logits.as_slice(), |(_, logits)| logits).to_vec();
        Self {
            float_label: label(task, &logits),
            float_logits: logits,
            float_head: Head::of_exit(exit),
            float_exit_layer: exit.map(|(layer, _)| layer as u32),
        }
    }
}

impl DecisionAnswer {
    /// An answer of a task to a text of so many tokens.
    #[must_use]
    pub fn new(text: &str, tokens: usize, task: &Task, answer: &Answer, float: Option<FloatDecision>) -> Self {
        let logits = reals(&answer.logits, answer.logits.len()).data;
        Self {
            text: text.to_owned(),
            figures: Figures::new(answer, tokens),
            label: label(task, &logits),
            logits,
            head: Head::of_exit(answer.exit),
            exit_layer: answer.exit,
            float,
        }
    }

    /// Whether f32 decides otherwise.
    #[must_use]
    pub fn differs(&self) -> Option<bool> {
        self.float.as_ref().map(|float| float.float_label != self.label)
    }

    /// Whether f32 leaves after another layer.
    #[must_use]
    pub fn leaves_elsewhere(&self) -> Option<bool> {
        self.float.as_ref().map(|float| float.float_exit_layer != self.exit_layer)
    }
}

/// Whether a program has answered as the encoder's equations do, to the bit. `threshold` is that of the
/// entropy unit.
///
/// # Errors
/// AE0711 when parts do not belong together.
///
/// # Panics
/// When there is no such task.
pub fn equals_equations(
    compiled: &Compiled,
    task: usize,
    tokens: &Tokens,
    threshold: u16,
    answer: &Answer,
) -> Result<bool, ModelError> {
    let encoder = compiled.encoder();
    let arithmetic = Arithmetic::for_accelerator(compiled.config())?;
    let expected = encoder.run(&arithmetic, &encoder.tasks[task], tokens, threshold)?;
    Ok(match answer.logits.is_empty() {
        true => expected.hidden == answer.hidden,
        false => expected.logits == answer.logits && expected.exit.map(|layer| layer as u32) == answer.exit,
    })
}
