//! Whatever a user gets wrong ends in a clear error, the right exit code, and nothing half written.
#![allow(missing_docs)]

mod common;

use common::{command, fails, files, json, run, text};
use std::fs;

const PU4: &str = "designs/pu4.yaml";
const ACCELERATOR4: &str = "designs/accelerator4.yaml";

#[test]
fn a_design_that_is_missing_is_named() {
    for command in [
        vec!["check", "nowhere.yaml"],
        vec!["gen", "nowhere.yaml", "-o", "x"],
        vec!["sim", "nowhere.yaml"],
        vec!["golden", "nowhere.yaml", "-b", "vmac", "--example"],
        vec!["accuracy", "nowhere.yaml", "--model", "x"],
        vec!["run", "nowhere.yaml", "--model", "x"],
        vec!["pack", "nowhere.yaml", "--model", "x"],
        vec!["sweep", "nowhere.yaml", "--model", "x"],
        vec!["synth", "nowhere.yaml"],
        vec!["lint", "nowhere.yaml"],
        vec!["report", "nowhere.yaml"],
        vec!["dump", "nowhere.yaml", "--stage", "spec"],
    ] {
        let said = fails(&command, 3, "error[AE0101]: the design cannot be read");
        assert!(said.contains("--> nowhere.yaml") && said.contains("help: "), "{said}");
    }
    fails(&["check", "designs"], 3, "it is a folder");
}

#[test]
fn malformed_yaml_an_unknown_key_and_a_size_out_of_range_are_placed_by_line_and_column() {
    for (bad, code) in
        [("AE0104_open_bracket", "AE0104"), ("AE0106_misspelt", "AE0106"), ("AE0109_out_of_range", "AE0109")]
    {
        let path = format!("designs/bad/{bad}.yaml");
        for arguments in [vec!["check", &path], vec!["gen", &path, "-o", "never"]] {
            let said = fails(&arguments, 1, &format!("error[{code}]: "));
            assert!(said.contains(&format!("--> {path}:")), "{said}");
        }
    }
    assert!(!common::root().join("never").exists());
}

#[test]
fn a_design_that_is_wrong_is_refused_alike_by_every_command() {
    fails(&["check", "designs/bad/AE0203_overflow.yaml"], 1, "error[AE0203]: the accumulator can overflow");
    fails(&["check", "designs/bad/AE0308_width.yaml"], 1, "error[AE0308]");
    fails(&["check", "designs/bad/all_at_once.yaml"], 1, "error[AE01");
    fails(&["gen", "designs/bad/AE0203_overflow.yaml", "-o", "never"], 1, "error[AE0203]");
    let warned = run(&["check", "designs/bad/AE0204_too_wide.yaml"]);
    assert_eq!(warned.code, 0);
    assert!(warned.err.contains("warning[AE0204]"), "{}", warned.err);
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mine = folder.path().join("thesis.txt");
    fs::write(&mine, "ten years of work").expect("a file");
    let said = fails(&["gen", PU4, "-o", text(folder.path())], 3, "error[AE0804]");
    assert!(said.contains("thesis.txt"), "{said}");
    assert_eq!(files(folder.path()), [(mine, b"ten years of work".to_vec())]);
    fails(&["gen", PU4, "-o", "Cargo.toml"], 3, "is not a folder");
}

#[test]
fn a_place_that_cannot_be_written_is_named_and_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    // A file cannot be a parent: true for every user, root included.
    let below = file.join("out");
    fails(&["gen", PU4, "-o", text(&below)], 3, "error[AE0804]");
    let ran = run(&["explain", "AE0203", "--json", text(&below)]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("error[AE0804]"), "{}", ran.err);
    fails(&["golden", PU4, "-b", "vmac", "--example", "-o", text(folder.path())], 3, "error[AE0804]");
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn a_missing_tool_comes_with_the_command_that_installs_it() {
    let nothing = tempfile::tempdir().expect("a folder");
    for (arguments, tool) in [
        (vec!["sim", PU4, "-b", "vmac"], "apt-get install verilator"),
        (vec!["synth", PU4, "-b", "vmac"], "apt-get install yosys"),
        (vec!["lint", PU4], "apt-get install verilator"),
    ] {
        let ran: common::Ran = command(&arguments).env("PATH", nothing.path()).output().expect("it runs").into();
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(ran.err.contains("error[AE0801]") && ran.err.contains(tool), "{}", ran.err);
    }
    let ran: common::Ran = command(&["doctor"]).env("PATH", nothing.path()).output().expect("it runs").into();
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("missing: apt-get install verilator"), "{}", ran.out);
    assert!(ran.err.contains("help: to install what is missing: apt-get install "), "{}", ran.err);
    let out = nothing.path().join("out");
    let generated: common::Ran =
        command(&["gen", PU4, "-o", text(&out)]).env("PATH", nothing.path()).output().expect("it runs").into();
    assert_eq!(generated.code, 0, "generation needs no tool: {}", generated.err);
}

