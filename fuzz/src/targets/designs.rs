//! Designs, and the technologies of their memories.

use crate::{Reader, Target, files_of, root};
use alberti::readers::shown;
use alberti_cost::configuration;
use alberti_rtl::{Design, Prefix, elaborate_with, emit::Package, memories, memory::Technology};

/// The file of a design, as far as `alberti gen`.
pub const DESIGNS: Target = Target { name: "designs", words: WORDS, seeds, reader };

/// The file of `--technology`.
pub const TECHNOLOGIES: Target = Target {
    name: "technologies",
    words: &[
        "name: ",
        "macros:",
        "cells:",
        "words: ",
        "bits: ",
        "area_um2: ",
        "read_ports: ",
        "kind: ",
        "sram",
        "rram",
        "levels: ",
        "endurance: ",
        "source: ",
        "1e-9",
        ".inf",
        ".nan",
        "- ",
        "&a ",
        "*a",
        "<<: ",
        "4294967295",
    ],
    seeds: || [files_of("technology/memories", "yaml"), files_of("designs/bad_technology", "yaml")].concat(),
    reader: technology,
};

const WORDS: &[&str] = &[
    "name: ",
    "datapath:",
    "memories:",
    "units:",
    "csr:",
    "clock:",
    "accelerator:",
    "composition:",
    "n: ",
    "operand: ",
    "af8_3",
    "q3.5",
    "q3.13",
    "sparsity: ",
    "8:16",
    "accumulator_bits: ",
    "kind: ",
    "rram",
    "sram",
    "banks: ",
    "values: ",
    "words: ",
    "latency: ",
    "softmax:",
    "layernorm:",
    "frequency_mhz: ",
    "connect:",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!binary ",
    "<<: ",
    "null",
    "true",
    ".inf",
    "~",
    "|\n",
    "\t",
    "\u{feff}",
    "65536",
    "4294967296",
    "18446744073709551615",
    "1e999",
    "-1",
];

fn seeds() -> Vec<Vec<u8>> {
    [files_of("designs", "yaml"), files_of("designs/bad", "yaml")].concat()
}

/// The name of the file in messages.
const FILE: &str = "changed.yaml";

fn reader() -> Reader {
    let shipped = Technology::shipped().expect("it comes along");
    Box::new(move |bytes| match Design::parse_bytes(FILE, bytes) {
        Ok(design) => {
            drop(design.warnings().to_string());
            drop(configuration::accelerator(&design));
            let Ok(netlist) = elaborate_with(&design, &shipped) else { return };
            let (memories, _) = memories(&design, &shipped);
            let memories: Vec<_> = memories.iter().map(|memory| &memory.netlist).collect();
            Package::new(&Prefix::of_design(&design), &design, &netlist, &memories).expect("a package");
        }
        Err(problems) => {
            assert!(!problems.is_empty() && !problems.to_string().is_empty());
            assert!(!shown(&problems, &String::from_utf8_lossy(bytes)).is_empty());
        }
    })
}

fn technology() -> Reader {
    let load = |name: &str| Design::load(root().join("designs").join(name)).expect("a design");
    let designs = ["pu4.yaml", "accelerator4.yaml"].map(load);
    Box::new(move |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        match Technology::parse(FILE, text) {
            Ok(technology) => designs.iter().for_each(|design| drop(memories(design, &technology))),
            Err(problems) => {
                assert!(!problems.is_empty() && !shown(&problems, text).is_empty());
            }
        }
    })
}
