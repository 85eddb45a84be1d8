//! `entropy` against its golden: rows of every number of classes, decided and undecided.

use super::{
    Outcome, Subject,
    length_errors::{Ends, RowBench, exercise, send, start},
    subject::same,
};
use crate::Result;
use alberti_golden::entropy::{Decision, decide};
use alberti_harness::{Bits, Library, Report, Rng, Seed, SinkId, SourceId, Stall, Testbench};

/// A row as it is sent.
#[derive(Clone, Debug)]
pub struct EntropyStimulus {
    /// Its logits, Q6.10.
    pub logits: Vec<i16>,
    /// The threshold, Q.10 of base 2.
    pub threshold: u16,
}

/// Rows of every number of classes that can be told and of nine kinds, under all stall patterns, with
/// thresholds on either side of their entropy; after a run that a reset cuts short; and with ends in the
/// wrong places, which are counted and change nothing. The first pattern has no stalls and is timed.
///
/// # Errors
/// When the build fails, a bit differs, a cycle is lost, a row does not end, or an end in the wrong place is
/// not counted.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        let name = format!("entropy.{}.{pattern}", subject.design.name);
        let mut rng = seed.rng(&format!("{name}.rows"));
        let rows = rows(subject, &mut rng)?;
        let mut bench = Bench::new(subject, &library, stalls, &name, seed)?;
        let [right, random] = exercise(&mut bench, &rows, rng.below(250), seed)?;
        if pattern == 0 {
            same(seed, "cycles", right.cycles, cycles(subject, &rows))?;
        }
        outcome.add(&right);
        outcome.add(&random);
    }
    Ok(outcome)
}

/// Rows one after another without stalls, every bit compared with the golden.
///
/// # Errors
/// When a bit differs.
pub fn drive(subject: &Subject, library: &Library, rows: &[EntropyStimulus], name: &str, seed: Seed) -> Result<Report> {
    let mut bench = Bench::new(subject, library, (Stall::None, Stall::None), name, seed)?;
    bench.load(rows, Ends::Right)?;
    Ok(bench.bench.finish()?)
}

/// Each row takes a cycle for each class, one for each word of the unit, and 28.
fn cycles(subject: &Subject, rows: &[EntropyStimulus]) -> u64 {
    let words = 1u64 << subject.width("row_classes_i");
    rows.iter().map(|row| row.logits.len() as u64 + words + 28).sum()
}

/// The golden; a single class has no entropy.
fn decision(row: &EntropyStimulus) -> Result<Decision> {
    match row.logits.len() {
        1 => Ok(Decision { exit: row.threshold > 0, sum: 1 << 15, weighted: 0, log: 0 }),
        _ => Ok(decide(&row.logits, row.threshold)?),
    }
}

/// Every number of classes, each kind of several.
fn rows(subject: &Subject, rng: &mut Rng) -> Result<Vec<EntropyStimulus>> {
    let most = 1u64 << subject.width("row_classes_i");
    let lengths = (1..=most).chain((0..100).map(|i| if i % 2 == 0 { most } else { 1 + rng.below(most) }));
    let lengths: Vec<u64> = lengths.collect();
    let mut rows = Vec::new();
    for (i, classes) in lengths.into_iter().enumerate() {
        let logits = logits(i as u64 % 9, classes as usize, rng);
        let mut row = EntropyStimulus { logits, threshold: 0 };
        // Thresholds next to the entropy, far from it, and at the ends.
        let Decision { sum, weighted, log, .. } = decision(&row)?;
        let bits = i64::from(log) + (weighted / sum) as i64;
        let near = (bits + rng.below(5) as i64 - 2).max(0) as u16;
        let any = rng.u64() as u16;
        row.threshold = *rng.pick(&[near, near, near, near, near, log as u16, 0, 1, u16::MAX, any]);
        rows.push(row);
    }
    Ok(rows)
}

fn logits(kind: u64, classes: usize, rng: &mut Rng) -> Vec<i16> {
    let centre = rng.below(1 << 16) as i64 - (1 << 15);
    let spread: i64 = match kind {
        0 => 1,
        1 => 40,
        2 => 700,
        3 => 3000,
        4 => 12_000,
        _ => 65_536,
    };
    let clamp = |logit: i64| logit.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    let mut row: Vec<i16> = (0..classes)
        .map(|_| match kind {
            // All negative.
            6 => -1 - rng.below(1500) as i16,
            // The ends, and what lies 16 octaves below the upper.
            7 => *rng.pick(&[i16::MIN, i16::MAX, i16::MAX - 11_356, i16::MAX - 11_357, i16::MAX - 12_066, 0]),
            // One nat down, where a class weighs most.
            8 => -1024,
            _ => clamp(centre + rng.below(spread as u64) as i64 - spread / 2),
        })
        .collect();
    if kind == 8 {
        let best = rng.below(classes as u64) as usize;
        row[best] = 0;
    }
    row
}

struct Bench<'a> {
    subject: &'a Subject<'a>,
    bench: Testbench,
    rows: SourceId,
    logits: SourceId,
    decisions: SinkId,
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
        let rows = bench.source("row", &["classes", "threshold"], gaps)?;
        let logits = bench.source("logit", &["data", "last"], gaps)?;
        let decisions = bench.sink("decision", &["exit", "sum", "weighted", "log"], pressure)?;
        start(&mut bench)?;
        Ok(Self { subject, bench, rows, logits, decisions })
    }
}

impl RowBench for Bench<'_> {
    type Stimulus = EntropyStimulus;

    fn testbench(&mut self) -> &mut Testbench {
        &mut self.bench
    }

    fn load(&mut self, rows: &[EntropyStimulus], ends: Ends) -> Result<u64> {
        let n = self.subject.design.datapath.n as usize;
        let width = |port: &str| self.subject.width(port);
        let mut wrong = 0;
        for row in rows {
            let classes = Bits::new(width("row_classes_i"), row.logits.len() as u64 - 1);
            self.bench.send(self.rows, &[classes, Bits::new(16, row.threshold.into())])?;
            wrong += send(&mut self.bench, self.logits, &row.logits, (row.logits.len(), n), ends)?;
            let Decision { exit, sum, weighted, log } = decision(row)?;
            let sum = Bits::new(width("decision_sum_o"), sum);
            let weighted = Bits::new(width("decision_weighted_o"), weighted);
            let log = Bits::new(width("decision_log_o"), log.into());
            self.bench.expect(self.decisions, &[exit.into(), sum, weighted, log])?;
        }
        Ok(wrong)
    }
}
