//! An encoder with its tasks and its tokenizer: from text to an accelerator's programs.

use crate::{
    ModelError, Source,
    adapted::{Adapted, folder},
    compile::{Compiled, quantise_encoder},
    demo,
    prune::Pruning,
    sentence::{Tokenizer, Tokens},
};
use alberti_golden::accelerator::AcceleratorConfig;
use std::path::PathBuf;

/// An encoder that reads text. Without tasks it is the encoder alone.
#[derive(Clone, Debug)]
pub struct TextEncoder {
    /// Its weights, pruned where that was asked for.
    pub model: Adapted,
    /// The same with all weights, where some were pruned.
    pub unpruned: Option<Adapted>,
    /// From text to tokens.
    pub tokenizer: Tokenizer,
}

/// The texts that the ranges of activations are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// Sentences.
    Single,
    /// Sentences, and pairs of them.
    Pairs,
}

impl TextEncoder {
    /// Loads a model's folder with tasks.
    ///
    /// # Errors
    /// AE0701 to AE0705, and AE0717.
    pub fn load<'a>(source: impl Into<Source<'a>>, tasks: &[PathBuf]) -> Result<Self, ModelError> {
        let source = source.into();
        let model = folder::load(source, tasks)?;
        let tokenizer = Tokenizer::load_for(source, &model.backbone)?;
        Ok(Self { model, unpruned: None, tokenizer })
    }

    /// Loads a model's folder with tasks. Prunes the weights of the layers, and the tables of words and
    /// positions.
    ///
    /// # Errors
    /// AE0701 to AE0707, and AE0717.
    pub fn load_pruned<'a>(
        source: impl Into<Source<'a>>,
        tasks: &[PathBuf],
        weights: Pruning,
        embeddings: Pruning,
    ) -> Result<Self, ModelError> {
        let mut encoder = Self::load(source, tasks)?;
        if (weights, embeddings) != (Pruning::Dense, Pruning::Dense) {
            let pruned = encoder.model.pruned(weights, embeddings)?;
            encoder.unpruned = Some(std::mem::replace(&mut encoder.model, pruned));
        }
        Ok(encoder)
    }

    /// The tokens of a text, or of a pair.
    ///
    /// # Errors
    /// AE0705 when they do not fit the model.
    pub fn tokens(&self, text: &str, second: Option<&str>) -> Result<Tokens, ModelError> {
        self.tokenizer.tokens(text, second, &self.model.backbone)
    }

    /// The built-in sentences that ranges are taken from.
    ///
    /// # Errors
    /// AE0705 when the tokenizer is another model's.
    pub fn calibration(&self, ranges: Ranges) -> Result<Vec<Tokens>, ModelError> {
        demo::calibration(&self.tokenizer, &self.model.backbone, ranges == Ranges::Pairs)
    }

    /// Quantises the encoder by these ranges and lays it out for an accelerator. `longest` is a number of
    /// tokens.
    ///
    /// # Errors
    /// AE0708 to AE0710, AE0713 and AE0714.
    pub fn compile(&self, config: AcceleratorConfig, longest: usize, ranges: Ranges) -> Result<Compiled, ModelError> {
        let calibration = self.model.calibrate(&self.calibration(ranges)?)?;
        Compiled::new(quantise_encoder(&self.model, &calibration, &config)?, config, longest)
    }
}
