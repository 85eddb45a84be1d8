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
pub mod layernorm;
pub mod leaf;
mod library;
pub mod macros;
pub mod matrix_unit;
pub mod processing_unit;
pub mod record_reader;
mod registry;
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
pub use registry::{BLOCKS, Block};
