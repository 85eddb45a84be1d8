//! The whole encoder in the accelerator's integers, written from its equations: no tiles, no passes, no
//! program.
//!
//! ```text
//! x = embed(ids)
//! layer    h = half(x, W_o·attention(x));  x = half(h, W_2·f(W_1·h))
//!          with a memory then x = x + C_V·w(C·x), w a hierarchical softmax
//! half     LN(x + y) of a dense layer's result y;  with an adapter LN(x + y + W_up·f(W_down·v)), v being y, or
//!          x, or LN(x + y)
//! answer   x of the last layer;  with heads W·x of token 0, or W·f(W'·x): of the first off-ramp that is sure
//!          enough, or of the classifier after the last layer
//! ```
//!
//! What programs compute on the [`accelerator`](crate::accelerator) must equal it, bit for bit: a program
//! that differs was compiled wrongly. Rows of a tensor are tokens; codes are AdaptivFloat<8,3>, biases have
//! 32 bits. What other formats of up to 16 bits, wider biases, or a residual stream of codes would cost is
//! asked of the same equations ([`Arithmetic::operand`], [`Norm::residual`]): no accelerator has them.

mod attention;
mod embedding;
mod heads;
mod linear;
mod memory;

pub use attention::{Head, Span};
pub use embedding::{Embedding, Projection, Sequence, Table};
pub use heads::Heads;
pub use linear::{Linear, Results};
pub use memory::SparseMemory;

use crate::{
    Error, Result, accelerator::AcceleratorConfig, elementwise, entropy, layernorm, narrow::Narrowed, requantize,
    softmax::Softmax,
};
use alberti_arith::{Fixed, Format, rhu, saturate};

/// What results depend on beside the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// Width of the accumulator.
    pub accumulator_bits: u32,
    /// The softmax unit.
    pub softmax: Softmax,
    /// Format of codes, of up to 16 bits.
    pub operand: Format,
    /// Shift of probabilities, Q1.15, to their codes.
    pub probability_shift: i32,
}

/// That of AdaptivFloat<8,3> at exponent bias −8.
const PROBABILITY_SHIFT: i32 = 15 - 8;

impl Arithmetic {
    /// That of an accelerator.
    ///
    /// # Errors
    /// When there is no such softmax.
    pub fn for_accelerator(config: &AcceleratorConfig) -> Result<Self> {
        let softmax = Softmax::new(config.softmax_lanes, config.maximum)?;
        let (operand, probability_shift) = (Format::AF8_3, PROBABILITY_SHIFT);
        Ok(Self { accumulator_bits: config.accumulator_bits, softmax, operand, probability_shift })
    }

    /// A row of scores as codes of probabilities.
    fn probabilities(&self, scores: &[i16], mask: &[u8]) -> Result<Vec<u16>> {
        Ok(self.shares(&self.softmax.row(scores, scores.len(), mask)?.probabilities))
    }

    /// Codes of numbers in Q1.15.
    fn shares(&self, numbers: &[u16]) -> Vec<u16> {
        let code = |&p: &u16| alberti_arith::requantize(self.operand, p.into(), self.probability_shift);
        numbers.iter().map(code).collect()
    }
}

/// A layer norm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Norm {
    /// γ of each channel, Q2.14.
    pub gamma: Vec<i16>,
    /// β, Q6.10.
    pub beta: Vec<i16>,
    /// What the codes of each channel are divided by, as a power of two.
    pub shift: Vec<u8>,
    /// Exponent bias of the codes; none where nothing reads codes.
    pub exponent_bias: Option<i32>,
    /// The sum that it takes is rounded to a code of this exponent bias first, as where the residual stream
    /// is codes; none in a accelerator.
    pub residual: Option<i32>,
}

/// A bottleneck beside a half of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// What it reads.
    pub reads: Reads,
    /// To its width, with its activation; gives codes.
    pub down: Linear,
    /// Back, in Q9.7.
    pub up: Linear,
}

/// What an adapter reads of a half of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The dense layer's result.
    Dense,
    /// The input of the half: the residual stream.
    Input,
    /// The sum of both, normalised by the half's own layer norm, as codes of its own scale.
    Norm(Norm),
}

/// The linear layers of an off-ramp or a classifier, one after the other: the last gives logits, those before
/// it codes.
pub type Classifier = Vec<Linear>;

/// What follows a dense layer: adapter, residual sum, layer norm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfLayer {
    /// The adapter.
    pub adapter: Option<Adapter>,
    /// The layer norm.
    pub norm: Norm,
}

