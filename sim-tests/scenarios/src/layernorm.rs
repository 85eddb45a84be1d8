//! `layernorm` against its golden: rows of every length and kind, the last vector of a row whole and not.

use super::{
    Outcome, Subject,
    length_errors::{counted, start},
    subject::same,
};
use crate::Result;
use alberti_golden::layernorm::LayerNorm;
use alberti_harness::{Bits, Library, Report, Rng, Seed, SinkId, SourceId, Stall, Testbench};
use alberti_rtl::blocks::layernorm::turn;

/// Cycles from the first vector of a row's second pass, where it leaves the memory or comes in, to its norm.
const SECOND: u64 = 6;

/// Runs rows under all stall patterns; those without are timed.
///
/// # Errors
/// When the build fails, a bit differs, a miscount or a lost cycle.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for round in 0..3 {
            let name = format!("layernorm.{}.{pattern}.{round}", subject.design.name);
            let mut rng = seed.rng(&format!("{name}.items"));
            let rows = rows(subject, &mut rng);
            outcome.add(&drive(subject, &library, &rows, stalls, &name, seed)?);
        }
    }
    // Rows of one length, timed.
    let unit = subject.design.units.layernorm.expect("the block is there");
    let n = unit.lanes;
    for (length, count) in [(unit.length_max, 6), (n + 1, 5), (2, 4), (unit.length_max, 1)] {
        let length = length.min(unit.length_max) as usize;
        let name = format!("layernorm.{}.timed.{length}.{count}", subject.design.name);
        let mut rng = seed.rng(&name);
        let rows: Vec<_> = (0..count).map(|i| NormStimulus::random(length, i + 1 == count, &mut rng)).collect();
        let report = drive(subject, &library, &rows, (Stall::None, Stall::None), &name, seed)?;
        let vectors = length.div_ceil(n as usize) as u64;
        same(seed, &format!("cycles of {name}"), report.cycles, cycles(subject, vectors, count as u64))?;
        outcome.add(&report);
    }
    Ok(outcome)
}

/// Cycles of `rows` rows of `vectors` vectors without stalls, from the first item of `row` to the last of
/// `norm`.
///
/// # Panics
/// When the design has no such unit.
#[must_use]
pub fn cycles(subject: &Subject, vectors: u64, rows: u64) -> u64 {
    let unit = subject.design.units.layernorm.expect("the design has the unit");
    let turn = u64::from(turn(unit.lanes, unit.length_max));
    if unit.row_buffer {
        // The scale is what a short row waits for.
        return 1 + vectors + (rows - 1) * vectors.max(turn + 1) + turn + vectors - 1 + SECOND;
    }
    // From the end of one first pass to that of the next; then the second passes of the last two rows.
    let (turns, before) = match rows {
        1 => (0, 0),
        _ => (vectors.max(turn + 1) + (rows - 2) * (2 * vectors).max(turn + 1), vectors + 1),
    };
    1 + vectors + turns + turn.max(before) + vectors + SECOND
}

/// Drives rows and compares all that comes.
///
/// # Errors
/// As [`run`].
pub fn drive(
    subject: &Subject,
    library: &Library,
    rows: &[NormStimulus],
    (gaps, pressure): (Stall, Stall),
    name: &str,
    seed: Seed,
) -> Result<Report> {
    let unit = subject.design.units.layernorm.expect("the block is there");
    let n = unit.lanes as usize;
    let mut rng = seed.rng(&format!("{name}.drive"));
    let mut bench = Testbench::with_seed(library, name, seed)?;
    start(&mut bench)?;
    let mut fields = vec!["length", "exponent_bias", "plain"];
    fields.extend((!unit.row_buffer).then_some("last"));
    let streams = Streams {
        n,
        length_w: subject.width("row_length_i"),
        row_buffer: unit.row_buffer,
        row: bench.source("row", &fields, gaps)?,
        residual: bench.source("residual", &["data", "last"], gaps)?,
        parameter: bench.source("parameter", &["gamma", "beta", "shift"], gaps)?,
        norm: bench.sink("norm", &["wide", "code", "last"], pressure)?,
    };
    // What a reset cuts short leaves nothing over.
    streams.load(&mut bench, rows, 0, &mut rng)?;
    for _ in 0..rng.below(200) {
        bench.step()?;
    }
    bench.reset(1)?;
    let errors = streams.load(&mut bench, rows, 1, &mut rng)?;
    let report = bench.finish()?;
    counted(&mut bench, seed, errors)?;
    Ok(report)
}

