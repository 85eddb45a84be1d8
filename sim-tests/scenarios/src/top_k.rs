//! `top_k` against its golden: rows of every length, with ties, in every order.

use super::{
    Outcome, Subject,
    length_errors::{Ends, RowBench, exercise, send, start},
    subject::same,
};
use crate::Result;
use alberti_golden::top_k::largest;
use alberti_harness::{Bits, Library, Report, Rng, Seed, SinkId, SourceId, Stall, Testbench};

const VALUE_W: u32 = 16;

/// Rows of every length that can be told and of seven kinds, under all stall patterns; after a run that a
/// reset cuts short; and with ends in the wrong places, which are counted and change nothing. The first
/// pattern has no stalls and is timed.
///
/// # Errors
/// When the build fails, a bit differs, a cycle is lost, a row does not end, or an end in the wrong place is
/// not counted.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        let name = format!("top_k.{}.{pattern}", subject.design.name);
        let mut rng = seed.rng(&format!("{name}.rows"));
        let rows = rows(subject, &mut rng);
        let mut bench = Bench::new(subject, &library, stalls, &name, seed)?;
        let [right, random] = exercise(&mut bench, &rows, rng.below(120), seed)?;
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
pub fn drive(subject: &Subject, library: &Library, rows: &[Vec<i16>], name: &str, seed: Seed) -> Result<Report> {
    let mut bench = Bench::new(subject, library, (Stall::None, Stall::None), name, seed)?;
    bench.load(rows, Ends::Right)?;
    Ok(bench.bench.finish()?)
}

fn k(subject: &Subject) -> usize {
    subject.design.units.top_k.expect("the design has the unit").k as usize
}

/// Two cycles, then one for each element and one for each entry.
fn cycles(subject: &Subject, rows: &[Vec<i16>]) -> u64 {
    2 + rows.iter().map(|row| (row.len() + row.len().min(k(subject))) as u64).sum::<u64>()
}

/// Every length once and some again, in any order.
fn rows(subject: &Subject, rng: &mut Rng) -> Vec<Vec<i16>> {
    let longest = 1u64 << subject.width("row_length_i");
    let mut lengths: Vec<u64> = (1..=longest).chain((0..40).map(|_| 1 + rng.below(longest))).collect();
    for i in (1..lengths.len()).rev() {
        lengths.swap(i, rng.below(i as u64 + 1) as usize);
    }
    lengths.into_iter().map(|length| row(length as usize, rng)).collect()
}

fn row(length: usize, rng: &mut Rng) -> Vec<i16> {
    let kind = rng.below(7);
    let same = rng.u64() as i16;
    let mut row: Vec<i16> = (0..length)
        .map(|_| match kind {
            0 => rng.below(3) as i16 - 1,
            1 => same,
            2 => *rng.pick(&[i16::MIN, i16::MIN + 1, -1, 0, 1, i16::MAX]),
            3 => -1 - rng.below(1 << 15) as i16,
            _ => rng.u64() as i16,
        })
        .collect();
    match kind {
        5 => row.sort_unstable(),
        6 => row.sort_unstable_by_key(|&value| std::cmp::Reverse(value)),
        _ => {}
    }
    row
}

struct Bench<'a> {
    subject: &'a Subject<'a>,
    bench: Testbench,
    rows: SourceId,
    values: SourceId,
    entries: SinkId,
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
        let rows = bench.source("row", &["length"], gaps)?;
        let values = bench.source("value", &["data", "last"], gaps)?;
        let entries = bench.sink("entry", &["value", "position", "last"], pressure)?;
        start(&mut bench)?;
        Ok(Self { subject, bench, rows, values, entries })
    }
}

impl RowBench for Bench<'_> {
    type Stimulus = Vec<i16>;

    fn testbench(&mut self) -> &mut Testbench {
        &mut self.bench
    }

    fn load(&mut self, rows: &[Vec<i16>], ends: Ends) -> Result<u64> {
        let n = self.subject.design.datapath.n as usize;
        let position_w = self.subject.width("row_length_i");
        let mut wrong = 0;
        for row in rows {
            self.bench.send(self.rows, &[Bits::new(position_w, row.len() as u64 - 1)])?;
            wrong += send(&mut self.bench, self.values, row, (row.len(), n), ends)?;
            let entries = largest(row, k(self.subject))?;
            for (i, entry) in entries.iter().enumerate() {
                let value = Bits::signed(VALUE_W, entry.value.into());
                let position = Bits::new(position_w, entry.position as u64);
                self.bench.expect(self.entries, &[value, position, (i + 1 == entries.len()).into()])?;
            }
        }
        Ok(wrong)
    }
}
