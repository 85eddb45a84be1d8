//! `processing_unit` against its golden: whole jobs from compressed operands to compressed results.

use super::{
    matrix_unit::{check_counters, hold_clear, job_source, random_function, send_job},
    subject::{Outcome, Subject, same},
};
use crate::Result;
use alberti_arith::{ActivationSet, Format};
use alberti_golden::{
    Pointer, Segment,
    gemm::Gemm,
    processing_unit::{Input, MatrixUnitConfig, Output, run as golden_run},
    tiling::{self, Placement, TilePlacement},
};
use alberti_harness::{BankedMemory, Bits, Library, MemoryId, Report, Rng, Seed, SinkId, SourceId, Stall, Testbench};

/// Shapes (rows, reduction, columns) as multiples and near-multiples of n, from one element up.
fn shapes(n: usize, rows: usize, reduction: usize) -> Vec<(usize, usize, usize)> {
    let mut shapes = vec![
        (1, 1, 1),
        (1, 3 * n, 2 * n),
        (1, n, 5 * n),
        (2, 2 * n + 1, n),
        (3, n, 2 * n + 1),
        // Passes shorter than the way of a sum, many in a row: a stalled vector brings a row's next pass
        // close.
        (2, 8 * n, 2 * n),
        (3, 8 * n, 2 * n),
        (n, n, n),
        (n + 1, 4 * n - 1, n - 1),
        (rows, 2 * n, n),
        (rows + 2, 2 * n, n + 1),
    ];
    shapes.iter_mut().for_each(|shape| shape.1 = shape.1.min(reduction));
    shapes
}

/// A shape made smaller until the design's memories hold its operands and results, whole vectors each.
fn fitted((mut rows, mut reduction, mut columns): (usize, usize, usize), subject: &Subject) -> (usize, usize, usize) {
    let (n, memories) = (subject.design.datapath.n as usize, &subject.design.memories);
    let over = |across: usize, along: usize, values: u32| across * along.next_multiple_of(n) > values as usize;
    loop {
        let halved = if over(columns, reduction, memories.weight.values) {
            if columns > 1 { &mut columns } else { &mut reduction }
        } else if over(rows, reduction, memories.activation.values) {
            if rows > 1 { &mut rows } else { &mut reduction }
        } else if over(rows, columns, memories.result.values) {
            if rows > 1 { &mut rows } else { &mut columns }
        } else {
            return (rows, reduction, columns);
        };
        *halved = halved.div_ceil(2);
    }
}

/// Runs random matrix multiplies of many shapes and densities under all stall patterns.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let config = subject.config()?;
    let d = &subject.design.datapath;
    let shapes = shapes(d.n as usize, d.accumulator_rows as usize, d.reduction_max as usize);
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for (index, &shape) in shapes.iter().enumerate() {
            let shape = fitted(shape, subject);
            let name = format!("processing_unit.{}.{index}.{pattern}", subject.design.name);
            let mut rng = seed.rng(&name);
            let gemm = random_gemm(&config, shape, &mut rng);
            let blocks = config.sparsity.is_some() && rng.chance(0.7);
            // A few rows a job, one now and then, are many jobs close to each other.
            let rows = if rng.chance(0.3) { 1 + rng.below(shape.0 as u64) as usize } else { shape.0 };
            let layout = layout(subject, rows, blocks, &mut rng);
            let mut input = tiling::tile(&gemm, &config, &layout)?;
            let mut output = golden_run(&config, &input)?;
            let codes = tiling::untile(&gemm, &config, &layout, &output)?;
            assert_eq!(codes, gemm.codes()?, "{name}: tiling changes the product");
            if config.activation != ActivationSet::IDENTITY && rng.chance(0.7) {
                for job in &mut input.jobs {
                    (job.function, job.activation_shift) = random_function(&config, &mut rng);
                }
                output = golden_run(&config, &input)?;
            }
            outcome.add(&drive(subject, &library, &input, &output, stalls, &name, seed)?);
            if pattern == 3 {
                let cycles = rng.below(200);
                let name = format!("{name}.reset");
                outcome.add(&drive_after_reset(subject, &library, &input, &output, cycles, &name, seed)?);
            }
        }
    }
    Ok(outcome)
}

