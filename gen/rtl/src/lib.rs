//! From a design to a checked netlist and its Verilog.

#![forbid(unsafe_code)]

pub mod blocks;
mod compose;
pub mod datasheet;
pub mod design;
mod elaborate;
pub mod emit;
pub mod leaves;
pub mod memory;
pub mod netlist;
pub mod prefix;
pub mod registers;

pub use design::Design;
pub use elaborate::{BuiltMemory, elaborate, elaborate_with, memories};
pub use prefix::Prefix;
