//! A design: what the user asks for, checked.
//!
//! The YAML is parsed into a tree with positions (`node`), walked by typed getters that report every problem
//! at once (`reader`), and comes out as a [`Design`], which cannot be had in any other way and cannot be
//! changed: whoever holds one holds valid parameters.

mod accelerator;
mod canonical;
mod clock;
mod composition;
mod csr;
mod datapath;
mod hint;
pub(crate) mod index;
mod memories;
mod names;
mod nearest;
pub(crate) mod node;
pub(crate) mod reader;
mod slip;
pub(crate) mod source;
pub(crate) mod subject;
mod units;

pub use accelerator::{Accelerator, Axi, IndexMemory, ParameterMemory, ProgramMemory, WideMemory};
pub use clock::Clock;
pub use composition::{Composition, Connection, Endpoint, Export, Instance};
pub use csr::CsrUnit;
pub use datapath::{BlockSparsity, Datapath, OPERANDS, activation_words};
pub use memories::{Coding, Ecc, MaskMemory, Memories, MemoryKind, Optimise, Placing, Storage, ValueMemory};
pub use names::is_reserved;
pub use nearest::nearest;
pub use source::MAX_BYTES;
pub use units::{
    ElementwiseUnit, EntropyUnit, HierarchicalSoftmaxUnit, LayerNormUnit, Maximum, SoftmaxUnit, TopKUnit, Units,
};

use accelerator::Surroundings;
use alberti_diagnostic::{Code, Diagnostic, Diagnostics, Location, quote};
use index::Index;
use node::{Malformed, Node, Value};
use reader::{Report, Section, read_all};
use serde::Serialize;
use std::{ops::Deref, path::Path};
use subject::{DESIGN, Subject};

/// A valid design. It reads like its [`Parameters`]: `design.datapath.n`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Design {
    parameters: Parameters,
    #[serde(skip)]
    index: Index,
    #[serde(skip)]
    warnings: Diagnostics,
}

/// What a design says, defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// Name of the design, an identifier.
    pub name: String,
    /// What it is for, in a line.
    pub description: Option<String>,
    /// The file as the user named it; not part of the design itself.
    #[serde(skip)]
    pub source: String,
    /// First 16 hex digits of the SHA-256 of the [canonical form](Self::canonical) of everything else here:
    /// comments, order of keys, spacing and the spelling of numbers do not count.
    pub hash: String,
    /// The processing unit.
    pub datapath: Datapath,
    /// The memories that its value ports address.
    pub memories: Memories,
    /// The special function units.
    pub units: Units,
    /// Control and status registers.
    pub csr: Option<CsrUnit>,
    /// The whole accelerator around the processing unit's array.
    pub accelerator: Option<Accelerator>,
    /// The clock.
    pub clock: Clock,
    /// A top of the user's own; without one the processing unit is the top.
    pub top: Option<Composition>,
}

impl Parameters {
    /// Whether a row's lowest address bits choose its bank of an accelerator's memory, and not the highest
    /// ([`Accelerator::banks`]).
    #[must_use]
    pub fn interleaves_banks(&self) -> bool {
        self.datapath.sparsity.is_some()
    }

    /// Scores that come together to the units that make weights of them: as many as softmax has lanes, n where
    /// there is none.
    #[must_use]
    pub fn score_lanes(&self) -> u32 {
        self.units.softmax.map_or(self.datapath.n, |unit| unit.lanes)
    }
}

impl Design {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// All problems of the design, warnings included, if one of them is an error.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Diagnostics> {
        let path = path.as_ref();
        Self::parse_bytes(&path.display().to_string(), &Self::read(path)?)
    }

    /// The bytes of a file, not checked: at most one more than [`MAX_BYTES`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Vec<u8>, Diagnostics> {
        Ok(source::read(&DESIGN, path)?)
    }

    /// Checks the bytes of a file; `file` is its name in messages.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse_bytes(file: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        Self::parse(file, source::text(&DESIGN, file, bytes)?)
    }

    /// Checks the text of a file; `file` is its name in messages.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        source::text(&DESIGN, file, text.as_bytes())?;
        let root = parse_yaml(&DESIGN, file, text)?;
        let (parameters, index, problems) = read_all(&DESIGN, file, root, read);
        match parameters {
            Some(parameters) if !problems.has_errors() => Ok(Self { parameters, index, warnings: problems }),
            _ => Err(problems),
        }
    }

    /// What was written, as data and before any check but that of YAML itself: for a look at the first stage.
    ///
    /// # Errors
    /// The problems of a text that is no YAML.
    pub fn raw(file: &str, text: &str) -> Result<impl Serialize + use<>, Diagnostics> {
        source::text(&DESIGN, file, text.as_bytes())?;
        Ok(parse_yaml(&DESIGN, file, text)?)
    }

    /// The place of a key path, for checks that come later: `datapath.n`, `connections[2]`.
    ///
    /// A key that was left out is placed at its nearest parent.
    #[must_use]
    pub fn locate(&self, key_path: &str) -> Location {
        self.index.locate(key_path)
    }

    /// Problems that do not stop the design from being used.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// The name of the file without its folders: what an emitted file may say of its origin.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.source.rsplit(['/', '\\']).next().unwrap_or_default()
    }
}

