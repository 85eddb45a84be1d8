//! From a checkpoint to the images of an accelerator, with what each step costs.
//!
//! ```text
//! f32 ─▶ pruned ─▶ codes ─▶ records of masks and codes, setup, tasks
//! ```

mod images;
mod recipe;
mod steps;
mod tensors;

pub use images::images;
pub use recipe::Recipe;
pub use steps::{Step, StepCosines, Steps, steps};
pub use tensors::{Footprint, Part, Share, Tensor, of_model};

use crate::{
    ModelError,
    adapted::Adapted,
    compile::{Compiled, Quantised, quantise_encoder_by},
};
use alberti_golden::{accelerator::AcceleratorConfig, encoder::Sequence};

/// A model on its way to an accelerator.
#[derive(Clone, Debug)]
pub struct Packed {
    /// In f32, pruned.
    pub pruned: Adapted,
    /// In integers.
    pub quantised: Quantised,
    /// Laid out for the accelerator.
    pub compiled: Compiled,
    /// Every tensor of weights.
    pub tensors: Vec<Tensor>,
    /// What each part of the model takes.
    pub footprint: Footprint,
}

impl Packed {
    /// Prunes the backbone, takes ranges from sequences of tokens, quantises, and lays out for sentences of
    /// up to so many tokens.
    ///
    /// # Errors
    /// AE0705 to AE0711, AE0713 and AE0714.
    pub fn new<T>(
        model: &Adapted,
        recipe: &Recipe,
        sequences: &[T],
        config: &AcceleratorConfig,
        tokens: usize,
    ) -> Result<Self, ModelError>
    where
        for<'a> &'a T: Into<Sequence<'a>>,
    {
        let pruned = model.pruned(recipe.encoder, recipe.embeddings)?;
        let calibration = pruned.calibrate(sequences)?;
        let quantised = quantise_encoder_by(&pruned, &calibration, config, &recipe.rules)?;
        let compiled = Compiled::new(quantised.encoder.clone(), config.clone(), tokens)?;
        let (tensors, footprint) = of_model(model, &pruned, &quantised);
        Ok(Self { pruned, quantised, compiled, tensors, footprint })
    }
}
