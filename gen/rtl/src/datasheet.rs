//! A block's datasheet: its theory as written in its room, and its ports and contract as elaborated.

use crate::{
    blocks::Block,
    design::Design,
    netlist::{Direction, Module, Port},
};
use askama::Template;

#[derive(Template)]
#[template(path = "datasheet.md")]
struct Datasheet<'a> {
    block: &'a Block,
    module: &'a Module,
    example: &'a str,
}

impl Datasheet<'_> {
    /// `in` or `out`.
    fn direction(port: &Port) -> &'static str {
        match port.direction {
            Direction::Input => "in",
            Direction::Output => "out",
        }
    }
}

/// The datasheet of a block, with the numbers that it has in a design. `None` where the design has no such
/// block.
///
/// # Panics
/// Never: rendering fails only when writing to a string does.
#[must_use]
pub fn datasheet(block: &Block, design: &Design) -> Option<String> {
    let netlist = block.netlist(design)?;
    let sheet = Datasheet { block, module: netlist.top_module(), example: design.file_name() };
    Some(sheet.render().expect("templates write to strings") + "\n")
}
