//! `bitmask_encoder`: packs vectors of `n` codes into masks and non-zero values, the inverse of the decoder.
//!
//! A code that stands for zero, AdaptivFloat's 0x80 with it, leaves a 0 in the mask and is not written.

use crate::{Banked, Pointer, Result, check};
use alberti_arith::Format;

/// What the encoder makes of one segment, beside the values that it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// One mask per vector.
    pub masks: Vec<u64>,
    /// Where the next segment would continue (`next_row_o`, `next_bank_o`).
    pub next: Pointer,
}

/// Encodes one segment of `vectors`, each of as many codes as the memory has banks, and writes its values from `start` on.
///
/// # Errors
/// When a vector has another length, a code does not fit the format, there are more than 64 banks, or `start` lies
/// outside of the memory.
pub fn encode(format: Format, memory: &mut Banked, start: Pointer, vectors: &[Vec<u16>]) -> Result<Encoded> {
    check::lanes(memory.banks())?;
    memory.check(start)?;
    let mut next = start;
    let mut masks = Vec::with_capacity(vectors.len());
    for (i, vector) in vectors.iter().enumerate() {
        check::length("the vector", vector, memory.banks())
            .and_then(|()| check::codes("the vector", format, vector))
            .map_err(|e| e.within(format_args!("vector {i}")))?;
        let (mask, values) = pack(format, vector);
        next = memory.write(next, &values);
        masks.push(mask);
    }
    Ok(Encoded { masks, next })
}

/// The mask of a vector's non-zero codes, and those codes.
pub(crate) fn pack(format: Format, vector: &[u16]) -> (u64, Vec<u16>) {
    let kept = |&(_, &code): &(usize, &u16)| !format.is_zero(code);
    let mask = vector.iter().enumerate().filter(kept).map(|(i, _)| 1u64 << i).sum();
    (mask, vector.iter().enumerate().filter(kept).map(|(_, &code)| code).collect())
}
