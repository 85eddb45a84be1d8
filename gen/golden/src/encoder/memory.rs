//! A sparse hierarchical memory after a layer (SPARTAN).

use super::{Arithmetic, Linear, Norm, Stream, add};
use crate::{Error, Result, hierarchical_softmax::Hierarchy};

/// `v + Σ w_ic·C_V,ic` of a layer's output v: no layer norm follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SparseMemory {
    /// How many scores there are, and how many parents are chosen.
    pub hierarchy: Hierarchy,
    /// Scores of the parents, then of each one's children, log2(e) folded in, in Q8.8.
    pub scores: Linear,
    /// From the weights of the children to what is added, in Q6.10.
    pub values: Linear,
    /// Makes codes of the sum, which it leaves as it is.
    pub norm: Norm,
}

impl SparseMemory {
    /// What saturated in it is counted beside what did before.
    pub(super) fn run(&self, arithmetic: &Arithmetic, x: &Stream) -> Result<Stream> {
        let scores = self.scores.run(arithmetic, &x.codes)?;
        let most = self.hierarchy.scores();
        if most == 0 || self.scores.outputs() != most {
            return Err(Error::new(format!("{} outputs for {most} scores", self.scores.outputs())));
        }
        let mut weights = Vec::new();
        for row in scores.wide.chunks(most) {
            weights.extend(arithmetic.shares(&self.hierarchy.row(row)?.weights));
        }
        let values = self.values.run(arithmetic, &weights)?;
        let sum = add(&values.wide, 0, &x.wide)?;
        let mut stream = self.norm.plain(arithmetic, &sum.numbers)?;
        stream.saturated = x.saturated + scores.saturated + values.saturated + sum.saturated;
        Ok(stream)
    }
}
