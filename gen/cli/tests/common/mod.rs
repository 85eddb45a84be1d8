//! Running the binary from the root of the repository.
#![allow(dead_code, missing_docs)]

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alberti"));
    command.args(arguments).current_dir(root()).env_remove("ALBERTI_SEED").stdin(std::process::Stdio::null());
    command
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("an exit code, not a signal");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

pub fn run(arguments: &[&str]) -> Ran {
    command(arguments).output().expect("the binary runs").into()
}

/// Runs what must exit 0 and gives its standard output.
pub fn well(arguments: &[&str]) -> String {
    let ran = run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}\n{}", ran.err);
    ran.out
}

/// Runs what must fail with an exit code and a text on standard error, and print nothing.
pub fn fails(arguments: &[&str], code: i32, text: &str) -> String {
    let ran = run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}\n{}{}", ran.out, ran.err);
    assert!(ran.err.contains(text), "{arguments:?} does not say `{text}`:\n{}", ran.err);
    assert_eq!(ran.out, "", "{arguments:?}");
    ran.err
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

pub fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

/// Every file below a folder by its path, with its contents.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push((path.clone(), fs::read(&path).expect("a file"))),
        }
    }
    all.sort();
    all
}
