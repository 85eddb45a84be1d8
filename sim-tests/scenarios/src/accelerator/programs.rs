//! Random programs, and what the interpreter makes of them.

use super::{outside::Outside, steps::Steps};
use crate::{Error, Result, Subject};
use alberti_arith::Format;
use alberti_golden::{
    Image, Pointer,
    accelerator::{AcceleratorConfig, Counters, End, Interpreter, Registers},
    secded::Code,
    storage::RecordLayout,
};
use alberti_harness::{Rng, axi::Bytes};
use alberti_isa::{
    BYTES, Base, Count, Elementwise, End as EndLoop, Exit, Gemm, Halt, HierarchicalSoftmax, Instruction, Layernorm,
    Load, Memory, Operation, Program, Repeat, Softmax, Source, Store, Unit, Waits,
};

/// Rows of each memory that programs use, or all if there are fewer.
const ROWS: u32 = 192;

/// The same of a program that is repeated in four states.
const FEW_ROWS: u32 = 32;

/// Records that programs use.
const RECORDS: u32 = 12;

/// And how many of them are of blocks, where the array takes such.
const BLOCKS: u32 = 8;

/// Where data lie, counted from the program.
const DATA: u64 = 1 << 20;

/// A program, external memory before and after it, and how it ends.
pub struct Case {
    /// The program.
    pub program: Program,
    /// What software writes.
    pub registers: Registers,
    /// External memory when the program begins.
    pub before: Bytes,
    /// And when it has ended.
    pub after: Bytes,
    /// Its end.
    pub end: End,
    /// What it counts.
    pub counters: Counters,
    /// Bytes that it stores.
    pub stored: u64,
    /// What each instruction writes.
    pub steps: Steps,
}

/// A run of rows of a memory that programs work on.
#[derive(Clone, Copy)]
struct Window {
    memory: Memory,
    first: u32,
    rows: u32,
}

struct Draft<'a> {
    config: &'a AcceleratorConfig,
    windows: Vec<Window>,
    program: Vec<Instruction>,
    bytes: Bytes,
    base: u64,
    offset: u64,
}

const ALL: Waits = {
    let mut waits = Waits::NONE;
    let mut i = 0;
    while i < Unit::ALL.len() {
        waits = waits.and(Unit::ALL[i], 0);
        i += 1;
    }
    waits
};

impl Case {
    /// A program whose first instructions fill the memories (weights as well, if asked) and whose last ones
    /// store them.
    ///
    /// # Errors
    /// When the golden refuses what it was made for.
    pub fn random(
        config: &AcceleratorConfig,
        subject: &Subject,
        interpreter: &mut Interpreter,
        weights: bool,
        rng: &mut Rng,
    ) -> Result<Self> {
        let mut draft = Draft::new(config, windows(config, subject, ROWS), rng);
        draft.fill(weights, rng)?;
        let body = draft.program.len();
        let room = config.program_instructions - body - draft.windows.len() - 1;
        let mut open = false;
        for _ in 0..room.min(14) {
            let operation = draft.operation(rng, &mut open);
            let waits = if rng.chance(0.5) { random_waits(rng) } else { ALL };
            draft.program.push(Instruction { waits, operation });
        }
        if open {
            draft.program.push(Instruction { waits: ALL, operation: EndLoop {}.into() });
        }
        draft.store();
        draft.settle(interpreter, rng)
    }
}

impl Case {
    /// A program of every kind of instruction, `gemm` from every source, on a few rows. It comes to its end.
    ///
    /// # Errors
    /// When the golden refuses what it was made for.
    pub fn every_instruction(
        config: &AcceleratorConfig,
        subject: &Subject,
        interpreter: &mut Interpreter,
        rng: &mut Rng,
    ) -> Result<Self> {
        // What no order allows is left out of a program: another is drawn.
        loop {
            let mut draft = Draft::new(config, windows(config, subject, FEW_ROWS), rng);
            draft.fill(true, rng)?;
            for &source in Source::ALL {
                draft.push_drawn(rng, |draft, rng| draft.gemm(rng).filter(|gemm| gemm.source == source));
            }
            draft.push_drawn(rng, Draft::softmax);
            if config.hierarchy_max.is_some() {
                draft.push_drawn(rng, Draft::hierarchical_softmax);
            }
            draft.push_drawn(rng, Draft::layernorm);
            draft.push_drawn(rng, |_, _| Some(Repeat { count: Count(2) }));
            draft.push_drawn(rng, Draft::elementwise);
            draft.push_drawn(rng, Draft::exit);
            draft.push_drawn(rng, |_, _| Some(EndLoop {}));
            draft.store();
            let drawn = draft.program.len();
            let mut trial = interpreter.clone();
            let case = draft.run(&mut trial, 0)?;
            if case.program.instructions.len() == drawn {
                *interpreter = trial;
                return Ok(case);
            }
        }
    }

