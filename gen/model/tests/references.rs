//! Tasks as the libraries compute them: models, tasks and logits of `tests/references`, which `make.py` there
//! writes.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use alberti_arith::Activation;
use alberti_golden::{accelerator::AcceleratorConfig, encoder::Arithmetic, entropy};
use alberti_model::{
    ModelError,
    adapted::{Adapted, folder, largest},
    compile::{Compiled, Session, quantise_encoder, reals},
};
use common::encoders::accelerator;
use rayon::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

/// What f32 may differ by.
const CLOSE: f32 = 1e-5;

fn at(model: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/references").join(model)
}

fn answers() -> Value {
    let text = std::fs::read_to_string(at("logits.json")).expect("make.py writes it");
    serde_json::from_str(&text).expect("JSON")
}

fn numbers<T>(value: &Value, one: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    value.as_array().expect("a list").iter().map(|x| one(x).expect("a number")).collect()
}

fn sequences(answers: &Value) -> Vec<Vec<u32>> {
    numbers(&answers["sequences"], |ids| Some(numbers(ids, |id| u32::try_from(id.as_u64()?).ok())))
}

fn logits(value: &Value) -> Vec<f32> {
    numbers(value, |x| x.as_f64().map(|x| x as f32))
}

/// Every model with every task that the libraries answered with; none is the model's own classifier.
fn cases(answers: &Value) -> Vec<(String, Option<String>, &Value)> {
    let tasks = answers["tasks"].as_object().expect("models").iter().flat_map(|(model, tasks)| {
        let tasks = tasks.as_object().expect("tasks").iter();
        tasks.map(|(task, logits)| (model.clone(), Some(task.clone()), logits))
    });
    let own = answers["own"].as_object().expect("models").iter();
    tasks.chain(own.map(|(model, own)| (model.clone(), None, &own["logits"]))).collect()
}

