//! How many sentences a minute the interpreter answers: ALBERT-base with adapters, 128 tokens, on one thread
//! and on two.
//!
//! `make bench`; `cargo bench -p alberti-model`. The accelerator decides the absolute figures; the last
//! column relates them to the first row of the same run.

#![allow(clippy::print_stdout)]

use alberti_arith::Activation;
use alberti_golden::{
    accelerator::AcceleratorConfig,
    encoder::{Arithmetic, Span},
    softmax::Maximum,
};
use alberti_model::{
    adapted::{AdapterKind, OffRamps, Shape, TaskShape, synthetic},
    compile::{Compiled, Session, quantise_encoder},
};
use std::{thread, time::Instant};

const TOKENS: u32 = 128;

/// Sentences that each thread reads.
const SENTENCES: u32 = 2;

fn main() {
    let shape = albert_base();
    let model = synthetic(&shape, 1);
    let calibration = model.calibrate(&[ids(&shape, 0)[..32].to_vec()]).expect("ids of the model");
    let encoder = quantise_encoder(&model, &calibration, &accelerator()).expect("ranges that fit");
    let compiled = Compiled::new(encoder, accelerator(), TOKENS as usize).expect("it fits the accelerator");
    let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("such a softmax");
    let ready = Session::new(&compiled).expect("an accelerator");

    println!("{:<12} {:>8} {:>20} {:>19} {:>9}", "engine", "threads", "s a sentence", "sentences a minute", "relative");
    let mut first = None;
    let mut row = |engine: &str, threads: u32, seconds: f64| {
        let rate = 60.0 * f64::from(threads * SENTENCES) / seconds;
        let (each, relative) = (seconds / f64::from(SENTENCES), rate / *first.get_or_insert(rate));
        println!("{engine:<12} {threads:>8} {each:>20.2} {rate:>19.1} {relative:>9.2}");
    };
    let (encoder, arithmetic, shape) = (compiled.encoder(), &arithmetic, &shape);
    for threads in [1, 2] {
        let seconds = run(threads, |number| {
            let mut session = ready.clone();
            move |sentence| {
                let answer = session.run(0, &ids(shape, number * SENTENCES + sentence), 0).expect("a sound program");
                assert_eq!(answer.logits.len(), 2);
            }
        });
        row("programs", threads, seconds);
    }
    for threads in [1, 2] {
        let seconds = run(threads, |number| {
            move |sentence| {
                let ids = ids(shape, number * SENTENCES + sentence);
                encoder.run(arithmetic, &encoder.tasks[0], &ids, 0).expect("a sound encoder");
            }
        });
        row("equations", threads, seconds);
    }
}

/// Seconds until every thread has done its sentences.
fn run<F: FnMut(u32) + Send>(threads: u32, worker: impl Fn(u32) -> F) -> f64 {
    let workers: Vec<F> = (0..threads).map(worker).collect();
    let start = Instant::now();
    thread::scope(|scope| {
        for mut work in workers {
            scope.spawn(move || (0..SENTENCES).for_each(&mut work));
        }
    });
    start.elapsed().as_secs_f64()
}

fn ids(shape: &Shape, sentence: u32) -> Vec<u32> {
    (0..TOKENS).map(|token| (7919 * token + 104_729 * sentence) % shape.words as u32).collect()
}

fn albert_base() -> Shape {
    let task = TaskShape {
        adapters: [64, 64],
        kind: AdapterKind::Houlsby,
        classes: 2,
        off_ramps: OffRamps::Shared,
        head_layers: 1,
        spans: vec![Span::Whole; 12],
    };
    Shape { tasks: vec![task], ..Shape::albert_base() }
}

/// An accelerator with room for it.
fn accelerator() -> AcceleratorConfig {
    AcceleratorConfig {
        n: 16,
        sparsity: None,
        accumulator_bits: 37,
        accumulator_rows: 128,
        passes_max: 192,
        zero_skip: true,
        activation: Activation::Gelu.into(),
        maximum: Maximum::Running,
        softmax_lanes: 8,
        softmax_max: 128,
        hierarchy_max: None,
        layernorm_max: 768,
        classes_max: 8,
        activation_rows: 1 << 16,
        wide_rows: 1 << 16,
        parameter_rows: 4096,
        index_words: 512,
        value_rows: 1 << 20,
        mask_words: 1 << 20,
        mask_check_bits: 0,
        program_instructions: 1024,
        bus_bytes: 8,
        bus_address_bits: 40,
    }
}
