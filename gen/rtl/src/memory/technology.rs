//! Technology files: the macros that memories are made of, with the source of each figure.

use crate::{
    design::is_reserved,
    design::{
        MemoryKind,
        index::{child, element},
        nearest,
        node::{Entry, Node, Value},
        parse_yaml,
        reader::{Report, Section, describe, read_all},
        source,
        subject::Subject,
    },
};
use alberti_diagnostic::{Code, Diagnostics, quote};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The technology that serves when none is named.
const SHIPPED: (&str, &str) =
    ("technology/memories/nvsim22.yaml", include_str!("../../../../technology/memories/nvsim22.yaml"));

/// Figures are compared to six decimals, so that the choice does not depend on rounding.
const FIGURES: (f64, f64) = (1e-6, 1e12);

const TECHNOLOGY: Subject = Subject {
    name: "the technology file",
    find: "check the path; example technology files are in technology/memories/",
    size: "list only the macros to choose from, not the whole range of a memory compiler",
    begin: "begin with `name: …` and `process: …`; docs/memories.md has an example",
    least: "write at least name, process, sources, cells and macros; docs/memories.md has an example",
    marks: &["process", "sources", "cells", "macros"],
};

/// The macros of one process, comparable with each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Technology {
    /// Short name, for tables.
    pub name: String,
    /// Node, devices, temperature: one line.
    pub process: String,
    /// Where the figures come from, by short name.
    pub sources: BTreeMap<String, String>,
    /// The cells that the macros are made of, by name.
    pub cells: BTreeMap<String, Cell>,
    /// At least one macro, as listed.
    pub macros: Vec<Macro>,
}

/// How a bit, or a few, are stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// SRAM or RRAM.
    pub kind: MemoryKind,
    /// Bits in one cell: 1 to 4.
    pub bits_per_cell: u32,
    /// Writes that a cell lives for, and where that is from; `None` where nobody measured it or nothing wears
    /// out.
    pub endurance_cycles: Option<f64>,
    /// Source of the endurance.
    pub endurance_source: Option<String>,
    /// The normalised level read from a cell, for each of its 2^bits values, lowest first; empty where not
    /// measured.
    pub level_distributions: Vec<Level>,
    /// Source of the levels.
    pub level_source: Option<String>,
}

/// A normal distribution of what is read from a cell, full scale 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Level {
    /// Mean, as a part of full scale.
    pub mean: f64,
    /// Standard deviation, as a part of full scale.
    pub sigma: f64,
}

/// A macro. Energies are those of one access to a word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Macro {
    /// Its module's name.
    pub name: String,
    /// Name of its cell.
    pub cell: String,
    /// Source of its figures.
    pub source: String,
    /// Words.
    pub words: u32,
    /// Bits of data in a word.
    pub bits: u32,
    /// Ports.
    pub ports: Ports,
    /// The smallest part of a word that can be written alone; `bits` for whole words.
    pub write_enable_bits: u32,
    /// Area in µm².
    pub area_um2: f64,
    /// Enable to data, in ns.
    pub read_latency_ns: f64,
    /// Enable to stored, in ns.
    pub write_latency_ns: f64,
    /// Shortest time between two accesses of a port, in ns; `None`: as long as the access takes.
    pub cycle_ns: Option<f64>,
    /// Energy of a read in pJ.
    pub read_energy_pj: f64,
    /// Energy of a write in pJ.
    pub write_energy_pj: f64,
    /// Leakage in µW.
    pub leakage_uw: f64,
}

/// Which accesses a macro takes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Ports {
    /// One port that reads or writes.
    #[serde(rename = "1rw")]
    OneShared,
    /// One that reads and one that writes.
    #[serde(rename = "1r1w")]
    OneEach,
    /// Two that each read or write.
    #[serde(rename = "2rw")]
    TwoShared,
}

impl Ports {
    /// Every arrangement and its word.
    pub const WORDS: [(&str, Self); 3] = [("1rw", Self::OneShared), ("1r1w", Self::OneEach), ("2rw", Self::TwoShared)];
}

impl Technology {
    /// The technology that comes with the generator: 22 nm, SRAM and RRAM by NVSim.
    ///
    /// # Errors
    /// None but faults of the file itself, which a test excludes.
    pub fn shipped() -> Result<Self, Diagnostics> {
        Self::parse(SHIPPED.0, SHIPPED.1)
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Diagnostics> {
        let (path, bytes) = (path.as_ref(), source::read(&TECHNOLOGY, path.as_ref())?);
        let file = path.display().to_string();
        Self::parse(&file, source::text(&TECHNOLOGY, &file, &bytes)?)
    }

    /// Checks a text; `file` is its name in messages.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let root = parse_yaml(&TECHNOLOGY, file, text)?;
        let (technology, _, problems) = read_all(&TECHNOLOGY, file, root, read);
        technology.filter(|_| !problems.has_errors()).ok_or(problems)
    }

