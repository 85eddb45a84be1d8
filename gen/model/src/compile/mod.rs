//! From an encoder in integers and an accelerator to what its memories hold and the programs that it runs.
//!
//! | what | where | when it is loaded |
//! |---|---|---|
//! | frozen weights, tables among them | weight memory, as records | by its programming port, once |
//! | their biases and shifts, rows of identities that gather tables | parameter and activation memory | [`Compiled::setup`], once |
//! | a task's layer norms, adapters, classifiers | the same, adapters densely at the activation memory's end | [`Compiled::task`], when the task changes |
//! | the list of a sentence's rows | index memory | by the sentence's program, [`Compiled::sentence`] |
//!
//! A program is for a number of tokens: they are padded to a multiple of n, and softmax leaves the padding
//! out by its count. Heads, and all other tensors, are padded to whole tiles with zeros.

mod allocate;
mod attention;
mod axis;
mod bundle;
mod emit;
mod layer;
mod memory;
mod parameters;
mod plan;
mod problems;
mod program;
mod quantised;
mod ranges;
mod run;
mod waits;
mod weights;
mod window;

pub use allocate::Use;
pub use bundle::Bundle;
pub use program::{Output, Sentence};
pub use quantised::{Quantised, quantise_encoder, quantise_encoder_by};
pub use run::{Answer, Done, Engine, Session, outputs, reals};

use crate::{ModelConfig, ModelError};
use alberti_arith::ActivationSet;
use alberti_golden::{
    Image,
    accelerator::AcceleratorConfig,
    encoder::{Encoder, HalfLayer, Linear, Span, Task, TaskLayer},
    hierarchical_softmax::Hierarchy,
};
use axis::Axis;
use plan::Plan;
use problems::Problems;
use weights::{Axes, Place};

/// An encoder for an accelerator.
#[derive(Clone, Debug)]
pub struct Compiled {
    config: AcceleratorConfig,
    encoder: Encoder,
    plan: Plan,
    longest: usize,
}

impl Compiled {
    /// Lays an encoder out for an accelerator that is to read sentences of up to `longest` tokens.
    ///
    /// # Errors
    /// AE0705 when the encoder has fewer positions, AE0713 with all that the accelerator lacks, AE0711 when it
    /// cannot be built at all.
    pub fn new(encoder: Encoder, config: AcceleratorConfig, longest: usize) -> Result<Self, ModelError> {
        let positions = encoder.positions();
        if longest > positions {
            return Err(ModelError::Sentence(format!("{longest} tokens: the encoder takes 1 to {positions}")));
        }
        let mut problems = Problems::default();
        limits(&encoder, &config, longest, &mut problems);
        let plan = Plan::new(&encoder, &config, &mut problems)?;
        let compiled = Self { config, encoder, plan, longest };
        for task in 0..compiled.encoder.tasks.len() {
            compiled.emit(task, longest, &mut problems);
        }
        problems.0.dedup();
        compiled.finish(problems, longest)
    }

    fn finish(self, problems: Problems, tokens: usize) -> Result<Self, ModelError> {
        if problems.0.is_empty() { Ok(self) } else { Err(ModelError::Accelerator { tokens, problems: problems.0 }) }
    }

    /// The accelerator.
    #[must_use]
    pub fn config(&self) -> &AcceleratorConfig {
        &self.config
    }

    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Packed weights, and their mask words.
    #[must_use]
    pub fn weights(&self) -> (&[u16], &Image) {
        (&self.plan.weights.values, &self.plan.weights.masks)
    }

    /// Whether a mask word is a record's pointer.
    #[must_use]
    pub fn is_pointer(&self, word: usize) -> bool {
        self.plan.weights.pointers.binary_search(&word).is_ok()
    }

    /// Loads what all tasks share.
    #[must_use]
    pub fn setup(&self) -> &Bundle {
        &self.plan.setup
    }

    /// Loads what one task has of its own.
    ///
    /// # Panics
    /// When there is no such task.
    #[must_use]
    pub fn task(&self, task: usize) -> Bundle {
        self.plan.task(&self.config, task)
    }

