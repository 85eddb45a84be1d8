//! `block_select` against its golden: every mask that a block can have, in every block of the lane.

use super::{Lockstep, Outcome, Subject};
use crate::{Error, Result};
use alberti_golden::block_select::select_lane;
use alberti_harness::{Bits, Seed};

/// Shows every mask to every block, beside random masks and beside the same one in its neighbours.
///
/// # Errors
/// When the build fails, the design has no block sparsity, or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let config = subject.config()?;
    let sparsity = config.sparsity.ok_or_else(|| Error::unfit("block_select", "the design is not block-sparse"))?;
    let (n, blocks, block) = (config.n, sparsity.blocks(config.n)?, sparsity.block());
    let select_w = subject.width("select_o") / n as u32;
    let mask_w = subject.width("mask_i");
    let none = (1u64 << select_w) - 1;
    let mut bench = Lockstep::new(subject, &library, "block_select", seed)?;
    for number in 0..1u128 << block {
        // An odd factor permutes the masks, by another order in each block.
        let of_block = |b: usize| (number * (2 * b as u128 + 1) + b as u128) & ((1 << block) - 1);
        let mask = (0..blocks).map(|b| of_block(b) << (b * block)).sum();
        let expected = select_lane(sparsity, n, mask)?;
        bench.drive(0, "mask_i", Bits::wide(mask_w, mask))?;
        let selects = expected.selects.iter().map(|select| select.map_or(none, u64::from));
        bench.expect(0, "select_o", Bits::pack(select_w, selects))?;
        bench.expect(0, "error_o", Bits::pack(1, expected.errors.iter().map(|&error| u64::from(error))))?;
        bench.step()?;
    }
    bench.finish()
}