    /// The cell of a macro of this technology.
    #[must_use]
    pub fn cell(&self, hard_macro: &Macro) -> &Cell {
        &self.cells[&hard_macro.cell]
    }
}

/// Walks the tree. `None` when something is missing, and then it has been reported.
fn read(report: &Report, node: &Node) -> Option<Technology> {
    let mut root = Section::new(report, "", node)?;
    let name = root.text("name", "foundry22").and_then(|text| filled(&root, "name", text));
    let process = root.text("process", "22 nm, typical, 25 °C").and_then(|text| filled(&root, "process", text));
    let sources = named(report, &mut root, "sources", "a short name for each source of figures, and what it is");
    let sources = sources.map(|(path, entries)| read_sources(report, &path, entries));
    let source_names = sources.as_ref().map(|all| all.keys().cloned().collect());
    let cells = named(report, &mut root, "cells", "a name for each cell, and its kind");
    let cells = cells.map(|(path, entries)| read_cells(report, &path, entries, source_names.as_ref()));
    let known = Known { sources: source_names.as_ref(), cells: cells.as_ref() };
    let macros = match root.get("macros").map(|node| &node.value) {
        Some(Value::Sequence(items)) if !items.is_empty() => read_macros(report, items, known),
        Some(value) => {
            let message = format!("`macros` must be a list of macros, it is {}", describe(value));
            report.push("macros", Code::WrongType, message, "write `- name: …` and its keys below, for each macro");
            None
        }
        None => {
            root.missing("macros", "add `macros:` and below it `- name: …` and its keys, for each macro".to_owned());
            None
        }
    };
    root.finish();
    Some(Technology { name: name?, process: process?, sources: sources?, cells: complete(cells?)?, macros: macros? })
}

/// A mapping whose keys are names of the user's own; keys given twice are reported.
fn named<'a>(report: &Report, root: &mut Section<'a>, key: &'static str, keys: &str) -> Option<(String, &'a [Entry])> {
    let Some(node) = root.get(key) else {
        root.missing(key, format!("add `{key}:` and below it, indented, {keys}"));
        return None;
    };
    Section::new(report, &root.path_of(key), node)?;
    match &node.value {
        Value::Mapping(entries) => Some((root.path_of(key), entries)),
        _ => None,
    }
}

fn read_sources(report: &Report, path: &str, entries: &[Entry]) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for entry in entries {
        let (place, key) = (child(path, &entry.key), quote(&entry.key));
        let help = "name the model, data sheet or paper of the figures";
        match &entry.node.value {
            Value::Text(text) if !text.trim().is_empty() => {}
            Value::Text(_) => report.push(&place, Code::NotDescribed, format!("the source {key} is blank"), help),
            value => {
                report.push(&place, Code::WrongType, format!("{key} must be text, it is {}", describe(value)), help);
            }
        }
        let text = if let Value::Text(text) = &entry.node.value { text.clone() } else { String::new() };
        sources.insert(entry.key.clone(), text);
    }
    sources
}

type Names = BTreeSet<String>;
/// Cells by name; `None` for one that is listed and faulty.
type Cells = BTreeMap<String, Option<Cell>>;

/// What macros may name; nothing is checked against a list that is missing.
#[derive(Clone, Copy)]
struct Known<'a> {
    sources: Option<&'a Names>,
    cells: Option<&'a Cells>,
}

fn read_cells(report: &Report, path: &str, entries: &[Entry], sources: Option<&Names>) -> Cells {
    let cell = |entry: &Entry| {
        let section = Section::new(report, &child(path, &entry.key), &entry.node);
        (entry.key.clone(), section.and_then(|section| read_cell(report, section, sources)))
    };
    entries.iter().map(cell).collect()
}

fn complete(cells: Cells) -> Option<BTreeMap<String, Cell>> {
    cells.into_iter().map(|(name, cell)| Some((name, cell?))).collect()
}

