//! Tasks with sparse hierarchical memories (SPARTAN): on disk, in f32, in integers, and as programs.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use alberti_arith::Activation;
use alberti_golden::{accelerator::AcceleratorConfig, encoder::Arithmetic, hierarchical_softmax::Hierarchy};
use alberti_model::{
    Matrix, Metrics, ModelError,
    adapted::{Adapted, Shape, folder, synthetic},
    compile::{Compiled, Session, quantise_encoder, reals},
};
use common::encoders::{accelerator, ids};
use std::{fs, path::Path};
use tempfile::TempDir;

const SEED: u64 = 20;
const LONGEST: usize = 32;
const OF: Hierarchy = Hierarchy { parents: 6, children: 3, largest: 3 };

/// A small encoder whose first task has adapters, and whose second has memories.
fn model() -> Adapted {
    synthetic(&Shape::small(LONGEST), SEED).with_memories(1, OF, SEED)
}

fn write(model: &Adapted) -> TempDir {
    let target = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in folder::files(model).expect("a sound model") {
        let path = target.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, bytes).expect("a writable folder");
    }
    target
}

#[test]
fn what_is_written_is_read_back() {
    let model = model();
    let target = write(&model);
    let read = folder::load(target.path(), &["task1".into(), "task2".into()]).expect("a sound model");
    assert_eq!(read, model);
    assert!(!target.path().join("tasks/task1/spartan.json").exists());
    let settings = fs::read_to_string(target.path().join("tasks/task2/spartan.json")).expect("settings");
    assert_eq!(settings.split_whitespace().collect::<String>(), r#"{"children":3,"largest":3,"parents":6}"#);
}

/// Settings and tensors that do not belong together, all named at once.
#[test]
fn a_broken_memory_is_answered_in_words() {
    let broken = |change: &dyn Fn(&Path)| {
        let target = write(&model());
        change(&target.path().join("tasks/task2"));
        let error = folder::load(target.path(), &["task2".into()]).expect_err("a broken task");
        let ModelError::Task { problems, .. } = &error else { panic!("{error}") };
        problems.join("\n")
    };
    let settings = |text: &'static str| broken(&|task| fs::write(task.join("spartan.json"), text).expect("a file"));
    let said = settings(r#"{"parents": 0, "children": 99, "depth": 2}"#);
    for part in ["depth is not known", "parents is 0", "children is 99", "largest is missing"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = settings(r#"{"parents": 6, "children": 3, "largest": 7}"#);
    assert!(said.contains("largest is 7, more than the 6 parents"), "{said}");
    let said = settings(r#"{"parents": 6, "children": 2, "largest": 3}"#);
    assert!(said.contains("spartan.keys") && said.contains("spartan.values"), "{said}");
    let said = broken(&|task| fs::remove_file(task.join("spartan.safetensors")).expect("a file"));
    assert!(said.contains("spartan.safetensors: it is missing"), "{said}");
    let said = broken(&|task| fs::remove_file(task.join("spartan.json")).expect("a file"));
    assert!(said.contains("spartan.json: it is missing"), "{said}");
}

/// The paper's equations by themselves: all parents' shares, of which the largest are kept and divided by
/// their sum.
#[test]
fn a_layer_adds_the_weighted_values_of_the_children() {
    let with = model();
    let mut without = with.clone();
    without.tasks[1].layers.iter_mut().for_each(|layer| layer.memory = None);
    let ids = ids(3, 7);
    let one = |model: &Adapted| {
        let mut model = model.clone();
        model.backbone.config.num_hidden_layers = 1;
        model.tasks[1].heads = None;
        model.forward(1, &ids).expect("a short sequence").forward.hidden
    };
    let (v, sum) = (one(&without), one(&with));
    let memory = with.tasks[1].layers[0].memory.as_ref().expect("a memory");
    let softmax = |scores: &[f64]| -> Vec<f64> {
        let powers: Vec<f64> = scores.iter().map(|t| t.exp()).collect();
        powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect()
    };
    let score = |key: &[f32], v: &[f32]| key.iter().zip(v).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    for token in 0..ids.len() {
        let v = v.row(token);
        let shares = softmax(&(0..OF.parents).map(|i| score(memory.parents.row(i), v)).collect::<Vec<_>>());
        let mut order: Vec<usize> = (0..OF.parents).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
        let chosen = &order[..OF.largest];
        let z: f64 = chosen.iter().map(|&i| shares[i]).sum();
        let mut expected: Vec<f64> = v.iter().map(|&x| f64::from(x)).collect();
        for &i in chosen {
            let rows = i * OF.children..(i + 1) * OF.children;
            let own = softmax(&rows.clone().map(|row| score(memory.keys.row(row), v)).collect::<Vec<_>>());
            for (row, own) in rows.zip(own) {
                let weight = shares[i] / z * own;
                expected.iter_mut().zip(memory.values.row(row)).for_each(|(x, c)| *x += weight * f64::from(*c));
            }
        }
        for (got, expected) in sum.row(token).iter().zip(expected) {
            assert!((f64::from(*got) - expected).abs() < 1e-4, "{got} {expected}");
        }
    }
}

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
    let row = |data: &[f32]| Matrix { rows: 1, cols: data.len(), data: data.to_vec() };
    Metrics::between(&row(a), &row(b)).cosine
}

#[test]
fn memories_and_adapters_are_resident_together_and_stay_near_f32() {
    let model = model();
    let compiled = compiled(&model, &accelerator8());
    let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("an accelerator");
    let mut session = Session::new(&compiled).expect("an accelerator");
    let (mut logits, mut exact) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for (seed, task) in (0..16).flat_map(|seed| [(seed, 0), (seed, 1)]) {
        let ids = ids(seed, 9 + seed as usize);
        let expected = compiled.encoder().run(&arithmetic, &compiled.encoder().tasks[task], &ids, 0).expect("sound");
        let answer = session.run(task, &ids, 0).expect("a sound program");
        assert_eq!(answer.logits, expected.logits, "task {task}, seed {seed}");
        logits[task].extend(reals(&answer.logits));
        exact[task].extend(model.forward(task, &ids).expect("a short sequence").logits);
    }
    let [adapters, memories] = [0, 1].map(|task| cosine(&logits[task], &exact[task]));
    println!("cosine of logits to f32: {adapters:.5} with adapters, {memories:.5} with memories");
    assert!(memories >= 0.998, "{memories}");
}

/// The factor of a stream goes through a memory: its keys take it up, its values give it on.
#[test]
fn layer_norms_that_are_too_large_are_made_smaller_around_a_memory() {
    let mut model = model();
    let before = compiled(&model, &accelerator8());
    for layer in &mut model.tasks.iter_mut().flat_map(|task| &mut task.layers) {
        layer.halves[1].norm.gain[0] = 3.0;
    }
    let after = compiled(&model, &accelerator8());
    let memory = |compiled: &Compiled| compiled.encoder().tasks[1].layers[0].memory.clone().expect("a memory");
    assert_ne!(memory(&before), memory(&after));
    let arithmetic = Arithmetic::for_accelerator(after.config()).expect("an accelerator");
    let (mut logits, mut exact) = (Vec::new(), Vec::new());
    for seed in 0..12 {
        let ids = ids(seed, 9 + seed as usize);
        logits.extend(reals(
            &after.encoder().run(&arithmetic, &after.encoder().tasks[1], &ids, 0).expect("sound").logits,
        ));
        exact.extend(model.forward(1, &ids).expect("a short sequence").logits);
    }
    let cosine = cosine(&logits, &exact);
    assert!(cosine > 0.99, "{cosine}");
}
