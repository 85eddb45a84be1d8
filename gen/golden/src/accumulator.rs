//! `accumulator`: the sums of up to `rows` rows between the passes over a reduction.
//!
//! The first pass starts from the bias; the last passes its sums on instead of storing them.

use crate::{Error, Result, check};

/// The sums of `rows` rows × n lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accumulator {
    accumulator_bits: u32,
    bias: Vec<i64>,
    sums: Vec<Vec<i64>>,
}

impl Accumulator {
    /// An accumulator of `rows` rows with one bias per lane.
    ///
    /// # Errors
    /// When there are fewer than 2 or more than 64 lanes, a bias does not fit, or no accumulator has that
    /// many bits.
    pub fn new(accumulator_bits: u32, rows: usize, bias: &[i64]) -> Result<Self> {
        check::lanes(bias.len())?;
        check::accumulator_bits(accumulator_bits)?;
        check::signed("bias", accumulator_bits, bias)?;
        Ok(Self { accumulator_bits, bias: bias.to_vec(), sums: vec![vec![0; bias.len()]; rows] })
    }

    /// Changes the bias, between jobs.
    ///
    /// # Errors
    /// When there is not one bias per lane, or one does not fit.
    pub fn set_bias(&mut self, bias: &[i64]) -> Result<()> {
        check::length("bias", bias, self.bias.len())?;
        check::signed("bias", self.accumulator_bits, bias)?;
        self.bias = bias.to_vec();
        Ok(())
    }

    /// What the array adds to: the bias on the first pass, else what the row has summed so far.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn addend(&self, row: usize, first: bool) -> Result<&[i64]> {
        self.check_row(row)?;
        Ok(if first { &self.bias } else { &self.sums[row] })
    }

    /// Takes the sums of a row: stores them, or on the last pass hands them out as final.
    ///
    /// # Errors
    /// When there is no such row, or not one sum per lane, or one does not fit.
    pub fn take(&mut self, row: usize, last: bool, sums: Vec<i64>) -> Result<Option<Vec<i64>>> {
        self.check_row(row)?;
        check::length("sums", &sums, self.bias.len())?;
        check::signed("sums", self.accumulator_bits, &sums)?;
        if last {
            return Ok(Some(sums));
        }
        self.sums[row] = sums;
        Ok(None)
    }

    fn check_row(&self, row: usize) -> Result<()> {
        if row >= self.sums.len() {
            return Err(Error::new(format!("row {row}: the accumulator has {}", self.sums.len())));
        }
        Ok(())
    }
}