fn read_cell(report: &Report, mut section: Section<'_>, sources: Option<&Names>) -> Option<Cell> {
    let kind = section.word("kind", "kind of memory", MemoryKind::WORDS);
    let rram = kind != Some(MemoryKind::Sram);
    let bits = if rram { section.integer_or("bits_per_cell", 1..=4, 1, Code::OutOfRange) } else { Some(1) };
    let mut cell = Cell {
        kind: MemoryKind::Sram,
        bits_per_cell: 1,
        endurance_cycles: None,
        endurance_source: None,
        level_distributions: Vec::new(),
        level_source: None,
    };
    let mut complete = true;
    if rram {
        let endurance = optional_positive(&mut section, "endurance_cycles", "10000");
        complete &= endurance.is_some();
        if endurance != Some(None) {
            cell.endurance_cycles = endurance.flatten();
            cell.endurance_source = reference(&mut section, "endurance_source", "source", sources);
            complete &= cell.endurance_source.is_some();
        }
        if let Some(node) = section.get("level_distributions") {
            cell.level_source = reference(&mut section, "level_source", "source", sources);
            let path = section.path_of("level_distributions");
            let levels = read_levels(report, &path, node);
            complete &= levels.is_some() && cell.level_source.is_some();
            cell.level_distributions = levels.unwrap_or_default();
            complete &= check_levels(&section, bits, &cell.level_distributions);
        }
    }
    section.finish();
    (cell.kind, cell.bits_per_cell) = (kind?, bits?);
    complete.then_some(cell)
}

fn read_levels(report: &Report, path: &str, node: &Node) -> Option<Vec<Level>> {
    let Value::Sequence(items) = &node.value else {
        let message = format!("`level_distributions` must be a list of levels, it is {}", describe(&node.value));
        report.push(path, Code::WrongType, message, "write `- {mean: 0, sigma: 0.01}` for each level, lowest first");
        return None;
    };
    let level = |(index, item)| {
        let mut section = Section::new(report, &element(path, index), item)?;
        let (mean, sigma) = (section.number("mean", "0.5"), section.number("sigma", "0.01"));
        let level = mean.zip(sigma).map(|(mean, sigma)| Level { mean, sigma });
        section.finish();
        level
    };
    let levels: Vec<_> = items.iter().enumerate().map(level).collect();
    levels.into_iter().collect()
}

/// One level for each value of the cell, means rising, deviations positive.
fn check_levels(section: &Section<'_>, bits: Option<u32>, levels: &[Level]) -> bool {
    let (Some(bits), false) = (bits, levels.is_empty()) else { return true };
    let push = |path: &str, message: String, help: &str| {
        section.push(path, Code::LevelsUnusable, message, help);
        false
    };
    let mut valid = true;
    if levels.len() != 1 << bits {
        let message = format!("a cell of {bits} bits has {} levels, but {} are given", 1 << bits, levels.len());
        valid = push("level_distributions", message, "give one level for each value of the cell, lowest first");
    }
    for (index, level) in levels.iter().enumerate() {
        let path = |key| format!("level_distributions[{index}].{key}");
        if !(level.sigma > 0.0 && level.sigma.is_finite()) {
            let message = format!("`sigma` is {}, a standard deviation must be positive and finite", level.sigma);
            valid = push(&path("sigma"), message, "write the measured deviation, as a part of full scale");
        }
        let below = index.checked_sub(1).map(|below| levels[below].mean);
        if !level.mean.is_finite() || below.is_some_and(|below| level.mean <= below) {
            let message = match below {
                Some(below) => {
                    format!(
                        "`mean` is {}, it must be finite and larger than {below}, the mean of the previous level",
                        level.mean
                    )
                }
                None => format!("`mean` is {}, it must be finite", level.mean),
            };
            valid = push(&path("mean"), message, "list the levels from the lowest to the highest");
        }
    }
    valid
}

fn read_macros(report: &Report, items: &[Node], known: Known<'_>) -> Option<Vec<Macro>> {
    let mut names = BTreeMap::new();
    let mut macros = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = element("macros", index);
        let Some(mut section) = Section::new(report, &path, item) else { continue };
        let name = section.text("name", "sram_1024x64").and_then(|text| identifier(&section, text));
        if let Some(name) = &name
            && let Some(first) = names.insert(name.clone(), index)
        {
            let message = format!("the macro {} is listed twice, first as macros[{first}]", quote(name));
            section.push("name", Code::MacroTwice, message, "give each macro its own name, or remove one of the two");
        }
        macros.push(read_macro(section, name, known));
    }
    macros.into_iter().collect()
}

