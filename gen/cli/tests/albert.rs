//! ALBERT-base on the accelerator in Verilog, beside its interpreter: every row that every instruction
//! writes.
#![allow(missing_docs, clippy::print_stdout)]

mod encoders;

use alberti_isa::Operation;
use alberti_model::{
    adapted::{AdapterKind, OffRamps, Shape, Span, TaskShape, synthetic},
    compile::{Compiled, Session},
};
use alberti_rtl::Design;
use alberti_scenarios::accelerator::Timed;
use encoders::{both, compiled, design, exits};

/// Tokens of the longest sentence.
const TOKENS: usize = 128;

const HEADS: usize = 12;
const WORDS: usize = 30_000;

/// Spans of the heads as EdgeBERT learned them on SST-2, with its ramp of 32.
const SST2: [u16; HEADS] = [31, 0, 0, 0, 0, 101, 14, 5, 0, 36, 0, 0];

fn learned() -> Vec<Span> {
    SST2.map(|span| if span == 0 { Span::Skipped } else { Span::Limited { span, ramp: 5 } }).into()
}

fn whole() -> Vec<Span> {
    vec![Span::Whole; HEADS]
}

/// ALBERT-base with two tasks of these spans.
fn albert_base(depth: usize, words: usize, spans: [Vec<Span>; 2]) -> Shape {
    let task = |spans| TaskShape {
        adapters: [64, 64],
        kind: AdapterKind::Houlsby,
        classes: 3,
        off_ramps: OffRamps::Shared,
        head_layers: 1,
        spans,
    };
    Shape { depth, words, tasks: spans.map(task).into(), ..Shape::albert_base() }
}

/// `designs/accelerator16_albert.yaml`, for another n with units in proportion.
fn accelerator(n: u32) -> Design {
    let changes = [
        ("name: accelerator16_albert", format!("name: albert{n}")),
        ("n: 16", format!("n: {n}")),
        ("length_max: 128, lanes: 8", format!("length_max: 128, lanes: {}", n / 2)),
        ("length_max: 768, lanes: 8", format!("length_max: 768, lanes: {}", n / 2)),
        ("elementwise: {lanes: 8}", format!("elementwise: {{lanes: {}}}", n / 2)),
        ("masks: {words: 786432", format!("masks: {{words: {}", 16 * 786_432 / n)),
        ("parameters: {rows: 1024}", format!("parameters: {{rows: {}}}", 16 * 1024 / n)),
    ];
    let changes: Vec<_> = changes.iter().map(|(from, to)| (*from, to.as_str())).collect();
    design("accelerator16_albert", if n == 16 { &[] } else { &changes })
}

fn ids(seed: u32, count: usize, words: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (seed * 7919 + i * i * 31 + i * 977) % words as u32).collect()
}

fn albert(design: &Design, shape: &Shape) -> Compiled {
    let sequences: Vec<_> = (0..3).map(|seed| ids(100 + seed, 16 + 8 * seed as usize, shape.words)).collect();
    compiled(design, &synthetic(shape, 5), &sequences, TOKENS)
}

/// Vectors of one layer with an off-ramp, by arithmetic: tiles of each product times tokens.
fn vectors(n: usize, spans: &[Span]) -> u64 {
    let live = spans.iter().filter(|&&span| span != Span::Skipped).count();
    let (hidden, inner, adapter, keys, head) = (768 / n, 3072 / n, 64 / n, TOKENS / n, 64 / n);
    let projections = 3 * live * head * hidden;
    let scores = live * head * keys;
    let zeros = (HEADS - live) * head;
    let rest = hidden * hidden + 2 * hidden * inner + 4 * hidden * adapter;
    let context: usize = spans.iter().map(|&span| head * context(n, span)).sum();
    (TOKENS * (projections + scores + zeros + rest) + context + hidden) as u64
}

/// Vectors of a tile of a head's context, of two chunks of tokens. These spans are long: all of a chunk has
/// one window.
fn context(n: usize, span: Span) -> usize {
    let reach = match span {
        Span::Whole => TOKENS,
        Span::Limited { span, ramp } => usize::from(span) + (1 << ramp) - 1,
        Span::Skipped => return 0,
    };
    let chunk = TOKENS / 2;
    let tiles = |start: usize| (start + chunk - 1 + reach).min(TOKENS - 1) / n + 1 - start.saturating_sub(reach) / n;
    chunk * (tiles(0) + tiles(chunk))
}

/// What one layer of a run takes, from the storing of its logits to that of the next one's.
struct Layer {
    cycles: u64,
    vectors: u64,
}

/// The second layer of the last program: what the first one leaves unfinished it has to finish, and so has
/// every other.
fn second_layer(timeline: &[Timed]) -> Layer {
    let stores: Vec<usize> =
        (0..timeline.len()).filter(|&i| matches!(timeline[i].instruction.operation, Operation::Store(_))).collect();
    let done = |i: usize| timeline[stores[i]].done.expect("a unit does it");
    let vectors = timeline[stores[0]..stores[1]].iter().map(|timed| match timed.instruction.operation {
        Operation::Gemm(gemm) => (gemm.rows.get() * gemm.passes.get() * gemm.columns.get()) as u64,
        _ => 0,
    });
    Layer { cycles: done(1) - done(0), vectors: vectors.sum() }
}