/// A row with its parameters.
pub struct NormStimulus {
    residuals: Vec<i16>,
    gamma: Vec<i16>,
    beta: Vec<i16>,
    shift: Vec<u8>,
    exponent_bias: i32,
    /// Whether it is taken as it is.
    plain: bool,
    /// Whether it is the last of a run of rows.
    last: bool,
}

impl NormStimulus {
    /// A row of equal channels, with random parameters.
    pub fn constant(length: usize, value: i16, last: bool, rng: &mut Rng) -> Self {
        Self { residuals: vec![value; length], ..Self::random(length, last, rng) }
    }

    /// A row of a random kind.
    pub fn random(length: usize, last: bool, rng: &mut Rng) -> Self {
        // Around which mean, how many bits the deviations have.
        let (mean, bits) =
            *rng.pick(&[(0, 16), (0, 12), (0, 8), (1000, 3), (30_000, 2), (-30_000, 6), (-5, 1), (7, 0)]);
        let mut residuals: Vec<i16> = (0..length)
            .map(|_| {
                let deviation = if bits == 0 { 0 } else { rng.bits(bits) as i64 - (1 << (bits - 1)) };
                (mean + deviation).clamp(-32_768, 32_767) as i16
            })
            .collect();
        match rng.below(8) {
            // One channel far from all others, which are equal.
            0 => {
                residuals.fill(*rng.pick(&[0, -1, 300, i16::MIN]));
                residuals[rng.below(length as u64) as usize] = *rng.pick(&[i16::MAX, i16::MIN, 1]);
            }
            1 => residuals.iter_mut().for_each(|r| *r = if rng.chance(0.5) { i16::MIN } else { i16::MAX }),
            2 => residuals.fill(*rng.pick(&[0, 1, -1, i16::MIN, i16::MAX])),
            _ => {}
        }
        let one = rng.chance(0.2);
        let mut wide = |usual: i16, spread: u32| {
            let edge = *rng.pick(&[0, -1, i16::MIN, i16::MAX]);
            if rng.chance(0.1) { edge } else { usual.wrapping_add(rng.bits(spread) as i16 >> 1) }
        };
        let (mut gamma, mut beta) = (Vec::new(), Vec::new());
        for _ in 0..length {
            gamma.push(if one { 1 << 14 } else { wide(1 << 14, 14) });
            beta.push(if one { 0 } else { wide(0, 12) });
        }
        let shift = (0..length).map(|_| if rng.chance(0.7) { 0 } else { rng.below(4) as u8 }).collect();
        let exponent_bias = if rng.chance(0.8) { -4 - rng.below(5) as i32 } else { rng.below(100) as i32 - 64 };
        let plain = rng.chance(0.2);
        Self { residuals, gamma, beta, shift, exponent_bias, plain, last }
    }
}

/// Rows of every length: of two channels, of one vector less and more, as long as can be; in runs.
fn rows(subject: &Subject, rng: &mut Rng) -> Vec<NormStimulus> {
    let unit = subject.design.units.layernorm.expect("the block is there");
    let (n, longest) = (u64::from(unit.lanes), u64::from(unit.length_max));
    // As much as a run of a second can compare.
    let count = (6000 / longest).clamp(6, 30);
    let mut rows: Vec<_> = (0..count)
        .map(|i| {
            let length = match i % 6 {
                0 => longest,
                1 => n + rng.below(3) - 1,
                2 => 2,
                _ => 2 + rng.below(longest - 1),
            };
            let length = length.clamp(2, longest) as usize;
            let last = rng.chance(0.3);
            NormStimulus::random(length, last, rng)
        })
        .collect();
    if let Some(row) = rows.last_mut() {
        row.last = true;
    }
    rows
}