/// A multiply with operands that look like a layer's: some zeros, rows of zeros, extremes, results within
/// range.
pub fn random_gemm(
    config: &MatrixUnitConfig,
    (rows, reduction, columns): (usize, usize, usize),
    rng: &mut Rng,
) -> Gemm {
    let density = *rng.pick(&[0.0, 0.1, 0.5, 0.5, 0.9, 1.0]);
    let code = |rng: &mut Rng, density: f64| {
        if !rng.chance(density) {
            return 0;
        }
        match rng.below(16) {
            0 => config.operand.quantize(f64::INFINITY, 0),
            1 => config.operand.quantize(f64::NEG_INFINITY, 0),
            _ => rng.bits(config.operand.bits()) as u16,
        }
    };
    let mut activations: Vec<u16> = (0..rows * reduction).map(|_| code(rng, density)).collect();
    for row in activations.chunks_mut(reduction) {
        if rng.chance(0.2) {
            row.fill(0);
        }
    }
    let weight_density = *rng.pick(&[0.0, 0.1, 0.4, 0.5, 0.9, 1.0]);
    let mut weights: Vec<u16> = (0..columns * reduction).map(|_| code(rng, weight_density)).collect();
    if let Some(sparsity) = config.sparsity.filter(|_| rng.chance(0.7)) {
        for row in weights.chunks_mut(reduction) {
            for block in row.chunks_mut(sparsity.block()) {
                while block.iter().filter(|&&code| code != 0).count() > sparsity.nonzeros() {
                    let victim = rng.below(block.len() as u64) as usize;
                    block[victim] = 0;
                }
            }
        }
    }
    let (function, activation_shift) = random_function(config, rng);
    let typical = 2 * config.operand.max_significand().ilog2() as i32 - 4;
    Gemm {
        operand: config.operand,
        result: config.result,
        accumulator_bits: config.accumulator_bits,
        rows,
        reduction,
        columns,
        activations,
        weights,
        bias: (0..columns)
            .map(|_| {
                let width = 1 + rng.below(u64::from(config.bias_bits())) as u32;
                alberti_arith::wrap(rng.bits(width) as i64, width)
            })
            .collect(),
        scale: (0..columns)
            .map(|_| match rng.below(8) {
                0 => rng.below(128) as i32 - 64,
                _ => typical + rng.below(9) as i32 - if matches!(config.result, Format::Fixed(_)) { 4 } else { 8 },
            })
            .map(|shift| shift.clamp(-64, 63))
            .collect(),
        function,
        activation_shift,
    }
}

/// Places streams anywhere in the design's memories, close to their ends now and then.
fn layout(subject: &Subject, rows: usize, blocks: bool, rng: &mut Rng) -> TilePlacement {
    let memories = &subject.design.memories;
    let n = subject.design.datapath.n as usize;
    let mut place = |values: u32, anywhere: bool| {
        let values = values as usize;
        let start = *rng.pick(&[0, 1, n - 1, n, values / 2 + 1, values - 1]);
        // Activations and results begin with a row, weights anywhere.
        Placement { values, base: Pointer { row: start / n, lane: if anywhere { start % n } else { 0 } } }
    };
    TilePlacement {
        rows_per_job: (subject.design.datapath.accumulator_rows as usize).min(rows),
        blocks,
        weight: place(memories.weight.values, true),
        activation: place(memories.activation.values, false),
        result: place(memories.result.values, false),
    }
}