    /// A loop that makes two logits three times as large in each iteration, until their entropy is low
    /// enough.
    ///
    /// # Errors
    /// When the golden refuses it.
    pub fn growing(config: &AcceleratorConfig, interpreter: &mut Interpreter, rng: &mut Rng) -> Result<Self> {
        let layer = 1 + rng.below(20) as u32;
        let mut draft = Draft::new(config, Vec::new(), rng);
        let logits = [64i16, -64].into_iter().chain(std::iter::repeat(0)).take(config.n);
        draft.load(Memory::Wide, 0, &[logits.flat_map(i16::to_le_bytes).collect()]);
        let exit = Exit { classes: Count(2), layer, source_base: 0, source_tile: 0 };
        let grow = Elementwise { scale: true, gain: 3, ..Elementwise::LEAST };
        let body: [Operation; 5] =
            [Repeat { count: Count(6) }.into(), exit.into(), grow.into(), EndLoop {}.into(), Halt {}.into()];
        draft.program.extend(body.map(|operation| Instruction { waits: ALL, operation }));
        draft.run(interpreter, 300)
    }

    /// Products of all records, of whose mask words some have one wrong bit, and some two.
    ///
    /// # Errors
    /// When the golden refuses it, or the memory has no check bits.
    pub fn wrong_masks(config: &AcceleratorConfig, interpreter: &mut Interpreter, rng: &mut Rng) -> Result<Self> {
        let mut draft = Draft::new(config, Vec::new(), rng);
        let (n, layout) = (config.n as u32, draft.layout());
        let stream: Vec<Vec<u8>> = (0..n).map(|_| draft.row(Memory::Activation, rng)).collect();
        draft.load(Memory::Activation, 0, &stream);
        draft.load(Memory::Parameter, 0, &[vec![[0, 0, 0, 0, 8]; config.n].concat()]);
        let records = draft.records(BLOCKS, rng);
        let encoded = layout.encode(Format::AF8_3, Pointer::default(), &records)?;
        // A wrong offset or mask reaches beyond the last value.
        let beyond = (0..2 * n * n).map(|_| nonzero(rng));
        let values: Vec<u16> = encoded.values.into_iter().chain(beyond).collect();
        draft.load_values(&values);
        let data = encoded.masks.width();
        let mut masks = draft.guarded(&encoded.masks)?;
        for word in 0..masks.words() {
            // What cannot be corrected of a pointer would reach where nothing was written.
            let is_pointer = word % layout.record_words() == 0;
            let wrong = rng.below(3);
            let first = if is_pointer && wrong == 2 { data } else { 0 };
            let mut bits: Vec<usize> = (first..masks.width()).collect();
            for _ in 0..wrong {
                let bit = bits.swap_remove(rng.below(bits.len() as u64) as usize);
                masks.set(word, bit, 1, 1 ^ masks.get(word, bit, 1));
            }
        }
        draft.load_masks(&masks);
        for record in 0..RECORDS {
            let blocks = config.sparsity.is_some() && record < BLOCKS;
            let product = Gemm {
                wide: true,
                blocks,
                rows: Count(n),
                passes: Count(if blocks { 2 } else { 1 }),
                masks: Count(n),
                stream_row: 1,
                stationary_base: record * layout.record_words() as u32,
                result_row: 1,
                wide_base: record * n,
                ..Gemm::LEAST
            };
            draft.program.push(Instruction { waits: ALL, operation: product.into() });
        }
        draft.windows = vec![Window { memory: Memory::Wide, first: 0, rows: RECORDS * n }];
        draft.store();
        let case = draft.run(interpreter, 0)?;
        let Counters { corrected, detected, .. } = case.counters;
        if corrected == 0 || detected == 0 {
            return Err(Error::differs("the program", format!("{corrected} words corrected, {detected} detected")));
        }
        Ok(case)
    }

