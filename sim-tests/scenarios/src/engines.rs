//! The accelerator's engines against its golden: instructions back to back on shared memories, one engine at
//! a time.

use super::{Outcome, Subject, layernorm, subject::same};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::accelerator::{AcceleratorConfig, End, Flat, Interpreter, Registers, RowAddress};
use alberti_harness::{Bits, Library, PulseId, Rng, RowMemory, RowsId, Seed, SinkId, SourceId, Stall, Testbench};
use alberti_isa::{
    Count, Elementwise, Exit, HierarchicalSoftmax, Instruction, KINDS, Layernorm, Memory, Operation, Softmax, Waits,
};
use alberti_rtl::{
    Design,
    blocks::{
        accelerator::{latency, overhead},
        entropy, hierarchical_softmax,
    },
    design::Maximum,
};

/// Memories of an engine, and the ports by which it may read and write each.
const MEMORIES: [(Memory, &[&str], &str); 3] = [
    (Memory::Activation, &["a_code", "b_code"], "code_write"),
    (Memory::Wide, &["a_wide", "b_wide", "wide_read"], "wide_write"),
    (Memory::Parameter, &["parameter_read"], ""),
];

/// Instructions of a run.
const BACK_TO_BACK: usize = 12;

/// Cycles without an access after which a run is given up: an engine waits for nothing longer.
const PATIENCE: u64 = 3000;

/// Runs the kind of instruction that the subject is the engine of, under all stall patterns; then timed.
///
/// # Errors
/// When the build fails, a bit differs, something is written that should not be, or a cycle is lost.
pub fn run(kind: &str, subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let accelerator = filled(subject.design, &mut seed.rng(&format!("{kind}.{}.rows", subject.design.name)))?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for round in 0..6 {
            let name = format!("{kind}.{}.{pattern}.{round}", subject.design.name);
            let mut rng = seed.rng(&format!("{name}.items"));
            let mut bench = Bench::new(kind, subject, &library, accelerator.clone(), stalls, &name, seed)?;
            // What a reset cuts short leaves nothing over but rows that it has written.
            bench.queue(&random(kind, &accelerator, BACK_TO_BACK, &mut rng), &mut rng)?;
            for _ in 0..rng.below(400) {
                bench.bench.step()?;
            }
            bench.bench.reset(1)?;
            bench.restart(&accelerator);
            let work = random(kind, &accelerator, BACK_TO_BACK, &mut rng);
            bench.queue(&work, &mut rng)?;
            let cycles = bench.finish(seed)?;
            outcome.add_counts(work.len() as u64, cycles);
        }
    }
    let name = format!("{kind}.{}.timed", subject.design.name);
    let mut rng = seed.rng(&name);
    for operation in timed(kind, &accelerator, &mut rng) {
        let mut bench = Bench::new(kind, subject, &library, accelerator.clone(), Stall::SWEEP[0], &name, seed)?;
        bench.bench.reset(1)?;
        bench.queue(&[operation; 3], &mut rng)?;
        let cycles = bench.finish(seed)?;
        let expected = unit_cycles(subject, &operation) + u64::from(overhead(subject.design));
        let what = format!("cycles of three of {operation:?}");
        // A decision is given, not written.
        let each = if bench.decision.is_some() { expected - 1 } else { expected };
        same(seed, &what, cycles, 3 * each)?;
        outcome.add_counts(3, cycles);
    }
    Ok(outcome)
}

/// Cycles of the unit by itself, the first item and the last result included.
fn unit_cycles(subject: &Subject, operation: &Operation) -> u64 {
    let n = subject.design.datapath.n;
    let units = &subject.design.units;
    match operation {
        Operation::Elementwise(op) => {
            let lanes = units.elementwise.expect("an accelerator has it").lanes;
            u64::from(op.vectors.0 * (n / lanes)) + 5
        }
        Operation::Layernorm(op) => {
            let lanes = units.layernorm.expect("an accelerator has it").lanes as usize;
            layernorm::cycles(subject, op.channels.get().div_ceil(lanes) as u64, op.rows.0.into())
        }
        Operation::Softmax(op) => {
            let unit = units.softmax.expect("an accelerator has it");
            let vectors = u64::from(op.tiles.0 * (n / unit.lanes));
            let rows = u64::from(op.rows.0);
            match unit.maximum {
                Maximum::Running => 2 * vectors + 11 + (rows - 1) * vectors,
                Maximum::Row => 3 * vectors + 13 + (rows - 1) * vectors,
            }
        }
        Operation::HierarchicalSoftmax(op) => {
            u64::from(op.rows.0 * hierarchical_softmax::cycles(op.parents.0, op.children.0)) + 5
        }
        Operation::Exit(op) => {
            let most = units.entropy.expect("an accelerator has it").classes_max;
            u64::from(entropy::latency(op.classes.0, most)) + 1
        }
        _ => unreachable!("no engine does {operation:?}"),
    }
}

