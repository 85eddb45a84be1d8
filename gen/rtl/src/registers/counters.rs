//! The counters of a design, once: the register, its place, and what it counts.

use super::map::is_guarded;
use crate::design::Design;
use alberti_isa::{Memory, Unit};

/// A counter that software reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counter {
    /// What is counted, as part of names in Verilog.
    pub name: &'static str,
    /// Its register, and what that is called in a port of `csr`.
    pub register: &'static str,
    /// The register's offset.
    pub offset: u32,
    /// What the register says, in a line.
    pub summary: &'static str,
    /// What it counts.
    pub counts: Counted,
}

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Cycles in which a program runs.
    ProgramCycles,
    /// Vectors that the array takes, one in each cycle in which it multiplies.
    Vectors,
    /// Of these, vectors of zeros.
    ZeroVectors,
    /// Rows of weights whose mask has a wrong number of ones.
    MaskErrors,
    /// Masks whose values are not where those before ended.
    MisplacedMasks,
    /// Mask words with one wrong bit.
    CorrectedWords,
    /// Mask words with two.
    DetectedWords,
    /// Bytes that the bus has read.
    BytesRead,
    /// Bytes that it has written.
    BytesWritten,
    /// What several parts of an accelerator do, counted in one place.
    Event(Event),
}

/// What happens in an accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An instruction is issued.
    Issue,
    /// A unit has an instruction under way.
    Busy(Unit),
    /// A row is read.
    Read(Memory),
    /// A row is written.
    Written(Memory),
    /// A unit's result of 16 bits lies at an end of its range.
    Saturated,
}

impl Counted {
    /// Whether a design has what it counts.
    fn is_in(self, design: &Design) -> bool {
        match self {
            Self::ProgramCycles | Self::Vectors | Self::BytesRead | Self::BytesWritten => true,
            Self::ZeroVectors => design.datapath.zero_skip,
            Self::MaskErrors => design.datapath.sparsity.is_some(),
            Self::MisplacedMasks => design.memories.weight_masks.is_some(),
            Self::CorrectedWords | Self::DetectedWords => is_guarded(design),
            Self::Event(_) => design.accelerator.is_some(),
        }
    }
}

/// The counters of a design, by offset.
pub(crate) fn counters(design: &Design) -> impl Iterator<Item = &'static Counter> {
    COUNTERS.iter().filter(|counter| counter.counts.is_in(design))
}

/// The counters of events, by offset.
pub(crate) fn events() -> impl Iterator<Item = (&'static Counter, Event)> {
    COUNTERS.iter().filter_map(|counter| match counter.counts {
        Counted::Event(event) => Some((counter, event)),
        _ => None,
    })
}

macro_rules! counters {
    ($($name:literal $offset:literal $counts:expr, $summary:literal;)*) => {
        &[$(Counter {
            name: $name,
            register: concat!("count_", $name),
            offset: $offset,
            summary: $summary,
            counts: $counts,
        }),*]
    };
}

use Counted::Event as Of;

const COUNTERS: &[Counter] = counters! {
    "cycles" 0x84 Counted::ProgramCycles, "Cycles in which a program was running";
    "array_busy" 0x88 Counted::Vectors, "Cycles in which the array multiplied";
    "vectors" 0x8c Counted::Vectors, "Activation vectors multiplied by the array";
    "held" 0x90 Counted::ZeroVectors, "Of these, zero vectors, for which the multipliers were held";
    "mask_errors" 0x94 Counted::MaskErrors, "Weight rows with a wrong mask";
    "misplaced" 0x98 Counted::MisplacedMasks, "Masks whose values do not begin where the values of the previous mask end";
    "corrected" 0x9c Counted::CorrectedWords, "Mask words with one wrong bit, which was corrected";
    "detected" 0xa0 Counted::DetectedWords, "Mask words with two wrong bits";
    "axi_read" 0xa4 Counted::BytesRead, "Bytes read from external memory";
    "axi_written" 0xa8 Counted::BytesWritten, "Bytes written to external memory";
    "instructions" 0xac Of(Event::Issue), "Instructions issued";
    "matrix_busy" 0xb0 Of(Event::Busy(Unit::Matrix)), "Cycles in which a gemm was executing";
    "softmax_busy" 0xb4 Of(Event::Busy(Unit::Softmax)), "Cycles in which a softmax was executing";
    "layernorm_busy" 0xb8 Of(Event::Busy(Unit::Layernorm)), "Cycles in which a layernorm was executing";
    "elementwise_busy" 0xbc Of(Event::Busy(Unit::Elementwise)), "Cycles in which an elementwise was executing";
    "transfer_busy" 0xc0 Of(Event::Busy(Unit::Transfer)), "Cycles in which a load or a store was executing";
    "activation_read" 0xc4 Of(Event::Read(Memory::Activation)), "Rows read from the activation memory";
    "activation_written" 0xc8 Of(Event::Written(Memory::Activation)), "Rows written to the activation memory";
    "wide_read" 0xcc Of(Event::Read(Memory::Wide)), "Rows read from the wide memory";
    "wide_written" 0xd0 Of(Event::Written(Memory::Wide)), "Rows written to the wide memory";
    "parameter_read" 0xd4 Of(Event::Read(Memory::Parameter)), "Rows read from the parameter memory";
    "parameter_written" 0xd8 Of(Event::Written(Memory::Parameter)), "Rows written to the parameter memory";
    "index_read" 0xdc Of(Event::Read(Memory::Index)), "Words read from the index memory";
    "index_written" 0xe0 Of(Event::Written(Memory::Index)), "Words written to the index memory";
    "values_read" 0xe4 Of(Event::Read(Memory::WeightValues)), "Rows read from the memory of weight values";
    "values_written" 0xe8 Of(Event::Written(Memory::WeightValues)),
        "Rows written to the memory of weight values; RRAM is programmed";
    "masks_read" 0xec Of(Event::Read(Memory::WeightMasks)), "Words read from the memory of weight masks";
    "masks_written" 0xf0 Of(Event::Written(Memory::WeightMasks)),
        "Words written to the memory of weight masks; RRAM is programmed";
    "saturated" 0xf4 Of(Event::Saturated), "Results of gemm and elementwise of 16 bits at an end of their range, where they saturate";
};
