//! Libraries of standard cells, as text and packed.

use crate::{Reader, Target, root};
use alberti_synth::{Library, liberty::models::verilog};
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// The file of `--liberty`, and what mapping reads from it.
pub const LIBERTY: Target = Target { name: "liberty", words: WORDS, seeds, reader };

/// The same, packed.
pub const LIBERTY_GZ: Target = Target { name: "liberty_gz", words: &["\u{1f}"], seeds: packed, reader: unpacking };

const WORDS: &[&str] = &[
    "library (a) {",
    "cell (A) {",
    "pin (Y) {",
    "timing () {",
    "ff (IQ,IQN) {",
    "latch (IQ,IQN) {",
    "area : ",
    "direction : ",
    "input;",
    "output;",
    "function : ",
    "\"!(A B)\"",
    "\"A^B\"",
    "next_state : ",
    "clocked_on : ",
    "clear : ",
    "capacitance : ",
    "time_unit : ",
    "capacitive_load_unit (1,ff);",
    "leakage_power () {",
    "when : ",
    "values (",
    "}",
    "{",
    "(",
    ")",
    "/*",
    "*/",
    "//",
    "\\\n",
    "\"",
    "!",
    "'",
    "1e308",
    "-1",
    "nan",
];

/// A library with one of everything that is read.
fn small() -> String {
    std::fs::read_to_string(root().join("fuzz/seeds/liberty/small.lib")).expect("a library")
}

fn seeds() -> Vec<Vec<u8>> {
    let names = ["NAND", "FA", "DLAT", "BUF", "ONE", "FF"];
    let small = small();
    let known = Library::parse("small.lib", &small, None).expect("a library");
    assert_eq!(names.iter().filter(|name| known.cells.contains_key(**name)).count(), 5, "{:?}", known.left_out);
    let deep = format!("library (x) {{ {} ", "cell (A) { ".repeat(5000));
    let long = small.replace("!(A B)", &"!(".repeat(3000));
    vec![deep.into(), long.into()]
}

fn reader() -> Reader {
    Box::new(|bytes| match Library::parse("changed.lib", &String::from_utf8_lossy(bytes), None) {
        Ok(library) => drop(verilog(&library, library.cells.keys().map(String::as_str))),
        Err(problem) => assert!(problem.to_string().len() < 1000, "{problem}"),
    })
}

/// A packed text.
fn gzip(text: &[u8]) -> Vec<u8> {
    let child = Command::new("gzip").arg("-nc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("gzip");
    child.stdin.take().expect("a pipe").write_all(text).expect("gzip reads");
    child.wait_with_output().expect("gzip ends").stdout
}

fn packed() -> Vec<Vec<u8>> {
    let zeros = vec![b' '; 1 << 20];
    vec![gzip(small().as_bytes()), gzip(&zeros), gzip(b"")]
}

fn unpacking() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    Box::new(move |bytes| {
        let path = folder.path().join("changed.lib.gz");
        std::fs::write(&path, bytes).expect("a file");
        if let Err(problem) = Library::load(&path) {
            assert!(problem.to_string().len() < 1000, "{problem}");
        }
    })
}
