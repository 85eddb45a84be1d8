//! From a trained checkpoint to what the accelerator reads: loading, pruning, quantising, tiling.
//!
//! ```text
//! checkpoint (safetensors) ─▶ reference (f32) ─▶ calibration
//!            │                        └─▶ accuracy of the special function units
//!            └─▶ prune ─▶ quantise ─┬▶ workload: jobs, masks, packed values
//!                                  ├▶ compile: the whole encoder as memories and programs of the accelerator
//!                                  └▶ faults: what cells that err cost
//! ```
//!
//! Each step is a function of its inputs; only [`checkpoint`], [`adapted::folder`], [`sentence`], [`dataset`] and [`pack`]'s recipe read files.

#![forbid(unsafe_code)]

pub mod accuracy;
pub mod adapted;
pub mod calibration;
pub mod checkpoint;
pub mod compile;
pub mod dataset;
pub mod demo;
pub mod equalise;
mod error;
pub mod faults;
pub mod gemm;
pub mod glue;
mod matrix;
pub mod metrics;
pub mod pack;
pub mod partition;
pub mod prune;
pub mod quantise;
pub mod reference;
pub mod sentence;
pub mod sweep;
mod target;
pub mod workload;

pub use alberti_golden::BlockSparsity;
pub use checkpoint::{Checkpoint, Config, Linear, Site};
pub use error::ModelError;
pub use matrix::{Codes, Matrix};
pub use metrics::Metrics;
pub use target::{Capacity, Target};
pub use workload::Workload;
