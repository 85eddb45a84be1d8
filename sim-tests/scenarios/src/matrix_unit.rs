//! `matrix_unit` against its golden: jobs of all kinds from vectors to vectors, to the bit, and to the cycle
//! where nothing stalls.

use super::subject::{Outcome, Subject, counter, same};
use crate::Result;
use alberti_arith::{Activation, wrap};
use alberti_golden::{
    block_select::{Selection, select_lane},
    matrix_unit::{Counters, Input, Item, Job, MatrixUnitConfig, Output, run as golden_run},
};
use alberti_harness::{Bits, Library, Report, Rng, Seed, SinkId, SourceId, Stall, Testbench};
use alberti_rtl::blocks::{Geometry, MIN_PASS};

/// Runs random jobs of many shapes under all stall patterns.
///
/// # Errors
/// When the build fails, a bit differs, or cycles are lost where nothing stalls.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let config = subject.config()?;
    let g = Geometry::new(subject.design);
    let (n, most) = (config.n, subject.design.datapath.accumulator_rows as usize);
    let passes = (g.passes as usize).min(9);
    let shapes = [(1, 1), (1, passes), (2, passes), (3, passes), (n, 3), (n + 1, 2), (most, 2), (1, 2), (most, 1)];
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for part in 0..3 {
            let name = format!("matrix_unit.{}.{part}.{pattern}", subject.design.name);
            let mut rng = seed.rng(&name);
            let mut input = Input { activations: vec![Vec::new(); config.slots()], ..Input::default() };
            for number in 0..12 {
                // Jobs of one shape follow one another, and jobs of different ones.
                let shape = if part == 0 { shapes[number % shapes.len()] } else { *rng.pick(&shapes) };
                let shape = (shape.0, shape.1.min(g.passes as usize));
                add_job(&mut input, &config, g.accelerator, shape, &mut rng)?;
            }
            let output = golden_run(&config, &input)?;
            let report = drive(subject, &library, (&input, &output), stalls, None, &name, seed)?;
            if pattern == 0 {
                same(seed, &format!("{name}: cycles"), report.cycles, cycles(&g, &input.jobs))?;
            }
            outcome.add(&report);
            if pattern == 3 {
                let (cycles, name) = (rng.below(200), format!("{name}.reset"));
                outcome.add(&drive(subject, &library, (&input, &output), stalls, Some(cycles), &name, seed)?);
            }
        }
    }
    Ok(outcome)
}

/// Cycles from the first weight item to the last row of results: the first tile loads, passes follow one
/// another, each of max(rows, n, 4) cycles, and the last row goes through array, activation, requantiser and
/// buffer.
fn cycles(g: &Geometry, jobs: &[Job]) -> u64 {
    let pass = |job: &Job| (job.rows as u64).max(g.n.into()).max(MIN_PASS.into());
    let passes: u64 = jobs.iter().map(|job| job.passes as u64 * pass(job)).sum();
    let waits = jobs.last().map_or(0, |job| pass(job) - job.rows as u64);
    u64::from(g.n) + passes - waits + u64::from(g.pipeline + g.activation_latency()) + 4
}

/// Adds a job and its operands.
fn add_job(
    input: &mut Input,
    config: &MatrixUnitConfig,
    accelerator: bool,
    (rows, passes): (usize, usize),
    rng: &mut Rng,
) -> Result<()> {
    let n = config.n;
    let mut plain_passes = 0;
    for _ in 0..passes {
        let block = config.sparsity.is_some() && rng.chance(0.6);
        let columns = accelerator && !block && rng.chance(0.5);
        let density = *rng.pick(&[0.0, 0.3, 0.9, 1.0]);
        for lane in 0..n {
            // Now and then an item of the other kind. What items but the first say of columns does not count.
            let block =
                if lane > 0 && !columns && config.sparsity.is_some() && rng.chance(0.02) { !block } else { block };
            let codes = (0..n).map(|_| code(config, density, rng)).collect();
            let columns = if lane == 0 { columns } else { rng.chance(0.5) };
            input.weights.push(Item { codes, block: selection(config, block, rng)?, columns });
        }
        for _ in 0..rows {
            let density = *rng.pick(&[0.0, 0.5, 0.9, 1.0, 1.0]);
            let mut vector = || (0..n).map(|_| code(config, density, rng)).collect();
            match block {
                true => input.activations.iter_mut().for_each(|slot| slot.push(vector())),
                false => input.activations[plain_passes % config.slots()].push(vector()),
            }
        }
        plain_passes += usize::from(!block);
    }
    let (function, activation_shift) = random_function(config, rng);
    // Shifts that bring most sums into the range of codes, and any.
    let typical = 2 * config.operand.max_significand().ilog2() as i32 - 8;
    let shift = |rng: &mut Rng| match rng.below(8) {
        0 => rng.below(128) as i32 - 64,
        _ => typical + rng.below(9) as i32,
    };
    let wide_shift = if rng.chance(0.7) { -(rng.below(12) as i32) } else { rng.below(128) as i32 - 64 };
    let bias = |rng: &mut Rng| {
        let width = 1 + rng.below(u64::from(config.bias_bits())) as u32;
        wrap(rng.bits(width) as i64, width)
    };
    input.jobs.push(Job {
        rows,
        passes,
        close: rng.chance(0.5),
        bias: (0..n).map(|_| bias(rng)).collect(),
        scale: (0..n).map(|_| shift(rng)).collect(),
        function,
        activation_shift,
        wide_shift: if accelerator { wide_shift } else { 0 },
    });
    Ok(())
}

