//! From a trained checkpoint to what the accelerator reads: loading, pruning, quantising, tiling.
//!
//! ```text
//! checkpoint (safetensors) ─▶ reference (f32) ─▶ calibration
//!            │                        └─▶ accuracy of the special function units
//!            └─▶ prune ─▶ quantise ─┬▶ workload: jobs, masks, packed values
//!                                  ├▶ compile: the whole encoder as memories and programs of the accelerator
//!                                  └▶ faults: what cells that err cost
//! labelled sentences ─▶ evaluation: how well a task answers
//! ```
//!
//! Each step is a function of its inputs. Files are read by [`checkpoint`], [`adapted::folder`],
//! [`sentence`], [`dataset`] and the recipe of [`pack`] alone; [`faults::Journal`] keeps a file of finished
//! trials.

#![forbid(unsafe_code)]

pub mod accuracy;
pub mod adapted;
pub mod answers;
pub mod calibration;
pub mod checkpoint;
pub mod compile;
pub mod dataset;
pub mod demo;
pub mod equalise;
mod error;
pub mod evaluation;
pub mod faults;
pub mod gemm;
pub mod glue;
mod layer_names;
mod matrix;
pub mod metrics;
pub mod pack;
pub mod partition;
pub mod prune;
pub mod quantise;
pub mod reference;
pub mod sentence;
mod source;
pub mod sweep;
mod target;
pub mod text_encoder;
pub mod workload;

pub use alberti_golden::BlockSparsity;
pub use checkpoint::{Checkpoint, Linear, ModelConfig, Site};
pub use error::ModelError;
pub use matrix::{Codes, Matrix};
pub use metrics::Metrics;
pub use source::Source;
pub use target::{Capacity, ProcessingUnitTarget};
pub use text_encoder::{Ranges, TextEncoder};
pub use workload::Workload;
