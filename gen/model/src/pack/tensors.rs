//! What each tensor of weights loses and takes, and what the parts of a model come to.

use crate::{
    Linear, Matrix, Site,
    adapted::{Adapted, Heads},
    checkpoint::{Norm, linear_name},
    compile::Quantised,
    layer_names,
};
use alberti_golden::encoder;
use serde::Serialize;

/// Bytes that an output takes beside its weights: a bias of 32 bits and a shift; a channel of a layer norm:
/// gain, offset, shift.
const BESIDE: u64 = 5;

/// What of a model a tensor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Tables, and what widens them.
    Embeddings,
    /// Attention and feed-forward nets.
    Encoder,
    /// Adapters and memories of a task.
    Adapters,
    /// Layer norms.
    Norms,
    /// Classifier and off-ramps of a task.
    Classifier,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Embeddings, Self::Encoder, Self::Adapters, Self::Norms, Self::Classifier];

    /// A word or two.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
            Self::Encoder => "encoder",
            Self::Adapters => "adapters",
            Self::Norms => "layer norms",
            Self::Classifier => "classifiers",
        }
    }

    /// Whether it is the backbone's, which lies in RRAM.
    #[must_use]
    pub const fn is_frozen(self) -> bool {
        matches!(self, Self::Embeddings | Self::Encoder)
    }
}

/// A matrix or a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// What it belongs to.
    pub part: Part,
    /// Weights, without biases.
    pub weights: u64,
    /// Of them zero in the checkpoint.
    pub zeros: u64,
    /// Of them zero when pruned.
    pub zeros_pruned: u64,
    /// Of them zero as codes.
    pub zeros_stored: u64,
    /// √(Σ(w − p)² / Σw²), p the pruned weights.
    pub pruning_error: f64,
    /// √(Σ(p − c)² / Σp²), c what codes stand for.
    pub code_error: f64,
    /// In the checkpoint, as f32.
    pub float_bytes: u64,
    /// As f32 with a mask, zeros left out; a task's tensors are dense.
    pub pruned_bytes: u64,
    /// Masks.
    pub mask_bytes: u64,
    /// Codes.
    pub code_bytes: u64,
}

impl Tensor {
    /// Whether it is one of a model with its first task alone.
    #[must_use]
    pub fn with_one_task(&self) -> bool {
        !self.name.starts_with("task.") || self.name.starts_with("task.0.")
    }
}

/// The tensors of a model, of what was pruned of it, and of their codes, in the order of computation; and
/// what its parts come to.
#[must_use]
pub fn of_model(model: &Adapted, pruned: &Adapted, quantised: &Quantised) -> (Vec<Tensor>, Footprint) {
    let tensors = all(model, pruned, quantised);
    let footprint = footprint(model, &tensors);
    (tensors, footprint)
}

