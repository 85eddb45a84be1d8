//! The reciprocal square root of layer norm: a table of two octaves, straight lines between its entries.

use crate::{ilog2, tables};
use std::sync::LazyLock;

static RS: LazyLock<[u16; 97]> = LazyLock::new(tables::rsqrt);

/// `1/√v` as `(R, k)`, which stand for `R·2^(−23−k)` (`docs/arithmetic.md`): R is 32768 to 65535, k −7 to 24.
///
/// Of `v`, the 16 bits from the leading one (or the zero above it, so that their number is even) are read.
///
/// # Panics
/// When `v` is zero.
#[must_use]
pub fn rsqrt(v: u64) -> (u16, i32) {
    let k = (ilog2(v) as i32 - 14) >> 1;
    let m = if k >= 0 { v >> (2 * k) } else { v << (-2 * k) };
    let x = m - (1 << 14);
    let (j, q) = ((x >> 9) as usize, i64::from(x as u16 & 511));
    let (here, next) = (i64::from(RS[j]), i64::from(RS[j + 1]));
    ((here - (((here - next) * q + 256) >> 9)) as u16, k)
}
