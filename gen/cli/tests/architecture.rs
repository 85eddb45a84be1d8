//! The layout that the crates promise: who may depend on whom, and one room for each block.

use alberti_rtl::blocks::BLOCKS;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Crate folder, and the crates of ours that it may depend on. Goldens and generators never see each other: a
/// fault that both shared would be invisible.
const MAY_DEPEND: [(&str, &[&str]); 15] = [
    ("gen/arith", &[]),
    ("gen/isa", &[]),
    ("gen/diagnostic", &[]),
    ("gen/random", &[]),
    ("gen/files", &[]),
    ("gen/golden", &["alberti-arith", "alberti-isa"]),
    ("gen/rtl", &["alberti-arith", "alberti-diagnostic", "alberti-files", "alberti-isa"]),
    ("gen/model", &["alberti-arith", "alberti-diagnostic", "alberti-golden", "alberti-isa"]),
    ("gen/cost", &["alberti-diagnostic", "alberti-golden", "alberti-model", "alberti-rtl", "alberti-synth"]),
    ("sim-tests/harness", &["alberti-files", "alberti-random"]),
    (
        "sim-tests/scenarios",
        &[
            "alberti-arith",
            "alberti-cost",
            "alberti-diagnostic",
            "alberti-golden",
            "alberti-harness",
            "alberti-isa",
            "alberti-rtl",
        ],
    ),
    ("sim-tests", &[]),
    ("synth", &["alberti-files"]),
    (
        "gen/cli",
        &[
            "alberti-arith",
            "alberti-cost",
            "alberti-diagnostic",
            "alberti-files",
            "alberti-golden",
            "alberti-harness",
            "alberti-isa",
            "alberti-model",
            "alberti-random",
            "alberti-rtl",
            "alberti-scenarios",
            "alberti-synth",
        ],
    ),
    (
        "fuzz",
        &[
            "alberti",
            "alberti-cost",
            "alberti-files",
            "alberti-golden",
            "alberti-isa",
            "alberti-model",
            "alberti-rtl",
            "alberti-synth",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Names under `[dependencies]` of a crate; tests may know more.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("every crate has a manifest");
    let section = text.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap_or_default();
    let name = |line: &str| Some(line.split(['.', '=', ' ']).next()?.trim().to_owned());
    section.lines().skip(1).filter_map(name).filter(|name| !name.is_empty() && !name.starts_with('#')).collect()
}

#[test]
fn crates_depend_only_on_what_lies_below_them() {
    for (folder, allowed) in MAY_DEPEND {
        let ours: Vec<_> = dependencies(folder).into_iter().filter(|name| name.starts_with("alberti")).collect();
        for name in &ours {
            assert!(allowed.contains(&name.as_str()), "{folder} depends on {name}");
        }
    }
}

#[test]
fn the_integer_specification_and_the_instruction_set_depend_on_nothing() {
    for folder in ["gen/arith", "gen/isa"] {
        assert_eq!(dependencies(folder), BTreeSet::new(), "{folder}");
    }
}

#[test]
fn the_golden_model_depends_on_the_integer_specification_and_the_instruction_set_alone() {
    assert_eq!(dependencies("gen/golden"), BTreeSet::from(["alberti-arith", "alberti-isa"].map(str::to_owned)));
}

/// Files of the command line that may know the simulator: the commands that simulate, and the failures of all
/// commands.
const SIMULATE: [&str; 6] = [
    "commands/sim/mod.rs",
    "commands/sim/blocks.rs",
    "commands/sim/model.rs",
    "commands/report.rs",
    "commands/run/rtl.rs",
    "exit.rs",
];

/// The Rust files below a folder, as paths from it.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("it can be listed").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(folder).expect("it lies below").display().to_string();
                found.push((name, fs::read_to_string(&entry).expect("it is text")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn only_commands_that_simulate_know_the_simulator() {
    for (name, text) in sources(&root().join("gen/cli/src")) {
        let knows = ["alberti_harness", "alberti_scenarios"].iter().any(|library| text.contains(library));
        assert!(!knows || SIMULATE.contains(&name.as_str()), "gen/cli/src/{name} knows the simulator");
    }
}

#[test]
fn codes_are_spelled_in_the_crate_of_diagnostics_alone() {
    for folder in ["gen/model", "gen/cost", "gen/cli", "gen/rtl", "synth", "sim-tests/scenarios", "sim-tests/harness"] {
        for (name, text) in sources(&root().join(folder).join("src")) {
            let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            // Unit tests quote what is printed, and a help may send its reader to a page.
            let spelled = lines.find(|line| line.contains("\"AE0") && !line.contains("assert"));
            let test = name.contains("tests") || text.contains("#[cfg(test)]");
            assert!(spelled.is_none() || test, "{folder}/src/{name} spells a code: {spelled:?}");
        }
    }
}

#[test]
fn every_block_has_all_that_belongs_to_its_room() {
    for block in BLOCKS {
        let name = block.name;
        for path in [
            format!("gen/rtl/src/blocks/{name}/mod.rs"),
            format!("gen/rtl/src/blocks/{name}/theory.md"),
            format!("gen/golden/src/{name}.rs"),
            format!("templates/rtl/{name}.v"),
            format!("sim-tests/scenarios/src/{name}.rs"),
            format!("sim-tests/tests/{name}.rs"),
            format!("docs/blocks/{name}.md"),
        ] {
            assert!(root().join(&path).is_file(), "the block {name} lacks {path}");
        }
        // A memory is a macro of the technology: no area is claimed for one.
        let costed = name == "sram" || root().join(format!("synth/baselines/osu018-area/{name}.json")).is_file();
        assert!(costed, "the block {name} has no synthesis baseline");
    }
    let rooms = fs::read_dir(root().join("gen/rtl/src/blocks")).expect("the folder of the blocks");
    for entry in rooms.map(|entry| entry.expect("it can be listed")) {
        let name = entry.file_name().into_string().expect("names are text");
        let known = BLOCKS.iter().any(|block| block.name == name);
        assert!(known || !entry.path().is_dir(), "{name} has a room but is no registered block");
    }
}

/// Every file below a folder of the repository.
fn files(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    paths.flat_map(|path| if path.is_dir() { files(path) } else { vec![path] }).collect()
}

#[test]
fn comments_cite_pages_that_are_there() {
    let (mut cited, mut missing) = (0, Vec::new());
    for path in
        ["gen", "fuzz/src", "sim-tests", "synth", "technology", "templates", "designs"].iter().flat_map(|f| files(root().join(f)))
    {
        // What is no text holds no comment.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let comments =
            text.lines().map(str::trim_start).filter(|line| ["//", "# "].iter().any(|sign| line.starts_with(sign)));
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let words = comments.flat_map(|line| line.split(|c| !is_part(c))).map(|word| word.trim_end_matches('.'));
        for page in words.filter(|word| word.ends_with(".md") && *word != ".md") {
            cited += 1;
            if !root().join(page).is_file() {
                missing.push(format!("{}: {page}", path.strip_prefix(root()).unwrap_or(&path).display()));
            }
        }
    }
    assert!(cited > 10, "only {cited} pages are cited: the comments are not found");
    assert!(missing.is_empty(), "cited, but not there:\n{}", missing.join("\n"));
}
