//! `bitmask_decoder` against its golden: segments of any density from any base, and no row read in vain.

use super::{Outcome, Subject};
use crate::Result;
use alberti_golden::{Packed, Pointer, Segment, bitmask_decoder};
use alberti_harness::{BankedMemory, Bits, MemoryId, Report, Rng, Seed, SinkId, SourceId, Stall, Testbench};

/// Decodes segments of every length and density under all stall patterns; the first pattern has none and is
/// timed.
///
/// # Errors
/// When the build fails, a bit differs, a row is read that is not needed, or a cycle is lost.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for (density, percent) in [0, 3, 25, 50, 75, 97, 100].into_iter().enumerate() {
            let name = format!("bitmask_decoder.{}.{density}.{pattern}", subject.design.name);
            let mut rng = seed.rng(&format!("{name}.items"));
            let mut bench = Bench::new(subject, Testbench::with_seed(&library, &name, seed)?, stalls)?;
            // A run that a reset cuts short leaves nothing over.
            bench.load(&segments(subject, percent, &mut rng), &mut rng)?;
            for _ in 0..rng.below(60) {
                bench.bench.step()?;
            }
            bench.bench.reset(1)?;
            let before = bench.bench.memory(bench.memory).reads();
            let segments = segments(subject, percent, &mut rng);
            bench.load(&segments, &mut rng)?;
            let report = bench.bench.finish()?;
            bench.check(subject, &report, &segments, before, pattern == 0)?;
            outcome.add(&report);
        }
    }
    Ok(outcome)
}

/// Segments of one to forty masks, with bases close to both ends of memory and rows.
fn segments(subject: &Subject, percent: u64, rng: &mut Rng) -> Vec<Segment<u64>> {
    let n = subject.design.datapath.n;
    let rows = 1usize << (subject.width("base_row_i"));
    let count = 1 + rng.below(12);
    let one = |rng: &mut Rng| {
        let row = *rng.pick(&[0, 1, rows / 2, rows - 1]);
        let base = Pointer { row, lane: rng.below(n.into()) as usize };
        let mask = |rng: &mut Rng| (0..n).map(|i| u64::from(rng.below(100) < percent) << i).sum();
        let length = 1 + if rng.chance(0.3) { 0 } else { rng.below(40) };
        Segment { base, items: (0..length).map(|_| mask(rng)).collect() }
    };
    (0..count).map(|_| one(rng)).collect()
}

struct Bench {
    bench: Testbench,
    masks: SourceId,
    bases: SourceId,
    vectors: SinkId,
    memory: MemoryId,
    n: u32,
    op_w: u32,
    row_w: u32,
    lane_w: u32,
}

impl Bench {
    fn new(subject: &Subject, mut bench: Testbench, (gaps, pressure): (Stall, Stall)) -> Result<Self> {
        let d = &subject.design.datapath;
        let (n, op_w, row_w) = (d.n, d.operand.bits(), subject.width("base_row_i"));
        let masks = bench.source("mask", &["data", "last"], gaps)?;
        let bases = bench.source("base", &["row", "lane"], gaps)?;
        let vectors = bench.sink("vector", &["data", "last"], pressure)?;
        let memory = bench.add_memory(BankedMemory::new(n, row_w, op_w));
        bench.read_port("value", memory, subject.design.memories.weight.latency)?;
        Ok(Self { bench, masks, bases, vectors, memory, n, op_w, row_w, lane_w: subject.width("base_lane_i") })
    }

    /// Random values where the segments need some and nothing anywhere else, the streams, and what must come.
    fn load(&mut self, segments: &[Segment<u64>], rng: &mut Rng) -> Result<()> {
        let n = self.n as usize;
        let mut content = Packed::new(n, n << self.row_w)?;
        let memory = self.bench.memory_mut(self.memory);
        memory.clear();
        for segment in segments {
            // Of a segment that begins inside a row, that row is read before it is known whether a value is
            // needed.
            memory.set(segment.base.row * n, 0);
        }
        for segment in segments {
            let ones: u32 = segment.items.iter().map(|mask| mask.count_ones()).sum();
            for i in 0..ones as usize {
                let pointer = content.advance(segment.base, i);
                let value = rng.bits(self.op_w);
                content.write(pointer, &[value as u16]);
                memory.set(pointer.row * n + pointer.lane, value);
            }
        }
        for segment in segments {
            let base =
                [Bits::new(self.row_w, segment.base.row as u64), Bits::new(self.lane_w, segment.base.lane as u64)];
            self.bench.send(self.bases, &base)?;
            let decoded = bitmask_decoder::decode(&content, segment.base, &segment.items)?;
            let count = segment.items.len();
            for (i, (&mask, vector)) in segment.items.iter().zip(&decoded.vectors).enumerate() {
                let last = Bits::from(i + 1 == count);
                self.bench.send(self.masks, &[Bits::new(self.n, mask), last.clone()])?;
                self.bench.expect(self.vectors, &[Bits::pack(self.op_w, vector.iter().copied()), last])?;
            }
        }
        Ok(())
    }

    /// Each row is read when the first of its values is needed, and no other; and without stalls a vector in
    /// every cycle but for those in which a segment begins inside a row that is not kept.
    fn check(
        &self,
        subject: &Subject,
        report: &Report,
        segments: &[Segment<u64>],
        before: u64,
        timed: bool,
    ) -> Result<()> {
        let n = self.n as usize;
        let (mut reads, mut leads, mut kept) = (0, 0, None);
        for Segment { base, items } in segments {
            let (mut row, mut lane) = (base.row, base.lane);
            if lane != 0 && kept != Some(row) {
                (leads, reads, kept) = (leads + 1, reads + 1, Some(row));
            }
            for mask in items {
                let past = lane + mask.count_ones() as usize;
                let next = (row + 1) % (1 << self.row_w);
                if past > n || (lane == 0 && past > 0) {
                    (reads, kept) = (reads + 1, Some(if lane == 0 { row } else { next }));
                }
                (row, lane) = if past >= n { (next, past - n) } else { (row, past) };
            }
        }
        let memory = self.bench.memory(self.memory);
        let mut facts = vec![("rows read", memory.reads() - before, reads), ("reads of nothing", memory.strays(), 0)];
        if timed {
            let masks: usize = segments.iter().map(|segment| segment.items.len()).sum();
            let latency = u64::from(subject.design.memories.weight.latency) + 3;
            facts.push(("cycles", report.cycles, masks as u64 + leads + latency));
        }
        facts.into_iter().try_for_each(|(what, got, expected)| super::subject::same(report.seed, what, got, expected))
    }
}
