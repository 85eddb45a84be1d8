//! Encoders of any shape with weights like a trained one's.
//!
//! Drawn from a seed after the encoder of `make demo`, whose weights have these deviations, times the root of
//! their inputs: queries and keys 1.6, values 1.3, attention output 1.0, feed-forward 1.4 and 1.2. Its layer
//! norms have gains of 0.85 ± 0.1, and single channels of its second feed-forward matrix are a dozen times as
//! large as others: they are what makes channels of the residual stream stand out.

use super::{
    ActivatedLinear, Adapted, AdaptedHalf, Adapter, CLASSES_MAX, Classifier, Heads, Reads, Span, SparseMemory, Task,
    TaskLayer, plain,
};
use crate::{
    Checkpoint, Linear, Matrix, ModelConfig, Site,
    checkpoint::{ALBERT, BERT, Embeddings, Family, Layer, MAX_LAYERS, Norm, OwnHeads},
    faults::Draws,
};
use alberti_arith::Activation;
use alberti_golden::hierarchical_softmax::Hierarchy;

/// Off-ramps of a task, after layers before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffRamps {
    /// None.
    None,
    /// One that all layers share.
    Shared,
    /// One for each layer.
    Own,
}

/// Where adapters are, and what they read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterKind {
    /// Houlsby's: one after each dense layer, of its result.
    Houlsby,
    /// The same as AdapterHub's library wires ALBERT: that of the attention reads the layer's input.
    HoulsbyOfInput,
    /// Pfeiffer's: one in a layer, after the feed-forward net, of the normalised sum.
    Pfeiffer,
    /// One in a layer, beside the feed-forward net, of its input.
    Parallel,
}

impl AdapterKind {
    /// What that of each half reads.
    fn reads(self) -> [Option<Reads>; 2] {
        match self {
            Self::Houlsby => [Some(Reads::Dense); 2],
            Self::HoulsbyOfInput => [Some(Reads::Input), Some(Reads::Dense)],
            Self::Pfeiffer => [None, Some(Reads::Norm)],
            Self::Parallel => [None, Some(Reads::Input)],
        }
    }
}

/// What the tasks of a synthetic encoder have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskShape {
    /// Width of the adapters after the attention and after the feed-forward net; none for 0.
    pub adapters: [usize; 2],
    /// Which of the two there are, and what they read.
    pub kind: AdapterKind,
    /// Classes; no classifier for 0.
    pub classes: usize,
    /// The off-ramps that it has as well.
    pub off_ramps: OffRamps,
    /// Linear layers of the classifier and of each off-ramp, with tanh between.
    pub head_layers: usize,
    /// The span of each head.
    pub spans: Vec<Span>,
}

/// The shape of a synthetic encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels of the embedding, at most those of the layers.
    pub embedding: usize,
    /// Channels of the layers.
    pub hidden: usize,
    /// Heads.
    pub heads: usize,
    /// Width of the feed-forward net.
    pub inner: usize,
    /// Whether all layers have the same weights.
    pub shared: bool,
    /// Layers that are passed.
    pub depth: usize,
    /// Token ids.
    pub words: usize,
    /// Longest sequence.
    pub positions: usize,
    /// Activation of the feed-forward net and of the adapters.
    pub activation: Activation,
    /// The tasks.
    pub tasks: Vec<TaskShape>,
}

impl Shape {
    /// A small encoder with one of everything: hidden 64, three shared layers, two tasks with adapters, spans
    /// and off-ramps.
    #[must_use]
    pub fn small(positions: usize) -> Self {
        let near = Span::Limited { span: 6, ramp: 3 };
        let task = |adapters, spans| TaskShape {
            adapters,
            kind: AdapterKind::Houlsby,
            classes: 3,
            off_ramps: OffRamps::Shared,
            head_layers: 1,
            spans,
        };
        Self {
            embedding: 32,
            hidden: 64,
            heads: 4,
            inner: 128,
            shared: true,
            depth: 3,
            words: 50,
            positions,
            activation: Activation::GeluErf,
            tasks: vec![
                task([16, 16], vec![Span::Whole, near, Span::Skipped, Span::Whole]),
                task([16, 8], vec![Span::Skipped, Span::Whole, near, near]),
            ],
        }
    }
}

