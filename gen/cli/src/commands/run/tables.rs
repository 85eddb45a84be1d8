//! What is said of each sentence.

use crate::table::{Table, count, decimals};
use alberti_model::answers::{DecisionAnswer, EmbeddingAnswer, FloatDecision, Head};

/// A row for each sentence.
pub fn embeddings(lines: &[EmbeddingAnswer]) -> Table {
    let compared = lines.iter().any(|line| line.comparison.is_some());
    let pruned = lines.iter().any(|line| line.comparison.is_some_and(|c| c.unpruned_embedding_cosine.is_some()));
    let mut head = vec!["sentence", "tokens", "instructions", "vectors", "held", "useful", "read", "written"];
    let counted = lines.iter().any(|line| line.figures.cycles.is_some());
    head.extend(counted.then_some(["cycles", "busy"]).into_iter().flatten());
    head.extend(compared.then_some(["embedding", "hidden"]).into_iter().flatten());
    head.extend(pruned.then_some("unpruned"));
    let mut table = Table::new(&head);
    for line in lines {
        let figures = line.figures;
        let mut row = vec![
            shown(&line.text),
            figures.tokens.to_string(),
            count(figures.instructions),
            count(figures.vectors),
            count(figures.held_vectors),
            format!("{:.1} %", 100.0 * line.useful_share),
            count(figures.bytes_read),
            count(figures.bytes_written),
        ];
        if let Some(cycles) = line.figures.cycles {
            row.extend([count(cycles), format!("{:.1} %", 100.0 * figures.vectors as f64 / cycles.max(1) as f64)]);
        }
        if let Some(comparison) = line.comparison {
            row.extend([decimals(comparison.embedding_cosine, 5), decimals(comparison.hidden_cosine, 5)]);
            row.extend(comparison.unpruned_embedding_cosine.map(|cosine| decimals(cosine, 5)));
        }
        table.row(row);
    }
    table
}

fn numbers(logits: &[f32]) -> String {
    logits.iter().map(|&logit| decimals(logit.into(), 3)).collect::<Vec<_>>().join(" ")
}

/// A row for each sentence.
pub fn decisions(decisions: &[DecisionAnswer]) -> Table {
    let compared = decisions.iter().any(|decision| decision.float.is_some());
    let counted = decisions.iter().any(|decision| decision.figures.cycles.is_some());
    let mut head = vec!["sentence", "tokens", "label", "logits", "answered by", "vectors", "read"];
    head.extend(counted.then_some("cycles"));
    head.extend(compared.then_some(["f32", "its logits", "its head"]).into_iter().flatten());
    let mut table = Table::new(&head);
    for DecisionAnswer { text, figures, label, logits, head, exit_layer, float } in decisions {
        let named = |label: &Option<String>| label.clone().unwrap_or_else(|| "-".into());
        let mut row = vec![
            shown(text),
            figures.tokens.to_string(),
            named(label),
            numbers(logits),
            by(*head, *exit_layer),
            count(figures.vectors),
            count(figures.bytes_read),
        ];
        row.extend(figures.cycles.map(count));
        if let Some(FloatDecision { float_label, float_logits, float_head, float_exit_layer }) = float {
            row.extend([named(float_label), numbers(float_logits), by(*float_head, *float_exit_layer)]);
        }
        table.row(row);
    }
    table
}

/// A head, with the layer before an off-ramp.
fn by(head: Head, exit_layer: Option<u32>) -> String {
    exit_layer.map_or_else(|| head.to_string(), |layer| format!("{head} {layer}"))
}

/// Characters of a text that a table shows.
const SHOWN: usize = 40;

/// The beginning of a text.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}
