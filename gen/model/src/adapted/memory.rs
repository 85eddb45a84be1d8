//! A sparse hierarchical memory (SPARTAN) in f32.

use crate::{Linear, Matrix};
use alberti_golden::hierarchical_softmax::Hierarchy;

/// Parents, and children of each: keys that scores are taken by, and values that are added.
///
/// ```text
/// v + Σ g_i·c_ic·values_ic   g a softmax over the K largest of parents·v, c one over the children of i of keys·v
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SparseMemory {
    /// N_p × d.
    pub parents: Matrix,
    /// N_p·N_c × d, the children of a parent together.
    pub keys: Matrix,
    /// The same.
    pub values: Matrix,
    /// K: how many parents are chosen.
    pub largest: usize,
}

impl SparseMemory {
    /// Its shape.
    #[must_use]
    pub fn hierarchy(&self) -> Hierarchy {
        let parents = self.parents.rows;
        Hierarchy { parents, children: self.keys.rows / parents.max(1), largest: self.largest }
    }

    /// From a hidden state to scores: of the parents, then of each one's children.
    #[must_use]
    pub fn scores(&self) -> Linear {
        let rows = self.parents.rows + self.keys.rows;
        let data = self.parents.data.iter().chain(&self.keys.data).copied().collect();
        Linear { weight: Matrix { rows, cols: self.parents.cols, data }, bias: vec![0.0; rows] }
    }

    /// From the weights of the children to what is added.
    #[must_use]
    pub fn mixture(&self) -> Linear {
        let Matrix { rows, cols, .. } = self.values;
        let data = (0..cols).flat_map(|c| (0..rows).map(move |r| self.values.row(r)[c])).collect();
        Linear { weight: Matrix { rows: cols, cols: rows, data }, bias: vec![0.0; cols] }
    }

    /// The weights of a row of scores.
    #[must_use]
    pub fn weights(&self, scores: &[f32]) -> Vec<f32> {
        let of = self.hierarchy();
        let (parents, children) = scores.split_at(of.parents);
        let mut order: Vec<usize> = (0..of.parents).collect();
        // A stable sort keeps the lower place first.
        order.sort_by(|&a, &b| parents[b].total_cmp(&parents[a]));
        let chosen = &order[..of.largest.min(of.parents)];
        let shares = softmax(&chosen.iter().map(|&i| parents[i]).collect::<Vec<_>>());
        let mut weights = vec![0.0; children.len()];
        for (&i, share) in chosen.iter().zip(shares) {
            let group = i * of.children..(i + 1) * of.children;
            let own = softmax(&children[group.clone()]);
            weights[group].iter_mut().zip(own).for_each(|(weight, own)| *weight = share * own);
        }
        weights
    }
}

fn softmax(scores: &[f32]) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|t| (t - most).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}
