//! Every block as a netlist of standard cells: it passes the scenario that its Verilog passes.

#![allow(clippy::unwrap_used)]

mod common;

use alberti_arith::ActivationSet;
use alberti_harness::Seed;
use alberti_rtl::{
    Design,
    blocks::{BLOCKS, Block},
    design::activation_words,
};
use alberti_scenarios::Subject;
use alberti_synth::{Cache, Library, Recipe, Source, SynthJob, synthesise};

/// The netlist, models of its cells, and the behavioural memories that no netlist replaces.
fn gates(design: &Design, block: &Block) -> Vec<(String, String)> {
    let netlist = block.netlist(design).expect("the design has this block");
    let files = netlist.sources();
    let sources: Vec<Source> = files.iter().map(|(file, text)| Source::new(file, text)).collect();
    let library = Library::open_default().expect("the package qflow-tech-osu018");
    let recipe = Recipe::named("area", &library).expect("a recipe");
    let job = SynthJob::new(netlist.top(), &sources, &library, &recipe, 2000.0);
    let report =
        synthesise(&Cache::open().expect("a cache"), &job).unwrap_or_else(|error| panic!("{}: {error}", block.name));
    // An instance with parameters has a module of its own, `<name>__1`: those of macros name images, and none
    // is loaded here.
    let memories = report.memories.iter().map(|memory| {
        let name = memory.module.split("__").next().unwrap_or(&memory.module);
        let (_, text) = files.iter().find(|(file, _)| *file == format!("{name}.v")).expect("its model");
        let text = text.replace(&format!("module {name} ("), &format!("module {} (", memory.module));
        (format!("{}.v", memory.module), text)
    });
    let text = report.netlist().expect("a netlist");
    [("netlist.v".to_owned(), text), ("cells.v".to_owned(), report.cell_models(&library))]
        .into_iter()
        .chain(memories)
        .collect()
}

fn check(block: &str, design: &Design) {
    let seed = Seed::from_env().unwrap();
    let registered = Block::named(block).expect("the registry has every block");
    let subject = Subject::of_block(design, registered).expect("the design has this block");
    let subject = subject.with_sources(gates(design, registered));
    let outcome = alberti_scenarios::run(block, &subject, seed).expect("every block has a scenario");
    let outcome = outcome.unwrap_or_else(|error| panic!("{block} of {} in gates, seed {seed}: {error}", design.name));
    assert!(outcome.compared > 0, "{block} of {}: nothing was compared", design.name);
}

fn sparse() -> Design {
    common::variant("pu4", &[("  n: 4\n", "  n: 4\n  sparsity: {kind: block, nonzeros: 4, block: 8}\n")])
}

/// A memory for the masks of the weights, with other keys.
fn masked(keys: &str) -> Design {
    let masks = format!("{{values: 16384, latency: 1, masks: {{words: 4096, latency: 2{keys}}}}}");
    common::variant("pu4", &[("{values: 16384, latency: 1}", &masks)])
}

/// One test for each block and design, and the list of the blocks.
macro_rules! in_gates {
    ($($name:ident => $block:literal, $design:expr;)*) => {
        $(
            #[test]
            fn $name() {
                check($block, &$design);
            }
        )*

        /// The blocks that run in gates.
        const IN_GATES: &[&str] = &[$($block),*];
    };
}