    /// A record that begins in the row of values in which the one before ends, loaded anew between the two.
    ///
    /// # Errors
    /// When the golden refuses it.
    pub fn reloaded(config: &AcceleratorConfig, interpreter: &mut Interpreter, rng: &mut Rng) -> Result<Self> {
        let mut draft = Draft::new(config, Vec::new(), rng);
        let (n, words) = (config.n as u32, draft.layout().record_words() as u32);
        let stream: Vec<Vec<u8>> = (0..n).map(|_| draft.row(Memory::Activation, rng)).collect();
        draft.load(Memory::Activation, 0, &stream);
        let parameters = [0, 8].map(|byte| vec![[0, 0, 0, 0, byte]; config.n].concat());
        draft.load(Memory::Parameter, 0, &parameters);
        let mut items = draft.records(0, rng);
        let starts = draft.weights(&items)?;
        let shares = (0..).zip(&starts).skip(1).find(|(_, start)| *start % config.n != 0);
        let (second, _) = shares.ok_or_else(|| Error::differs("program", "every record begins with a row"))?;
        let product = |record: u32| Gemm {
            wide: true,
            rows: Count(n),
            masks: Count(n),
            stream_row: 1,
            stationary_base: record * words,
            parameter_base: 1,
            result_row: 1,
            wide_base: (record + 1 - second) * n,
            ..Gemm::LEAST
        };
        draft.program.push(Instruction { waits: ALL, operation: product(second - 1).into() });
        for code in items.iter_mut().flatten().filter(|code| **code != 0) {
            *code = nonzero(rng);
        }
        let first = draft.program.len();
        draft.weights(&items)?;
        for again in &mut draft.program[first..] {
            again.waits = ALL;
        }
        draft.program.push(Instruction { waits: ALL, operation: product(second).into() });
        draft.windows = vec![Window { memory: Memory::Wide, first: 0, rows: 2 * n }];
        draft.store();
        draft.run(interpreter, 0)
    }
}

/// Two halves of the activation memory and the beginning of the others, of so many rows at most.
fn windows(config: &AcceleratorConfig, subject: &Subject, most: u32) -> Vec<Window> {
    let half = config.activation_rows as u32 / 2;
    let banked = subject.design.accelerator.is_some_and(|accelerator| accelerator.banks > 1);
    let second = if banked { half } else { most.min(half) };
    let window = |memory, first, rows: usize| Window { memory, first, rows: most.min(rows as u32) };
    vec![
        window(Memory::Activation, 0, half as usize),
        window(Memory::Activation, second, half as usize),
        window(Memory::Wide, 0, config.wide_rows),
        window(Memory::Parameter, 0, config.parameter_rows),
        window(Memory::Index, 0, config.index_words),
    ]
}

fn random_waits(rng: &mut Rng) -> Waits {
    Unit::ALL.into_iter().fold(Waits::NONE, |waits, unit| match rng.below(4) {
        3 => waits,
        most => waits.and(unit, most as u8),
    })
}

impl<'a> Draft<'a> {
    /// An empty one, somewhere in external memory.
    fn new(config: &'a AcceleratorConfig, windows: Vec<Window>, rng: &mut Rng) -> Self {
        let base = (rng.below(1 << 20) << 6) & !(config.bus_bytes as u64 - 1);
        Self { config, windows, program: Vec::new(), bytes: Bytes::new(rng.u64()), base, offset: 0 }
    }

    /// Draws an instruction until there is one, which waits for all before it.
    fn push_drawn<T: Into<Operation>>(&mut self, rng: &mut Rng, draw: impl Fn(&Self, &mut Rng) -> Option<T>) {
        let operation = loop {
            if let Some(operation) = draw(self, rng) {
                break operation.into();
            }
        };
        self.program.push(Instruction { waits: ALL, operation });
    }

    /// Bytes of a row in external memory.
    fn row_bytes(&self, memory: Memory) -> u64 {
        let n = self.config.n;
        let bits = match memory {
            Memory::Activation | Memory::WeightValues => 8 * n,
            Memory::Wide => 16 * n,
            Memory::Parameter => 40 * n,
            Memory::Index => 32,
            Memory::WeightMasks => self.layout().word_bits() + self.config.mask_check_bits,
        };
        bits.div_ceil(8 * self.config.bus_bytes) as u64 * self.config.bus_bytes as u64
    }

