//! The integer specification of Alberti: number formats, rounding, the special functions and their tables.
//!
//! Everything that the golden models compose and the emitted Verilog equals bit for bit is defined here,
//! once, in integers. Values in `f64` appear only where a real number enters (quantisation) or leaves
//! (reports).

#![forbid(unsafe_code)]

mod activation;
mod adaptiv_float;
mod exp2;
mod fixed;
mod format;
mod integer;
mod log2;
mod requantize;
mod rsqrt;
pub mod secded;
pub mod tables;

pub use activation::{Activation, ActivationSet, Domain, Facts, Lack, Limit, NUMBER_BITS, NUMBER_FRACTION_BITS};
pub use adaptiv_float::AdaptivFloat;
pub use exp2::exp2n;
pub use fixed::Fixed;
pub use format::{Format, FormatError};
pub use integer::{ilog2, rhu, saturate, wrap};
pub use log2::log2u;
pub use requantize::requantize;
pub use rsqrt::rsqrt;
