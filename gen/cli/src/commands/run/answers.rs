//! What is said of each sentence.

use super::figures::{Figures, shown};
use crate::{
    exit::Result,
    table::{Table, count, decimals},
};
use alberti_model::{
    Metrics, TextEncoder,
    compile::{Answer, Compiled, reals},
    reference::mean_embedding,
    sentence::Tokens,
    sweep::Cosines,
};
use serde::Serialize;

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    text: String,
    #[serde(flatten)]
    figures: Figures,
    useful_share: f64,
    embedding: Vec<f32>,
    #[serde(flatten)]
    comparison: Option<Comparison>,
}

/// The same sentence in f32.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Comparison {
    embedding_cosine: f64,
    hidden_cosine: f64,
    hidden_relative_rms: f64,
    unpruned_embedding_cosine: Option<f64>,
}

/// All of them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Summary {
    pub mean_embedding_cosine: f64,
    pub worst_embedding_cosine: f64,
    pub mean_hidden_cosine: f64,
    pub worst_hidden_cosine: f64,
    pub mean_unpruned_embedding_cosine: Option<f64>,
    pub worst_unpruned_embedding_cosine: Option<f64>,
}

/// An answer of a task beside f32's.
pub fn compare(encoder: &TextEncoder, task: usize, tokens: &Tokens, answer: &Answer) -> Result<Comparison> {
    let hidden = reals(&answer.hidden, encoder.model.backbone.config.hidden_size);
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

impl Line {
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
            embedding: mean_embedding(&reals(&answer.hidden, compiled.encoder().width())),
            comparison,
        }
    }
}

impl Summary {
    /// Of lines that were compared.
    pub fn over(lines: &[&Line]) -> Option<Self> {
        let all: Vec<Comparison> = lines.iter().filter_map(|line| line.comparison).collect();
        if all.is_empty() {
            return None;
        }
        let mean = |of: &dyn Fn(&Comparison) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let worst = |of: &dyn Fn(&Comparison) -> f64| all.iter().map(of).fold(f64::INFINITY, f64::min);
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

/// A row for each sentence.
pub fn table(lines: &[Line]) -> Table {
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
