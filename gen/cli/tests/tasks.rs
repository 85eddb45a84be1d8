//! Tasks that share a synthetic encoder, from the command line: drawn, run, measured.
#![allow(missing_docs)]

mod common;

use common::{fails, json, run, text, well};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

const ACCELERATOR16: &str = "designs/accelerator16.yaml";

/// A small model in a folder.
fn draw(folder: &Path) -> String {
    let model = folder.join("small");
    well(&["model", "--synthetic", "small", "--seed", "7", "-o", text(&model)]);
    text(&model).to_owned()
}

/// So many sentences in a file of this folder.
fn sentences(folder: &Path, count: usize) -> PathBuf {
    let all = fs::read_to_string(common::root().join("gen/model/tests/data/sentences.txt")).expect("sentences");
    let short = all.lines().filter(|line| line.len() < 60 && !line.contains(['\t', '"']));
    let file = folder.join("sentences.txt");
    fs::write(&file, short.take(count).map(|line| format!("{line}\n")).collect::<String>()).expect("a file");
    file
}

#[test]
fn a_model_is_drawn_whole_and_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = draw(folder.path());
    let first = common::files(Path::new(&model));
    let names: Vec<_> =
        first.iter().map(|(path, _)| path.strip_prefix(&model).expect("below").display().to_string()).collect();
    for name in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tasks/task2/adapter.safetensors",
        "tasks/task1/task.json",
    ] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    // An earlier model of ours is replaced, a folder of others is left alone.
    draw(folder.path());
    assert_eq!(common::files(Path::new(&model)), first);
    let said = well(&["model", "--synthetic", "small", "--seed", "8", "--words", "400", "-o", &model]);
    assert!(said.contains("drawn with seed 8") && said.contains("400 words"), "{said}");
    assert_ne!(common::files(Path::new(&model)), first);
    fs::write(Path::new(&model).join("notes.txt"), "mine").expect("a file");
    fails(&["model", "--synthetic", "small", "-o", &model], 3, "notes.txt");
    let out = text(folder.path()).to_owned() + "/other";
    let odd = ["model", "--synthetic", "albert-base", "--hidden", "770", "--spans", "1,2", "-o", &out];
    let said = fails(&odd, 2, "no such model can be drawn");
    assert!(said.contains("770 is not a multiple of heads 12") && said.contains("2 spans for 12 heads"), "{said}");
    fails(&["model", "--synthetic", "small", "--words", "4", "-o", &out], 2, "4 words: at least 6");
    assert!(!Path::new(&out).exists());
}

#[test]
fn tasks_answer_with_labels_beside_those_of_f32() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, out) = (draw(folder.path()), folder.path().join("out.json"));
    let file = sentences(folder.path(), 12);
    let second = format!("{model}/tasks/task2");
    let arguments =
        ["run", ACCELERATOR16, "--model", &model, "--task", "task1", "--task", &second, "--threshold", "0.6"];
    let more = ["--file", text(&file), "--compare", "--json", text(&out)];
    let said = well(&[&arguments[..], &more].concat());
    for part in ["task1: the switch to it moves", "task2: the switch to it moves", "bit for bit", "LABEL_"] {
        assert!(said.contains(part), "no `{part}` in\n{said}");
    }
    let result = &json(&out)["result"];
    let tasks = result["tasks"].as_array().expect("tasks");
    let (mut alike, mut exits) = (0, std::collections::BTreeSet::new());
    for (task, name) in tasks.iter().zip(["task1", "task2"]) {
        assert_eq!(task["task"], name);
        assert!(task["switch_bytes"].as_u64() > Some(1000));
        let decisions = task["decisions"].as_array().expect("decisions");
        assert_eq!(decisions.len(), 12);
        for decision in decisions {
            assert_eq!(decision["logits"].as_array().map(Vec::len), Some(3));
            alike += usize::from(decision["label"] == decision["float_label"]);
            let early = decision["exit_layer"].as_u64();
            assert_eq!(decision["head"], if early.is_some() { "off_ramp" } else { "classifier" });
            assert!(early.is_none_or(|layer| (1..3).contains(&layer)), "{decision}");
            exits.insert(decision["exit_layer"].to_string());
        }
    }
    assert!(alike >= 21, "{alike} of 24");
    assert!(exits.len() > 1, "{exits:?}");
    // Without a task the encoder itself answers; above the entropy of the classes every sentence ends at
    // once.
    let said = well(&["run", ACCELERATOR16, "--model", &model, "--text", "Yes.", "--compare"]);
    assert!(said.contains("mean cosine to f32 0.99"), "{said}");
    let said =
        well(&["run", ACCELERATOR16, "--model", &model, "--task", "task1", "--threshold", "1.2", "--text", "Yes."]);
    assert!(said.contains("above the entropy of any 3 classes"), "{said}");
}

