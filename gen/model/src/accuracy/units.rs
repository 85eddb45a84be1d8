//! The units that are measured.

use alberti_arith::ActivationSet;
use alberti_golden::softmax::Maximum;

/// The units of a design, each with what its arithmetic depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Attention probabilities.
    pub softmax: Option<SoftmaxUnit>,
    /// Layer norm: most channels of a row.
    pub layernorm: Option<usize>,
    /// The functions between sums and results; not measured where there is nothing but the identity.
    pub activation: ActivationSet,
    /// Residual add.
    pub elementwise: bool,
    /// Early exit: most classes.
    pub entropy: Option<usize>,
    /// The largest of a row: its length at most, and how many are found.
    pub top_k: Option<(usize, usize)>,
}

/// A softmax unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftmaxUnit {
    /// Scores of a vector.
    pub n: usize,
    /// Where distances are taken from.
    pub maximum: Maximum,
    /// Most scores of a row.
    pub length_max: usize,
}
