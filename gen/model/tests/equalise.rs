//! Layer norms with parameters that no port holds: what is rewritten, and what stays.
#![allow(missing_docs)]

mod common;

use alberti_golden::{accelerator::AcceleratorConfig, encoder::Arithmetic};
use alberti_model::{
    Metrics,
    adapted::{Adapted, Shape, synthetic},
    compile::{Compiled, Session, outputs, quantise_encoder},
    equalise::equalise,
};
use common::encoders::accelerator;
use std::borrow::Cow;

const SEED: u64 = 11;

fn sequences() -> Vec<Vec<u32>> {
    (1..6).map(|step| (0..16).map(|token| (token * 7 * step) % 50).collect()).collect()
}

/// Gains and offsets of some layer norms times a factor: another model, as good as the first.
fn enlarged(mut model: Adapted) -> Adapted {
    let enlarge = |norm: &mut alberti_model::checkpoint::Norm, factor: f32| {
        norm.gain.iter_mut().chain(&mut norm.offset).for_each(|x| *x *= factor);
    };
    enlarge(&mut model.backbone.embeddings.norm, 9.0);
    for task in &mut model.tasks {
        for layer in &mut task.layers {
            enlarge(&mut layer.halves[0].norm, 3.0);
        }
    }
    enlarge(&mut model.tasks[0].layers[0].halves[1].norm, 2.5);
    enlarge(&mut model.tasks[1].layers[0].halves[1].norm, 4.5);
    model
}

#[test]
fn large_parameters_are_taken_up_by_what_reads_them() {
    let shapes =
        [Shape::small(32), Shape { shared: false, ..Shape::small(32) }, Shape { embedding: 64, ..Shape::small(32) }];
    for shape in shapes {
        let model = enlarged(synthetic(&shape, SEED));
        let calibration = model.calibrate(&sequences()).expect("ids of the model");
        let (rewritten, ranges, _) = equalise(&model, &calibration);
        for (task, ids) in (0..2).flat_map(|task| sequences().into_iter().map(move |ids| (task, ids))) {
            // In f32 the same answers, but for the epsilon of layer norms.
            let (before, after) =
                (model.forward(task, &ids).expect("ids"), rewritten.forward(task, &ids).expect("ids"));
            for (a, b) in before.logits.iter().zip(&after.logits) {
                assert!((a - b).abs() < 1e-4 * b.abs().max(1.0), "{a} {b}");
            }
        }
        // Ranges are those of the rewritten model.
        let measured = rewritten.calibrate(&sequences()).expect("ids of the model");
        for (a, b) in ranges.sums().iter().zip(measured.sums()) {
            assert!((a / b - 1.0).abs() < 1e-4, "{a} {b}");
        }
        for name in
            ["layer.0.attention.query", "layer.0.output", "task.0.layer.0.output.adapter.down", "task.1.classifier"]
        {
            let (a, b) = (ranges.range(name).expect("a range"), measured.range(name).expect("a range"));
            assert!((a.output_max / b.output_max - 1.0).abs() < 1e-4, "{name}");
            for (a, b) in a.channel_max.iter().zip(&b.channel_max) {
                assert!((a / b - 1.0).abs() < 1e-3, "{name}: {a} {b}");
            }
        }
        quantise_encoder(&model, &calibration, &accelerator(8)).expect("parameters that fit");
    }
}

#[test]
fn parameters_that_fit_are_left_alone() {
    let model = synthetic(&Shape::small(32), SEED);
    let calibration = model.calibrate(&sequences()).expect("ids of the model");
    assert!(matches!(equalise(&model, &calibration), (Cow::Borrowed(_), Cow::Borrowed(_), 0)));
}

/// Nothing takes the factor up: its numbers have fewer fraction bits.
#[test]
fn behind_the_last_layer_of_an_encoder_without_classifier_the_answer_is_scaled() {
    for shared in [false, true] {
        let mut shape = Shape { shared, ..Shape::small(32) };
        for task in &mut shape.tasks {
            (task.classes, task.off_ramps) = (0, alberti_model::adapted::OffRamps::None);
        }
        let mut model = synthetic(&shape, SEED);
        let last = model.distinct() - 1;
        model.tasks[0].layers[last].halves[1].norm.gain[5] = 4.5;
        model.tasks[0].layers[last].halves[1].norm.offset[6] = -40.0;
        let calibration = model.calibrate(&sequences()).expect("ids of the model");
        let config = AcceleratorConfig { parameter_rows: 1024, value_rows: 16384, ..accelerator(8) };
        let encoder = quantise_encoder(&model, &calibration, &config).expect("parameters that fit");
        assert_eq!(encoder.output_fraction_bits, 10 - 2);
        let compiled = Compiled::new(encoder, config, 32).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(compiled.sentence(0, 16).expect("a short sentence").output.fraction_bits, 8);
        let ids = &sequences()[0];
        let answer = Session::new(&compiled).expect("an accelerator").run(0, ids, 0).expect("a sound program");
        let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("an accelerator");
        let exact = compiled.encoder().run(&arithmetic, &compiled.encoder().tasks[0], ids, 0).expect("an encoder");
        assert_eq!(answer.hidden, exact.hidden);
        let float = model.forward(0, ids).expect("ids").forward.hidden;
        let metrics = Metrics::between(&outputs(compiled.encoder(), &answer.hidden), &float);
        assert!(metrics.cosine > 0.99 && metrics.relative_rms < 0.1, "{metrics}");
    }
}

#[test]
fn a_parameter_that_no_power_of_two_brings_to_size_is_refused() {
    let mut model = synthetic(&Shape::small(32), SEED);
    model.tasks[0].layers[0].halves[1].norm.gain[5] = 1e30;
    let calibration = model.calibrate(&sequences()).expect("ids of the model");
    let refused = quantise_encoder(&model, &calibration, &accelerator(8)).expect_err("a gain of 1e30");
    assert_eq!(refused.code().as_str(), "AE0714");
}
