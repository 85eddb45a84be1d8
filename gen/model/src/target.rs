//! What a design says that a model must know: the numbers of its processing unit.

use crate::ModelError;
use alberti_arith::{ActivationSet, Format};
use alberti_golden::{BlockSparsity, processing_unit::MatrixUnitConfig};

/// Capacities of the packed memories, in codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Weight memory.
    pub weight: usize,
    /// Activation memory; each of the two slots of a block-sparse design has this many.
    pub activation: usize,
    /// Result memory.
    pub result: usize,
}

/// The processing unit that a layer is made ready for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProcessingUnitTarget {
    /// Lanes, and multipliers of a lane.
    pub n: usize,
    /// Format of weights and activations.
    pub operand: Format,
    /// Format of results.
    pub result: Format,
    /// Width of a sum.
    pub accumulator_bits: u32,
    /// Rows of sums that a job may have.
    pub accumulator_rows: usize,
    /// Longest reduction.
    pub reduction_max: usize,
    /// The blocks that the design can skip, if any.
    pub block: Option<BlockSparsity>,
    /// The functions between sums and results.
    pub activation: ActivationSet,
    /// Sizes of the value memories.
    pub capacity: Capacity,
}

impl ProcessingUnitTarget {
    /// Width of the bias port: 32 bits, or the accumulator's where that is narrower.
    #[must_use]
    pub const fn bias_bits(&self) -> u32 {
        if self.accumulator_bits < 32 { self.accumulator_bits } else { 32 }
    }

    /// Checks what [`crate::Workload`] relies on.
    ///
    /// # Errors
    /// AE0711 when n is not 2 to 64 or there are no accumulator rows, AE0707 when n is no
    /// multiple of the weights of a block.
    pub fn check(&self) -> Result<(), ModelError> {
        if !(2..=64).contains(&self.n) || self.accumulator_rows == 0 {
            return Err(ModelError::Shape(format!(
                "a design of n = {} and {} accumulator rows: n is 2 to 64, with at least one row",
                self.n, self.accumulator_rows
            )));
        }
        match self.block.map(|shape| shape.blocks(self.n)) {
            Some(Err(error)) => Err(ModelError::Sparsity(error.to_string())),
            _ => Ok(()),
        }
    }

    /// The golden processing unit of this design.
    #[must_use]
    pub const fn config(&self, zero_skip: bool) -> MatrixUnitConfig {
        MatrixUnitConfig {
            n: self.n,
            operand: self.operand,
            result: self.result,
            accumulator_bits: self.accumulator_bits,
            zero_skip,
            sparsity: self.block,
            activation: self.activation,
        }
    }
}