#[test]
#[ignore = "a minute: 4 million cycles of an accelerator of 256 multipliers"]
fn a_layer_is_exact_after_every_instruction() {
    let design = accelerator(16);
    let compiled = albert(&design, &albert_base(1, WORDS, [whole(), learned()]));
    let mut session = Session::on(&compiled, both("layer", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
    let ids = ids(1, TOKENS, WORDS);
    let answer = session.run(0, &ids, 0).unwrap_or_else(|error| panic!("{error}"));
    let expected = golden.run(0, &ids, 0).expect("a sound program");
    assert_eq!((&answer.logits, answer.exit), (&expected.logits, None));
    let both = session.engine_mut();
    let (rows, stored) = (both.0.compared(), both.0.same_memories().unwrap_or_else(|error| panic!("{error}")));
    println!("{} cycles, {rows} rows compared as they were written, {stored} in the end", answer.cycles.unwrap_or(0));
    assert!(rows > 150_000 && stored > 50_000, "{rows} {stored}");
}

#[test]
#[ignore = "ten minutes: 90 million cycles of an accelerator of 256 multipliers"]
fn twelve_layers_two_tasks_and_early_exits_answer_from_verilog() {
    let design = accelerator(16);
    let compiled = albert(&design, &albert_base(12, WORDS, [whole(), learned()]));
    let mut session =
        Session::on(&compiled, both("twelve", &design, &compiled)).expect("an accelerator that is set up");
    let mut golden = Session::new(&compiled).expect("an accelerator that is set up");
    let long = ids(1, TOKENS, WORDS);
    let exits = exits(&compiled, 0, &long);
    println!("exits and their thresholds: {exits:?}");
    let mut run = |task: usize, ids: &[u32], threshold: u16| {
        let answer = session.run(task, ids, threshold).unwrap_or_else(|error| panic!("{error}"));
        let expected = golden.run(task, ids, threshold).expect("a sound program");
        assert_eq!((&answer.logits, answer.exit), (&expected.logits, expected.exit), "task {task}");
        let (cycles, counters) = (answer.cycles.expect("Verilog has cycles"), answer.counters);
        println!(
            "task {task}, {} tokens, exit {:?}: {cycles} cycles, {} vectors",
            ids.len(),
            answer.exit,
            counters.vectors
        );
        (answer.exit, cycles, counters.vectors)
    };
    let whole = run(0, &long, 0);
    let early: Vec<_> = exits.iter().take(2).map(|&(_, threshold)| run(0, &long, threshold)).collect();
    // The other task, and back: a shorter sentence.
    run(1, &ids(2, 32, WORDS), 0);
    run(0, &ids(3, 16, WORDS), 0);
    let [switch, back] = [2, 3].map(|i| session.loaded[i]);
    assert_eq!(session.loaded, golden.loaded);
    // Rows of codes: two adapters of two matrices, off-ramp and classifier. Rows of parameters: of each
    // adapter, layer norm and head.
    let (hidden, adapter) = (768 / 16, 64 / 16);
    let codes = 16 * 16 * (4 * adapter * hidden + 2 * hidden);
    let parameters = 80 * (2 * (adapter + hidden + hidden) + 2);
    assert_eq!((switch, back), ((codes + parameters + 3 * 64) as u64, switch));

    // A layer more costs what a layer costs.
    let [(Some(1), first, vectors_first), (Some(k), cycles, vectors_k)] = early[..] else { panic!("{early:?}") };
    let layers = u64::from(k) - 1;
    let layer = (cycles - first) / layers;
    assert_eq!((cycles - first) % layers, 0, "{first} {cycles}");
    let one = vectors(16, &self::whole());
    // The classifier reads as much as the off-ramp that the last layer does not have.
    assert_eq!((vectors_k - vectors_first, whole.2 - vectors_first), (layers * one, 11 * one));
    let tail = whole.1 as i64 - (first + 11 * layer) as i64;
    println!("a layer takes {layer} cycles, all 12 {}; the classifier {tail} more than an off-ramp", whole.1);
    assert!(tail.abs() < 100_000, "{tail}");
}

#[test]
#[ignore = "ten minutes: two layers each at n = 4, 8, 16 and 32"]
fn cycles_of_a_layer() {
    println!("|  n | spans   | vectors | cycles | array | M·K·N/n² | of cycles |");
    for n in [32, 16, 8, 4] {
        let design = accelerator(n);
        // Words are no layer's: few of them make small images.
        let compiled = albert(&design, &albert_base(2, 1000, [whole(), learned()]));
        let mut session =
            Session::on(&compiled, both("cycles", &design, &compiled)).expect("an accelerator that is set up");
        for (task, spans) in [whole(), learned()].iter().enumerate().take(if n == 16 { 2 } else { 1 }) {
            session.run(task, &ids(1, TOKENS, 1000), 0).unwrap_or_else(|error| panic!("{error}"));
            let layer = second_layer(session.engine().0.timeline());
            assert_eq!(layer.vectors, vectors(n as usize, spans));
            // The same for every layer: what does not belong to one is not among them.
            let products = compiled.products(task, TOKENS) - products_of_projection();
            let least = products / 2 / u64::from(n * n);
            let share = |part: u64| 100.0 * part as f64 / layer.cycles as f64;
            let busy = share(layer.vectors);
            println!(
                "| {n:2} | {} | {} | {} | {busy:.2} % | {least} | {:.2} % |",
                if task == 0 { "whole" } else { "SST-2" },
                layer.vectors,
                layer.cycles,
                share(least)
            );
            assert!(n != 16 || busy >= 97.0, "{busy}");
        }
    }
}

/// Products that widen the embedding.
fn products_of_projection() -> u64 {
    (768 * 128 * TOKENS) as u64
}
