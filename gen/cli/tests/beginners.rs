//! What people get wrong in the first hour, and the one message that helps each of them.
#![allow(missing_docs)]

mod common;

use common::{command, fails, json, run, text};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

const PU16: &str = "designs/pu16.yaml";
const MODEL: &str = "nowhere";

/// A line of designs/pu16.yaml, what it becomes, and what is said: the code, the message, the help.
type Slip = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SLIPS: &[Slip] = &[
    // Numbers.
    ("n: 16", "n: 16.0", "AE0108", "`n` must be a whole number, it is the number 16.0", "`n: 16`"),
    ("n: 16", "n: \"16\"", "AE0108", "it is the text `16`", "remove the quotes: `n: 16`"),
    ("n: 16", "n: 16,", "AE0108", "it is the text `16,`", "remove the `,`: `n: 16`"),
    ("n: 16", "n: 16 // lanes", "AE0108", "it is the text", "a comment begins with #: `n: 16  # lanes`"),
    ("n: 16", "n: [16]", "AE0108", "it is a list of 1", "without brackets or dash: `n: 16`"),
    ("values: 1048576", "values: 1M", "AE0108", "it is the text `1M`", "`values: 1048576`, or 1000000 if"),
    ("values: 1048576", "values: 1024k", "AE0108", "it is the text `1024k`", "`values: 1048576`, or 1024000 if"),
    ("values: 1048576", "values: 2^20", "AE0108", "it is the text `2^20`", "write digits alone: `values: 1048576`"),
    ("values: 1048576", "values: 1e6", "AE0108", "it is the number 1000000.0", "write digits alone: `values: 1000000`"),
    ("values: 1048576", "values: 1_048_576", "AE0108", "the text `1_048_576`", "write digits alone: `values: 1048576`"),
    ("values: 1048576", "values: 1024KiB", "AE0108", "the text `1024KiB`", "write digits alone: `values: 1048576`"),
    ("words: 131072", "words: 20'd131072", "AE0108", "the text `20'd131072`", "write digits alone: `words: 131072`"),
    ("mhz: 500", "mhz: 500 MHz", "AE0108", "it is the text `500 MHz`", "write digits alone: `frequency_mhz: 500`"),
    ("mhz: 500", "mhz: 0.5GHz", "AE0108", "it is the text `0.5GHz`", "write digits alone: `frequency_mhz: 500`"),
    ("mhz: 500", "mhz: 500e6", "AE0403", "it must lie between 0.1 and 5000", "write the target in megahertz"),
    // Words, lists and truth values.
    ("operand: af8_3", "operand: int8", "AE0111", "`int8` is not a number format", "choose af8_3, q3.5, q3.13"),
    ("operand: af8_3", "operand: AF8_3", "AE0111", "`AF8_3` is not a number format", "did you mean af8_3?"),
    ("operand: af8_3", "operand: [af8_3]", "AE0108", "it is a list of 1", "without brackets or dash: `operand: af8_3`"),
    ("activation: gelu ", "activation: gelu, relu ", "AE0111", "several", "write a list: `activation: [gelu, relu]`"),
    ("zero_skip: true", "zero_skip: yes", "AE0108", "it is the text `yes`", "write `zero_skip: true`"),
    ("zero_skip: true", "zero_skip: 0", "AE0108", "it is the number 0", "write `zero_skip: false`"),
    ("name: pu16", "name: PU-16", "AE0601", "the name `PU-16` is not an identifier", "such as `pu_16`"),
    // Sections.
    ("csr: {}", "csr: true", "AE0108", "`csr` must be a mapping", "write `csr: {}` for its defaults"),
    ("csr: {}", "csr: yes", "AE0108", "`csr` must be a mapping", "write `csr: {}` for its defaults"),
    ("csr: {}", "csr: no", "AE0108", "`csr` must be a mapping", "leave `csr` out"),
    ("csr: {}", "csr:", "AE0108", "`csr` must be a mapping of keys to values, it is empty", "write `csr: {}`"),
    ("result: {values: 524288}", "result: 524288", "AE0108", "`memories.result` must be", "`result: {values: 524288}`"),
    ("pipeline: 2 ", "sparsity: 8:16 ", "AE0108", "it is the text `8:16`", "{kind: block, nonzeros: 8, block: 16}"),
    // Keys: one message, not "unknown" and "missing" and what follows from them.
    ("accumulator_bits:", "acumulator_bits:", "AE0106", "`acumulator_bits`", "did you mean `accumulator_bits`?"),
    ("memories:", "memory:", "AE0106", "the design has no key `memory`", "did you mean `memories`?"),
    ("datapath:", "data_path:", "AE0106", "the design has no key `data_path`", "did you mean `datapath`?"),
    ("units:", "unit:", "AE0106", "the design has no key `unit`", "did you mean `units`?"),
    ("clock:", "clk:", "AE0106", "the design has no key `clk`", "did you mean `clock`?"),
    ("frequency_mhz:", "frequency:", "AE0106", "`clock` has no key `frequency`", "did you mean `frequency_mhz`?"),
    ("{values: 524288}", "{values:524288}", "AE0106", "`values:524288`", "a space after the colon: `values: 524288`"),
    ("csr: {}", "csr: {}\ncsr: {}", "AE0110", "`csr` is given twice, first in line 33", "keep one of the two"),
    // YAML.
    ("n: 16 ", "n:16 ", "AE0104", "the colon after `n` has no space after it", "write `n: 16`"),
    ("name: pu16", "name:pu16", "AE0104", "the colon after `name` has no space after it", "write `name: pu16`"),
    ("n: 16 ", "n = 16 ", "AE0104", "`n` is followed by `=`, not by a colon", "write `n: 16`"),
    ("  n: 16", "\tn: 16", "AE0104", "a tab indents the line", "indent by spaces, two for each level"),
    ("  n: 16", "  // lanes\n  n: 16", "AE0104", "`//` begins no comment", "begin comments with #"),
];

