//! `vmac_array` against its golden: rows of sums, beside loads, swaps and vectors of zeros in any cycle.

use super::{
    Lockstep, Outcome, Subject,
    vmac::{Lane, Weights},
};
use crate::Result;
use alberti_golden::{
    vmac::Lane as GoldenLane,
    vmac_array::{VmacArray, is_held},
};
use alberti_harness::{Bits, Seed};

/// Runs random vectors at full rate and with gaps.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let lane = Lane::new(subject)?;
    let mut outcome = Outcome::default();
    for (number, rate) in [1.0, 0.5].into_iter().enumerate() {
        let mut bench = Lockstep::new(subject, &library, &format!("vmac_array.{number}"), seed)?;
        rows(subject, &lane, &mut bench, rate)?;
        outcome.merge(bench.finish()?);
    }
    Ok(outcome)
}

fn golden_lane(lane: &Lane, weights: &Weights) -> Result<GoldenLane> {
    Ok(match lane.sparsity {
        None => GoldenLane::dense(lane.format, &weights.codes)?,
        Some(sparsity) => GoldenLane::selected(lane.format, sparsity, &weights.codes, &weights.selects)?,
    })
}

fn rows(subject: &Subject, lane: &Lane, bench: &mut Lockstep, rate: f64) -> Result<()> {
    let n = lane.n;
    let mut golden = VmacArray::new(lane.format, lane.acc_w, n, lane.inputs(), lane.zero_skip)?;
    let zero = [0, 1 << (lane.format.bits() - 1)];
    for cycle in 0..3000 + n {
        let filling = cycle < n;
        let vector = !filling && bench.rng().chance(rate);
        let swap = cycle == n || (!filling && bench.rng().chance(0.2));
        let load = filling || bench.rng().chance(0.6);
        if swap {
            golden.swap();
        }
        bench.drive(0, "swap_i", swap.into())?;
        bench.drive(0, "vector_valid_i", vector.into())?;
        if vector {
            let mut codes = lane.activations(bench.rng());
            match bench.rng().below(4) {
                // Zeros of both signs (which fixed point does not have), and all but zeros.
                0 => codes.iter_mut().for_each(|code| *code = *bench.rng().pick(&zero)),
                1 => {
                    codes.fill(0);
                    let place = bench.rng().below(codes.len() as u64) as usize;
                    codes[place] = lane.code(bench.rng());
                }
                _ => (),
            }
            let addends: Vec<i64> = (0..n).map(|_| lane.addend(bench.rng())).collect();
            let expected = golden.step(&codes, &addends)?;
            bench.drive(0, "vector_data_i", Bits::pack(lane.format.bits(), codes.iter().copied()))?;
            bench.drive(lane.pipeline, "addend_i", Bits::pack_signed(lane.acc_w, addends))?;
            bench.expect(lane.pipeline + 1, "sum_o", Bits::pack_signed(lane.acc_w, expected.sums))?;
            if subject.has("held_o") {
                assert_eq!(expected.held, is_held(lane.format, &codes), "zero_skip and held_o go together");
                bench.expect(0, "held_o", expected.held.into())?;
            }
        } else if subject.has("held_o") {
            bench.expect(0, "held_o", false.into())?;
        }
        bench.drive(0, "load_valid_i", load.into())?;
        if load {
            let number = if filling { cycle } else { bench.rng().below(n as u64) as usize };
            let weights = lane.weights(bench.rng());
            let columns = lane.columns && !filling && bench.rng().chance(0.5);
            if lane.columns {
                bench.drive(0, "load_columns_i", columns.into())?;
            }
            match columns {
                true => golden.load_column(number, &weights.codes)?,
                false => golden.load(number, golden_lane(lane, &weights)?)?,
            }
            bench.drive(0, "load_lane_i", Bits::new(subject.width("load_lane_i"), number as u64))?;
            bench.drive(0, "load_weight_i", lane.weight_bits(&weights))?;
            if lane.sparsity.is_some() {
                bench.drive(0, "load_select_i", lane.select_bits(&weights))?;
            }
        }
        bench.step()?;
    }
    Ok(())
}
