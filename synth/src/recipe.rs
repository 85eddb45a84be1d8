//! How a unit is mapped: data, so that a better way found for a library is a file and not a change of code.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::liberty::Library;

/// A way to map logic onto a library, `flows/recipes/<name>.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Its name in reports, baselines and keys.
    pub name: String,
    /// The script for abc, a command a line; default: yosys' own for a library with a driving cell.
    #[serde(default)]
    pub abc: Option<String>,
    /// What `{D}` stands for in the script, in ps; default: the job's period.
    #[serde(default)]
    pub delay_ps: Option<u64>,
    /// Map additions onto the library's full adder, where it has one.
    #[serde(default)]
    pub full_adders: bool,
    /// Put the driving cell after every input of the units below the top.
    #[serde(default)]
    pub isolate_inputs: bool,
}

const KNOWN: [(&str, &str); 2] = [
    ("flows/recipes/area.yaml", include_str!("../flows/recipes/area.yaml")),
    ("flows/recipes/speed.yaml", include_str!("../flows/recipes/speed.yaml")),
];

impl Recipe {
    /// Read a recipe; `place` is the file's name in messages.
    pub fn parse(place: &str, text: &str) -> Result<Self> {
        serde_yaml::from_str(text).map_err(|error| Error::invalid(place, error.to_string()))
    }

    /// The recipe for a purpose ("area", "speed", or a recipe's own name), as the library's technology wants
    /// it.
    pub fn named(purpose: &str, library: &Library) -> Result<Self> {
        let name = library.technology.recipes.get(purpose).map_or(purpose, String::as_str);
        let mut known = Vec::new();
        for (place, text) in KNOWN {
            let recipe = Self::parse(place, text)?;
            if recipe.name == name {
                return Ok(recipe);
            }
            known.push(recipe.name);
        }
        Err(Error::invalid("recipe", format!("there is no recipe '{name}'; there are {}", known.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_description_names_recipes_that_exist() {
        let mut library = Library::open_default().expect("the package qflow-tech-osu018");
        for technology in crate::Technology::known().expect("descriptions") {
            library.technology = technology;
            for purpose in ["area", "speed"] {
                assert!(Recipe::named(purpose, &library).is_ok(), "{purpose} of {}", library.technology.name);
            }
        }
        let message = Recipe::named("small", &library).expect_err("unknown").to_string();
        assert!(message.starts_with("recipe: there is no recipe 'small'; there are area, speed"), "{message}");
    }
}