fn all(model: &Adapted, pruned: &Adapted, quantised: &Quantised) -> Vec<Tensor> {
    let encoder = &quantised.encoder;
    let mut tensors = Vec::new();
    let mut add = |name: String, part: Part, before: &Matrix, after: &Matrix, codes: &[u16]| {
        let code_error = quantised.errors.get(&name).copied().unwrap_or_default();
        let zero = |matrix: &Matrix| matrix.data.iter().filter(|w| **w == 0.0).count() as u64;
        let weights = codes.len() as u64;
        let zeros_stored = codes.iter().filter(|&&code| quantised.arithmetic.operand.is_zero(code)).count() as u64;
        let (zeros, zeros_pruned) = (zero(before), zero(after));
        let (mask_bytes, code_bytes, pruned_bytes) = match part.is_frozen() {
            true => (weights.div_ceil(8), weights - zeros_stored, weights.div_ceil(8) + 4 * (weights - zeros_pruned)),
            false => (0, weights, 4 * weights),
        };
        let pruning_error = crate::Metrics::between(after, before).relative_rms;
        let float_bytes = 4 * weights;
        tensors.push(Tensor {
            name,
            part,
            weights,
            zeros,
            zeros_pruned,
            zeros_stored,
            pruning_error,
            code_error,
            float_bytes,
            pruned_bytes,
            mask_bytes,
            code_bytes,
        });
    };
    let tables = |model: &Adapted| {
        let embeddings = &model.backbone.embeddings;
        [&embeddings.word, &embeddings.position, &embeddings.token_type].map(Clone::clone)
    };
    let (before, after) = (tables(model), tables(pruned));
    for (i, name) in layer_names::TABLES.into_iter().enumerate() {
        add(name.into(), Part::Embeddings, &before[i], &after[i], &encoder.embedding.tables[i].codes);
    }
    if let (Some(before), Some(after), Some(codes)) =
        (&model.backbone.projection, &pruned.backbone.projection, &encoder.embedding.projection)
    {
        add(layer_names::PROJECTION.into(), Part::Embeddings, &before.weight, &after.weight, &codes.linear.weight);
    }
    for (index, layer) in encoder.layers.iter().enumerate() {
        for site in Site::ALL {
            let codes = &site_of(layer, site).weight;
            let weight = |model: &Adapted| model.backbone.layers[index].linear(site).weight.clone();
            add(linear_name(index, site), Part::Encoder, &weight(model), &weight(pruned), codes);
        }
    }
    for (number, (task, integers)) in model.tasks.iter().zip(&encoder.tasks).enumerate() {
        for (index, (own, layer)) in task.layers.iter().zip(&integers.layers).enumerate() {
            for (half, codes) in [&layer.attention, &layer.output].into_iter().enumerate() {
                if let (Some(adapter), Some(codes)) = (&own.halves[half].adapter, &codes.adapter) {
                    let name = |part| layer_names::adapter(number, index, half, part);
                    let (down, up) = (&adapter.down.weight, &adapter.up.weight);
                    add(name("down"), Part::Adapters, down, down, &codes.down.weight);
                    add(name("up"), Part::Adapters, up, up, &codes.up.weight);
                }
            }
        }
        for (index, (own, layer)) in task.layers.iter().zip(&integers.layers).enumerate() {
            if let (Some(memory), Some(codes)) = (&own.memory, &layer.memory) {
                let name = |part| layer_names::memory(number, index, part);
                let (scores, values) = (memory.scores().weight, memory.mixture().weight);
                add(name("scores"), Part::Adapters, &scores, &scores, &codes.scores.weight);
                add(name("values"), Part::Adapters, &values, &values, &codes.values.weight);
            }
        }
        let heads = task.heads.iter().flat_map(Heads::named).zip(integers.heads.iter().flat_map(Heads::iter));
        for ((which, head), codes) in heads {
            for (i, (layer, codes)) in head.iter().zip(codes).enumerate() {
                let (name, weight) = (layer_names::head(number, &which, i, head.len()), &layer.linear.weight);
                add(name, Part::Classifier, weight, weight, &codes.weight);
            }
        }
    }
    tensors
}

fn site_of(layer: &encoder::Layer, site: Site) -> &encoder::Linear {
    match site {
        Site::Query => &layer.query,
        Site::Key => &layer.key,
        Site::Value => &layer.value,
        Site::AttentionOutput => &layer.output,
        Site::Intermediate => &layer.inner,
        Site::Output => &layer.outer,
    }
}

/// What a part comes to. Tasks' parts are those of one task, the first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The part.
    pub part: Part,
    /// Parameters, biases included.
    pub parameters: u64,
    /// Of those of the whole model with one task.
    pub share: f64,
    /// Of its weights zero as codes.
    pub sparsity: f64,
    /// In f32.
    pub float_bytes: u64,
    /// Masks, in single-level cells.
    pub mask_bytes: u64,
    /// Codes: of the backbone in cells of several bits, of a task in SRAM.
    pub code_bytes: u64,
    /// Biases, gains, offsets and shifts, in SRAM.
    pub number_bytes: u64,
}