    fn layout(&self) -> RecordLayout {
        self.config.layout().expect("the accelerator was made of it")
    }

    /// Puts rows into external memory and has them loaded.
    fn load(&mut self, memory: Memory, first: u32, rows: &[Vec<u8>]) {
        let row_bytes = self.row_bytes(memory);
        let at = self.base + DATA + self.offset;
        for (row, bytes) in (0..).zip(rows) {
            self.bytes.write(at + row * row_bytes, bytes);
        }
        let (rows, offset) = (Count(rows.len() as u32), self.offset as u32);
        self.offset += u64::from(rows.0) * row_bytes;
        let operation = Load { memory, base: Base::Data, row: first, rows, address_offset: offset }.into();
        self.program.push(Instruction { waits: Waits::NONE, operation });
    }

    fn fill(&mut self, weights: bool, rng: &mut Rng) -> Result<()> {
        if weights {
            let records = self.records(BLOCKS, rng);
            self.weights(&records)?;
        }
        for window in self.windows.clone() {
            let rows: Vec<Vec<u8>> = (0..window.rows).map(|_| self.row(window.memory, rng)).collect();
            self.load(window.memory, window.first, &rows);
        }
        Ok(())
    }

    /// Records of n items with random codes, half of them zero; where the array takes blocks, so many are of
    /// these.
    fn records(&self, blocks: u32, rng: &mut Rng) -> Vec<Vec<u16>> {
        let n = self.config.n;
        let code = |rng: &mut Rng| if rng.chance(0.5) { 0 } else { nonzero(rng) };
        let item = |record: u32| match self.config.sparsity.filter(|_| record < blocks) {
            None => (0..n).map(|_| code(rng)).collect(),
            Some(sparsity) => {
                let mut codes: Vec<u16> = (0..2 * n).map(|_| code(rng)).collect();
                for block in codes.chunks_mut(sparsity.block()) {
                    while block.iter().filter(|&&code| code != 0).count() > sparsity.nonzeros() {
                        block[rng.below(block.len() as u64) as usize] = 0;
                    }
                }
                codes
            }
        };
        (0..RECORDS).flat_map(|record| std::iter::repeat_n(record, n)).map(item).collect()
    }

    /// Has records loaded into the weight memory; how many values lie before each.
    fn weights(&mut self, items: &[Vec<u16>]) -> Result<Vec<usize>> {
        let encoded = self.layout().encode(Format::AF8_3, Pointer::default(), items)?;
        let masks = self.guarded(&encoded.masks)?;
        self.load_values(&encoded.values);
        self.load_masks(&masks);
        Ok(encoded.starts)
    }

    /// Mask words with their check bits, if the memory has any.
    fn guarded(&self, masks: &Image) -> Result<Image> {
        match self.config.mask_check_bits {
            0 => Ok(masks.clone()),
            _ => Ok(Code::new(masks.width())?.encode(masks)?),
        }
    }

    fn load_values(&mut self, values: &[u16]) {
        let n = self.config.n;
        let row = |row: &[u16]| row.iter().map(|&code| code as u8).chain(std::iter::repeat(0)).take(n).collect();
        let rows: Vec<Vec<u8>> = values.chunks(n).map(row).collect();
        self.load(Memory::WeightValues, 0, &rows);
    }

    fn load_masks(&mut self, masks: &Image) {
        let word = |word: usize| masks.get(word, 0, masks.width()).to_le_bytes()[..masks.width().div_ceil(8)].to_vec();
        let rows: Vec<Vec<u8>> = (0..masks.words()).map(word).collect();
        self.load(Memory::WeightMasks, 0, &rows);
    }

    fn row(&self, memory: Memory, rng: &mut Rng) -> Vec<u8> {
        let n = self.config.n;
        match memory {
            Memory::Activation => {
                let zero = rng.chance(0.1);
                (0..n).map(|_| if zero || rng.chance(0.2) { 0 } else { nonzero(rng) as u8 }).collect()
            }
            Memory::Wide => {
                let size = rng.below(16) as u32;
                (0..n).flat_map(|_| ((rng.bits(16) as i16) >> size).to_le_bytes()).collect()
            }
            Memory::Parameter => (0..n)
                .flat_map(|_| {
                    let bias = (rng.bits(32) as i32) >> rng.below(32);
                    let shift = if rng.chance(0.8) { 8 + rng.below(12) } else { rng.bits(7) } as u8;
                    [&bias.to_le_bytes()[..], &[shift]].concat()
                })
                .collect(),
            Memory::Index => self.record(rng).to_le_bytes().to_vec(),
            Memory::WeightValues | Memory::WeightMasks => Vec::new(),
        }
    }

