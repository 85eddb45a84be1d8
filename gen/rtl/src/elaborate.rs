//! From a design to a checked netlist.

use crate::{
    blocks::{Library, processing_unit},
    compose::compose,
    design::Design,
    diagnostic::Diagnostics,
    netlist::{self, Netlist},
};

/// The netlist of a design: of its own composition if it has one, else of the processing unit.
///
/// # Errors
/// All problems of the composition, or those that the checks find in the netlist; the design's warnings among them.
pub fn elaborate(design: &Design) -> Result<Netlist, Diagnostics> {
    build(design).map_err(|mut problems| {
        problems.extend(design.warnings().iter().cloned());
        problems
    })
}

fn build(design: &Design) -> Result<Netlist, Diagnostics> {
    let mut library = Library::new(design);
    let top = match &design.top {
        None => processing_unit::elaborate(&mut library),
        Some(composition) => compose(&mut library, composition)?,
    };
    let netlist = Netlist::new(&top.name, library.into_modules());
    let problems = netlist::check(&netlist);
    if problems.has_errors() { Err(problems) } else { Ok(netlist) }
}
