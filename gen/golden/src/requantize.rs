//! `requantize`: a row of sums to a row of codes, each with the shift of its column.

use crate::{Error, Result, check};
use alberti_arith::Format;

/// Shifts that the hardware's 7 signed bits hold.
pub const SHIFTS: std::ops::RangeInclusive<i32> = -64..=63;

/// Requantises `sums` (one per column), column `j` by `shifts[j]`, as [`alberti_arith::requantize`]
/// specifies.
///
/// # Errors
/// When there is not one shift per sum, or one lies outside of −64..=63.
pub fn row(format: Format, sums: &[i64], shifts: &[i32]) -> Result<Vec<u16>> {
    check::length("shifts", shifts, sums.len())?;
    check_shifts(shifts)?;
    Ok(sums.iter().zip(shifts).map(|(&sum, &shift)| alberti_arith::requantize(format, sum, shift)).collect())
}

/// Wide results: `sums` rounded half up and saturated to 16 bits, column `j` by `shifts[j] + wide_shift`,
/// which stays a shift.
///
/// # Errors
/// As [`row`], and when the offset is no shift.
pub fn wide(sums: &[i64], shifts: &[i32], wide_shift: i32) -> Result<Vec<u16>> {
    check_shifts(&[wide_shift]).map_err(|error| error.within("wide_shift"))?;
    let shifts: Vec<_> =
        shifts.iter().map(|shift| (shift + wide_shift).clamp(*SHIFTS.start(), *SHIFTS.end())).collect();
    row(Format::Q3_13, sums, &shifts)
}

pub(crate) fn check_shifts(shifts: &[i32]) -> Result<()> {
    match shifts.iter().position(|shift| !SHIFTS.contains(shift)) {
        Some(j) => Err(Error::new(format!("shifts[{j}]: {} is outside of −64..=63", shifts[j]))),
        None => Ok(()),
    }
}
