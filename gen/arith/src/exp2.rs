//! Powers of two for softmax and entropy: a table of one octave, straight lines between its entries, a shift.

use crate::{rhu, tables};
use std::sync::LazyLock;

static EX: LazyLock<[u16; 33]> = LazyLock::new(tables::exp2);

/// `2^(−d)` in Q1.15 of `d` in Q.10, 0 to 32768.
///
/// The result never grows with `d`, and is zero from 16 octaves on: `d` may be clamped to anything above
/// 2^14.
#[must_use]
pub fn exp2n(d: u32) -> u16 {
    let (octave, fraction) = (d >> 10, d & 1023);
    let (j, r) = ((fraction >> 5) as usize, i64::from(fraction & 31));
    let (here, next) = (i64::from(EX[j]), i64::from(EX[j + 1]));
    let y = here - (((here - next) * r + 16) >> 5);
    rhu(y, octave.min(17) as i32) as u16
}
