//! Area, timing, proof and lint of Verilog: yosys, OpenSTA, a solver and more readers, driven and cached.

mod baseline;
mod cache;
mod elaborate;
mod error;
mod flows;
mod formal;
pub mod liberty;
mod lint;
mod recipe;
mod synthesis;
mod technology;
mod timing;
mod tools;

pub use baseline::{Baseline, Difference, Figures, Tolerance};
pub use cache::Cache;
pub use elaborate::Source;
pub use error::{Error, Result};
pub use formal::{FormalJob, FormalResult, prove};
pub use liberty::Library;
pub use lint::{LintMessage, lint, slang_version};
pub use recipe::Recipe;
pub use synthesis::{Area, Boundaries, MemoryReport, SynthJob, SynthReport, UnitReport, synthesise};
pub use technology::Technology;
pub use timing::{Path, Timing, time};
pub use tools::{TOOLS, Tool};
