//! What is read, in the words of its messages: designs and technology files share one reader.

use super::node::{Node, Value};

/// Keys at the root that tell a kind of file, what it is, and where it is given.
const KINDS: [(&[&str], &str, &str); 3] = [
    (&["datapath", "memories"], "a design", "give it as the design, such as `alberti check FILE`"),
    (&["process", "sources", "cells", "macros"], "a technology file", "give it as `--technology FILE`"),
    (&["prune", "quantise", "calibrate"], "a recipe", "give it to `alberti pack` as `--recipe FILE`"),
];

/// A kind of file.
#[derive(Debug)]
pub(crate) struct Subject {
    /// With its article.
    pub name: &'static str,
    /// Where to find one.
    pub find: &'static str,
    /// What does not belong in one that is too large.
    pub size: &'static str,
    /// How one begins.
    pub begin: &'static str,
    /// The least that one holds.
    pub least: &'static str,
    /// Keys at the root, one of which each has.
    pub marks: &'static [&'static str],
}

impl Subject {
    /// That a file is of another kind, and where to give it; `None` where nothing says so.
    pub fn mistaken(&self, root: &Node) -> Option<(String, String)> {
        let Value::Mapping(entries) = &root.value else { return None };
        let has = |key: &&&str| entries.iter().any(|entry| entry.key == **key);
        if self.marks.iter().any(|key| has(&key)) {
            return None;
        }
        let (marks, kind, give) = KINDS.iter().find(|(marks, ..)| marks.iter().any(|key| has(&key)))?;
        let found: Vec<_> = marks.iter().filter(has).map(|key| format!("`{key}`")).collect();
        let message = format!("this is {kind}, not {}: it has {}", self.name, found.join(", "));
        Some((message, format!("{give}; {}", self.find)))
    }
}

/// A design.
pub(crate) const DESIGN: Subject = Subject {
    name: "the design",
    find: "check the path; example designs are in designs/",
    size: "a design has a few kilobytes; weights and programs are packed from a checkpoint",
    begin: "begin with `name: …` and `datapath:`; see the example designs/pu16.yaml",
    least: "write at least name, datapath, memories and clock; see the example designs/pu16.yaml",
    marks: &["datapath", "memories", "units", "csr", "accelerator", "clock", "instances"],
};
