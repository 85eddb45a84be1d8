//! What each command answers when all is well.
#![allow(missing_docs)]

mod common;

use common::{command, files, json, root, text, well};
use std::{collections::BTreeSet, fs, io::Read, process::Stdio};

const PU4: &str = "designs/pu4.yaml";

#[test]
fn the_same_design_gives_the_same_bytes_wherever_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let contents = |name: &str| {
        let out = folder.path().join(name);
        well(&["gen", PU4, "-o", text(&out)]);
        let strip =
            |(path, bytes): (std::path::PathBuf, Vec<u8>)| (path.strip_prefix(&out).expect("below").to_owned(), bytes);
        files(&out).into_iter().map(strip).collect::<Vec<_>>()
    };
    let first = contents("a");
    assert_eq!(first, contents("deeper/b"));
    assert_eq!(first, contents("a"), "an earlier package is replaced");
    for name in ["pu4.f", "pu4.sdc", "manifest.json", "rtl/pu4.v", "rtl/pu4_vmac.v"] {
        assert!(first.iter().any(|(path, _)| path.to_str() == Some(name)), "{name}");
    }
    let mine = text(folder.path());
    assert!(first.iter().all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains(mine)), "an absolute path");
}

#[test]
fn a_block_can_be_the_top() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    well(&["gen", PU4, "-o", text(&out), "--block", "requantize"]);
    assert_eq!(json(&out.join("manifest.json"))["top"], "requantize_pu4");
    assert!(!out.join("rtl/pu4.v").exists());
}

#[test]
fn an_accelerator_is_the_top_of_its_design_with_all_that_it_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    well(&["gen", "designs/accelerator4.yaml", "-o", text(&out)]);
    assert_eq!(json(&out.join("manifest.json"))["top"], "accelerator4");
    for name in ["accelerator4.core", "Bender.yml", "driver/accelerator4.c", "registers/accelerator4_registers.h"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    assert!(well(&["dump", "designs/accelerator4.yaml", "-s", "netlist"]).starts_with("alb_accelerator\n"));
    assert!(well(&["check", "designs/accelerator4.yaml"]).contains("alb_accelerator of "));
}

#[test]
fn check_is_silent_about_the_good_designs() {
    for entry in fs::read_dir(common::root().join("designs")).expect("designs") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            assert!(well(&["check", text(&path)]).contains("no errors"), "{}", path.display());
        }
    }
}

#[test]
fn every_code_is_explained() {
    let list = well(&["explain"]);
    let codes: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(codes.len() > 50);
    for code in codes {
        let page = well(&["explain", code]);
        assert!(page.starts_with(&format!("# {code}: ")) && page.contains("## Instead"), "{code}");
    }
}