/// After the last layer the classifier answers, whatever the threshold; the one head of a task without
/// off-ramps, and off-ramps of single layers, are named alike by `run` and `eval`.
#[test]
fn the_head_that_answers_is_named_in_text_and_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, out) = (folder.path().join("own"), folder.path().join("out.json"));
    well(&["model", "--synthetic", "small", "--off-ramps", "own", "--layers", "2", "--seed", "7", "-o", text(&model)]);
    let run = |threshold: &str| {
        let arguments = ["run", ACCELERATOR16, "--model", text(&model), "--task", "task1", "--text", "Yes."];
        let said = well(&[&arguments[..], &["--threshold", threshold, "--compare", "--json", text(&out)]].concat());
        (said, json(&out)["result"]["tasks"][0]["decisions"][0].clone())
    };
    let (said, decision) = run("0");
    assert!(said.contains("classifier") && !said.contains("off-ramp"), "{said}");
    assert_eq!((&decision["head"], &decision["exit_layer"]), (&Value::from("classifier"), &Value::Null));
    assert_eq!(decision["float_head"], "classifier");
    let (said, decision) = run("2");
    assert!(said.contains("off-ramp 1") && said.contains("every sentence ends after layer 1"), "{said}");
    assert_eq!((&decision["head"], &decision["exit_layer"]), (&Value::from("off_ramp"), &Value::from(1)));
    // Without the off-ramp after layer 1 the one that is left stands after the last layer, and is not asked.
    well(&["model", "--synthetic", "small", "--off-ramps", "shared", "--layers", "1", "-o", text(&model)]);
    let (said, decision) = run("0");
    assert!(said.contains("classifier") && !said.contains("every sentence"), "{said}");
    assert_eq!((&decision["head"], &decision["float_head"]), (&Value::from("classifier"), &Value::from("classifier")));
    let arguments = ["run", ACCELERATOR16, "--model", text(&model), "--task", "task1", "--text", "Yes."];
    let refused = "no task has an off-ramp before the last layer";
    common::fails(&[&arguments[..], &["--threshold", "2"]].concat(), 2, refused);
}

/// Sentences, or pairs, with the labels that f32 gives them.
fn labelled(folder: &Path, model: &str) -> Vec<(String, String)> {
    let (file, out) = (sentences(folder, 24), folder.join("labels.json"));
    let arguments = ["run", ACCELERATOR16, "--model", model, "--task", "task1", "--file", text(&file), "--compare"];
    well(&[&arguments[..], &["--json", text(&out)]].concat());
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let result = json(&out);
    let decisions = result["result"]["tasks"][0]["decisions"].as_array().expect("decisions").clone();
    decisions.iter().map(|decision| (word(&decision["text"]), word(&decision["float_label"]))).collect()
}

#[test]
fn a_task_is_measured_on_sentences_that_f32_labelled() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = draw(folder.path());
    let all = labelled(folder.path(), &model);
    let (data, out) = (folder.path().join("data.tsv"), folder.path().join("eval.json"));
    let lines: String = all.iter().map(|(sentence, label)| format!("{sentence}\t{label}\n")).collect();
    fs::write(&data, format!("sentence\tlabel\n{lines}")).expect("a file");
    let arguments = ["eval", ACCELERATOR16, "--model", &model, "--task", "task1", "--data", text(&data)];
    let said = well(&[&arguments[..], &["--compare", "--threshold", "0.6", "--json", text(&out)]].concat());
    assert!(said.contains("task1 on 24 sentences") && said.contains("answered by"), "{said}");
    let result = &json(&out)["result"];
    let curve = result["curve"].as_array().expect("a curve");
    // What never ends early is what f32 labelled.
    assert_eq!((curve[0]["threshold_nats"].as_f64(), curve[0]["mean_layers"].as_f64()), (Some(0.0), Some(3.0)));
    assert_eq!(curve[0]["float"]["accuracy"], 1.0);
    assert!(curve[0]["accuracy"].as_f64() >= Some(0.85), "{}", curve[0]);
    assert_eq!(curve[0]["accuracy"], curve[0]["agreement"]);
    let layers: Vec<f64> = curve.iter().filter_map(|point| point["mean_layers"].as_f64()).collect();
    assert!(layers.is_sorted_by(|a, b| a >= b) && layers.last() < Some(&1.5), "{layers:?}");
    let exits = result["exits"].as_array().expect("exits");
    let heads: Vec<_> = exits.iter().map(|exit| (exit["head"].as_str(), exit["layer"].as_u64())).collect();
    assert_eq!(heads, [(Some("off_ramp"), Some(1)), (Some("off_ramp"), Some(2)), (Some("classifier"), Some(3))]);
    assert_eq!(exits.iter().filter_map(|exit| exit["sentences"].as_u64()).sum::<u64>(), 24);

    // Pairs, as numbers of classes, between commas.
    let pairs: String = all.windows(2).map(|pair| format!("\"{}\",\"{}\",2\n", pair[0].0, pair[1].0)).take(4).collect();
    let data = folder.path().join("pairs.csv");
    fs::write(&data, format!("sentence1,sentence2,label\n{pairs}")).expect("a file");
    let wide = folder.path().join("wide");
    let drawn = ["model", "--synthetic", "small", "--words", "2000", "--positions", "128", "-o", text(&wide)];
    well(&drawn);
    let said = well(&[
        "eval",
        ACCELERATOR16,
        "--model",
        text(&wide),
        "--task",
        "task2",
        "--data",
        text(&data),
        "--limit",
        "3",
    ]);
    assert!(said.contains("task2 on 3 sentences"), "{said}");
}

