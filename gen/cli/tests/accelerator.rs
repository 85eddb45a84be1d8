//! Encoders on the accelerator in Verilog, which answers as its interpreter does, bit for bit, and after
//! every instruction.
#![allow(missing_docs, clippy::print_stdout)]

mod encoders;

use alberti_golden::{accelerator::Counters, entropy};
use alberti_model::{
    BlockSparsity,
    adapted::{AdapterKind, OffRamps, Shape, Span, TaskShape, synthetic},
    compile::{Compiled, Session},
    prune::Pruning,
};
use alberti_rtl::Design;
use encoders::{both, compiled, design, exits};

const LONGEST: usize = 32;

/// What makes accelerator4 an accelerator of eight lanes with room for a small encoder.
const EIGHT_LANES: [(&str, &str); 10] = [
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

fn accelerator8() -> Design {
    design("accelerator4", &EIGHT_LANES)
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
    let design = accelerator8();
    let compiled = small(&design, &Shape::small(LONGEST));
    let mut verilog = Session::on(&compiled, both("tasks", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
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
    let both = &mut verilog.engine_mut().0;
    let (rows, stored) = (both.compared(), both.same_memories().unwrap_or_else(|error| panic!("{error}")));
    assert!(rows > 10_000 && stored > 1000, "{rows} {stored}");
}

/// An exit after layer k takes what k layers take, and a constant: each layer the same cycles, each the same
/// vectors.
#[test]
fn an_exit_behind_a_layer_costs_the_layers_before_it() {
    let design = accelerator8();
    let compiled = small(&design, &Shape { depth: 4, ..Shape::small(LONGEST) });
    let sentence = (0..40).map(|seed| ids(seed, 17 + seed as usize % 15));
    let found = sentence.map(|ids| (exits(&compiled, 0, &ids), ids)).find(|(exits, _)| exits.len() == 3);
    let (exits, ids) = found.expect("a sentence that can end after each of the first three layers");
    let mut session = Session::on(&compiled, both("exits", &design, &compiled)).expect("an accelerator that is set up");
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

/// Each layer before the last has an off-ramp of its own, with logits of its own.
#[test]
fn off_ramps_of_single_layers_answer_from_verilog() {
    let design = accelerator8();
    let own = |task: TaskShape| TaskShape { off_ramps: OffRamps::Own, ..task };
    let shape = Shape::small(LONGEST);
    let compiled = small(&design, &Shape { tasks: shape.tasks.iter().cloned().map(own).collect(), ..shape });
    let sentence = (0..40).map(|seed| ids(seed, 17 + seed as usize % 15));
    let found = sentence.map(|ids| (exits(&compiled, 0, &ids), ids)).find(|(exits, _)| exits.len() == 2);
    let (exits, ids) = found.expect("a sentence that can end after each of the first two layers");
    let mut verilog = Session::on(&compiled, both("own", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
    let ends = exits.iter().map(|&(layer, threshold)| (Some(layer), threshold)).chain([(None, 0)]);
    let logits: Vec<_> = ends
        .map(|(exit, threshold)| {
            let got = verilog.run(0, &ids, threshold).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(got.exit, exit);
            assert_eq!(got.logits, golden.run(0, &ids, threshold).expect("a sound program").logits);
            got.logits
        })
        .collect();
    assert!(logits[0] != logits[1] && logits[1] != logits[2], "{logits:?}");
}

/// Heads of two layers with tanh between, and adapters that read the input and the normalised sum.
#[test]
fn pooled_heads_and_adapters_of_other_wirings_answer_from_verilog() {
    let functions = EIGHT_LANES.map(|(from, to)| match to {
        "activation: gelu_erf" => (from, "activation: [gelu_erf, tanh]"),
        _ => (from, to),
    });
    let design = design("accelerator4", &functions);
    let mut shape = Shape::small(LONGEST);
    shape.tasks.iter_mut().zip([AdapterKind::HoulsbyOfInput, AdapterKind::Pfeiffer]).for_each(|(task, kind)| {
        (task.kind, task.head_layers) = (kind, 2);
    });
    let compiled = small(&design, &shape);
    let mut verilog =
        Session::on(&compiled, both("pooled", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
    let mut answers = Vec::new();
    for (seed, task, nats) in [(1, 0, 0.0), (2, 1, 0.0), (3, 0, 2.0), (4, 1, 2.0)] {
        let (ids, threshold) = (ids(seed, 9 + 5 * seed as usize), entropy::threshold(nats).expect("a threshold"));
        let got = verilog.run(task, &ids, threshold).unwrap_or_else(|error| panic!("{error}"));
        let expected = golden.run(task, &ids, threshold).expect("a sound program");
        assert_eq!((&got.logits, got.exit), (&expected.logits, expected.exit), "task {task}, seed {seed}");
        assert_eq!(got.exit, (nats > 0.0).then_some(1));
        answers.push(got.logits);
    }
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 4, "{answers:?}");
}

/// What a head does not see costs neither vectors nor cycles.
#[test]
fn tiles_outside_of_a_span_take_no_cycles() {
    let design = accelerator8();
    let task = |spans| TaskShape {
        adapters: [0, 0],
        kind: AdapterKind::Houlsby,
        classes: 3,
        off_ramps: OffRamps::None,
        head_layers: 1,
        spans,
    };
    let near = |span, ramp| Span::Limited { span, ramp };
    // Of 4 tiles of keys, pairs of tiles of queries see 3, or each sees itself.
    let spans = [Span::Whole, near(1, 2), near(0, 0), near(40, 0)];
    let tasks = [vec![Span::Whole; 4], spans.into()].map(task).into();
    let compiled = small(&design, &Shape { depth: 1, tasks, ..Shape::small(LONGEST) });
    let mut verilog = Session::on(&compiled, both("spans", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
    let [whole, near] = [0, 1].map(|task| {
        let ids = ids(1, LONGEST);
        let got = verilog.run(task, &ids, 0).unwrap_or_else(|error| panic!("{error}"));
        let expected = golden.run(task, &ids, 0).expect("a sound program");
        assert_eq!(got.logits, expected.logits);
        (got.cycles.expect("Verilog has cycles"), got.counters.vectors)
    });
    let columns = 2;
    let left_out = columns * 32 * ((4 - 3) + (4 - 1));
    assert_eq!(whole.1 - near.1, left_out);
    println!("{left_out} vectors less take {} cycles less of {}", whole.0 as i64 - near.0 as i64, whole.0);
    assert!(near.0 + left_out <= whole.0, "{near:?} {whole:?}");
}

/// Most that a layer in 8:16 blocks may take of the cycles of a dense one.
const MOST: f64 = 0.56;

/// Cycles of one layer in Verilog, dense and pruned 8:16 on the same machine: what a second layer adds.
fn cycles_of_a_layer(design: &Design, shape: &Shape, tokens: usize) -> [u64; 2] {
    let blocks = BlockSparsity::new(8, 16).expect("such blocks");
    [Pruning::Dense, Pruning::Block(blocks)].map(|pruning| {
        let [one, two] = [1, 2].map(|depth| {
            let mut model = synthetic(&Shape { depth, ..shape.clone() }, 3);
            model.backbone = model.backbone.pruned(pruning, Pruning::Dense).expect("blocks can be pruned");
            let sequences: Vec<_> = (0..2).map(|seed| ids(100 + seed, tokens)).collect();
            let compiled = compiled(design, &model, &sequences, tokens);
            let mut session = Session::on(&compiled, both("layer", design, &compiled)).expect("it is set up");
            let answer = session.run(0, &ids(1, tokens), 0).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((answer.counters.mask_errors, answer.counters.misplaced), (0, 0));
            answer.cycles.expect("Verilog has cycles")
        });
        two - one
    })
}

/// A layer without anything of a task's, all of whose heads see everything.
fn backbone(hidden: usize, heads: usize, inner: usize, tokens: usize) -> Shape {
    let task = TaskShape {
        adapters: [0, 0],
        kind: AdapterKind::Houlsby,
        classes: 0,
        off_ramps: OffRamps::None,
        head_layers: 1,
        spans: vec![Span::Whole; heads],
    };
    Shape { embedding: hidden, hidden, heads, inner, depth: 1, tasks: vec![task], ..Shape::small(tokens) }
}

fn takes_half(design: &Design, shape: &Shape, tokens: usize) {
    let [dense, blocks] = cycles_of_a_layer(design, shape, tokens);
    let ratio = blocks as f64 / dense as f64;
    println!("{}: a layer of {tokens} tokens takes {dense} cycles dense, {blocks} in blocks: {ratio:.3}", design.name);
    assert!(ratio <= MOST, "{blocks} of {dense} cycles: {ratio:.3}");
}

#[test]
fn a_layer_in_blocks_takes_half_of_the_cycles() {
    let blocks = [
        ("name: accelerator8", "name: accelerator8_8of16"),
        ("  n: 8", "  n: 8\n  sparsity: {kind: block, nonzeros: 8, block: 16}"),
        ("softmax: {length_max: 64, lanes: 2}", "softmax: {length_max: 64, lanes: 4}"),
        ("layernorm: {length_max: 128, lanes: 2}", "layernorm: {length_max: 128, lanes: 4}"),
        ("elementwise: {lanes: 2}", "elementwise: {lanes: 8}"),
        ("banks: 2", "banks: 4"),
        ("values: 131072", "values: 262144"),
    ];
    let design = design("accelerator4", &[&EIGHT_LANES[..], &blocks].concat());
    takes_half(&design, &backbone(128, 4, 512, 16), 16);
}

#[test]
#[ignore = "minutes: layers of 384 channels and 128 tokens at 16 lanes"]
fn a_layer_of_the_trained_encoders_shape_takes_half_of_the_cycles_at_sixteen_lanes() {
    takes_half(&design("accelerator16_8of16", &[]), &backbone(384, 12, 1536, 128), 128);
}
