//! What a Liberty file does not say of itself: which cells to leave out, what drives inputs and loads
//! outputs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A description of a standard-cell library, `technology/<name>.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Technology {
    /// The short name in reports and baselines.
    pub name: String,
    /// Pattern of the Liberty library's name that this description is for.
    pub library: String,
    /// Process and corner, one line.
    pub process: String,
    /// Where the package puts the Liberty file, when there is a package.
    pub liberty: Option<String>,
    /// The Debian package that brings it.
    pub package: Option<String>,
    /// Patterns of cells to leave out, besides those that no mapping can use.
    #[serde(default)]
    pub dont_use: Vec<String>,
    /// The cell that drives every input; default: the smallest buffer.
    pub driving_cell: Option<String>,
    /// The load on every output in fF; default: four NAND2 inputs.
    pub load_ff: Option<f64>,
    /// A recipe that this library wants in the place of the usual one, by purpose ("area", "speed").
    #[serde(default)]
    pub recipes: BTreeMap<String, String>,
}

/// The descriptions of some names, with the files that they are in.
macro_rules! descriptions {
    ($($name:literal),*) => {
        [$((concat!("technology/", $name, ".yaml"), include_str!(concat!("../../technology/", $name, ".yaml")))),*]
    };
}

const KNOWN: &[(&str, &str)] = &descriptions!["osu018", "sky130hd", "asap7", "sg13g2"];

impl Technology {
    /// Read a description; `place` is the file's name in messages.
    pub fn parse(place: &str, text: &str) -> Result<Self> {
        serde_yaml::from_str(text).map_err(|error| Error::invalid(place, error.to_string()))
    }

    /// The descriptions that come with this crate; the first is the default.
    pub fn known() -> Result<Vec<Self>> {
        KNOWN.iter().map(|(place, text)| Self::parse(place, text)).collect()
    }

    /// The description of the Liberty library called `library`, or a plain one that leaves out nothing by
    /// name.
    pub fn of_library(library: &str) -> Result<Self> {
        let known = Self::known()?.into_iter().find(|technology| matches(&technology.library, library));
        Ok(known.unwrap_or_else(|| Technology {
            name: library.into(),
            library: library.into(),
            process: "not described".into(),
            liberty: None,
            package: None,
            dont_use: Vec::new(),
            driving_cell: None,
            load_ff: None,
            recipes: BTreeMap::new(),
        }))
    }
}

/// Does `text` match `pattern`, where `*` stands for any run of characters?
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    text.strip_prefix(head)
        .is_some_and(|rest| (0..=rest.len()).filter(|&i| rest.is_char_boundary(i)).any(|i| matches(tail, &rest[i..])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_star_stands_for_any_run() {
        assert!(matches("alb_sram_*", "alb_sram_weight") && matches("*dly*", "x__dlygate") && matches("A", "A"));
        assert!(!matches("alb_sram_*", "alb_rram_x") && !matches("A", "AB") && !matches("*A", "AB"));
    }

    #[test]
    fn every_description_of_the_folder_comes_along_and_is_named_after_its_file() {
        let named: BTreeSet<String> =
            Technology::known().expect("they can be read").into_iter().map(|technology| technology.name).collect();
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../technology")).expect("it is there");
        let files = folder.map(|entry| entry.expect("it can be listed").file_name().into_string().expect("a name"));
        assert_eq!(named, files.filter_map(|file| file.strip_suffix(".yaml").map(str::to_owned)).collect());
    }
}