fn read_macro(mut section: Section<'_>, name: Option<String>, known: Known<'_>) -> Option<Macro> {
    let names = known.cells.map(|cells| cells.keys().cloned().collect());
    let cell = reference(&mut section, "cell", "cell", names.as_ref());
    let source = reference(&mut section, "source", "source", known.sources);
    let words = section.integer("words", 1..=1 << 28, 1024);
    let bits = section.integer("bits", 1..=4096, 64);
    let ports = section.word("ports", "arrangement of ports", Ports::WORDS);
    let enable = section.integer_or("write_enable_bits", 1..=bits.unwrap_or(4096), bits.unwrap_or(1), Code::OutOfRange);
    let area = positive(&mut section, "area_um2", "78559");
    let read_latency = positive(&mut section, "read_latency_ns", "0.6");
    let read_energy = positive(&mut section, "read_energy_pj", "4.5");
    let write_energy = positive(&mut section, "write_energy_pj", "4.5");
    let leakage = positive(&mut section, "leakage_uw", "0.8");
    let cycle = optional_positive(&mut section, "cycle_ns", "0.6");
    let write_latency = optional_positive(&mut section, "write_latency_ns", "0.6");
    let kind = cell.as_ref().and_then(|name| known.cells?.get(name)?.as_ref()).map(|cell| cell.kind);
    if kind == Some(MemoryKind::Rram) && write_latency == Some(None) {
        // A write of RRAM is slower than its read by orders: there is no default that would serve.
        section.missing("write_latency_ns", "add the line `write_latency_ns: 100`".to_owned());
        section.finish();
        return None;
    }
    section.finish();
    let read_latency_ns = read_latency?;
    Some(Macro {
        name: name?,
        cell: cell?,
        source: source?,
        words: words?,
        bits: bits?,
        ports: ports?,
        write_enable_bits: enable?,
        area_um2: area?,
        read_latency_ns,
        write_latency_ns: write_latency?.unwrap_or(read_latency_ns),
        cycle_ns: cycle?,
        read_energy_pj: read_energy?,
        write_energy_pj: write_energy?,
        leakage_uw: leakage?,
    })
}

/// Text that is not blank.
fn filled(section: &Section<'_>, key: &'static str, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        section.push(key, Code::NotDescribed, format!("`{key}` is blank"), "write one line of text");
        return None;
    }
    Some(text.to_owned())
}

/// A figure: positive and finite.
fn positive(section: &mut Section<'_>, key: &'static str, example: &str) -> Option<f64> {
    let value = section.number(key, example)?;
    within_figures(section, key, example, value)
}

fn optional_positive(section: &mut Section<'_>, key: &'static str, example: &str) -> Option<Option<f64>> {
    match section.optional_number(key, example)? {
        Some(value) => within_figures(section, key, example, value).map(Some),
        None => Some(None),
    }
}

fn within_figures(section: &Section<'_>, key: &str, example: &str, value: f64) -> Option<f64> {
    let (low, high) = FIGURES;
    if (low..=high).contains(&value) {
        return Some(value);
    }
    let message = format!("`{key}` is {value}, it must lie between {low:e} and {high:e}");
    let help = format!("write the figure in the unit at the end of the key, such as `{key}: {example}`");
    section.push(key, Code::TechnologyNumber, message, help);
    None
}

/// The name of a source or cell that the file describes; without a list of them it is not checked.
fn reference(section: &mut Section<'_>, key: &'static str, what: &str, known: Option<&Names>) -> Option<String> {
    let text = section.text(key, if what == "cell" { "sram" } else { "datasheet" })?;
    match known {
        Some(names) if !names.contains(text) => {
            let listed: Vec<_> = names.iter().map(String::as_str).collect();
            let help = match nearest(text, listed.iter().copied()) {
                Some(name) => format!("did you mean `{key}: {name}`?"),
                None => format!("describe it under `{what}s`, which has {}", listed.join(", ")),
            };
            section.push(key, Code::NotDescribed, format!("the {what} {} is not described", quote(text)), help);
            None
        }
        _ => Some(text.to_owned()),
    }
}

/// A name that a module can have. Foundries write theirs in capitals.
fn identifier(section: &Section<'_>, text: &str) -> Option<String> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let plain = text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit());
    let (code, why) = match plain && text.len() <= 256 {
        true if is_reserved(text) => (Code::ReservedWord, "is a keyword of Verilog"),
        true => return Some(text.to_owned()),
        false => (Code::NotAnIdentifier, "is not an identifier"),
    };
    let help = "write the name of the macro's module: letters, digits and _";
    section.push("name", code, format!("the name {} {why}", quote(text)), help);
    None
}
