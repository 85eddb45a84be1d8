//! From an accumulator's sum back to a code.

use crate::{Format, rhu};

/// Requantises a sum, `sum·2^(−s)` in real terms, to a code.
///
/// `shift` joins the sum's scale with the result's: `s + bias` for AdaptivFloat, `s − f + scale` for fixed
/// point Qi.f. AdaptivFloat rounds half to even, fixed point half up; both saturate.
#[must_use]
pub fn requantize(format: Format, sum: i64, shift: i32) -> u16 {
    match format {
        Format::AdaptivFloat(f) => f.encode_magnitude(sum < 0, sum.unsigned_abs(), shift),
        Format::Fixed(f) => f.code(rhu(sum, shift)),
    }
}
