//! Designs and their netlists.

use crate::exit::{Failure, Result};
use alberti_rtl::{
    Design,
    blocks::{BLOCKS, Block},
    diagnostic::{Code, quote},
    netlist::Netlist,
};
use alberti_sim::cosim::Subject;
use std::path::{Path, PathBuf};

/// The file of a design, and which of its blocks are meant.
#[derive(clap::Args)]
pub struct Selection {
    /// The design, a YAML file; designs to start from are in designs/
    #[arg(value_name = "DESIGN")]
    pub design: PathBuf,
    /// A block of the design; again for more. Default: all that the design has
    #[arg(long = "block", short = 'b', value_name = "BLOCK", value_parser = block)]
    pub blocks: Vec<&'static str>,
}

/// The name of a block, for the command line.
pub fn block(name: &str) -> std::result::Result<&'static str, String> {
    Block::named(name).map(|block| block.name).ok_or_else(|| {
        let names = BLOCKS.iter().map(|block| block.name);
        let near = alberti_rtl::design::nearest(name, names.clone()).map(|near| format!("did you mean {near}? "));
        format!(
            "{} is no block: {}there are {}",
            quote(name),
            near.unwrap_or_default(),
            names.collect::<Vec<_>>().join(", ")
        )
    })
}

impl Selection {
    /// The blocks that were named, or all that the design has; each once, children before parents.
    ///
    /// # Errors
    /// When one was named that the design has no use for.
    pub fn blocks(&self, design: &Design) -> Result<Vec<(&'static Block, Netlist)>> {
        let mut chosen = Vec::new();
        for block in &BLOCKS {
            let named = self.blocks.contains(&block.name);
            if !named && !self.blocks.is_empty() {
                continue;
            }
            match block.netlist(design) {
                Some(netlist) => chosen.push((block, netlist)),
                None if named => return Err(absent(design, block.name)),
                None => {}
            }
        }
        Ok(chosen)
    }

    /// The same for synthesis: a memory is a macro of the technology, and is mapped to flip-flops only when it is named.
    ///
    /// # Errors
    /// As [`blocks`](Self::blocks).
    pub fn logic(&self, design: &Design) -> Result<Vec<(&'static Block, Netlist)>> {
        let mut chosen = self.blocks(design)?;
        chosen.retain(|(block, _)| block.name != "sram" || self.blocks.contains(&block.name));
        Ok(chosen)
    }
}

fn absent(design: &Design, block: &str) -> Failure {
    let message = format!("the design {} has no {block}", design.name);
    Failure::new(Code::BlockAbsent, message, "leave --block out for all blocks that it has")
}

/// Reads a design.
///
/// # Errors
/// All of its problems.
pub fn load(path: &Path) -> Result<Design> {
    Ok(Design::load(path)?)
}

/// The design's own top, or one block of it.
///
/// # Errors
/// All problems of elaboration, or that the design has no such block.
pub fn netlist(design: &Design, block: Option<&str>) -> Result<Netlist> {
    match block {
        None => Ok(alberti_rtl::elaborate(design)?),
        Some(name) => Block::named(name).and_then(|block| block.netlist(design)).ok_or_else(|| absent(design, name)),
    }
}

/// A block to simulate, built where the other commands keep their work.
pub fn subject<'a>(design: &'a Design, netlist: &Netlist) -> Subject<'a> {
    let subject = Subject::new(design, netlist);
    if std::env::var_os("ALBERTI_BUILD_DIR").is_some() {
        return subject;
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let root = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(&here);
    subject.in_directory(root.join("build/verilator"))
}
