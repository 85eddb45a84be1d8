//! `hierarchical_softmax`: scores of parents and of their children to the weights of the children, of the K
//! largest parents alone.
//!
//! A row has N_p scores of parents, then N_c of the children of each parent in turn, all in base 2, Q8.8.
//! Parents that are chosen are the K with the largest scores, of equal ones those that come first. With `t` a
//! score, of parent i or of its child c:
//!
//! ```text
//! dp_i  = 4(max t − t_i)   over the chosen parents        L_P = log2u(Σ exp2n(dp_i))
//! dc_ic = 4(max t − t_ic)  over the children of i         L_i = log2u(Σ exp2n(dc_ic))
//! w_ic  = exp2n(dp_i + L_P + dc_ic + L_i) for the chosen, else 0                    Q1.15, 0 to 32768
//! code  = requantise(w_ic, 15, −8)
//! ```
//!
//! That is the softmax over the chosen parents times the softmax over each one's children: a softmax over all
//! parents that is cut to the K largest and divided by what is left of it is the softmax over these.

use crate::{Error, Result};
use alberti_arith::{Format, exp2n, log2u, requantize};

/// Most parents.
pub const PARENTS_MAX: usize = 64;

/// Most children of a parent.
pub const CHILDREN_MAX: usize = 16;

/// How many scores a row has, and how many of its parents are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// N_p: parents.
    pub parents: usize,
    /// N_c: children of each.
    pub children: usize,
    /// K: how many parents are chosen; all if there are no more.
    pub largest: usize,
}

/// The weights of a row's children, those of a parent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// w, Q1.15.
    pub weights: Vec<u16>,
    /// The AF<8,3> code of each, at bias −8.
    pub codes: Vec<u16>,
}

impl Hierarchy {
    /// Scores of a row.
    #[must_use]
    pub fn scores(&self) -> usize {
        self.parents * (1 + self.children)
    }

    /// Weights of a row.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.parents * self.children
    }

    /// The weights of a row of scores.
    ///
    /// # Errors
    /// When there are no or too many parents or children, no parent is chosen, or the scores are not as many
    /// as these have.
    pub fn row(&self, scores: &[i16]) -> Result<Weights> {
        for (what, number, most) in [("parents", self.parents, PARENTS_MAX), ("children", self.children, CHILDREN_MAX)]
        {
            if !(1..=most).contains(&number) {
                return Err(Error::new(format!("{number} {what}: 1 to {most}")));
            }
        }
        if self.largest == 0 {
            return Err(Error::new("the 0 largest parents: at least 1 is chosen"));
        }
        crate::check::length("scores", scores, self.scores())?;
        let (parents, children) = scores.split_at(self.parents);
        let mut weights = vec![0; self.weights()];
        let chosen = chosen(parents, self.largest);
        let among_parents = shares(&chosen.iter().map(|&i| parents[i]).collect::<Vec<_>>());
        for (&i, parent) in chosen.iter().zip(among_parents) {
            let of = i * self.children..(i + 1) * self.children;
            for (weight, child) in weights[of.clone()].iter_mut().zip(shares(&children[of])) {
                *weight = exp2n(parent + child);
            }
        }
        let codes = weights.iter().map(|&w| requantize(Format::AF8_3, w.into(), 15 - 8)).collect();
        Ok(Weights { weights, codes })
    }
}

/// The places of the largest scores.
fn chosen(scores: &[i16], largest: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    // A stable sort keeps the lower place first.
    places.sort_by_key(|&place| std::cmp::Reverse(scores[place]));
    places.truncate(largest);
    places
}

/// The octaves, Q.10, by which each one's share of a softmax lies below one.
fn shares(scores: &[i16]) -> Vec<u32> {
    let most = i32::from(scores.iter().copied().max().unwrap_or(i16::MIN));
    let distances: Vec<u32> = scores.iter().map(|&t| ((most - i32::from(t)) as u32) << 2).collect();
    // The largest alone makes the sum one, so the logarithm is not negative.
    let log = log2u(distances.iter().map(|&d| u64::from(exp2n(d))).sum()) as u32;
    distances.into_iter().map(|d| d + log).collect()
}
