//! Attention: `softmax(Q·Kᵀ)·V`, head by head.

use super::{Arithmetic, Layer, Linear, Results, linear};
use crate::{Error, Result, narrow::Narrowed, products::Integers, softmax::MASK_ONE};
use alberti_arith::{Activation, wrap};

/// Shifts of a head: its products have no bias and one scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// From Q·Kᵀ to scores, Q8.8.
    pub score: i32,
    /// From P·V to codes.
    pub context: i32,
}

/// How far a head sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// Over the whole row.
    #[default]
    Whole,
    /// So far, and with falling weight over a ramp of 2^ramp after that.
    Limited {
        /// Distance up to which nothing is scaled.
        span: u16,
        /// Length of the ramp as a power of two, 0 to 7.
        ramp: u8,
    },
    /// Not at all: its context is zero.
    Skipped,
}

impl Span {
    /// What is left of a probability at a distance.
    #[must_use]
    pub fn share(self, distance: usize) -> f32 {
        match self {
            Self::Whole => 1.0,
            Self::Limited { span, ramp } => {
                let ramp = f32::from(1u16 << ramp);
                ((f32::from(span) + ramp - distance as f32) / ramp).clamp(0.0, 1.0)
            }
            Self::Skipped => 0.0,
        }
    }

    /// The farthest distance at which something is left of a probability; none where nothing is.
    #[must_use]
    pub fn reach(self) -> Option<usize> {
        match self {
            Self::Whole => Some(usize::MAX),
            Self::Limited { span, ramp } => Some(usize::from(span) + (1 << ramp) - 1),
            Self::Skipped => None,
        }
    }

    /// The same as the accelerator has it, of 128.
    fn mask(self, distance: usize) -> u8 {
        match self {
            Self::Whole => MASK_ONE,
            Self::Limited { span, ramp } => {
                let left = i64::from(span) + (1 << ramp) - distance as i64;
                ((left << 7) >> ramp).clamp(0, MASK_ONE.into()) as u8
            }
            Self::Skipped => 0,
        }
    }
}

impl Layer {
    /// The heads' context of rows of codes, tokens × channels.
    pub(super) fn context(&self, arithmetic: &Arithmetic, spans: &[Span], x: &[u16]) -> Result<(Vec<u16>, u64)> {
        let project = |linear: &Linear| linear.run(arithmetic, x).map(|results| results.codes);
        let (q, k, v) = (project(&self.query)?, project(&self.key)?, project(&self.value)?);
        let (channels, heads) = (self.query.outputs(), self.heads.len());
        if heads == 0 || spans.len() != heads || !channels.is_multiple_of(heads) {
            return Err(Error::new(format!("{channels} channels, {heads} heads and {} spans", spans.len())));
        }
        let (width, tokens) = (channels / heads, q.len() / channels);
        let (mut context, mut saturated) = (vec![0; q.len()], 0);
        for (number, (head, &span)) in self.heads.iter().zip(spans).enumerate() {
            if span == Span::Skipped {
                continue;
            }
            let rows = |tensor: &[u16]| -> Vec<u16> {
                tensor.chunks_exact(channels).flat_map(|row| &row[number * width..][..width]).copied().collect()
            };
            let (q, k, v) = (rows(&q), rows(&k), rows(&v));
            let columns = (0..width).flat_map(|c| v[c..].iter().step_by(width)).copied();
            let integers = |codes: Vec<u16>| Integers::new(arithmetic.operand, codes);
            let (q, k, v) = (integers(q), integers(k), integers(columns.collect()));
            let sum = |sum: i64| wrap(sum, arithmetic.accumulator_bits);
            let mut p = Vec::with_capacity(tokens * tokens);
            for token in 0..tokens {
                let products = q.products(token, &k, width).into_iter();
                let scores: Narrowed = products.map(|products| linear::wide(sum(products), head.score)).collect();
                saturated += scores.saturated;
                let mask: Vec<u8> = (0..tokens).map(|key| span.mask(key.abs_diff(token))).collect();
                p.extend(arithmetic.probabilities(&scores.numbers, &mask)?);
            }
            let (p, shifts) = (integers(p), vec![head.context; width]);
            let mut results = Results::default();
            for token in 0..tokens {
                let sums: Vec<i64> = p.products(token, &v, tokens).into_iter().map(sum).collect();
                results.push(arithmetic, &sums, &shifts, Activation::Identity, 0, 0)?;
            }
            for (context, codes) in context.chunks_exact_mut(channels).zip(results.codes.chunks_exact(width)) {
                context[number * width..][..width].copy_from_slice(codes);
            }
        }
        Ok((context, saturated))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_behind_the_reach_and_something_up_to_it() {
        let limited = (0..40).flat_map(|span| (0..8).map(move |ramp| Span::Limited { span, ramp }));
        for span in limited.chain([Span::Whole, Span::Skipped]) {
            for distance in 0..300 {
                let reached = span.reach().is_some_and(|reach| distance <= reach);
                assert_eq!(
                    (span.mask(distance) > 0, span.share(distance) > 0.0),
                    (reached, reached),
                    "{span:?} {distance}"
                );
            }
        }
    }
}
