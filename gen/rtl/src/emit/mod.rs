//! From a netlist to files.

mod cores;
mod driver;
mod package;
mod verilog;
mod write;

pub use package::{MANIFEST, Package};
pub use verilog::{Shell, range};
pub use write::WriteError;
