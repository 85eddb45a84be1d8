//! A trained encoder of the BERT family, read from `model.safetensors` and `config.json`.

mod config;
mod heads;
pub(crate) mod names;
mod site;
mod tensors;

pub(crate) use config::MAX_LAYERS;
pub(crate) use config::activation;
pub use config::{ModelConfig, ModelType};
pub use heads::{OwnClassifier, OwnHeads};
pub use site::{Site, linear_name};
pub(crate) use tensors::Tensors;

use crate::{
    Matrix, ModelError,
    prune::{Pruning, prune},
};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use std::{collections::BTreeSet, path::Path};

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

/// One encoder layer.
#[derive(Clone, Debug, PartialEq)]
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

    /// The linear layer at a site, to be changed.
    pub(crate) fn linear_mut(&mut self, site: Site) -> &mut Linear {
        &mut self.linears[site as usize]
    }

    /// The linear layer at a site.
    #[must_use]
    pub fn linear(&self, site: Site) -> &Linear {
        &self.linears[site as usize]
    }
}

/// What turns token ids into the encoder's input.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// Vocabulary × embedding.
    pub word: Matrix,
    /// Positions × embedding.
    pub position: Matrix,
    /// Segment types × embedding.
    pub token_type: Matrix,
    /// Over their sum.
    pub norm: Norm,
}

/// A trained encoder in f32.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Its shape.
    pub config: ModelConfig,
    /// Its input.
    pub embeddings: Embeddings,
    /// From the embedding's width to the layers'.
    pub projection: Option<Linear>,
    /// Its distinct layers: layer i of [`ModelConfig::num_hidden_layers`] is number i modulo these.
    pub layers: Vec<Layer>,
    /// What it answers with by itself.
    pub own: OwnHeads,
    /// Other modules of its file that are no part of the encoder.
    pub beside: BTreeSet<String>,
}

impl Checkpoint {
    /// Reads a model's folder. Tensor names are those of Hugging Face's BERT or ALBERT, with any prefix
    /// before `embeddings.`; f16 and bf16 are widened. Modules beside the encoder that nothing runs are left
    /// alone and named.
    ///
    /// # Errors
    /// AE0701 to AE0704; the last names every tensor of the encoder that is missing, not known, misshapen, of
    /// another type or not finite.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let settings = folder.join("config.json");
        let config = ModelConfig::load(&settings)?;
        let path = folder.join("model.safetensors");
        let bytes = std::fs::read(&path).map_err(|source| ModelError::Unreadable { path: path.clone(), source })?;
        let mut tensors = Tensors::parse(&path, &bytes)?;
        tensors.strip_prefix_of(names::WORDS);
        let (model, groups) = (config.model_type, config.groups());
        let mut checkpoint = Self::build(config, &mut tensors);
        let settings = std::fs::read_to_string(&settings).unwrap_or_default();
        checkpoint.own = OwnHeads::take(&mut tensors, &checkpoint.config, &settings);
        checkpoint.beside = tensors.finish_encoder(model, groups)?;
        Ok(checkpoint)
    }

    /// A warning that names the modules of its file that nothing runs. What training an encoder leaves, such
    /// as a pooler, is not told.
    #[must_use]
    pub fn warnings(&self) -> Diagnostics {
        let of_training = |module: &&String| !module.split('.').any(|part| names::OF_TRAINING.contains(&part));
        let modules: Vec<_> = self.beside.iter().filter(of_training).map(|module| format!("`{module}`")).collect();
        if modules.is_empty() {
            return Diagnostics::new();
        }
        let message = format!("the checkpoint's {} is not used", modules.join(", "));
        let help = "a classifier of one class of several runs, with the checkpoint's pooler or as part of a task: docs/tasks.md";
        Diagnostic::new(Code::CheckpointPartUnused, message, help).into()
    }

    /// Takes every tensor; where one is unusable, zeros stand in for it until `tensors` reports them all.
    fn build(config: ModelConfig, tensors: &mut Tensors) -> Self {
        let (hidden, width, model) = (config.hidden_size, config.embedding_size(), config.model_type);
        let embeddings = Embeddings {
            word: tensors.matrix(names::WORDS, config.vocab_size, width),
            position: tensors.matrix(names::POSITIONS, config.max_position_embeddings, width),
            token_type: tensors.matrix(names::TYPES, config.type_vocab_size, width),
            norm: tensors.norm(names::EMBEDDING_NORM, width),
        };
        let projection = (model != ModelType::Bert).then(|| tensors.linear(names::PROJECTION, hidden, width));
        let mut group = |group: usize| {
            let linears = Site::ALL.map(|site| {
                let (outputs, inputs) = site.shape(&config);
                tensors.linear(&model.site(group, site), outputs, inputs)
            });
            let [attention_norm, output_norm] = [0, 1].map(|half| tensors.norm(&model.norm(group, half), hidden));
            Layer { linears, attention_norm, output_norm }
        };
        let groups: Vec<Layer> = (0..config.groups()).map(&mut group).collect();
        let distinct = config.distinct();
        let layers = match distinct.len() == groups.len() {
            true => groups,
            false => distinct.into_iter().map(|group| groups[group].clone()).collect(),
        };
        Self { config, embeddings, projection, layers, own: OwnHeads::default(), beside: BTreeSet::new() }
    }

    /// The layer of a depth from 0 on, which is one of the distinct ones.
    #[must_use]
    pub fn index(&self, depth: usize) -> usize {
        depth % self.layers.len()
    }

    /// The checkpoint with the smallest weights of each matrix zero: of the layers' and of what widens
    /// embeddings, and of the tables of words and positions.
    ///
    /// # Errors
    /// AE0707 when a share is not within 0..=1.
    pub fn pruned(&self, layers: Pruning, embeddings: Pruning) -> Result<Self, ModelError> {
        let mut pruned = self.clone();
        let linears = pruned.layers.iter_mut().flat_map(|layer| &mut layer.linears);
        for linear in linears.chain(&mut pruned.projection) {
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