/// The frozen weights of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Queries, log2(e)/√d folded in.
    pub query: Linear,
    /// Keys.
    pub key: Linear,
    /// Values.
    pub value: Linear,
    /// Heads, each of as many channels.
    pub heads: Vec<Head>,
    /// Projection of the context, in Q9.7.
    pub output: Linear,
    /// First half of the feed-forward net; gives codes.
    pub inner: Linear,
    /// Second half, in Q9.7.
    pub outer: Linear,
}

/// What a task has of its own in a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLayer {
    /// The span of each head.
    pub spans: Vec<Span>,
    /// After the attention.
    pub attention: HalfLayer,
    /// After the feed-forward net.
    pub output: HalfLayer,
    /// After both.
    pub memory: Option<SparseMemory>,
}

/// What belongs to one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// As many as the encoder has.
    pub layers: Vec<TaskLayer>,
    /// Read token 0 and give logits in Q6.10; without them the last layer's output is the answer.
    pub heads: Option<Heads<Classifier>>,
}

impl Task {
    /// What follows its dense layers.
    pub fn halves(&self) -> impl Iterator<Item = &HalfLayer> {
        self.layers.iter().flat_map(|layer| [&layer.attention, &layer.output])
    }

    /// Its linear layers: adapters, memories, off-ramps and classifier.
    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        let adapters =
            self.halves().filter_map(|half| half.adapter.as_ref()).flat_map(|adapter| [&adapter.down, &adapter.up]);
        let memories = self.layers.iter().filter_map(|layer| layer.memory.as_ref());
        let memories = memories.flat_map(|memory| [&memory.scores, &memory.values]);
        adapters.chain(memories).chain(self.heads.iter().flat_map(Heads::iter).flatten())
    }
}

/// An encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// From token ids to the first layer's input.
    pub embedding: Embedding,
    /// Distinct layers.
    pub layers: Vec<Layer>,
    /// Layers that are passed: layer i is number i modulo the distinct ones.
    pub depth: usize,
    /// Tasks, at least one.
    pub tasks: Vec<Task>,
    /// Fraction bits of the numbers that a task without heads answers with: 10, and fewer where the last layer
    /// norm was made smaller to fit.
    pub output_fraction_bits: i32,
}

/// What the residual stream is between layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// For linear layers; empty where nothing reads them.
    pub codes: Vec<u16>,
    /// Q6.10.
    pub wide: Vec<i16>,
    /// How many numbers of 16 bits saturated on the way, layer norms aside.
    pub saturated: u64,
}

/// What an encoder answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The last layer's output, tokens × channels, of [`Encoder::output_fraction_bits`].
    pub hidden: Vec<i16>,
    /// Logits, Q6.10; empty without heads.
    pub logits: Vec<i16>,
    /// The layer whose off-ramp answers, counted from 1; none where the classifier does.
    pub exit: Option<usize>,
    /// How many numbers of 16 bits saturated: sums, scores, logits. A program counts those of padding as well.
    pub saturated: u64,
}

/// A sentence that passed all layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The layers that have an off-ramp, counted from 1, with its logits.
    pub off_ramps: Vec<(usize, Vec<i16>)>,
    /// The classifier's logits.
    pub logits: Vec<i16>,
    /// How many numbers of 16 bits saturated.
    pub saturated: u64,
}