fn pu16() -> String {
    fs::read_to_string(common::root().join(PU16)).expect("a design")
}

/// A file in a folder of its own.
fn file(name: &str, content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file");
    (folder, path)
}

fn check_with_input(arguments: &[&str], input: &[u8]) -> common::Ran {
    let mut command = command(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("an input").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends").into()
}

/// Exactly one error, with all of some texts.
fn one(said: &str, texts: &[&str]) {
    assert_eq!(said.matches("error").count(), 1, "one mistake, one message:\n{said}");
    texts.iter().for_each(|text| assert!(said.contains(text), "it does not say `{text}`:\n{said}"));
}

#[test]
fn a_slip_in_a_design_gets_one_message_with_what_to_write_instead() {
    for &(from, to, code, message, help) in SLIPS {
        let design = pu16();
        assert!(design.contains(from), "{from}");
        let (_folder, path) = file("pu16.yaml", design.replacen(from, to, 1));
        let said = fails(&["check", text(&path)], 1, &format!("error[{code}]: "));
        let (first, last) = said.split_once("  help: ").unwrap_or_else(|| panic!("{to} has no help:\n{said}"));
        one(&said, &["pu16.yaml:"]);
        assert!(first.contains(message), "{to} does not say `{message}`:\n{said}");
        assert!(last.contains(help), "{to} is not helped by `{help}`:\n{said}");
    }
}

#[test]
fn what_is_in_a_misspelt_section_is_checked_as_well() {
    let design = pu16().replace("memories:", "memory:").replace("values: 1048576", "valeus: 1M");
    let (_folder, path) = file("pu16.yaml", design);
    let said = fails(&["check", text(&path)], 1, "did you mean `memories`?");
    assert!(said.contains("did you mean `values`?") && said.contains("`values: 1048576`"), "{said}");
    assert_eq!(said.matches("error").count(), 3, "{said}");
}

#[test]
fn a_section_whose_keys_are_not_indented_is_one_mistake() {
    let design = pu16();
    let (start, end) = (design.find("\n  n: 16").expect("n"), design.find("\nmemories:").expect("memories"));
    let flat = design[start..end].replace("\n  ", "\n");
    let (_folder, path) = file("pu16.yaml", format!("{}{flat}{}", &design[..start], &design[end..]));
    let said = fails(&["check", text(&path)], 1, "error[AE0108]: `datapath` must be a mapping");
    one(&said, &["it is empty", "write below it, indented by two spaces, n, operand"]);
}

#[test]
fn a_file_that_is_no_design_is_told_from_a_broken_one() {
    for (content, code, texts) in
        [("", 1, ["error[AE0105]", "the design is empty"]), ("# later\n", 1, ["error[AE0105]", "the design is empty"])]
    {
        let (_folder, path) = file("x.yaml", content);
        one(&fails(&["check", text(&path)], code, ""), &texts);
    }
    one(&fails(&["check", "designs"], 3, "AE0101"), &["it is a folder", "name the YAML file itself"]);
    let technology = "technology/memories/nvsim22.yaml";
    one(&fails(&["check", technology], 1, "AE0108"), &["this is a technology file", "--technology FILE"]);
    one(
        &fails(&["check", PU16, "-t", PU16], 1, "AE0108"),
        &["this is a design, not the technology file", "alberti check"],
    );
    let (_folder, recipe) = file("recipe.yaml", "prune: {encoder: 0.5}\n");
    one(&fails(&["check", text(&recipe)], 1, "AE0108"), &["this is a recipe", "--recipe FILE"]);
}

#[test]
fn a_byte_order_mark_and_the_ends_of_lines_of_another_system_are_no_mistake() {
    let hash = |content: String| {
        let (_folder, path) = file("pu16.yaml", content);
        let ran = run(&["check", text(&path)]);
        assert_eq!((ran.code, &*ran.err), (0, ""));
        ran.out
    };
    assert_eq!(hash(format!("\u{feff}{}", pu16())), hash(pu16()));
    assert_eq!(hash(pu16().replace('\n', "\r\n")), hash(pu16()));
    let wrong = pu16().replace("n: 16", "n: 16.0").replace('\n', "\r\n");
    let (_folder, path) = file("pu16.yaml", format!("\u{feff}{wrong}"));
    one(&fails(&["check", text(&path)], 1, "AE0108"), &["pu16.yaml:7:6", "`n: 16`"]);
}

#[test]
fn a_wrong_path_is_answered_by_the_file_beside_it() {
    for (wrong, right) in [
        ("designs/pu61.yaml", "designs/pu16.yaml"),
        ("designs/pu16", "designs/pu16.yaml"),
        ("designs/pu16.yml", "designs/pu16.yaml"),
        ("designs/acelerator16.yaml", "designs/accelerator16.yaml"),
        ("pu16.yaml", "designs/pu16.yaml"),
    ] {
        one(&fails(&["check", wrong], 3, "AE0101"), &["the file does not exist", &format!("did you mean {right}?")]);
    }
    one(&fails(&["check", "designs/zebra.yaml"], 3, "AE0101"), &["example designs are in designs/"]);
}

#[test]
fn a_code_is_explained_however_it_is_typed() {
    let page = run(&["explain", "AE0203"]).out;
    for code in ["0203", "203", "ae203", "AE203", "ae0203", "E0203"] {
        let ran = run(&["explain", code]);
        assert_eq!((ran.code, &ran.out), (0, &page), "{code}: {}", ran.err);
    }
    one(&fails(&["explain", "9203"], 2, "is no code"), &["AE0203", "`alberti explain` lists them"]);
}

#[test]
fn a_block_is_found_by_another_spelling() {
    for wrong in ["Vmac", "vmca", "alb_vmac"] {
        one(&fails(&["sim", PU16, "--block", wrong], 2, "is no block"), &["did you mean vmac?"]);
    }
    one(&fails(&["sim", PU16, "--block", "vmac-array"], 2, "is no block"), &["did you mean vmac_array?"]);
}

#[test]
fn a_task_that_is_missing_is_named_with_those_that_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("model");
    let made = run(&["model", "--synthetic", "small", "-o", text(&model)]);
    assert_eq!(made.code, 0, "{}", made.err);
    let arguments = ["run", "designs/accelerator4.yaml", "--model", text(&model), "--task", "sst3"];
    let said = fails(&arguments, 3, "error[AE0701]: there is no task `sst3`");
    one(&said, &["help: the model has ", "give the folder of a task"]);
    assert!(!said.contains("safetensors"), "{said}");
}

