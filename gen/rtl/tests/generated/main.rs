//! What is generated for every design of `designs/`: netlists without a fault, Verilog in one style, whole
//! packages.

mod cores;
mod designs;
mod driver;
mod feed_through;
mod package;
mod style;
mod widths;

use alberti_rtl::{Design, blocks::BLOCKS, elaborate, netlist::Netlist};
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every design of `designs/`, sorted by name.
fn designs() -> Vec<Design> {
    let folder = std::fs::read_dir(root().join("designs")).expect("the folder can be read");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() >= 9);
    files.iter().map(|path| Design::load(path).unwrap_or_else(|problems| panic!("{problems}"))).collect()
}

fn design(name: &str) -> Design {
    designs().into_iter().find(|design| design.name == name).expect("a design of that name")
}

fn netlist(design: &Design) -> Netlist {
    elaborate(design).unwrap_or_else(|problems| panic!("{}: {problems}", design.name))
}

/// The design's own top, and every block of the design as a top.
fn netlists(design: &Design) -> Vec<Netlist> {
    let blocks = BLOCKS.iter().filter_map(|block| block.netlist(design));
    [netlist(design)].into_iter().chain(blocks).collect()
}