    /// The program of a task for sentences of so many tokens.
    ///
    /// # Errors
    /// AE0705 when there are none, or more than the accelerator was laid out for.
    ///
    /// # Panics
    /// When there is no such task.
    pub fn sentence(&self, task: usize, tokens: usize) -> Result<Sentence, ModelError> {
        if tokens == 0 || tokens > self.longest {
            let longest = self.longest;
            return Err(ModelError::Sentence(format!(
                "{tokens} tokens: the accelerator was laid out for 1 to {longest}"
            )));
        }
        // A shorter sentence needs no more of anything.
        Ok(self.emit(task, tokens, &mut Problems::default()))
    }

    /// Products that a task takes for a sentence of so many tokens, without padding: of linear layers, and of
    /// heads that see something, whose probabilities are multiplied as far as they see. Of layers in n:m
    /// blocks, those of the weights that a block keeps.
    ///
    /// # Panics
    /// When there is no such task.
    #[must_use]
    pub fn products(&self, task: usize, tokens: usize) -> u64 {
        let (encoder, task) = (&self.encoder, &self.encoder.tasks[task]);
        let dense = |linear: &Linear| linear.weight.len() * tokens;
        let frozen = |linear: &Linear, place: Place| dense(linear) * place.records() / place.passes;
        let half =
            |half: &HalfLayer| half.adapter.as_ref().map_or(0, |adapter| dense(&adapter.down) + dense(&adapter.up));
        let layer = |depth: usize| {
            let distinct = depth % encoder.layers.len();
            let (layer, places) = (&encoder.layers[distinct], &self.plan.weights.layers[distinct]);
            let task = &task.layers[depth % task.layers.len()];
            let live = task.spans.iter().filter(|&&span| span != Span::Skipped).count();
            let heads = frozen(&layer.query, places.query)
                + frozen(&layer.key, places.key)
                + frozen(&layer.value, places.value)
                + tokens * tokens * layer.query.outputs();
            let seen: usize = task.spans.iter().map(|&span| window::pairs(span, tokens)).sum();
            heads * live / layer.heads.len()
                + seen * layer.query.outputs() / layer.heads.len()
                + frozen(&layer.output, places.output)
                + frozen(&layer.inner, places.inner)
                + frozen(&layer.outer, places.outer)
                + half(&task.attention)
                + half(&task.output)
        };
        let projection = encoder.embedding.projection.as_ref().zip(self.plan.weights.projection);
        let projection = projection.map_or(0, |(projection, place)| frozen(&projection.linear, place));
        ((0..encoder.depth).map(layer).sum::<usize>() + projection) as u64
    }

    /// The memory map: what lies where for good, tensors by the instructions that they live through.
    #[must_use]
    pub fn map(&self, sentence: &Sentence) -> Vec<(&'static str, Vec<Use>)> {
        let plan = &self.plan;
        let fixed = |name: &str, base: u32, rows: usize| Use {
            name: name.into(),
            base,
            rows: rows as u32,
            from: 0,
            to: usize::MAX,
        };
        let mut activation = sentence.activation.clone();
        if plan.dense.rows > 0 {
            activation.push(fixed("adapters and classifiers", plan.dense.base, plan.dense.rows as usize));
        }
        let mut parameter = vec![fixed("frozen layers", plan.parameters.base, plan.parameters.rows.len())];
        let task = plan.tasks.iter().map(|task| &task.parameters).max_by_key(|parameters| parameters.rows.len());
        parameter.extend(task.map(|task| fixed("task", task.base, task.rows.len())));
        let words = self.index_words(sentence.padded);
        vec![
            ("activation", activation),
            ("wide", sentence.wide.clone()),
            ("parameter", parameter),
            ("index", vec![fixed("rows of tables", 0, words)]),
            ("weight_masks", vec![fixed("records", 0, plan.weights.masks.words())]),
            ("weight_values", vec![fixed("codes", 0, plan.weights.values.len().div_ceil(self.config.n))]),
        ]
    }
}

/// Tokens of the longest sentence that a model has positions for and the softmax of an accelerator takes.
#[must_use]
pub fn longest(model: &ModelConfig, config: &AcceleratorConfig) -> usize {
    // A sentence is padded to whole tiles.
    let tiles = config.softmax_max / config.n * config.n;
    model.max_position_embeddings.min(tiles).max(1)
}

