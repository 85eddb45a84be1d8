//! `softmax`: a row of scores to attention probabilities, with no divider and, but for the mask, no
//! multiplier.
//!
//! Scores are in base 2, Q8.8. With `t` a score, `X` the reference that all distances are taken from:
//!
//! ```text
//! d  = 4(X − t)                               S = Σ exp2n(d)      L = log2u(S)     over the valid elements
//! p  = exp2n(d + L)                           Q1.15, 0 to 32768
//! p' = rhu(p·mask, 7)                         code = requantise(p', 15, −8)
//! ```
//!
//! | | [`Maximum::Row`] | [`Maximum::Running`] |
//! |---|---|---|
//! | X | the largest score | 256·M, M = ⌈largest score⌉ in whole octaves, −128 to 128 |
//! | passes over the row | three: maximum, sum, probabilities | two: sum, probabilities |
//! | d | 18 bits | 19 bits |
//! | S, rows of up to 65536 | 32 bits, 32768 to 2^31 | 32 bits, 16429 to 2^31 |
//! | L | 15 bits, 0 to 16384 | 16 bits with sign, −1020 to 16384 |
//!
//! `d` may saturate at 15 bits: from there on neither exponential is other than zero. Adding L, it needs 16,
//! and no clamp at zero: S is at least exp2n of the smallest d, log2u never falls, and log2u(exp2n(d)) ≥ −d
//! within an octave.
//!
//! |Σp − 1| ≤ 8e-4 + N·2^−16 over N elements, the second term where all round alike; 9e-4 in random rows of up to 100. The
//! 8-bit code ends at 31/32, and what is below 63/64·2^−9 becomes zero, so rows of more than 524 like scores vanish:
//! long rows need a narrower span.

use crate::{Error, Result, check};
use alberti_arith::{Format, exp2n, log2u, requantize, rhu};

/// The longest row.
pub const LENGTH_MAX: usize = 1 << 16;

/// What a mask that changes nothing holds; 0 hides an element.
pub const MASK_ONE: u8 = 128;

/// Where distances are measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Maximum {
    /// The exact maximum of the row, found in a pass of its own.
    Row,
    /// The maximum so far, rounded up to a whole octave, so that a sum moves to a new one by an exact shift.
    ///
    /// M starts at −128 and S at 0. Each vector of n scores, of which only the valid count, moves them on:
    /// `M' = max(M, ⌈largest of the vector⌉)`, `S' = (S ≫ (M' − M)) + Σ exp2n(4(256·M' − t))`. A shift of 32
    /// or more leaves nothing. All shifts of a row together cost less than one last place: S is the sum with
    /// exact shifts, rounded down once.
    Running,
}

/// The block: scores in vectors of n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    n: usize,
    maximum: Maximum,
}

/// A row's probabilities and what they were made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbabilityRow {
    /// X: what distances were measured from, Q8.8; −32768 for a row without valid elements.
    pub reference: i32,
    /// S, Q.15; 0 for a row without valid elements.
    pub sum: u64,
    /// L, Q.10; 0 for a row without valid elements.
    pub log: i32,
    /// p' of each element, Q1.15.
    pub probabilities: Vec<u16>,
    /// The AF<8,3> code of each, at bias −8.
    pub codes: Vec<u16>,
}

impl Softmax {
    /// A softmax over vectors of n scores.
    ///
    /// # Errors
    /// When no design has that many lanes.
    pub fn new(n: usize, maximum: Maximum) -> Result<Self> {
        check::lanes(n)?;
        Ok(Self { n, maximum })
    }

    /// One row. Elements from `valid` on take no part and become zero; `mask` (0 to 128, one per element)
    /// scales what the others have become, and leaves the sum alone.
    ///
    /// # Errors
    /// When the row is empty or longer than 65536, `valid` exceeds its length, there is not one mask per
    /// element, or a mask exceeds 128.
    pub fn row(&self, scores: &[i16], valid: usize, mask: &[u8]) -> Result<ProbabilityRow> {
        if !(1..=LENGTH_MAX).contains(&scores.len()) {
            return Err(Error::new(format!("scores: {} elements, a row has 1 to {LENGTH_MAX}", scores.len())));
        }
        if valid > scores.len() {
            return Err(Error::new(format!("valid = {valid}: the row has {} elements", scores.len())));
        }
        check::length("mask", mask, scores.len())?;
        if let Some(i) = mask.iter().position(|&m| m > MASK_ONE) {
            return Err(Error::new(format!("mask[{i}]: {} is above {MASK_ONE}", mask[i])));
        }
        let taking_part = &scores[..valid];
        let (reference, sum) = match self.maximum {
            Maximum::Row => exact(taking_part),
            Maximum::Running => running(taking_part, self.n),
        };
        let log = if sum == 0 { 0 } else { log2u(sum) };
        let mut probabilities = vec![0; scores.len()];
        for ((p, &t), &m) in probabilities.iter_mut().zip(taking_part).zip(mask) {
            let share = exp2n(distance(reference, t).saturating_add_signed(log));
            *p = rhu(i64::from(share) * i64::from(m), 7) as u16;
        }
        let codes = probabilities.iter().map(|&p| requantize(Format::AF8_3, p.into(), 15 - 8)).collect();
        Ok(ProbabilityRow { reference, sum, log, probabilities, codes })
    }
}

/// `d` in Q.10 of a score in Q8.8 that does not exceed the reference.
fn distance(reference: i32, t: i16) -> u32 {
    ((reference - i32::from(t)) as u32) << 2
}

fn exact(scores: &[i16]) -> (i32, u64) {
    let reference = i32::from(scores.iter().copied().max().unwrap_or(i16::MIN));
    (reference, scores.iter().map(|&t| u64::from(exp2n(distance(reference, t)))).sum())
}

fn running(scores: &[i16], n: usize) -> (i32, u64) {
    let (mut octave, mut sum) = (-128i32, 0u64);
    for vector in scores.chunks(n) {
        let next = vector.iter().map(|&t| (i32::from(t) + 255) >> 8).fold(octave, i32::max);
        sum = sum.checked_shr((next - octave) as u32).unwrap_or(0);
        octave = next;
        sum += vector.iter().map(|&t| u64::from(exp2n(distance(256 * octave, t)))).sum::<u64>();
    }
    (256 * octave, sum)
}
