//! How well a task answers labelled sentences, in the accelerator's integers.
//!
//! Every sentence passes all layers once. What the off-ramps say on the way gives the answer at every entropy
//! threshold.
//!
//! ```text
//! labelled sentences ─▶ logits after every layer ─┬▶ measures at a threshold
//!                                                  ├▶ layers that sentences end after
//!                                                  └▶ curve: measures at many thresholds
//! ```

use crate::{
    ModelError,
    adapted::{self, Heads, Task, largest},
    answers::Head,
    compile::reals,
    dataset::{Example, Truth},
    glue::{Classification, Regression},
    sentence::{Cut, Tokens},
    text_encoder::{Ranges, TextEncoder},
};
use alberti_golden::{
    accelerator::AcceleratorConfig,
    encoder::{self, Arithmetic},
    entropy::{decide, threshold},
};
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;

/// Thresholds of a curve, in nats. Those above the entropy of equal classes are left out.
const CURVE: [f64; 12] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1];

/// Labelled sentences that passed all layers of an encoder.
#[derive(Clone, Debug)]
pub struct Evaluation {
    passes: Vec<Pass>,
    classes: usize,
    depth: usize,
    /// Layers with an off-ramp, counted from 1.
    ramps: Vec<usize>,
    cut: Cut,
}

/// How many sentences a head answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exits {
    /// An off-ramp, or the classifier.
    pub head: Head,
    /// The layer before it, counted from 1.
    pub layer: usize,
    /// Sentences.
    pub sentences: usize,
}

/// A sentence that passed all layers.
#[derive(Clone, Debug)]
struct Pass {
    truth: Truth,
    integers: Logits,
    float: Option<Logits>,
    saturated: u64,
}

/// The logits after every layer that has an off-ramp, and those of the end.
#[derive(Clone, Debug)]
struct Logits {
    ramps: Vec<Ramp>,
    last: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Ramp {
    /// The layer before it, counted from 1.
    layer: usize,
    logits: Vec<f32>,
    certainty: Certainty,
}

/// What decides whether a sentence ends after a layer.
#[derive(Clone, Debug)]
enum Certainty {
    /// The entropy unit decides from these logits.
    Unit(Vec<i16>),
    /// The entropy in nats decides.
    Entropy(f64),
}

/// The measures at one threshold: a point of the curve.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// The threshold in nats.
    pub threshold_nats: f64,
    /// The accelerator's integers.
    #[serde(flatten)]
    pub integers: Measures,
    /// The same in f32, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub float: Option<Measures>,
    /// Share of sentences that f32 answers alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
}

/// Measures over all sentences.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// Layers passed, mean over sentences.
    pub mean_layers: f64,
    /// GLUE's measures.
    #[serde(flatten)]
    pub scores: Scores,
    /// The class that was answered for each sentence.
    #[serde(skip)]
    answers: Vec<Option<usize>>,
}

/// GLUE's measures of a task.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Scores {
    /// Of a task with classes.
    Classes(Classification),
    /// Of a task whose logit is the answer.
    Numbers(Regression),
}

impl Evaluation {
    /// Runs labelled sentences through the first task of an encoder, and through f32 as well where `compare`
    /// says so. `path` is the file that the examples are from. `done` is called once for each sentence, from
    /// several threads.
    ///
    /// # Errors
    /// AE0718 with every example that does not fit the model, and AE0708 to AE0714.
    pub fn run(
        encoder: &TextEncoder,
        config: AcceleratorConfig,
        (path, examples): (&Path, &[Example]),
        compare: bool,
        done: &(dyn Fn() + Sync),
    ) -> Result<Self, ModelError> {
        let pairs = examples.iter().any(|example| example.second.is_some());
        let (tokens, cut) = tokens(path, examples, encoder)?;
        let longest = tokens.iter().map(|tokens| tokens.ids.len()).max().unwrap_or_default();
        let compiled = encoder.compile(config, longest, if pairs { Ranges::Pairs } else { Ranges::Single })?;
        let integers = compiled.encoder();
        let arithmetic = Arithmetic::for_accelerator(compiled.config())?;
        let pass = |(example, tokens): (&Example, &Tokens)| {
            let encoder::Pass { off_ramps, logits, saturated } =
                integers.off_ramps(&arithmetic, &integers.tasks[0], tokens)?;
            let float = compare.then(|| encoder.model.forward(0, tokens)).transpose()?;
            done();
            let integers = Logits::integers(off_ramps, &logits);
            Ok(Pass { truth: example.truth, integers, float: float.map(Logits::float), saturated })
        };
        let passes = examples.par_iter().zip(&tokens).map(pass).collect::<Result<_, ModelError>>()?;
        let task = &encoder.model.tasks[0];
        let ramps = task.heads.iter().flat_map(Heads::layers).collect();
        Ok(Self { passes, classes: task.labels.len(), depth: encoder.model.depth(), ramps, cut })
    }

    /// Sentences.
    #[must_use]
    pub fn sentences(&self) -> usize {
        self.passes.len()
    }

    /// Those that were read in part alone.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// Numbers of 16 bits that saturated, over all sentences and layers.
    #[must_use]
    pub fn saturated(&self) -> u64 {
        self.passes.iter().map(|pass| pass.saturated).sum()
    }

