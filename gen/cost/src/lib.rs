//! What a design is for those who know no RTL.
//!
//! | Module | Idea |
//! |---|---|
//! | [`configuration`] | the configurations of its golden models, and what a model must know of it |
//! | [`gemm_cycles`] | its cycles on a multiply, as exact as the simulation of its Verilog |
//! | [`workloads`] | multiplies that show how well its array is used |
//! | [`area`] | area and timing of its blocks and memories |
//! | [`faults`] | the cells of its memories, for fault campaigns |
//! | [`variants`] | designs to set beside it |

#![forbid(unsafe_code)]

pub mod area;
pub mod configuration;
pub mod faults;
mod gemm;
pub mod variants;
pub mod workloads;

pub use gemm::{Cycles, block_gemm_cycles, fill, gemm_cycles};
