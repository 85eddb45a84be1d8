//! `mask_counter`: how many masks pass by, and how many of their bits are set.

use crate::{Result, check};

/// The counts of a run; both wrap after 2^32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Masks.
    pub masks: u32,
    /// Set bits in them.
    pub ones: u32,
}

/// Counts masks of `n` bits, on top of what was counted before.
///
/// # Errors
/// When n is none that a design could have, or a mask has bits beyond it.
pub fn count(n: usize, before: Counts, masks: &[u64]) -> Result<Counts> {
    check::lanes(n)?;
    let mut counts = before;
    for (number, &mask) in masks.iter().enumerate() {
        check::mask(&format!("masks[{number}]"), mask.into(), n)?;
        counts.masks = counts.masks.wrapping_add(1);
        counts.ones = counts.ones.wrapping_add(mask.count_ones());
    }
    Ok(counts)
}
