//! How far each special function unit is from `f64` on the data of a trained encoder.
//!
//! The f32 [`reference`](crate::reference) runs on sentences. What it hands to a unit is rounded to that
//! unit's input format (`docs/arithmetic.md`, Rows), the unit's golden model answers, and the answer is
//! compared twice:
//!
//! | inputs of the `f64` function | what the distance is |
//! |---|---|
//! | [`Inputs::Rounded`] | the unit's own error |
//! | [`Inputs::F32`] | that, and what rounding its inputs and parameters adds |
//!
//! Everything is the same on every run: the units run side by side, each on all data, in order.

mod activation;
mod distance;
mod elementwise;
mod entropy;
mod findings;
mod layernorm;
mod logits;
mod passes;
mod rounding;
mod softmax;
mod top_k;
mod units;

pub use findings::{ChannelShifts, Decisions, ErrorLine, Findings, Inputs, Mass, Rounded};
pub use logits::SEED;
pub use units::{SoftmaxUnit, Units};

use crate::{ModelError, demo::Model, sentence::Tokens};
use alberti_arith::ActivationSet;
use passes::Passes;

/// What was measured, and on how much.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// Sentences read.
    pub sentences: usize,
    /// Their tokens, special ones among them.
    pub tokens: usize,
    /// Encoder layers that are passed.
    pub layers: usize,
    /// Heads of each.
    pub heads: usize,
    /// What was found, unit by unit.
    #[serde(flatten)]
    pub findings: Findings,
}

/// Measures the units on these sentences.
///
/// # Errors
/// AE0705 when a sentence does not fit the model, AE0711 when a unit cannot be given the model's rows.
pub fn measure(model: &Model, units: Units, sentences: &[Tokens]) -> Result<Report, ModelError> {
    let passes = Passes::run(model, sentences)?;
    let on = |unit: Option<Result<Findings, ModelError>>| unit.unwrap_or_else(|| Ok(Findings::default()));
    let has_activation = units.activation != ActivationSet::IDENTITY;
    let parts = std::thread::scope(|scope| {
        [
            scope.spawn(|| on(units.softmax.map(|unit| softmax::measure(&passes, unit)))),
            scope.spawn(|| on(units.layernorm.map(|length_max| layernorm::measure(&passes, length_max)))),
            scope.spawn(|| on(has_activation.then(|| activation::measure(&passes, units.activation)))),
            scope.spawn(|| on(units.elementwise.then(|| elementwise::measure(&passes)))),
            scope.spawn(|| on(units.entropy.map(entropy::measure))),
            scope.spawn(|| on(units.top_k.map(|(length_max, k)| top_k::measure(length_max, k)))),
        ]
        .map(|unit| unit.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let mut findings = Findings::default();
    for part in parts {
        findings.extend(part?);
    }
    Ok(Report {
        sentences: passes.all.len(),
        tokens: passes.tokens(),
        layers: passes.layers(),
        heads: model.checkpoint.config.num_attention_heads,
        findings,
    })
}
