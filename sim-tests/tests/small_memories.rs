//! Memories of one word and of a few: whatever their kind and depth, their Verilog is clean and they hold what
//! is written.

mod common;

use alberti_cost::area::sources;
use alberti_harness::Seed;
use alberti_rtl::{Design, memory::Technology, netlist::Netlist};
use alberti_scenarios::Subject;
use alberti_synth::lint;

fn is_clean(netlist: &Netlist, what: &str) {
    assert_eq!(lint(&sources(netlist), netlist.top()).expect("the readers"), [], "{what}");
}

/// Reads and simulates every memory of a design.
fn hold(text: &str) {
    let design = Design::parse("few.yaml", text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let technology = Technology::shipped().expect("the technology that is built in");
    let (memories, problems) = alberti_rtl::memories(&design, &technology);
    assert_eq!(problems.to_string(), "", "{text}");
    for memory in memories {
        is_clean(&memory.netlist, text);
        let subject = Subject::new(&design, &memory.netlist);
        let outcome = alberti_scenarios::run_memory(&subject, &technology, &memory, Seed(1));
        outcome.unwrap_or_else(|error| panic!("{}: {error}\n{text}", memory.netlist.top()));
    }
}

/// A processing unit of two lanes: its weights take two words at least, the others one.
fn unit(words: u32, kind: &str) -> String {
    let values = 2 * words;
    format!(
        "name: few\ndatapath: {{n: 2, operand: af8_3, accumulator_bits: 27, accumulator_rows: 2, reduction_max: 2}}\n\
         memories:\n  weight: {{values: {}, latency: 2{kind}, masks: {{words: {}, latency: 2, ecc: secded{kind}}}}}\n  \
         activation: {{values: {values}, latency: 2{kind}}}\n  result: {{values: {values}}}\n\
         clock: {{frequency_mhz: 100}}\n",
        values.max(4),
        words.max(3)
    )
}

#[test]
fn memories_of_one_to_five_words_hold_in_sram() {
    (1..=5).for_each(|words| hold(&unit(words, "")));
}

#[test]
fn memories_of_one_to_five_words_hold_in_rram() {
    (1..=5).for_each(|words| hold(&unit(words, ", kind: rram, bits_per_cell: 2")));
}

/// An accelerator of which each memory has its fewest words.
fn accelerator(change: (&str, &str)) -> Design {
    let small = [
        ("weight:\n    values: 65536", "weight:\n    values: 16"),
        ("masks: {words: 32768", "masks: {words: 5"),
        ("activation: {values: 32768", "activation: {values: 8"),
        ("result: {values: 4096}", "result: {values: 4}"),
        ("banks: 2", "banks: 1"),
        ("wide: {values: 16384}", "wide: {values: 4}"),
        ("parameters: {rows: 256}", "parameters: {rows: 1}"),
        ("program: {instructions: 64}", "program: {instructions: 1}"),
        ("index: {words: 256}", "index: {words: 1}"),
    ];
    let changes: Vec<_> =
        small.into_iter().map(|(from, to)| if from == change.0 { change } else { (from, to) }).collect();
    common::variant("accelerator4", &changes)
}

#[test]
fn an_accelerator_of_the_smallest_memories_is_clean() {
    for change in [
        ("", ""),
        ("index: {words: 256}", "index: {words: 2}"),
        ("program: {instructions: 64}", "program: {instructions: 2}"),
        ("parameters: {rows: 256}", "parameters: {rows: 2}"),
        ("wide: {values: 16384}", "wide: {values: 8}"),
    ] {
        let netlist = alberti_rtl::elaborate(&accelerator(change)).unwrap_or_else(|problems| panic!("{problems}"));
        is_clean(&netlist, change.1);
    }
}

#[test]
fn banks_of_two_words_are_clean() {
    let banks = [("activation: {values: 32768", "activation: {values: 128"), ("banks: 2", "banks: 16")];
    let netlist = alberti_rtl::elaborate(&common::variant("accelerator4", &banks));
    is_clean(&netlist.unwrap_or_else(|problems| panic!("{problems}")), "banks of two words");
}
