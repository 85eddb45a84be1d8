//! Encoders that tasks share, with adapters, spans and off-ramps: in f32, in integers, and as programs.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use alberti_arith::Activation;
use alberti_golden::{
    accelerator::AcceleratorConfig,
    encoder::{Arithmetic, Span},
    entropy,
};
use alberti_isa::Operation;
use alberti_model::{
    Metrics,
    adapted::{Adapted, AdapterKind, OffRamps, Shape, TaskShape, synthetic},
    compile::{Compiled, Session, quantise_encoder, reals},
    sentence::Tokens,
};
use common::encoders::{accelerator, ids};

const SEED: u64 = 20;
const LONGEST: usize = 32;

/// An accelerator for it.
fn accelerator8() -> AcceleratorConfig {
    AcceleratorConfig {
        activation: Activation::GeluErf.into(),
        accumulator_rows: 32,
        value_rows: 16384,
        mask_words: 16384,
        ..accelerator(8)
    }
}

fn compiled(model: &Adapted, config: &AcceleratorConfig) -> Compiled {
    let sequences: Vec<_> = (0..12).map(|seed| ids(100 + seed, 8 + 2 * seed as usize)).collect();
    let calibration = model.calibrate(&sequences).expect("short sequences");
    let encoder = quantise_encoder(model, &calibration, config).expect("a sound encoder");
    Compiled::new(encoder, config.clone(), LONGEST).expect("it fits")
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let row = |data: &[f32]| alberti_model::Matrix { rows: 1, cols: data.len(), data: data.to_vec() };
    Metrics::between(&row(a), &row(b)).cosine
}

