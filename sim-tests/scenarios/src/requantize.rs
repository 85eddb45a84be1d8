//! `requantize` against its golden: every shift over sums at every boundary, and random ones.

use super::{Lockstep, Outcome, Subject};
use crate::Result;
use alberti_arith::wrap;
use alberti_golden::requantize::{row, wide};
use alberti_harness::{Bits, Seed};

/// Pairs every shift with every boundary of rounding, saturation and underflow, and with random sums.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let d = &subject.design.datapath;
    let (n, acc_w) = (d.n as usize, d.accumulator_bits);
    let mut bench = Lockstep::new(subject, &library, "requantize", seed)?;
    let boundaries = boundaries(acc_w);
    let mut pairs = Vec::new();
    for shift in -64..64 {
        pairs.extend(boundaries.iter().map(|&sum| (sum, shift)));
    }
    for _ in 0..50_000 {
        let rng = bench.rng();
        let width = 1 + rng.below(acc_w.into()) as u32;
        let sum = wrap(rng.bits(width) as i64, width);
        // Half of the shifts bring the sum into the range of the codes.
        let shift = if rng.chance(0.5) { width as i32 - 4 - rng.below(12) as i32 } else { rng.below(128) as i32 - 64 };
        pairs.push((sum, shift.clamp(-64, 63)));
    }
    // Nothing comes after a reset before a sum has.
    for delay in 0..2 {
        bench.expect(delay, "code_valid_o", false.into())?;
    }
    for pairs in pairs.chunks(n) {
        // Bubbles between rows, now and then.
        if bench.rng().chance(0.02) {
            bench.drive(0, "sum_valid_i", false.into())?;
            bench.expect(2, "code_valid_o", false.into())?;
            bench.step()?;
        }
        let (sums, shifts): (Vec<i64>, Vec<i32>) =
            pairs.iter().copied().chain(std::iter::repeat((0, 0))).take(n).unzip();
        let last = bench.rng().chance(0.5);
        bench.drive(0, "sum_valid_i", true.into())?;
        bench.drive(0, "sum_i", Bits::pack_signed(acc_w, sums.iter().copied()))?;
        bench.drive(0, "scale_i", Bits::pack_signed(7, shifts.iter().copied()))?;
        bench.drive(0, "sum_last_i", last.into())?;
        let codes = row(d.result, &sums, &shifts)?;
        bench.expect(2, "code_valid_o", true.into())?;
        bench.expect(2, "code_o", Bits::pack(d.result.bits(), codes))?;
        if subject.has("wide_o") {
            // Small offsets keep most numbers within 16 bits; with large ones the shift meets both of its
            // ends.
            let rng = bench.rng();
            let wide_shift = if rng.chance(0.6) { rng.below(16) as i32 - 12 } else { rng.below(128) as i32 - 64 };
            bench.drive(0, "wide_shift_i", Bits::signed(subject.width("wide_shift_i"), wide_shift.into()))?;
            bench.expect(2, "wide_o", Bits::pack(16, wide(&sums, &shifts, wide_shift)?))?;
        }
        bench.expect(2, "code_last_o", last.into())?;
        bench.step()?;
    }
    bench.finish()
}

/// Powers of two, halves between 5-bit significands and runs of ones that carry, with their neighbours, in
/// both signs.
fn boundaries(bits: u32) -> Vec<i64> {
    let mut sums: Vec<i64> = (-40..=40).collect();
    for p in 0..bits {
        let power = 1i64 << p;
        for sum in [power, power / 32 * 33, power / 32 * 35, power / 32 * 61, power / 32 * 63] {
            sums.extend([sum - 1, sum, sum + 1, -sum - 1, -sum, -sum + 1].map(|sum| wrap(sum, bits)));
        }
    }
    sums.sort_unstable();
    sums.dedup();
    sums
}
