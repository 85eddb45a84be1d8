//! The program of a task for sentences of so many tokens.

use super::{
    Compiled,
    allocate::{Allocator, Region, Use},
    bundle::row_bytes,
    emit::{Chunk, Emitter, chunks},
    problems::Problems,
    quantised::STREAM,
    waits,
    window::ISSUE,
};
use alberti_golden::{
    accelerator::AcceleratorConfig,
    encoder::{Classifier, Heads, Linear, Sequence},
};
use alberti_isa::{BYTES, Base, Count, End, Exit, Halt, Load, Memory, Operation, Program, Repeat, Store};
use serde::Serialize;

/// A program with what software must know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The instructions.
    pub program: Program,
    /// Tokens that it is for.
    pub tokens: usize,
    /// These, padded to whole tiles.
    pub padded: usize,
    /// First token and number of tokens of each chunk: its tensors lie one chunk after the other, each tile
    /// by tile.
    pub chunks: Vec<(usize, usize)>,
    /// Where it stores what, from `data_base` on.
    pub output: Output,
    /// Bytes from `data_base` on that it reads and writes.
    pub data_bytes: usize,
    /// Tensors in the activation memory.
    pub activation: Vec<Use>,
    /// Tensors in the wide memory.
    pub wide: Vec<Use>,
}

/// What a program stores: rows of n numbers in Q6.10, each of whole beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    /// From `data_base` on.
    pub offset: usize,
    /// The last layer's output, chunk by chunk and tile by tile, or else logits of token 0.
    pub is_hidden: bool,
    /// Rows.
    pub rows: usize,
    /// Bytes of each.
    pub row_bytes: usize,
    /// Fraction bits of its numbers.
    pub fraction_bits: i32,
}

/// Bits of an index word.
const INDEX_BITS: usize = 32;

impl Compiled {
    /// What a program reads from `data_base` on: the rows of tables for each token, padding being the tables'
    /// first.
    #[must_use]
    pub fn input<'a>(&self, sequence: impl Into<Sequence<'a>>) -> Vec<u8> {
        let sequence = sequence.into();
        let beat = row_bytes(&self.config, INDEX_BITS);
        let weights = &self.plan.weights;
        let mut bytes = Vec::new();
        let padded = sequence.len().next_multiple_of(self.config.n);
        for rows in sequence.rows().chain(std::iter::repeat([0; 3])).take(padded) {
            for (table, row) in weights.tables.iter().zip(rows) {
                bytes.extend((table + (row * weights.row_words) as u32).to_le_bytes());
                bytes.resize(bytes.len().next_multiple_of(beat), 0);
            }
        }
        bytes
    }

    /// Emits the program, and notes what the accelerator lacks for it.
    pub(super) fn emit(&self, task: usize, count: usize, problems: &mut Problems) -> Sentence {
        let (config, plan) = (&self.config, &self.plan);
        let n = config.n;
        let tokens = count.next_multiple_of(n);
        let chunks = chunks(tokens as u32, n as u32, config.accumulator_rows as u32);
        // Where the program memory holds no more of them, windows that save least are not made.
        let mut price = ISSUE;
        let (emitter, output) = loop {
            let (emitter, output) = self.operations((task, count), &chunks, price);
            if emitter.operations.len() <= config.program_instructions || emitter.further == 0 {
                break (emitter, output);
            }
            price *= 2;
        };
        let Emitter { activation, wide, operations, .. } = emitter;
        let program = Program { instructions: waits::schedule(&operations, n) };
        let words = self.index_words(tokens);
        problems.demand("accelerator.index.words", words, config.index_words);
        problems.demand("accelerator.wide.values", wide.peak() as usize * n, config.wide_rows * n);
        let rows = activation.peak() as usize + plan.dense.rows as usize;
        problems.demand("memories.activation.values", rows * n, config.activation_rows * n);
        let instructions = program.instructions.len();
        problems.demand("accelerator.program.instructions", instructions, config.program_instructions);
        if let Err(defects) = program.check() {
            let field = "a step between rows is longer than its field: the tensor is too large for one instruction";
            problems.push(format!(
                "{} instructions cannot be written, the first is {}: {field}",
                defects.len(),
                defects[0]
            ));
        }
        let data_bytes = output.offset + output.rows * output.row_bytes;
        let chunks = chunks.iter().map(|&Chunk { start, rows }| (start as usize, rows as usize)).collect();
        Sentence {
            program,
            tokens: count,
            padded: tokens,
            chunks,
            output,
            data_bytes,
            activation: activation.uses,
            wide: wide.uses,
        }
    }

    /// Words of a sentence's rows of the tables.
    pub(super) fn index_words(&self, tokens: usize) -> usize {
        self.plan.weights.tables.len() * tokens
    }

    /// The instructions, when one more in attention must save so many cycles.
    fn operations<'a>(
        &'a self,
        (task, count): (usize, usize),
        chunks: &'a [Chunk],
        price: u64,
    ) -> (Emitter<'a>, Output) {
        let (config, plan, encoder) = (&self.config, &self.plan, &self.encoder);
        let tokens = count.next_multiple_of(config.n);
        let mut emitter = Emitter {
            config,
            encoder,
            plan,
            task: &encoder.tasks[task],
            task_plan: &plan.tasks[task],
            count,
            tokens: tokens as u32,
            chunks,
            price,
            further: 0,
            activation: Allocator::default(),
            wide: Allocator::default(),
            operations: Vec::new(),
        };
        emitter.activation.take("identity", plan.identity.rows, 0);
        let words = self.index_words(tokens);
        emitter.push(Load {
            memory: Memory::Index,
            base: Base::Data,
            row: 0,
            rows: Count(words as u32),
            address_offset: 0,
        });
        let output = emitter.body((words * row_bytes(config, INDEX_BITS)) as u32);
        emitter.push(Halt {});
        (emitter, output)
    }
}