#[test]
fn what_cannot_be_measured_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = draw(folder.path());
    let data = folder.path().join("data.tsv");
    let eval = |content: &str| {
        fs::write(&data, content).expect("a file");
        run(&["eval", ACCELERATOR16, "--model", &model, "--task", "task1", "--data", text(&data)])
    };
    let long = format!("sentence\tlabel\n{}\t0\nYes.\t1\n", "word ".repeat(40));
    for (content, parts) in [
        ("title\tlabel\nYes.\t1\n", ["its columns are `title`, `label`", "sentence1 and sentence2"]),
        ("sentence\tlabel\nYes.\tgood\nNo.\t3\n", ["line 2: `good` is no label", "line 3: `3` is no label"]),
        ("sentence\tlabel\nYes.\n", ["line 2: it has 1 values, the first line has 2", "AE0718"]),
        ("sentence\tlabel\n", ["it has no examples", "AE0718"]),
        (&long, ["example 1: ", "the encoder takes 1 to 64"]),
    ] {
        let ran = eval(content);
        assert_eq!(ran.code, 1, "{}", ran.err);
        parts.iter().for_each(|part| assert!(ran.err.contains(part), "no `{part}` in\n{}", ran.err));
    }
    let arguments = ["eval", ACCELERATOR16, "--model", &model, "--data", text(&data), "--task"];
    fails(&[&arguments[..], &["task9"]].concat(), 3, "error[AE0701]: there is no task `task9`");
    fails(&["sim", "designs/pu16.yaml", "--model", &model, "--layer", "layer.9.output"], 2, "error[AE0706]");
    // A broken model, in every way that the files of one can be.
    let task = |part: &str| Path::new(&model).join("tasks/task1").join(part);
    let truncated = fs::read(task("model_head.safetensors")).expect("it was written");
    fs::write(task("model_head.safetensors"), &truncated[..truncated.len() - 1]).expect("a file");
    fails(&["run", ACCELERATOR16, "--model", &model, "--task", "task1"], 1, "error[AE0703]");
    let head = fs::read_to_string(task("head_config.json")).expect("it was written");
    fs::write(task("model_head.safetensors"), truncated).expect("a file");
    fs::write(task("head_config.json"), head.replace("\"layers\": 1", "\"layers\": 2")).expect("a file");
    let said = fails(&["run", ACCELERATOR16, "--model", &model, "--task", "task1"], 1, "error[AE0717]");
    assert!(said.contains("heads.task1.4.weight: it is missing") && said.contains("help: "), "{said}");
    let other = folder.path().join("other");
    well(&["model", "--synthetic", "small", "--words", "300", "-o", text(&other)]);
    fs::copy(other.join("tokenizer.json"), Path::new(&model).join("tokenizer.json")).expect("a file");
    fails(&["run", ACCELERATOR16, "--model", &model], 1, "the checkpoint's vocabulary ends at 49");
}

