//! `entropy`: whether a classifier is sure enough to stop, without a divider.
//!
//! With `z` the logits, Q6.10:
//!
//! ```text
//! t = rhu(z·23637, 14)    d = max t − t    y = exp2n(d)    S = Σy    U = Σ d·y    L = log2u(S)
//! exit ⇔ S·L + U < T·S
//! ```
//!
//! (S·L + U)/S is the entropy in bits, Q.10. Widths: t 17 bits with sign, d 17, y 16, S 22 (at least 32768),
//! U 31, L 13, S·L + U 34, T·S 37.
//!
//! Over two classes the entropy is within 7.3e-4 nat, over three 8.7e-4. Each further class that is all but
//! ruled out, where the last place of y is half of it or more, adds up to 1.9e-4.
//!
//! Equal logits are the most uncertain, at log2 of the number of classes, and the unit's entropy exceeds that
//! by less than 0.52 places. A threshold above always exits: over two classes any from 1025 on, 0.6935 nats.

use crate::{Error, Result};
use alberti_arith::{exp2n, log2u, rhu};

/// How many classes there may be.
pub const CLASSES: std::ops::RangeInclusive<usize> = 2..=64;

/// log2(e) in Q.14.
const LOG2_E: i64 = 23_637;

/// A decision and what led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The entropy is below the threshold.
    pub exit: bool,
    /// S, Q.15.
    pub sum: u64,
    /// U, Q.25.
    pub weighted: u64,
    /// L, Q.10.
    pub log: u32,
}

/// Decides over the logits of one classification, `threshold` as [`threshold`] gives it.
///
/// # Errors
/// When there are fewer than 2 or more than 64 classes.
pub fn decide(logits: &[i16], threshold: u16) -> Result<Decision> {
    if !CLASSES.contains(&logits.len()) {
        return Err(Error::new(format!("{} classes: {} to {}", logits.len(), CLASSES.start(), CLASSES.end())));
    }
    let scores: Vec<i64> = logits.iter().map(|&z| rhu(i64::from(z) * LOG2_E, 14)).collect();
    let largest = scores.iter().copied().max().unwrap_or_default();
    let (mut sum, mut weighted) = (0, 0);
    for t in scores {
        let d = (largest - t) as u32;
        let y = u64::from(exp2n(d));
        sum += y;
        weighted += u64::from(d) * y;
    }
    // The largest logit alone makes the sum one, so the logarithm is not negative.
    let log = log2u(sum) as u32;
    Ok(Decision { exit: sum * u64::from(log) + weighted < u64::from(threshold) * sum, sum, weighted, log })
}

/// The threshold of the unit, `⌊T/ln 2·1024 + ½⌋` in Q.10 bits of entropy, for `T` in nats.
///
/// # Errors
/// When `T` is negative or no number, or above 44.36, where 16 bits end. (64 classes end at 4.16.)
pub fn threshold(nats: f64) -> Result<u16> {
    let scaled = (nats / std::f64::consts::LN_2 * 1024.0 + 0.5).floor();
    if nats.is_nan() || nats < 0.0 || scaled > f64::from(u16::MAX) {
        return Err(Error::new(format!("an entropy threshold of {nats} nats: 0 to 44.36 can be held")));
    }
    Ok(scaled as u16)
}
