//! Inputs of blocks, in JSON.

use super::programs::has_long_loop;
use crate::{Reader, Target, bundle, root};
use alberti::readers::{golden, golden_example};
use alberti_isa::{Instruction, Words};
use alberti_rtl::{Design, blocks::BLOCKS};
use serde_json::Value;

/// The file of `alberti golden --input`, after a line `@@ design block`.
pub const GOLDEN: Target = Target {
    name: "golden",
    words: &[
        "\"values\": [",
        "\"scale\": ",
        "\"weights\": [",
        "\"vectors\": [",
        "\"selects\": [",
        "\"addend\": ",
        "\"bias\": [",
        "\"row\": ",
        "\"lane\": ",
        "\"base\": ",
        "\"packed\": [",
        "\"masks\": [",
        "\"0xffffffffffffffff\"",
        "\"0b1\"",
        "\"shifts\": [",
        "\"write\": ",
        "\"read\": ",
        "\"address\": ",
        "\"bytes\": ",
        "\"words\": [",
        "null",
        "true",
        "1e308",
        "-9223372036854775808",
        "9223372036854775807",
        "18446744073709551615",
        "4294967295",
        "65535",
        "-128",
        "e-300",
    ],
    seeds,
    reader,
};

/// Designs that together have all blocks.
const DESIGNS: [&str; 3] = ["pu4", "accelerator4", "pu16_8of16"];

fn design(name: &str) -> Design {
    Design::load(root().join("designs").join(name).with_extension("yaml")).expect("a design")
}

/// The example of every block of every design.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for name in DESIGNS {
        let design = design(name);
        for block in BLOCKS.iter().filter(|block| block.netlist(&design).is_some()) {
            let example = golden_example(&design, block.name).expect("an example");
            golden(&design, block.name, &example).expect("an answer");
            seeds.push(bundle::join([(format!("{name} {}", block.name).as_str(), example.as_bytes())]));
        }
    }
    let given = |block: &str| seeds.iter().any(|seed| bundle::split(seed).keys().any(|name| name.ends_with(block)));
    BLOCKS.iter().for_each(|block| assert!(given(block.name), "no design of these has a {}", block.name));
    seeds
}

fn reader() -> Reader {
    let designs = DESIGNS.map(|name| (name, design(name)));
    let has = |design: &Design| -> Vec<_> { BLOCKS.iter().filter(|block| block.netlist(design).is_some()).collect() };
    let designs = designs.map(|(name, design)| (name, has(&design), design));
    Box::new(move |bytes| {
        for (name, input) in bundle::split(bytes) {
            let (Some((name, block)), Ok(input)) = (name.split_once(' '), std::str::from_utf8(input)) else { continue };
            let Some((_, blocks, design)) = designs.iter().find(|(known, ..)| *known == name) else { continue };
            if !blocks.iter().any(|known| known.name == block) || block == "accelerator" && takes_long(input) {
                continue;
            }
            if let Err(problems) = golden(design, block, input) {
                assert!(!problems.is_empty() && !problems.to_string().is_empty());
            }
        }
    })
}

/// Whether the program of an input has a long loop.
fn takes_long(input: &str) -> bool {
    let program = |value: Value| serde_json::from_value::<Vec<Words>>(value.get("program")?.clone()).ok();
    let program = serde_json::from_str(input).ok().and_then(program).unwrap_or_default();
    has_long_loop(program.iter().filter_map(|words| Instruction::decode(words).ok()))
}
