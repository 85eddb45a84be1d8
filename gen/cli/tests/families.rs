//! A small model of every family on an accelerator, from its files to answers.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use common::{fails, json, root, text, well};
use std::{fs, path::PathBuf};

const FAMILIES: &str = "gen/model/tests/references/families";
const KINDS: [&str; 10] = [
    "albert",
    "albert_groups",
    "bert",
    "bert_cased",
    "camembert",
    "distilbert",
    "electra",
    "electra_wide",
    "roberta",
    "xlm_roberta",
];

fn model(kind: &str) -> String {
    format!("{FAMILIES}/{kind}")
}

/// What the classifiers of its own that a model has are called.
fn classifiers(kind: &str) -> &'static [&'static str] {
    match kind {
        "albert" | "bert" | "electra_wide" | "roberta" => &["classifier.*"],
        "distilbert" => &["classifier.*", "pre_classifier.*"],
        _ => &[],
    }
}

/// accelerator4 with room for eight layers of their own.
fn design() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let design = fs::read_to_string(root().join("designs/accelerator4.yaml")).expect("a design");
    let path = folder.path().join("accelerator4.yaml");
    let changed = [
        ("parameters: {rows: 256}", "parameters: {rows: 1024}"),
        ("program: {instructions: 64}", "program: {instructions: 1024}"),
        ("values: 65536", "values: 131072"),
        ("activation: gelu", "activation: [relu, gelu, gelu_erf, tanh]"),
    ];
    let design = changed.into_iter().fold(design, |design, (from, to)| design.replace(from, to));
    fs::write(&path, design).expect("a file");
    (folder, path)
}

/// `--compare` demands that the programs give the integers of the equations.
#[test]
fn every_family_runs_and_equals_its_equations() {
    let (folder, design) = design();
    let out = folder.path().join("out.json");
    for kind in KINDS {
        let (design, model) = (text(&design), model(kind));
        let arguments = ["run", design, "--model", &model, "--text", "A cat sits.", "--text", "Is it safe to eat?"];
        let classifier: Vec<_> = classifiers(kind).iter().flat_map(|pattern| ["--ignore", pattern]).collect();
        let said = well(&[&arguments[..], &["--compare", "--json", text(&out)], &classifier].concat());
        assert!(said.contains("2 sentences on the interpreter") && said.contains("bit for bit"), "{kind}: {said}");
        let result = &json(&out)["result"];
        let cosine = result["summary"]["worst_hidden_cosine"].as_f64().expect("a cosine");
        println!("{kind}: {cosine:.4}");
        assert!(cosine > 0.98, "{kind}: {cosine}");
        // What nothing runs is told: by a line or a warning, and as data.
        let unused = result["unused_tensors"].as_array().expect("a list");
        let told = |kind: &str, tensor: &str| unused.iter().any(|one| one["tensor"] == tensor) || kind.is_empty();
        match kind {
            "roberta" => assert!(told(kind, "classifier.out_proj.weight"), "{unused:?}"),
            "distilbert" => assert!(told(kind, "pre_classifier.bias"), "{unused:?}"),
            "bert_cased" => assert!(said.contains("a head of pre-training: cls.predictions."), "{said}"),
            "camembert" => assert!(said.contains("a pooler, which classifiers alone read: pooler.dense"), "{said}"),
            _ => {}
        }
    }
}

/// The classifier in a model's own file is a task of its own.
#[test]
fn the_classifier_of_every_family_answers() {
    let (folder, design) = design();
    let out = folder.path().join("out.json");
    for kind in KINDS.into_iter().filter(|kind| !classifiers(kind).is_empty()) {
        let (design, model) = (text(&design), model(kind));
        let arguments = ["run", design, "--model", &model, "--text", "A cat sits.", "--text", "Is it safe to eat?"];
        let said = well(&[&arguments[..], &["--compare", "--json", text(&out)]].concat());
        assert!(said.contains("bit for bit"), "{kind}: {said}");
        let result = &json(&out)["result"];
        let decisions = result["tasks"][0]["decisions"].as_array().expect("decisions");
        assert_eq!(decisions.len(), 2, "{kind}");
        // ELECTRA's head has GELU between its layers: its logits lose more than these labels bear.
        let alike = decisions.iter().filter(|decision| decision["label"] == decision["float_label"]).count();
        assert!(alike == 2 || kind == "electra_wide", "{kind}: {decisions:?}");
    }
}

/// Positions after padding's, byte pairs and a single segment type on the hardware, and a classifier of two layers.
#[test]
fn a_roberta_runs_on_the_verilog() {
    let (folder, design) = design();
    let out = folder.path().join("out.json");
    well(&[
        "run",
        text(&design),
        "--model",
        &model("roberta"),
        "--text",
        "A cat.",
        "--compare",
        "--engine",
        "rtl",
        "--json",
        text(&out),
    ]);
    let decision = &json(&out)["result"]["tasks"][0]["decisions"][0];
    assert!(decision["cycles"].as_u64() > Some(10_000), "{decision}");
    assert_eq!(decision["label"], decision["float_label"]);
}

#[test]
fn texts_are_cut_where_it_is_asked_for_and_counted() {
    let (folder, design) = design();
    let out = folder.path().join("out.json");
    let long = "A cat sits on the mat. ".repeat(20);
    let run = |model: &str, more: &[&str]| {
        let arguments = ["run", text(&design), "--model", model, "--text", &long, "--text", "A cat."];
        [&arguments[..], more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let bert = model("bert");
    let arguments = run(&bert, &["--max-length", "8", "--json", text(&out)]);
    let said = well(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.contains("1 of 2 texts cut to 8 tokens"), "{said}");
    assert_eq!(json(&out)["result"]["texts_cut"], 1);
    let whole = run(&bert, &[]);
    let said = fails(&whole.iter().map(String::as_str).collect::<Vec<_>>(), 1, "error[AE0705]");
    assert!(said.contains("--max-length"), "{said}");
    let none = run(&bert, &["--max-length", "2"]);
    fails(&none.iter().map(String::as_str).collect::<Vec<_>>(), 1, "2 special tokens leave no room for a text");
}

#[test]
fn families_that_no_accelerator_runs_are_refused_with_the_reason() {
    let arguments = ["run", "designs/accelerator4.yaml", "--model", &model("mobilebert"), "--text", "Yes."];
    let said = fails(&arguments, 1, "error[AE0702]");
    assert!(said.contains("bottlenecks") && said.contains("known are `albert`, `bert`"), "{said}");
}

#[test]
fn a_pattern_that_leaves_nothing_out_is_refused_by_every_command() {
    let bert = model("bert");
    for command in [
        &["run", "designs/accelerator4.yaml"][..],
        &["pack", "designs/accelerator4.yaml"],
        &["sweep", "designs/accelerator4.yaml"],
        &["accuracy", "designs/accelerator4.yaml"],
        &["faults", "designs/accelerator4.yaml"],
        &["sim", "designs/pu4.yaml"],
        &["dump", "designs/accelerator4.yaml", "--stage", "program"],
    ] {
        let arguments = [command, &["--model", &bert, "--ignore", "*.lora_*"]].concat();
        fails(&arguments, 1, "--ignore *.lora_*: no tensor of this name would be left out");
    }
}
