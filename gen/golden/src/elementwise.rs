//! `elementwise`: two streams added, or one scaled, as 16-bit integers.
//!
//! ```text
//! add    sat16(sat24(rhu(a, shift_a)) + sat24(rhu(b, shift_b)))
//! scale  sat16(rhu(a·gain, shift_a))
//! ```
//!
//! `a` and `b` are the integers that codes stand for: a 16-bit fixed-point number itself, or the significand
//! of an AdaptivFloat code. The shift brings both to the result's point: for a result with F fraction bits it
//! is `fraction_bits − scale − F`, the gain's fraction bits added where there is one. An operand that a left
//! shift drives out of 24 bits saturates there, before the sum: else the adder would be 80 bits wide.

use crate::{Result, check, narrow::Narrowed, requantize};
use alberti_arith::{Format, rhu, saturate};

/// Width that a shifted operand of a sum saturates to.
pub const SUMMAND_BITS: u32 = 24;

/// A stream of codes with its shift.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// What the codes are.
    pub format: Format,
    /// The codes.
    pub codes: &'a [u16],
    /// Bits to the right, rounded half up, or to the left if negative.
    pub shift: i32,
}

impl Operand<'_> {
    fn integers(&self, what: &str) -> Result<Vec<i64>> {
        requantize::check_shifts(&[self.shift]).map_err(|error| error.within(what))?;
        check::significands(what, self.format, self.codes)
    }
}

/// The sum of two streams.
///
/// # Errors
/// When they differ in length, a code is none of its format, or a shift lies outside of −64..=63.
pub fn add(a: Operand, b: Operand) -> Result<Vec<i16>> {
    Ok(add_counted(a, b)?.numbers)
}

/// The same, with the number of sums that saturated to 16 bits.
pub(crate) fn add_counted(a: Operand, b: Operand) -> Result<Narrowed> {
    check::length("b", b.codes, a.codes.len())?;
    let summand = |x, shift| saturate(rhu(x, shift), SUMMAND_BITS);
    let pairs = a.integers("a")?.into_iter().zip(b.integers("b")?);
    Ok(pairs.map(|(x, y)| summand(x, a.shift) + summand(y, b.shift)).collect())
}

/// One stream times a gain.
///
/// # Errors
/// When a code is none of its format, or the shift lies outside of −64..=63.
pub fn scale(a: Operand, gain: i16) -> Result<Vec<i16>> {
    Ok(scale_counted(a, gain)?.numbers)
}

/// The same, with the number of products that saturated to 16 bits.
pub(crate) fn scale_counted(a: Operand, gain: i16) -> Result<Narrowed> {
    Ok(a.integers("a")?.into_iter().map(|x| rhu(x * i64::from(gain), a.shift)).collect())
}
