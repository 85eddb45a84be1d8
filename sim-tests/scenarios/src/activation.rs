//! `activation` against its golden: every function over every shift and boundary, mixed row by row.

use super::{Lockstep, Outcome, Subject};
use crate::Result;
use alberti_arith::{Activation, ActivationSet, Domain, wrap};
use alberti_golden::activation;
use alberti_harness::{Bits, Rng, Seed};

/// Bits of a shift.
const SHIFT_W: u32 = 7;

/// Pairs every shift with every boundary and with random sums, and every value of 16 bits with a shift of
/// zero, for every function of numbers; the rows that they make have functions and shifts of their own, in any
/// order.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let d = &subject.design.datapath;
    let (set, latency) = (d.activation, d.activation.latency());
    let (n, acc_w) = (d.n as usize, d.accumulator_bits);
    let mut bench = Lockstep::new(subject, &library, "activation", seed)?;
    let mut rows = rows(n, acc_w, set, bench.rng());
    for i in (1..rows.len()).rev() {
        rows.swap(i, bench.rng().below(i as u64 + 1) as usize);
    }
    for (function, pairs) in rows {
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
        let code = *rng.pick(&codes(set, function));
        bench.drive(0, "sum_valid_i", true.into())?;
        bench.drive(0, "sum_i", Bits::pack_signed(acc_w, sums.iter().copied()))?;
        bench.drive(0, "scale_i", Bits::pack_signed(SHIFT_W, shifts.iter().copied()))?;
        bench.drive(0, "function_i", Bits::new(subject.width("function_i"), code))?;
        if subject.has("activation_shift_i") {
            bench.drive(0, "activation_shift_i", Bits::signed(SHIFT_W, activation_shift.into()))?;
        }
        bench.drive(0, "sum_last_i", last.into())?;
        let row = activation::row(function, acc_w, &sums, &shifts, activation_shift)?;
        bench.expect(latency, "activated_valid_o", true.into())?;
        bench.expect(latency, "activated_o", Bits::pack_signed(acc_w, row.sums))?;
        bench.expect(latency, "activated_scale_o", Bits::pack_signed(SHIFT_W, row.shifts))?;
        bench.expect(latency, "activated_last_o", last.into())?;
        bench.step()?;
    }
    bench.finish()
}

/// What means a function at the port: its code, and for the last function all codes past it as well.
fn codes(set: ActivationSet, function: Activation) -> Vec<u64> {
    let last = set.count() - 1;
    let meant = |code: u32| set.at(code.min(last)) == Some(function);
    (0..1 << set.code_bits()).filter(|&code| meant(code)).map(u64::from).collect()
}

/// Rows of n sums with their shifts, and the function that they are to go through.
fn rows(n: usize, acc_w: u32, set: ActivationSet, rng: &mut Rng) -> Vec<(Activation, Vec<(i64, i32)>)> {
    let boundaries = boundaries(acc_w);
    let mut rows = Vec::new();
    for function in set.iter() {
        let mut pairs = match function.domain() {
            Domain::Sums => flat(&boundaries, acc_w, rng),
            Domain::Numbers => deep(&boundaries, acc_w, rng),
        };
        // Neighbours differ in sign and shift.
        for i in (1..pairs.len()).rev() {
            pairs.swap(i, rng.below(i as u64 + 1) as usize);
        }
        pairs.resize(pairs.len().next_multiple_of(n), (0, 0));
        rows.extend(pairs.chunks(n).map(|row| (function, row.to_vec())));
    }
    rows
}

/// For a function of numbers: every boundary at every shift; every value of 16 bits, which is past the end of
/// every table; of 14 bits with a half below and above them; anything.
fn deep(boundaries: &[i64], acc_w: u32, rng: &mut Rng) -> Vec<(i64, i32)> {
    let mut pairs: Vec<_> = (-64..64).flat_map(|shift| boundaries.iter().map(move |&sum| (sum, shift))).collect();
    pairs.extend((-32768..32768).map(|x| (x, 0)));
    pairs.extend((-8192..8192).map(|x| (4 * x + 1 + rng.below(3) as i64, 2)));
    for _ in 0..30_000 {
        let width = 1 + rng.below(acc_w.into()) as u32;
        let sum = wrap(rng.bits(width) as i64, width);
        // Most shifts bring the sum to where functions bend.
        let shift = if rng.chance(0.8) { width as i32 - 16 + rng.below(10) as i32 } else { rng.below(128) as i32 - 64 };
        pairs.push((sum, shift.clamp(-64, 63)));
    }
    pairs
}

/// For a function of sums: every boundary and anything, at any shift.
fn flat(boundaries: &[i64], acc_w: u32, rng: &mut Rng) -> Vec<(i64, i32)> {
    let mut pairs: Vec<(i64, i32)> = boundaries.iter().map(|&sum| (sum, rng.below(128) as i32 - 64)).collect();
    for _ in 0..2500 {
        let width = 1 + rng.below(acc_w.into()) as u32;
        pairs.push((wrap(rng.bits(width) as i64, width), rng.below(128) as i32 - 64));
    }
    pairs
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