impl Encoder {
    /// Channels of the residual stream.
    #[must_use]
    pub fn width(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.query.inputs)
    }

    /// Tokens of the longest sequence.
    #[must_use]
    pub fn positions(&self) -> usize {
        let [_, positions, _] = &self.embedding.tables;
        positions.codes.len() / self.embedding.width.max(1)
    }

    /// The frozen linear layers, which all tasks share.
    pub fn frozen(&self) -> impl Iterator<Item = &Linear> {
        let layers = self.layers.iter().flat_map(|l| [&l.query, &l.key, &l.value, &l.output, &l.inner, &l.outer]);
        layers.chain(self.embedding.projection.as_ref().map(|projection| &projection.linear))
    }

    /// All linear layers, those of every task among them.
    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.frozen().chain(self.tasks.iter().flat_map(Task::linears))
    }

    /// Runs a task on tokens; `threshold` is that of off-ramps (entropy in bits, Q6.10).
    ///
    /// # Errors
    /// When an id is past its table, or parts do not belong together.
    pub fn run<'a>(
        &self,
        arithmetic: &Arithmetic,
        task: &Task,
        sequence: impl Into<Sequence<'a>>,
        threshold: u16,
    ) -> Result<Answer> {
        let mut exit = None;
        let decide = |depth: usize, logits: &[i16]| -> Result<bool> {
            exit = entropy::decide(logits, threshold)?.exit.then_some(depth);
            Ok(exit.is_some())
        };
        let (Stream { wide, saturated, .. }, logits) = self.layers(arithmetic, task, sequence.into(), decide)?;
        Ok(Answer { hidden: wide, logits, exit, saturated })
    }

    /// Runs a task to its last layer.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn off_ramps<'a>(
        &self,
        arithmetic: &Arithmetic,
        task: &Task,
        sequence: impl Into<Sequence<'a>>,
    ) -> Result<Pass> {
        let mut ramps = Vec::new();
        let collect = |layer: usize, logits: &[i16]| -> Result<bool> {
            ramps.push((layer, logits.to_vec()));
            Ok(false)
        };
        let (Stream { saturated, .. }, logits) = self.layers(arithmetic, task, sequence.into(), collect)?;
        Ok(Pass { off_ramps: ramps, logits, saturated })
    }

    /// The last output, and logits; `ends` is asked after each layer with an off-ramp, counted from 1, with
    /// its logits.
    fn layers(
        &self,
        arithmetic: &Arithmetic,
        task: &Task,
        sequence: Sequence,
        mut ends: impl FnMut(usize, &[i16]) -> Result<bool>,
    ) -> Result<(Stream, Vec<i16>)> {
        if task.layers.len() != self.layers.len() || self.layers.is_empty() {
            return Err(Error::new(format!("a task of {} layers for {}", task.layers.len(), self.layers.len())));
        }
        let mut x = self.embedding.run(arithmetic, sequence)?;
        for depth in 0..self.depth {
            let index = depth % self.layers.len();
            let before = x.saturated;
            x = self.layers[index].run(arithmetic, &task.layers[index], &x)?;
            x.saturated += before;
            if let Some(ramp) = task.heads.as_ref().and_then(|heads| heads.off_ramp(depth + 1)) {
                let Results { wide: logits, saturated, .. } = classify(arithmetic, ramp, &x.codes)?;
                x.saturated += saturated;
                if ends(depth + 1, &logits)? {
                    return Ok((x, logits));
                }
            }
        }
        let logits = match &task.heads {
            Some(heads) => {
                let results = classify(arithmetic, heads.classifier(), &x.codes)?;
                x.saturated += results.saturated;
                results.wide
            }
            None => Vec::new(),
        };
        Ok((x, logits))
    }
}

/// Logits of token 0.
fn classify(arithmetic: &Arithmetic, classifier: &[Linear], codes: &[u16]) -> Result<Results> {
    let (last, before) = classifier.split_last().ok_or_else(|| Error::new("a classifier without layers"))?;
    let inputs = before.first().unwrap_or(last).inputs;
    let token = codes.get(..inputs).ok_or_else(|| Error::new("no codes are left of the last layer norm"))?;
    let codes = before.iter().try_fold(token.to_vec(), |x, layer| Ok(layer.run(arithmetic, &x)?.codes))?;
    last.run(arithmetic, &codes)
}

impl Layer {
    /// What saturated in it alone is counted.
    fn run(&self, arithmetic: &Arithmetic, task: &TaskLayer, x: &Stream) -> Result<Stream> {
        let (context, scores) = self.context(arithmetic, &task.spans, &x.codes)?;
        let h = task.attention.run(arithmetic, x, self.output.run(arithmetic, &context)?)?;
        let inner = self.inner.run(arithmetic, &h.codes)?;
        let mut output = task.output.run(arithmetic, &h, self.outer.run(arithmetic, &inner.codes)?)?;
        output.saturated += h.saturated + scores;
        match &task.memory {
            Some(memory) => memory.run(arithmetic, &output),
            None => Ok(output),
        }
    }
}