#[test]
fn every_command_has_its_help() {
    let help = well(&["--help"]);
    let list = help.split("Commands:").nth(1).expect("a list of commands");
    let commands: Vec<&str> = list.lines().skip(1).map_while(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() >= 10, "{commands:?}");
    let page = fs::read_to_string(root().join("docs/commands.md")).expect("a page");
    for command in commands.into_iter().filter(|&command| command != "help") {
        let help = well(&[command, "--help"]);
        assert!(help.contains("Usage: alberti ") && help.len() > 300, "{command}:\n{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 110), "{command} is too wide:\n{help}");
        assert!(page.contains(&format!("    alberti {command}")), "docs/commands.md does not list {command}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command(&["dump", "designs/pu16.yaml", "--stage", "netlist", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    assert_eq!((child.wait().expect("an end").code(), said.as_str()), (Some(0), ""));
}

#[test]
fn every_stage_can_be_dumped_as_text_and_as_json() {
    for stage in ["spec", "design", "netlist", "verilog", "memories", "diagnostics"] {
        let text = well(&["dump", "designs/codec.yaml", "--stage", stage]);
        assert_eq!(text.is_empty(), stage == "diagnostics", "{stage}");
        let data: serde_json::Value =
            serde_json::from_str(&well(&["dump", "designs/codec.yaml", "--stage", stage, "--format", "json"]))
                .expect("JSON");
        assert!(data.is_object() || data.is_array(), "{stage}");
    }
    assert!(well(&["dump", "designs/codec.yaml", "-s", "netlist", "-f", "dot"]).starts_with("digraph "));
    assert!(well(&["dump", PU4, "-s", "verilog", "-b", "vmac"]).contains("module alb_vmac"));
}

#[test]
fn the_macros_of_every_memory_are_shown_with_the_next_best_from_any_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.json");
    let design = common::root().join("designs/pu64.yaml");
    let dump = ["dump", text(&design), "--stage", "memories", "--json", text(&out)];
    let ran: common::Ran = command(&dump).current_dir(folder.path()).output().expect("it runs").into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("weight: 262,144 words of 512 bits, one read a cycle; sram, least area\n"), "{}", ran.out);
    let weight = &json(&out)["result"][0];
    // 64 macros of 208,648 µm², filled to the last bit.
    assert_eq!(weight["choice"]["utilisation"], 1.0);
    assert_eq!(weight["runners_up"].as_array().map(Vec::len), Some(3));
    let other = well(&[&dump[..4], &["--technology", "technology/memories/cacti22_lstp.yaml"]].concat());
    assert!(other.contains("Macros of cacti22_lstp: 22 nm, ITRS low standby power, 350 K"), "{other}");
}

#[test]
fn every_block_answers_its_own_example() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("input.json"), folder.path().join("output.json"));
    let mut answered = BTreeSet::new();
    let several = ["pu4", "pu16_8of16", "pu16_q3_13", "pu6", "accelerator4"];
    let others = fs::read_dir(root().join("designs")).expect("designs").map(|entry| entry.expect("an entry").path());
    let others = others.filter(|path| path.is_file());
    for design in several.map(|name| root().join(format!("designs/{name}.yaml"))).into_iter().chain(others) {
        let loaded = alberti_rtl::Design::load(&design).expect("the designs are valid");
        for block in alberti_rtl::blocks::BLOCKS.iter().filter(|block| block.netlist(&loaded).is_some()) {
            // One answer of any other design is enough.
            if answered.contains(block.name) && !several.contains(&loaded.name.as_str()) {
                continue;
            }
            well(&["golden", text(&design), "-b", block.name, "--example", "-o", text(&input)]);
            well(&["golden", text(&design), "-b", block.name, "-i", text(&input), "-o", text(&output)]);
            assert!(json(&output).as_object().is_some_and(|fields| !fields.is_empty()), "{design:?} {}", block.name);
            answered.insert(block.name);
        }
    }
    assert_eq!(answered.len(), alberti_rtl::blocks::BLOCKS.len(), "{answered:?} answered");
}