fn load(model: &str, task: Option<&str>) -> Result<Adapted, ModelError> {
    folder::load(&at(model), task.map(PathBuf::from).as_slice())
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn logits_are_the_libraries() {
    let answers = answers();
    let sequences = sequences(&answers);
    let (mut failed, mut worst) = (Vec::new(), 0.0f32);
    let cases = cases(&answers);
    for (model, task, expected) in &cases {
        let adapted = load(model, task.as_deref()).unwrap_or_else(|error| panic!("{model} {task:?}: {error}"));
        let most = sequences.iter().zip(expected.as_array().expect("a list")).map(|(ids, expected)| {
            difference(&adapted.forward(0, ids).expect("a short sequence").logits, &logits(expected))
        });
        let most = most.fold(0.0, f32::max);
        println!("{model} {}: {most:.1e}", task.as_deref().unwrap_or("classifier"));
        worst = worst.max(most);
        if most > CLOSE {
            failed.push(format!("{model} {task:?}: {most}"));
        }
    }
    println!("{} cases, at most {worst:.1e}", cases.len());
    assert!(failed.is_empty() && cases.len() > 50, "{failed:#?}");
}

#[test]
fn off_ramps_of_checkpoints_are_the_libraries() {
    let answers = answers();
    for model in ["deebert", "edgebert", "edgebert_one"] {
        let own = &answers["own"][model];
        let adapted = load(model, None).expect("a sound checkpoint");
        assert_eq!(adapted.tasks[0].labels, ["no", "maybe", "yes"]);
        assert!(adapted.backbone.unused.is_empty(), "{:?}", adapted.backbone.unused);
        for (ids, ramps) in sequences(&answers).iter().zip(own["off_ramps"].as_array().expect("a list")) {
            let answer = adapted.forward(0, ids).expect("a short sequence");
            let expected = ramps.as_array().expect("a list");
            assert_eq!(answer.off_ramps.len(), expected.len(), "{model}");
            for ((layer, ours), theirs) in answer.off_ramps.iter().zip(expected) {
                let most = difference(ours, &logits(theirs));
                assert!(most < CLOSE, "{model}, layer {layer}: {most}");
            }
        }
    }
}

#[test]
fn what_no_accelerator_computes_says_why() {
    let says = [
        ("refused_dora", "use_dora is true, the accelerator has false"),
        ("refused_gating", "use_gating is true, the accelerator has false"),
        ("refused_ia3", "composition_mode is \"scale\", the accelerator has \"add\""),
        ("refused_own_norm", "ln_after is true, the accelerator has false"),
    ];
    let names: Vec<_> = says.iter().map(|(task, _)| Value::from(*task)).collect();
    assert_eq!(answers()["refused"].as_array(), Some(&names));
    for (model, (task, why)) in ["bert", "albert"].iter().flat_map(|model| says.map(|said| (model, said))) {
        let error = load(model, Some(task)).expect_err("it is refused");
        assert_eq!(error.code().as_str(), "AE0717");
        assert!(error.to_string().contains(why), "{model} {task}: {error}");
    }
    // Low rank changes what other tasks share.
    let error = folder::load(&at("bert"), &["lora".into(), "pfeiffer".into()]).expect_err("it is refused");
    assert!(error.to_string().contains("give this task alone"), "{error}");
}

/// An accelerator for them, with the functions that they ask for.
fn accelerator8(model: &Adapted) -> AcceleratorConfig {
    let functions = [model.backbone.config.hidden_act, Activation::Tanh, Activation::Relu, Activation::Silu];
    let known = [Activation::Relu, Activation::Gelu, Activation::GeluErf, Activation::Tanh, Activation::Silu];
    let activation = functions
        .iter()
        .chain(&known)
        .fold(Default::default(), |set, &function| alberti_arith::ActivationSet::and(set, function));
    AcceleratorConfig {
        activation,
        accumulator_rows: 32,
        value_rows: 16384,
        mask_words: 16384,
        parameter_rows: 2048,
        ..accelerator(8)
    }
}

/// Sentences that no library was asked for.
fn sentences(count: u64) -> Vec<Vec<u32>> {
    let mut numbers = common::Numbers::new(5);
    let mut below = |most: u64| ((numbers.next() + 1.0) / 2.0 * most as f32) as u64 % most;
    (0..count).map(|_| (0..3 + below(15)).map(|_| 5 + below(27) as u32).collect()).collect()
}

/// The program's logits equal the equations' bit for bit, and the integers' labels f32's on nearly all
/// sentences.
#[test]
fn every_kind_runs_in_integers() {
    const SHARE: f64 = 0.99;
    let answers = answers();
    let sentences = sentences(200);
    let same = |(model, task, _): (String, Option<String>, &Value)| {
        let adapted = load(&model, task.as_deref()).expect("a sound folder");
        let config = accelerator8(&adapted);
        let calibration = adapted.calibrate(&sentences[..40]).expect("short sequences");
        let encoder = quantise_encoder(&adapted, &calibration, &config).expect("a sound encoder");
        let compiled = Compiled::new(encoder, config, 20).unwrap_or_else(|error| panic!("{model} {task:?}: {error}"));
        let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("an accelerator");
        let mut session = Session::new(&compiled).expect("an accelerator");
        let (mut same, mut worst) = (0, 0.0f32);
        for (number, ids) in sentences.iter().enumerate() {
            let equations = |threshold| {
                let task = &compiled.encoder().tasks[0];
                compiled.encoder().run(&arithmetic, task, ids, threshold).expect("a sound encoder")
            };
            let expected = equations(0);
            if number % 20 == 0 {
                for threshold in [0, entropy::threshold(0.8).expect("a threshold")] {
                    let (answer, expected) = (session.run(0, ids, threshold).expect("a program"), equations(threshold));
                    assert_eq!(answer.logits, expected.logits, "{model} {task:?}");
                    assert_eq!(answer.exit.map(|layer| layer as usize), expected.exit, "{model} {task:?}");
                }
            }
            let ours = reals(&expected.logits, expected.logits.len()).data;
            let exact = adapted.forward(0, ids).expect("a short sequence").logits;
            worst = worst.max(difference(&ours, &exact));
            same += usize::from(largest(&ours) == largest(&exact));
        }
        println!("{model} {task:?}: {same} of {} labels, logits differ by up to {worst:.2}", sentences.len());
        same
    };
    let cases = cases(&answers);
    let all = cases.len() * sentences.len();
    let alike: usize = cases.into_par_iter().map(same).sum();
    println!("{alike} of {all} labels equal f32's");
    assert!(alike as f64 >= SHARE * all as f64, "{alike} of {all}");
}