#[test]
fn each_problem_of_a_recipe_has_its_line() {
    let (_folder, path) = file("recipe.yaml", "prune:\n  encoder: 50 %\n  heads: 0.5\nquantise:\n  clip_gelu: yes\n");
    let pack =
        |path: &Path| fails(&["pack", "designs/accelerator4.yaml", "--model", MODEL, "--recipe", text(path)], 1, "");
    let said = pack(&path);
    for text in [
        "recipe.yaml:2:12  prune.encoder",
        "write the share: 0.5",
        "recipe.yaml:3:10  prune.heads",
        "its keys are embeddings, encoder",
        "recipe.yaml:5:14  quantise.clip_gelu",
        "write true or false",
    ] {
        assert!(said.contains(text), "it does not say `{text}`:\n{said}");
    }
    assert_eq!(said.matches("error[AE0720]").count(), 3, "{said}");
    let (_folder, path) = file("recipe.yaml", "prune:\n  encoder: 0.5\n  encoder: 0.6\n");
    one(&pack(&path), &["recipe.yaml:2:3", "duplicate entry with key \"encoder\""]);
    one(&pack(&common::root().join(PU16)), &["this is a design, not a recipe"]);
}

#[test]
fn a_design_is_read_from_standard_input_and_called_so() {
    let ran = check_with_input(&["check", "-"], pu16().as_bytes());
    assert_eq!((ran.code, &*ran.err, ran.out), (0, "", run(&["check", PU16]).out));
    let ran = check_with_input(&["check", "-"], pu16().replace("n: 16", "n: 16.0").as_bytes());
    assert_eq!(ran.code, 1);
    one(&ran.err, &["--> standard input:7:6  datapath.n"]);
    let dumped = check_with_input(&["dump", "-", "--stage", "spec"], pu16().as_bytes());
    assert_eq!((dumped.code, dumped.out), (0, run(&["dump", PU16, "--stage", "spec"]).out));
    one(&check_with_input(&["check", "-"], b"").err, &["error[AE0105]", "standard input"]);
}

