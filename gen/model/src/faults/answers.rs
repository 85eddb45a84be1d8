//! A campaign on a whole encoder: what faults in all of an accelerator's weights cost the answers to
//! sentences.

use super::{
    findings::Spread,
    memory::{FaultSite, Rate, Settings, Stress},
    names::{SITES, name, rate_name},
    whole::Whole,
};
use crate::{
    ModelError, adapted,
    compile::{Compiled, Session, outputs},
    sentence::Tokens,
    sweep::{Cosines, Decision},
    text_encoder::TextEncoder,
};
use rayon::prelude::*;
use serde::Serialize;

/// Sentences beside f32, on an accelerator whose cells err.
#[derive(Clone, Debug)]
pub struct WholeCampaign<'a> {
    compiled: &'a Compiled,
    whole: Whole<'a>,
    sentences: &'a [(Tokens, adapted::Answer)],
    points: Vec<(FaultSite, Rate)>,
}

/// A trial: means over sentences.
#[derive(Clone, Copy, Debug)]
struct Trial {
    answer: [f64; 2],
    wrong_bits: u64,
    corrected_words: u64,
    detected_words: u64,
    misplaced: u64,
}

/// A site and a rate over all trials. Counts are means of a trial.
#[derive(Clone, Debug, Serialize)]
pub struct WholeFinding {
    /// Where faults were.
    pub target: &'static str,
    /// The rate that was asked for, or `technology`.
    pub rate: String,
    /// Bits read wrong, before any correction.
    pub wrong_bits: f64,
    /// Mask words corrected.
    pub corrected_words: f64,
    /// Mask words found wrong that could not be corrected.
    pub detected_words: f64,
    /// Masks seen to be displaced, of those read for one sentence.
    pub misplaced: f64,
    /// The answers beside f32's.
    #[serde(flatten)]
    pub answers: Answers,
}

/// How far answers are from f32's: means over sentences, spread over trials.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Answers {
    /// Of an encoder without a classifier.
    Embeddings {
        /// Cosine of the answer.
        embedding_cosine: Spread,
        /// Cosine of the last layer's output.
        hidden_cosine: Spread,
    },
    /// Of a task with a classifier.
    Decisions {
        /// Greatest difference of a sentence's logits.
        logit_difference: Spread,
        /// Share of sentences with the same class.
        labels_alike: Spread,
    },
}

/// Tokens of sentences, with what f32 makes of them.
///
/// # Errors
/// AE0705 when they do not fit the model.
pub fn beside_f32(encoder: &TextEncoder, sentences: &[Tokens]) -> Result<Vec<(Tokens, adapted::Answer)>, ModelError> {
    let beside = |tokens: &Tokens| {
        let exact = encoder.model.forward(0, tokens)?;
        Ok((tokens.clone(), exact))
    };
    sentences.iter().map(beside).collect()
}

impl<'a> WholeCampaign<'a> {
    /// Every site at every rate. The first point is one without faults.
    ///
    /// # Errors
    /// As [`Whole::new`].
    pub fn new(
        compiled: &'a Compiled,
        settings: &Settings,
        sites: &[FaultSite],
        rates: &[Rate],
        sentences: &'a [(Tokens, adapted::Answer)],
    ) -> Result<Self, ModelError> {
        let whole = Whole::new(compiled, [settings.values, settings.masks], settings.secded, settings.seed)?;
        let none = Rate { asked: Some(0.0), stress: Stress::uniform(settings, 0.0, 0.0)? };
        let mut points = vec![(FaultSite::Both, none)];
        points.extend(sites.iter().flat_map(|&site| rates.iter().map(move |rate| (site, rate.clone()))));
        Ok(Self { compiled, whole, sentences, points })
    }

    /// How often [`Self::run`] calls `done`: once for each trial, and once for the point without faults.
    #[must_use]
    pub fn trials(&self, trials: u64) -> usize {
        1 + (self.points.len() - 1) * trials as usize
    }

    /// Runs so many trials at every point. `done` is called once for each trial, from several threads.
    ///
    /// # Errors
    /// AE0711 when the interpreter cannot run what was compiled.
    pub fn run(&self, trials: u64, done: &(dyn Fn() + Sync)) -> Result<Vec<WholeFinding>, ModelError> {
        let all: Vec<_> = (0..self.points.len())
            .flat_map(|point| (0..if point == 0 { 1 } else { trials }).map(move |trial| (point, trial)))
            .collect();
        let run = |&(point, number): &(usize, u64)| {
            let (site, rate) = &self.points[point];
            let trial = self.trial(*site, &rate.stress, number);
            done();
            Ok((point, trial?))
        };
        let outcomes = all.par_iter().map(run).collect::<Result<Vec<_>, ModelError>>()?;
        let decides = !self.sentences.iter().all(|(_, exact)| exact.logits.is_empty());
        let finding = |(number, (site, rate)): (usize, &(FaultSite, Rate))| {
            let trials: Vec<_> =
                outcomes.iter().filter(|(point, _)| *point == number).map(|(_, trial)| *trial).collect();
            WholeFinding::new(*site, rate.asked, &trials, decides)
        };
        Ok(self.points.iter().enumerate().map(finding).collect())
    }

    /// One accelerator with faults drawn, on all sentences.
    fn trial(&self, site: FaultSite, stress: &Stress, number: u64) -> Result<Trial, ModelError> {
        let read = self.whole.read(site, stress, number)?;
        let mut session = Session::with_weights(self.compiled, &read.values, &read.masks)?;
        let (mut sums, mut misplaced) = ([0.0; 2], 0);
        for (tokens, exact) in self.sentences {
            let answer = session.run(0, tokens, 0)?;
            let distance = match Decision::between(&answer.logits, &exact.logits) {
                Some(Decision { difference, alike }) => [difference, f64::from(u8::from(alike))],
                None => {
                    let exact = &exact.forward.hidden;
                    let cosines = Cosines::between(&outputs(self.compiled.encoder(), &answer.hidden), exact);
                    [cosines.embedding, cosines.hidden]
                }
            };
            sums = [sums[0] + distance[0], sums[1] + distance[1]];
            misplaced += answer.counters.misplaced;
        }
        Ok(Trial {
            answer: sums.map(|sum| sum / self.sentences.len() as f64),
            wrong_bits: read.wrong_bits,
            corrected_words: read.corrected_words,
            detected_words: read.detected_words,
            misplaced: misplaced / self.sentences.len() as u64,
        })
    }
}

impl WholeFinding {
    fn new(site: FaultSite, rate: Option<f64>, trials: &[Trial], decides: bool) -> Self {
        let mean = |get: fn(&Trial) -> u64| trials.iter().map(get).sum::<u64>() as f64 / trials.len() as f64;
        let [first, second] = [0, 1].map(|at| Spread::over(trials.iter().map(|trial| trial.answer[at]).collect()));
        Self {
            target: name(&SITES, site),
            rate: rate_name(rate),
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