/// An accelerator whose memories hold rows of every kind.
fn filled(design: &Design, rng: &mut Rng) -> Result<Interpreter> {
    let mut interpreter = Interpreter::new(configuration::accelerator(design)?)?;
    let AcceleratorConfig { n, activation_rows, wide_rows, parameter_rows, .. } = *interpreter.config();
    for row in 0..activation_rows {
        let bytes: Vec<u8> = (0..n).map(|_| rng.bits(8) as u8).collect();
        interpreter.set_row(RowAddress { memory: Memory::Activation, row: row as u32 }, &bytes)?;
    }
    for row in 0..wide_rows {
        // Numbers far apart and near each other, about any mean.
        let (bits, mean) = (*rng.pick(&[4, 9, 12, 16]), rng.bits(16) as i16 >> rng.below(16));
        let number = |rng: &mut Rng| mean.wrapping_add((rng.bits(bits) as i64 - (1 << (bits - 1))) as i16);
        let bytes: Vec<u8> = (0..n).flat_map(|_| number(rng).to_le_bytes()).collect();
        interpreter.set_row(RowAddress { memory: Memory::Wide, row: row as u32 }, &bytes)?;
    }
    for row in 0..parameter_rows {
        let bytes: Vec<u8> = (0..5 * n).map(|_| rng.bits(8) as u8).collect();
        interpreter.set_row(RowAddress { memory: Memory::Parameter, row: row as u32 }, &bytes)?;
    }
    Ok(interpreter)
}

/// An engine, its memories, and the golden that has done what is queued.
struct Bench {
    bench: Testbench,
    golden: Interpreter,
    source: SourceId,
    fields: Vec<&'static str>,
    done: Option<PulseId>,
    decision: Option<SinkId>,
    memories: Vec<(Memory, RowsId)>,
    /// For each memory and instruction, the rows written up to its end.
    written: Vec<[usize; MEMORIES.len()]>,
}

impl Bench {
    fn new(
        kind: &str,
        subject: &Subject,
        library: &Library,
        golden: Interpreter,
        (gaps, pressure): (Stall, Stall),
        name: &str,
        seed: Seed,
    ) -> Result<Self> {
        let mut bench = Testbench::with_seed(library, name, seed)?;
        bench.set_patience(PATIENCE);
        let kind = KINDS.iter().find(|known| known.name == kind).expect("a kind of instruction");
        let is_port = |field: &&str| subject.has(&format!("{}_{field}_i", kind.name));
        let mut fields: Vec<&str> = kind.fields.iter().map(|field| field.name).filter(is_port).collect();
        // Of `exit`, whose threshold is a register beside it.
        fields.extend(subject.has("threshold_i").then_some("threshold"));
        let source = bench.source(kind.name, &fields, gaps)?;
        let mut memories = Vec::new();
        for (memory, reads, write) in MEMORIES {
            let id = bench.add_rows(content(&golden, memory));
            memories.push((memory, id));
            for port in reads.iter().filter(|port| subject.has(&format!("{port}_valid_o"))) {
                bench.read_rows(port, id, latency(subject.design), pressure)?;
            }
            if subject.has(&format!("{write}_valid_o")) {
                bench.write_rows(write, id, pressure)?;
            }
        }
        let done = if subject.has("done_o") { Some(bench.count_pulses("done_o")?) } else { None };
        let decision = if done.is_none() { Some(bench.sink("decision", &["exit"], pressure)?) } else { None };
        Ok(Self { bench, golden, source, fields, done, decision, memories, written: Vec::new() })
    }

    /// After a reset: memories and golden as at first.
    fn restart(&mut self, golden: &Interpreter) {
        self.golden = golden.clone();
        self.written.clear();
        for (memory, id) in &self.memories {
            *self.bench.rows_mut(*id) = content(golden, *memory);
        }
    }

