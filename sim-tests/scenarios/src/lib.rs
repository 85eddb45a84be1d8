//! Every block against its golden: one file a block, by the block's name.
//!
//! A scenario drives a [`Subject`], compares bit for bit with the golden model and answers with what it
//! compared. The same scenario serves the tests, the command line, mutated Verilog and gate-level netlists.

pub mod accelerator;
pub mod accumulator;
pub mod activation;
pub mod bitmask_decoder;
pub mod bitmask_encoder;
pub mod block_select;
pub mod csr;
pub mod designs;
pub mod dma;
pub mod elementwise;
pub mod engines;
pub mod entropy;
mod error;
pub mod hierarchical_softmax;
pub mod layernorm;
mod length_errors;
mod lockstep;
pub mod matrix_unit;
pub mod mutations;
pub mod processing_unit;
pub mod record_reader;
pub mod requantize;
pub mod rram;
pub mod secded;
pub mod softmax;
pub mod sram;
pub mod stream_fifo;
mod subject;
pub mod top_k;
pub mod vmac;
pub mod vmac_array;

use alberti_harness::Seed;
use alberti_rtl::{BuiltMemory, design::MemoryKind, memory::Technology};

pub use error::{Error, Result};
pub use lockstep::Lockstep;
pub use subject::{Outcome, Subject};

/// What compares a subject with its golden.
pub type Scenario = fn(&Subject, Seed) -> Result<Outcome>;

/// The scenario of every block, by the block's name.
pub const SCENARIOS: &[(&str, Scenario)] = &[
    ("accelerator", accelerator::run),
    ("stream_fifo", stream_fifo::run),
    ("sram", sram::run),
    ("rram", rram::run),
    ("block_select", block_select::run),
    ("bitmask_decoder", bitmask_decoder::run),
    ("bitmask_encoder", bitmask_encoder::run),
    ("secded", secded::run),
    ("record_reader", record_reader::run),
    ("vmac", vmac::run),
    ("vmac_array", vmac_array::run),
    ("accumulator", accumulator::run),
    ("activation", activation::run),
    ("requantize", requantize::run),
    ("entropy", entropy::run),
    ("top_k", top_k::run),
    ("matrix_unit", matrix_unit::run),
    ("processing_unit", processing_unit::run),
    ("elementwise", elementwise::run),
    ("layernorm", layernorm::run),
    ("softmax", softmax::run),
    ("hierarchical_softmax", hierarchical_softmax::run),
    ("csr", csr::run),
    ("dma", dma::run),
];

/// A memory of a design, its module the subject, against its golden.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run_memory(subject: &Subject, technology: &Technology, memory: &BuiltMemory, seed: Seed) -> Result<Outcome> {
    let (technology, demand, choice) = (technology.clone(), memory.demand.clone(), memory.selection.clone());
    let made = rram::MadeMemory { technology, demand, choice };
    match made.demand.storage.kind {
        MemoryKind::Rram => rram::traffic(subject, &made, made.golden()?, seed),
        MemoryKind::Sram => sram::tiled(subject, &made, seed),
    }
}

/// Runs the scenario of a block; `None` where no block has that name.
pub fn run(block: &str, subject: &Subject, seed: Seed) -> Option<Result<Outcome>> {
    let (_, scenario) = SCENARIOS.iter().find(|(name, _)| *name == block)?;
    Some(scenario(subject, seed))
}