#[test]
fn arguments_that_mean_nothing_are_refused() {
    fails(&["sim", PU4, "--block", "vmca"], 2, "did you mean vmac?");
    fails(&["sim", PU4, "--block", "block_select"], 2, "error[AE0806]");
    fails(&["golden", PU4, "--block", "block_select", "--example"], 2, "error[AE0806]");
    fails(&["sim", PU4, "--seed", "many"], 2, "is no seed");
    fails(&["explain", "AE9999"], 2, "is no code");
    fails(&["synth", PU4, "--frequency", "-1"], 2, "");
    fails(&["synth", PU4, "--recipe", "tasty"], 2, "there is no recipe 'tasty'");
    fails(&["synth", PU4, "--liberty", "Cargo.toml"], 3, "error[AE0803]");
    fails(&["synth", PU4, "--liberty", "nowhere.lib"], 3, "nowhere.lib");
    fails(&["dump", PU4, "--stage", "verilog", "--format", "dot"], 2, "only the netlist is a graph");
    fails(&["dump", PU4, "--stage", "design", "--technology", "x"], 2, "only memories are made of macros");
    fails(&["dump", PU4, "--stage", "memories", "--technology", "x"], 3, "the technology file cannot be read");
    let slow = ["dump", PU4, "--stage", "memories", "-t", "designs/bad_technology/AE0509_slow.yaml"];
    assert_eq!(fails(&slow, 1, "error[AE0509]").matches("error[").count(), 3);
    fails(&["sim", PU4, "--model", "nowhere"], 3, "error[AE0701]");
    fails(&["accuracy", PU4], 2, "--model <DIR>");
    fails(&["accuracy", PU4, "--model", "nowhere"], 3, "error[AE0701]: cannot read nowhere/config.json");
    fails(&["accuracy", PU4, "--model", "designs"], 3, "help: a model is a folder with safetensors");
    fails(&["run", ACCELERATOR4], 2, "--model <DIR>");
    fails(&["run", PU4, "--model", "x"], 2, "error[AE0806]: the design pu4 has no accelerator");
    fails(&["run", ACCELERATOR4, "--model", "nowhere"], 3, "error[AE0701]: cannot read nowhere/config.json");
    fails(&["run", ACCELERATOR4, "--model", "x", "--file", "nowhere"], 3, "error[AE0810]: nowhere cannot be read");
    fails(&["run", ACCELERATOR4, "--model", "x", "--file", "/dev/null"], 1, "has no sentence");
    fails(&["run", ACCELERATOR4, "--model", "x", "--engine", "steam"], 2, "invalid value 'steam'");
    fails(&["dump", ACCELERATOR4, "--stage", "program"], 2, "a program is of a model");
    fails(&["dump", ACCELERATOR4, "--stage", "design", "--model", "x"], 2, "a program is of a model");
    fails(&["dump", ACCELERATOR4, "--stage", "program", "--tokens", "4"], 2, "--model <DIR>");
    fails(&["faults", PU4], 2, "--model <DIR>");
    fails(&["faults", PU4, "--model", "nowhere"], 3, "error[AE0701]: cannot read nowhere/config.json");
    fails(&["faults", PU4, "--model", "x", "--layouts", "n:m"], 2, "pruned in blocks");
    fails(&["faults", PU4, "--model", "x", "--layouts", "block"], 2, "is called `offset`");
    fails(&["faults", PU4, "--model", "x", "--layouts", "heap"], 2, "none of stream, row, tile, offset, n:m");
    fails(&["faults", PU4, "--model", "x", "--rates", "1e-3,2"], 2, "no share from 0 to 1");
    fails(&["faults", PU4, "--model", "x", "--rates", "0.7"], 2, "error[AE0811]: a bit error rate of 0.7");
    fails(&["faults", PU4, "--model", "x", "--technology", "nowhere"], 3, "the technology file cannot be read");
    fails(&["sim", PU4, "--model", "x", "--prune", "most"], 2, "neither a share");
    fails(&["sim", PU4, "--model", "x", "--prune", "3:7"], 2, "2:4, 4:8 and 8:16");
    for drawn in [vec!["sim", PU4, "-b", "vmac"], vec!["faults", PU4, "--model", "x"], vec!["report", PU4]] {
        let ran: common::Ran = command(&drawn).env("ALBERTI_SEED", "?").output().expect("it runs").into();
        assert_eq!((ran.code, ran.err.contains("is no seed")), (2, true), "{drawn:?}: {}", ran.err);
    }
}

#[test]
fn json_that_a_block_cannot_be_given_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("input.json");
    let refuse = |content: &str, said: &str| {
        fs::write(&input, content).expect("a file");
        let err = fails(&["golden", PU4, "-b", "vmac", "-i", text(&input)], 1, "error[AE0805]");
        assert!(err.contains(said) && err.contains(text(&input)), "{err}");
    };
    refuse("{", "input.json:1:1");
    refuse(r#"{"weights": [1, 2, 3, 4]}"#, "missing field `activations`");
    refuse("{\"weights\": [1, 2, 3, 4],\n \"wights\": 1}", "input.json:2:");
    refuse(r#"{"weights": [1, 2], "activations": [1, 2, 3, 4]}"#, "weights: 2 of them, the design needs 4");
    refuse(r#"{"weights": [1, 2, 3, 256], "activations": [1, 2, 3, 4]}"#, "is no code of af8_3");
    refuse(r#"{"weights": [1, 2, 3, -1], "activations": [1, 2, 3, 4]}"#, "expected u16");
    refuse(r#"{"weights": {"values": [1, 2, 3, 4], "scale": 999}, "activations": [1, 2, 3, 4]}"#, "a scale of 999");
    refuse(r#"{"weights": [1, 2, 3, 4], "activations": [1, 2, 3, 4], "addend": 99999999999999}"#, "does not fit");
    fails(&["golden", PU4, "-b", "vmac", "-i", "nowhere.json"], 3, "error[AE0810]: nowhere.json cannot be read");
}

#[test]
fn a_failure_is_in_the_json_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.json");
    fails(&["check", "designs/bad/AE0203_overflow.yaml", "--json", text(&path)], 1, "AE0203");
    let said = json(&path);
    assert_eq!((&said["command"], &said["exit_code"]), (&"check".into(), &1.into()));
    assert_eq!(said["diagnostics"][0]["code"], "AE0203");
    assert_eq!(said["diagnostics"][0]["place"]["key_path"], "datapath.accumulator_bits");
    assert!(said["result"].is_null());
}
