//! `layernorm`: a row of residual sums to its normalised row, in one pass over it and without dividing by N.
//!
//! With `r` the N channels, Q9.7:
//!
//! ```text
//! S1 = Σr    S2 = Σr²    V = N·S2 − S1²        V is N² times the variance, exactly
//! y = 0 when V = 0, else y = sat16(rhu((N·r − S1)·R, 13 + k)), (R, k) = rsqrt(V)          Q6.10
//! z = sat16(rhu(y·γ, 14) + β)                  code = requantise(z, 10 + k_c, b)
//! ```
//!
//! A *plain* row is not normalised: y = r, of which r is in Q6.10 then. That gives codes of numbers that have
//! been through no layer norm.
//!
//! There is no epsilon: V is an integer, either zero or at least N − 1. y saturates only when one channel
//! lies more than 32 deviations from the mean, which takes more than 1024 channels.
//!
//! | bits | S1 | S2 | N·S2, V | N·r − S1 | times R | 13 + k |
//! |---|---|---|---|---|---|---|
//! | any N ≤ 2^c | 16 + c | 31 + c | 30 + 2c, wrapping | 17 + c | 33 + c | 6 to 20 + c |
//! | N = 768 | 26 | 40 | 50 | 27 | 43 | 6 to 30 |
//! | N = 8192 | 29 | 44 | 56, wrapping | 30 | 46 | 6 to 33 |
//!
//! S1, N·r − S1 and its product carry a sign. N·S2 alone can take one bit more when N is a power of two; V
//! never does, so the difference may wrap.

use crate::{Error, Result, check, requantize};
use alberti_arith::{Format, rhu, rsqrt, saturate};

/// Rows that can be normalised.
pub const LENGTHS: std::ops::RangeInclusive<usize> = 2..=8192;

/// The largest shift of a channel.
pub const CHANNEL_SHIFT_MAX: u8 = 3;

/// The block with its parameters, one of each kind per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerNorm {
    gamma: Vec<i16>,
    beta: Vec<i16>,
    shifts: Vec<i32>,
}

/// What one pass over a row collects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// S1.
    pub sum: i64,
    /// S2.
    pub squares: u64,
    /// V: N² times the variance.
    pub variance: u64,
}

impl Statistics {
    /// The statistics of a row of at most 8192 channels.
    ///
    /// # Errors
    /// When no layer norm has a row of that length.
    pub fn from_row(row: &[i16]) -> Result<Self> {
        check_length(row.len())?;
        let sum: i64 = row.iter().map(|&r| i64::from(r)).sum();
        let squares: u64 = row.iter().map(|&r| i64::from(r).pow(2) as u64).sum();
        Ok(Self { sum, squares, variance: row.len() as u64 * squares - sum.pow(2) as u64 })
    }
}

/// A row of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalisedRow {
    /// S1, S2 and V.
    pub statistics: Statistics,
    /// z, Q6.10.
    pub wide: Vec<i16>,
    /// The AF<8,3> codes of z, each channel divided by 2^k_c.
    pub codes: Vec<u16>,
}

impl LayerNorm {
    /// A layer norm with γ in Q2.14 and β in Q6.10, the shift k_c of each channel, and the exponent bias b of
    /// the codes.
    ///
    /// # Errors
    /// When there are fewer than 2 or more than 8192 channels, the lists differ in length, a k_c exceeds 3,
    /// or 10 + k_c + b lies outside of −64..=63.
    pub fn new(gamma: Vec<i16>, beta: Vec<i16>, channel_shift: &[u8], exponent_bias: i32) -> Result<Self> {
        check_length(gamma.len())?;
        check::length("beta", &beta, gamma.len())?;
        check::length("channel_shift", channel_shift, gamma.len())?;
        if let Some(c) = channel_shift.iter().position(|&k| k > CHANNEL_SHIFT_MAX) {
            return Err(Error::new(format!("channel_shift[{c}]: {} is above {CHANNEL_SHIFT_MAX}", channel_shift[c])));
        }
        let shifts: Vec<i32> = channel_shift.iter().map(|&k| exponent_bias.saturating_add(10 + i32::from(k))).collect();
        requantize::check_shifts(&shifts)?;
        Ok(Self { gamma, beta, shifts })
    }

    /// Normalises one row.
    ///
    /// # Errors
    /// When it has not one value per channel.
    pub fn row(&self, row: &[i16]) -> Result<NormalisedRow> {
        check::length("row", row, self.gamma.len())?;
        let statistics = Statistics::from_row(row)?;
        let scale = (statistics.variance > 0).then(|| rsqrt(statistics.variance));
        let y = |&r: &i16| {
            scale.map_or(0, |(root, k)| {
                let distance = row.len() as i64 * i64::from(r) - statistics.sum;
                saturate(rhu(distance * i64::from(root), 13 + k), 16)
            })
        };
        self.results(row.iter().map(y), statistics)
    }

    /// Takes one row as it is.
    ///
    /// # Errors
    /// When it has not one value per channel.
    pub fn plain(&self, row: &[i16]) -> Result<NormalisedRow> {
        check::length("row", row, self.gamma.len())?;
        self.results(row.iter().map(|&r| i64::from(r)), Statistics::from_row(row)?)
    }

    fn results(&self, y: impl Iterator<Item = i64>, statistics: Statistics) -> Result<NormalisedRow> {
        let parameters = self.gamma.iter().zip(&self.beta);
        let z =
            |(y, (&gamma, &beta)): (i64, (&i16, &i16))| saturate(rhu(y * i64::from(gamma), 14) + i64::from(beta), 16);
        let sums: Vec<i64> = y.zip(parameters).map(z).collect();
        let codes = requantize::row(Format::AF8_3, &sums, &self.shifts)?;
        let wide = sums.iter().map(|&z| z as i16).collect();
        Ok(NormalisedRow { statistics, wide, codes })
    }
}

fn check_length(channels: usize) -> Result<()> {
    if !LENGTHS.contains(&channels) {
        return Err(Error::new(format!("{channels} channels: {} to {} can be built", LENGTHS.start(), LENGTHS.end())));
    }
    Ok(())
}
