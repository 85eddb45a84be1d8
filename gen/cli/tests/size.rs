//! A library of any size, packed or not, and of any depth is answered in words.
#![allow(missing_docs)]

mod common;

use common::{fails, text};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const PU4: &str = "designs/pu4.yaml";

fn refused(library: &Path, why: &str) {
    let said = fails(&["synth", PU4, "-b", "stream_fifo", "--liberty", text(library)], 3, "error[AE0803]");
    assert!(said.contains(why) && said.len() < 1000, "{said}");
}

#[test]
fn a_small_file_that_unpacks_to_gigabytes_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut gzip = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    let mut input = gzip.stdin.take().expect("a pipe");
    let blanks = std::thread::spawn(move || input.write_all(&vec![b' '; 32 << 20]).expect("it reads"));
    let part = gzip.wait_with_output().expect("it ends").stdout;
    blanks.join().expect("it is written");
    // Parts behind each other are one file.
    let bomb = folder.path().join("small.lib.gz");
    fs::write(&bomb, part.repeat(40)).expect("a file");
    assert!(fs::metadata(&bomb).expect("a file").len() < 2 << 20);
    refused(&bomb, "it is too large: more than 512 MiB of text");
    fs::write(folder.path().join("cut.lib.gz"), &part[..part.len() / 2]).expect("a file");
    let cut = folder.path().join("cut.lib.gz");
    fails(&["synth", PU4, "-b", "stream_fifo", "--liberty", text(&cut)], 3, "error[AE0802]");
}

#[test]
fn a_file_without_an_end_is_refused() {
    refused(Path::new("/dev/zero"), "it is too large: more than 512 MiB of text");
}

#[test]
fn groups_and_functions_of_any_depth_are_refused_or_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = folder.path().join("deep.lib");
    for depth in [10_000, 500_000] {
        fs::write(&library, format!("library (x) {{ {}", "cell (A) { ".repeat(depth))).expect("a file");
        refused(&library, "groups are nested too deeply");
        for piece in ["!", "(", "A ", "A'"] {
            let pin = format!("pin (Y) {{ direction : output; function : \"{}\"; }}", piece.repeat(depth));
            fs::write(&library, format!("library (x) {{ cell (A) {{ area : 1; {pin} }} }}")).expect("a file");
            refused(&library, "no 2-input NAND among the usable cells");
        }
    }
}