    /// Where a record begins.
    fn record(&self, rng: &mut Rng) -> u32 {
        rng.below(RECORDS.into()) as u32 * self.layout().record_words() as u32
    }

    /// A row of a memory from which `span` more can be reached.
    fn place(&self, memory: Memory, span: u32, rng: &mut Rng) -> Option<u32> {
        let windows: Vec<_> =
            self.windows.iter().filter(|window| window.memory == memory && window.rows > span).collect();
        let window = windows.get(rng.below(windows.len().max(1) as u64) as usize)?;
        Some(window.first + rng.below(u64::from(window.rows - span)) as u32)
    }

    /// An instruction of any kind.
    fn operation(&self, rng: &mut Rng, open: &mut bool) -> Operation {
        loop {
            let found = match rng.below(13) {
                0..5 => self.gemm(rng).map(Into::into),
                5..7 => self.softmax(rng).map(Into::into),
                7..9 => self.layernorm(rng).map(Into::into),
                9 => self.elementwise(rng).map(Into::into),
                10 => self.exit(rng).map(Into::into),
                11 => self.hierarchical_softmax(rng).map(Into::into),
                _ if *open => Some(EndLoop {}.into()),
                _ => Some(Repeat { count: Count(1 + rng.below(3) as u32) }.into()),
            };
            if let Some(operation) = found {
                match operation {
                    Operation::Repeat(_) => *open = true,
                    Operation::End(_) => *open = false,
                    _ => {}
                }
                return operation;
            }
        }
    }

    fn gemm(&self, rng: &mut Rng) -> Option<Gemm> {
        let n = self.config.n as u32;
        let count = |rng: &mut Rng, most: u32| 1 + rng.below(most.into()) as u32;
        let rows = count(rng, self.config.accumulator_rows.min(40) as u32);
        let (passes, columns) = (count(rng, (self.config.passes_max as u32).min(4)), count(rng, 3));
        let masks = count(rng, n);
        let words = self.layout().record_words() as u32;
        let step = |rng: &mut Rng| rng.below(3) as u32;
        let (stream_row, stream_pass) = (step(rng), rng.below(u64::from(rows) + 2) as u32);
        let stream_base = self.place(Memory::Activation, (rows - 1) * stream_row + (passes - 1) * stream_pass, rng)?;
        let source = *rng.pick(Source::ALL);
        let blocks = self.config.sparsity.is_some() && source == Source::Records && rng.chance(0.7);
        let tiles = if blocks { passes.div_ceil(2) } else { passes };
        let (mut lane, mut pass, mut column, mut base) = (0, 0, 0, 0);
        let mut list_base = 0;
        match source {
            Source::Records => {
                let all = u64::from(RECORDS);
                let steps = [rng.below(3), rng.below(3)];
                (pass, column) = (steps[0] as u32 * words, steps[1] as u32 * words);
                let reach = u64::from(tiles - 1) * steps[0] + u64::from(columns - 1) * steps[1];
                base = (rng.below(all.checked_sub(reach).filter(|&left| left > 0)?) as u32) * words;
            }
            Source::Listed => list_base = self.place(Memory::Index, passes * columns, rng)?,
            Source::Rows | Source::Columns => {
                (lane, pass, column) = (step(rng), rng.below(9) as u32, rng.below(9) as u32);
                let reach = (n - 1) * lane + (passes - 1) * pass + (columns - 1) * column;
                base = self.place(Memory::Activation, reach, rng)?;
            }
        }
        let parameter_column = rng.below(2) as u32;
        let function = rng.below(self.config.activation.count().into()) as u32;
        let (result_row, result_column) = if rng.chance(0.5) { (1, rows) } else { (columns, 1) };
        let reach = (rows - 1) * result_row + (columns - 1) * result_column;
        Some(Gemm {
            source,
            code: rng.chance(0.7),
            wide: rng.chance(0.7),
            function,
            blocks,
            rows: Count(rows),
            passes: Count(passes),
            columns: Count(columns),
            masks: Count(masks),
            stream_base,
            stream_pass,
            stream_row,
            stationary_base: base,
            stationary_column: column,
            stationary_pass: pass,
            stationary_lane: lane,
            list_base,
            parameter_column,
            parameter_base: self.place(Memory::Parameter, (columns - 1) * parameter_column, rng)?,
            result_base: self.place(Memory::Activation, reach, rng)?,
            result_column,
            result_row,
            activation_shift: rng.below(30) as i32 - 10,
            wide_shift: rng.below(40) as i32 - 20,
            wide_base: self.place(Memory::Wide, reach, rng)?,
        })
    }