/// Spans that EdgeBERT learned for the heads of ALBERT-base on SST-2, and on MNLI.
const LEARNED: [[u16; 12]; 2] = [[31, 0, 0, 0, 0, 101, 14, 5, 0, 36, 0, 0], [20, 0, 0, 0, 0, 0, 36, 81, 0, 0, 0, 10]];
/// Logarithm of the ramp after them.
const RAMP: u8 = 5;

/// Most layers of a head: what off-ramps have in files.
const HEAD_LAYERS_MAX: usize = 2;

/// More numbers than any encoder here is to have: 16 GB of them.
const PARAMETERS_MAX: f64 = 4e9;

impl Shape {
    /// ALBERT-base with two tasks: adapters of 64, off-ramps, learned spans; two classes, and three.
    #[must_use]
    pub fn albert_base() -> Self {
        let tasks = LEARNED.into_iter().zip([2, 3]).map(|(spans, classes)| {
            let span = |span| if span == 0 { Span::Skipped } else { Span::Limited { span, ramp: RAMP } };
            TaskShape {
                adapters: [64, 64],
                kind: AdapterKind::Houlsby,
                classes,
                off_ramps: OffRamps::Shared,
                head_layers: 1,
                spans: spans.map(span).to_vec(),
            }
        });
        Self {
            embedding: 128,
            hidden: 768,
            heads: 12,
            inner: 3072,
            shared: true,
            depth: 12,
            words: 30_000,
            positions: 512,
            activation: Activation::Gelu,
            tasks: tasks.collect(),
        }
    }

    /// All that keeps an encoder of this shape from being drawn.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let Self { embedding, hidden, heads, inner, depth, words, positions, .. } = *self;
        let mut problems = Vec::new();
        let counts = [
            ("embedding", embedding),
            ("hidden", hidden),
            ("heads", heads),
            ("inner", inner),
            ("layers", depth),
            ("words", words),
            ("positions", positions),
        ];
        for (name, _) in counts.into_iter().filter(|&(_, count)| count == 0) {
            problems.push(format!("{name} must be at least 1"));
        }
        if heads > 0 && !hidden.is_multiple_of(heads) {
            problems.push(format!("hidden {hidden} is not a multiple of heads {heads}"));
        }
        if depth > MAX_LAYERS {
            problems.push(format!("{depth} layers: at most {MAX_LAYERS} are taken"));
        }
        let product = |a: usize, b: usize| a as f64 * b as f64;
        let distinct = if self.shared { 1.0 } else { depth as f64 };
        let layer = 4.0 * product(hidden, hidden) + 2.0 * product(hidden, inner);
        let mut parameters =
            product(words, embedding) + product(positions, embedding) + product(hidden, embedding) + distinct * layer;
        for (number, task) in (1..).zip(&self.tasks) {
            let TaskShape { adapters, classes, ref spans, .. } = *task;
            if spans.len() != heads {
                problems.push(format!("task {number} has {} spans for {heads} heads", spans.len()));
            }
            if classes > CLASSES_MAX || (task.off_ramps != OffRamps::None && classes == 1) {
                problems.push(format!(
                    "task {number} has {classes} classes: 0 to {CLASSES_MAX}, off-ramps decide over 2 or more"
                ));
            }
            if !(1..=HEAD_LAYERS_MAX).contains(&task.head_layers) {
                problems
                    .push(format!("task {number} has heads of {} layers: 1 to {HEAD_LAYERS_MAX}", task.head_layers));
            }
            let adapters: f64 = adapters.iter().map(|&width| 2.0 * product(width, hidden)).sum();
            let inner = (task.head_layers.saturating_sub(1)) as f64 * product(hidden, hidden);
            parameters += distinct * adapters + product(classes, hidden) + inner;
        }
        if parameters > PARAMETERS_MAX {
            problems.push(format!("{parameters:.1e} parameters: at most {PARAMETERS_MAX:.0e} are drawn"));
        }
        problems
    }

    /// An ALBERT where layers share weights or embeddings are not as wide as they: it widens embeddings in
    /// either case.
    fn family(&self) -> &'static Family {
        if self.shared || self.embedding != self.hidden { &ALBERT } else { &BERT }
    }
}

