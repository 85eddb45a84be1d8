//! Designs and their netlists.

use crate::exit::{Failure, Result};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics, quote};
use alberti_random::Seed;
use alberti_rtl::{
    BuiltMemory, Design,
    blocks::{BLOCKS, Block, Library},
    design::MAX_BYTES,
    memory::Technology,
    netlist::Netlist,
};
use std::{
    borrow::Cow,
    io::Read,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The file of a design, and which of its blocks are meant.
#[derive(clap::Args)]
pub struct Selection {
    /// The design, a YAML file; examples are in designs/; - reads standard input
    #[arg(value_name = "DESIGN")]
    pub design: PathBuf,
    /// A block of the design; repeat for more. Default: all blocks of the design
    #[arg(long = "block", short = 'b', value_name = "BLOCK", value_parser = block)]
    pub blocks: Vec<&'static str>,
    #[command(flatten)]
    pub macros: Macros,
}

/// The macros that memories are made of.
#[derive(Clone, Default, clap::Args)]
pub struct Macros {
    /// The technology file with the macros for memories, YAML (docs/memories.md). Default: nvsim22, built in
    #[arg(short, long, value_name = "FILE")]
    pub technology: Option<PathBuf>,
}

impl Macros {
    /// The technology that is named, or the one built in.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn load(&self) -> Result<Technology> {
        Ok(self.technology.as_ref().map_or_else(Technology::shipped, Technology::load)?)
    }

    /// The memories of a design, and warnings of those that are left out.
    ///
    /// # Errors
    /// Memories that no macro serves of a technology that was named: who names one wants them of it.
    pub fn memories(&self, design: &Design, technology: &Technology) -> Result<(Vec<BuiltMemory>, Diagnostics)> {
        let (memories, problems) = alberti_rtl::memories(design, technology);
        let unserved = |problem: &Diagnostic| matches!(problem.code, Code::NoMacroServes | Code::TooManyTilings);
        if !problems.iter().all(unserved) || self.technology.is_some() && !problems.is_empty() {
            return Err(problems.into());
        }
        let mut warnings = Diagnostics::new();
        for Diagnostic { place, message, help, .. } in problems.iter().cloned() {
            let message = format!("a memory is left out: {message}");
            warnings.push(Diagnostic { place, ..Diagnostic::new(Code::MemoryLeftOut, message, help) });
        }
        Ok((memories, warnings))
    }
}

/// The name of a block, for the command line.
pub fn block(name: &str) -> std::result::Result<&'static str, String> {
    Block::named(name).map(|block| block.name).ok_or_else(|| {
        let names = BLOCKS.iter().map(|block| block.name);
        // Modules are called by their block, after alb_.
        let bare = name.strip_prefix("alb_").unwrap_or(name);
        let near = alberti_rtl::design::nearest(bare, names.clone()).map(|near| format!("did you mean {near}? "));
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
        let (technology, mut chosen) = (self.macros.load()?, Vec::new());
        for block in BLOCKS {
            let named = self.blocks.contains(&block.name);
            if !named && !self.blocks.is_empty() {
                continue;
            }
            match block.netlist_in(Library::with_technology(design, &technology)) {
                Some(netlist) => chosen.push((block, netlist)),
                None if named => return Err(absent(design, block.name)),
                None => {}
            }
        }
        Ok(chosen)
    }

    /// The memories made of macros whose kinds were named, or all, and warnings of those that are left out.
    ///
    /// # Errors
    /// As [`Macros::memories`].
    pub fn memories(&self, design: &Design, technology: &Technology) -> Result<(Vec<BuiltMemory>, Diagnostics)> {
        let named = |memory: &BuiltMemory| self.blocks.contains(&memory.demand.storage.kind.word());
        if !self.blocks.is_empty() && !["sram", "rram"].iter().any(|kind| self.blocks.contains(kind)) {
            return Ok((Vec::new(), Diagnostics::new()));
        }
        let (mut memories, warnings) = self.macros.memories(design, technology)?;
        memories.retain(|memory| self.blocks.is_empty() || named(memory));
        Ok((memories, warnings))
    }

    /// The same for synthesis: a memory is a macro of the technology, and is mapped to flip-flops only when
    /// it is named.
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

/// What messages call a design that was read from standard input.
const STDIN: &str = "standard input";

/// Reads a design; `-` is standard input.
///
/// # Errors
/// All of its problems.
pub fn load(path: &Path) -> Result<Design> {
    let (file, bytes) = bytes(path)?;
    Ok(Design::parse_bytes(&file, &bytes)?)
}

/// What messages call the file of a design, and its bytes; `-` is standard input.
///
/// # Errors
/// When it cannot be read.
pub fn bytes(path: &Path) -> Result<(String, Cow<'static, [u8]>)> {
    match path == Path::new("-") {
        true => Ok((STDIN.to_owned(), standard_input()?.into())),
        false => Ok((path.display().to_string(), Design::read(path)?.into())),
    }
}

/// Standard input, read once and only as far as a design may go.
///
/// # Errors
/// When it cannot be read.
fn standard_input() -> Result<&'static [u8]> {
    static INPUT: OnceLock<Vec<u8>> = OnceLock::new();
    if INPUT.get().is_none() {
        let mut bytes = Vec::new();
        let read = std::io::stdin().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| Failure::unreadable(Path::new(STDIN), &error))?;
        INPUT.get_or_init(|| bytes);
    }
    Ok(INPUT.get().map_or(&[], Vec::as_slice))
}

/// The text of a file that was read, to show lines of it; none where it has none.
pub fn text(file: &str) -> Option<String> {
    let mut bytes = Vec::new();
    match file {
        STDIN => bytes.extend_from_slice(standard_input().ok()?),
        _ => drop(std::fs::File::open(file).ok()?.take(MAX_BYTES as u64).read_to_end(&mut bytes).ok()?),
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The seed that was given, or the one in `ALBERTI_SEED`, or a fixed one.
///
/// # Errors
/// When the variable holds no seed.
pub fn seed(given: Option<Seed>) -> Result<Seed> {
    given.map_or_else(|| Ok(Seed::from_env()?), Ok)
}

/// The design's own top, or one block of it.
///
/// # Errors
/// All problems of elaboration, or that the design has no such block.
pub fn netlist(design: &Design, block: Option<&str>, macros: &Macros) -> Result<Netlist> {
    let technology = macros.load()?;
    let Some(name) = block else { return Ok(alberti_rtl::elaborate_with(design, &technology)?) };
    let library = Library::with_technology(design, &technology);
    Block::named(name).and_then(|block| block.netlist_in(library)).ok_or_else(|| absent(design, name))
}

/// All that is generated of a design: its own top and its memories; and warnings of those that are left out.
///
/// # Errors
/// All problems of elaboration, and those of [`Macros::memories`].
pub fn package(design: &Design, macros: &Macros) -> Result<(Netlist, Vec<Netlist>, Diagnostics)> {
    let technology = macros.load()?;
    let top = alberti_rtl::elaborate_with(design, &technology)?;
    let (memories, warnings) = macros.memories(design, &technology)?;
    Ok((top, memories.into_iter().map(|memory| memory.netlist).collect(), warnings))
}
