//! Where everything lies that outlives a sentence.

use super::{
    allocate::Region,
    axis::Axis,
    bundle::Bundle,
    parameters::Parameters,
    problems::Problems,
    weights::{Axes, Place, Weights},
};
use crate::ModelError;
use alberti_golden::{
    accelerator::AcceleratorConfig,
    encoder::{Adapter, Encoder, HalfLayer, Heads, Linear, Reads, SparseMemory, Task},
};
use alberti_isa::{Memory, Source};

/// A linear layer: its weights and its parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product<'a> {
    pub linear: &'a Linear,
    pub source: Source,
    pub place: Place,
    pub parameters: u32,
}

/// Parameter rows of a layer's frozen part.
#[derive(Clone, Debug)]
pub(super) struct LayerRows {
    pub query: u32,
    pub key: u32,
    pub value: u32,
    pub output: u32,
    pub inner: u32,
    pub outer: u32,
    /// Of each head: the row of its scores, the row of its context.
    pub heads: Vec<(u32, u32)>,
}

/// A dense linear layer in the activation memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dense {
    pub place: Place,
    pub parameters: u32,
}

/// A task's part of half a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct HalfPlan {
    /// Down and up.
    pub adapter: Option<(Dense, Dense)>,
    /// Rows of the layer norm in front of an adapter that reads one.
    pub adapter_norm: Option<u32>,
    /// Rows of the layer norm.
    pub norm: u32,
}

/// A task's memory after a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryPlan {
    pub scores: Dense,
    pub values: Dense,
    /// Rows of what makes codes of the sum.
    pub norm: u32,
}

/// What a task loads, and where it lies.
#[derive(Clone, Debug)]
pub(super) struct TaskPlan {
    pub parameters: Parameters,
    /// Rows of codes, from the plan's `dense` on.
    pub rows: Vec<Vec<u8>>,
    pub layers: Vec<(HalfPlan, HalfPlan)>,
    /// After each layer, where there is one.
    pub memories: Vec<Option<MemoryPlan>>,
    /// The layers of each.
    pub heads: Option<Heads<Vec<Dense>>>,
}

/// What outlives a sentence.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub axes: Axes,
    pub weights: Weights,
    /// Rows that gather the tables, n of each.
    pub identity: Region,
    pub parameters: Parameters,
    pub embedding: u32,
    pub embedding_norm: u32,
    /// Of the projection: rows for codes, rows for the residual stream.
    pub projection: (u32, u32),
    /// A row that leaves nothing of any sum.
    pub nothing: u32,
    pub layers: Vec<LayerRows>,
    pub tasks: Vec<TaskPlan>,
    /// The tasks' dense rows, at the end of the activation memory.
    pub dense: Region,
    /// Loads what all tasks share.
    pub setup: Bundle,
}

/// The shift that leaves nothing of any sum.
const NOTHING: i32 = 63;

impl Plan {
    pub fn new(encoder: &Encoder, config: &AcceleratorConfig, problems: &mut Problems) -> Result<Self, ModelError> {
        let n = config.n;
        let axes = Axes::new(encoder, n);
        let weights = Weights::new(encoder, axes, config, problems)?;
        let mut parameters = Parameters::default();
        let embedding = parameters.shift(encoder.embedding.shift, n);
        let embedding_norm = parameters.norm(&encoder.embedding.norm, axes.embedding);
        let projection = encoder.embedding.projection.as_ref().map_or((0, 0), |projection| {
            let codes = parameters.linear(&projection.linear, axes.hidden);
            (codes, parameters.linear(&projection.stream(), axes.hidden))
        });
        let nothing = parameters.shift(NOTHING, n);
        let layers = (encoder.layers.iter())
            .map(|layer| LayerRows {
                query: parameters.linear(&layer.query, axes.heads),
                key: parameters.linear(&layer.key, axes.heads),
                value: parameters.linear(&layer.value, axes.heads),
                output: parameters.linear(&layer.output, axes.hidden),
                inner: parameters.linear(&layer.inner, axes.inner),
                outer: parameters.linear(&layer.outer, axes.hidden),
                heads: (layer.heads.iter())
                    .map(|head| (parameters.shift(head.score, n), parameters.shift(head.context, n)))
                    .collect(),
            })
            .collect();
        let rows = encoder.tasks.iter().map(|task| dense_rows(task, n)).max().unwrap_or_default();
        let base = config.activation_rows.saturating_sub(rows) as u32;
        let dense = Region { base, rows: rows as u32 };
        let tasks: Vec<TaskPlan> = encoder
            .tasks
            .iter()
            .map(|task| TaskPlan::new(task, axes.hidden, n, parameters.end(), dense.base))
            .collect();
        let most = tasks.iter().map(|task| task.parameters.end()).max().unwrap_or_default();
        problems.demand("accelerator.parameters.rows", most as usize, config.parameter_rows);
        let gains = encoder.embedding.tables.iter().map(|table| table.gain as u8);
        let identity: Vec<Vec<u8>> = gains
            .flat_map(|gain| (0..n).map(move |row| (0..n).map(|lane| if lane == row { gain } else { 0 }).collect()))
            .collect();
        let setup =
            Bundle::load(config, &[(Memory::Activation, 0, &identity), (Memory::Parameter, 0, &parameters.rows)]);
        let identity = Region { base: 0, rows: identity.len() as u32 };
        Ok(Self {
            axes,
            weights,
            identity,
            parameters,
            embedding,
            embedding_norm,
            projection,
            nothing,
            layers,
            tasks,
            dense,
            setup,
        })
    }

