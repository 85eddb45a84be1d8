//! What a design costs on a workload: cycles, as exact as the simulation of its Verilog.

#![forbid(unsafe_code)]

mod gemm;

pub use gemm::{Cycles, block_gemm_cycles, fill, gemm_cycles};