#[test]
fn tasks_that_share_an_encoder_run_as_programs_and_stay_near_f32() {
    let model = synthetic(&Shape::small(LONGEST), SEED);
    let compiled = compiled(&model, &accelerator8());
    let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("an accelerator");
    let mut session = Session::new(&compiled).expect("an accelerator");
    let nats = 0.5;
    let threshold = entropy::threshold(nats).expect("a threshold");
    let (mut logits, mut hidden, mut exits, mut agree, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    for (seed, task) in (0..16).flat_map(|seed| [(seed, 0), (seed, 1)]) {
        let ids = ids(seed, 9 + seed as usize);
        let exact = model.forward(task, &ids).expect("a short sequence");
        let equations = |threshold| {
            let task = &compiled.encoder().tasks[task];
            compiled.encoder().run(&arithmetic, task, &ids, threshold).expect("a sound encoder")
        };
        let whole = session.run(task, &ids, 0).expect("a sound program");
        let expected = equations(0);
        assert_eq!((&whole.logits, whole.exit), (&expected.logits, None));
        logits.push(cosine(&reals(&whole.logits, 3).data, &exact.logits));
        hidden.push(Metrics::between(&reals(&expected.hidden, 64), &exact.forward.hidden).cosine);
        let early = session.run(task, &ids, threshold).expect("a sound program");
        let expected = equations(threshold);
        assert_eq!((&early.logits, early.exit.map(|e| e as usize)), (&expected.logits, expected.exit));
        exits.push(expected.exit);
        count += 1;
        agree += usize::from(expected.exit == exact.exit(nats).map(|(layer, _)| layer));
    }
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    println!("hidden {}, logits {}, {agree} of {count} exits as in f32: {exits:?}", mean(&hidden), mean(&logits));
    assert!(mean(&hidden) > 0.99 && mean(&logits) > 0.98);
    assert!(agree * 10 >= count * 8);
    let layers: std::collections::BTreeSet<_> = exits.into_iter().collect();
    assert!(layers.len() > 1, "{layers:?}");
}

#[test]
fn the_second_sentence_of_a_pair_takes_its_own_row_of_the_types() {
    let model = synthetic(&Shape::small(LONGEST), SEED);
    let compiled = compiled(&model, &accelerator8());
    let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("an accelerator");
    let mut session = Session::new(&compiled).expect("an accelerator");
    let ids = ids(5, 21);
    let types = (0..21).map(|position| u32::from(position >= 11)).collect();
    let pair = Tokens { ids: ids.clone(), types };
    let task = &compiled.encoder().tasks[1];
    let expected = compiled.encoder().run(&arithmetic, task, &pair, 0).expect("a sound encoder");
    let answer = session.run(1, &pair, 0).expect("a sound program");
    assert_eq!(answer.logits, expected.logits);
    assert_ne!(answer.logits, session.run(1, &ids, 0).expect("a sound program").logits);
    let exact = model.forward(1, &pair).expect("a short sequence");
    let hidden = Metrics::between(&reals(&expected.hidden, 64), &exact.forward.hidden).cosine;
    let single = model.forward(1, &ids).expect("a short sequence");
    let other = Metrics::between(&reals(&expected.hidden, 64), &single.forward.hidden).cosine;
    assert!(hidden > 0.98 && hidden > other, "{hidden} {other}");
    // What the off-ramps say on the way to the end is what ends it.
    let pass = compiled.encoder().off_ramps(&arithmetic, task, &pair).expect("a sound encoder");
    let (ramps, logits) = (pass.off_ramps, pass.logits);
    assert_eq!((ramps.len(), logits), (2, expected.logits));
    for nats in [0.2, 0.5, 0.8, 1.0] {
        let threshold = entropy::threshold(nats).expect("a threshold");
        let exits = |ramp: &[i16]| entropy::decide(ramp, threshold).expect("three classes").exit;
        let first = ramps.iter().find(|(_, logits)| exits(logits)).map(|&(layer, _)| layer);
        let run = compiled.encoder().run(&arithmetic, task, &pair, threshold).expect("a sound encoder");
        assert_eq!(run.exit, first, "{nats}");
    }
}

#[test]
fn a_switch_moves_the_task_alone_and_one_loop_serves_all_layers() {
    let model = synthetic(&Shape::small(LONGEST), SEED);
    let compiled = compiled(&model, &accelerator8());
    let mut session = Session::new(&compiled).expect("an accelerator");
    for task in [0, 1, 1, 0] {
        session.run(task, &ids(1, 20), 0).expect("a sound program");
    }
    // Dense rows of 8 codes; parameter rows of 40 bytes; a program of two loads.
    let dense = |width: usize| 2 * 64 * width;
    let heads = 2 * 8 * 64;
    let rows = |widths: [usize; 2]| {
        let adapters: usize = widths.iter().map(|&width| width.div_ceil(8) + 8).sum();
        40 * (2 * 8 + adapters + 2)
    };
    let bytes = |widths: [usize; 2]| (3 * 64 + heads + widths.map(dense).iter().sum::<usize>() + rows(widths)) as u64;
    assert_eq!(session.loaded[1..], [bytes([16, 16]), bytes([16, 8]), bytes([16, 16])]);
    let program = compiled.sentence(0, LONGEST).expect("a short sentence").program;
    let loops = program.instructions.iter().filter(|i| matches!(i.operation, Operation::Repeat(_))).count();
    assert_eq!(loops, 1, "the last layer, which no off-ramp follows, stands by itself");
}

/// The accelerator's layer norm has no epsilon: one that would show is refused.
#[test]
fn an_epsilon_that_would_change_results_is_refused() {
    let mut model = synthetic(&Shape::small(LONGEST), SEED);
    let sequences: Vec<_> = (0..4).map(|seed| ids(seed, 20)).collect();
    let mut quantised = |epsilon| {
        model.backbone.config.layer_norm_eps = epsilon;
        let calibration = model.calibrate(&sequences).expect("short sequences");
        (calibration.least_variance(), quantise_encoder(&model, &calibration, &accelerator8()))
    };
    let (variance, encoder) = quantised(1e-12);
    assert!(encoder.is_ok() && (1e-4..1e-1).contains(&variance), "{variance}");
    assert!(quantised(1e-6).1.is_ok());
    let error = quantised(0.5).1.expect_err("embeddings are small");
    assert_eq!(error.code().as_str(), "AE0714");
    assert!(error.to_string().contains("layer_norm_eps is 5e-1, the least variance of a row "), "{error}");
    assert!(error.help().contains("layer_norm_eps of at most"), "{}", error.help());
}

#[test]
fn distinct_layers_without_adapters_are_the_checkpoint_itself() {
    let shape = Shape {
        embedding: 64,
        shared: false,
        activation: Activation::Relu,
        tasks: vec![TaskShape {
            adapters: [0, 12],
            kind: AdapterKind::Houlsby,
            classes: 0,
            off_ramps: OffRamps::None,
            head_layers: 1,
            spans: vec![Span::Whole; 4],
        }],
        ..Shape::small(LONGEST)
    };
    let model = synthetic(&shape, SEED);
    assert_eq!(synthetic(&shape, SEED).tasks, model.tasks);
    let compiled = compiled(&model, &AcceleratorConfig { parameter_rows: 1024, ..accelerator8() });
    let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("an accelerator");
    let mut session = Session::new(&compiled).expect("an accelerator");
    let ids = ids(3, 25);
    let answer = session.run(0, &ids, 0).expect("a sound program");
    let task = &compiled.encoder().tasks[0];
    assert_eq!(answer.hidden, compiled.encoder().run(&arithmetic, task, &ids, 0).expect("an encoder").hidden);
    let exact = model.forward(0, &ids).expect("a short sequence").forward.hidden;
    let metrics = Metrics::between(&reals(&answer.hidden, 64), &exact);
    assert!(metrics.cosine > 0.99, "{metrics}");
    // Without tasks of its own, the encoder is what the reference makes of its checkpoint.
    let plain = Adapted::from(model.backbone.clone()).forward(0, &ids).expect("a short sequence").forward;
    let reference = alberti_model::reference::forward(&model.backbone, &ids).expect("a short sequence");
    assert_eq!(plain.hidden, reference.hidden);
}
