//! `gemm`: products of the array, job by job.

use super::{
    AcceleratorConfig, CODE, Execution, Interpreter, RowAddress, Steps, Work, address,
    memory::{MaskWords, Memories},
};
use crate::{Pointer, activation, bitmask_decoder::expand, block_select, narrow::Narrowed, products::dot, requantize};
use alberti_arith::{Activation, rhu, wrap};
use alberti_isa::{Fault, Gemm, Memory, Source};
use std::collections::{HashMap, hash_map::Entry};

/// A record as an instruction reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Record {
    word: u32,
    masks: u32,
    /// Whether it is of two passes, in blocks.
    block: bool,
}

/// Weight tiles that were decoded, and the row of values that the decoder has begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Tiles {
    decoded: HashMap<Record, Tile>,
    kept: Option<usize>,
}

/// n × n integers, or n × 2n in blocks, item by item, and where they come from.
#[derive(Clone, Debug)]
struct Tile {
    integers: Vec<i16>,
    misplaced: u64,
    mask_errors: u64,
    corrected: u64,
    detected: u64,
    items: Vec<Stored>,
}

/// An item's values: where the first lies, how many there are, and whether that is elsewhere than after those
/// before.
#[derive(Clone, Copy, Debug)]
struct Stored {
    first: Pointer,
    values: usize,
    apart: bool,
}

impl Tiles {
    /// The row that was begun is to be read anew.
    pub(super) fn forget(&mut self) {
        self.kept = None;
    }
}

impl Tile {
    /// Decodes a record.
    fn decode(config: &AcceleratorConfig, memories: &Memories, record: Record) -> Work<Self> {
        let (n, layout) = (config.n, config.layout()?);
        let MaskWords { words, corrected, detected } =
            memories.mask_words(record.word as usize, 1 + record.masks as usize)?;
        let words = layout.items(&words, 0, record.masks as usize)?;
        let width = if record.block { 2 * n } else { n };
        let (integers, items) = (vec![0; n * width], Vec::with_capacity(n));
        let mut tile = Self { integers, misplaced: 0, mask_errors: 0, corrected, detected, items };
        for (item, integers) in words.items.iter().zip(tile.integers.chunks_exact_mut(width)) {
            // The values of a block item have no gaps: multiplier m has the m-th.
            let mask = if item.word.block { u64::MAX >> (64 - n) } else { item.word.mask as u64 };
            let (first, count) = (layout.place(words.pointer, item.position), mask.count_ones() as usize);
            let apart = tile.items.is_empty() || item.misplaced;
            tile.items.push(Stored { first, values: count, apart });
            tile.misplaced += u64::from(item.misplaced);
            let codes = expand(mask, n, &memories.values.read(first, count));
            let weights = codes.iter().map(|&code| CODE.significand(code) as i16).enumerate();
            match config.sparsity.filter(|_| record.block) {
                None => weights.for_each(|(position, weight)| integers[position] = weight),
                Some(sparsity) => {
                    let selection = block_select::select_lane(sparsity, n, item.word.mask)?;
                    tile.mask_errors += u64::from(selection.errors.contains(&true));
                    for (multiplier, weight) in weights {
                        if let Some(select) = selection.selects[multiplier] {
                            integers[sparsity.input(multiplier, select)] = weight;
                        }
                    }
                }
            }
        }
        Ok(tile)
    }

    /// How often the decoder reads a row of n values, of so many rows: when the first value of it is needed,
    /// or values begin inside one that is not kept.
    fn rows(&self, n: usize, rows: usize, kept: &mut Option<usize>) -> usize {
        let mut count = 0;
        for &Stored { first: Pointer { row, lane }, values, apart } in &self.items {
            let begun = lane > 0;
            let before = begun && apart && *kept != Some(row);
            let fresh = if begun { lane + values > n } else { values > 0 };
            count += usize::from(before) + usize::from(fresh);
            if fresh {
                *kept = Some((row + usize::from(begun)) % rows);
            } else if before {
                *kept = Some(row);
            }
        }
        count
    }
}

/// Biases and shifts of a job's columns.
struct Columns {
    bias: Vec<i64>,
    shift: Vec<i32>,
}