struct Streams {
    n: usize,
    length_w: u32,
    row_buffer: bool,
    row: SourceId,
    residual: SourceId,
    parameter: SourceId,
    norm: SinkId,
}

impl Streams {
    /// Sends rows and expects their norms; answers how many vectors lie about the end of their row.
    fn load(&self, bench: &mut Testbench, rows: &[NormStimulus], lies: u64, rng: &mut Rng) -> Result<u64> {
        let mut errors = 0;
        let mut before: Option<&NormStimulus> = None;
        for row in rows {
            let length = Bits::new(self.length_w, row.residuals.len() as u64 - 1);
            let mut item = vec![length, Bits::signed(7, row.exponent_bias.into()), row.plain.into()];
            if !self.row_buffer {
                item.push(row.last.into());
            }
            bench.send(self.row, &item)?;
            errors += self.pass(bench, row, lies, rng)?;
            if !self.row_buffer {
                // The second pass of the row before, and that of this one when no other follows.
                for second in before.into_iter().chain(row.last.then_some(row)) {
                    errors += self.pass(bench, second, lies, rng)?;
                }
                before = (!row.last).then_some(row);
            }
            self.expect(bench, row, rng)?;
        }
        Ok(errors)
    }

    /// A pass over a row; lanes beyond it carry anything.
    fn pass(&self, bench: &mut Testbench, row: &NormStimulus, lies: u64, rng: &mut Rng) -> Result<u64> {
        let mut errors = 0;
        let count = row.residuals.len().div_ceil(self.n);
        for (i, vector) in row.residuals.chunks(self.n).enumerate() {
            let data: Vec<i64> = (0..self.n)
                .map(|lane| vector.get(lane).map_or_else(|| i64::from(rng.bits(16) as i16), |&r| r.into()))
                .collect();
            let lie = rng.below(100) < lies;
            errors += u64::from(lie);
            bench.send(self.residual, &[Bits::pack_signed(16, data), ((i + 1 == count) != lie).into()])?;
        }
        Ok(errors)
    }

    fn expect(&self, bench: &mut Testbench, row: &NormStimulus, rng: &mut Rng) -> Result<()> {
        let norm = LayerNorm::new(row.gamma.clone(), row.beta.clone(), &row.shift, row.exponent_bias)?;
        let golden = if row.plain { norm.plain(&row.residuals)? } else { norm.row(&row.residuals)? };
        let count = row.residuals.len().div_ceil(self.n);
        for v in 0..count {
            let lanes = v * self.n..(v + 1) * self.n;
            let parameter = |list: &[i16], rng: &mut Rng| -> Vec<i64> {
                lanes
                    .clone()
                    .map(|c| list.get(c).map_or_else(|| i64::from(rng.bits(16) as i16), |&x| x.into()))
                    .collect()
            };
            let gamma = parameter(&row.gamma, rng);
            let beta = parameter(&row.beta, rng);
            let shift: Vec<u64> =
                lanes.clone().map(|c| row.shift.get(c).map_or_else(|| rng.below(4), |&k| k.into())).collect();
            let item = [Bits::pack_signed(16, gamma), Bits::pack_signed(16, beta), Bits::pack(2, shift)];
            bench.send(self.parameter, &item)?;
            let wide = lanes.clone().map(|c| golden.wide.get(c).map_or(0, |&z| i64::from(z)));
            let code = lanes.clone().map(|c| golden.codes.get(c).map_or(0, |&z| u64::from(z)));
            let item = [Bits::pack_signed(16, wide), Bits::pack(8, code), (v + 1 == count).into()];
            bench.expect(self.norm, &item)?;
        }
        Ok(())
    }
}
