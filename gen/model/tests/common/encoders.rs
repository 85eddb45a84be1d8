//! Encoders of random integers, and accelerators that hold them.

use super::Numbers;
use alberti_arith::{Activation, Domain};
use alberti_golden::{
    BlockSparsity,
    accelerator::AcceleratorConfig,
    encoder::{
        Adapter, Classifier, Embedding, Encoder, HalfLayer, Head, Heads, Layer, Linear, Norm, Projection, Reads, Span,
        SparseMemory, Table, Task, TaskLayer,
    },
    hierarchical_softmax::Hierarchy,
    softmax::Maximum,
};

/// Off-ramps.
#[derive(Clone, Copy, Debug)]
pub enum Early {
    Never,
    /// One after all layers.
    Shared,
    /// One of its own after each of these layers, counted from 1.
    Own(&'static [usize]),
}

/// What adapters read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Dense,
    Input,
    Norm,
}

/// The shape of an encoder.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub embedding: usize,
    pub hidden: usize,
    pub heads: usize,
    pub inner: usize,
    /// Distinct layers, and how many are passed.
    pub layers: usize,
    pub depth: usize,
    pub tasks: usize,
    /// Width of the adapters.
    pub adapter: Option<usize>,
    /// What those after the attention and after the feed-forward net read.
    pub reads: [Read; 2],
    /// Memories after the layers.
    pub memory: Option<Hierarchy>,
    pub classes: Option<usize>,
    /// The off-ramps.
    pub early: Early,
    /// Outputs of the layers of heads before the last.
    pub head: &'static [usize],
    /// Spans of the heads, the same in all layers.
    pub spans: [Span; 4],
    pub function: Activation,
}

pub const PLAIN: Shape = Shape {
    embedding: 16,
    hidden: 16,
    heads: 2,
    inner: 24,
    layers: 2,
    depth: 2,
    tasks: 1,
    adapter: None,
    reads: [Read::Dense; 2],
    memory: None,
    classes: None,
    early: Early::Never,
    head: &[],
    spans: [Span::Whole; 4],
    function: Activation::Gelu,
};

pub const WORDS: usize = 50;
pub const POSITIONS: usize = 40;

/// An accelerator with room for any of these.
pub fn accelerator(n: usize) -> AcceleratorConfig {
    AcceleratorConfig {
        n,
        accumulator_bits: 37,
        accumulator_rows: 16,
        passes_max: 64,
        zero_skip: true,
        sparsity: None,
        activation: Activation::Gelu.into(),
        maximum: Maximum::Running,
        softmax_lanes: 2,
        softmax_max: 64,
        hierarchy_max: Some(Hierarchy { parents: 16, children: 4, largest: 16 }),
        layernorm_max: 64,
        classes_max: 8,
        activation_rows: 4096,
        wide_rows: 4096,
        parameter_rows: 512,
        index_words: 256,
        value_rows: 8192,
        mask_words: 32768,
        mask_check_bits: 0,
        program_instructions: 256,
        bus_bytes: 8,
        bus_address_bits: 40,
    }
}

struct Random(Numbers);

impl Random {
    fn below(&mut self, below: u32) -> u32 {
        (((self.0.next() + 1.0) / 2.0 * below as f32) as u32).min(below - 1)
    }

    /// Codes, a third of them zero.
    fn codes(&mut self, count: usize) -> Vec<u16> {
        (0..count)
            .map(|_| if self.below(3) == 0 { 0 } else { self.below(256) as u16 })
            .map(|c| if c == 0x80 { 0 } else { c })
            .collect()
    }

    fn around(&mut self, middle: i32) -> i32 {
        middle + self.below(3) as i32 - 1
    }

    fn linear(&mut self, outputs: usize, inputs: usize, shift: i32) -> Linear {
        Linear {
            inputs,
            weight: self.codes(outputs * inputs),
            bias: (0..outputs).map(|_| i64::from(self.below(1 << 20)) - (1 << 19)).collect(),
            shift: (0..outputs).map(|_| self.around(shift)).collect(),
            function: Activation::Identity,
            activation_shift: 0,
            wide_shift: 0,
        }
    }

    /// Sums of a dozen products of codes are some 2^22.
    fn codes_of(&mut self, outputs: usize, inputs: usize) -> Linear {
        self.linear(outputs, inputs, 19)
    }

    fn wide(&mut self, outputs: usize, inputs: usize) -> Linear {
        self.linear(outputs, inputs, 13)
    }

    fn activated(&mut self, outputs: usize, inputs: usize, function: Activation) -> Linear {
        match function.domain() {
            Domain::Numbers => Linear { function, activation_shift: 8, ..self.linear(outputs, inputs, 13) },
            Domain::Sums => Linear { function, ..self.codes_of(outputs, inputs) },
        }
    }

    fn norm(&mut self, channels: usize, codes: bool) -> Norm {
        Norm {
            gamma: (0..channels).map(|_| 4096 + self.below(1 << 14) as i16).collect(),
            beta: (0..channels).map(|_| self.below(1 << 10) as i16 - 512).collect(),
            shift: (0..channels).map(|_| self.below(4) as u8).collect(),
            exponent_bias: codes.then(|| self.around(-6)),
            residual: None,
        }
    }

