//! Memories made of macros: what a technology offers, what a design asks for, and the selection of macros.
//!
//! | Module | Idea |
//! |---|---|
//! | `technology` | the macros of a technology file, checked |
//! | `demand` | what a memory of a design asks for |
//! | `serve` | whether a macro serves a demand, and in which shapes |
//! | `cover` | the cheapest covers of a length, exactly |
//! | `tiling` | the cheapest tilings of a bank: covers of covers |
//! | `image` | what the macros hold, for `$readmemh` |
//! | `selection` | the tiles with their places and figures |
//!
//! All this is of the generator and not of its costs: the tiles become instances and a decode of the netlist.

mod cover;
mod demand;
mod image;
mod selection;
mod serve;
mod technology;
mod tiling;

pub use demand::{Demand, demands, mask_word_bits};
pub use image::{Stored, fault_maps, images};
pub use selection::{ALTERNATIVES, MacroSelection, Tile, choose};
pub use technology::{Cell, Level, Macro, Ports, Technology};

#[cfg(test)]
mod tests;
