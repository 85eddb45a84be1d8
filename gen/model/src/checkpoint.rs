//! A trained BERT-style encoder, read from `model.safetensors` and `config.json`.

mod config;
mod tensors;

pub use config::{Config, HiddenActivation};

use crate::{
    Matrix, ModelError,
    prune::{Pruning, prune},
};
use std::path::Path;
use tensors::Tensors;

/// A linear layer `y = x·Wᵀ + b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Outputs × inputs.
    pub weight: Matrix,
    /// One per output.
    pub bias: Vec<f32>,
}

/// Gain and offset of a layer norm.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    /// γ.
    pub gain: Vec<f32>,
    /// β.
    pub offset: Vec<f32>,
}

/// Where in an encoder layer a linear layer sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// Query projection.
    Query,
    /// Key projection.
    Key,
    /// Value projection.
    Value,
    /// Projection of the heads' context.
    AttentionOutput,
    /// First half of the feed-forward net.
    Intermediate,
    /// Second half of the feed-forward net.
    Output,
}

impl Site {
    /// Every site, in the order of computation.
    pub const ALL: [Self; 6] =
        [Self::Query, Self::Key, Self::Value, Self::AttentionOutput, Self::Intermediate, Self::Output];

    /// The site's part of a layer's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "attention.query",
            Self::Key => "attention.key",
            Self::Value => "attention.value",
            Self::AttentionOutput => "attention.output",
            Self::Intermediate => "intermediate",
            Self::Output => "output",
        }
    }

    /// The name in the checkpoint's file.
    const fn stored(self) -> &'static str {
        match self {
            Self::Query => "attention.self.query",
            Self::Key => "attention.self.key",
            Self::Value => "attention.self.value",
            Self::AttentionOutput => "attention.output.dense",
            Self::Intermediate => "intermediate.dense",
            Self::Output => "output.dense",
        }
    }

    /// Outputs and inputs of the site's layer.
    fn shape(self, config: &Config) -> (usize, usize) {
        match self {
            Self::Intermediate => (config.intermediate_size, config.hidden_size),
            Self::Output => (config.hidden_size, config.intermediate_size),
            _ => (config.hidden_size, config.hidden_size),
        }
    }
}

/// The name of a linear layer: `layer.0.attention.query`, …, `layer.5.output`.
#[must_use]
pub fn linear_name(layer: usize, site: Site) -> String {
    format!("layer.{layer}.{}", site.name())
}

/// One encoder layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// In the order of [`Site::ALL`].
    linears: [Linear; 6],
    /// After the attention's residual add.
    pub attention_norm: Norm,
    /// After the feed-forward net's residual add.
    pub output_norm: Norm,
}

impl Layer {
    pub(crate) fn new(linears: [Linear; 6], attention_norm: Norm, output_norm: Norm) -> Self {
        Self { linears, attention_norm, output_norm }
    }

    /// The linear layer at a site.
    #[must_use]
    pub fn linear(&self, site: Site) -> &Linear {
        &self.linears[site as usize]
    }
}

/// What turns token ids into the encoder's input.
#[derive(Clone, Debug)]
pub struct Embeddings {
    /// Vocabulary × hidden.
    pub word: Matrix,
    /// Positions × hidden.
    pub position: Matrix,
    /// Segment types × hidden.
    pub token_type: Matrix,
    /// Over their sum.
    pub norm: Norm,
}

/// A trained encoder in f32.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its shape.
    pub config: Config,
    /// Its input.
    pub embeddings: Embeddings,
    /// Its layers, first to last.
    pub layers: Vec<Layer>,
}

impl Checkpoint {
    /// Reads a model's folder. Tensor names are those of Hugging Face's BERT, with any prefix before `embeddings.`; f16
    /// and bf16 are widened.
    ///
    /// # Errors
    /// AE0701 to AE0704; the last names every tensor that is missing, misshapen, of another type or not finite.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let config = Config::load(&folder.join("config.json"))?;
        let path = folder.join("model.safetensors");
        let bytes = std::fs::read(&path).map_err(|source| ModelError::Unreadable { path: path.clone(), source })?;
        let mut tensors = Tensors::parse(&path, &bytes)?;
        let checkpoint = Self::build(config, &mut tensors);
        tensors.finish()?;
        Ok(checkpoint)
    }

    /// Takes every tensor; where one is unusable, zeros stand in for it until `tensors` reports them all.
    fn build(config: Config, tensors: &mut Tensors) -> Self {
        let hidden = config.hidden_size;
        let embeddings = Embeddings {
            word: tensors.matrix("embeddings.word_embeddings.weight", config.vocab_size, hidden),
            position: tensors.matrix("embeddings.position_embeddings.weight", config.max_position_embeddings, hidden),
            token_type: tensors.matrix("embeddings.token_type_embeddings.weight", config.type_vocab_size, hidden),
            norm: tensors.norm("embeddings.LayerNorm", hidden),
        };
        let layers = (0..config.num_hidden_layers)
            .map(|layer| {
                let at = |name: &str| format!("encoder.layer.{layer}.{name}");
                let linears = Site::ALL.map(|site| {
                    let (outputs, inputs) = site.shape(&config);
                    tensors.linear(&at(site.stored()), outputs, inputs)
                });
                let attention_norm = tensors.norm(&at("attention.output.LayerNorm"), hidden);
                let output_norm = tensors.norm(&at("output.LayerNorm"), hidden);
                Layer { linears, attention_norm, output_norm }
            })
            .collect();
        Self { config, embeddings, layers }
    }

    /// The checkpoint with the smallest weights of each matrix zero: of the layers', and of the tables of words and positions.
    ///
    /// # Errors
    /// AE0707 when a share is not within 0..=1.
    pub fn pruned(&self, layers: Pruning, embeddings: Pruning) -> Result<Self, ModelError> {
        let mut pruned = self.clone();
        for linear in pruned.layers.iter_mut().flat_map(|layer| &mut layer.linears) {
            prune(&mut linear.weight, layers)?;
        }
        for table in [&mut pruned.embeddings.word, &mut pruned.embeddings.position] {
            prune(table, embeddings)?;
        }
        Ok(pruned)
    }

    /// The names of all linear layers, in the order of computation.
    #[must_use]
    pub fn linear_names(&self) -> Vec<String> {
        (0..self.layers.len()).flat_map(|layer| Site::ALL.map(|site| linear_name(layer, site))).collect()
    }

    /// A linear layer and its site, by name.
    ///
    /// # Errors
    /// AE0706 when there is none of that name.
    pub fn linear(&self, name: &str) -> Result<(Site, &Linear), ModelError> {
        let mut layers = self.layers.iter().enumerate();
        layers
            .find_map(|(i, layer)| {
                let site = Site::ALL.into_iter().find(|&site| linear_name(i, site) == name)?;
                Some((site, layer.linear(site)))
            })
            .ok_or_else(|| ModelError::UnknownLayer {
                name: name.into(),
                available: format!(
                    "layer.0 to layer.{}, each with {}",
                    self.layers.len() - 1,
                    Site::ALL.map(Site::name).join(", ")
                ),
            })
    }
}
