//! Tests of the reader as a whole.

mod bad_designs;
mod content;
mod robustness;

use super::Design;
use alberti_diagnostic::Diagnostics;
use std::{fs, path::PathBuf};

/// The folder that has `designs/` in it: the root of the repository.
fn root() -> PathBuf {
    let crate_root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = crate_root.ancestors().find(|folder| folder.join("designs/bad").is_dir());
    root.expect("a folder above the crate has designs/bad").to_owned()
}

/// The stems of the files of a folder that end in `.extension`, sorted.
fn stems(folder: &str, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder can be read");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("an ASCII name"));
    let mut stems: Vec<_> = names.filter_map(|n| Some(n.strip_suffix(&format!(".{extension}"))?.to_owned())).collect();
    stems.sort();
    stems
}

/// Every design of `designs/`, by file name and text.
fn good_designs() -> Vec<(String, String)> {
    let read = |stem: String| {
        let name = format!("designs/{stem}.yaml");
        let text = fs::read_to_string(root().join(&name)).expect("the design can be read");
        (name, text)
    };
    let designs: Vec<_> = stems("designs", "yaml").into_iter().map(read).collect();
    assert!(designs.len() >= 9);
    designs
}

fn pu16() -> String {
    fs::read_to_string(root().join("designs/pu16.yaml")).expect("the design can be read")
}

fn accelerator4() -> String {
    fs::read_to_string(root().join("designs/accelerator4.yaml")).expect("the design can be read")
}

fn parse(text: &str) -> Result<Design, Diagnostics> {
    Design::parse("x.yaml", text)
}

fn valid(text: &str) -> Design {
    parse(text).unwrap_or_else(|problems| panic!("{problems}"))
}