#[test]
fn a_golden_answer_can_be_followed_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("input.json");
    let answer = |block: &str, content: &str| -> serde_json::Value {
        fs::write(&input, content).expect("a file");
        serde_json::from_str(&well(&["golden", PU4, "-b", block, "-i", text(&input)])).expect("JSON")
    };
    let real =
        r#"{"weights": {"values": [2, 4, 0, -2], "scale": 0}, "activations": {"values": [2, 2, 2, 4], "scale": 0}}"#;
    let vmac = answer("vmac", real);
    assert_eq!((vmac["value"].as_f64(), vmac["sum"].as_i64()), (Some(4.0), Some(1024)));
    let decision = answer("entropy", r#"{"logits": {"values": [0.5, 0.5]}, "threshold_nats": 0.5}"#);
    assert_eq!(decision["exit"].as_bool(), Some(false));
    assert_eq!(decision["entropy_nats"].as_f64(), Some(std::f64::consts::LN_2));
    let largest = answer("top_k", r#"{"values": [-5, 3, 3]}"#);
    let entries =
        [(3, 1), (3, 2), (-5, 0)].map(|(value, position)| serde_json::json!({"value": value, "position": position}));
    assert_eq!(largest["entries"], serde_json::json!(entries));
    let decoded = answer("bitmask_decoder", r#"{"masks": ["0b0101", "0xe"], "packed": [1, 2, 3, 4, 5]}"#);
    assert_eq!(decoded["vectors"], serde_json::json!([[1, 0, 2, 0], [0, 3, 4, 5]]));
    assert_eq!(decoded["next"], serde_json::json!({"row": 1, "lane": 1}));
    let encoded = answer("bitmask_encoder", r#"{"vectors": [[1, 128, 0, 2]], "row": 3}"#);
    assert_eq!(encoded, serde_json::json!({"masks": ["0x9"], "packed": [1, 2], "next_row": 4}));
    let accesses = r#"{"accesses": [{"write": "interrupt_enable", "data": 2}, {"read": "magic"},
        {"read": 52, "inputs": {"interrupt_cause_error": 1}}, {"write": "status"}]}"#;
    let answers = answer("csr", accesses)["answers"].clone();
    let shown = |at: usize, what: &str| answers[at][what].as_str().map(str::to_owned);
    assert_eq!(shown(0, "write").as_deref(), Some("OKAY"));
    assert_eq!([1, 2].map(|at| shown(at, "data")), ["0x414c4254", "0x00000002"].map(|data| Some(data.to_owned())));
    assert_eq!((answers[1]["interrupt"].as_bool(), answers[2]["interrupt"].as_bool()), (Some(false), Some(true)));
    assert_eq!(shown(3, "write").as_deref(), Some("SLVERR"));
    let command =
        r#"{"command": {"write": false, "address": 4088, "bytes": 20}, "faults": [{"address": 4097, "response": 3}]}"#;
    fs::write(&input, command).expect("a file");
    let moved: serde_json::Value =
        serde_json::from_str(&well(&["golden", "designs/accelerator4.yaml", "-b", "dma", "-i", text(&input)]))
            .expect("JSON");
    assert_eq!(moved["bursts"], serde_json::json!([{"address": 4088, "beats": 1}, {"address": 4096, "beats": 2}]));
    assert_eq!((moved["response"].as_u64(), moved["failed_address"].as_u64()), (Some(3), Some(4096)));
    assert_eq!((moved["read_beats"].as_u64(), moved["last_strobes"].as_str()), (Some(1), Some("0xf")));
}

#[test]
fn json_holds_what_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("check.json");
    well(&["check", PU4, "--json", text(&path)]);
    let said = json(&path);
    assert_eq!((said["exit_code"].as_u64(), said["result"]["top"].as_str()), (Some(0), Some("alb_processing_unit")));
    well(&["--json", text(&path), "dump", PU4, "-s", "memories"]);
    assert_eq!(json(&path)["result"][0]["latency_cycles"], 1);
}

#[test]
fn accuracy_of_a_design_without_units_says_so_and_that_of_one_with_units_is_the_same_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("first.json"), folder.path().join("second.json"));
    let model = std::env::var("ALBERTI_MODEL").unwrap_or_else(|_| "build/models/minilm".into());
    let accuracy = |design: &str, out: &std::path::Path| {
        well(&["accuracy", design, "--model", &model, "--sentence", "Yes.", "--json", text(out)])
    };
    assert!(accuracy("designs/pu16_q3_13.yaml", &first).contains("no special function unit"));
    let said = accuracy("designs/pu6.yaml", &first);
    assert!(said.contains("not measured: layernorm") && said.contains("mass lost, mean"), "{said}");
    assert_eq!(said, accuracy("designs/pu6.yaml", &second));
    let result = &json(&first)["result"];
    assert_eq!(result, &json(&second)["result"]);
    // Four tokens see four each, in 12 heads of 6 layers.
    assert_eq!((&result["seed"], &result["accuracy"]["errors"][0]["rows"]), (&1.into(), &(4 * 12 * 6).into()));
}

#[test]
fn the_partition_sums_up_what_a_frozen_backbone_saves() {
    let text = well(&["dump", "designs/pu16.yaml", "--stage", "partition"]);
    assert!(text.contains("af8_3 (design)") && text.contains("fp32") && text.contains("q3.13"), "{text}");
    let data: serde_json::Value =
        serde_json::from_str(&well(&["dump", "designs/pu16.yaml", "-s", "partition", "-f", "json"])).expect("JSON");
    let all = data["partitions"].as_array().expect("partitions");
    assert_eq!(all.len(), 8, "two splits in four formats");
    let number = |split: &str, format: &str, key: &str| {
        let one = all.iter().find(|one| one["split"] == split && one["format"] == format).expect("it is there");
        one[key].as_u64().expect("bits")
    };
    assert!(number("backbone", "af8_3", "sram_bits") < number("embeddings", "af8_3", "sram_bits") / 5);
    assert_eq!(number("backbone", "q3.5", "mlc_bits"), number("backbone", "af8_3", "mlc_bits"));
}