/// Gives an input to the unit and compares streams, result memory and counters with the golden's output.
///
/// # Errors
/// When a bit differs, or nothing moves.
pub fn drive(
    subject: &Subject,
    library: &Library,
    input: &Input,
    output: &Output,
    stalls: (Stall, Stall),
    name: &str,
    seed: Seed,
) -> Result<Report> {
    let mut rig = Rig::new(subject, Testbench::with_seed(library, name, seed)?, stalls)?;
    rig.load(input, output)?;
    rig.finish(output)
}

/// As [`drive`], after a start with the same input that a reset cuts short after some cycles.
///
/// # Errors
/// As [`drive`].
pub fn drive_after_reset(
    subject: &Subject,
    library: &Library,
    input: &Input,
    output: &Output,
    cycles: u64,
    name: &str,
    seed: Seed,
) -> Result<Report> {
    let mut rig = Rig::new(subject, Testbench::with_seed(library, name, seed)?, Stall::SWEEP[3])?;
    rig.load(input, output)?;
    for _ in 0..cycles {
        rig.bench.step()?;
    }
    rig.bench.reset(1)?;
    rig.load(input, output)?;
    rig.finish(output)
}

/// The ports of one activation slot.
struct SlotPorts {
    memory: MemoryId,
    masks: SourceId,
    bases: SourceId,
    row_w: u32,
}

/// A unit with everything around it.
struct Rig<'a> {
    subject: &'a Subject<'a>,
    bench: Testbench,
    n: u32,
    blocks: bool,
    jobs: SourceId,
    weight: MemoryId,
    weights: SourceId,
    weight_bases: SourceId,
    slots: Vec<SlotPorts>,
    results: MemoryId,
    result_bases: SourceId,
    masks: SinkId,
    writes_before: u64,
}

impl<'a> Rig<'a> {
    fn new(subject: &'a Subject, mut bench: Testbench, (gaps, pressure): (Stall, Stall)) -> Result<Self> {
        let d = &subject.design.datapath;
        let memories = &subject.design.memories;
        let n = d.n;
        // Some streams keep up while others do not: what one waits for differs from what another waits for.
        let source = |bench: &mut Testbench, name: &str, fields: &[&str]| {
            let gaps = if bench.rng().chance(0.6) { gaps } else { Stall::None };
            bench.source(name, fields, gaps)
        };
        let memory = |bench: &mut Testbench, name: &str, width: u32| {
            bench.add_memory(BankedMemory::new(n, subject.width(&format!("{name}_value_address_o")), width))
        };
        let weight = memory(&mut bench, "weight", d.operand.bits());
        bench.read_port("weight_value", weight, memories.weight.latency)?;
        let names = match subject.has("activation_valid_i") {
            true => vec!["activation".to_owned()],
            false => (0..2).map(|slot| format!("activation{slot}")).collect(),
        };
        let mut slots = Vec::new();
        for name in names {
            let memory = memory(&mut bench, &name, d.operand.bits());
            bench.read_port(&format!("{name}_value"), memory, memories.activation.latency)?;
            slots.push(SlotPorts {
                memory,
                masks: source(&mut bench, &name, &["data", "last"])?,
                bases: source(&mut bench, &format!("{name}_base"), &["row", "lane"])?,
                row_w: subject.width(&format!("{name}_value_address_o")),
            });
        }
        let blocks = subject.has("weight_block_i");
        let fields: &[&str] = if blocks { &["data", "block", "last"] } else { &["data", "last"] };
        let weights = source(&mut bench, "weight", fields)?;
        let weight_bases = source(&mut bench, "weight_base", &["row", "lane"])?;
        let stall = if bench.rng().chance(0.6) { gaps } else { Stall::None };
        let jobs = job_source(subject, &mut bench, stall)?;
        let results = memory(&mut bench, "result", d.result.bits());
        bench.write_port("result_value", results)?;
        let result_bases = source(&mut bench, "result_base", &["row"])?;
        let masks = bench.sink("result", &["data", "last"], pressure)?;
        hold_clear(&mut bench)?;
        Ok(Self {
            subject,
            bench,
            n,
            blocks,
            jobs,
            weight,
            weights,
            weight_bases,
            slots,
            results,
            result_bases,
            masks,
            writes_before: 0,
        })
    }

