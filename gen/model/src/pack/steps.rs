//! What is left of a model after each step from f32 to an accelerator's memories.

use super::{Packed, Tensor};
use crate::{ModelError, adapted::Adapted, compile::outputs, sentence::Tokens, sweep::Cosines};
use rayon::prelude::*;
use serde::Serialize;

/// A step, and what it left.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What was done.
    pub step: &'static str,
    /// Bytes of the whole model with the first of its tasks.
    pub bytes: u64,
    /// The answers; none where the step does not change them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosines: Option<StepCosines>,
}

/// Cosines of answers to f32 with all weights, over sentences.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StepCosines {
    /// Of the answer, mean.
    pub mean_embedding_cosine: f64,
    /// Of the answer, worst.
    pub worst_embedding_cosine: f64,
    /// Of the last layer's output, mean.
    pub mean_hidden_cosine: f64,
    /// Of the last layer's output, worst.
    pub worst_hidden_cosine: f64,
    /// Of the answer to that of the step before, mean.
    pub mean_step_cosine: f64,
}

/// The steps, and what saturated.
#[derive(Clone, Debug)]
pub struct Steps {
    /// The steps.
    pub steps: Vec<Step>,
    /// Numbers of 16 bits that saturated over all sentences.
    pub saturated: u64,
}

/// The steps, measured on sentences. `done` is called once for each sentence, from several threads.
///
/// # Errors
/// AE0705 when a sentence does not fit, AE0711 when parts do not belong together.
pub fn steps(
    model: &Adapted,
    packed: &Packed,
    sentences: &[Tokens],
    done: &(dyn Fn() + Sync),
) -> Result<Steps, ModelError> {
    let encoder = &packed.quantised.encoder;
    let measure = |tokens: &Tokens| -> Result<([[Cosines; 2]; 2], u64), ModelError> {
        let exact = model.forward(0, tokens)?.forward.hidden;
        let pruned = packed.pruned.forward(0, tokens)?.forward.hidden;
        let codes = encoder.run(&packed.quantised.arithmetic, &encoder.tasks[0], tokens, 0)?;
        let saturated = codes.saturated;
        let codes = outputs(encoder, &codes.hidden);
        done();
        let first = Cosines::between(&pruned, &exact);
        Ok(([[first; 2], [Cosines::between(&codes, &exact), Cosines::between(&codes, &pruned)]], saturated))
    };
    let measured = sentences.par_iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    let (cosines, saturated): (Vec<_>, Vec<u64>) = measured.into_iter().unzip();
    let spread = |step: usize| {
        let mean = |get: &dyn Fn(&[Cosines; 2]) -> f64| {
            cosines.iter().map(|cosines| get(&cosines[step])).sum::<f64>() / cosines.len() as f64
        };
        let worst = |get: &dyn Fn(&[Cosines; 2]) -> f64| {
            cosines.iter().map(|cosines| get(&cosines[step])).fold(f64::INFINITY, f64::min)
        };
        StepCosines {
            mean_embedding_cosine: mean(&|[all, _]| all.embedding),
            worst_embedding_cosine: worst(&|[all, _]| all.embedding),
            mean_hidden_cosine: mean(&|[all, _]| all.hidden),
            worst_hidden_cosine: worst(&|[all, _]| all.hidden),
            mean_step_cosine: mean(&|[_, before]| before.embedding),
        }
    };
    let shares = &packed.footprint.shares;
    let tensors = || packed.tensors.iter().filter(|tensor| tensor.with_one_task());
    let sum = |get: fn(&Tensor) -> u64| tensors().map(get).sum::<u64>();
    let float = 4 * packed.footprint.parameters;
    let weights = sum(|tensor| tensor.float_bytes);
    let numbers = shares.iter().map(|share| share.number_bytes).sum::<u64>();
    let (values, masks) = packed.compiled.weights();
    let records = (masks.words() * masks.width()).div_ceil(8) as u64;
    let loaded = [packed.compiled.setup(), &packed.compiled.task(0)].map(|bundle| bundle.bytes().len() as u64);
    let memories = values.len() as u64 + records + loaded.iter().sum::<u64>();
    let steps = vec![
        Step { step: "checkpoint, f32", bytes: float, cosines: None },
        Step { step: "pruned", bytes: float - weights + sum(|tensor| tensor.pruned_bytes), cosines: Some(spread(0)) },
        Step {
            step: "codes and masks",
            bytes: numbers + sum(|tensor| tensor.mask_bytes + tensor.code_bytes),
            cosines: Some(spread(1)),
        },
        Step { step: "in memories, with pointers and programs", bytes: memories, cosines: None },
    ];
    Ok(Steps { steps, saturated: saturated.iter().sum() })
}
