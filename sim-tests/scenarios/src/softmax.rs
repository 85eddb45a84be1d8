//! `softmax` against its golden: rows of every length and kind, in every pass that the design asks for.

use super::{
    Outcome, Subject,
    length_errors::{Ends, RowBench, exercise, send, start},
};
use crate::Result;
use alberti_cost::configuration;
use alberti_golden::softmax::{MASK_ONE, Softmax};
use alberti_harness::{Bits, Library, Report, Rng, Seed, Stall, Testbench};

/// A row as it is sent.
#[derive(Clone, Debug)]
pub struct SoftmaxStimulus {
    /// Its scores, Q8.8.
    pub scores: Vec<i16>,
    /// How many take part.
    pub valid: usize,
    /// The mask of each, 0 to 128.
    pub mask: Vec<u8>,
}

impl SoftmaxStimulus {
    /// A row of which all elements take part, unmasked.
    #[must_use]
    pub fn plain(scores: Vec<i16>) -> Self {
        let (valid, mask) = (scores.len(), vec![MASK_ONE; scores.len()]);
        Self { scores, valid, mask }
    }
}

/// How likely a row ends a run of rows.
const RUNS: f64 = 0.2;

/// Rows of every length, of eight kinds, under all stall patterns; after a run that a reset cuts short; and
/// with ends in the wrong places, which are counted and change nothing.
///
/// # Errors
/// When the build fails, a bit differs, a row does not end, or an end in the wrong place is not counted.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        let name = format!("softmax.{}.{pattern}", subject.design.name);
        let mut rng = seed.rng(&format!("{name}.rows"));
        let rows = rows(subject, &mut rng);
        let mut bench = Bench::new(subject, &library, stalls, &name, seed)?;
        let [right, random] = exercise(&mut bench, &rows, rng.below(120), seed)?;
        outcome.add(&right);
        outcome.add(&random);
    }
    Ok(outcome)
}

/// Rows one after another in one run, every bit compared with the golden.
///
/// # Errors
/// When a bit differs.
pub fn drive(
    subject: &Subject,
    library: &Library,
    rows: &[SoftmaxStimulus],
    stalls: (Stall, Stall),
    name: &str,
    seed: Seed,
) -> Result<Report> {
    let mut bench = Bench::new(subject, library, stalls, name, seed)?;
    bench.runs = 0.0;
    bench.load(rows, Ends::Right)?;
    Ok(bench.bench.finish()?)
}

/// The golden of a design's unit.
///
/// # Errors
/// When the golden refuses what the design allows.
///
/// # Panics
/// When the design has no such unit.
pub fn golden(subject: &Subject) -> Result<Softmax> {
    let unit = subject.design.units.softmax.expect("the design has a softmax unit");
    Ok(Softmax::new(unit.lanes as usize, configuration::maximum(unit.maximum))?)
}

struct Bench {
    bench: Testbench,
    rows: alberti_harness::SourceId,
    scores: alberti_harness::SourceId,
    masks: alberti_harness::SourceId,
    codes: alberti_harness::SinkId,
    golden: Softmax,
    n: usize,
    row_buffer: bool,
    length_w: u32,
    /// How likely a row ends a run of rows.
    runs: f64,
}

impl Bench {
    fn new(
        subject: &Subject,
        library: &Library,
        (gaps, pressure): (Stall, Stall),
        name: &str,
        seed: Seed,
    ) -> Result<Self> {
        let mut bench = Testbench::with_seed(library, name, seed)?;
        let unit = subject.design.units.softmax.expect("the design has a softmax unit");
        let row: &[_] = if unit.row_buffer { &["length", "count"] } else { &["length", "count", "last"] };
        let rows = bench.source("row", row, gaps)?;
        let scores = bench.source("score", &["data", "last"], gaps)?;
        let masks = bench.source("mask", &["data"], gaps)?;
        let codes = bench.sink("code", &["data", "last"], pressure)?;
        start(&mut bench)?;
        let golden = golden(subject)?;
        let (n, row_buffer, length_w) = (unit.lanes as usize, unit.row_buffer, subject.width("row_length_i"));
        Ok(Self { bench, rows, scores, masks, codes, golden, n, row_buffer, length_w, runs: RUNS })
    }

    /// Queues the scores of a row for one pass; answers with the number of wrong ends among them.
    fn send(&mut self, row: &SoftmaxStimulus, ends: Ends) -> Result<u64> {
        send(&mut self.bench, self.scores, &row.scores[..row.valid], (row.scores.len(), self.n), ends)
    }
}

