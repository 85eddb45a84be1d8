//! `activation`: a function on a row of sums, between the accumulator and [`requantize`].
//!
//! Sums and shifts go in, sums and shifts come out, so that the requantiser need not know what came before it:
//!
//! | function | sum | shift |
//! |---|---|---|
//! | identity | acc | the column's |
//! | ReLU | max(acc, 0) | the column's |
//! | GELU | gelu(sat24(rhu(acc, the column's))), Q14.10 | `activation_shift` for every column |
//!
//! For GELU a column's shift is s_j − 10 and `activation_shift` is 10 + b, with b the bias of the results. The others ignore
//! `activation_shift`.

use crate::{Result, check, requantize};
use alberti_arith::{rhu, saturate, tables::Gelu};

/// What is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Function {
    /// Nothing.
    #[default]
    Identity,
    /// Negative sums become zero.
    Relu,
    /// GELU in one of its forms.
    Gelu(Gelu),
}

/// A row of sums with the shift that each is to be requantised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivatedRow {
    /// Sums of `accumulator_bits` bits.
    pub sums: Vec<i64>,
    /// One shift per sum.
    pub shifts: Vec<i32>,
}

impl Function {
    /// Whether a unit built for this function has the other as well: all have the identity, and those of GELU have ReLU.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        match other {
            Self::Identity => true,
            Self::Relu => self != Self::Identity,
            Self::Gelu(_) => self == other,
        }
    }

    /// Applies the function to a row of sums, column `j` at `shifts[j]`.
    ///
    /// # Errors
    /// When no accumulator has that many bits, a sum does not fit, there is not one shift per sum, or a shift or `activation_shift`
    /// lies outside of −64..=63.
    pub fn row(
        self,
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
        Ok(match self {
            Self::Identity => ActivatedRow { sums: sums.to_vec(), shifts: shifts.to_vec() },
            Self::Relu => ActivatedRow { sums: sums.iter().map(|&sum| sum.max(0)).collect(), shifts: shifts.to_vec() },
            Self::Gelu(form) => {
                let apply = |(&sum, &shift)| {
                    let x = saturate(rhu(sum, shift), 24);
                    alberti_arith::gelu(form, x as i32).into()
                };
                ActivatedRow {
                    sums: sums.iter().zip(shifts).map(apply).collect(),
                    shifts: vec![activation_shift; sums.len()],
                }
            }
        })
    }
}
