//! A trained encoder from the command line: its folder, and what becomes of its weights.

use crate::{commands::sim::model::pruning, exit::Result};
use alberti_golden::accelerator::Config;
use alberti_model::{
    adapted::{Adapted, folder},
    compile::{Compiled, quantise_encoder},
    demo,
    prune::Pruning,
    sentence::{Tokenizer, Tokens},
};
use std::path::{Path, PathBuf};

/// What becomes of a model's weights.
#[derive(clap::Args)]
pub struct Prunings {
    /// The layers' weights pruned by magnitude, each matrix by itself: a share such as 0.5, blocks such as 8:16, or none
    #[arg(long, value_name = "HOW", requires = "model", default_value = "none", value_parser = pruning)]
    prune: Pruning,
    /// The same of the tables of words and positions
    #[arg(long, value_name = "HOW", requires = "model", default_value = "none", value_parser = pruning)]
    prune_embeddings: Pruning,
}

/// A model ready to be compiled.
pub struct Pruned {
    /// With its weights pruned, and its tasks.
    pub model: Adapted,
    /// The same with all weights, where some were pruned.
    pub unpruned: Option<Adapted>,
    /// From text to tokens.
    pub tokenizer: Tokenizer,
    /// What became of the layers' weights.
    pub weights: Pruning,
    /// What became of the embeddings.
    pub embeddings: Pruning,
}

/// What ranges are taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ranges {
    /// Of sentences.
    Single,
    /// Of pairs of them as well.
    Pairs,
}

impl Prunings {
    /// Loads a model's folder with tasks and prunes; without tasks it is the encoder alone.
    ///
    /// # Errors
    /// AE0701 to AE0707, and AE0717.
    pub fn load(&self, folder: &Path, tasks: &[PathBuf]) -> Result<Pruned> {
        let mut model = folder::load(folder, tasks)?;
        let tokenizer = Tokenizer::load_for(folder, &model.backbone)?;
        let (weights, embeddings) = (self.prune, self.prune_embeddings);
        let mut unpruned = None;
        if (weights, embeddings) != (Pruning::Dense, Pruning::Dense) {
            let backbone = model.backbone.pruned(weights, embeddings)?;
            unpruned = Some(std::mem::replace(&mut model, Adapted { backbone, tasks: Vec::new() }));
            // An encoder alone has its layer norms as its task.
            model.tasks = unpruned.iter().flat_map(|model| model.tasks.clone()).collect();
        }
        Ok(Pruned { model, unpruned, tokenizer, weights, embeddings })
    }
}

impl Pruned {
    /// Tokens of a text, or of a pair.
    ///
    /// # Errors
    /// AE0705 when they do not fit the model.
    pub fn tokens(&self, text: &str, second: Option<&str>) -> Result<Tokens> {
        Ok(self.tokenizer.tokens(text, second, &self.model.backbone)?)
    }

    /// Quantises it by the ranges of built-in sentences and lays it out for a machine.
    ///
    /// # Errors
    /// AE0708 to AE0710, AE0713 and AE0714.
    pub fn compile(&self, config: Config, longest: usize, ranges: Ranges) -> Result<Compiled> {
        let sequences = demo::calibration(&self.tokenizer, &self.model.backbone, ranges == Ranges::Pairs)?;
        let encoder = quantise_encoder(&self.model, &self.model.calibrate(&sequences)?, &config)?;
        Ok(Compiled::new(encoder, config, longest)?)
    }
}
