//! `accelerator`: the whole accelerator, around the array.

mod address_generator;
mod buffer;
mod elementwise_engine;
mod events;
mod exit_engine;
mod layernorm_engine;
mod matrix_engine;
mod memories;
mod pieces;
mod ports;
mod reader;
mod sequencer;
mod softmax_engine;
mod top;
mod transfer;
mod writer;

pub use top::elaborate;

use crate::{
    blocks::Library,
    design::Design,
    netlist::{Module, Netlist},
};
use std::sync::Arc;

/// Bits of a code.
const CODE_W: u32 = 8;

/// The module of a part in a design; `None` where the design has no accelerator.
type Elaborate = fn(&mut Library) -> Option<Arc<Module>>;

/// Parts of the accelerator that are tested by themselves.
pub const PARTS: [(&str, Elaborate); 4] = [
    ("elementwise_engine", elementwise_engine::elaborate),
    ("softmax_engine", softmax_engine::elaborate),
    ("layernorm_engine", layernorm_engine::elaborate),
    ("exit_engine", exit_engine::elaborate),
];

/// A part of a design's accelerator as a top of its own; `None` where there is no such part.
#[must_use]
pub fn part(design: &Design, name: &str) -> Option<Netlist> {
    let (_, elaborate) = PARTS.iter().find(|(part, _)| *part == name)?;
    let mut library = Library::new(design);
    let top = elaborate(&mut library)?.name.clone();
    Some(Netlist::new(&top, library.into_modules()))
}

/// Cycles from the address of a row of a shared memory to the row: those of the slowest, and a register.
#[must_use]
pub fn latency(design: &Design) -> u32 {
    design.memories.activation.latency + 1
}

/// Cycles that an engine takes beyond those of its unit: its first row is read, and its last is written.
#[must_use]
pub fn overhead(design: &Design) -> u32 {
    latency(design) + 2
}