    /// Queues instructions, and lets the golden do them.
    fn queue(&mut self, operations: &[Operation], rng: &mut Rng) -> Result<()> {
        for &operation in operations {
            // About where entropies of a few classes lie.
            let threshold = if rng.chance(0.2) { rng.bits(16) } else { rng.below(3200) } as u16;
            let registers =
                Registers { program_base: 0, program_length: 0, data_base: 0, entropy_threshold: threshold };
            let did = self.golden.perform(operation, &registers, &mut Flat::default())?;
            if let Some(stopped @ End::Stopped { .. }) = did.end {
                return Err(Error::differs("the scenario", format!("{operation:?} ends in {stopped:?}")));
            }
            let words = Instruction { waits: Waits::NONE, operation }.encode();
            let item: Vec<Bits> = (self.fields.iter())
                .map(|&name| match operation.kind().fields.iter().find(|field| field.name == name) {
                    Some(field) => Bits::new(field.bits, field.of(&words).into()),
                    None => Bits::new(16, threshold.into()),
                })
                .collect();
            self.bench.send(self.source, &item)?;
            if let Some(decision) = self.decision {
                self.bench.expect(decision, &[did.end.is_some().into()])?;
            }
            let before = self.written.last().copied().unwrap_or_default();
            let count = |memory| did.written.iter().filter(|row| row.memory == memory).count();
            self.written.push(std::array::from_fn(|i| before[i] + count(MEMORIES[i].0)));
        }
        Ok(())
    }

    /// Runs to the end, and demands that the memories hold what they should, and that each instruction was
    /// done with the last of its writes; answers with the cycles that all took.
    fn finish(&mut self, seed: Seed) -> Result<u64> {
        let (count, begin) = (self.written.len(), self.bench.model().cycle());
        let cycles = match self.done {
            Some(done) => {
                let all = |bench: &Testbench| bench.all_sent() && bench.pulses(done).len() >= count;
                self.bench.run_until(u64::MAX, all)?;
                let cycles = self.bench.model().cycle() - begin;
                for _ in 0..64 {
                    self.bench.step()?;
                }
                let pulses = self.bench.pulses(done);
                same(seed, "instructions done", pulses.len() as u64, count as u64)?;
                let before = std::iter::once(&[0; MEMORIES.len()]).chain(&self.written);
                for ((&pulse, before), written) in pulses.iter().zip(before).zip(&self.written) {
                    self.is_done(seed, pulse, before != written, written)?;
                }
                cycles
            }
            None => self.bench.finish()?.cycles,
        };
        for (memory, id) in &self.memories {
            let expected = content(&self.golden, *memory);
            let rows = self.bench.rows(*id).rows().iter().zip(expected.rows());
            if let Some((row, (got, expected))) = rows.enumerate().find(|(_, (got, expected))| got != expected) {
                let what = format!("expected {expected}, got {got} ({}={seed})", Seed::VARIABLE);
                return Err(Error::differs(format!("row {row} of the {} memory", memory.name()), what));
            }
        }
        Ok(cycles)
    }

    /// Demands that in the cycle of a pulse just so many rows had been written, the last then if the
    /// instruction writes.
    fn is_done(&self, seed: Seed, pulse: u64, writes: bool, written: &[usize; MEMORIES.len()]) -> Result<()> {
        let mut last = 0;
        for ((memory, id), &count) in self.memories.iter().zip(written) {
            let cycles = self.bench.rows(*id).writes();
            let by_then = cycles.partition_point(|&cycle| cycle <= pulse);
            same(seed, &format!("writes of the {} memory at a done", memory.name()), by_then as u64, count as u64)?;
            last = last.max(cycles[..by_then].last().copied().unwrap_or_default());
        }
        if writes { same(seed, "the cycle of a done", pulse, last) } else { Ok(()) }
    }
}

/// A golden's memory, as the ports show it.
fn content(golden: &Interpreter, memory: Memory) -> RowMemory {
    let rows = (0..).map_while(|row| golden.memories().row(RowAddress { memory, row }));
    RowMemory::new(rows.map(|bytes| Bits::pack(8, bytes)).collect())
}

/// Random legal instructions.
fn random(kind: &str, accelerator: &Interpreter, count: usize, rng: &mut Rng) -> Vec<Operation> {
    let config = accelerator.config();
    (0..count)
        .map(|_| match kind {
            "elementwise" => elementwise(config, rng).into(),
            "softmax" => softmax(config, rng).into(),
            "hierarchical_softmax" => hierarchical(config, rng).into(),
            "layernorm" => layernorm(config, rng).into(),
            _ => exit(config, rng).into(),
        })
        .collect()
}