/// What is built in is cut to what a small model takes, by every command; what somebody chose is not.
#[test]
fn built_in_texts_fit_models_of_few_positions() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, out) = (folder.path().join("small"), folder.path().join("out"));
    let (model, out) = (text(&model), text(&out));
    well(&["model", "--synthetic", "small", "--positions", "24", "--seed", "7", "-o", model]);
    let of = ["--model", model];
    let commands: [&[&str]; 7] = [
        &["run", ACCELERATOR16, "--task", "task1", "--compare"],
        &["pack", ACCELERATOR16, "--task", "task1", "-o", out],
        &["sweep", ACCELERATOR16, "--of", "formats"],
        &["accuracy", "designs/pu16.yaml"],
        &["faults", ACCELERATOR16, "--whole", "--rates", "1e-3", "--target", "values", "--trials", "1"],
        &["faults", "designs/pu16.yaml", "--rates", "1e-3", "--target", "values", "--trials", "1"],
        &["dump", ACCELERATOR16, "--stage", "program"],
    ];
    for command in commands {
        let said = well(&[command, &of].concat());
        let noted = command[0] != "dump";
        assert_eq!(said.contains("texts cut to 24 tokens"), noted, "{command:?}\n{said}");
    }
    // Programs for as many tokens as the model has positions.
    assert!(Path::new(out).join("tasks/0/tokens_024.bin").exists());
    fails(&[&["pack", ACCELERATOR16, "--tokens", "25"], &of[..]].concat(), 1, "25 tokens: the encoder takes 1 to 24");
    let long = "a ".repeat(23);
    for command in ["run", "accuracy"] {
        let given = if command == "run" { "--text" } else { "--sentence" };
        fails(&[&[command, ACCELERATOR16, given, &long], &of[..]].concat(), 1, "25 tokens: the encoder takes 1 to 24");
    }
}

#[test]
fn each_task_is_packed_into_an_image_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, lines, out) = (draw(folder.path()), sentences(folder.path(), 2), folder.path().join("out"));
    let mut arguments = vec!["pack", ACCELERATOR16, "--model", &model, "--task", "task1", "--task", "task2"];
    arguments.extend(["--file", text(&lines), "--tokens", "16", "-o", text(&out)]);
    let said = well(&arguments);
    for part in ["task.1.layer.0.attention.adapter.down", "a task's; codes in SRAM", "tasks/1/tokens_016.bin"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let read = |file: &str| fs::read(out.join(file)).expect("a file of the package");
    let (first, second) = (read("tasks/0/task.bin"), read("tasks/1/task.bin"));
    assert!(first != second && first.len() < read("backbone/weight_values.bin").len() / 2);
}

#[test]
fn choices_and_faults_cost_a_task_what_its_logits_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, out) = (draw(folder.path()), folder.path().join("out.json"));
    let file = sentences(folder.path(), 6);
    let common = ["--model", &model, "--task", "task1", "--file", text(&file), "--json", text(&out)];
    let number = |value: &Value| value.as_f64().expect("a number");

    let said = well(&[&["sweep", ACCELERATOR16, "--sparsities", "0.5"][..], &common].concat());
    assert!(said.contains("task1 on 6 sentences") && said.contains("labels"), "{said}");
    let choices = json(&out)["result"]["choices"].as_array().expect("choices").clone();
    let (first, last) = (&choices[0], &choices[choices.len() - 1]);
    assert!(choices.iter().all(|choice| choice["group"] != "adapters"), "a task has its own");
    assert!(number(&first["mean_embedding_cosine"]) > 0.99 && number(&first["labels_alike"]) > 0.8, "{first}");
    assert!(number(&first["max_logit_difference"]) < 0.6, "{first}");
    // Adapters, layer norms and classifiers of three layers, which pruning leaves alone.
    assert_eq!((&last["group"], &last["task_bytes"]), (&Value::from("pruning"), &first["task_bytes"]));
    assert!(number(&last["stored_bytes"]) < number(&first["stored_bytes"]));
    let refused = [&["sweep", ACCELERATOR16, "--of", "formats,adapters"][..], &common].concat();
    fails(&refused, 2, "a task has adapters of its own");

    let rates = ["--rates", "1e-2", "--target", "values", "--trials", "2", "--seed", "3", "--prune", "none"];
    let said = well(&[&["faults", ACCELERATOR16, "--whole"][..], &rates, &common].concat());
    assert!(said.contains("task1 on 6 sentences") && said.contains("logits"), "{said}");
    let points = json(&out)["result"]["points"].as_array().expect("points").clone();
    let difference = |at: usize| number(&points[at]["logit_difference"]["mean"]);
    // The accelerator without faults gives what the encoder's equations give.
    assert!(
        difference(0) <= number(&first["max_logit_difference"]) && difference(1) > 2.0 * difference(0),
        "{points:?}"
    );
    assert_eq!(points[0]["labels_alike"]["mean"], first["labels_alike"]);
    fails(&["faults", ACCELERATOR16, "--model", &model, "--task", "task1"], 2, "--whole");
}

