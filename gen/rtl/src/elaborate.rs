//! From a design to a checked netlist.

use crate::{
    blocks::{Library, processing_unit},
    compose::compose,
    design::Design,
    diagnostic::Diagnostics,
    memory::{Technology, demands},
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

/// The memories of a design, each a top of its own, made of the best macros of a technology.
///
/// # Errors
/// Every memory that no macro serves, or what the checks find.
pub fn memories(design: &Design, technology: &Technology) -> Result<Vec<Netlist>, Diagnostics> {
    let (mut library, mut problems, mut tops) = (Library::new(design), Diagnostics::new(), Vec::new());
    for demand in demands(design) {
        match library.memory(technology, &demand) {
            Ok(module) => tops.push(module.name.clone()),
            Err(found) => problems.extend(found),
        }
    }
    let modules = library.into_modules();
    let netlists: Vec<_> = tops.iter().map(|top| Netlist::new(top, modules.clone())).collect();
    problems.extend(netlists.iter().flat_map(netlist::check));
    if problems.has_errors() { Err(problems) } else { Ok(netlists) }
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
