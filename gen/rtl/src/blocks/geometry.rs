//! Widths that follow from a design and that several blocks share.

use crate::design::{BlockSparsity, Design, ValueMemory};
use alberti_arith::{ActivationSet, Domain, Format};

/// Width of the requantisation shift of a column, two's complement.
pub const SHIFT_W: u32 = 7;

/// Width of a wide result, two's complement.
pub const WIDE_W: u32 = 16;

/// Cycles that a pass over the rows takes at the least: the accumulator may see a row again only after its
/// sum is written.
pub const MIN_PASS: u32 = 4;

/// Width of the event counters.
pub const COUNT_W: u32 = 32;

/// The widths of a design's datapath.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Lanes, and multipliers of a lane.
    pub n: u32,
    /// Format of weights and activations.
    pub operand: Format,
    /// Format of results.
    pub result: Format,
    /// Width of the accumulator.
    pub acc_w: u32,
    /// Width of a bias.
    pub bias_w: u32,
    /// Rows that the accumulator holds.
    pub rows: u32,
    /// Weight tiles that the longest reduction takes.
    pub passes: u32,
    /// Registers between operands and sum.
    pub pipeline: u32,
    /// Whether an all-zero vector leaves the operand registers as they are.
    pub zero_skip: bool,
    /// Block sparsity of the weights.
    pub sparsity: Option<BlockSparsity>,
    /// Functions between sums and results.
    pub activation: ActivationSet,
    /// Whether the unit is part of an accelerator: tiles may come by columns, and results are wide as well.
    pub accelerator: bool,
}

impl Geometry {
    /// The widths of a design.
    #[must_use]
    pub fn new(design: &Design) -> Self {
        let d = &design.datapath;
        Self {
            n: d.n,
            operand: d.operand,
            result: d.result,
            acc_w: d.accumulator_bits,
            bias_w: d.accumulator_bits.min(32),
            rows: d.accumulator_rows.max(MIN_PASS),
            passes: d.reduction_max.div_ceil(d.n),
            pipeline: d.pipeline,
            zero_skip: d.zero_skip,
            sparsity: d.sparsity,
            activation: d.activation,
            accelerator: design.accelerator.is_some(),
        }
    }

    /// Width of an operand code.
    #[must_use]
    pub fn op_w(&self) -> u32 {
        self.operand.bits()
    }

    /// Width of a vector of n operand codes.
    #[must_use]
    pub fn vector_w(&self) -> u32 {
        self.n * self.op_w()
    }

    /// Input tiles that a lane chooses from in one cycle: 2 with block sparsity, else 1.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.sparsity.map_or(1, |s| s.block / s.nonzeros)
    }

    /// Blocks of a lane: 0 without block sparsity.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.sparsity.map_or(0, |s| self.n / s.nonzeros)
    }

    /// Width of a vector as the array takes it.
    #[must_use]
    pub fn choice_w(&self) -> u32 {
        self.slots() * self.vector_w()
    }

    /// Width of one multiplier's choice among the places of its block: 0 ..= block − nonzeros, or none.
    #[must_use]
    pub fn select_w(&self) -> u32 {
        self.sparsity.map_or(0, |s| clog2(u64::from(s.block - s.nonzeros) + 2))
    }

    /// Width of a row of sums.
    #[must_use]
    pub fn sums_w(&self) -> u32 {
        self.n * self.acc_w
    }

    /// Width of the columns' shifts.
    #[must_use]
    pub fn scales_w(&self) -> u32 {
        self.n * SHIFT_W
    }

    /// Width of a job's function, which travels beside its shifts: 0 where there is no choice.
    #[must_use]
    pub fn function_w(&self) -> u32 {
        self.activation.code_bits()
    }

    /// Width of the shift that columns have after a function of numbers: 0 where there is none.
    #[must_use]
    pub fn activation_shift_w(&self) -> u32 {
        self.activation.of_domain(Domain::Numbers).next().map_or(0, |_| SHIFT_W)
    }

    /// Width of what a wide result's shift is more than that of the code: 0 where there are no wide results.
    #[must_use]
    pub fn wide_shift_w(&self) -> u32 {
        if self.accelerator { SHIFT_W } else { 0 }
    }

    /// Width of what else of a job travels beside its shifts.
    #[must_use]
    pub fn beside_w(&self) -> u32 {
        self.function_w() + self.activation_shift_w() + self.wide_shift_w()
    }

    /// Width of a row of wide results: 0 where there are none.
    #[must_use]
    pub fn wides_w(&self) -> u32 {
        if self.accelerator { self.n * WIDE_W } else { 0 }
    }

    /// Cycles of the activation.
    #[must_use]
    pub fn activation_latency(&self) -> u32 {
        self.activation.latency()
    }

    /// Width of an accumulator row number.
    #[must_use]
    pub fn row_w(&self) -> u32 {
        clog2(self.rows.into())
    }

    /// Width of a pass number.
    #[must_use]
    pub fn pass_w(&self) -> u32 {
        clog2(self.passes.into())
    }

    /// Width of a lane number.
    #[must_use]
    pub fn lane_w(&self) -> u32 {
        clog2(self.n.into())
    }

    /// Width of a mask of the weight stream.
    #[must_use]
    pub fn weight_mask_w(&self) -> u32 {
        self.slots() * self.n
    }

    /// Width of a row address of a value memory.
    #[must_use]
    pub fn value_row_w(&self, memory: ValueMemory) -> u32 {
        clog2(u64::from(memory.values.div_ceil(self.n)))
    }
}

/// Bits that number `count` things, at least one.
#[must_use]
pub fn clog2(count: u64) -> u32 {
    if count <= 2 { 1 } else { (count - 1).ilog2() + 1 }
}
