//! SPARTAN memories on the accelerator in Verilog, beside its interpreter: every row that every instruction
//! writes, and what a layer with one takes.
#![allow(missing_docs, clippy::print_stdout)]

mod encoders;

use alberti_golden::hierarchical_softmax::Hierarchy;
use alberti_isa::Operation;
use alberti_model::{
    adapted::{AdapterKind, Shape, Span, TaskShape, synthetic},
    compile::Session,
};
use alberti_scenarios::accelerator::Timed;
use encoders::{both, compiled, design};

fn ids(seed: u32, count: usize, words: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (seed * 31 + i * i * 7 + i) % words as u32).collect()
}

/// A task with adapters and one with memories, switched back and forth.
#[test]
fn adapters_and_memories_are_resident_together_and_answer_from_verilog() {
    const LONGEST: usize = 32;
    let changes = [
        ("name: accelerator4", "name: accelerator8"),
        ("n: 4", "n: 8"),
        ("accumulator_bits: 34", "accumulator_bits: 37"),
        ("reduction_max: 256", "reduction_max: 512"),
        ("activation: gelu", "activation: gelu_erf"),
        ("values: 65536", "values: 131072"),
        ("activation: {values: 32768,", "activation: {values: 65536,"),
        ("wide: {values: 16384}", "wide: {values: 32768}"),
        ("parameters: {rows: 256}", "parameters: {rows: 512}"),
        ("instructions: 64", "instructions: 256"),
    ];
    let design = design("accelerator4", &changes);
    let of = Hierarchy { parents: 7, children: 3, largest: 4 };
    let model = synthetic(&Shape::small(LONGEST), 20).with_memories(1, of, 20);
    let sequences: Vec<_> = (0..12).map(|seed| ids(100 + seed, 8 + 2 * seed as usize, 50)).collect();
    let compiled = compiled(&design, &model, &sequences, LONGEST);
    let mut verilog =
        Session::on(&compiled, both("spartan", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
    for (seed, task) in [(1, 1), (2, 0), (3, 1), (4, 1)] {
        let ids = ids(seed, 9 + 5 * seed as usize, 50);
        let (got, expected) = (verilog.run(task, &ids, 0), golden.run(task, &ids, 0));
        let (got, expected) = (got.unwrap_or_else(|error| panic!("{error}")), expected.expect("a sound program"));
        assert_eq!(got.logits, expected.logits, "task {task}, seed {seed}");
    }
    assert_eq!(verilog.loaded, golden.loaded);
    let both = &mut verilog.engine_mut().0;
    let (rows, stored) = (both.compared(), both.same_memories().unwrap_or_else(|error| panic!("{error}")));
    assert!(rows > 5000 && stored > 1000, "{rows} {stored}");
}

/// What the second layer of the last program takes, from the storing of its off-ramp's logits to that of the
/// next one's: cycles and vectors.
fn second_layer(timeline: &[Timed]) -> (u64, u64) {
    let stores: Vec<usize> =
        (0..timeline.len()).filter(|&i| matches!(timeline[i].instruction.operation, Operation::Store(_))).collect();
    let done = |i: usize| timeline[stores[i]].done.expect("a unit does it");
    let vectors = timeline[stores[0]..stores[1]].iter().map(|timed| match timed.instruction.operation {
        Operation::Gemm(gemm) => (gemm.rows.get() * gemm.passes.get() * gemm.columns.get()) as u64,
        _ => 0,
    });
    (done(1) - done(0), vectors.sum())
}

#[test]
#[ignore = "minutes: two layers of ALBERT-base with four kinds of tasks, each row after every instruction"]
fn a_layer_with_a_memory_takes_1_3_percent_more_than_a_bare_one() {
    const TOKENS: usize = 128;
    const WORDS: usize = 1000;
    let design = design("accelerator16_albert", &[]);
    let base = Shape::albert_base();
    let task = |width, kind| TaskShape {
        adapters: [width; 2],
        kind,
        classes: 3,
        spans: vec![Span::Whole; 12],
        ..base.tasks[0].clone()
    };
    let (houlsby, pfeiffer) = (AdapterKind::Houlsby, AdapterKind::Pfeiffer);
    let tasks = vec![task(0, houlsby), task(0, houlsby), task(64, houlsby), task(64, pfeiffer)];
    let of = Hierarchy { parents: 16, children: 3, largest: 8 };
    let model = synthetic(&Shape { depth: 2, words: WORDS, tasks, ..base }, 5).with_memories(1, of, 5);
    let sequences: Vec<_> = (0..3).map(|seed| ids(100 + seed, 16 + 8 * seed as usize, WORDS)).collect();
    let compiled = compiled(&design, &model, &sequences, TOKENS);
    let mut session =
        Session::on(&compiled, both("layers", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
    println!("| task | vectors | more | cycles | more | bytes of a switch |");
    let mut bare = None;
    for (number, name) in ["bare", "SPARTAN 16, 3, 8", "Houlsby 64", "Pfeiffer 64"].into_iter().enumerate() {
        let ids = ids(1, TOKENS, WORDS);
        let answer = session.run(number, &ids, 0).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answer.logits, golden.run(number, &ids, 0).expect("a sound program").logits, "{name}");
        let (cycles, vectors) = second_layer(session.engine().0.timeline());
        let (least, fewest) = *bare.get_or_insert((cycles, vectors));
        let more = |now: u64, before: u64| 100.0 * (now as f64 / before as f64 - 1.0);
        let bytes = session.loaded.last().copied().unwrap_or_default();
        let (more_vectors, more_cycles) = (more(vectors, fewest), more(cycles, least));
        println!("| {name} | {vectors} | {more_vectors:.2} % | {cycles} | {more_cycles:.2} % | {bytes} |");
        if number == 1 {
            // 64 scores over 768 channels, and as many channels of 48 weights.
            assert_eq!(vectors - fewest, 128 * (4 * 48 + 48 * 3));
            assert!(more_cycles <= 1.3, "{more_cycles} %");
        }
    }
}
