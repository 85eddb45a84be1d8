//! `hierarchical_softmax` against its golden: rows of every number of parents and children, of which one, some
//! or all are chosen, with scores that are far apart and that are equal.

use super::{
    Outcome, Subject,
    length_errors::{Ends, RowBench, exercise, send, start},
    subject::same,
};
use crate::Result;
use alberti_golden::hierarchical_softmax::Hierarchy;
use alberti_harness::{Bits, Library, Report, Rng, Seed, SinkId, SourceId, Stall, Testbench};
use alberti_rtl::blocks::hierarchical_softmax;

/// A row as it is sent, twice.
#[derive(Clone, Debug)]
pub struct HierarchicalStimulus {
    /// Parents, children, parents that are chosen.
    pub of: Hierarchy,
    /// Scores of the parents, then of each one's children, Q8.8.
    pub scores: Vec<i16>,
}

impl HierarchicalStimulus {
    fn cycles(&self) -> u64 {
        hierarchical_softmax::cycles(self.of.parents as u32, self.of.children as u32).into()
    }
}

/// Rows of every number of parents and of children that can be told, of eight kinds, under all stall patterns;
/// after a run that a reset cuts short; and with ends in the wrong places, which are counted and change
/// nothing. The first pattern has no stalls and is timed.
///
/// # Errors
/// When the build fails, a bit differs, a cycle is lost, a row does not end, or an end in the wrong place is
/// not counted.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        let name = format!("hierarchical_softmax.{}.{pattern}", subject.design.name);
        let mut rng = seed.rng(&format!("{name}.rows"));
        let rows = rows(subject, &mut rng);
        let mut bench = Bench::new(subject, &library, stalls, &name, seed)?;
        let [right, random] = exercise(&mut bench, &rows, rng.below(300), seed)?;
        if pattern == 0 {
            // The codes of the last row leave after its cycles are over.
            let cycles = rows.iter().map(HierarchicalStimulus::cycles).sum::<u64>();
            same(seed, "cycles", right.cycles, cycles + LATENCY)?;
        }
        outcome.add(&right);
        outcome.add(&random);
    }
    Ok(outcome)
}

/// Cycles from the last score of a row to its last codes.
const LATENCY: u64 = 5;

/// Rows one after another without stalls, every bit compared with the golden.
///
/// # Errors
/// When a bit differs.
pub fn drive(
    subject: &Subject,
    library: &Library,
    rows: &[HierarchicalStimulus],
    name: &str,
    seed: Seed,
) -> Result<Report> {
    let mut bench = Bench::new(subject, library, (Stall::None, Stall::None), name, seed)?;
    bench.load(rows, Ends::Right)?;
    Ok(bench.bench.finish()?)
}

/// Every number of parents and every one of children, beside random ones.
fn rows(subject: &Subject, rng: &mut Rng) -> Vec<HierarchicalStimulus> {
    let most = |port: &str| 1usize << subject.width(port);
    let (parents, children) = (most("row_parents_i"), most("row_children_i"));
    let some = |rng: &mut Rng, most: usize| 1 + rng.below(most as u64) as usize;
    let mut shapes: Vec<(usize, usize)> = vec![(1, 1), (parents, children)];
    shapes.extend((1..=parents).map(|p| (p, some(rng, children))));
    shapes.extend((1..=children).map(|c| (some(rng, parents), c)));
    shapes.extend((0..40).map(|_| (some(rng, parents), some(rng, children))));
    let row = |(number, (of_parents, children)): (usize, (usize, usize))| {
        let largest = match rng.below(4) {
            0 => 1,
            1 => of_parents,
            _ => some(rng, parents),
        };
        let of = Hierarchy { parents: of_parents, children, largest };
        let scores = scores(number % 8, of, rng);
        HierarchicalStimulus { of, scores }
    };
    shapes.into_iter().enumerate().map(row).collect()
}

fn scores(kind: usize, of: Hierarchy, rng: &mut Rng) -> Vec<i16> {
    let centre = rng.below(40_001) as i64 - 20_000;
    let any = |rng: &mut Rng, spread: u64| {
        (centre + rng.below(2 * spread + 1) as i64 - spread as i64).clamp(i16::MIN.into(), i16::MAX.into()) as i16
    };
    let one = |i: usize, rng: &mut Rng| match kind {
        // Shares of all sizes, of one size, of nothing beside the largest.
        0 => any(rng, 500),
        1 => any(rng, 40),
        2 => any(rng, 32_768),
        // Many equal ones.
        3 => any(rng, 1),
        4 => 7,
        // Ever larger, ever smaller.
        5 => (i as i64 * 61 - 9000) as i16,
        6 => (9000 - i as i64 * 61) as i16,
        // The ends of the range.
        _ => *rng.pick(&[i16::MIN, i16::MAX, i16::MAX - 4352, i16::MAX - 4353, 0, -1]),
    };
    (0..of.scores()).map(|i| one(i, rng)).collect()
}

struct Bench<'a> {
    subject: &'a Subject<'a>,
    bench: Testbench,
    rows: SourceId,
    scores: SourceId,
    codes: SinkId,
    lanes: usize,
}

impl<'a> Bench<'a> {
    fn new(
        subject: &'a Subject<'a>,
        library: &Library,
        (gaps, pressure): (Stall, Stall),
        name: &str,
        seed: Seed,
    ) -> Result<Self> {
        let mut bench = Testbench::with_seed(library, name, seed)?;
        let rows = bench.source("row", &["parents", "children", "largest"], gaps)?;
        let scores = bench.source("score", &["data", "last"], gaps)?;
        let codes = bench.sink("code", &["data", "last"], pressure)?;
        start(&mut bench)?;
        Ok(Self { subject, bench, rows, scores, codes, lanes: subject.design.score_lanes() as usize })
    }
}

impl RowBench for Bench<'_> {
    type Stimulus = HierarchicalStimulus;

    fn testbench(&mut self) -> &mut Testbench {
        &mut self.bench
    }

    fn load(&mut self, rows: &[HierarchicalStimulus], ends: Ends) -> Result<u64> {
        let lanes = self.lanes;
        let mut wrong = 0;
        for HierarchicalStimulus { of, scores } in rows {
            let item = [("row_parents_i", of.parents), ("row_children_i", of.children), ("row_largest_i", of.largest)];
            let item = item.map(|(port, number)| Bits::new(self.subject.width(port), number as u64 - 1));
            self.bench.send(self.rows, &item)?;
            for _pass in 0..2 {
                wrong += send(&mut self.bench, self.scores, scores, (scores.len(), lanes), ends)?;
            }
            let codes = of.row(scores)?.codes;
            let vectors = codes.len().div_ceil(lanes);
            for v in 0..vectors {
                let vector = (v * lanes..(v + 1) * lanes).map(|i| codes.get(i).copied().unwrap_or(0));
                self.bench.expect(self.codes, &[Bits::pack(8, vector), Bits::from(v + 1 == vectors)])?;
            }
        }
        Ok(wrong)
    }
}