    /// What a task loads.
    pub fn task(&self, config: &AcceleratorConfig, task: usize) -> Bundle {
        let TaskPlan { parameters, rows, .. } = &self.tasks[task];
        let parts = [
            (Memory::Parameter, parameters.base, parameters.rows.as_slice()),
            (Memory::Activation, self.dense.base, rows.as_slice()),
        ];
        Bundle::load(config, &parts)
    }
}

/// Rows of codes that a task's linear layers take.
fn dense_rows(task: &Task, n: usize) -> usize {
    let tiles = |channels| Axis::plain(n, channels).tiles();
    task.linears().map(|linear| tiles(linear.outputs()) * tiles(linear.inputs) * n).sum()
}

impl TaskPlan {
    fn new(task: &Task, hidden: Axis, n: usize, parameter: u32, dense: u32) -> Self {
        let mut plan = Self {
            parameters: Parameters::at(parameter),
            rows: Vec::new(),
            layers: Vec::with_capacity(task.layers.len()),
            memories: Vec::with_capacity(task.layers.len()),
            heads: None,
        };
        for layer in &task.layers {
            let halves = [&layer.attention, &layer.output].map(|half| plan.half(half, hidden, n, dense));
            plan.layers.push(halves.into());
            let memory = layer.memory.as_ref().map(|memory| plan.memory(memory, hidden, n, dense));
            plan.memories.push(memory);
        }
        plan.heads = task.heads.as_ref().map(|heads| {
            let mut layer = |linear: &Linear| {
                let [outputs, inputs] = [linear.outputs(), linear.inputs].map(|channels| Axis::plain(n, channels));
                plan.dense(linear, outputs, inputs, dense)
            };
            let dense = |_: &str, layers: &Vec<Linear>| -> Result<_, std::convert::Infallible> {
                Ok(layers.iter().map(&mut layer).collect())
            };
            let Ok(heads) = heads.try_map(dense);
            heads
        });
        plan
    }

    fn half(&mut self, half: &HalfLayer, hidden: Axis, n: usize, dense: u32) -> HalfPlan {
        let adapter = half.adapter.as_ref().map(|Adapter { down, up, .. }| {
            let width = Axis::plain(n, down.outputs());
            (self.dense(down, width, hidden, dense), self.dense(up, hidden, width, dense))
        });
        let adapter_norm = half.adapter.as_ref().and_then(|adapter| match &adapter.reads {
            Reads::Norm(norm) => Some(self.parameters.norm(norm, hidden)),
            Reads::Dense | Reads::Input => None,
        });
        HalfPlan { adapter, adapter_norm, norm: self.parameters.norm(&half.norm, hidden) }
    }

    fn memory(&mut self, memory: &SparseMemory, hidden: Axis, n: usize, dense: u32) -> MemoryPlan {
        let [scores, weights] =
            [memory.hierarchy.scores(), memory.hierarchy.weights()].map(|channels| Axis::plain(n, channels));
        MemoryPlan {
            scores: self.dense(&memory.scores, scores, hidden, dense),
            values: self.dense(&memory.values, hidden, weights, dense),
            norm: self.parameters.norm(&memory.norm, hidden),
        }
    }

    /// Lane l of tile (j, k) is row `base + (j·passes + k)·n + l`.
    fn dense(&mut self, linear: &Linear, outputs: Axis, inputs: Axis, base: u32) -> Dense {
        let place = Place {
            base: base + self.rows.len() as u32,
            columns: outputs.tiles(),
            passes: inputs.tiles(),
            blocks: false,
        };
        for (column, pass) in (0..place.columns).flat_map(|j| (0..place.passes).map(move |k| (j, k))) {
            for output in outputs.tile(column) {
                let code = |input: Option<usize>| {
                    output.zip(input).map_or(0, |(output, input)| linear.weight[output * linear.inputs + input] as u8)
                };
                self.rows.push(inputs.tile(pass).map(code).collect());
            }
        }
        Dense { place, parameters: self.parameters.linear(linear, outputs) }
    }
}