impl Deref for Design {
    type Target = Parameters;

    fn deref(&self) -> &Parameters {
        &self.parameters
    }
}

/// Where the values of a YAML file stand, by key path; `None` for a text that is no YAML.
#[must_use]
pub fn places(file: &str, text: &str) -> Option<impl Fn(&str) -> Location + use<>> {
    let index = Index::new(file, &Node::parse(text).ok()?);
    Some(move |key_path: &str| index.locate(key_path))
}

/// The tree of a file.
pub(crate) fn parse_yaml(subject: &Subject, file: &str, text: &str) -> Result<Node, Diagnostic> {
    let root = Node::parse(text).map_err(|Malformed { code, position, message, help }| {
        let place = Location { file: file.to_owned(), position: Some(position), key_path: String::new() };
        Diagnostic::new(code, format!("{} cannot be read as YAML: {message}", subject.name), help).at(place)
    })?;
    if root.value == Value::Null {
        let message = format!("{} is empty: it has only comments and blank lines", subject.name);
        return Err(Diagnostic::new(Code::EmptyDesign, message, subject.least).at(Location::file(file)));
    }
    if let Some((message, help)) = subject.mistaken(&root) {
        return Err(Diagnostic::new(Code::WrongType, message, help).at(Location::file(file)));
    }
    Ok(root)
}

/// Walks the tree. `None` when something is missing, and then it has been reported.
fn read(report: &Report, node: &Node) -> Option<Parameters> {
    let mut root = Section::new(report, "", node)?;
    let name = root.text("name", "pu16").and_then(|text| names::identifier(&root, "name", text));
    let description = description(&mut root);
    let datapath = root.section("datapath", "n, operand, accumulator_bits, accumulator_rows, reduction_max");
    let datapath = datapath.map(datapath::Draft::read);
    let n = datapath.as_ref().and_then(|draft| draft.n);
    let memories = root.section("memories", "weight, activation and result, each {values: …}");
    let memories = memories.and_then(|section| Memories::read(section, n));
    let units = root.optional_section("units").and_then(|section| match section {
        Some(section) => Units::read(section, n, datapath.as_ref().and_then(|draft| draft.operand)),
        None => Some(Units::default()),
    });
    let csr = root.optional_section("csr");
    let csr = csr.and_then(|section| section.map_or(Some(None), |section| CsrUnit::read(section).map(Some)));
    let accelerator = root.optional_section("accelerator").and_then(|section| match section {
        Some(section) => {
            let csr = csr.flatten();
            let (datapath, memories, units) = (datapath.as_ref(), memories.as_ref(), units.as_ref());
            Accelerator::read(section, &Surroundings { report, datapath, memories, units, csr }).map(Some)
        }
        None => Some(None),
    });
    let clock = root.section("clock", "frequency_mhz").and_then(Clock::read);
    let top = Composition::read(report, &mut root, name.as_deref());
    root.finish();

    let (name, description, datapath) = (name?, description?, datapath?.finish()?);
    let (memories, units, csr, accelerator, clock, top) = (memories?, units?, csr?, accelerator?, clock?, top?);
    let (source, hash) = (report.index.file().to_owned(), String::new());
    let read = Parameters { name, description, source, hash, datapath, memories, units, csr, accelerator, clock, top };
    Some(Parameters { hash: read.digest(), ..read })
}

/// One line of text: it ends up in comments of the emitted files.
fn description(root: &mut Section<'_>) -> Option<Option<String>> {
    const LONGEST: usize = 200;
    let Some(text) = root.optional_text("description", "what the design is for")? else {
        return Some(None);
    };
    let breaks = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let why = if text.chars().count() > LONGEST {
        format!("it has {} characters, at most {LONGEST} are allowed", text.chars().count())
    } else if let Some(c) = text.chars().find(|&c| breaks(c)) {
        format!("it contains the character U+{:04X}", u32::from(c))
    } else if text.contains("*/") || text.ends_with('\\') {
        format!("{} would end a comment of the emitted files or continue it on the next line", quote(text))
    } else {
        return Some(Some(text.to_owned()));
    };
    let help = "write one line of plain text; put longer notes into comments, after #";
    root.push("description", Code::NotOneLine, format!("`description` is not one line of text: {why}"), help);
    None
}

#[cfg(test)]
mod tests;
