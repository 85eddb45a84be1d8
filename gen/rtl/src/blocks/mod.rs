//! The blocks of the accelerator, one room each.

pub mod accelerator;
pub mod accumulator;
pub mod activation;
mod assembly;
pub mod bitmask_decoder;
pub mod bitmask_encoder;
pub mod block_select;
pub mod csr;
pub mod dma;
pub mod elementwise;
pub mod entropy;
mod geometry;
pub mod hierarchical_softmax;
pub mod layernorm;
pub mod leaf;
mod library;
pub mod macros;
pub mod matrix_unit;
pub mod processing_unit;
pub mod record_reader;
pub mod requantize;
pub mod rram;
pub mod secded;
pub mod softmax;
pub mod sram;
pub mod stream_fifo;
pub mod tiles;
pub mod top_k;
pub mod vmac;
pub mod vmac_array;

pub use assembly::{Assembly, Bundle, End};
pub use geometry::{Geometry, MIN_PASS, clog2};
pub use library::Library;

use crate::{
    design::{Design, MemoryKind},
    memory::demands,
    netlist::{Module, Netlist, Payload},
};
use std::sync::Arc;

/// A kind of block.
pub struct Block {
    /// Its name, which all of its files carry.
    pub name: &'static str,
    /// What it is, in a few words.
    pub summary: &'static str,
    /// Its theory of operation, in Markdown: equation, algorithm, timing.
    pub theory: &'static str,
    elaborate: fn(&mut Library) -> Option<Arc<Module>>,
}

macro_rules! block {
    ($name:ident, $summary:literal, $elaborate:expr) => {
        Block {
            name: stringify!($name),
            summary: $summary,
            theory: include_str!(concat!(stringify!($name), "/theory.md")),
            elaborate: $elaborate,
        }
    };
}

/// All blocks, children before parents.
pub const BLOCKS: &[Block] = &[
    block!(stream_fifo, "stream buffer", |library| Some(matrix_unit::result_buffer(library))),
    block!(sram, "memory with one read and one write port", |library| {
        let g = Geometry::new(library.design());
        let source = "datapath.accumulator_rows";
        Some(sram::elaborate(library, Some("accumulator"), source, g.rows, g.sums_w(), Payload::Sums))
    }),
    block!(rram, "memory of resistive cells, programmed slowly and counted", |library| {
        let demand = demands(library.design()).into_iter().find(|of| of.storage.kind == MemoryKind::Rram)?;
        library.memory_of_design(&demand).ok()
    }),
    block!(block_select, "masks of block-sparse weights to choices", block_select::elaborate),
    block!(bitmask_decoder, "packed values and masks to vectors", |library| {
        let memory = library.design().memories.weight;
        Some(bitmask_decoder::elaborate(library, "weight", "memories.weight", memory))
    }),
    block!(bitmask_encoder, "vectors to packed values and masks", |library| {
        let memory = library.design().memories.result;
        Some(bitmask_encoder::elaborate(library, None, "memories.result", memory))
    }),
    block!(secded, "words that correct one error and detect two", secded::elaborate),
    block!(record_reader, "records of masks, fetched at random", record_reader::elaborate),
    block!(vmac, "vector MAC, one lane of the array", |library| Some(vmac::elaborate(library))),
    block!(vmac_array, "n vector MACs", |library| Some(vmac_array::elaborate(library))),
    block!(accumulator, "sums between the passes over the reduction", |library| Some(accumulator::elaborate(library))),
    block!(activation, "functions between sums and codes", activation::elaborate),
    block!(requantize, "sums to codes", |library| Some(requantize::elaborate(library))),
    block!(entropy, "early exit: whether a classifier is sure enough", entropy::elaborate),
    block!(top_k, "the largest of a row, with their positions", top_k::elaborate),
    block!(matrix_unit, "array, accumulator, activation and requantiser, joined", |library| Some(
        matrix_unit::elaborate(library)
    )),
    block!(processing_unit, "decoders, matrix unit and encoder, joined", |library| Some(processing_unit::elaborate(
        library
    ))),
    block!(elementwise, "sums of two streams, or one scaled", elementwise::elaborate),
    block!(layernorm, "normalised rows", layernorm::elaborate),
    block!(softmax, "rows of scores to attention probabilities", softmax::elaborate),
    block!(hierarchical_softmax, "weights of the children of the largest parents", hierarchical_softmax::elaborate),
    block!(csr, "control and status registers on AXI4-Lite", csr::elaborate),
    block!(dma, "bytes between external memory on AXI4 and two streams", dma::elaborate),
    block!(accelerator, "the whole accelerator: runs programs from external memory", accelerator::elaborate),
];

impl Block {
    /// The block of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        BLOCKS.iter().find(|block| block.name == name)
    }

    /// The module of this block in a design; `None` where the design has no use for one.
    pub fn module(&self, library: &mut Library) -> Option<Arc<Module>> {
        (self.elaborate)(library)
    }

    /// This block of a design as a top of its own.
    #[must_use]
    pub fn netlist(&self, design: &Design) -> Option<Netlist> {
        self.netlist_in(Library::new(design))
    }

    /// The same, of a library of its own.
    #[must_use]
    pub fn netlist_in(&self, mut library: Library<'_>) -> Option<Netlist> {
        let top = self.module(&mut library)?.name.clone();
        Some(Netlist::new(&top, library.into_modules()))
    }
}
