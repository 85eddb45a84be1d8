//! `bitmask_encoder` against its golden: masks, memory and the place to go on from.

use super::{Outcome, Subject};
use crate::{Bits, Error, Memory, MemoryId, Result, Rng, Seed, SinkId, SourceId, Stall, Testbench};
use alberti_arith::Format;
use alberti_golden::{Banked, Pointer, bitmask_encoder};

/// Encodes segments of every length and density under all stall patterns; the first pattern has none and is timed.
///
/// # Errors
/// When the build fails, a bit differs, a mask comes before its values are written, or a cycle is lost.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for (density, percent) in [0, 3, 25, 50, 75, 97, 100].into_iter().enumerate() {
            let name = format!("bitmask_encoder.{}.{density}.{pattern}", subject.design.name);
            let mut rng = seed.rng(&format!("{name}.items"));
            let mut bench = Bench::new(subject, Testbench::with_seed(&library, &name, seed)?, stalls)?;
            // A run that a reset cuts short leaves nothing behind but what it wrote.
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
    base: Pointer,
    vectors: Vec<Vec<u16>>,
}

/// What the golden says of all segments.
struct Expected {
    memory: Banked,
    /// Values that were written, as flags.
    written: Vec<bool>,
    ones: u64,
    next: Pointer,
    writes_before: u64,
}

/// Segments of one to forty vectors, one after another in the memory, from a base close to its ends. Zeros are both of
/// AdaptivFloat's.
fn segments(subject: &Subject, percent: u64, rng: &mut Rng) -> Vec<Vectors> {
    let d = &subject.design.datapath;
    let n = d.n as usize;
    let rows = 1usize << subject.width("base_row_i");
    let zeros: &[u16] = if matches!(d.result, Format::AdaptivFloat(_)) { &[0, 0x80] } else { &[0] };
    let mut start = *rng.pick(&[0, n * rows / 2, n * rows - n]) + rng.below(n as u64) as usize;
    let code = |rng: &mut Rng| {
        if rng.below(100) < percent { (1 + rng.below((1 << d.result.bits()) - 1)) as u16 } else { *rng.pick(zeros) }
    };
    let count = 1 + rng.below(12);
    let mut segments = Vec::new();
    for _ in 0..count {
        let length = 1 + if rng.chance(0.3) { 0 } else { rng.below(40) as usize };
        let base = Pointer { row: start / n % rows, bank: start % n };
        start += length * n + rng.below(n as u64) as usize;
        segments.push(Vectors { base, vectors: (0..length).map(|_| (0..n).map(|_| code(rng)).collect()).collect() });
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
    bank_w: u32,
}

impl Bench {
    fn new(subject: &Subject, mut bench: Testbench, (gaps, pressure): (Stall, Stall)) -> Result<Self> {
        let d = &subject.design.datapath;
        let (n, row_w) = (d.n, subject.width("base_row_i"));
        let vectors = bench.source("vector", &["data", "last"], gaps)?;
        let bases = bench.source("base", &["row", "bank"], gaps)?;
        let masks = bench.sink("mask", &["data", "last"], pressure)?;
        let memory = bench.add_memory(Memory::new(n, row_w, d.result.bits()));
        bench.write_port("value", memory)?;
        let bank_w = subject.width("base_bank_i");
        Ok(Self { bench, format: d.result, vectors, bases, masks, memory, n, row_w, bank_w })
    }

    fn load(&mut self, segments: &[Vectors]) -> Result<Expected> {
        let n = self.n as usize;
        let memory = Banked::new(n, n << self.row_w)?;
        let writes_before = self.bench.memory(self.memory).writes();
        let written = vec![false; memory.values().len()];
        let mut expected = Expected { memory, written, ones: 0, next: Pointer::default(), writes_before };
        for Vectors { base, vectors } in segments {
            let item = [Bits::new(self.row_w, base.row as u64), Bits::new(self.bank_w, base.bank as u64)];
            self.bench.send(self.bases, &item)?;
            let encoded = bitmask_encoder::encode(self.format, &mut expected.memory, *base, vectors)?;
            expected.next = encoded.next;
            let count = vectors.len();
            let mut ones = 0;
            for (i, (vector, &mask)) in vectors.iter().zip(&encoded.masks).enumerate() {
                let last = Bits::from(i + 1 == count);
                let data = Bits::pack(self.format.bits(), vector.iter().copied());
                self.bench.send(self.vectors, &[data, last.clone()])?;
                self.bench.expect(self.masks, &[Bits::new(self.n, mask), last])?;
                ones += mask.count_ones() as usize;
            }
            for i in 0..ones {
                let place = expected.memory.advance(*base, i);
                expected.written[place.row * n + place.bank] = true;
            }
            expected.ones += ones as u64;
        }
        Ok(expected)
    }

    /// Runs to the last mask: none may come before its values are written.
    fn run_in_order(&mut self, expected: &Expected) -> Result<()> {
        let ports = ["mask_valid_o", "mask_ready_i", "mask_data_o"].map(|port| self.bench.model().port(port));
        let [valid, ready, data] = ports;
        let (valid, ready, data) = (valid?, ready?, data?);
        let mut announced = 0;
        for _ in 0..2000 {
            self.bench.settle()?;
            let model = self.bench.model();
            if model.get(valid) & model.get(ready) == 1 {
                announced += u64::from(model.get(data).count_ones());
            }
            self.bench.clock()?;
            let written = self.bench.memory(self.memory).writes() - expected.writes_before;
            if announced > written {
                return Err(Error::usage(
                    "bitmask_encoder",
                    format!("{announced} values announced, {written} written"),
                ));
            }
        }
        Ok(())
    }

    fn check(&mut self, seed: Seed, expected: &Expected) -> Result<()> {
        let memory = self.bench.memory(self.memory);
        super::subject::same(seed, "values written", memory.writes() - expected.writes_before, expected.ones)?;
        for (v, (&value, &written)) in expected.memory.values().iter().zip(&expected.written).enumerate() {
            let wanted = written.then_some(u64::from(value));
            if memory.get(v) != wanted {
                let what = format!("value {v} is {:?}, expected {wanted:?} ({}={seed})", memory.get(v), Seed::VARIABLE);
                return Err(Error::usage("bitmask_encoder", what));
            }
        }
        let model = self.bench.model();
        let (row, bank) = (model.get(model.output("next_row_o")?), model.get(model.output("next_bank_o")?));
        super::subject::same(seed, "next_row_o", row, expected.next.row as u64)?;
        super::subject::same(seed, "next_bank_o", bank, expected.next.bank as u64)
    }
}