impl Sentence {
    /// Bytes of the program.
    #[must_use]
    pub fn program_bytes(&self) -> usize {
        self.program.instructions.len() * BYTES
    }
}

impl Emitter<'_> {
    /// Everything between the loading of the list and the end.
    fn body(&mut self, offset: u32) -> Output {
        let (encoder, heads) = (self.encoder, self.task.heads.as_ref());
        let mut x = self.embedding();
        let logits = heads.and_then(classes).map(|classes| {
            let rows = classes.div_ceil(self.config.n) as u32;
            self.wide.take("logits", rows, self.operations.len())
        });
        let mut done = 0;
        while done < encoder.depth {
            let (before, body, layer) = (x, self.operations.len(), done + 1);
            x = self.layer(done % encoder.layers.len(), x, |emitter, codes| {
                emitter.off_ramp(layer, codes, logits, offset);
            });
            done += 1;
            // Where all layers have the same weights, and the result lies where the input lay, a loop does
            // those that the same off-ramp follows, or none.
            let alike = |next: &usize| heads.is_none_or(|heads| heads.same_after(layer, *next));
            let more = (layer + 1..=encoder.depth).take_while(alike).count();
            if encoder.layers.len() == 1 && more > 0 && x == before {
                self.operations.insert(body, Repeat { count: Count(1 + more as u32) }.into());
                self.push(End {});
                done += more;
            }
        }
        if let (Some(heads), Some(dense), Some(codes), Some(logits)) = (heads, &self.task_plan.heads, x.codes, logits) {
            self.logits(heads.classifier(), dense.classifier(), codes, logits);
            self.store(logits, offset);
        }
        let stored = logits.unwrap_or(x.wide);
        if logits.is_none() {
            self.store(stored, offset);
        }
        Output {
            offset: offset as usize,
            is_hidden: logits.is_none(),
            rows: stored.rows as usize,
            row_bytes: row_bytes(self.config, 16 * self.config.n),
            fraction_bits: if logits.is_none() { encoder.output_fraction_bits } else { STREAM },
        }
    }

    /// Logits after a layer, counted from 1: they are stored before the program may end with them.
    fn off_ramp(&mut self, layer: usize, codes: Region, logits: Option<Region>, offset: u32) {
        let ramp = self.task.heads.as_ref().and_then(|heads| heads.off_ramp(layer));
        let dense = self.task_plan.heads.as_ref().and_then(|heads| heads.off_ramp(layer));
        if let (Some(ramp), Some(dense), Some(logits)) = (ramp, dense, logits) {
            self.logits(ramp, dense, codes, logits);
            self.store(logits, offset);
            let classes = Count(outputs(ramp) as u32);
            self.push(Exit { classes, layer: layer as u32, source_base: logits.base, source_tile: 1 });
        }
    }

    fn store(&mut self, region: Region, offset: u32) {
        let (row, rows) = (region.base, Count(region.rows));
        let store = Store { memory: Memory::Wide, base: Base::Data, row, rows, address_offset: offset };
        self.push(Operation::Store(store));
    }
}

/// Classes of a classifier.
pub(super) fn outputs(classifier: &[Linear]) -> usize {
    classifier.last().map_or(0, Linear::outputs)
}

/// The most classes of any head.
fn classes(heads: &Heads<Classifier>) -> Option<usize> {
    heads.iter().map(|classifier| outputs(classifier)).max()
}

/// The rows of an output.
pub(super) fn unpack(config: &AcceleratorConfig, output: Output, bytes: &[u8]) -> Vec<Vec<i16>> {
    let rows = bytes[output.offset..].chunks_exact(output.row_bytes).take(output.rows);
    let number = |bytes: &[u8]| i16::from_le_bytes([bytes[0], bytes[1]]);
    rows.map(|row| row.chunks_exact(2).take(config.n).map(number).collect()).collect()
}