/// Instructions whose cycles are known: rows as short and as long as they come, one and several.
fn timed(kind: &str, accelerator: &Interpreter, rng: &mut Rng) -> Vec<Operation> {
    let config = accelerator.config();
    let n = config.n as u32;
    let mut operations = Vec::new();
    for (rows, share) in [(1, 1), (1, 4), (5, 1), (4, 2)] {
        operations.push(match kind {
            "elementwise" => {
                let op = Elementwise { a_base: 0, b_base: 64, result_base: half(config), ..elementwise(config, rng) };
                Elementwise { vectors: Count(rows * 8 / share), ..op }.into()
            }
            "softmax" => {
                // Of shorter rows, some wait for their sum.
                let tiles = Count((config.softmax_max as u32 / n / share).max(1));
                let rows = if tiles.0 * n / (config.softmax_lanes as u32) < 6 { 1 } else { rows };
                let steps = Softmax {
                    source_tile: 1,
                    source_row: 0,
                    result_tile: 1,
                    result_row: tiles.0,
                    ..softmax(config, rng)
                };
                Softmax { rows: Count(rows), tiles, count: Count(1 + n / 2), source_base: 0, result_base: 0, ..steps }
                    .into()
            }
            "hierarchical_softmax" => {
                let op = hierarchical(config, rng);
                let tiles = (op.parents.0 * op.children.0).div_ceil(n);
                let op = HierarchicalSoftmax { source_base: 0, source_tile: 1, source_row: 0, rows: Count(rows), ..op };
                HierarchicalSoftmax { result_base: 0, result_tile: 1, result_row: tiles, ..op }.into()
            }
            "layernorm" => {
                let channels = Count((config.layernorm_max as u32 / share).max(2));
                let tiles = channels.0.div_ceil(n);
                let op = layernorm(config, rng);
                let op = Layernorm { source_base: 0, source_tile: 1, source_row: 0, wide_base: half(config), ..op };
                let op = Layernorm { result_base: 0, result_tile: 1, result_row: tiles, parameter_base: 0, ..op };
                Layernorm { channels, rows: Count(rows), code: true, wide: rows == 5, ..op }.into()
            }
            _ => exit(config, rng).into(),
        });
    }
    operations
}

/// Where the upper half of the wide memory begins: results are apart from what is read.
fn half(config: &AcceleratorConfig) -> u32 {
    config.wide_rows as u32 / 2
}

/// A walk over tiles and rows: base, steps.
struct Walk {
    base: u32,
    tile: u32,
    row: u32,
}

impl Walk {
    /// One within `first..first + room` whose rows are all different, or, for reads, any.
    fn random(tiles: u32, rows: u32, (first, room): (u32, u32), apart: bool, rng: &mut Rng) -> Self {
        let gap = 1 + rng.below(3) as u32;
        let (tile, row) = match rng.below(4) {
            // Tile by tile, row by row, and these with rows of something else between.
            0 => (rows, 1),
            1 => (1, tiles),
            2 => (rows * gap + 1, gap),
            _ if apart => (gap, tiles * gap + 2),
            _ => (rng.below(5) as u32, rng.below(5) as u32),
        };
        let extent = (tiles - 1) * tile + (rows - 1) * row + 1;
        Self { base: first + rng.below(u64::from(room - extent + 1)) as u32, tile, row }
    }
}

fn counts(most: u32, rng: &mut Rng) -> u32 {
    if rng.chance(0.3) { 1 } else { 1 + rng.below(most.into()) as u32 }
}

fn elementwise(config: &AcceleratorConfig, rng: &mut Rng) -> Elementwise {
    let vectors = counts(30, rng);
    let (half, rows) = (half(config), config.activation_rows as u32);
    let shift = |rng: &mut Rng| if rng.chance(0.2) { rng.below(128) as i32 - 64 } else { rng.below(12) as i32 - 6 };
    let base = |code: bool, rng: &mut Rng| rng.below(u64::from(if code { rows } else { half } - vectors)) as u32;
    let (a_code, b_code) = (rng.chance(0.5), rng.chance(0.5));
    let (a_base, b_base) = (base(a_code, rng), base(b_code, rng));
    // Now and then in place.
    let in_place = !a_code && b_code && rng.chance(0.5);
    let result_base = if in_place { a_base } else { half + rng.below(u64::from(half - vectors)) as u32 };
    Elementwise {
        scale: rng.chance(0.3),
        a_code,
        b_code,
        vectors: Count(vectors),
        a_base,
        b_base,
        result_base,
        a_shift: shift(rng),
        b_shift: shift(rng),
        gain: i32::from(rng.bits(16) as i16),
    }
}

