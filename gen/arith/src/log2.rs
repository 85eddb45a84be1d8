//! Logarithms of sums for softmax and entropy: a table of one octave, straight lines between its entries.

use crate::{ilog2, rhu, tables};
use std::sync::LazyLock;

static LG: LazyLock<[u16; 33]> = LazyLock::new(tables::log2);

/// `log2(sum)` in Q.10 of `sum` in Q.15, −15360 to 50176.
///
/// Of the sum, the leading one and the 12 bits after it are read. The result never falls as the sum grows,
/// and is exact at powers of two.
///
/// # Panics
/// When `sum` is zero.
#[must_use]
pub fn log2u(sum: u64) -> i32 {
    let p = ilog2(sum);
    let m = (if p >= 12 { sum >> (p - 12) } else { sum << (12 - p) }) - 4096;
    let (j, r) = ((m >> 7) as usize, (m & 127) as i64);
    let (here, next) = (i64::from(LG[j]), i64::from(LG[j + 1]));
    let g = here + (((next - here) * r) >> 7);
    ((p as i32 - 15) << 10) + rhu(g, 4) as i32
}
