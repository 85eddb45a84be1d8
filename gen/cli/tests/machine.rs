//! Encoders on the machine in Verilog, which answers as its interpreter does, bit for bit, and after every instruction.
#![allow(missing_docs)]

mod encoders;

use alberti_golden::{accelerator::Counters, entropy};
use alberti_model::{
    adapted::{Shape, synthetic},
    compile::{Compiled, Session},
};
use alberti_rtl::Design;
use encoders::{both, compiled, design, exits};

const LONGEST: usize = 32;

/// A machine of eight lanes with room for a small encoder.
fn machine8() -> Design {
    design(
        "machine4",
        &[
            ("name: machine4", "name: machine8"),
            ("n: 4", "n: 8"),
            ("accumulator_bits: 34", "accumulator_bits: 37"),
            ("reduction_max: 256", "reduction_max: 512"),
            ("activation: gelu", "activation: gelu_erf"),
            ("values: 65536", "values: 131072"),
            ("activation: {values: 32768,", "activation: {values: 65536,"),
            ("wide: {values: 16384}", "wide: {values: 32768}"),
            ("parameters: {rows: 256}", "parameters: {rows: 512}"),
            ("instructions: 64", "instructions: 256"),
        ],
    )
}

fn ids(seed: u32, count: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (seed * 31 + i * i * 7 + i) % 50).collect()
}

/// A small encoder for it.
fn small(design: &Design, shape: &Shape) -> Compiled {
    let sequences: Vec<_> = (0..12).map(|seed| ids(100 + seed, 8 + 2 * seed as usize)).collect();
    compiled(design, &synthetic(shape, 20), &sequences, LONGEST)
}

#[test]
fn two_tasks_that_share_an_encoder_answer_from_verilog_as_from_the_interpreter() {
    let design = machine8();
    let compiled = small(&design, &Shape::small(LONGEST));
    let mut verilog = Session::on(&compiled, both("tasks", &design, &compiled)).expect("a machine that is set up");
    let mut golden = Session::new(&compiled).expect("a machine that is set up");
    assert_eq!(verilog.loaded, golden.loaded);
    let threshold = entropy::threshold(0.5).expect("a threshold");
    let (mut whole, mut early) = (0, 0);
    for (seed, task) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        let ids = ids(seed, 9 + 5 * seed as usize);
        for threshold in [0, threshold] {
            let (got, expected) = (verilog.run(task, &ids, threshold), golden.run(task, &ids, threshold));
            let (got, expected) = (got.unwrap_or_else(|error| panic!("{error}")), expected.expect("a sound program"));
            assert_eq!((&got.logits, got.exit), (&expected.logits, expected.exit), "task {task}, seed {seed}");
            let counts = |c: &Counters| (c.instructions, c.vectors, c.held, c.bytes_read, c.bytes_written);
            assert_eq!(counts(&got.counters), counts(&expected.counters), "task {task}, seed {seed}");
            match got.exit {
                None => whole += 1,
                Some(_) => early += 1,
            }
        }
    }
    // Switching a task moves its parameters alone, as many bytes as the interpreter says.
    assert_eq!(verilog.loaded, golden.loaded);
    assert_eq!(verilog.loaded.len(), 4);
    assert!(whole >= 4 && early > 0, "{whole} {early}");
    let both = &mut verilog.machine_mut().0;
    let (rows, stored) = (both.compared(), both.same_memories().unwrap_or_else(|error| panic!("{error}")));
    assert!(rows > 10_000 && stored > 1000, "{rows} {stored}");
}

/// An exit behind layer k takes what k layers take, and a constant: each layer the same cycles, each the same vectors.
#[test]
fn an_exit_behind_a_layer_costs_the_layers_before_it() {
    let design = machine8();
    let compiled = small(&design, &Shape::small(LONGEST));
    let sentence = (0..40).map(|seed| ids(seed, 17 + seed as usize % 15));
    let found = sentence.map(|ids| (exits(&compiled, 0, &ids), ids)).find(|(exits, _)| exits.len() == 3);
    let (exits, ids) = found.expect("a sentence that can end behind each of three layers");
    let mut session = Session::on(&compiled, both("exits", &design, &compiled)).expect("a machine that is set up");
    let costs: Vec<(u64, u64)> = (exits.iter())
        .map(|&(layer, threshold)| {
            let answer = session.run(0, &ids, threshold).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(answer.exit, Some(layer));
            (answer.cycles.expect("Verilog has cycles"), answer.counters.vectors)
        })
        .collect();
    let layer = (costs[1].0 - costs[0].0, costs[1].1 - costs[0].1);
    assert_eq!((costs[2].0 - costs[1].0, costs[2].1 - costs[1].1), layer);
    // What comes before: tables are gathered and widened.
    assert!(costs[0].0 - layer.0 < layer.0 / 2, "{costs:?}");
}