impl Execution<'_> {
    pub(super) fn gemm(&mut self, gemm: Gemm) -> Work {
        let config = &self.accelerator.config;
        let (n, zero_skip) = (config.n, config.zero_skip);
        let function = config.activation.at(gemm.function).ok_or(Fault::Instruction)?;
        let (rows, passes, columns) = (gemm.rows.get(), gemm.passes.get(), gemm.columns.get());
        self.limit(rows, config.accumulator_rows)?;
        self.limit(passes, config.passes_max)?;
        self.limit(gemm.masks.get(), n)?;
        if gemm.blocks && (config.sparsity.is_none() || gemm.source != Source::Records) {
            return Err(Fault::Instruction.into());
        }
        let tiles = if gemm.blocks { passes.div_ceil(2) } else { passes };

        let (stream, zeros) = self.stream(&gemm)?;
        self.counters.vectors += (rows * tiles * columns) as u64;
        self.counters.read(Memory::Activation, rows * passes * columns);
        self.counters.held += if zero_skip { zeros * columns as u64 } else { 0 };
        let reduction = passes * n;
        let mut weights = vec![0i16; n * reduction];
        for column in 0..columns as u32 {
            let job = self.columns(address(gemm.parameter_base, [(column, gemm.parameter_column)]))?;
            for tile in 0..tiles as u32 {
                let pass = if gemm.blocks { 2 * tile } else { tile } as usize;
                let block = gemm.blocks && pass + 1 < passes;
                self.tile(&gemm, column, tile, block, |lane, position, weight| {
                    weights[lane * reduction + pass * n + position] = weight;
                })?;
            }
            for (row, vector) in stream.chunks_exact(reduction).enumerate() {
                let sums: Vec<i64> = (weights.chunks_exact(reduction).zip(&job.bias))
                    .map(|(lane, &bias)| wrap(bias + dot(vector, lane), self.accelerator.config.accumulator_bits))
                    .collect();
                let steps = [(column, gemm.result_column), (row as u32, gemm.result_row)];
                self.result(&gemm, function, &sums, &job.shift, steps)?;
            }
        }
        Ok(())
    }

    /// The vectors as integers, row after row, and of how many the array sees zeros alone: those of a block
    /// tile come in pairs.
    fn stream(&mut self, gemm: &Gemm) -> Work<(Vec<i16>, u64)> {
        let n = self.accelerator.config.n;
        let mut vectors = Vec::with_capacity(gemm.rows.get() * gemm.passes.get() * n);
        let together = if gemm.blocks { 2 * n } else { n };
        let mut zeros = 0;
        for row in 0..gemm.rows.0 {
            let begin = vectors.len();
            for pass in 0..gemm.passes.0 {
                let at = address(gemm.stream_base, [(pass, gemm.stream_pass), (row, gemm.stream_row)]);
                let codes = self.accelerator.memories.read_codes(self.order, at)?;
                vectors.extend(codes.iter().map(|&code| CODE.significand(code.into()) as i16));
            }
            let is_zero = |vector: &&[i16]| vector.iter().all(|&integer| integer == 0);
            zeros += vectors[begin..].chunks(together).filter(is_zero).count() as u64;
        }
        Ok((vectors, zeros))
    }

    /// Bias and shift of the columns of a job.
    fn columns(&mut self, row: u32) -> Work<Columns> {
        self.counters.read(Memory::Parameter, 1);
        let parameters = self.accelerator.memories.read_parameters(self.order, row)?;
        let bias = parameters.iter().map(|p| i32::from_le_bytes([p[0], p[1], p[2], p[3]]).into()).collect();
        let shift = parameters.iter().map(|p| i32::from((p[4] << 1) as i8 >> 1)).collect();
        Ok(Columns { bias, shift })
    }

    /// Gives the weights of a tile: lane, position, integer. A tile of blocks has 2n positions.
    fn tile(
        &mut self,
        gemm: &Gemm,
        column: u32,
        tile: u32,
        block: bool,
        mut put: impl FnMut(usize, usize, i16),
    ) -> Work {
        let n = self.accelerator.config.n;
        let base = address(gemm.stationary_base, [(column, gemm.stationary_column), (tile, gemm.stationary_pass)]);
        match gemm.source {
            Source::Records => {
                let width = if block { 2 * n } else { n };
                let record = self.record(Record { word: base, masks: n as u32, block })?;
                for (i, &weight) in record.iter().enumerate() {
                    put(i / width, i % width, weight);
                }
            }
            Source::Listed => {
                let word = address(gemm.list_base, [(column, gemm.passes.0), (tile, 1)]);
                self.counters.read(Memory::Index, 1);
                let listed = self.accelerator.memories.read_index(self.order, word)?;
                let word = address(gemm.stationary_base, [(listed, 1)]);
                let record = self.record(Record { word, masks: gemm.masks.0, block: false })?;
                for (i, &weight) in record.iter().enumerate() {
                    put(i % n, i / n, weight);
                }
            }
            Source::Rows | Source::Columns => {
                self.counters.read(Memory::Activation, n);
                for item in 0..n {
                    let at = address(base, [(item as u32, gemm.stationary_lane)]);
                    for (element, &code) in self.accelerator.memories.read_codes(self.order, at)?.iter().enumerate() {
                        let (lane, position) =
                            if gemm.source == Source::Rows { (item, element) } else { (element, item) };
                        put(lane, position, CODE.significand(code.into()) as i16);
                    }
                }
            }
        }
        Ok(())
    }

    /// The integers of a record, item by item; those of items that it has not are zero.
    fn record(&mut self, record: Record) -> Work<&[i16]> {
        let Interpreter { config, memories, tiles } = &mut *self.accelerator;
        let tile = match tiles.decoded.entry(record) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Tile::decode(config, memories, record)?),
        };
        self.counters.misplaced += tile.misplaced;
        self.counters.mask_errors += tile.mask_errors;
        self.counters.corrected += tile.corrected;
        self.counters.detected += tile.detected;
        self.counters.read(Memory::WeightMasks, 1 + record.masks as usize);
        self.counters.read(Memory::WeightValues, tile.rows(config.n, config.value_rows, &mut tiles.kept));
        Ok(&tile.integers)
    }

    /// A row of sums goes to the memories.
    fn result(&mut self, gemm: &Gemm, function: Activation, sums: &[i64], shift: &[i32], steps: Steps) -> Work {
        let row =
            activation::row(function, self.accelerator.config.accumulator_bits, sums, shift, gemm.activation_shift)?;
        if gemm.code {
            let codes: Vec<u8> =
                requantize::row(CODE, &row.sums, &row.shifts)?.iter().map(|&code| code as u8).collect();
            let at = address(gemm.result_base, steps);
            self.accelerator.memories.write_codes(self.order, at, &codes)?;
            self.wrote(RowAddress { memory: Memory::Activation, row: at });
        }
        if gemm.wide {
            let number = |(&sum, &shift): (&i64, &i32)| rhu(sum, (shift + gemm.wide_shift).clamp(-64, 63));
            let Narrowed { numbers, saturated } = row.sums.iter().zip(&row.shifts).map(number).collect();
            self.counters.saturated += saturated;
            let at = address(gemm.wide_base, steps);
            self.put_numbers(at, &numbers)?;
        }
        Ok(())
    }
}
