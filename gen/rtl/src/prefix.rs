//! What the global names of a package begin with, so that packages of several designs fit into one chip and
//! one program.

use crate::{
    design::{Design, is_reserved},
    netlist::Netlist,
};
use std::fmt;

/// What names of modules begin with inside the generator.
const MODULES: &str = "alb";

/// What names in C begin with, in the templates.
const C_NAMES: [&str; 2] = ["alberti", MODULES];

/// Characters of the longest prefix: the longest name after it still leaves room in a line.
const LONGEST: usize = 48;

/// The prefix of a package: the name of its top, and what all other global names begin with, up to an
/// underscore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

/// A text that is no prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPrefix(String);

impl fmt::Display for NoPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot begin names in Verilog and C", self.0)
    }
}

impl std::error::Error for NoPrefix {}

impl Prefix {
    /// A prefix of the user's: a letter, then letters, digits and underscores, in lower case, and no word of
    /// Verilog.
    ///
    /// # Errors
    /// For any other text.
    pub fn new(text: &str) -> Result<Self, NoPrefix> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let valid = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(plain)
            && text.len() <= LONGEST
            && !is_reserved(text);
        if valid { Ok(Self(text.to_owned())) } else { Err(NoPrefix(text.to_owned())) }
    }

    /// That of a design's own package: its name.
    #[must_use]
    pub fn of_design(design: &Design) -> Self {
        Self(design.name.clone())
    }

    /// That of a package of one block: no module of the design's own package has this name.
    #[must_use]
    pub fn of_block(design: &Design, block: &str) -> Self {
        Self(format!("{block}_{}", design.name))
    }

    /// Renames the modules of a netlist; the package's top becomes the prefix alone.
    #[must_use]
    pub fn verilog(&self, netlist: &Netlist, top: &str) -> Netlist {
        let name = |module: &str| self.module(module, top);
        netlist.renamed(name, |text| renamed(text, |word| word.starts_with("alb_").then(|| name(word))))
    }

    /// The name of a module in the package.
    fn module(&self, module: &str, top: &str) -> String {
        match module.strip_prefix(MODULES) {
            Some(rest) if module != top => format!("{self}{rest}"),
            _ => self.0.clone(),
        }
    }

    /// Renames what a text in C declares.
    #[must_use]
    pub(crate) fn c(&self, text: &str) -> String {
        let upper = self.0.to_uppercase();
        renamed(text, |word| {
            let after = |stem: &str| word.strip_prefix(stem).filter(|rest| rest.is_empty() || rest.starts_with('_'));
            let lower = || C_NAMES.iter().find_map(|stem| Some(format!("{self}{}", after(stem)?)));
            lower().or_else(|| C_NAMES.iter().find_map(|stem| Some(format!("{upper}{}", after(&stem.to_uppercase())?))))
        })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in which some words have other names; a word is letters, digits and underscores.
fn renamed(text: &str, name: impl Fn(&str) -> Option<String>) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(is_word) {
        let (before, from) = rest.split_at(begin);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        out.push_str(before);
        out.push_str(&name(word).unwrap_or_else(|| word.to_owned()));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_renamed_whole() {
        let prefix = Prefix::new("edge8").expect("a prefix");
        let text = "#include \"alberti.h\"\nalberti_start(x) ALB_STATUS ALBERTI_OK my_alberti Alberti albert ALBERTIS";
        let right = "#include \"edge8.h\"\nedge8_start(x) EDGE8_STATUS EDGE8_OK my_alberti Alberti albert ALBERTIS";
        assert_eq!(prefix.c(text), right);
        assert_eq!(prefix.module("alb_vmac", "alb_top"), "edge8_vmac");
        assert_eq!(prefix.module("alb_top", "alb_top"), "edge8");
    }

    #[test]
    fn what_is_no_name_is_no_prefix() {
        for text in ["", "1a", "a-b", "Edge", "_a", "module", "wire", "é", &"a".repeat(49)] {
            assert_eq!(Prefix::new(text), Err(NoPrefix(text.to_owned())));
        }
        for text in ["a", "edge_1"] {
            assert_eq!(Prefix::new(text).map(|prefix| prefix.to_string()), Ok(text.to_owned()));
        }
    }
}