/// What an accelerator must have whatever its memories hold.
fn limits(encoder: &Encoder, config: &AcceleratorConfig, longest: usize, problems: &mut Problems) {
    let n = config.n;
    let tokens = longest.next_multiple_of(n);
    let axes = Axes::new(encoder, n);
    let norms = [encoder.width(), encoder.embedding.width].into_iter().max().unwrap_or_default();
    problems.demand("units.layernorm.length_max", norms, config.layernorm_max);
    problems.demand("units.softmax.length_max", tokens, config.softmax_max);
    problems.demand("datapath.accumulator_rows", n, config.accumulator_rows);
    let frozen = [axes.hidden, axes.heads, axes.inner, axes.embedding].map(Axis::tiles);
    let own = encoder.tasks.iter().flat_map(Task::linears).map(|linear| linear.inputs.div_ceil(n));
    let passes = frozen.into_iter().chain(own).chain([tokens / n, 3]).max().unwrap_or_default();
    problems.demand("datapath.reduction_max", passes * n, config.passes_max * n);
    let heads = encoder.tasks.iter().filter_map(|task| task.heads.as_ref());
    let classes = heads.filter_map(program::classes).max().unwrap_or_default();
    problems.demand("units.entropy.classes_max", classes, config.classes_max);
    memories(encoder, config, problems);
    if !gives_codes(encoder) {
        problems.push("the encoder: a layer norm gives no codes, though a linear layer reads them");
    }
    let mut norms = encoder.tasks.iter().flat_map(|task| &task.layers).flat_map(|own| [&own.attention, &own.output]);
    if norms.any(|half| half.norm.residual.is_some()) {
        problems.push("the encoder: its residual stream is rounded to codes, which no accelerator does");
    }
    let tables = encoder.embedding.tables.iter().flat_map(|table| table.codes.iter().chain([&table.gain]));
    if encoder.linears().flat_map(|linear| &linear.weight).chain(tables).any(|&code| code > u8::MAX.into()) {
        problems.push("the encoder: codes of more than 8 bits, which no accelerator has");
    }
    if encoder.linears().flat_map(|linear| &linear.bias).any(|&bias| i32::try_from(bias).is_err()) {
        problems.push("the encoder: a bias of more than 32 bits, for which no accelerator has room");
    }
    for function in functions(encoder).iter().filter(|&function| !config.activation.contains(function)) {
        problems.push(format!("datapath.activation: {function} needed, the array has {}", config.activation));
    }
}

/// What tasks with sparse hierarchical memories ask for.
fn memories(encoder: &Encoder, config: &AcceleratorConfig, problems: &mut Problems) {
    let layers = encoder.tasks.iter().flat_map(|task| &task.layers);
    let all: Vec<Hierarchy> = layers.filter_map(|own| Some(own.memory.as_ref()?.hierarchy)).collect();
    let most = |of: fn(&Hierarchy) -> usize| all.iter().map(of).max().unwrap_or_default();
    let (parents, children) = (most(|of| of.parents), most(|of| of.children));
    match config.hierarchy_max {
        Some(room) => {
            problems.demand("units.hierarchical_softmax.parents_max", parents, room.parents);
            problems.demand("units.hierarchical_softmax.children_max", children, room.children);
        }
        None if all.is_empty() => {}
        None => problems.push(format!(
            "units.hierarchical_softmax: {{parents_max: {parents}, children_max: {children}}} needed for the memory of \
             a task, the accelerator has none"
        )),
    }
}

/// Whether every layer norm that something reads gives codes.
fn gives_codes(encoder: &Encoder) -> bool {
    let distinct = encoder.layers.len();
    let last = (encoder.depth + distinct - 1) % distinct;
    let gives = |own: &TaskLayer| {
        let memory = own.memory.as_ref().is_none_or(|memory| memory.norm.exponent_bias.is_some());
        own.output.norm.exponent_bias.is_some() && memory
    };
    let task = |task: &Task| {
        let answers = task.heads.is_some() || distinct < encoder.depth;
        task.layers
            .iter()
            .enumerate()
            .all(|(layer, own)| own.attention.norm.exponent_bias.is_some() && (gives(own) || layer == last && !answers))
    };
    encoder.embedding.norm.exponent_bias.is_some() && encoder.tasks.iter().all(task)
}

/// Every activation that an encoder asks for.
fn functions(encoder: &Encoder) -> ActivationSet {
    let own = encoder.tasks.iter().flat_map(Task::linears);
    let all = encoder.layers.iter().map(|layer| &layer.inner).chain(own);
    all.fold(ActivationSet::IDENTITY, |set, linear| set.and(linear.function))
}
