//! `bitmask_encoder`: packs vectors of `n` codes into masks and non-zero values, the inverse of the decoder.
//!
//! A code that stands for zero, AdaptivFloat's 0x80 with it, leaves a 0 in the mask and is not written.

use crate::{Packed, Pointer, Result, check};
use alberti_arith::Format;

/// What the encoder makes of one segment, beside the rows that it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// One mask per vector.
    pub masks: Vec<u64>,
    /// The row after the segment's last.
    pub next_row: usize,
}

/// Encodes one segment of `vectors`, each of as many codes as the memory has lanes, and writes its values
/// from row `first_row` on. The lanes after the last value of the last row are zero.
///
/// # Errors
/// When a vector has another length, a code does not fit the format, there are more than 64 lanes, or the row
/// lies outside of the memory.
pub fn encode(format: Format, memory: &mut Packed, first_row: usize, vectors: &[Vec<u16>]) -> Result<Encoded> {
    let mut gather = Gather::begin(memory, first_row)?;
    let masks = gather.vectors(format, memory, vectors)?;
    Ok(Encoded { masks, next_row: gather.close(memory) })
}

/// The row of a segment that is not written yet.
#[derive(Debug)]
pub(crate) struct Gather {
    row: usize,
    values: Vec<u16>,
}

impl Gather {
    /// Begins a segment.
    pub(crate) fn begin(memory: &Packed, row: usize) -> Result<Self> {
        check::lanes(memory.lanes())?;
        memory.check(Pointer { row, lane: 0 })?;
        Ok(Self { row, values: Vec::new() })
    }

    /// The masks of vectors, whose values go after those that are there. A row is written when a value goes
    /// beyond it.
    pub(crate) fn vectors(&mut self, format: Format, memory: &mut Packed, vectors: &[Vec<u16>]) -> Result<Vec<u64>> {
        let n = memory.lanes();
        let mut masks = Vec::with_capacity(vectors.len());
        for (i, vector) in vectors.iter().enumerate() {
            check::length("the vector", vector, n)
                .and_then(|()| check::codes("the vector", format, vector))
                .map_err(|e| e.within(format_args!("vector {i}")))?;
            let (mask, values) = pack(format, vector);
            self.values.extend(values);
            if self.values.len() > n {
                let rest = self.values.split_off(n);
                self.write(memory);
                self.values = rest;
            }
            masks.push(mask);
        }
        Ok(masks)
    }

    /// Ends the segment: writes what is left and gives the row after it.
    pub(crate) fn close(mut self, memory: &mut Packed) -> usize {
        if !self.values.is_empty() {
            self.values.resize(memory.lanes(), 0);
            self.write(memory);
        }
        self.row
    }

    fn write(&mut self, memory: &mut Packed) {
        self.row = memory.write(Pointer { row: self.row, lane: 0 }, &self.values).row;
    }
}

/// The mask of a vector's non-zero codes, and those codes.
#[must_use]
pub fn pack(format: Format, vector: &[u16]) -> (u64, Vec<u16>) {
    let kept = |&(_, &code): &(usize, &u16)| !format.is_zero(code);
    let mask = vector.iter().enumerate().filter(kept).map(|(i, _)| 1u64 << i).sum();
    (mask, vector.iter().enumerate().filter(kept).map(|(_, &code)| code).collect())
}
