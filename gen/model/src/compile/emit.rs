//! Instructions, one after the other, and the rows that tensors take while they run.
//!
//! Tokens are padded to whole tiles and go through the layers in chunks: while other units work on one, the
//! array has the next. A chunk of a tensor lies tile by tile, and chunks follow each other: token t of tile
//! i, of a chunk of r tokens from token s on, is row `base + s·tiles + i·r + t − s`. What attention reads
//! across chunks (queries, keys, values, scores, probabilities) lies as one chunk of all tokens.

use super::{
    allocate::{Allocator, Region},
    plan::{Dense, Plan, Product, TaskPlan},
};
use alberti_arith::Domain;
use alberti_golden::{
    accelerator::AcceleratorConfig,
    encoder::{Encoder, Linear, Norm, STREAM_SHIFT, Task},
};
use alberti_isa::{Count, Elementwise, Gemm, Layernorm, Operation, Source};

/// A program on its way.
pub(super) struct Emitter<'a> {
    pub config: &'a AcceleratorConfig,
    pub encoder: &'a Encoder,
    pub plan: &'a Plan,
    pub task: &'a Task,
    pub task_plan: &'a TaskPlan,
    /// Tokens of the sentence.
    pub count: usize,
    /// These, padded to whole tiles.
    pub tokens: u32,
    pub chunks: &'a [Chunk],
    /// Cycles that an instruction more must save in attention.
    pub price: u64,
    /// Instructions that attention has for that.
    pub further: usize,
    pub activation: Allocator,
    pub wide: Allocator,
    pub operations: Vec<Operation>,
}

/// Tokens that go through the layers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The first.
    pub start: u32,
    /// How many.
    pub rows: u32,
}

/// Tokens of a tensor: row `base + tile·step + token`.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub base: u32,
    /// From a tile to the next.
    pub tile: u32,
    pub rows: u32,
}

/// Where results go.
#[derive(Clone, Copy)]
pub(super) struct Destination {
    pub code: Option<Rows>,
    pub wide: Option<Rows>,
}

impl Destination {
    pub fn codes(rows: Rows) -> Self {
        Self { code: Some(rows), wide: None }
    }

    pub fn wide(rows: Rows) -> Self {
        Self { code: None, wide: Some(rows) }
    }
}

impl Region {
    /// A chunk of a tensor that lies in chunks.
    pub fn chunk(self, tiles: usize, Chunk { start, rows }: Chunk) -> Rows {
        Rows { base: self.base + tiles as u32 * start, tile: rows, rows }
    }

    /// The tokens of a chunk in a tensor that does not.
    pub fn tokens(self, tokens: u32, Chunk { start, rows }: Chunk) -> Rows {
        Rows { base: self.base + start, tile: tokens, rows }
    }
}

/// Tokens in chunks: two, so that the array has one while other units have the other, and none longer than
/// the accumulator. Sentences of few tiles are one: each chunk must hide the loading of a weight tile.
pub(super) fn chunks(tokens: u32, n: u32, accumulator_rows: u32) -> Vec<Chunk> {
    let half = if tokens >= 4 * n { tokens.div_ceil(2).next_multiple_of(n) } else { tokens };
    let most = half.min(accumulator_rows);
    (0..tokens).step_by(most as usize).map(|start| Chunk { start, rows: most.min(tokens - start) }).collect()
}

/// A gemm without operands or results.
pub(super) const BLANK: Gemm = Gemm { stream_row: 1, result_row: 1, ..Gemm::LEAST };

impl<'a> Emitter<'a> {
    pub fn push(&mut self, operation: impl Into<Operation>) {
        self.operations.push(operation.into());
    }

    /// Rows of codes, one for each token and tile.
    pub fn codes(&mut self, name: impl Into<String>, tiles: usize) -> Region {
        self.activation.take(name, tiles as u32 * self.tokens, self.operations.len())
    }

    /// Rows of numbers, one for each token and tile.
    pub fn numbers(&mut self, name: impl Into<String>, tiles: usize) -> Region {
        self.wide.take(name, tiles as u32 * self.tokens, self.operations.len())
    }

    pub fn free_codes(&mut self, region: Region) {
        self.activation.free(region, self.operations.len());
    }

    pub fn free_numbers(&mut self, region: Region) {
        self.wide.free(region, self.operations.len());
    }

