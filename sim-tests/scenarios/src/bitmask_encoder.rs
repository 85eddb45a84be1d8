//! `bitmask_encoder` against its golden: masks, and every row of the memory.

use super::{Outcome, Subject};
use crate::{Error, Result};
use alberti_arith::Format;
use alberti_golden::{Packed, bitmask_encoder};
use alberti_harness::{BankedMemory, Bits, MemoryId, Rng, Seed, SinkId, SourceId, Stall, Testbench};

/// Encodes segments of every length and density under all stall patterns; the first pattern has none and is
/// timed.
///
/// # Errors
/// When the build fails, a bit differs, a segment's rows are written late, or a cycle is lost.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for (density, percent) in [0, 3, 25, 50, 75, 97, 100].into_iter().enumerate() {
            let name = format!("bitmask_encoder.{}.{density}.{pattern}", subject.design.name);
            let mut rng = seed.rng(&format!("{name}.items"));
            let mut bench = Bench::new(subject, Testbench::with_seed(&library, &name, seed)?, stalls)?;
            // A run that a reset cuts short leaves nothing over but what it wrote.
            bench.load(&segments(subject, percent, &mut rng))?;
            for _ in 0..rng.below(60) {
                bench.bench.step()?;
            }
            bench.bench.reset(1)?;
            bench.bench.memory_mut(bench.memory).clear();
            let segments = segments(subject, percent, &mut rng);
            let expected = bench.load(&segments)?;
            bench.run_in_order(&expected)?;
            let report = bench.bench.finish()?;
            let vectors: usize = segments.iter().map(|segment| segment.vectors.len()).sum();
            if pattern == 0 {
                super::subject::same(seed, "cycles", report.cycles, vectors as u64 + 2)?;
            }
            bench.check(seed, &expected)?;
            outcome.add(&report);
        }
    }
    Ok(outcome)
}

struct Vectors {
    row: usize,
    vectors: Vec<Vec<u16>>,
}

/// What the golden says of all segments.
struct Expected {
    memory: Packed,
    /// Rows that each segment writes.
    rows: Vec<Vec<usize>>,
    writes_before: u64,
}

/// Segments of one to forty vectors, one after another in the memory, from a row close to its ends. Zeros are
/// both of AdaptivFloat's.
fn segments(subject: &Subject, percent: u64, rng: &mut Rng) -> Vec<Vectors> {
    let d = &subject.design.datapath;
    let n = d.n as usize;
    let rows = 1usize << subject.width("base_row_i");
    let zeros: &[u16] = if matches!(d.result, Format::AdaptivFloat(_)) { &[0, 0x80] } else { &[0] };
    let mut row = *rng.pick(&[0, rows / 2, rows - 1]);
    let code = |rng: &mut Rng| {
        if rng.below(100) < percent { (1 + rng.below((1 << d.result.bits()) - 1)) as u16 } else { *rng.pick(zeros) }
    };
    let count = 1 + rng.below(12);
    let mut segments = Vec::new();
    for _ in 0..count {
        let length = 1 + if rng.chance(0.3) { 0 } else { rng.below(40) as usize };
        segments.push(Vectors { row, vectors: (0..length).map(|_| (0..n).map(|_| code(rng)).collect()).collect() });
        row = (row + length + rng.below(2) as usize) % rows;
    }
    segments
}

struct Bench {
    bench: Testbench,
    format: Format,
    vectors: SourceId,
    bases: SourceId,
    masks: SinkId,
    memory: MemoryId,
    n: u32,
    row_w: u32,
}

impl Bench {
    fn new(subject: &Subject, mut bench: Testbench, (gaps, pressure): (Stall, Stall)) -> Result<Self> {
        let d = &subject.design.datapath;
        let (n, row_w) = (d.n, subject.width("base_row_i"));
        let vectors = bench.source("vector", &["data", "last"], gaps)?;
        let bases = bench.source("base", &["row"], gaps)?;
        let masks = bench.sink("mask", &["data", "last"], pressure)?;
        let memory = bench.add_memory(BankedMemory::new(n, row_w, d.result.bits()));
        bench.write_port("value", memory)?;
        Ok(Self { bench, format: d.result, vectors, bases, masks, memory, n, row_w })
    }

    fn load(&mut self, segments: &[Vectors]) -> Result<Expected> {
        let n = self.n as usize;
        let memory = Packed::new(n, n << self.row_w)?;
        let writes_before = self.bench.memory(self.memory).writes();
        let mut expected = Expected { memory, rows: Vec::new(), writes_before };
        for Vectors { row, vectors } in segments {
            self.bench.send(self.bases, &[Bits::new(self.row_w, *row as u64)])?;
            let encoded = bitmask_encoder::encode(self.format, &mut expected.memory, *row, vectors)?;
            let count = vectors.len();
            for (i, (vector, &mask)) in vectors.iter().zip(&encoded.masks).enumerate() {
                let last = Bits::from(i + 1 == count);
                let data = Bits::pack(self.format.bits(), vector.iter().copied());
                self.bench.send(self.vectors, &[data, last.clone()])?;
                self.bench.expect(self.masks, &[Bits::new(self.n, mask), last])?;
            }
            let values: u32 = encoded.masks.iter().map(|mask| mask.count_ones()).sum();
            expected
                .rows
                .push((0..values.div_ceil(self.n) as usize).map(|i| (row + i) % expected.memory.rows()).collect());
        }
        Ok(expected)
    }

    /// Runs to the last mask: one cycle after that of a segment, all of the segment's rows are written.
    fn run_in_order(&mut self, expected: &Expected) -> Result<()> {
        let ports = ["mask_valid_o", "mask_ready_i", "mask_last_o"].map(|port| self.bench.model().port(port));
        let [valid, ready, last] = ports;
        let (valid, ready, last) = (valid?, ready?, last?);
        let mut segments = expected.rows.iter();
        let (mut due, mut soon) = (0, 0);
        for _ in 0..2000 {
            self.bench.settle()?;
            let model = self.bench.model();
            due += std::mem::take(&mut soon);
            if model.get(valid) & model.get(ready) & model.get(last) == 1 {
                soon = segments.next().map_or(0, |rows| rows.len() as u64);
            }
            self.bench.clock()?;
            let written = self.bench.memory(self.memory).writes() - expected.writes_before;
            if due > written {
                return Err(Error::differs("bitmask_encoder", format!("{due} rows are due, {written} are written")));
            }
        }
        Ok(())
    }

    /// Every row is written once, and no other.
    fn check(&mut self, seed: Seed, expected: &Expected) -> Result<()> {
        let memory = self.bench.memory(self.memory);
        let rows: Vec<usize> = expected.rows.concat();
        super::subject::same(seed, "rows written", memory.writes() - expected.writes_before, rows.len() as u64)?;
        let mut written = vec![false; expected.memory.rows()];
        rows.into_iter().for_each(|row| written[row] = true);
        for (v, &value) in expected.memory.values().iter().enumerate() {
            let wanted = written[v / self.n as usize].then_some(u64::from(value));
            if memory.get(v) != wanted {
                let what = format!("value {v} is {:?}, expected {wanted:?} ({}={seed})", memory.get(v), Seed::VARIABLE);
                return Err(Error::differs("bitmask_encoder", what));
            }
        }
        Ok(())
    }
}
