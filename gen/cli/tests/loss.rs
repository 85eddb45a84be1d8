//! Nothing is lost without a word: what was given is used or named, what was computed arrives or is an error.
#![allow(missing_docs)]

mod common;

use common::{Ran, command, fails, json, run, text, well};
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use std::{fs, io::Read, path::Path, process::Stdio};

const PU4: &str = "designs/pu4.yaml";
const ACCELERATOR4: &str = "designs/accelerator4.yaml";
const ACCELERATOR16: &str = "designs/accelerator16.yaml";

/// A small model in a folder.
fn draw(folder: &Path) -> String {
    let model = folder.join("small");
    well(&["model", "--synthetic", "small", "--seed", "7", "-o", text(&model)]);
    text(&model).to_owned()
}

#[test]
fn an_answer_that_standard_output_does_not_take_is_an_error() {
    for arguments in [
        &["--help"] as &[_],
        &["--version"],
        &["gen", "--help"],
        &["check", PU4],
        &["explain", "AE0203"],
        &["dump", PU4, "--stage", "netlist"],
        &["golden", PU4, "-b", "vmac", "--example"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        let ran: Ran = command(arguments).stdout(full).output().expect("it runs").into();
        assert_eq!(ran.code, 3, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("error[AE0804]: `standard output` cannot be written: No space"), "{}", ran.err);
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    for arguments in [&["--help"] as &[_], &["dump", ACCELERATOR4, "--stage", "verilog"]] {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn the_exit_code_in_the_json_is_that_of_the_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.json");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let arguments = ["check", PU4, "--json", text(&out)];
    assert_eq!(command(&arguments).stdout(full).status().expect("it runs").code(), Some(3));
    assert_eq!((json(&out)["exit_code"].as_u64(), &json(&out)["result"]["design"]), (Some(3), &"pu4".into()));
    let said = run(&["check", PU4, "--json", "/dev/full"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.out.contains("no errors") && said.err.contains("`/dev/full` cannot be written"), "{}", said.err);
}

/// `/dev/stdout` of a shell's `>` is a file that the shell has open.
#[test]
fn the_file_behind_standard_output_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.txt");
    let file = fs::File::create(&path).expect("a file");
    let status = command(&["check", PU4, "--json", "/dev/stdout"]).stdout(file).status().expect("it runs");
    let (text, json) = (fs::read_to_string(&path).expect("text"), "{\n  \"command\": \"check\"");
    assert!(status.success() && text.starts_with("pu4: no errors") && text.contains(json), "{text}");
    assert!(Path::new("/dev/stdout").is_symlink());
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let (below, missing) = (file.join("out"), folder.path().join("nowhere/out"));
    for out in [text(&below), text(&missing), text(folder.path())] {
        // Were the model read first, it would be missing.
        for arguments in [
            vec!["sweep", ACCELERATOR4, "--model", "nowhere", "--plot", out],
            vec!["check", "nowhere.yaml", "--json", out],
            vec!["report", PU4, "--model", "nowhere", "-o", out],
            vec!["golden", PU4, "-b", "vmac", "--input", "nowhere", "-o", out],
        ] {
            fails(&arguments, 3, "error[AE0804]");
        }
    }
    for arguments in [
        vec!["pack", ACCELERATOR4, "--model", "nowhere", "-o", text(&below)],
        vec!["sim", PU4, "--model", "nowhere", "--waveform", text(&below)],
        vec!["synth", PU4, "--liberty", "nowhere", "--bless", "--baselines", text(&below)],
    ] {
        fails(&arguments, 3, "error[AE0804]");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "what was tried is gone");
}

#[test]
fn a_plot_that_cannot_be_written_leaves_the_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, out) = (draw(folder.path()), folder.path().join("out.json"));
    let lines = folder.path().join("lines.txt");
    fs::write(&lines, "Yes.\n").expect("a file");
    let arguments = ["sweep", ACCELERATOR16, "--model", &model, "--of", "adapters", "--adapters", "8", "--file"];
    let arguments = [&arguments[..], &[text(&lines)]].concat();
    let ran = run(&[&arguments[..], &["--plot", "/dev/full", "--json", text(&out)]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("error[AE0804]: `/dev/full` cannot be written"), "{}", ran.err);
    assert!(ran.out.contains("adapters") && ran.out.contains("embedding"), "{}", ran.out);
    assert_eq!(json(&out)["result"]["choices"].as_array().expect("choices").len(), 1);
}

/// Adds tensors of zeros to a model's file.
fn add(model: &str, tensors: &[(&str, &[usize])]) {
    let path = Path::new(model).join("model.safetensors");
    let bytes = fs::read(&path).expect("a file");
    let file = SafeTensors::deserialize(&bytes).expect("tensors");
    let zeros = vec![0u8; 4 * 64 * 64];
    let added = tensors.iter().map(|(name, shape)| {
        let size = 4 * shape.iter().product::<usize>();
        let view = TensorView::new(Dtype::F32, shape.to_vec(), &zeros[..size]).expect("a tensor");
        ((*name).to_owned(), view)
    });
    let all: Vec<_> = file.tensors().into_iter().chain(added).collect();
    fs::write(&path, serialize(all, None).expect("a file of tensors")).expect("a writable folder");
}

#[test]
fn a_part_of_a_checkpoint_that_nothing_runs_is_named_by_every_command_that_loads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = draw(folder.path());
    add(&model, &[("classifier.weight", &[2, 64]), ("classifier.bias", &[2]), ("albert.pooler.weight", &[64, 64])]);
    let (data, lines) = (folder.path().join("dev.tsv"), folder.path().join("lines.txt"));
    fs::write(&lines, "Yes.\n").expect("a file");
    fs::write(&data, "sentence\tlabel\nYes.\t0\n").expect("a file");
    for arguments in [
        vec!["run", ACCELERATOR16, "--model", &model, "--text", "Yes."],
        vec!["eval", ACCELERATOR16, "--model", &model, "--task", "task1", "--data", text(&data)],
        vec!["dump", ACCELERATOR16, "--model", &model, "--stage", "program", "--tokens", "4"],
        vec!["pack", ACCELERATOR16, "--model", &model, "--file", text(&lines)],
        vec!["faults", ACCELERATOR16, "--model", &model, "--whole", "--sentence", "Yes.", "--trials", "1"],
    ] {
        let ran = run(&arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        let warning = "warning[AE0719]: of the checkpoint `classifier.bias`, `classifier.weight` are not used";
        assert!(ran.err.contains(warning), "{arguments:?}: {}", ran.err);
        let note = "not used, a pooler, which classifiers alone read: albert.pooler.weight";
        assert_eq!(ran.out.matches(note).count(), 1, "{arguments:?}: {}", ran.out);
    }
    add(&model, &[("albert.encoder.span_masks", &[4])]);
    let said = fails(&["run", ACCELERATOR16, "--model", &model, "--text", "Yes."], 1, "error[AE0704]");
    assert!(said.contains("albert.encoder.span_masks: it is not known"), "{said}");
}

#[test]
fn an_argument_that_would_have_no_effect_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = draw(folder.path());
    let ramp = "no task has an off-ramp";
    fails(&["run", ACCELERATOR16, "--model", &model, "--text", "Yes.", "--threshold", "0.1"], 2, ramp);
    fails(&["synth", PU4, "--memory-access", "100"], 2, "add --timing");
    fails(&["sim", PU4, "--model", &model, "--timing"], 2, "cannot be used with");
    fails(&["sim", PU4, "--model", &model, "--technology", "x"], 2, "cannot be used with");
    let eval = ["eval", ACCELERATOR16, "--model", &model, "--task", "task1", "--data", "x", "--limit", "0"];
    fails(&eval, 2, "invalid value '0'");
}