    fn softmax(&self, rng: &mut Rng) -> Option<Softmax> {
        let n = self.config.n as u32;
        let tiles = 1 + rng.below(self.config.softmax_max as u64 / u64::from(n)) as u32;
        let rows = 1 + rng.below(6) as u32;
        let (tile, row) = if rng.chance(0.5) { (rows, 1) } else { (1, tiles) };
        let reach = (tiles - 1) * tile + (rows - 1) * row;
        Some(Softmax {
            limit: rng.chance(0.5),
            rows: Count(rows),
            tiles: Count(tiles),
            count: Count(1 + rng.below(u64::from(tiles * n)) as u32),
            source_base: self.place(Memory::Wide, reach, rng)?,
            source_tile: tile,
            source_row: row,
            result_base: self.place(Memory::Activation, reach, rng)?,
            result_tile: tile,
            result_row: row,
            span: rng.below(20) as u32,
            ramp: rng.bits(3) as u32,
            first_row: rng.below(30) as u32,
            first_column: rng.below(30) as u32,
        })
    }

    fn hierarchical_softmax(&self, rng: &mut Rng) -> Option<HierarchicalSoftmax> {
        let most = self.config.hierarchy_max?;
        let some = |rng: &mut Rng, most: usize| 1 + rng.below(most as u64) as u32;
        let (parents, children, rows) = (some(rng, most.parents), some(rng, most.children), some(rng, 4));
        let n = self.config.n as u32;
        let (scores, weights) = ((parents * (1 + children)).div_ceil(n), (parents * children).div_ceil(n));
        // Tile by tile, or row by row.
        let steps = |tiles, by_tile| if by_tile { (rows, 1) } else { (1, tiles) };
        let reach = |tiles: u32, (tile, row): (u32, u32)| (tiles - 1) * tile + (rows - 1) * row;
        let (source, result) = (steps(scores, rng.chance(0.5)), steps(weights, rng.chance(0.5)));
        Some(HierarchicalSoftmax {
            rows: Count(rows),
            parents: Count(parents),
            children: Count(children),
            largest: Count(some(rng, parents as usize)),
            source_base: self.place(Memory::Wide, reach(scores, source), rng)?,
            source_tile: source.0,
            source_row: source.1,
            result_base: self.place(Memory::Activation, reach(weights, result), rng)?,
            result_tile: result.0,
            result_row: result.1,
        })
    }

    fn layernorm(&self, rng: &mut Rng) -> Option<Layernorm> {
        let n = self.config.n as u32;
        let most = self.config.layernorm_max.min(40) as u32;
        let channels = 2 + rng.below(u64::from(most) - 1) as u32;
        let tiles = channels.div_ceil(n);
        let rows = 1 + rng.below(6) as u32;
        let (tile, row) = if rng.chance(0.5) { (rows, 1) } else { (1, tiles) };
        let reach = (tiles - 1) * tile + (rows - 1) * row;
        Some(Layernorm {
            code: rng.chance(0.7),
            wide: rng.chance(0.7),
            exponent_bias: rng.below(24) as i32 - 12,
            plain: rng.chance(0.2),
            rows: Count(rows),
            channels: Count(channels),
            source_base: self.place(Memory::Wide, reach, rng)?,
            source_tile: tile,
            source_row: row,
            result_base: self.place(Memory::Activation, reach, rng)?,
            result_tile: tile,
            result_row: row,
            wide_base: self.place(Memory::Wide, reach, rng)?,
            parameter_base: self.place(Memory::Parameter, tiles - 1, rng)?,
        })
    }