#[test]
fn json_for_standard_output_takes_the_place_of_the_text() {
    let (folder, path) = file("pu16.yaml", pu16().replace("n: 16", "n: 16.0"));
    let aside = folder.path().join("out.json");
    for arguments in [["check", PU16], ["check", text(&path)]] {
        let ran = run(&[&arguments[..], &["--json", "-"]].concat());
        let with_file = run(&[&arguments[..], &["--json", text(&aside)]].concat());
        let printed: serde_json::Value = serde_json::from_str(&ran.out).expect("nothing but JSON");
        assert_eq!((printed, ran.code, ran.err), (json(&aside), with_file.code, with_file.err));
    }
}

#[test]
fn a_terminal_gets_the_line_a_caret_and_colours_and_a_pipe_plain_text() {
    let (_folder, path) = file("pu16.yaml", pu16().replace("n: 16 ", "n: 16.0 "));
    let with = |variables: &[(&str, &str)]| {
        let mut command = command(&["check", text(&path)]);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(variables.iter().copied());
        common::Ran::from(command.output().expect("it runs")).err
    };
    let plain = with(&[]);
    assert!(plain.starts_with("error[AE0108]: ") && !plain.contains('\u{1b}') && !plain.contains('^'), "{plain}");
    let forced = with(&[("CLICOLOR_FORCE", "1")]);
    assert!(forced.contains("\u{1b}["), "{forced}");
    let shown = anstream::adapter::strip_str(&forced).to_string();
    assert!(shown.contains(":7:6\n") && shown.contains("\n7 |   n: 16.0 "), "{shown}");
    assert!(shown.contains("\n  |      ^^^^ datapath.n\n") && shown.contains("help: write digits alone"), "{shown}");
    assert_eq!(with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
}
