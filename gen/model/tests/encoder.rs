//! The trained encoder as a program of the accelerator, against its equations in integers and against f32.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use alberti_arith::Activation;
use alberti_golden::{accelerator::AcceleratorConfig, encoder::Arithmetic, softmax::Maximum};
use alberti_model::{
    Metrics,
    adapted::Adapted,
    compile::{Compiled, Session, quantise_encoder, reals},
    demo::sentences,
    reference::forward,
};
use common::model;

/// The accelerator of `designs/accelerator16.yaml`.
fn accelerator16() -> AcceleratorConfig {
    AcceleratorConfig {
        n: 16,
        accumulator_bits: 37,
        accumulator_rows: 128,
        passes_max: 96,
        zero_skip: true,
        sparsity: None,
        activation: Activation::GeluErf.into(),
        maximum: Maximum::Running,
        softmax_lanes: 8,
        softmax_max: 128,
        hierarchy_max: None,
        layernorm_max: 384,
        classes_max: 16,
        activation_rows: 1 << 14,
        wide_rows: 1 << 13,
        parameter_rows: 2048,
        index_words: 384,
        value_rows: 1_441_792,
        mask_words: 1_572_864,
        mask_check_bits: 0,
        program_instructions: 512,
        bus_bytes: 8,
        bus_address_bits: 40,
    }
}

#[test]
fn the_trained_encoder_runs_as_a_program_and_stays_near_f32() {
    let model = model();
    let adapted = Adapted::from(model.checkpoint.clone());
    let encoder = quantise_encoder(&adapted, &model.calibration, &accelerator16()).expect("a sound encoder");
    let compiled = Compiled::new(encoder, accelerator16(), 128).expect("it fits");
    let mut session = Session::new(&compiled).expect("an accelerator");
    let mut cosines = Vec::new();
    for (number, sentence) in sentences().into_iter().take(13).step_by(3).enumerate() {
        let ids = model.tokenizer.encode(&sentence, &model.checkpoint).expect("a short sentence");
        let answer = session.run(0, &ids, 0).expect("a sound program");
        if number == 0 {
            let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("an accelerator");
            let task = &compiled.encoder().tasks[0];
            let expected = compiled.encoder().run(&arithmetic, task, &ids, 0).expect("a sound encoder");
            assert_eq!(answer.hidden, expected.hidden);
        }
        let exact = forward(&model.checkpoint, &ids).expect("ids that fit").hidden;
        let metrics = Metrics::between(&reals(&answer.hidden, exact.cols), &exact);
        println!("{} tokens: {metrics}, {:?}", ids.len(), answer.counters);
        cosines.push(metrics.cosine);
    }
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    println!("mean {mean}");
    assert!(mean > 0.996, "{mean}");
}
