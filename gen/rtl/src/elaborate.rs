//! From a design to a checked netlist.

use crate::{
    blocks::{Library, accelerator, processing_unit, tiles::TiledMemory},
    compose::compose,
    design::Design,
    memory::{Demand, MacroSelection, Technology, choose, demands},
    netlist::{self, Module, Netlist},
};
use alberti_diagnostic::Diagnostics;
use std::sync::Arc;

/// The netlist of a design: of its own composition if it has one, else of its accelerator, else of the
/// processing unit. Memories in it are made of the macros that come with the generator.
///
/// # Errors
/// All problems of the composition, all memories of the accelerator that no macro serves, or what the checks
/// find in the netlist; the design's warnings among them.
pub fn elaborate(design: &Design) -> Result<Netlist, Diagnostics> {
    build(Library::new(design))
}

/// The same, of the macros of a technology.
///
/// # Errors
/// As [`elaborate`].
pub fn elaborate_with(design: &Design, technology: &Technology) -> Result<Netlist, Diagnostics> {
    build(Library::with_technology(design, technology))
}

/// A memory of a design, made of macros.
#[derive(Clone, Debug)]
pub struct BuiltMemory {
    /// What is asked of it.
    pub demand: Demand,
    /// Its macros.
    pub selection: MacroSelection,
    /// Its module, a top of its own.
    pub netlist: Netlist,
}

/// The memories of a design, made of the best macros of a technology: those that can be made, and why others
/// cannot.
#[must_use]
pub fn memories(design: &Design, technology: &Technology) -> (Vec<BuiltMemory>, Diagnostics) {
    let (mut memories, mut problems) = (Vec::new(), Diagnostics::new());
    for demand in demands(design) {
        let selection = match choose(technology, &demand, &design.locate(&demand.key)) {
            Ok(mut choices) => choices.remove(0),
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let mut library = Library::new(design);
        let top =
            library.tiled_memory(&TiledMemory { technology, demand: &demand, selection: &selection }).name.clone();
        let netlist = Netlist::new(&top, library.into_modules());
        problems.extend(netlist::check(&netlist));
        memories.push(BuiltMemory { demand, selection, netlist });
    }
    (memories, problems)
}

fn build(library: Library<'_>) -> Result<Netlist, Diagnostics> {
    let design = library.design();
    netlist_of(library).map_err(|mut problems| {
        problems.extend(design.warnings().iter().cloned());
        problems
    })
}

fn netlist_of(mut library: Library<'_>) -> Result<Netlist, Diagnostics> {
    let top = match &library.design().top {
        None if library.design().accelerator.is_some() => accelerator(&mut library)?,
        None => processing_unit::elaborate(&mut library),
        Some(composition) => compose(&mut library, composition)?,
    };
    let netlist = Netlist::new(&top.name, library.into_modules());
    let problems = netlist::check(&netlist);
    if problems.has_errors() { Err(problems) } else { Ok(netlist) }
}

/// The whole accelerator of a design, its memories first: those that cannot be made are reported all at once.
fn accelerator(library: &mut Library<'_>) -> Result<Arc<Module>, Diagnostics> {
    let mut problems = Diagnostics::new();
    for demand in demands(library.design()) {
        if let Err(more) = library.memory_of_design(&demand) {
            problems.extend(more);
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // Reading the design has seen to the units that an accelerator works with, and what is above to its
    // memories.
    Ok(accelerator::elaborate(library).expect("an accelerator has its units and its memories"))
}