    fn half(&mut self, shape: &Shape, half: usize, codes: bool) -> HalfLayer {
        let adapter = shape.adapter.map(|width| Adapter {
            reads: match shape.reads[half] {
                Read::Dense => Reads::Dense,
                Read::Input => Reads::Input,
                Read::Norm => Reads::Norm(self.norm(shape.hidden, true)),
            },
            down: self.activated(width, shape.hidden, shape.function),
            up: self.wide(shape.hidden, width),
        });
        HalfLayer { adapter, norm: self.norm(shape.hidden, codes) }
    }

    fn memory(&mut self, shape: &Shape, of: Hierarchy, codes: bool) -> SparseMemory {
        let norm = self.norm(shape.hidden, codes);
        SparseMemory {
            hierarchy: of,
            scores: self.wide(of.scores(), shape.hidden),
            values: self.wide(shape.hidden, of.weights()),
            norm: Norm { gamma: vec![1 << 14; shape.hidden], beta: vec![0; shape.hidden], ..norm },
        }
    }

    fn head(&mut self, shape: &Shape, classes: usize) -> Classifier {
        let mut inputs = shape.hidden;
        let mut head = Classifier::new();
        for &outputs in shape.head {
            head.push(self.activated(outputs, inputs, shape.function));
            inputs = outputs;
        }
        head.push(self.linear(classes, inputs, 11));
        head
    }

    fn table(&mut self, rows: usize, width: usize) -> Table {
        Table { codes: self.codes(rows * width), gain: (1 + self.below(7) as u16) << 4 }
    }
}

/// An encoder of random codes.
pub fn encoder(seed: u64, shape: &Shape) -> Encoder {
    let mut random = Random(Numbers::new(seed));
    let Shape { embedding, hidden, heads, inner, .. } = *shape;
    let tables = [WORDS, POSITIONS, 2].map(|rows| random.table(rows, embedding));
    let projection = (embedding != hidden).then(|| Projection {
        linear: random.codes_of(hidden, embedding),
        wide: (0..hidden).map(|_| random.around(11)).collect(),
    });
    let embedding = Embedding { width: embedding, tables, shift: 10, norm: random.norm(embedding, true), projection };
    // The dense layers that an adapter reads give codes and numbers.
    let dense = |random: &mut Random, half: usize, inputs| match shape.adapter {
        Some(_) if shape.reads[half] == Read::Dense => Linear { wide_shift: -7, ..random.codes_of(hidden, inputs) },
        _ => random.wide(hidden, inputs),
    };
    let layers = (0..shape.layers)
        .map(|_| Layer {
            query: random.codes_of(hidden, hidden),
            key: random.codes_of(hidden, hidden),
            value: random.codes_of(hidden, hidden),
            heads: (0..heads).map(|_| Head { score: random.around(14), context: random.around(15) }).collect(),
            output: dense(&mut random, 0, hidden),
            inner: random.activated(inner, hidden, shape.function),
            outer: dense(&mut random, 1, inner),
        })
        .collect();
    let tasks = (0..shape.tasks)
        .map(|_| {
            let last_codes = shape.classes.is_some() || shape.layers < shape.depth;
            let layers = (0..shape.layers)
                .map(|layer| TaskLayer {
                    spans: shape.spans[..heads].to_vec(),
                    attention: random.half(shape, 0, true),
                    output: random.half(shape, 1, shape.memory.is_some() || last_codes || layer + 1 < shape.layers),
                    memory: shape.memory.map(|of| random.memory(shape, of, last_codes || layer + 1 < shape.layers)),
                })
                .collect();
            let heads = shape.classes.map(|classes| {
                let mut head = || random.head(shape, classes);
                match shape.early {
                    Early::Never => Heads::new(head()),
                    Early::Shared => {
                        let ramp = head();
                        Heads::new(head()).with_shared(ramp, shape.depth)
                    }
                    Early::Own(layers) => {
                        let ramps = layers.iter().map(|&layer| (layer, head())).collect();
                        Heads::new(head()).with_own(ramps, shape.depth)
                    }
                }
            });
            Task { layers, heads }
        })
        .collect();
    Encoder { embedding, layers, depth: shape.depth, tasks, output_fraction_bits: 10 }
}

/// The same encoder with the linear layers of its backbone pruned in blocks along the reduction, all but the
/// keys of a layer.
pub fn pruned(seed: u64, shape: &Shape, sparsity: BlockSparsity) -> Encoder {
    let mut encoder = encoder(seed, shape);
    let prune = |linear: &mut Linear| {
        for block in linear.weight.chunks_mut(linear.inputs).flat_map(|row| row.chunks_mut(sparsity.block())) {
            let kept =
                block.iter().scan(0, |kept, &code| Some(std::mem::replace(kept, *kept + usize::from(code != 0))));
            let over: Vec<bool> = kept.map(|kept| kept >= sparsity.nonzeros()).collect();
            block.iter_mut().zip(over).filter(|(_, over)| *over).for_each(|(code, _)| *code = 0);
        }
    };
    for layer in &mut encoder.layers {
        let Layer { query, value, output, inner, outer, .. } = layer;
        [query, value, output, inner, outer].into_iter().for_each(prune);
    }
    encoder.embedding.projection.iter_mut().for_each(|projection| prune(&mut projection.linear));
    encoder
}

/// Token ids of a sentence.
pub fn ids(seed: u64, tokens: usize) -> Vec<u32> {
    let mut random = Random(Numbers::new(seed));
    (0..tokens).map(|_| random.below(WORDS as u32)).collect()
}
