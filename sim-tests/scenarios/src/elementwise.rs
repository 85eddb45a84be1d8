//! `elementwise` against its golden: jobs of every kind, over segments of every length.

use super::{
    Outcome, Subject,
    length_errors::{counted, start},
    subject::same,
};
use crate::Result;
use alberti_arith::{Fixed, Format};
use alberti_golden::elementwise::{Operand, add, scale};
use alberti_harness::{Bits, Rng, Seed, SinkId, SourceId, Stall, Testbench};

/// Cycles from the first vector to its sum, and one before it for the job.
const FILL: u64 = 5;

/// Runs segments under all stall patterns; the first pattern has none and is timed.
///
/// # Errors
/// When the build fails, a bit differs, a miscount or a lost cycle.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let n = subject.design.units.elementwise.expect("the design has the unit").lanes as usize;
    let mut outcome = Outcome::default();
    for (pattern, (gaps, pressure)) in Stall::SWEEP.into_iter().enumerate() {
        for round in 0..4 {
            let name = format!("elementwise.{}.{pattern}.{round}", subject.design.name);
            let mut rng = seed.rng(&format!("{name}.items"));
            let mut bench = Testbench::with_seed(&library, &name, seed)?;
            start(&mut bench)?;
            let fields = ["scale", "a_float", "b_float", "a_shift", "b_shift", "gain"];
            let streams = Streams {
                job: bench.source("job", &fields, gaps)?,
                a: bench.source("a", &["data", "last"], gaps)?,
                b: bench.source("b", &["data", "last"], gaps)?,
                sum: bench.sink("sum", &["data", "last"], pressure)?,
            };
            // A run that a reset cuts short leaves nothing over.
            streams.load(&mut bench, &Segment::random(n, &mut rng), &mut rng)?;
            for _ in 0..rng.below(30) {
                bench.step()?;
            }
            bench.reset(1)?;

            let (mut vectors, mut errors) = (0, 0);
            for _ in 0..40 {
                let segment = Segment::random(n, &mut rng);
                errors += streams.load(&mut bench, &segment, &mut rng)?;
                vectors += segment.vectors().count() as u64;
            }
            let report = bench.finish()?;
            if pattern == 0 {
                same(seed, "cycles", report.cycles, vectors + FILL)?;
            }
            counted(&mut bench, seed, errors)?;
            outcome.add(&report);
        }
    }
    Ok(outcome)
}

struct Streams {
    job: SourceId,
    a: SourceId,
    b: SourceId,
    sum: SinkId,
}

impl Streams {
    /// Sends a segment and expects its results; answers how often stream b ends wrongly.
    fn load(&self, bench: &mut Testbench, segment: &Segment, rng: &mut Rng) -> Result<u64> {
        let (n, results) = (segment.n, segment.golden()?);
        let mut errors = 0;
        bench.send(self.job, &segment.job())?;
        for (v, last) in segment.vectors() {
            let vector = |codes: &[u16]| Bits::pack(16, codes[v..v + n].iter().copied());
            bench.send(self.a, &[vector(&segment.a), last.into()])?;
            if !segment.scale {
                let wrong = rng.chance(0.02);
                errors += u64::from(wrong);
                bench.send(self.b, &[vector(&segment.b), (last != wrong).into()])?;
            }
            let result = results[v..v + n].iter().map(|&x| i64::from(x));
            bench.expect(self.sum, &[Bits::pack_signed(16, result), last.into()])?;
        }
        Ok(errors)
    }
}

/// A job and its vectors, as codes.
struct Segment {
    n: usize,
    scale: bool,
    formats: [Format; 2],
    shifts: [i32; 2],
    gain: i16,
    a: Vec<u16>,
    b: Vec<u16>,
}

impl Segment {
    fn random(n: usize, rng: &mut Rng) -> Self {
        let integers = Format::Fixed(Fixed::new(16, 0).expect("a format of 16 bits"));
        let formats = [(); 2].map(|()| if rng.chance(0.4) { Format::AF8_3 } else { integers });
        let scale = rng.chance(0.4);
        let reach = |format| if matches!(format, Format::AdaptivFloat(_)) { 12 } else { 15 };
        let mut shift = |centre: i64| {
            let near = centre - 12 + rng.below(24) as i64;
            (if rng.chance(0.2) { rng.below(128) as i64 - 64 } else { near }).clamp(-64, 63) as i32
        };
        // Mostly about where the result uses its bits, or is rounded away.
        let mut shifts = [shift(if scale { reach(formats[0]) } else { 0 }), shift(0)];
        let mut gain = if rng.chance(0.3) { *rng.pick(&[i16::MIN, -1, 0, 1, i16::MAX]) } else { rng.bits(16) as i16 };
        if rng.chance(0.1) {
            // 4095·4097 = 2^24 − 1: half of it rounds up to where 24 bits end.
            (shifts[0], gain) = (1, 4097);
        }
        let length = n * (1 + if rng.chance(0.3) { 0 } else { rng.below(30) as usize });
        let mut code = |format: Format| match format {
            Format::AdaptivFloat(_) => rng.bits(8) as u16,
            Format::Fixed(_) if rng.chance(0.2) => *rng.pick(&[0, 1, 4095, 0x7fff, 0x8000, 0x8001, 0xffff]),
            Format::Fixed(_) => (rng.bits(16) as i16 >> rng.below(12)) as u16,
        };
        let [a, b] = formats.map(|format| (0..length).map(|_| code(format)).collect());
        Self { n, scale, formats, shifts, gain, a, b }
    }

    /// The job, in the order of the stream's fields.
    fn job(&self) -> [Bits; 6] {
        let float = self.formats.map(|format| Bits::from(matches!(format, Format::AdaptivFloat(_))));
        let [a_shift, b_shift] = self.shifts.map(|shift| Bits::signed(7, shift.into()));
        let [a_float, b_float] = float;
        [self.scale.into(), a_float, b_float, a_shift, b_shift, Bits::signed(16, self.gain.into())]
    }

    /// First element of each vector, and whether it is the last one.
    fn vectors(&self) -> impl Iterator<Item = (usize, bool)> {
        let (n, length) = (self.n, self.a.len());
        (0..length).step_by(n).map(move |v| (v, v + n == length))
    }

    fn golden(&self) -> Result<Vec<i16>> {
        let operand = |i: usize, codes| Operand { format: self.formats[i], codes, shift: self.shifts[i] };
        Ok(if self.scale {
            scale(operand(0, &self.a), self.gain)?
        } else {
            add(operand(0, &self.a), operand(1, &self.b))?
        })
    }
}
