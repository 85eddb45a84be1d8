//! A layer of a trained model on a sentence, ready for the accelerator, with what f32 says about it.

use crate::{
    Checkpoint, Codes, Linear, Matrix, Metrics, ModelError, ProcessingUnitTarget, Site, Source, Workload,
    calibration::{Calibration, LayerRange},
    prune::{Pruning, prune},
    quantise::{InputRule, QuantisedLinear, input_scaling, quantise},
    reference::{self, Forward},
    sentence::{Tokenizer, Tokens},
};
use alberti_arith::Activation;

/// What the ranges are taken from: none of them is the demo's own sentence.
const CALIBRATION: [&str; 12] = [
    "The committee will publish its findings on the twelfth of March, together with all of the measurements.",
    "How do I reset the password of my account when I no longer have access to the old email address?",
    "A small accelerator spends most of its energy on moving weights, not on multiplying them.",
    "She walked along the river until the lights of the town were only a faint glow behind her.",
    "Prices rose by 3.7% in 2021, after a fall of 1.2% in the year before; analysts had expected 2.9%.",
    "def add(a, b): return a + b  # the simplest of functions, and yet it can overflow",
    "I would not recommend this hotel to anybody: the room was dirty, loud and far too expensive.",
    "Paris is the capital of France, Berlin that of Germany, and Canberra, not Sydney, that of Australia.",
    "The enzyme catalyses the hydrolysis of the peptide bond at a rate of about 400 per second.",
    "Wow!!! What a game, what a goal, what a night... (still cannot believe it)",
    "Yes.",
    "In the beginning there was nothing but a long, dark, silent sea, and above it the wind.",
];

/// What a model reads unless it is given something else.
pub const SENTENCE: &str = "A small accelerator keeps the weights of its encoder where they are, streams a few dozen vectors of \
                            activations past them, and rounds every sum once.";

/// All built-in sentences: the dozen that ranges are taken from; [`SENTENCE`], which is none of them; and the
/// first five once more as one passage, for the longer rows that it makes.
#[must_use]
pub fn sentences() -> Vec<String> {
    let passage = CALIBRATION[..5].join(" ");
    CALIBRATION.into_iter().chain([SENTENCE]).map(str::to_owned).chain([passage]).collect()
}

/// What ranges are taken from: a dozen sentences, and where they are wanted also pairs of each with the next.
/// They are cut off where a model has fewer positions.
///
/// # Errors
/// AE0705 when the tokenizer is of another model.
pub fn calibration(tokenizer: &Tokenizer, checkpoint: &Checkpoint, pairs: bool) -> Result<Vec<Tokens>, ModelError> {
    let second = CALIBRATION.into_iter().cycle().skip(1);
    let singles = CALIBRATION.into_iter().map(|sentence| (sentence, None));
    let pairs = CALIBRATION.into_iter().zip(second.map(Some)).filter(|_| pairs);
    let cut = tokenizer.cut(tokenizer.longest(checkpoint))?;
    singles.chain(pairs).map(|(sentence, second)| cut.tokens(sentence, second, checkpoint)).collect()
}

/// A checkpoint with its tokenizer and calibrated ranges.
#[derive(Clone, Debug)]
pub struct Model {
    /// The weights.
    pub checkpoint: Checkpoint,
    /// From text to ids.
    pub tokenizer: Tokenizer,
    /// The ranges of its tensors.
    pub calibration: Calibration,
}