    /// A product of any sources, in runs of as many vectors as the accumulator has rows.
    pub fn gemm(&mut self, gemm: Gemm) {
        let (rows, most) = (gemm.rows.0, self.config.accumulator_rows as u32);
        for first in (0..rows).step_by(most as usize) {
            self.push(Gemm {
                rows: Count(most.min(rows - first)),
                stream_base: gemm.stream_base + first * gemm.stream_row,
                result_base: gemm.result_base + first * gemm.result_row * u32::from(gemm.code),
                wide_base: gemm.wide_base + first * gemm.result_row * u32::from(gemm.wide),
                ..gemm
            });
        }
    }

    /// A linear layer, its tiles of outputs from `columns` alone.
    pub fn product(&mut self, product: Product, columns: std::ops::Range<usize>, stream: Rows, target: Destination) {
        let Product { linear, source, place, parameters } = product;
        let item = match source {
            Source::Records => self.config.n as u32 + 1,
            _ => self.config.n as u32,
        };
        let (records, skipped) = (place.records() as u32, columns.start as u32);
        let tile = target.code.or(target.wide).map_or(0, |rows| rows.tile);
        let base = |rows: Option<Rows>| rows.map_or(0, |rows| rows.base + skipped * tile);
        self.gemm(Gemm {
            source,
            code: target.code.is_some(),
            wide: target.wide.is_some(),
            // What the array lacks has been refused before.
            function: self.config.activation.code(linear.function).unwrap_or(0),
            blocks: place.blocks,
            rows: Count(stream.rows),
            passes: Count(place.passes as u32),
            columns: Count(columns.len() as u32),
            masks: Count(self.config.n as u32),
            stream_base: stream.base,
            stream_pass: stream.tile,
            stationary_base: place.base + skipped * records * item,
            stationary_column: records * item,
            stationary_pass: item,
            stationary_lane: u32::from(source == Source::Rows),
            parameter_column: 1,
            parameter_base: parameters + skipped,
            result_base: base(target.code),
            wide_base: base(target.wide),
            result_column: tile,
            activation_shift: match linear.function.domain() {
                Domain::Numbers => linear.activation_shift,
                Domain::Sums => 0,
            },
            wide_shift: if target.wide.is_some() { linear.wide_shift } else { 0 },
            ..BLANK
        });
    }

    /// All outputs of a linear layer.
    pub fn linear(&mut self, product: Product, stream: Rows, target: Destination) {
        self.product(product, 0..product.place.columns, stream, target);
    }

    /// Adds rows in the residual stream's point, or in Q9.7, to a sum of as many tiles in Q9.7.
    pub fn add(&mut self, a: Rows, a_is_stream: bool, sum: Rows, tiles: usize) {
        self.push(Elementwise {
            scale: false,
            a_code: false,
            b_code: false,
            vectors: Count(tiles as u32 * sum.rows),
            a_base: a.base,
            b_base: sum.base,
            result_base: sum.base,
            a_shift: if a_is_stream { STREAM_SHIFT } else { 0 },
            b_shift: 0,
            gain: 0,
        });
    }

    /// Normalises a sum; the norm's parameters lie from `parameters` on.
    pub fn norm(&mut self, norm: &Norm, parameters: u32, sum: Rows, to: Destination) {
        self.rows(norm, parameters, sum, to, false);
    }

    /// Codes of numbers in the residual stream's point.
    pub fn codes_of(&mut self, norm: &Norm, parameters: u32, stream: Rows, codes: Rows) {
        self.rows(norm, parameters, stream, Destination::codes(codes), true);
    }

    fn rows(&mut self, norm: &Norm, parameters: u32, sum: Rows, to: Destination, plain: bool) {
        let step = to.code.or(to.wide).map_or(0, |rows| rows.tile);
        self.push(Layernorm {
            code: to.code.is_some(),
            wide: to.wide.is_some(),
            exponent_bias: norm.exponent_bias.unwrap_or_default(),
            plain,
            rows: Count(sum.rows),
            channels: Count(norm.gamma.len() as u32),
            source_base: sum.base,
            source_tile: sum.tile,
            source_row: 1,
            result_base: to.code.map_or(0, |codes| codes.base),
            result_tile: step,
            result_row: 1,
            wide_base: to.wide.map_or(0, |wide| wide.base),
            parameter_base: parameters,
        });
    }
}

/// A dense layer with its weights in the activation memory.
pub(super) fn dense(linear: &Linear, dense: Dense) -> Product<'_> {
    Product { linear, source: Source::Rows, place: dense.place, parameters: dense.parameters }
}