impl HalfLayer {
    fn run(&self, arithmetic: &Arithmetic, x: &Stream, dense: Results) -> Result<Stream> {
        let Results { codes, wide, saturated } = dense;
        let mut sum = Sum { numbers: wide, saturated };
        match &self.adapter {
            // It reads the sum, and is added to it.
            Some(adapter @ Adapter { reads: Reads::Norm(norm), .. }) => {
                sum.add(&x.wide, STREAM_SHIFT)?;
                let normalised = norm.run(arithmetic, &sum.numbers)?;
                sum.adapt(arithmetic, adapter, &normalised.codes)?;
            }
            Some(adapter) => {
                sum.adapt(arithmetic, adapter, if adapter.reads == Reads::Input { &x.codes } else { &codes })?;
                sum.add(&x.wide, STREAM_SHIFT)?;
            }
            None => sum.add(&x.wide, STREAM_SHIFT)?,
        }
        let mut stream = self.norm.run(arithmetic, &sum.numbers)?;
        stream.saturated += sum.saturated;
        Ok(stream)
    }
}

/// What a layer norm is to take, in Q9.7.
struct Sum {
    numbers: Vec<i16>,
    /// How many numbers saturated on the way.
    saturated: u64,
}

impl Sum {
    fn add(&mut self, numbers: &[i16], shift: i32) -> Result<()> {
        let Narrowed { numbers, saturated } = add(numbers, shift, &self.numbers)?;
        self.numbers = numbers;
        self.saturated += saturated;
        Ok(())
    }

    /// Adds what an adapter makes of codes.
    fn adapt(&mut self, arithmetic: &Arithmetic, adapter: &Adapter, codes: &[u16]) -> Result<()> {
        let up = adapter.up.run(arithmetic, &adapter.down.run(arithmetic, codes)?.codes)?;
        self.saturated += up.saturated;
        self.add(&up.wide, 0)
    }
}

/// Fraction bits of the residual stream.
const STREAM: i32 = 10;
/// Fraction bits of what is added to it.
const SUM: i32 = 7;

/// From one to the other.
pub const STREAM_SHIFT: i32 = STREAM - SUM;

fn add(a: &[i16], shift: i32, b: &[i16]) -> Result<Narrowed> {
    let format = Format::Fixed(Fixed::new(16, 0).expect("16 bits are a format"));
    let bits = |numbers: &[i16]| -> Vec<u16> { numbers.iter().map(|&x| x as u16).collect() };
    let (a, b) = (bits(a), bits(b));
    elementwise::add_counted(
        elementwise::Operand { format, codes: &a, shift },
        elementwise::Operand { format, codes: &b, shift: 0 },
    )
}

impl Norm {
    /// Normalises rows in Q9.7, or in any other point: it does not see a factor.
    pub(super) fn run(&self, arithmetic: &Arithmetic, rows: &[i16]) -> Result<Stream> {
        self.rows(arithmetic, rows, false)
    }

    /// Takes rows in Q6.10 as they are.
    pub(super) fn plain(&self, arithmetic: &Arithmetic, rows: &[i16]) -> Result<Stream> {
        self.rows(arithmetic, rows, true)
    }

    fn rows(&self, arithmetic: &Arithmetic, rows: &[i16], plain: bool) -> Result<Stream> {
        let bias = self.exponent_bias.unwrap_or_default();
        let unit = layernorm::LayerNorm::new(self.gamma.clone(), self.beta.clone(), &self.shift, bias)?;
        let mut stream = Stream { codes: Vec::new(), wide: Vec::with_capacity(rows.len()), saturated: 0 };
        for row in rows.chunks(self.gamma.len()) {
            let row = match self.residual {
                _ if plain => unit.plain(row)?,
                Some(bias) => unit.row(&row.iter().map(|&sum| arithmetic.rounded(sum, bias)).collect::<Vec<_>>())?,
                None => unit.row(row)?,
            };
            if self.exponent_bias.is_some() && arithmetic.operand == Format::AF8_3 {
                stream.codes.extend(row.codes);
            } else if self.exponent_bias.is_some() {
                let numbers: Vec<i64> = row.wide.iter().map(|&z| z.into()).collect();
                let shifts: Vec<i32> = self.shift.iter().map(|&k| STREAM + i32::from(k) + bias).collect();
                stream.codes.extend(requantize::row(arithmetic.operand, &numbers, &shifts)?);
            }
            stream.wide.extend(row.wide);
        }
        Ok(stream)
    }
}

impl Arithmetic {
    /// A sum in Q9.7 that was a code between.
    fn rounded(&self, sum: i16, bias: i32) -> i16 {
        let code = alberti_arith::requantize(self.operand, sum.into(), SUM + bias);
        let lowest = match self.operand {
            Format::AdaptivFloat(f) => bias - f.mantissa_bits() as i32,
            Format::Fixed(_) => bias,
        };
        saturate(rhu(self.operand.significand(code), -(lowest + SUM)), 16) as i16
    }
}