/// How much larger the outputs of outlier channels are, and how many channels there are for one of them.
const OUTLIER: (f32, usize) = (12.0, 128);

/// An encoder of a shape; the same for the same seed, on every machine.
#[must_use]
pub fn synthetic(shape: &Shape, seed: u64) -> Adapted {
    let mut numbers = Numbers(Draws::new(seed, 0));
    let config = ModelConfig {
        family: shape.family(),
        hidden_size: shape.hidden,
        embedding_size: shape.embedding,
        num_hidden_layers: shape.depth,
        groups: if shape.shared { 1 } else { shape.depth },
        group_layers: 1,
        num_attention_heads: shape.heads,
        intermediate_size: shape.inner,
        vocab_size: shape.words,
        max_position_embeddings: shape.positions,
        padding: None,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        hidden_act: shape.activation,
    };
    let embeddings = Embeddings {
        word: numbers.matrix(shape.words, shape.embedding, 0.055),
        position: numbers.matrix(shape.positions, shape.embedding, 0.025),
        token_type: numbers.matrix(2, shape.embedding, 0.024),
        norm: numbers.norm(shape.embedding),
    };
    let projection = config.projection().map(|_| numbers.linear(shape.hidden, shape.embedding, 1.0, 0.1));
    let distinct = config.stored();
    let layers: Vec<Layer> = (0..distinct).map(|_| numbers.layer(shape)).collect();
    let tasks = (shape.tasks.iter().zip(1..))
        .map(|(task, stream)| Numbers(Draws::new(seed, stream)).task(shape, task, stream, distinct))
        .collect();
    let backbone = Checkpoint { config, embeddings, projection, layers, own: OwnHeads::default(), unused: Vec::new() };
    Adapted { backbone, tasks }
}

impl Adapted {
    /// The same encoder with adapters of a width after every dense layer, drawn from a seed as those of
    /// [`synthetic`] are.
    #[must_use]
    pub fn with_adapters(mut self, width: usize, seed: u64) -> Self {
        let (hidden, activation) = (self.backbone.config.hidden_size, self.backbone.config.hidden_act);
        for (task, stream) in self.tasks.iter_mut().zip(1..) {
            let mut numbers = Numbers(Draws::new(seed, stream));
            for half in task.layers.iter_mut().flat_map(|layer| &mut layer.halves) {
                half.adapter = Some(numbers.adapter(hidden, width, activation, Reads::Dense));
            }
        }
        self
    }
}

impl Adapted {
    /// The same encoder, a task of which has memories after all layers in place of its adapters, drawn from a
    /// seed. Scores are as far apart as trained ones, and what is added is a part of the hidden state.
    ///
    /// # Panics
    /// When there is no such task.
    #[must_use]
    pub fn with_memories(mut self, task: usize, of: Hierarchy, seed: u64) -> Self {
        let (hidden, stream) = (self.backbone.config.hidden_size, self.tasks.len() + 1 + task);
        let mut numbers = Numbers(Draws::new(seed, stream as u64));
        for layer in &mut self.tasks[task].layers {
            layer.halves.iter_mut().for_each(|half| half.adapter = None);
            layer.memory = Some(numbers.memory(hidden, of));
        }
        self
    }
}

struct Numbers(Draws);

impl Numbers {
    /// Normally distributed, nearly: a sum of twelve, so that every machine draws the same.
    fn normal(&mut self) -> f32 {
        ((0..12).map(|_| self.0.uniform()).sum::<f64>() - 6.0) as f32
    }

    fn vector(&mut self, length: usize, mean: f32, deviation: f32) -> Vec<f32> {
        (0..length).map(|_| mean + deviation * self.normal()).collect()
    }

