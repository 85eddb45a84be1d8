//! From a netlist to files.

mod cores;
mod driver;
mod package;
mod verilog;

pub use package::Package;
pub use verilog::{Shell, range};
