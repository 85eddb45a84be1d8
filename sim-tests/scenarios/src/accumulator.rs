//! `accumulator` against its golden, in a loop with an array that adds random dot products at the array's
//! latencies.

use super::{Lockstep, Outcome, Subject};
use crate::Result;
use alberti_arith::wrap;
use alberti_golden::accumulator::Accumulator;
use alberti_harness::{Bits, Rng, Seed};
use alberti_rtl::blocks::{Geometry, MIN_PASS};

/// Runs jobs of one row to all rows, of one pass to several, as close to each other as they may come and with
/// gaps.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (number, gap) in [0.0, 0.3].into_iter().enumerate() {
        let mut bench = Lockstep::new(subject, &library, &format!("accumulator.{number}"), seed)?;
        let g = Geometry::new(subject.design);
        let most = g.rows as usize;
        let mut shapes = vec![(1, 1), (1, 1), (1, 5), (2, 1), (2, 4), (3, 3), (3, 1), (1, 1)];
        shapes.extend([(4, 1), (4, 6), (5, 2), (most, 1), (most, 3), (most - 1, 2), (1, 2)]);
        shapes.retain(|&(rows, _)| rows <= most);
        shapes.extend((0..30).map(|_| {
            let rng = bench.rng();
            (1 + rng.below(most.min(12) as u64) as usize, 1 + rng.below(4) as usize)
        }));
        for (rows, passes) in shapes {
            let job = Job::draw(&g, subject.width("job_scale_i"), (rows, passes), bench.rng());
            job.run(subject, &g, &mut bench, gap)?;
        }
        outcome.merge(bench.finish()?);
    }
    Ok(outcome)
}

struct Job {
    rows: usize,
    passes: usize,
    close: bool,
    bias: Vec<i64>,
    scale: Bits,
}

impl Job {
    fn draw(g: &Geometry, scale_w: u32, (rows, passes): (usize, usize), rng: &mut Rng) -> Self {
        let bias = (0..g.n).map(|_| wrap(rng.bits(g.bias_w) as i64, g.bias_w)).collect();
        let scale = Bits::random(scale_w, rng);
        Self { rows, passes, close: rng.chance(0.5), bias, scale }
    }

    /// Rows pass after pass, each row at most once in [`MIN_PASS`] cycles.
    fn run(&self, subject: &Subject, g: &Geometry, bench: &mut Lockstep, gap: f64) -> Result<()> {
        let (acc_w, pipeline) = (g.acc_w, g.pipeline);
        let mut golden = Accumulator::new(acc_w, g.rows as usize, &self.bias)?;
        // From 3 pipeline registers on the job is taken a cycle after its first token.
        let taken = pipeline.saturating_sub(2);
        for pass in 0..self.passes {
            for row in 0..self.rows.max(MIN_PASS as usize) {
                while row < self.rows && bench.rng().chance(gap) {
                    no_token(bench, pipeline, taken)?;
                    bench.step()?;
                }
                if row >= self.rows {
                    no_token(bench, pipeline, taken)?;
                    bench.step()?;
                    continue;
                }
                let (first, last) = (pass == 0, pass + 1 == self.passes);
                let start = first && row == 0;
                let close = last && row + 1 == self.rows && self.close;
                for (port, value) in
                    [("valid", true), ("first", first), ("last", last), ("start", start), ("close", close)]
                {
                    bench.drive(0, &format!("token_{port}_i"), value.into())?;
                }
                bench.drive(0, "token_row_i", Bits::new(subject.width("token_row_i"), row as u64))?;
                bench.expect(taken, "job_taken_o", start.into())?;
                if start {
                    for delay in 0..=taken {
                        bench.drive(delay, "job_bias_i", Bits::pack_signed(g.bias_w, self.bias.iter().copied()))?;
                        bench.drive(delay, "job_scale_i", self.scale.clone())?;
                    }
                }
                let addend = golden.addend(row, first)?.to_vec();
                bench.expect(pipeline, "addend_o", Bits::pack_signed(acc_w, addend.iter().copied()))?;
                let rng = bench.rng();
                let sums: Vec<i64> =
                    addend.iter().map(|&x| wrap(x.wrapping_add(wrap(rng.u64() as i64, acc_w)), acc_w)).collect();
                bench.drive(pipeline + 1, "sum_i", Bits::pack_signed(acc_w, sums.iter().copied()))?;
                golden.take(row, last, sums)?;
                bench.expect(pipeline + 1, "final_valid_o", last.into())?;
                if last {
                    bench.expect(pipeline + 1, "final_last_o", close.into())?;
                    bench.expect(pipeline + 1, "final_scale_o", self.scale.clone())?;
                }
                bench.step()?;
            }
        }
        Ok(())
    }
}

fn no_token(bench: &mut Lockstep, pipeline: u32, taken: u32) -> Result<()> {
    bench.drive(0, "token_valid_i", false.into())?;
    bench.expect(taken, "job_taken_o", false.into())?;
    bench.expect(pipeline + 1, "final_valid_o", false.into())
}
