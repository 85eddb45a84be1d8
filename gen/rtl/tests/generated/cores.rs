//! What FuseSoC and Bender read of a package: YAML that names every Verilog file once, and only files that
//! are there.

use crate::{design, designs, netlist};
use alberti_rtl::{Design, Prefix, emit::Package, memories, memory::Technology};
use serde_yaml::Value;
use std::collections::BTreeSet;

/// A package with the memories that `alberti gen` puts beside the top.
fn package(design: &Design) -> Package {
    let technology = Technology::shipped().expect("the technology that is built in");
    let (memories, _) = memories(design, &technology);
    let memories: Vec<_> = memories.iter().map(|memory| &memory.netlist).collect();
    Package::new(&Prefix::of_design(design), design, &netlist(design), &memories).expect("a package")
}

fn yaml(package: &Package, path: &str) -> Value {
    serde_yaml::from_slice(&package.files[path]).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_sequence().unwrap_or_else(|| panic!("{list:?} is no list"));
    list.iter().map(|text| text.as_str().expect("a string").to_owned()).collect()
}

/// Demands that a list has every Verilog file of the package once.
fn is_all_verilog(package: &Package, listed: &[String], of: &str) {
    let there: BTreeSet<&str> = package.files.keys().map(String::as_str).filter(|path| path.ends_with(".v")).collect();
    let named: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!((named.len(), &named), (listed.len(), &there), "{of}");
}

#[test]
fn a_core_file_names_all_verilog_and_targets_of_filesets_that_are_there() {
    for design in designs() {
        let package = package(&design);
        let path = format!("{}.core", design.name);
        assert!(package.files[&path].starts_with(b"CAPI=2:\n"), "{path}: its version is the first line");
        let core = yaml(&package, &path);
        assert_eq!(core["name"].as_str(), Some(&*format!("alberti:design:{}:0.1.0", design.name)));
        let filesets = core["filesets"].as_mapping().expect("filesets");
        let of = |name: &str| strings(&core["filesets"][name]["files"]);
        assert_eq!(of("constraints"), [format!("{}.sdc", design.name)]);
        let names = || filesets.keys().map(|name| name.as_str().expect("a name"));
        let verilog: Vec<String> = names().filter(|&name| name != "constraints").flat_map(of).collect();
        is_all_verilog(&package, &verilog, &path);
        assert!(verilog.iter().chain(&of("constraints")).all(|file| package.files.contains_key(file)), "{path}");
        let has_models = names().any(|name| name == "models");
        for name in ["default", "lint", "sim"] {
            let target = &core["targets"][name];
            let used = strings(&target["filesets"]);
            let models = if name == "default" { "!asic ? (models)" } else { "models" };
            assert_eq!(used.iter().any(|used| used == models), has_models, "{path}: {name}");
            assert!(used.iter().all(|used| used == models || names().any(|name| name == used)), "{path}: {used:?}");
            assert_eq!(target["toplevel"].as_str(), Some(design.name.as_str()), "{path}");
            let options = &target["flow_options"];
            let tool = (options["tool"].as_str(), options["verilator_options"].is_sequence());
            assert_eq!(tool, if name == "default" { (None, false) } else { (Some("verilator"), true) }, "{path}");
        }
    }
}

#[test]
fn a_bender_manifest_names_all_verilog_with_models_apart() {
    for design in designs() {
        let package = package(&design);
        let manifest = yaml(&package, "Bender.yml");
        assert_eq!(manifest["package"]["name"].as_str(), Some(&*design.name));
        let groups = manifest["sources"].as_sequence().expect("sources");
        let listed: Vec<String> = groups.iter().flat_map(|group| strings(&group["files"])).collect();
        is_all_verilog(&package, &listed, &design.name);
        let models = groups.iter().filter(|group| group["target"].as_str() == Some("not(asic)"));
        let models: Vec<String> = models.flat_map(|group| strings(&group["files"])).collect();
        let list = package.files.get(&format!("{}_models.f", design.name)).cloned().unwrap_or_default();
        let list = String::from_utf8(list).expect("text");
        let list: Vec<&str> = list.lines().filter(|line| !line.starts_with("//")).collect();
        assert_eq!(models, list, "{}", design.name);
    }
}

#[test]
fn an_accelerator_has_its_memories_within_its_top() {
    let core = yaml(&package(&design("accelerator4")), "accelerator4.core");
    let names: Vec<&str> =
        core["filesets"].as_mapping().expect("filesets").keys().filter_map(|name| name.as_str()).collect();
    assert_eq!(names, ["rtl", "models", "constraints"]);
}

#[test]
fn a_description_of_any_text_is_kept() {
    let text = std::fs::read_to_string(crate::root().join("designs/pu4.yaml")).expect("a design");
    let described = "a \"b\": #c, {d} [e] 'f' \\ ✓";
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.starts_with("description:")).map(str::to_owned).collect();
    lines.push(format!("description: {}", serde_json::to_string(described).expect("JSON")));
    let design = Design::parse("pu4.yaml", &lines.join("\n")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(yaml(&package(&design), "pu4.core")["description"].as_str(), Some(described));
}