    /// The measures at a threshold in nats.
    ///
    /// # Errors
    /// AE0711 when the entropy unit does not hold the threshold.
    pub fn at(&self, nats: f64) -> Result<Point, ModelError> {
        let measures = |all: &mut dyn Iterator<Item = (Truth, &Logits)>| self.measures(all, nats);
        let integers = measures(&mut self.passes.iter().map(|pass| (pass.truth, &pass.integers)))?;
        let float: Option<Vec<_>> = self.passes.iter().map(|pass| Some((pass.truth, pass.float.as_ref()?))).collect();
        let float = float.map(|all| measures(&mut all.into_iter())).transpose()?;
        let agreement = float.as_ref().filter(|float| !float.answers.is_empty()).map(|float| {
            let same = integers.answers.iter().zip(&float.answers).filter(|(ours, theirs)| ours == theirs).count();
            same as f64 / float.answers.len() as f64
        });
        Ok(Point { threshold_nats: nats, integers, float, agreement })
    }

    /// How many sentences each off-ramp answers at a threshold in nats, and the classifier.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn exits(&self, nats: f64) -> Result<Vec<Exits>, ModelError> {
        let mut sentences = vec![0; self.depth + 1];
        for pass in &self.passes {
            let (_, exit) = pass.integers.at(nats)?;
            sentences[exit.unwrap_or(self.depth)] += 1;
        }
        let heads = self.ramps.iter().map(|&layer| (Head::OffRamp, layer)).chain([(Head::Classifier, self.depth)]);
        Ok(heads.map(|(head, layer)| Exits { head, layer, sentences: sentences[layer] }).collect())
    }

    /// The measures at these thresholds in nats, or at usual ones.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn curve(&self, thresholds: Option<&[f64]>) -> Result<Vec<Point>, ModelError> {
        // Above the entropy of equal classes every sentence ends after the first layer.
        let most = (self.classes as f64).ln();
        let usual = || {
            let below = CURVE.into_iter().take_while(|&nats| nats < most);
            [0.0].into_iter().chain(below).chain([most]).collect()
        };
        let thresholds = thresholds.map_or_else(usual, <[f64]>::to_vec);
        thresholds.into_iter().map(|nats| self.at(nats)).collect()
    }

    /// How many examples each class has, by its label.
    #[must_use]
    pub fn label_counts(&self, task: &Task) -> Vec<(String, usize)> {
        let count = |class: usize| self.passes.iter().filter(|pass| pass.truth == Truth::Class(class)).count();
        task.labels.iter().enumerate().map(|(class, label)| (label.clone(), count(class))).collect()
    }

    fn measures(&self, all: &mut dyn Iterator<Item = (Truth, &Logits)>, nats: f64) -> Result<Measures, ModelError> {
        let (mut pairs, mut numbers, mut layers, mut answers) = (Vec::new(), Vec::new(), 0, Vec::new());
        for (truth, logits) in all {
            let (logits, exit) = logits.at(nats)?;
            layers += exit.unwrap_or(self.depth);
            match truth {
                Truth::Class(class) => {
                    let answer = largest(logits);
                    pairs.push((answer.unwrap_or_default(), class));
                    answers.push(answer);
                }
                Truth::Number(number) => {
                    numbers.push((logits.first().copied().unwrap_or_default().into(), number));
                }
            }
        }
        let count = pairs.len() + numbers.len();
        let scores = match numbers.is_empty() {
            true => Scores::Classes(Classification::measure(&pairs, self.classes)),
            false => Scores::Numbers(Regression::measure(&numbers)),
        };
        Ok(Measures { mean_layers: layers as f64 / count.max(1) as f64, scores, answers })
    }
}

/// The tokens of all examples and what was cut of them, or every example that does not fit.
fn tokens(path: &Path, examples: &[Example], encoder: &TextEncoder) -> Result<(Vec<Tokens>, Cut), ModelError> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    let mut cut = Cut { texts: 0, most: encoder.tokenizer.most().unwrap_or_default() };
    for (number, Example { first, second, .. }) in (1..).zip(examples) {
        match encoder.tokenizer.read(first, second.as_deref(), &encoder.model.backbone) {
            Ok((tokens, was_cut)) => {
                all.push(tokens);
                cut.texts += usize::from(was_cut);
            }
            Err(error) => problems.push(format!("example {number}: {error}")),
        }
    }
    if problems.is_empty() { Ok((all, cut)) } else { Err(ModelError::Data { path: path.into(), problems }) }
}

impl Logits {
    fn integers(ramps: Vec<(usize, Vec<i16>)>, last: &[i16]) -> Self {
        let values = |codes: &[i16]| reals(codes, codes.len()).data;
        let ramp = |(layer, codes): (usize, Vec<i16>)| Ramp {
            layer,
            logits: values(&codes),
            certainty: Certainty::Unit(codes),
        };
        Self { ramps: ramps.into_iter().map(ramp).collect(), last: values(last) }
    }

    fn float(answer: adapted::Answer) -> Self {
        let ramp = |(layer, logits): (usize, Vec<f32>)| Ramp {
            layer,
            certainty: Certainty::Entropy(adapted::entropy(&logits)),
            logits,
        };
        Self { ramps: answer.off_ramps.into_iter().map(ramp).collect(), last: answer.logits }
    }

    /// The logits at a threshold, and the layer whose off-ramp gave them.
    fn at(&self, nats: f64) -> Result<(&[f32], Option<usize>), ModelError> {
        let threshold = threshold(nats)?;
        for ramp in &self.ramps {
            let ends = match &ramp.certainty {
                Certainty::Unit(codes) => decide(codes, threshold)?.exit,
                Certainty::Entropy(entropy) => *entropy < nats,
            };
            if ends {
                return Ok((&ramp.logits, Some(ramp.layer)));
            }
        }
        Ok((&self.last, None))
    }
}
