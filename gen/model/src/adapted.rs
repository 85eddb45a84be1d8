//! A frozen encoder that several tasks share, each with layer norms, adapters, spans and classifiers of its
//! own.
//!
//! ```text
//! half of a layer   LN(x + y + W_up·f(W_down·v)),  y the dense layer's result, v what the adapter reads
//! head              W·x of token 0, or W·f(W'·x) and so on
//! ```

pub mod folder;
mod forward;
mod memory;
mod synthetic;

pub use forward::{Answer, entropy, largest};
pub use memory::SparseMemory;
pub use synthetic::{AdapterKind, OffRamps, Shape, TaskShape, synthetic};

use crate::{
    Checkpoint, Linear, ModelError,
    calibration::Calibration,
    checkpoint::{Norm, OwnClassifier},
    layer_names,
    prune::Pruning,
};
use alberti_arith::Activation;
use alberti_golden::encoder::Sequence;
pub use alberti_golden::encoder::{Heads, Span};

/// More classes than any entropy unit takes.
pub(crate) const CLASSES_MAX: usize = *alberti_golden::entropy::CLASSES.end();

/// What an adapter reads of a half of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The dense layer's result.
    Dense,
    /// The input of the half: of the attention, or of the feed-forward net.
    Input,
    /// The sum of both, normalised by the half's own layer norm.
    Norm,
}

/// A linear layer, and a function after it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivatedLinear {
    /// The layer.
    pub linear: Linear,
    /// After it.
    pub activation: Activation,
}

/// The layers of an off-ramp or a classifier, at least one: the last gives logits.
pub type Classifier = Vec<ActivatedLinear>;

/// A classifier of one layer.
#[must_use]
pub fn plain(linear: Linear) -> Classifier {
    vec![ActivatedLinear { linear, activation: Activation::Identity }]
}

/// Classes of a classifier.
#[must_use]
pub fn classes(classifier: &[ActivatedLinear]) -> usize {
    classifier.last().map_or(0, |layer| layer.linear.bias.len())
}

/// A bottleneck beside a half of a layer; its result is added to the residual sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// What it reads.
    pub reads: Reads,
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
    /// After both.
    pub memory: Option<SparseMemory>,
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
    pub heads: Option<Heads<Classifier>>,
}

/// A frozen encoder with its tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted {
    /// The frozen weights; the layers' own layer norms are not used.
    pub backbone: Checkpoint,
    /// The tasks.
    pub tasks: Vec<Task>,
}

/// What a task is called that a checkpoint has of its own.
const OWN: &str = "classifier";

impl From<Checkpoint> for Adapted {
    /// One task without adapters: the checkpoint's own layer norms, and its own heads where it has such.
    fn from(backbone: Checkpoint) -> Self {
        let heads = backbone.config.num_attention_heads;
        let layers = (backbone.layers.iter())
            .map(|layer| TaskLayer {
                spans: vec![Span::Whole; heads],
                halves: [&layer.attention_norm, &layer.output_norm]
                    .map(|norm| AdaptedHalf { adapter: None, norm: norm.clone() }),
                memory: None,
            })
            .collect();
        let (labels, heads) = own_heads(&backbone).unzip();
        let name = if heads.is_some() { OWN } else { "" };
        let tasks = vec![Task { name: name.to_owned(), labels: labels.unwrap_or_default(), layers, heads }];
        Self { backbone, tasks }
    }
}

/// The heads of a checkpoint, and the names of their classes.
fn own_heads(backbone: &Checkpoint) -> Option<(Vec<String>, Heads<Classifier>)> {
    let OwnClassifier { first: (first, function), logits, labels, off_ramps, shared } =
        backbone.own.classifier.as_ref()?;
    let head = |first: &Linear, function: Activation, logits: &Linear| -> Classifier {
        let layers = [(first, function), (logits, Activation::Identity)];
        layers.map(|(linear, activation)| ActivatedLinear { linear: linear.clone(), activation }).to_vec()
    };
    let pooled = |pooler: &Linear, logits: &Linear| head(pooler, Activation::Tanh, logits);
    let (heads, depth) = (Heads::new(head(first, *function, logits)), backbone.config.num_hidden_layers);
    let heads = match shared {
        Some([pooler, logits]) => heads.with_shared(pooled(pooler, logits), depth),
        None => {
            let ramps = off_ramps.iter().map(|(&layer, [pooler, logits])| (layer, pooled(pooler, logits)));
            heads.with_own(ramps.collect(), depth)
        }
    };
    Some((labels.clone(), heads))
}

impl Adapted {
    /// The names of the linear layers of all tasks' heads that read the residual stream.
    pub(crate) fn head_names(&self) -> impl Iterator<Item = String> {
        self.tasks.iter().enumerate().flat_map(|(task, own)| {
            let first = move |(name, head): (String, &Classifier)| layer_names::head(task, &name, 0, head.len());
            own.heads.iter().flat_map(|heads| heads.named()).map(first)
        })
    }

    /// The names of the adapters' first layers of a half of a layer that read the same of it.
    pub(crate) fn adapter_names(&self, layer: usize, half: usize, reads: Reads) -> impl Iterator<Item = String> {
        self.tasks.iter().enumerate().filter_map(move |(task, own)| {
            let adapter = own.layers[layer].halves[half].adapter.as_ref()?;
            (adapter.reads == reads).then(|| layer_names::adapter(task, layer, half, "down"))
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