    fn elementwise(&self, rng: &mut Rng) -> Option<Elementwise> {
        let vectors = 1 + rng.below(20) as u32;
        let (a_code, b_code) = (rng.chance(0.4), rng.chance(0.4));
        let from = |is_code| if is_code { Memory::Activation } else { Memory::Wide };
        Some(Elementwise {
            scale: rng.chance(0.3),
            a_code,
            b_code,
            vectors: Count(vectors),
            a_base: self.place(from(a_code), vectors, rng)?,
            b_base: self.place(from(b_code), vectors, rng)?,
            result_base: self.place(Memory::Wide, vectors, rng)?,
            a_shift: rng.below(20) as i32 - 6,
            b_shift: rng.below(20) as i32 - 6,
            gain: rng.bits(16) as i16 as i32,
        })
    }

    fn exit(&self, rng: &mut Rng) -> Option<Exit> {
        let classes = 2 + rng.below(self.config.classes_max as u64 - 1) as u32;
        let tiles = classes.div_ceil(self.config.n as u32);
        let source_tile = 1 + rng.below(3) as u32;
        Some(Exit {
            classes: Count(classes),
            layer: 1 + rng.below(12) as u32,
            source_base: self.place(Memory::Wide, tiles * source_tile, rng)?,
            source_tile,
        })
    }

    /// Stores what instructions can have changed, and ends.
    fn store(&mut self) {
        let mut offset = self.offset as u32;
        for window in self.windows.clone() {
            let Window { memory, first, rows } = window;
            let operation =
                Store { memory, base: Base::Data, row: first, rows: Count(rows), address_offset: offset }.into();
            self.program.push(Instruction { waits: ALL, operation });
            offset += (u64::from(rows) * self.row_bytes(memory)) as u32;
        }
        self.program.push(Instruction { waits: Waits::NONE, operation: Halt {}.into() });
    }

    /// Runs the program on the interpreter; instructions that wait too little wait for all, those that cannot
    /// be in any order are left out.
    fn settle(self, interpreter: &mut Interpreter, rng: &mut Rng) -> Result<Case> {
        let threshold = if rng.chance(0.5) { rng.bits(11) } else { 0 } as u16;
        self.run(interpreter, threshold)
    }

    fn run(mut self, interpreter: &mut Interpreter, threshold: u16) -> Result<Case> {
        loop {
            let program = Program { instructions: self.program.clone() };
            program.check().map_err(|defects| Error::differs("program", format!("{defects:?}\n{program}")))?;
            let content = program.bytes();
            self.bytes.write(self.base, &content);
            let registers = Registers {
                program_base: self.base,
                program_length: content.len() as u32,
                data_base: self.base + DATA,
                entropy_threshold: threshold,
            };
            // All of it first, and then as far as it comes.
            let (mut whole, mut trial) = (interpreter.clone(), interpreter.clone());
            let outside = || Outside { bytes: self.bytes.clone(), faults: Vec::new() };
            let mut at = 0;
            let all = Registers { entropy_threshold: 0, ..registers };
            match whole.run(&all, &mut outside(), |step, _| at = step.at + 1) {
                Ok(_) => {
                    let mut outside = outside();
                    let (outcome, steps) = Steps::trace(&mut trial, &registers, &mut outside)?;
                    *interpreter = trial;
                    let stored = outcome.counters.bytes_written;
                    let (before, after, end) = (self.bytes, outside.bytes, outcome.end);
                    let counters = outcome.counters;
                    return Ok(Case { program, registers, before, after, end, counters, stored, steps });
                }
                Err(error) => {
                    let at = error_place(&error.to_string()).unwrap_or(at);
                    let loose = self.program[at].waits != ALL;
                    if loose {
                        self.program[at].waits = ALL;
                    } else {
                        self.program.remove(at);
                    }
                    debug_assert!(self.program.len() * BYTES > 0);
                }
            }
        }
    }
}

/// The instruction that an error of the interpreter names.
fn error_place(text: &str) -> Option<usize> {
    text.strip_prefix("instruction ")?.split(',').next()?.parse().ok()
}

fn nonzero(rng: &mut Rng) -> u16 {
    let code = rng.bits(8) as u16;
    if code & 0x7f == 0 { 0x35 } else { code }
}

const _: () = assert!(Memory::ALL.len() == 6, "each memory is filled and stored");
