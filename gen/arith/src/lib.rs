//! The integer specification of Alberti: number formats, rounding, and the tables of the special functions.
//!
//! Everything that the golden models compose and the emitted Verilog equals bit for bit is defined here, once, in
//! integers. Values in `f64` appear only where a real number enters (quantisation) or leaves (reports).

#![forbid(unsafe_code)]

mod adaptiv_float;
mod fixed;
mod format;
mod integer;
mod requantize;
pub mod tables;

pub use adaptiv_float::AdaptivFloat;
pub use fixed::Fixed;
pub use format::{Format, FormatError};
pub use integer::{ilog2, rhu, saturate, wrap};
pub use requantize::requantize;
