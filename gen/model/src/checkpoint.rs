//! A trained encoder of a [family](Family) like BERT's, read from safetensors and `config.json`.

mod config;
mod family;
mod files;
mod heads;
pub(crate) mod names;
mod site;
mod tensors;
pub mod unused;

pub(crate) use config::MAX_LAYERS;
pub use config::ModelConfig;
pub(crate) use config::activation;
pub(crate) use family::Widening;
pub use family::{ALBERT, BERT, Family};
pub(crate) use files::{Files, conversion};
pub use heads::{OwnClassifier, OwnHeads};
pub use site::{Site, linear_name};
pub(crate) use tensors::Tensors;
pub use unused::Unused;

use crate::{
    Matrix, ModelError, Source,
    prune::{Pruning, prune},
};

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
    /// Tensors of its files that nothing runs.
    pub unused: Vec<Unused>,
}

impl Checkpoint {
    /// Reads a model's folder. Tensors have the names that Hugging Face's libraries give those of the family,
    /// with any prefix before `embeddings.`; all floats become f32.
    ///
    /// # Errors
    /// AE0701 to AE0704; the last names every tensor of the encoder that is missing, not known, misshapen, of
    /// another type or not finite.
    pub fn load<'a>(source: impl Into<Source<'a>>) -> Result<Self, ModelError> {
        let Source { folder, ignore, .. } = source.into();
        let settings = folder.join("config.json");
        let config = ModelConfig::load(&settings)?;
        let files = Files::read(folder)?;
        let mut tensors = files.tensors()?;
        tensors.strip_prefix_of(names::WORDS);
        let mut checkpoint = Self::build(config, &mut tensors);
        let settings = std::fs::read_to_string(&settings).unwrap_or_default();
        checkpoint.own = OwnHeads::take(&mut tensors, &checkpoint.config, &settings, ignore);
        checkpoint.unused = tensors.finish_encoder(&checkpoint.config, ignore)?;
        Ok(checkpoint)
    }

    /// Takes every tensor; where one is unusable, zeros stand in for it until `tensors` reports them all.
    fn build(config: ModelConfig, tensors: &mut Tensors) -> Self {
        let (hidden, width, family) = (config.hidden_size, config.embedding_size, config.family);
        let (first, positions) = (config.first_position(), config.max_position_embeddings);
        let mut position = tensors.matrix(names::POSITIONS, first + positions, width);
        // Empty where it cannot be used.
        position.data.drain(..first.saturating_mul(width).min(position.data.len()));
        let position = Matrix { rows: positions, ..position };
        let word = tensors.matrix(names::WORDS, config.vocab_size, width);
        // As wide as a table that is there.
        let none = || vec![0.0; if word.data.is_empty() { 0 } else { width }];
        let embeddings = Embeddings {
            position,
            token_type: match family.segments {
                Some(_) => tensors.matrix(names::TYPES, config.type_vocab_size, width),
                None => Matrix { rows: config.type_vocab_size, cols: width, data: none() },
            },
            word,
            norm: tensors.norm(names::EMBEDDING_NORM, width),
        };
        let projection = config.projection().map(|name| tensors.linear(name, hidden, width));
        let mut layer = |stored: usize| {
            let linears = Site::ALL.map(|site| {
                let (outputs, inputs) = config.shape(site);
                tensors.linear(&config.site(stored, site), outputs, inputs)
            });
            let [attention_norm, output_norm] = [0, 1].map(|half| tensors.norm(&config.norm(stored, half), hidden));
            Layer { linears, attention_norm, output_norm }
        };
        let stored: Vec<Layer> = (0..config.stored()).map(&mut layer).collect();
        let distinct = config.distinct();
        let layers = match distinct.len() == stored.len() {
            true => stored,
            false => distinct.into_iter().map(|layer| stored[layer].clone()).collect(),
        };
        Self { config, embeddings, projection, layers, own: OwnHeads::default(), unused: Vec::new() }
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
