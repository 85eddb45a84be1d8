//! What a design is to those who know no RTL: the configurations of its golden models, and its cycles on a workload, as
//! exact as the simulation of its Verilog.

#![forbid(unsafe_code)]

pub mod configuration;
mod gemm;

pub use gemm::{Cycles, block_gemm_cycles, fill, gemm_cycles};