in_gates! {
    a_stream_fifo_of_gates_equals_its_golden => "stream_fifo", common::design("pu4");
    a_bitmask_decoder_of_gates_equals_its_golden => "bitmask_decoder", common::design("pu4");
    a_bitmask_encoder_of_gates_equals_its_golden => "bitmask_encoder", common::design("pu4");
    the_decode_and_programming_of_an_rram_in_gates_equal_their_golden => "rram", masked(", kind: rram");
    a_code_of_gates_equals_its_golden => "secded", masked(", ecc: secded");
    a_record_reader_of_gates_equals_its_golden => "record_reader", masked(", ecc: secded");
    a_block_selection_of_gates_equals_its_golden => "block_select", sparse();
    a_lane_of_gates_equals_its_golden => "vmac", common::design("pu4");
    a_block_sparse_lane_of_gates_equals_its_golden => "vmac", sparse();
    an_array_of_gates_equals_its_golden => "vmac_array", common::design("pu4");
    a_block_sparse_array_of_gates_equals_its_golden => "vmac_array", sparse();
    an_accumulator_of_gates_equals_its_golden => "accumulator", common::design("pu4");
    an_activation_of_gates_equals_its_golden => "activation", common::design("pu4");
    a_requantiser_of_gates_equals_its_golden => "requantize", common::design("pu4");
    an_entropy_unit_of_gates_equals_its_golden => "entropy", common::design("pu4");
    a_top_k_unit_of_gates_equals_its_golden => "top_k", common::design("pu4");
    a_lane_of_gates_in_an_accelerator_equals_its_golden => "vmac", common::design("accelerator4");
    a_requantiser_of_gates_in_an_accelerator_equals_its_golden => "requantize", common::design("accelerator4");
    a_matrix_unit_of_gates_equals_its_golden => "matrix_unit", common::design("pu4");
    a_matrix_unit_of_gates_in_an_accelerator_equals_its_golden => "matrix_unit", common::design("accelerator4");
    a_processing_unit_of_gates_equals_its_golden => "processing_unit", common::design("pu4");
    an_elementwise_unit_of_gates_equals_its_golden => "elementwise", common::design("pu4");
    a_layer_norm_of_gates_equals_its_golden => "layernorm", common::design("pu4");
    registers_of_gates_equal_their_golden => "csr", common::design("pu4");
    a_port_to_external_memory_of_gates_equals_its_golden => "dma", common::design("accelerator4");
    a_softmax_of_gates_equals_its_golden => "softmax", common::design("pu4");
    a_softmax_without_buffer_of_gates_equals_its_golden => "softmax",
        common::variant("pu4", &[("length_max: 32}", "length_max: 32, row_buffer: false}")]);
    a_block_sparse_processing_unit_of_gates_equals_its_golden => "processing_unit", sparse();
}

/// Blocks that do not run in gates, and why.
const WITHOUT: [(&str, &str); 2] = [
    ("sram", "no netlist of cells replaces a memory: a macro of the technology does"),
    (
        "accelerator",
        "its scenario watches nets within, whose names no netlist keeps; its blocks run in gates, its sequencer as Verilog",
    ),
];

/// Every block that has no test of its own above, in the first design that has it, small ones before others.
#[test]
fn every_other_block_of_gates_equals_its_golden() {
    for (name, reason) in WITHOUT {
        assert!(Block::named(name).is_some(), "{name} is no block");
        assert!(!IN_GATES.contains(&name), "{name} does run in gates: {reason}");
    }
    let designs = [common::design("pu4"), common::design("accelerator4"), sparse(), masked(", ecc: secded")];
    let excused = |block: &&Block| WITHOUT.iter().any(|(name, _)| *name == block.name);
    for block in BLOCKS.iter().filter(|block| !IN_GATES.contains(&block.name) && !excused(block)) {
        let mut designs = designs.iter().cloned().chain(common::designs());
        let design = designs.find(|design| block.netlist(design).is_some());
        check(block.name, &design.unwrap_or_else(|| panic!("no design has the block {}", block.name)));
    }
}

/// Each other function as a design asks for it, whichever there are.
#[test]
fn every_other_activation_of_gates_equals_its_golden() {
    let usual = common::design("pu4").datapath.activation;
    for (word, set) in activation_words() {
        if ![ActivationSet::IDENTITY, usual].contains(&set) {
            check("activation", &activation_of(word));
        }
    }
    check("activation", &activation_of("[gelu_erf, tanh, silu]"));
}

fn activation_of(functions: &str) -> Design {
    common::variant("pu4", &[("activation: gelu", &format!("activation: {functions}"))])
}

#[test]
fn a_netlist_with_one_gate_changed_is_found() {
    let design = common::design("pu4");
    let registered = Block::named("vmac").expect("the registry has every block");
    let mut files = gates(&design, registered);
    // The first exclusive or of the netlist becomes its inverse.
    let (_, text) = files.first_mut().expect("a netlist");
    assert!(text.contains(" XOR2X1 "), "no such gate in the netlist");
    *text = text.replacen(" XOR2X1 ", " XNOR2X1 ", 1);
    let (_, cells) = files.get_mut(1).expect("cells");
    assert!(cells.contains("module XNOR2X1 "), "the netlist has none of those gates");
    let subject = Subject::of_block(&design, registered).expect("every design has one").with_sources(files);
    let outcome =
        alberti_scenarios::run("vmac", &subject, Seed::from_env().unwrap()).expect("every block has a scenario");
    assert!(outcome.is_err(), "a wrong gate is not found");
}
