//! Every block, by the name that its room, template, golden, test and datasheet go by.

use super::{
    Geometry, Library, accelerator, accumulator, activation, bitmask_decoder, bitmask_encoder, block_select, csr, dma,
    elementwise, entropy, layernorm, matrix_unit, processing_unit, record_reader, requantize, secded, softmax, sram,
    top_k, vmac, vmac_array,
};
use crate::{
    design::{Design, MemoryKind},
    memory::demands,
    netlist::{Module, Netlist, Payload},
};
use std::sync::Arc;

/// A kind of block.
pub struct Block {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub summary: &'static str,
    /// Its theory of operation, in Markdown: equation, algorithm, timing.
    pub theory: &'static str,
    elaborate: fn(&mut Library) -> Option<Arc<Module>>,
}

/// All blocks, children before parents.
pub const BLOCKS: [Block; 23] = [
    Block {
        name: "stream_fifo",
        summary: "stream buffer",
        theory: include_str!("stream_fifo/theory.md"),
        elaborate: |library| Some(matrix_unit::result_buffer(library)),
    },
    Block {
        name: "sram",
        summary: "memory with one read and one write port",
        theory: include_str!("sram/theory.md"),
        elaborate: |library| {
            let g = Geometry::new(library.design());
            let source = "datapath.accumulator_rows";
            Some(sram::elaborate(library, Some("accumulator"), source, g.rows, g.sums_w(), Payload::Sums))
        },
    },
    Block {
        name: "rram",
        summary: "memory of resistive cells, programmed slowly and counted",
        theory: include_str!("rram/theory.md"),
        elaborate: |library| {
            let demand = demands(library.design()).into_iter().find(|of| of.storage.kind == MemoryKind::Rram)?;
            library.memory_of_design(&demand).ok()
        },
    },
    Block {
        name: "block_select",
        summary: "masks of block-sparse weights to choices",
        theory: include_str!("block_select/theory.md"),
        elaborate: block_select::elaborate,
    },
    Block {
        name: "bitmask_decoder",
        summary: "packed values and masks to vectors",
        theory: include_str!("bitmask_decoder/theory.md"),
        elaborate: |library| {
            let memory = library.design().memories.weight;
            Some(bitmask_decoder::elaborate(library, "weight", "memories.weight", memory))
        },
    },
    Block {
        name: "bitmask_encoder",
        summary: "vectors to packed values and masks",
        theory: include_str!("bitmask_encoder/theory.md"),
        elaborate: |library| {
            let memory = library.design().memories.result;
            Some(bitmask_encoder::elaborate(library, None, "memories.result", memory))
        },
    },
    Block {
        name: "secded",
        summary: "words that correct one error and detect two",
        theory: include_str!("secded/theory.md"),
        elaborate: secded::elaborate,
    },
    Block {
        name: "record_reader",
        summary: "records of masks, fetched at random",
        theory: include_str!("record_reader/theory.md"),
        elaborate: record_reader::elaborate,
    },
    Block {
        name: "vmac",
        summary: "vector MAC, one lane of the array",
        theory: include_str!("vmac/theory.md"),
        elaborate: |library| Some(vmac::elaborate(library)),
    },
    Block {
        name: "vmac_array",
        summary: "n vector MACs",
        theory: include_str!("vmac_array/theory.md"),
        elaborate: |library| Some(vmac_array::elaborate(library)),
    },
    Block {
        name: "accumulator",
        summary: "sums between the passes over the reduction",
        theory: include_str!("accumulator/theory.md"),
        elaborate: |library| Some(accumulator::elaborate(library)),
    },
    Block {
        name: "activation",
        summary: "functions between sums and codes",
        theory: include_str!("activation/theory.md"),
        elaborate: activation::elaborate,
    },
    Block {
        name: "requantize",
        summary: "sums to codes",
        theory: include_str!("requantize/theory.md"),
        elaborate: |library| Some(requantize::elaborate(library)),
    },
    Block {
        name: "entropy",
        summary: "early exit: whether a classifier is sure enough",
        theory: include_str!("entropy/theory.md"),
        elaborate: entropy::elaborate,
    },
    Block {
        name: "top_k",
        summary: "the largest of a row, with their positions",
        theory: include_str!("top_k/theory.md"),
        elaborate: top_k::elaborate,
    },
    Block {
        name: "matrix_unit",
        summary: "array, accumulator, activation and requantiser, joined",
        theory: include_str!("matrix_unit/theory.md"),
        elaborate: |library| Some(matrix_unit::elaborate(library)),
    },
    Block {
        name: "processing_unit",
        summary: "decoders, matrix unit and encoder, joined",
        theory: include_str!("processing_unit/theory.md"),
        elaborate: |library| Some(processing_unit::elaborate(library)),
    },
    Block {
        name: "elementwise",
        summary: "sums of two streams, or one scaled",
        theory: include_str!("elementwise/theory.md"),
        elaborate: elementwise::elaborate,
    },
    Block {
        name: "layernorm",
        summary: "normalised rows",
        theory: include_str!("layernorm/theory.md"),
        elaborate: layernorm::elaborate,
    },
    Block {
        name: "softmax",
        summary: "rows of scores to attention probabilities",
        theory: include_str!("softmax/theory.md"),
        elaborate: softmax::elaborate,
    },
    Block {
        name: "csr",
        summary: "control and status registers on AXI4-Lite",
        theory: include_str!("csr/theory.md"),
        elaborate: csr::elaborate,
    },
    Block {
        name: "dma",
        summary: "bytes between external memory on AXI4 and two streams",
        theory: include_str!("dma/theory.md"),
        elaborate: dma::elaborate,
    },
    Block {
        name: "accelerator",
        summary: "the whole accelerator: runs programs from external memory",
        theory: include_str!("accelerator/theory.md"),
        elaborate: accelerator::elaborate,
    },
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