/// A code that is zero, of either sign, but for `density`.
fn code(config: &MatrixUnitConfig, density: f64, rng: &mut Rng) -> u16 {
    let bits = config.operand.bits();
    let negative_zero = if config.operand.is_zero(1 << (bits - 1)) { 1 << (bits - 1) } else { 0 };
    match rng.chance(density) {
        true => rng.bits(bits) as u16,
        false => *rng.pick(&[0, negative_zero]),
    }
}

/// What a selector finds in the masks of a block item: most of them have as many ones as they should.
fn selection(config: &MatrixUnitConfig, block: bool, rng: &mut Rng) -> Result<Option<Selection>> {
    let Some(sparsity) = config.sparsity.filter(|_| block) else { return Ok(None) };
    let mut mask = 0u128;
    for first in (0..2 * config.n).step_by(sparsity.block()) {
        let ones = if rng.chance(0.02) { rng.below(1 + sparsity.block() as u64) } else { sparsity.nonzeros() as u64 };
        let mut places: Vec<_> = (first..first + sparsity.block()).collect();
        for _ in 0..ones {
            mask |= 1 << places.swap_remove(rng.below(places.len() as u64) as usize);
        }
    }
    Ok(Some(select_lane(sparsity, config.n, mask)?))
}

/// One of the unit's functions, and a shift after it.
pub(super) fn random_function(config: &MatrixUnitConfig, rng: &mut Rng) -> (Activation, i32) {
    let functions: Vec<_> = config.activation.iter().collect();
    // Most of the shifts after functions of numbers keep small results.
    (*rng.pick(&functions), if rng.chance(0.8) { rng.below(16) as i32 - 4 } else { rng.below(128) as i32 - 64 })
}

/// The stream of jobs, with the fields that the subject has.
pub(super) fn job_source(subject: &Subject, bench: &mut Testbench, gaps: Stall) -> Result<SourceId> {
    let fields = ["rows", "passes", "close", "bias", "scale", "function", "activation_shift", "wide_shift"];
    let fields: Vec<_> = fields.into_iter().filter(|field| subject.has(&format!("job_{field}_i"))).collect();
    Ok(bench.source("job", &fields, gaps)?)
}

/// Queues a job on its stream.
pub(super) fn send_job(subject: &Subject, bench: &mut Testbench, jobs: SourceId, job: &Job) -> Result<()> {
    let n = subject.design.datapath.n;
    let mut fields = vec![
        Bits::new(subject.width("job_rows_i"), job.rows as u64 - 1),
        Bits::new(subject.width("job_passes_i"), job.passes as u64 - 1),
        job.close.into(),
        Bits::pack_signed(subject.width("job_bias_i") / n, job.bias.iter().copied()),
        Bits::pack_signed(subject.width("job_scale_i") / n, job.scale.iter().copied()),
    ];
    if subject.has("job_function_i") {
        let code = subject.design.datapath.activation.code(job.function);
        fields.push(Bits::new(subject.width("job_function_i"), code.map_or(0, u64::from)));
    }
    for (port, shift) in [("job_activation_shift_i", job.activation_shift), ("job_wide_shift_i", job.wide_shift)] {
        if subject.has(port) {
            fields.push(Bits::signed(subject.width(port), shift.into()));
        }
    }
    Ok(bench.send(jobs, &fields)?)
}

const COUNTS: [&str; 3] = ["vector_count_o", "held_count_o", "mask_error_count_o"];

/// Holds `clear_i` low.
pub(super) fn hold_clear(bench: &mut Testbench) -> Result<()> {
    let clear = bench.model().input("clear_i")?;
    bench.model_mut().set(clear, 0);
    Ok(())
}

/// Compares the counters that the subject has, and demands that they start again from zero when they are told
/// to.
pub(super) fn check_counters(subject: &Subject, bench: &mut Testbench, seed: Seed, expected: &Counters) -> Result<()> {
    let expected = [expected.vectors, expected.held, expected.mask_errors];
    for (port, expected) in COUNTS.into_iter().zip(expected).filter(|(port, _)| subject.has(port)) {
        same(seed, port, counter(bench, port)?, expected)?;
    }
    let clear = bench.model().input("clear_i")?;
    for value in [1, 0] {
        bench.model_mut().set(clear, value);
        bench.step()?;
    }
    for port in COUNTS.into_iter().filter(|port| subject.has(port)) {
        same(seed, &format!("{port} after clear_i"), counter(bench, port)?, 0)?;
    }
    Ok(())
}