/// The parts of a model with one of its tasks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Footprint {
    /// One for each part.
    pub shares: Vec<Share>,
    /// Parameters in all.
    pub parameters: u64,
    /// Of them a task's own: adapters, memories, layer norms after the layers' halves, classifiers.
    pub trainable: u64,
    /// Of the backbone alone, with its own layer norms.
    pub without_adapters: u64,
    /// S_embd·P_embd + S_tf·P_tf: zeros of the backbone, of all parameters.
    pub cumulative_sparsity: f64,
}

/// Sums up a model and its tensors.
fn footprint(model: &Adapted, tensors: &[Tensor]) -> Footprint {
    let biases = |linear: &Linear| linear.bias.len() as u64;
    let channels = |norm: &Norm| norm.gain.len() as u64;
    let layers = model.tasks.first().map_or(&[][..], |task| &task.layers);
    let halves = || layers.iter().flat_map(|layer| &layer.halves);
    let heads = model.tasks.first().and_then(|task| task.heads.as_ref());
    let task_norms: u64 = halves().map(|half| channels(&half.norm)).sum();
    let share = |part: Part| {
        let own = || tensors.iter().filter(move |tensor| tensor.with_one_task() && tensor.part == part);
        let sum = |get: fn(&Tensor) -> u64| own().map(get).sum::<u64>();
        let weights = sum(|tensor| tensor.weights);
        // Numbers beside the weights, and how many of them have a row of the parameter memory.
        let (numbers, rows) = match part {
            Part::Embeddings => model.backbone.projection.as_ref().map_or((0, 0), |p| (biases(p), biases(p))),
            Part::Encoder => {
                let layers = model.backbone.layers.iter();
                let all = layers.flat_map(|layer| Site::ALL.map(|site| biases(layer.linear(site)))).sum();
                (all, all)
            }
            Part::Adapters => {
                let adapters = halves().filter_map(|half| half.adapter.as_ref());
                let all = adapters.map(|adapter| biases(&adapter.down) + biases(&adapter.up)).sum::<u64>();
                // A memory has no bias, but a shift of each score, of each sum, and of its code.
                let memories = layers.iter().filter_map(|layer| layer.memory.as_ref());
                let shifts = memories.map(|memory| memory.hierarchy().scores() + 2 * memory.parents.cols);
                (all, all + shifts.sum::<usize>() as u64)
            }
            Part::Norms => {
                let all = channels(&model.backbone.embeddings.norm) + task_norms;
                (2 * all, all)
            }
            Part::Classifier => {
                let all =
                    heads.iter().flat_map(|heads| heads.iter()).flatten().map(|layer| biases(&layer.linear)).sum();
                (all, all)
            }
        };
        let zeros = sum(|tensor| tensor.zeros_stored);
        Share {
            part,
            parameters: weights + numbers,
            share: 0.0,
            sparsity: if weights == 0 { 0.0 } else { zeros as f64 / weights as f64 },
            float_bytes: 4 * (weights + numbers),
            mask_bytes: sum(|tensor| tensor.mask_bytes),
            code_bytes: sum(|tensor| tensor.code_bytes),
            number_bytes: BESIDE * rows,
        }
    };
    let mut shares: Vec<Share> = Part::ALL.map(share).to_vec();
    let parameters = shares.iter().map(|share| share.parameters).sum::<u64>();
    shares.iter_mut().for_each(|share| share.share = share.parameters as f64 / parameters.max(1) as f64);
    let own = |part: Part| shares.iter().find(|share| share.part == part).map_or(0, |share| share.parameters);
    let frozen = shares.iter().filter(|share| share.part.is_frozen());
    Footprint {
        trainable: own(Part::Adapters) + 2 * task_norms + own(Part::Classifier),
        without_adapters: parameters - own(Part::Adapters),
        cumulative_sparsity: frozen.map(|share| share.sparsity * share.share).sum(),
        parameters,
        shares,
    }
}