impl Model {
    /// Loads a model's folder and calibrates it on a dozen built-in sentences.
    ///
    /// # Errors
    /// AE0701 to AE0705.
    pub fn load<'a>(source: impl Into<Source<'a>>) -> Result<Self, ModelError> {
        let source = source.into();
        let checkpoint = Checkpoint::load(source)?;
        let tokenizer = Tokenizer::load_for(source, &checkpoint)?;
        let sequences = calibration(&tokenizer, &checkpoint, false)?;
        let calibration = Calibration::run(&checkpoint, &sequences)?;
        Ok(Self { checkpoint, tokenizer, calibration })
    }

    /// The f32 forward pass of a sentence.
    ///
    /// # Errors
    /// AE0705 when the sentence does not fit the model.
    pub fn forward(&self, sentence: &str) -> Result<Forward, ModelError> {
        self.read(&self.tokenizer.tokens(sentence, None, &self.checkpoint)?)
    }

    /// The f32 forward pass of tokens.
    ///
    /// # Errors
    /// AE0705 when they do not fit the model.
    pub fn read(&self, tokens: &Tokens) -> Result<Forward, ModelError> {
        reference::forward(&self.checkpoint, tokens)
    }

    /// What a target puts after a layer for what the model has there, if it can. One form of a function
    /// stands in for the other.
    fn function(&self, site: Site, target: &ProcessingUnitTarget) -> Option<Activation> {
        match site {
            Site::Intermediate => target.activation.serving(self.checkpoint.config.hidden_act),
            _ => None,
        }
    }

    /// A layer of that forward pass as a GEMM for a target: pruned, then quantised, with the activation after
    /// it where the target has one.
    ///
    /// # Errors
    /// AE0706 when there is no such layer, AE0707 to AE0711 from pruning and quantising.
    pub fn gemm(
        &self,
        forward: &Forward,
        layer: &str,
        pruning: Pruning,
        target: &ProcessingUnitTarget,
    ) -> Result<Gemm, ModelError> {
        let (site, dense) = self.checkpoint.linear(layer)?;
        let (Some(trace), Some(range)) = (forward.trace(layer), self.calibration.range(layer)) else {
            return Err(ModelError::Shape(format!("{layer}: the forward pass is of another model")));
        };
        let mut pruned: Linear = dense.clone();
        prune(&mut pruned.weight, pruning)?;
        let mut linear = quantise(layer, &pruned, range, InputRule::for_site(site), target)?;
        let activations = linear.activations(&trace.input)?;
        let mut dense = trace.output.clone();
        let mut expected = match pruning {
            Pruning::Dense => dense.clone(),
            _ => reference::linear(&pruned, &trace.input),
        };
        if let (Some(function), Some(next)) = (self.function(site, target), self.behind(layer)) {
            // What comes out is what the layer after it takes in.
            let (_, scale) = input_scaling(target.result, &next.channel_max, InputRule::for_site(Site::Output));
            linear = linear.activated(function, scale)?;
            for matrix in [&mut dense, &mut expected] {
                reference::activate(self.checkpoint.config.hidden_act, matrix);
            }
        }
        Ok(Gemm { linear, pruning, activations, expected, dense })
    }

    /// The range of the layer that takes what the feed-forward net's first half gives.
    fn behind(&self, layer: &str) -> Option<&LayerRange> {
        let name = layer.strip_suffix(Site::Intermediate.name())?;
        self.calibration.range(&format!("{name}{}", Site::Output.name()))
    }
}

/// A quantised GEMM and what f32 makes of it.
#[derive(Clone, Debug)]
pub struct Gemm {
    /// Weights, biases, scales.
    pub linear: QuantisedLinear,
    /// What became of the weights.
    pub pruning: Pruning,
    /// tokens × inputs.
    pub activations: Codes,
    /// tokens × outputs in f32, with the same pruned weights, after the activation where the target has it.
    pub expected: Matrix,
    /// tokens × outputs in f32, with all weights.
    pub dense: Matrix,
}

/// The distance of integer results from f32.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Errors {
    /// From f32 with the same pruned weights: what the integers cost.
    pub quantisation: Metrics,
    /// From f32 with all weights: what pruning and the integers cost.
    pub total: Metrics,
}

impl Gemm {
    /// The streams for a target, at the block-sparse rate where the pruning allows it.
    ///
    /// # Errors
    /// AE0707, AE0711 and AE0712, as [`Workload::new`].
    pub fn workload(&self, zero_skip: bool, target: &ProcessingUnitTarget) -> Result<Workload, ModelError> {
        let blocks = match self.pruning {
            Pruning::Block(blocks) => Some(blocks),
            _ => None,
        };
        Workload::new(&self.linear, &self.activations, blocks, zero_skip, target)
    }

    /// The integer results, tokens × outputs.
    ///
    /// # Errors
    /// AE0711 when the parts were exchanged for others that do not fit.
    pub fn results(&self) -> Result<Codes, ModelError> {
        self.linear.results(&self.activations)
    }

    /// Compares integer results, these or a simulation's, with f32.
    ///
    /// # Errors
    /// AE0711 when they are not tokens × outputs.
    pub fn errors(&self, results: &Codes) -> Result<Errors, ModelError> {
        if (results.rows, results.cols) != (self.expected.rows, self.expected.cols) {
            return Err(ModelError::Shape(format!(
                "{}: results of {} × {}, expected {} × {}",
                self.linear.name, results.rows, results.cols, self.expected.rows, self.expected.cols
            )));
        }
        let values = self.linear.values(results);
        Ok(Errors {
            quantisation: Metrics::between(&values, &self.expected),
            total: Metrics::between(&values, &self.dense),
        })
    }
}
