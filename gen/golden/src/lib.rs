//! What each block must compute, bit for bit, on plain data: codes in `u16`, sums in `i64`, masks in `u64` or
//! `u128`.
//!
//! A module carries the name of its block. Time is nobody's business here: a golden takes what a block is
//! given and returns what it must have answered when it is done. [`rram`] and [`csr`] have cycles, since what
//! they hold depends on them.
//!
//! | level | module |
//! |---|---|
//! | one lane, the array, row sums, codes | [`vmac`], [`vmac_array`], [`accumulator`], [`requantize`] |
//! | packed values and their masks | [`packed`], [`bitmask_encoder`], [`bitmask_decoder`], [`block_select`], [`record_reader`] |
//! | storage | [`sram`], [`rram`], [`stream_fifo`] |
//! | how tensors lie in memories, and what faults make of them | [`storage`], [`image`], [`cells`], [`secded`] |
//! | registers for software | [`csr`] |
//! | vectors to vectors, and decoders and encoder around it | [`matrix_unit`], [`processing_unit`] |
//! | the whole accelerator, by its programs | [`accelerator`] |
//! | external memory | [`dma`] |
//! | the whole encoder, by its equations | [`encoder`] |
//! | functions of a row | [`softmax`], [`hierarchical_softmax`], [`layernorm`], [`activation`], [`elementwise`], [`entropy`], [`top_k`] |
//! | a matrix multiply as mathematics has it | [`gemm`], and [`tiling`], which cuts it for the processing unit |
//!
//! Whatever a caller can get wrong (lengths, codes wider than their format, streams that end early) is an
//! [`Error`] that says where and what.

#![forbid(unsafe_code)]

pub mod accelerator;
pub mod accumulator;
pub mod activation;
pub mod bitmask_decoder;
pub mod bitmask_encoder;
pub mod block_select;
pub mod cells;
mod check;
pub mod csr;
pub mod dma;
pub mod elementwise;
pub mod encoder;
pub mod entropy;
mod error;
pub mod gemm;
pub mod hierarchical_softmax;
pub mod image;
pub mod layernorm;
pub mod matrix_unit;
mod narrow;
pub mod packed;
pub mod processing_unit;
mod products;
pub mod record_reader;
pub mod requantize;
pub mod rram;
pub mod secded;
pub mod softmax;
pub mod sram;
pub mod storage;
pub mod stream;
pub mod stream_fifo;
pub mod tiling;
pub mod top_k;
pub mod vmac;
pub mod vmac_array;

pub use block_select::BlockSparsity;
pub use error::{Error, Result};
pub use image::Image;
pub use packed::{Packed, Pointer};
pub use stream::Segment;
