//! `activation` against its golden: every function over every shift and boundary, mixed row by row.

use super::{Lockstep, Outcome, Subject};
use crate::Result;
use alberti_arith::wrap;
use alberti_golden::activation::Function;
use alberti_harness::{Bits, Rng, Seed};

/// Bits of a shift.
const SHIFT_W: u32 = 7;

/// What a row's function is called at the port.
#[must_use]
pub const fn code(function: Function) -> u64 {
    match function {
        Function::Identity => 0,
        Function::Relu => 1,
        Function::Gelu(_) => 2,
    }
}

/// Pairs every shift with every boundary and with random sums, and every value that GELU's table covers with a shift of
/// zero; the rows that they make have functions and shifts of their own, in any order.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let d = &subject.design.datapath;
    let activation = subject.config()?.activation;
    let latency = d.activation.map_or(0, |activation| activation.latency());
    let (n, acc_w) = (d.n as usize, d.accumulator_bits);
    let gelu = matches!(activation, Function::Gelu(_));
    let mut bench = Lockstep::new(subject, &library, "activation", seed)?;
    let mut rows = rows(n, acc_w, gelu, bench.rng());
    for i in (1..rows.len()).rev() {
        rows.swap(i, bench.rng().below(i as u64 + 1) as usize);
    }
    for (is_gelu, pairs) in rows {
        // Bubbles between rows, now and then.
        if bench.rng().chance(0.02) {
            bench.drive(0, "sum_valid_i", false.into())?;
            bench.expect(latency, "activated_valid_o", false.into())?;
            bench.step()?;
        }
        let (sums, shifts): (Vec<i64>, Vec<i32>) = pairs.into_iter().unzip();
        let rng = bench.rng();
        let activation_shift = rng.below(1 << SHIFT_W) as i32 - 64;
        let last = rng.chance(0.5);
        // 3 is GELU as well.
        let (function, number) = match (is_gelu, rng.chance(0.5)) {
            (true, three) => (activation, 2 + u64::from(three)),
            (false, true) => (Function::Relu, code(Function::Relu)),
            (false, false) => (Function::Identity, code(Function::Identity)),
        };
        bench.drive(0, "sum_valid_i", true.into())?;
        bench.drive(0, "sum_i", Bits::pack_signed(acc_w, sums.iter().copied()))?;
        bench.drive(0, "scale_i", Bits::pack_signed(SHIFT_W, shifts.iter().copied()))?;
        bench.drive(0, "function_i", Bits::new(subject.width("function_i"), number))?;
        if subject.has("activation_shift_i") {
            bench.drive(0, "activation_shift_i", Bits::signed(SHIFT_W, activation_shift.into()))?;
        }
        bench.drive(0, "sum_last_i", last.into())?;
        let row = function.row(acc_w, &sums, &shifts, activation_shift)?;
        bench.expect(latency, "activated_valid_o", true.into())?;
        bench.expect(latency, "activated_o", Bits::pack_signed(acc_w, row.sums))?;
        bench.expect(latency, "activated_scale_o", Bits::pack_signed(SHIFT_W, row.shifts))?;
        bench.expect(latency, "activated_last_o", last.into())?;
        bench.step()?;
    }
    bench.finish()
}

/// Rows of n sums with their shifts, and whether they are to go through GELU.
fn rows(n: usize, acc_w: u32, gelu: bool, rng: &mut Rng) -> Vec<(bool, Vec<(i64, i32)>)> {
    let boundaries = boundaries(acc_w);
    let all_shifts = |sums: &[i64]| -> Vec<(i64, i32)> {
        (-64..64).flat_map(|shift| sums.iter().map(move |&sum| (sum, shift))).collect()
    };
    // For GELU: every boundary at every shift; every value of 14 bits and a half below and above it; anything.
    let mut deep = all_shifts(&boundaries);
    deep.extend((-8192..8192).map(|x| (x, 0)));
    deep.extend((-8192..8192).map(|x| (4 * x + 1 + rng.below(3) as i64, 2)));
    for _ in 0..30_000 {
        let width = 1 + rng.below(acc_w.into()) as u32;
        let sum = wrap(rng.bits(width) as i64, width);
        // Most shifts bring the sum to where GELU bends.
        let shift = if rng.chance(0.8) { width as i32 - 16 + rng.below(10) as i32 } else { rng.below(128) as i32 - 64 };
        deep.push((sum, shift.clamp(-64, 63)));
    }
    let mut flat: Vec<(i64, i32)> = boundaries.iter().map(|&sum| (sum, rng.below(128) as i32 - 64)).collect();
    for _ in 0..5000 {
        let width = 1 + rng.below(acc_w.into()) as u32;
        flat.push((wrap(rng.bits(width) as i64, width), rng.below(128) as i32 - 64));
    }
    let mut rows = Vec::new();
    for (is_gelu, mut pairs) in [(true, deep), (false, flat)] {
        if is_gelu && !gelu {
            continue;
        }
        // Neighbours differ in sign and shift.
        for i in (1..pairs.len()).rev() {
            pairs.swap(i, rng.below(i as u64 + 1) as usize);
        }
        pairs.resize(pairs.len().next_multiple_of(n), (0, 0));
        rows.extend(pairs.chunks(n).map(|row| (is_gelu, row.to_vec())));
    }
    rows
}

/// Powers of two and the ends of the range with their neighbours, in both signs.
fn boundaries(bits: u32) -> Vec<i64> {
    let mut sums: Vec<i64> = (-3..=3).collect();
    for p in 0..bits {
        let power = 1i64 << p;
        for sum in [power, power / 2 * 3] {
            sums.extend([sum - 1, sum, sum + 1, -sum - 1, -sum, -sum + 1].map(|sum| wrap(sum, bits)));
        }
    }
    sums.sort_unstable();
    sums.dedup();
    sums
}
