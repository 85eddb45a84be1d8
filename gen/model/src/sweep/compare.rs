//! A choice against f32, over sentences.

use super::{Candidate, Choice, Cosines, Decision, Group, Stored};
use crate::{ModelError, adapted::Adapted, prune::Pruning, sentence::Tokens};
use alberti_golden::accelerator::AcceleratorConfig;
use rayon::prelude::*;
use serde::Serialize;

/// What a choice came to.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The group of the choice.
    pub group: &'static str,
    /// The choice in a few words.
    pub choice: String,
    /// Cosine of the answer to f32's with the same weights, mean over sentences.
    pub mean_embedding_cosine: f64,
    /// The worst of these.
    pub worst_embedding_cosine: f64,
    /// Cosine of the last layer's output to f32's with the same weights, mean over sentences.
    pub mean_hidden_cosine: f64,
    /// The worst of these.
    pub worst_hidden_cosine: f64,
    /// Cosine of the answer to that of f32 with all weights, mean over sentences.
    pub mean_unpruned_embedding_cosine: f64,
    /// Greatest difference of the logits to f32's, of a task with a classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_logit_difference: Option<f64>,
    /// Share of sentences that f32 answers alike, of a task with a classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_alike: Option<f64>,
    /// The frozen weights.
    pub stored: Stored,
    /// What they take.
    pub stored_bytes: u64,
    /// What belongs to one task.
    pub task_bytes: u64,
}

/// A sentence's answer beside f32's.
struct Compared {
    cosines: Cosines,
    /// Of the answer, to f32 with all weights.
    unpruned: f64,
    decision: Option<Decision>,
}

impl Comparison {
    /// Measures a choice on sentences. Ranges are taken from `ranges`, adapters are drawn from `seed`. `done`
    /// is called once for each sentence, from several threads.
    ///
    /// # Errors
    /// As [`Candidate::new`].
    pub fn measure(
        model: &Adapted,
        (group, choice): &(Group, Choice),
        (ranges, sentences): (&[Tokens], &[Tokens]),
        config: &AcceleratorConfig,
        seed: u64,
        done: &(dyn Fn() + Sync),
    ) -> Result<Self, ModelError> {
        let candidate = |choice: &Choice| Candidate::new(model, ranges, choice, config, seed);
        let pruned = candidate(choice)?;
        // Adapters are the model's own: without them it is another.
        let complete = Choice { weights: Pruning::Dense, embeddings: Pruning::Dense, ..choice.clone() };
        let unpruned = (complete != *choice).then(|| candidate(&complete)).transpose()?;
        let compare = |tokens: &Tokens| {
            let ((hidden, logits), exact) = (pruned.answer(tokens)?, pruned.exact(tokens)?);
            let cosines = Cosines::between(&hidden, &exact.forward.hidden);
            let whole = unpruned.as_ref().map(|whole| whole.exact(tokens)).transpose()?;
            done();
            Ok(Compared {
                cosines,
                unpruned: whole.map_or(cosines, |whole| Cosines::between(&hidden, &whole.forward.hidden)).embedding,
                decision: Decision::between(&logits, &exact.logits),
            })
        };
        let answers = sentences.par_iter().map(compare).collect::<Result<Vec<_>, ModelError>>()?;
        Ok(Self::new(*group, choice, &pruned, &answers))
    }

    fn new(group: Group, choice: &Choice, candidate: &Candidate, answers: &[Compared]) -> Self {
        let mean = |get: &dyn Fn(&Compared) -> f64| answers.iter().map(get).sum::<f64>() / answers.len() as f64;
        let worst = |get: &dyn Fn(&Compared) -> f64| answers.iter().map(get).fold(f64::INFINITY, f64::min);
        let decisions: Vec<_> = answers.iter().filter_map(|answer| answer.decision).collect();
        let alike = decisions.iter().filter(|decision| decision.alike).count() as f64 / decisions.len() as f64;
        Self {
            group: group.name(),
            choice: choice.name.clone(),
            mean_embedding_cosine: mean(&|answer| answer.cosines.embedding),
            worst_embedding_cosine: worst(&|answer| answer.cosines.embedding),
            mean_hidden_cosine: mean(&|answer| answer.cosines.hidden),
            worst_hidden_cosine: worst(&|answer| answer.cosines.hidden),
            mean_unpruned_embedding_cosine: mean(&|answer| answer.unpruned),
            max_logit_difference: decisions.iter().map(|decision| decision.difference).reduce(f64::max),
            labels_alike: (!decisions.is_empty()).then_some(alike),
            stored: candidate.stored,
            stored_bytes: candidate.stored.bytes(),
            task_bytes: candidate.task_bytes(),
        }
    }
}