fn softmax(config: &AcceleratorConfig, rng: &mut Rng) -> Softmax {
    let tiles = counts((config.softmax_max / config.n) as u32, rng);
    let rows = counts(12, rng);
    let source = Walk::random(tiles, rows, (0, config.wide_rows as u32), false, rng);
    let result = Walk::random(tiles, rows, (0, config.activation_rows as u32), true, rng);
    let length = u64::from(tiles) * config.n as u64;
    let place = |rng: &mut Rng| match rng.below(8) {
        0 => rng.bits(16) as u32,
        1 => 0xffff,
        2 => 0,
        _ => 1000 + rng.below(length + 8) as u32,
    };
    Softmax {
        limit: rng.chance(0.7),
        rows: Count(rows),
        tiles: Count(tiles),
        count: Count(if rng.chance(0.3) { length } else { 1 + rng.below(length) } as u32),
        source_base: source.base,
        source_tile: source.tile,
        source_row: source.row,
        result_base: result.base,
        result_tile: result.tile,
        result_row: result.row,
        span: if rng.chance(0.1) { rng.bits(16) } else { rng.below(length / 2 + 1) } as u32,
        ramp: rng.bits(3) as u32,
        first_row: place(rng),
        first_column: place(rng),
    }
}

fn hierarchical(config: &AcceleratorConfig, rng: &mut Rng) -> HierarchicalSoftmax {
    let most = config.hierarchy_max.expect("the design has the unit");
    let (n, some) = (config.n as u32, |most: usize, rng: &mut Rng| 1 + rng.below(most as u64) as u32);
    let (parents, children, rows) = (some(most.parents, rng), some(most.children, rng), counts(6, rng));
    let (scores, weights) = ((parents * (1 + children)).div_ceil(n), (parents * children).div_ceil(n));
    let source = Walk::random(scores, rows, (0, config.wide_rows as u32), false, rng);
    let result = Walk::random(weights, rows, (0, config.activation_rows as u32), true, rng);
    HierarchicalSoftmax {
        rows: Count(rows),
        parents: Count(parents),
        children: Count(children),
        largest: Count(some(parents as usize, rng)),
        source_base: source.base,
        source_tile: source.tile,
        source_row: source.row,
        result_base: result.base,
        result_tile: result.tile,
        result_row: result.row,
    }
}

fn layernorm(config: &AcceleratorConfig, rng: &mut Rng) -> Layernorm {
    let most = config.layernorm_max as u64;
    let channels = match rng.below(4) {
        0 => most,
        1 => 2,
        _ => 2 + rng.below(most - 1),
    } as u32;
    let tiles = channels.div_ceil(config.n as u32);
    let rows = counts(6, rng);
    let half = half(config);
    let source = Walk::random(tiles, rows, (0, half), false, rng);
    let result = Walk::random(tiles, rows, (0, half.min(config.activation_rows as u32)), true, rng);
    Layernorm {
        code: rng.chance(0.7),
        wide: rng.chance(0.6),
        exponent_bias: rng.below(115) as i32 - 64,
        plain: rng.chance(0.2),
        rows: Count(rows),
        channels: Count(channels),
        source_base: source.base,
        source_tile: source.tile,
        source_row: source.row,
        result_base: result.base,
        result_tile: result.tile,
        result_row: result.row,
        wide_base: result.base + half,
        parameter_base: rng.below(config.parameter_rows as u64 - u64::from(tiles) + 1) as u32,
    }
}

fn exit(config: &AcceleratorConfig, rng: &mut Rng) -> Exit {
    let classes = 2 + rng.below(config.classes_max as u64 - 1) as u32;
    let tiles = classes.div_ceil(config.n as u32);
    let source_tile = rng.below(4) as u32;
    let room = config.wide_rows as u32 - (tiles - 1) * source_tile;
    Exit {
        classes: Count(classes),
        layer: rng.bits(16) as u32,
        source_base: rng.below(room.into()) as u32,
        source_tile,
    }
}
