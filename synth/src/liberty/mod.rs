//! Liberty, as far as synthesis needs it: cells, their pins, areas, functions and flip-flops.

pub mod function;
mod library;
pub mod models;
mod syntax;

pub use library::{Cell, Direction, FlipFlop, FullAdder, Library, Pin, Tie};
