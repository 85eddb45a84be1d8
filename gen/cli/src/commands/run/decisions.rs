//! What a task decides of each sentence.

use super::figures::{Figures, shown};
use crate::table::{Table, count, decimals};
use alberti_model::{
    adapted::{self, Task, largest},
    compile::{Answer, reals},
};
use serde::Serialize;

/// A decision.
#[derive(Clone, Debug, Serialize)]
pub struct Decision {
    text: String,
    #[serde(flatten)]
    figures: Figures,
    /// None where the task gives a number.
    label: Option<String>,
    logits: Vec<f32>,
    /// The layer whose off-ramp ended it.
    exit_layer: Option<u32>,
    #[serde(flatten)]
    float: Option<Float>,
}

/// The same in f32.
#[derive(Clone, Debug, Serialize)]
pub struct Float {
    float_label: Option<String>,
    float_logits: Vec<f32>,
    float_exit_layer: Option<u32>,
}

/// The name of the largest logit; a task of one class gives a number.
pub fn label(task: &Task, logits: &[f32]) -> Option<String> {
    let largest = largest(logits).filter(|_| logits.len() > 1)?;
    Some(task.labels.get(largest).cloned().unwrap_or_else(|| largest.to_string()))
}

impl Float {
    /// At the same threshold, in nats.
    pub fn new(task: &Task, exact: &adapted::Answer, nats: f64) -> Self {
        let exit = exact.exit(nats);
        let logits = exit.map_or(exact.last(), |layer| &exact.off_ramps[layer - 1]).to_vec();
        Self {
            float_label: label(task, &logits),
            float_logits: logits,
            float_exit_layer: exit.map(|layer| layer as u32),
        }
    }
}

impl Decision {
    pub fn new(text: &str, tokens: usize, task: &Task, answer: &Answer, float: Option<Float>) -> Self {
        let logits = reals(&answer.logits, answer.logits.len()).data;
        Self {
            text: text.to_owned(),
            figures: Figures::new(answer, tokens),
            label: label(task, &logits),
            logits,
            exit_layer: answer.exit,
            float,
        }
    }

    /// Whether f32 decides otherwise.
    pub fn differs(&self) -> Option<bool> {
        self.float.as_ref().map(|float| float.float_label != self.label)
    }

    /// Whether f32 leaves after another layer.
    pub fn leaves_elsewhere(&self) -> Option<bool> {
        self.float.as_ref().map(|float| float.float_exit_layer != self.exit_layer)
    }
}

fn numbers(logits: &[f32]) -> String {
    logits.iter().map(|&logit| decimals(logit.into(), 3)).collect::<Vec<_>>().join(" ")
}

/// A row for each sentence.
pub fn table(decisions: &[Decision], depth: usize) -> Table {
    let compared = decisions.iter().any(|decision| decision.float.is_some());
    let counted = decisions.iter().any(|decision| decision.figures.cycles.is_some());
    let mut head = vec!["sentence", "tokens", "label", "logits", "layers", "vectors", "read"];
    head.extend(counted.then_some("cycles"));
    head.extend(compared.then_some(["f32", "its logits", "its layers"]).into_iter().flatten());
    let layers = |exit: Option<u32>| exit.map_or(depth, |layer| layer as usize).to_string();
    let mut table = Table::new(&head);
    for Decision { text, figures, label, logits, exit_layer, float } in decisions {
        let named = |label: &Option<String>| label.clone().unwrap_or_else(|| "-".into());
        let mut row = vec![
            shown(text),
            figures.tokens.to_string(),
            named(label),
            numbers(logits),
            layers(*exit_layer),
            count(figures.vectors),
            count(figures.bytes_read),
        ];
        row.extend(figures.cycles.map(count));
        if let Some(Float { float_label, float_logits, float_exit_layer }) = float {
            row.extend([named(float_label), numbers(float_logits), layers(*float_exit_layer)]);
        }
        table.row(row);
    }
    table
}
