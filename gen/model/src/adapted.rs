//! A frozen encoder that several tasks share, each with layer norms, adapters, spans and classifiers of its
//! own.
//!
//! ```text
//! half of a layer   LN(x + y + W_up·f(W_down·y)),  y the dense layer's result
//! ```

pub mod folder;
mod forward;
mod synthetic;

pub use forward::{Answer, entropy, largest};
pub use synthetic::{OffRamps, Shape, TaskShape, synthetic};

use crate::{Checkpoint, Linear, ModelError, calibration::Calibration, checkpoint::Norm, layer_names, prune::Pruning};
use alberti_arith::Activation;
use alberti_golden::encoder::Sequence;
pub use alberti_golden::encoder::{Heads, Span};

/// More classes than any entropy unit takes.
pub(crate) const CLASSES_MAX: usize = *alberti_golden::entropy::CLASSES.end();

/// A bottleneck after a dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// To its width.
    pub down: Linear,
    /// After it.
    pub activation: Activation,
    /// Back.
    pub up: Linear,
}

/// What follows a dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptedHalf {
    /// The adapter.
    pub adapter: Option<Adapter>,
    /// The layer norm after the residual sum.
    pub norm: Norm,
}

/// A task's part of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskLayer {
    /// The span of each head.
    pub spans: Vec<Span>,
    /// After the attention, and after the feed-forward net.
    pub halves: [AdaptedHalf; 2],
}

/// What belongs to one task.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What it is called; empty for the encoder itself.
    pub name: String,
    /// What its classes are called.
    pub labels: Vec<String>,
    /// One for each distinct layer.
    pub layers: Vec<TaskLayer>,
    /// Logits of token 0.
    pub heads: Option<Heads<Linear>>,
}

/// A frozen encoder with its tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted {
    /// The frozen weights; the layers' own layer norms are not used.
    pub backbone: Checkpoint,
    /// The tasks.
    pub tasks: Vec<Task>,
}

impl From<Checkpoint> for Adapted {
    /// One task without adapters: the checkpoint's own layer norms.
    fn from(backbone: Checkpoint) -> Self {
        let heads = backbone.config.num_attention_heads;
        let layers = (backbone.layers.iter())
            .map(|layer| TaskLayer {
                spans: vec![Span::Whole; heads],
                halves: [&layer.attention_norm, &layer.output_norm]
                    .map(|norm| AdaptedHalf { adapter: None, norm: norm.clone() }),
            })
            .collect();
        let tasks = vec![Task { name: String::new(), labels: Vec::new(), layers, heads: None }];
        Self { backbone, tasks }
    }
}

impl Adapted {
    /// The names of the heads of all tasks, among linear layers.
    pub(crate) fn head_names(&self) -> impl Iterator<Item = String> {
        self.tasks.iter().enumerate().flat_map(|(task, own)| {
            own.heads.iter().flat_map(|heads| heads.named()).map(move |(name, _)| layer_names::head(task, &name))
        })
    }

    /// The model with its backbone pruned ([`Checkpoint::pruned`]); tasks stay whole.
    ///
    /// # Errors
    /// AE0707 when a share is not within 0..=1.
    pub fn pruned(&self, layers: Pruning, embeddings: Pruning) -> Result<Self, ModelError> {
        Ok(Self { backbone: self.backbone.pruned(layers, embeddings)?, tasks: self.tasks.clone() })
    }

    /// The ranges of all tensors: every task reads every sequence, to its end.
    ///
    /// # Errors
    /// AE0705 when a sequence does not fit the model.
    pub fn calibrate<T>(&self, sequences: &[T]) -> Result<Calibration, ModelError>
    where
        for<'a> &'a T: Into<Sequence<'a>>,
    {
        let mut calibration = Calibration::default();
        for (task, tokens) in (0..self.tasks.len()).flat_map(|task| sequences.iter().map(move |t| (task, t))) {
            calibration.include(&self.forward(task, tokens)?.forward);
        }
        Ok(calibration)
    }

    /// Distinct layers.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.backbone.layers.len()
    }

    /// Layers that are passed: layer i is number i modulo the distinct ones.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.backbone.config.num_hidden_layers
    }
}