/// An accelerator small enough to be synthesised and simulated whole, its weights in RRAM.
const TINY: &str = "name: tiny\ndatapath: {n: 2, operand: af8_3, accumulator_bits: 27, accumulator_rows: 2, reduction_max: 2}\n\
                    memories:\n  weight: {values: 256, latency: 2, kind: rram, bits_per_cell: 2}\n  activation: {values: 256}\n  \
                    result: {values: 256}\nclock: {frequency_mhz: 500}\n";

#[test]
fn a_memory_that_no_macro_serves_is_left_out_unless_its_technology_was_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (design, out) = (folder.path().join("fast.yaml"), folder.path().join("out"));
    fs::write(&design, TINY.replace("500", "5000").replace("latency: 2, ", "latency: 1, ")).expect("a file");
    let ran = |more: &[&str]| -> common::Ran {
        let gen_it = [&["gen", text(&design), "-o", text(&out)], more].concat();
        command(&gen_it).output().expect("it runs").into()
    };
    let left = ran(&[]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert!(left.err.contains("warning[AE0511]: a memory is left out: no macro of nvsim22 serves"), "{}", left.err);
    let said = json(&out.join("manifest.json"));
    assert_eq!(said["top"], "tiny");
    assert!(!out.join("rtl/tiny_rram_weight.v").exists());
    let named = ran(&["--technology", "technology/memories/nvsim22.yaml"]);
    assert_eq!(named.code, 1, "{}", named.err);
    assert!(named.err.contains("error[AE0509]"), "{}", named.err);
    let quiet = ran(&["--no-memories"]);
    assert!(quiet.code == 0 && !quiet.err.contains("AE05"), "{}", quiet.err);
    let technology = "technology/memories/nvsim22.yaml";
    let checked: common::Ran = command(&["check", text(&design), "-t", technology]).output().expect("it runs").into();
    assert!(checked.code == 1 && checked.err.contains("AE0509"), "{}", checked.err);
}

#[test]
fn memories_are_costed_and_simulated_as_what_they_are_made_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let (design, out, page) =
        (folder.path().join("tiny.yaml"), folder.path().join("out.json"), folder.path().join("tiny.html"));
    fs::write(&design, TINY).expect("a file");
    let said = well(&["synth", text(&design), "--block", "rram", "--json", text(&out)]);
    assert!(said.contains("Memories of nvsim22: 22 nm"), "{said}");
    let memories = &json(&out)["result"]["memories"];
    assert_eq!(memories.as_array().map(Vec::len), Some(1), "rram alone was asked for");
    let weight = &memories[0];
    well(&["dump", text(&design), "--stage", "memories", "--json", text(&out)]);
    let choice = &json(&out)["result"][0]["choice"];
    for key in ["area_um2", "leakage_uw", "access_energy_pj", "bandwidth_gbps", "latency_ns", "utilisation", "macros"] {
        assert_eq!(weight[key], choice[key], "{key}");
    }
    assert_eq!(weight["bits"], 256 * 8);
    assert!(weight["logic"]["gate_equivalents"].as_f64().expect("gates") > 100.0);
    let simulated = well(&["sim", text(&design), "--block", "rram", "--block", "sram"]);
    for name in ["sram", "rram weight", "sram activation", "sram result"] {
        assert!(simulated.lines().any(|line| line.starts_with(&format!("{name}  "))), "{name}: {simulated}");
    }
    well(&["report", text(&design), "-o", text(&page), "--json", text(&out)]);
    let memories = &json(&out)["result"]["memories"];
    assert_eq!((memories.as_array().map(Vec::len), &memories[0]), (Some(3), weight));
    let html = fs::read_to_string(&page).expect("a page");
    assert!(html.contains("<h2>Memories</h2>") && html.contains("<td>weight</td>"), "no table of memories");
}

#[test]
fn a_baseline_that_is_damaged_is_a_wrong_input() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("osu018-area.json"), "{").expect("a file");
    let check = ["synth", "designs/pu4.yaml", "--block", "requantize", "--check", "--baselines", text(folder.path())];
    let ran: common::Ran = command(&check).output().expect("it runs").into();
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("error[AE0805]") && ran.err.contains("osu018-area.json"), "{}", ran.err);
}
