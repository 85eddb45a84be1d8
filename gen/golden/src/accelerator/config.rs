//! The sizes of an accelerator.

use crate::{BlockSparsity, Error, Result, check, hierarchical_softmax::Hierarchy, softmax, storage::RecordLayout};
use alberti_arith::ActivationSet;

/// What the design fixes.
#[derive(Clone, Debug)]
pub struct AcceleratorConfig {
    /// Lanes, and multipliers of each: a power of two.
    pub n: usize,
    /// Width of the accumulator.
    pub accumulator_bits: u32,
    /// Rows of the accumulator: vectors of a `gemm` at most.
    pub accumulator_rows: usize,
    /// Passes of a `gemm` at most.
    pub passes_max: usize,
    /// Whether the array holds still for vectors of zeros; changes a counter alone.
    pub zero_skip: bool,
    /// Block-sparse weights, if the array takes them: records of two passes each.
    pub sparsity: Option<BlockSparsity>,
    /// The functions that programs may ask for.
    pub activation: ActivationSet,
    /// Where distances of a softmax are taken from.
    pub maximum: softmax::Maximum,
    /// Lanes of the softmax.
    pub softmax_lanes: usize,
    /// Longest row of a softmax.
    pub softmax_max: usize,
    /// Most parents and children of a hierarchical softmax, of which all may be chosen; `None` without the unit.
    pub hierarchy_max: Option<Hierarchy>,
    /// Longest row of a layer norm.
    pub layernorm_max: usize,
    /// Classes at most.
    pub classes_max: usize,
    /// Rows of the activation memory.
    pub activation_rows: usize,
    /// Rows of the wide memory.
    pub wide_rows: usize,
    /// Rows of the parameter memory.
    pub parameter_rows: usize,
    /// Words of the index memory.
    pub index_words: usize,
    /// Rows of packed weights.
    pub value_rows: usize,
    /// Words of the mask memory.
    pub mask_words: usize,
    /// Bits that guard a word of the mask memory, after its own.
    pub mask_check_bits: usize,
    /// Instructions that the program memory holds.
    pub program_instructions: usize,
    /// Bytes of a beat of the bus.
    pub bus_bytes: usize,
    /// Bits of an external address.
    pub bus_address_bits: u32,
}

impl AcceleratorConfig {
    /// How weights lie in their memories.
    ///
    /// # Errors
    /// When n is out of range, or not a multiple of a block's weights.
    pub fn layout(&self) -> Result<RecordLayout> {
        RecordLayout::new(self.n, self.value_rows * self.n, self.n, true, self.sparsity)
    }

    pub(super) fn check(&self) -> Result<()> {
        check::lanes(self.n)?;
        check::accumulator_bits(self.accumulator_bits)?;
        if !self.n.is_power_of_two() || !self.bus_bytes.is_power_of_two() {
            return Err(Error::new(format!("n = {}, {} bytes a beat: both powers of two", self.n, self.bus_bytes)));
        }
        Ok(())
    }
}
