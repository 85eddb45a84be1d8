//! `mask_counter` against its golden: masks of every density under all stall patterns, and their counts.

use super::{
    Outcome, Subject,
    subject::{counter, same},
};
use crate::Result;
use alberti_golden::mask_counter::{Counts, count};
use alberti_harness::{Bits, Rng, Seed, Stall, Testbench};

/// Passes masks at several densities, is reset in the middle, and is cleared between two runs; the first
/// pattern has no stalls and is timed.
///
/// # Errors
/// When the build fails, a bit or a count differs, or a cycle is lost.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let n = subject.width("in_data_i");
    let mut outcome = Outcome::default();
    for (pattern, (gaps, pressure)) in Stall::SWEEP.into_iter().enumerate() {
        let name = format!("mask_counter.{}.{pattern}", subject.design.name);
        let mut rng = seed.rng(&format!("{name}.masks"));
        let mut bench = Testbench::with_seed(&library, &name, seed)?;
        let clear = bench.model().input("clear_i")?;
        let (source, sink) =
            (bench.source("in", &["data", "last"], gaps)?, bench.sink("out", &["data", "last"], pressure)?);
        let load = |bench: &mut Testbench, rng: &mut Rng| -> Result<Vec<u64>> {
            let masks = masks(n, rng);
            for &mask in &masks {
                let item = [Bits::new(n, mask), Bits::new(1, rng.below(2))];
                bench.send(source, &item)?;
                bench.expect(sink, &item)?;
            }
            Ok(masks)
        };
        load(&mut bench, &mut rng)?;
        for _ in 0..rng.below(200) {
            bench.step()?;
        }
        bench.reset(1)?;

        let mut counts = Counts::default();
        for round in 0..3 {
            let start = bench.model().cycle();
            let masks = load(&mut bench, &mut rng)?;
            bench.run()?;
            if pattern == 0 && round == 0 {
                same(seed, "cycles", bench.model().cycle() - start, masks.len() as u64 + 1)?;
            }
            // The last mask is counted two cycles after it was taken.
            bench.step()?;
            bench.step()?;
            counts = count(n as usize, counts, &masks)?;
            same(seed, "masks", counter(&bench, "mask_count_o")?, counts.masks.into())?;
            same(seed, "set bits", counter(&bench, "ones_count_o")?, counts.ones.into())?;
            if round == 1 {
                bench.model_mut().set_bits(clear, &true.into());
                bench.step()?;
                bench.model_mut().set_bits(clear, &false.into());
                counts = Counts::default();
            }
        }
        outcome.add(&bench.finish()?);
    }
    Ok(outcome)
}

/// None, each and all bits set, then masks from sparse to dense.
fn masks(n: u32, rng: &mut Rng) -> Vec<u64> {
    let all = u64::MAX >> (64 - n);
    let mut masks = vec![0, all];
    masks.extend((0..n).flat_map(|bit| [1 << bit, all ^ 1 << bit]));
    for percent in [3, 25, 50, 75, 97] {
        let mask = |rng: &mut Rng| (0..n).map(|bit| u64::from(rng.below(100) < percent) << bit).sum::<u64>();
        masks.extend((0..40).map(|_| mask(rng)));
    }
    masks
}
