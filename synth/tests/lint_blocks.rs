//! What is emitted is clean, and what it asks a reader to overlook has a reason beside it.

mod common;

use alberti_rtl::{
    Design,
    blocks::{
        BLOCKS, Block,
        accelerator::{PARTS, part},
    },
    netlist::{self, Netlist},
};
use alberti_synth::{Source, lint};

fn is_clean(design: &Design, block: &Block) {
    if let Some(netlist) = block.netlist(design) {
        netlist_is_clean(design, &netlist);
    }
}

fn netlist_is_clean(design: &Design, netlist: &Netlist) {
    let messages = lint(&common::sources_of(netlist), netlist.top()).expect("three readers");
    let texts: Vec<String> = messages.iter().map(|message| format!("{}: {}", message.tool, message.text)).collect();
    assert!(texts.is_empty(), "{} of {}:\n{}", netlist.top(), design.name, texts.join("\n"));
}

/// The parts of an accelerator: for the three readers, and for the checks of netlists that whole designs go
/// through.
fn every_part_is_clean(design: &Design) {
    for (name, _) in PARTS {
        let netlist = part(design, name).expect("the design has an accelerator");
        assert_eq!(netlist::check(&netlist).to_string(), "", "{name} of {}", design.name);
        netlist_is_clean(design, &netlist);
        let long: Vec<String> = (netlist.sources().iter())
            .flat_map(|(file, text)| text.lines().map(move |line| format!("{file}: {line}")))
            .filter(|line| line.split_once(": ").is_some_and(|(_, text)| text.len() > LINE))
            .collect();
        assert_eq!(long, Vec::<String>::new());
    }
}

/// Characters of the longest line.
const LINE: usize = 120;

fn every_block_is_clean(design: &Design) {
    for block in BLOCKS {
        is_clean(design, block);
    }
}

fn the_unit_is_clean_at_every_depth(name: &str) {
    let unit = Block::named("processing_unit").expect("registered");
    for pipeline in ["1", "2", "3"] {
        is_clean(&common::variant(name, &[("pipeline", pipeline)]), unit);
    }
}

#[test]
fn every_block_of_pu4_is_clean_by_itself() {
    every_block_is_clean(&common::design("pu4"));
}

#[test]
fn every_block_of_an_accelerator_is_clean_by_itself() {
    every_block_is_clean(&common::design("accelerator4"));
}

#[test]
fn every_block_of_pu16_8of16_is_clean_by_itself() {
    every_block_is_clean(&common::design("pu16_8of16"));
}

#[test]
fn every_block_of_accelerator4_is_clean_by_itself() {
    every_block_is_clean(&common::design("accelerator4"));
}

#[test]
fn every_block_of_an_accelerator_with_blocks_is_clean_by_itself() {
    let blocks = "datapath:\n  n: 4\n  sparsity: {kind: block, nonzeros: 2, block: 4}";
    let text = common::text_of("accelerator4").replace("datapath:\n  n: 4", blocks);
    let design = Design::parse("accelerator4_2of4.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    every_block_is_clean(&design);
}

#[test]
fn every_block_of_no_design_above_is_clean_by_itself() {
    let above = ["pu4", "accelerator4", "pu16_8of16"].map(common::design);
    for block in BLOCKS.iter().filter(|block| above.iter().all(|design| block.netlist(design).is_none())) {
        let design = common::designs().find(|design| block.netlist(design).is_some());
        is_clean(&design.unwrap_or_else(|| panic!("no design has the block {}", block.name)), block);
    }
}

#[test]
fn pu16_is_clean_at_every_depth() {
    the_unit_is_clean_at_every_depth("pu16");
}

#[test]
fn pu16_8of16_is_clean_at_every_depth() {
    the_unit_is_clean_at_every_depth("pu16_8of16");
}

#[test]
fn six_lanes_are_clean_at_every_depth() {
    the_unit_is_clean_at_every_depth("pu6");
}

#[test]
fn eight_fixed_point_bits_are_clean_at_every_depth() {
    the_unit_is_clean_at_every_depth("pu8_q3_5");
}

#[test]
fn eight_fixed_point_bits_below_one_are_clean_at_every_depth() {
    the_unit_is_clean_at_every_depth("pu8_q1_7");
}

#[test]
fn sixteen_fixed_point_bits_are_clean_at_every_depth() {
    the_unit_is_clean_at_every_depth("pu16_q3_13");
}

#[test]
fn every_part_of_accelerator4_is_clean_by_itself() {
    every_part_is_clean(&common::design("accelerator4"));
}

#[test]
fn every_part_is_clean_with_lanes_that_are_parts_of_sixteen() {
    every_part_is_clean(&common::accelerator(16, [4, 2, 16], 128));
}

#[test]
fn every_part_is_clean_with_as_many_lanes_as_the_array() {
    every_part_is_clean(&common::accelerator(4, [4, 4, 4], 128));
    every_part_is_clean(&common::accelerator(16, [16, 16, 16], 128));
}

#[test]
fn every_part_is_clean_with_rows_that_are_shorter_than_a_tile() {
    every_part_is_clean(&common::accelerator(16, [16, 16, 16], 8));
    every_part_is_clean(&common::accelerator(16, [16, 8, 16], 4));
}

/// Between `lint_off` and `lint_on` every line says in a comment why it may be overlooked.
fn waivers_without_a_reason(source: &Source) -> Vec<String> {
    let mut waived = false;
    let mut found = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        if line.contains("verilator lint_off") {
            waived = true;
        } else if line.contains("verilator lint_on") {
            waived = false;
        } else if waived && !line.contains("// ") {
            found.push(format!("{}:{}: {}", source.file, number + 1, line.trim()));
        }
    }
    if waived {
        found.push(format!("{}: a waiver is never taken back", source.file));
    }
    found
}

#[test]
fn every_waiver_has_its_reason_and_its_end() {
    let mut waivers = 0;
    let mut designs = vec![common::design("accelerator4")];
    for name in ["pu4", "pu16_8of16", "pu6", "pu8_q3_5", "pu16_q3_13"] {
        designs.extend(["1", "2", "3"].map(|pipeline| common::variant(name, &[("pipeline", pipeline)])));
    }
    for design in designs {
        for (_, sources) in BLOCKS.iter().filter_map(|block| common::sources(&design, block)) {
            for source in sources {
                waivers += source.text.matches("verilator lint_off").count();
                assert_eq!(waivers_without_a_reason(&source), Vec::<String>::new());
            }
        }
    }
    assert!(waivers > 0, "no waiver was looked at");
}

#[test]
fn a_waiver_without_a_reason_or_an_end_is_found() {
    let bare = "/* verilator lint_off WIDTH */\nassign a = b;\n/* verilator lint_on WIDTH */\n";
    assert_eq!(waivers_without_a_reason(&Source::new("m.v", bare)), ["m.v:2: assign a = b;"]);
    let open = "/* verilator lint_off WIDTH */\nassign a = b;  // b is never wider than a\n";
    assert_eq!(waivers_without_a_reason(&Source::new("m.v", open)), ["m.v: a waiver is never taken back"]);
}