/// Elements that take no part, and the lanes beyond a row's length, carry anything. Rows that the unit does
/// not keep come in runs, each row after the first before the shares of the one before it.
impl RowBench for Bench {
    type Stimulus = SoftmaxStimulus;

    fn testbench(&mut self) -> &mut Testbench {
        &mut self.bench
    }

    fn load(&mut self, rows: &[SoftmaxStimulus], ends: Ends) -> Result<u64> {
        let n = self.n;
        let mut wrong = 0;
        let mut waiting = None;
        for (number, row) in rows.iter().enumerate() {
            let length = row.scores.len();
            let mut item =
                vec![Bits::new(self.length_w, length as u64 - 1), Bits::new(self.length_w + 1, row.valid as u64)];
            let last = number + 1 == rows.len() || self.bench.rng().chance(self.runs);
            if !self.row_buffer {
                item.push(last.into());
            }
            self.bench.send(self.rows, &item)?;
            wrong += self.send(row, ends)?;
            if !self.row_buffer {
                if let Some(before) = waiting.replace(row) {
                    wrong += self.send(before, ends)?;
                }
                if let Some(row) = waiting.take_if(|_| last) {
                    wrong += self.send(row, ends)?;
                }
            }
            let vectors = length.div_ceil(n);
            let expected = self.golden.row(&row.scores, row.valid, &row.mask)?;
            for v in 0..vectors {
                let rng = self.bench.rng();
                let masks: Vec<u8> = (v * n..(v + 1) * n)
                    .map(|i| row.mask.get(i).copied().unwrap_or_else(|| rng.below(129) as u8))
                    .collect();
                let codes = (v * n..(v + 1) * n).map(|i| expected.codes.get(i).copied().unwrap_or(0));
                self.bench.send(self.masks, &[Bits::pack(8, masks)])?;
                self.bench.expect(self.codes, &[Bits::pack(8, codes), Bits::from(v + 1 == vectors)])?;
            }
        }
        Ok(wrong)
    }
}

/// Scores about a mean, as many as asked for.
fn scatter(rng: &mut Rng, length: usize, mean: i64, spread: u64) -> Vec<i16> {
    let one = |rng: &mut Rng| (mean + rng.below(2 * spread + 1) as i64 - spread as i64).clamp(-32_768, 32_767) as i16;
    (0..length).map(|_| one(rng)).collect()
}

/// Rows of eight kinds: their lengths around the vectors' boundaries, their scores around the octaves'.
fn rows(subject: &Subject, rng: &mut Rng) -> Vec<SoftmaxStimulus> {
    let unit = subject.design.units.softmax.expect("the design has a softmax unit");
    let (n, longest) = (unit.lanes as usize, unit.length_max as usize);
    let mut lengths = vec![1, n - 1, n, n + 1, 2 * n, longest - 1, longest, longest];
    lengths.retain(|&length| (1..=longest).contains(&length));
    (0..64)
        .map(|kind| {
            let length = if rng.chance(0.5) { *rng.pick(&lengths) } else { 1 + rng.below(longest as u64) as usize };
            let mean = rng.below(40_001) as i64 - 20_000;
            let scores = match kind % 8 {
                // Logits as they are, close together and far apart.
                0 => scatter(rng, length, mean, 1500),
                1 => scatter(rng, length, mean, 200),
                2 => scatter(rng, length, 0, 32_768),
                // All negative; all alike, on an octave or off.
                3 => scatter(rng, length, -20_000, 12_000),
                4 => {
                    let score = if rng.chance(0.5) { (mean / 256 * 256) as i16 } else { mean as i16 };
                    vec![score; length]
                }
                // Ever higher, by steps about as large as what the sum can be shifted by; ever lower.
                5 => {
                    let step = *rng.pick(&[1, 60, 256, 700, 8000]);
                    (0..length).map(|i| (i as i64 * step - 32_768).min(32_767) as i16).collect()
                }
                6 => (0..length).map(|i| (32_767 - i as i64 * 97).max(-32_768) as i16).collect(),
                // Both ends of the range.
                _ => (0..length).map(|_| *rng.pick(&[i16::MIN, i16::MAX, -256, 0, 255])).collect(),
            };
            let valid = match rng.below(4) {
                0 => rng.below(length as u64 + 1) as usize,
                1 => *rng.pick(&[0, 1, length - 1, length]),
                _ => length,
            };
            let mask = match rng.below(3) {
                0 => (0..length).map(|_| rng.below(129) as u8).collect(),
                1 => (0..length).map(|i| (MASK_ONE as usize).saturating_sub(i * 5) as u8).collect(),
                _ => vec![MASK_ONE; length],
            };
            SoftmaxStimulus { scores, valid, mask }
        })
        .collect()
}