/// Every command that takes a task takes each kind of adapters with heads of two layers, and tells what the
/// array lacks for them.
#[test]
fn every_command_takes_adapters_of_each_kind_and_pooled_heads() {
    let folder = tempfile::tempdir().expect("a folder");
    let (design, lines) = (folder.path().join("pooled.yaml"), sentences(folder.path(), 4));
    let plain = fs::read_to_string(common::root().join(ACCELERATOR16)).expect("a design");
    let functions = "activation: [gelu_erf, tanh]";
    fs::write(&design, plain.replace("activation: gelu_erf", functions)).expect("a file");
    let (design, lines, out) = (text(&design), text(&lines), folder.path().join("out"));
    for (kind, off_ramps) in
        [("houlsby", "own"), ("houlsby-of-input", "shared"), ("pfeiffer", "shared"), ("parallel", "none")]
    {
        let model = folder.path().join(kind);
        let shape = ["--adapter-kind", kind, "--head-layers", "2", "--off-ramps", off_ramps];
        well(&[&["model", "--synthetic", "small", "--seed", "7", "-o", text(&model)][..], &shape].concat());
        let of = ["--model", text(&model), "--task", "task1"];
        let said = well(&[&["run", design, "--file", lines, "--compare"][..], &of].concat());
        assert!(said.contains("bit for bit"), "{said}");
        let said = well(&[&["pack", design, "--file", lines, "--tokens", "16", "-o", text(&out)][..], &of].concat());
        assert!(said.contains("task.0.classifier.hidden.0"), "{said}");
        let labels = folder.path().join("labels.tsv");
        fs::write(&labels, "sentence\tlabel\nYes.\t0\nIs it safe?\t1\n").expect("a file");
        well(&[&["eval", design, "--data", text(&labels), "--compare"][..], &of].concat());
        well(&[&["sweep", design, "--of", "pruning", "--sparsities", "0.5", "--file", lines][..], &of].concat());
        let rates = ["--rates", "1e-2", "--target", "values", "--trials", "1", "--prune", "none"];
        well(&[&["faults", design, "--whole", "--file", lines][..], &rates, &of].concat());
        let refused = "datapath.activation: tanh needed, the array has identity, relu, gelu_erf";
        fails(&[&["run", ACCELERATOR16, "--text", "Yes."][..], &of].concat(), 1, refused);
    }
    let said =
        fails(&["model", "--synthetic", "small", "--head-layers", "3", "-o", text(&out)], 2, "heads of 3 layers");
    assert!(said.contains("task 2"), "{said}");
}

/// The classifier in a checkpoint's own file answers where no task is asked for.
#[test]
fn a_checkpoint_with_a_classifier_is_a_task_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let (design, model, out) =
        (folder.path().join("tanh.yaml"), folder.path().join("model"), folder.path().join("out.json"));
    let plain = fs::read_to_string(common::root().join(ACCELERATOR16)).expect("a design");
    fs::write(&design, plain.replace("activation: gelu_erf", "activation: [gelu_erf, tanh]")).expect("a file");
    fs::create_dir(&model).expect("a folder");
    // DeeBERT's form: an off-ramp after each layer.
    for file in ["config.json", "model.safetensors"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/references/deebert").join(file);
        fs::copy(from, model.join(file)).expect("a file");
    }
    let small = folder.path().join("small");
    well(&["model", "--synthetic", "small", "--words", "32", "-o", text(&small)]);
    fs::copy(small.join("tokenizer.json"), model.join("tokenizer.json")).expect("a file");
    let of = ["--model", text(&model), "--threshold", "0.8", "--json", text(&out)];
    let said = well(&[&["run", text(&design), "--text", "Yes.", "--text", "no", "--compare"][..], &of].concat());
    assert!(!said.contains("warning") && said.contains("classifier"), "{said}");
    let task = &json(&out)["result"]["tasks"][0];
    assert_eq!((&task["task"], task["decisions"].as_array().map(Vec::len)), (&Value::from("classifier"), Some(2)));
    let decision = &task["decisions"][0];
    assert!(["no", "maybe", "yes"].contains(&decision["label"].as_str().expect("a label")), "{decision}");
    let data = folder.path().join("data.tsv");
    fs::write(&data, "sentence\tlabel\nYes.\tno\nno\tyes\n").expect("a file");
    let said = well(&[&["eval", text(&design), "--data", text(&data), "--compare"][..], &of].concat());
    assert!(said.contains("off-ramp") && said.contains("classifier on 2 sentences"), "{said}");
}