/// Gives an input to the unit and compares results and counters with the golden's output; with `reset`, after
/// a start with the same input that a reset cuts short after so many cycles.
fn drive(
    subject: &Subject,
    library: &Library,
    (input, output): (&Input, &Output),
    stalls: (Stall, Stall),
    reset: Option<u64>,
    name: &str,
    seed: Seed,
) -> Result<Report> {
    let mut rig = Rig::new(subject, Testbench::with_seed(library, name, seed)?, stalls)?;
    rig.load(input, output)?;
    if let Some(cycles) = reset {
        for _ in 0..cycles {
            rig.bench.step()?;
        }
        rig.bench.reset(1)?;
        rig.load(input, output)?;
    }
    let report = rig.bench.finish()?;
    check_counters(subject, &mut rig.bench, report.seed, &output.counters)?;
    Ok(report)
}

/// A unit with everything around it.
struct Rig<'a> {
    subject: &'a Subject<'a>,
    bench: Testbench,
    jobs: SourceId,
    weights: SourceId,
    slots: Vec<SourceId>,
    results: SinkId,
}

impl<'a> Rig<'a> {
    fn new(subject: &'a Subject, mut bench: Testbench, (gaps, pressure): (Stall, Stall)) -> Result<Self> {
        // Some streams keep up while others do not: what one waits for differs from what another waits for.
        let gaps = |bench: &mut Testbench| if bench.rng().chance(0.6) { gaps } else { Stall::None };
        let with = |fields: &[&'static str], stream: &str, end: &str| -> Vec<&'static str> {
            fields.iter().copied().filter(|field| subject.has(&format!("{stream}_{field}_{end}"))).collect()
        };
        let stall = gaps(&mut bench);
        let jobs = job_source(subject, &mut bench, stall)?;
        let stall = gaps(&mut bench);
        let fields = with(&["data", "block", "select", "error", "columns"], "weight", "i");
        let weights = bench.source("weight", &fields, stall)?;
        let mut slots = Vec::new();
        for name in ["activation", "activation0", "activation1"] {
            if subject.has(&format!("{name}_valid_i")) {
                let stall = gaps(&mut bench);
                slots.push(bench.source(name, &["data"], stall)?);
            }
        }
        let results = bench.sink("result", &with(&["code", "wide", "last"], "result", "o"), pressure)?;
        hold_clear(&mut bench)?;
        Ok(Self { subject, bench, jobs, weights, slots, results })
    }

    /// Queues all streams, and what must come.
    fn load(&mut self, input: &Input, output: &Output) -> Result<()> {
        let Self { subject, bench, .. } = self;
        let d = &subject.design.datapath;
        for job in &input.jobs {
            send_job(subject, bench, self.jobs, job)?;
        }
        for item in &input.weights {
            let fields = weight_fields(subject, item, bench.rng());
            bench.send(self.weights, &fields)?;
        }
        for (&slot, vectors) in self.slots.iter().zip(&input.activations) {
            for vector in vectors {
                bench.send(slot, &[Bits::pack(d.operand.bits(), vector.iter().copied())])?;
            }
        }
        for row in &output.rows {
            let mut fields = vec![Bits::pack(d.result.bits(), row.code.iter().copied())];
            if subject.has("result_wide_o") {
                fields.push(Bits::pack(16, row.wide.iter().copied()));
            }
            fields.push(row.last.into());
            bench.expect(self.results, &fields)?;
        }
        Ok(())
    }
}

/// A weight item; what a selector says of a plain one is anything.
fn weight_fields(subject: &Subject, item: &Item, rng: &mut Rng) -> Vec<Bits> {
    let d = &subject.design.datapath;
    let mut fields = vec![Bits::pack(d.operand.bits(), item.codes.iter().copied())];
    if subject.has("weight_block_i") {
        let (select_w, error_w) = (subject.width("weight_select_i") / d.n, subject.width("weight_error_i"));
        let none = (1u64 << select_w) - 1;
        fields.push(item.block.is_some().into());
        match &item.block {
            Some(Selection { selects, errors }) => fields.extend([
                Bits::pack(select_w, selects.iter().map(|select| select.map_or(none, u64::from))),
                Bits::pack(1, errors.iter().copied()),
            ]),
            None => fields.extend([
                Bits::pack(select_w, (0..d.n).map(|_| rng.bits(select_w))),
                Bits::new(error_w, rng.bits(error_w)),
            ]),
        }
    }
    if subject.has("weight_columns_i") {
        fields.push(item.columns.into());
    }
    fields
}
