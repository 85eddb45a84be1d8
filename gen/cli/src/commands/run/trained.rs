//! A trained encoder from the command line: its folder, and what becomes of its weights.

use crate::{commands::sim::model::pruning, exit::Result};
use alberti_golden::accelerator::Config;
use alberti_model::{
    Checkpoint,
    adapted::Adapted,
    compile::{Compiled, quantise_encoder},
    demo::Model,
    prune::Pruning,
};
use std::path::Path;

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
    /// With its weights pruned, and its ranges taken with them.
    pub model: Model,
    /// All weights, where some were pruned.
    pub unpruned: Option<Checkpoint>,
    /// What became of the layers' weights.
    pub weights: Pruning,
    /// What became of the embeddings.
    pub embeddings: Pruning,
}

impl Prunings {
    /// Loads a model's folder and prunes.
    ///
    /// # Errors
    /// AE0701 to AE0707.
    pub fn load(&self, folder: &Path) -> Result<Pruned> {
        let model = Model::load(folder)?;
        let (weights, embeddings) = (self.prune, self.prune_embeddings);
        if (weights, embeddings) == (Pruning::Dense, Pruning::Dense) {
            return Ok(Pruned { model, unpruned: None, weights, embeddings });
        }
        let unpruned = Some(model.checkpoint.clone());
        Ok(Pruned { model: model.pruned(weights, embeddings)?, unpruned, weights, embeddings })
    }
}

impl Pruned {
    /// Token ids of a text.
    ///
    /// # Errors
    /// AE0705 when it does not fit the model.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.model.tokenizer.encode(text, &self.model.checkpoint)?)
    }

    /// Quantises it and lays it out for a machine.
    ///
    /// # Errors
    /// AE0708 to AE0710, AE0713 and AE0714.
    pub fn compile(&self, config: Config, longest: usize) -> Result<Compiled> {
        let model = Adapted::from(self.model.checkpoint.clone());
        let encoder = quantise_encoder(&model, &self.model.calibration, &config)?;
        Ok(Compiled::new(encoder, config, longest)?)
    }
}
