//! `activation`: a function on a row of sums, between the accumulator and [`requantize`].
//!
//! Sums and shifts go in, sums and shifts come out, so that the requantiser need not know what came before
//! it:
//!
//! | function of | sum | shift |
//! |---|---|---|
//! | sums | f(acc) | the column's |
//! | numbers | f(sat24(rhu(acc, the column's))), Q14.10 | `activation_shift` for every column |
//!
//! For numbers a column's shift is s_j − 10 and `activation_shift` is 10 + b, with b the bias of the results.
//! The others ignore `activation_shift`.

use crate::{Result, check, requantize};
use alberti_arith::{Activation, Domain, NUMBER_BITS, rhu, saturate};

/// A row of sums with the shift that each is to be requantised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivatedRow {
    /// Sums of `accumulator_bits` bits.
    pub sums: Vec<i64>,
    /// One shift per sum.
    pub shifts: Vec<i32>,
}

/// Applies a function to a row of sums, column `j` at `shifts[j]`.
///
/// # Errors
/// When no accumulator has that many bits, a sum does not fit, there is not one shift per sum, or a shift or
/// `activation_shift` lies outside of −64..=63.
pub fn row(
    function: Activation,
    accumulator_bits: u32,
    sums: &[i64],
    shifts: &[i32],
    activation_shift: i32,
) -> Result<ActivatedRow> {
    check::accumulator_bits(accumulator_bits)?;
    check::signed("sums", accumulator_bits, sums)?;
    check::length("shifts", shifts, sums.len())?;
    requantize::check_shifts(shifts)?;
    requantize::check_shifts(&[activation_shift]).map_err(|error| error.within("activation_shift"))?;
    Ok(match function.domain() {
        Domain::Sums => {
            ActivatedRow { sums: sums.iter().map(|&sum| function.number(sum)).collect(), shifts: shifts.to_vec() }
        }
        Domain::Numbers => {
            let apply = |(&sum, &shift)| function.number(saturate(rhu(sum, shift), NUMBER_BITS));
            ActivatedRow {
                sums: sums.iter().zip(shifts).map(apply).collect(),
                shifts: vec![activation_shift; sums.len()],
            }
        }
    })
}