    /// Fills the memories and queues all streams, and what must come.
    fn load(&mut self, input: &Input, output: &Output) -> Result<()> {
        let Self { subject, bench, n, .. } = self;
        let n = *n;
        bench.memory_mut(self.weight).load(0, input.weight_memory.values().iter().copied());
        for (ports, content) in self.slots.iter().zip(&input.activations) {
            bench.memory_mut(ports.memory).load(0, content.memory.values().iter().copied());
            for (mask, last) in Segment::flatten(&content.masks) {
                bench.send(ports.masks, &[Bits::new(n, mask), last.into()])?;
            }
            send_bases(bench, ports.bases, bases_of(&content.masks), (ports.row_w, n))?;
        }
        let mask_w = subject.width("weight_data_i");
        for (item, last) in Segment::flatten(&input.weights) {
            let mut fields = vec![Bits::wide(mask_w, item.mask)];
            if self.blocks {
                fields.push(item.block.into());
            }
            fields.push(last.into());
            bench.send(self.weights, &fields)?;
        }
        let row_w = subject.width("weight_value_address_o");
        send_bases(bench, self.weight_bases, bases_of(&input.weights), (row_w, n))?;
        for job in &input.jobs {
            send_job(subject, bench, self.jobs, job)?;
        }
        let row_w = subject.width("result_value_address_o");
        for &row in &input.result_rows {
            bench.send(self.result_bases, &[Bits::new(row_w, row as u64)])?;
        }
        bench.memory_mut(self.results).clear();
        self.writes_before = bench.memory(self.results).writes();
        expect_masks(bench, self.masks, n, output)
    }

    /// Runs to the end and compares what is left in memory and counters.
    fn finish(mut self, output: &Output) -> Result<Report> {
        let report = self.bench.finish()?;
        let bench = &self.bench;
        let memory = bench.memory(self.results);
        for (v, &code) in output.memory.values().iter().enumerate() {
            same(report.seed, &format!("result value {v}"), memory.get(v).unwrap_or_default(), code.into())?;
        }
        let rows = |segment: &Segment<u64>| {
            let values: u32 = segment.items.iter().map(|mask| mask.count_ones()).sum();
            u64::from(values.div_ceil(self.n))
        };
        let mut written: u64 = output.masks.iter().map(rows).sum();
        // The last row of a segment is written when the segment ends.
        if let Some(open) = output.masks.last().filter(|_| !output.closed) {
            written -= u64::from(rows(open) > 0);
        }
        same(report.seed, "result rows written", memory.writes() - self.writes_before, written)?;
        check_counters(self.subject, &mut self.bench, report.seed, &output.counters)?;
        Ok(report)
    }
}

/// One base for each segment that has items: an empty one never starts.
fn bases_of<T>(segments: &[Segment<T>]) -> impl Iterator<Item = Pointer> {
    segments.iter().filter(|segment| !segment.items.is_empty()).map(|segment| segment.base)
}

fn send_bases(
    bench: &mut Testbench,
    source: alberti_harness::SourceId,
    bases: impl Iterator<Item = Pointer>,
    (row_w, n): (u32, u32),
) -> Result<()> {
    let lane_w = alberti_rtl::blocks::clog2(n.into());
    for base in bases {
        bench.send(source, &[Bits::new(row_w, base.row as u64), Bits::new(lane_w, base.lane as u64)])?;
    }
    Ok(())
}

fn expect_masks(bench: &mut Testbench, sink: SinkId, n: u32, output: &Output) -> Result<()> {
    let mut masks = Segment::flatten(&output.masks);
    if let Some(last) = masks.last_mut() {
        last.1 = output.closed;
    }
    for (mask, last) in masks {
        bench.expect(sink, &[Bits::new(n, mask), Bits::new(1, last.into())])?;
    }
    Ok(())
}
