//! `bitmask_decoder`: expands packed values by their masks into vectors of `n` codes.
//!
//! Position `i` of a vector is zero where mask bit `i` is 0, else the next packed value, ascending `i`.

use crate::{Packed, Pointer, Result, check};

/// What the decoder makes of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// One vector of `n` codes per mask.
    pub vectors: Vec<Vec<u16>>,
    /// Where the values of a next segment would continue.
    pub next: Pointer,
}

/// Decodes the segment of `masks` whose values begin at `start`, into vectors of as many codes as the memory
/// has lanes.
///
/// # Errors
/// When a mask has more bits than there are lanes, or `start` lies outside of the memory.
pub fn decode(memory: &Packed, start: Pointer, masks: &[u64]) -> Result<Decoded> {
    memory.check(start)?;
    let mut next = start;
    let mut vectors = Vec::with_capacity(masks.len());
    for (i, &mask) in masks.iter().enumerate() {
        check::mask("a mask", mask.into(), memory.lanes()).map_err(|e| e.within(format_args!("vector {i}")))?;
        let count = mask.count_ones() as usize;
        vectors.push(expand(mask, memory.lanes(), &memory.read(next, count)));
        next = memory.advance(next, count);
    }
    Ok(Decoded { vectors, next })
}

/// Puts `values` where `mask` has its ones.
pub(crate) fn expand(mask: u64, n: usize, values: &[u16]) -> Vec<u16> {
    let mut values = values.iter();
    (0..n).map(|i| if mask >> i & 1 == 1 { values.next().copied().unwrap_or_default() } else { 0 }).collect()
}
