//! How long it takes from the text of a design to the bytes of its files.
//!
//! `make bench`. The accelerator decides the absolute figures; the last column relates them to the first row
//! of the same run.

#![allow(clippy::print_stdout)]

use alberti_rtl::{Design, Prefix, elaborate, emit::Package};
use std::time::{Duration, Instant};

/// Runs of each design; the fastest counts.
const RUNS: u32 = 20;

fn main() {
    println!("{:<16} {:>8} {:>8} {:>10} {:>9}", "design", "modules", "KiB", "ms", "relative");
    let mut first = None;
    for name in ["pu16", "pu16_8of16", "pu32", "pu64"] {
        let path = format!("{}/../../designs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("the design is there");
        let (time, modules, bytes) = (0..RUNS).map(|_| generate(name, &text)).min().expect("there are runs");
        let milliseconds = time.as_secs_f64() * 1e3;
        let relative = milliseconds / *first.get_or_insert(milliseconds);
        println!("{name:<16} {modules:>8} {:>8} {milliseconds:>10.2} {relative:>9.2}", bytes / 1024);
    }
}

fn generate(name: &str, text: &str) -> (Duration, usize, usize) {
    let start = Instant::now();
    let design = Design::parse(name, text).expect("the design is valid");
    let netlist = elaborate(&design).expect("the design elaborates");
    let package = Package::new(&Prefix::of_design(&design), &design, &netlist, &[]).expect("the package renders");
    (start.elapsed(), netlist.order().len(), package.files.values().map(Vec::len).sum())
}