    fn matrix(&mut self, rows: usize, cols: usize, deviation: f32) -> Matrix {
        Matrix { rows, cols, data: self.vector(rows * cols, 0.0, deviation) }
    }

    fn linear(&mut self, outputs: usize, inputs: usize, deviation: f32, bias: f32) -> Linear {
        let weight = self.matrix(outputs, inputs, deviation / (inputs as f32).sqrt());
        Linear { weight, bias: self.vector(outputs, 0.0, bias) }
    }

    fn norm(&mut self, channels: usize) -> Norm {
        Norm { gain: self.vector(channels, 0.85, 0.1), offset: self.vector(channels, 0.0, 0.1) }
    }

    fn layer(&mut self, shape: &Shape) -> Layer {
        let Shape { hidden, inner, .. } = *shape;
        let linears = Site::ALL.map(|site| match site {
            Site::Query => self.linear(hidden, hidden, 1.6, 0.25),
            Site::Key => self.linear(hidden, hidden, 1.6, 0.001),
            Site::Value => self.linear(hidden, hidden, 1.3, 0.04),
            Site::AttentionOutput => self.linear(hidden, hidden, 1.0, 0.06),
            Site::Intermediate => self.linear(inner, hidden, 1.4, 0.1),
            Site::Output => {
                let mut linear = self.linear(hidden, inner, 1.2, 0.06);
                let (factor, channels) = OUTLIER;
                for channel in (channels / 3..hidden).step_by(channels) {
                    linear.weight.row_mut(channel).iter_mut().for_each(|w| *w *= factor);
                }
                linear
            }
        });
        Layer::new(linears, self.norm(hidden), self.norm(hidden))
    }

    fn adapter(&mut self, hidden: usize, width: usize, activation: Activation, reads: Reads) -> Adapter {
        let down = self.linear(width, hidden, 1.0, 0.05);
        Adapter { reads, down, activation, up: self.linear(hidden, width, 0.5, 0.05) }
    }

    fn memory(&mut self, hidden: usize, of: Hierarchy) -> SparseMemory {
        let root = (hidden as f32).sqrt();
        SparseMemory {
            parents: self.matrix(of.parents, hidden, 2.0 / root),
            keys: self.matrix(of.weights(), hidden, 2.0 / root),
            values: self.matrix(of.weights(), hidden, 0.6),
            largest: of.largest,
        }
    }

    fn head(&mut self, classes: usize, hidden: usize, layers: usize) -> Classifier {
        let mut head: Classifier = (1..layers)
            .map(|_| ActivatedLinear { linear: self.linear(hidden, hidden, 1.5, 0.1), activation: Activation::Tanh })
            .collect();
        head.extend(plain(self.linear(classes, hidden, 3.0, 0.1)));
        head
    }

    fn task(&mut self, shape: &Shape, task: &TaskShape, number: u64, distinct: usize) -> Task {
        let hidden = shape.hidden;
        let layers = (0..distinct)
            .map(|_| TaskLayer {
                spans: task.spans.clone(),
                halves: [0, 1].map(|half| {
                    let width = task.adapters[half];
                    let reads = task.kind.reads()[half].filter(|_| width > 0);
                    AdaptedHalf {
                        adapter: reads.map(|reads| self.adapter(hidden, width, shape.activation, reads)),
                        norm: self.norm(hidden),
                    }
                }),
                memory: None,
            })
            .collect();
        // Hugging Face's names of classes that have none.
        let labels = (0..task.classes).map(|class| format!("LABEL_{class}")).collect();
        let mut head = || self.head(task.classes, hidden, task.head_layers);
        let heads = (task.classes > 0).then(|| match task.off_ramps {
            OffRamps::None => Heads::new(head()),
            OffRamps::Shared => {
                let ramp = head();
                Heads::new(head()).with_shared(ramp, shape.depth)
            }
            OffRamps::Own => {
                let ramps = (1..shape.depth).map(|layer| (layer, head())).collect();
                Heads::new(head()).with_own(ramps, shape.depth)
            }
        });
        Task { name: format!("task{number}"), labels, layers, heads }
    }
}
