//! No circle of files inside a crate: which file uses which, by the paths `crate::`, `super::` and those of
//! modules within.
#![allow(missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const CRATES: [&str; 12] = [
    "gen/arith",
    "gen/isa",
    "gen/diagnostic",
    "gen/random",
    "gen/golden",
    "gen/rtl",
    "gen/model",
    "gen/cost",
    "gen/cli",
    "sim-tests/harness",
    "sim-tests/scenarios",
    "synth",
];

/// Circles that there may be: the crate, the files or folders that may use each other, and why.
const EXPLAINED: [(&str, &[&str], &str); 8] = [
    (
        "gen/arith",
        &["adaptiv_float.rs", "fixed.rs", "format.rs"],
        "a format is one of two kinds; each kind rounds by the rules that both have in common",
    ),
    (
        "gen/golden",
        &["accelerator.rs", "accelerator/gemm.rs"],
        "the interpreter keeps the weight tiles that its gemm has decoded, and gemm is one of its instructions",
    ),
    (
        "gen/rtl",
        &["blocks/library.rs", "blocks/macros.rs", "blocks/rram/", "blocks/sram/", "blocks/tiles.rs"],
        "the library of blocks builds memories, which are made of blocks of the library",
    ),
    (
        "gen/rtl",
        &["blocks/accelerator/"],
        "the accelerator builds its engines, which ask it for the shapes of its memories",
    ),
    ("gen/rtl", &["blocks/layernorm/"], "the block is built of parts, which take their widths from it"),
    ("gen/rtl", &["registers/"], "the map is laid out from registers, whose types it has in common with the counters"),
    ("gen/rtl", &["compose/"], "the steps of one composition share its state"),
    ("gen/rtl", &["emit/"], "a package lists its cores, which name its files"),
];

/// A module by its path from the crate's root: `["compile", "plan"]`.
type Module = Vec<String>;

/// A path as it is written, and whether a `pub use` brings it.
type Used = (Module, bool);

struct Source {
    file: String,
    uses: Vec<Used>,
}

fn sources(folder: &Path) -> BTreeMap<Module, Source> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("it can be listed").path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = path.strip_prefix(folder).expect("it lies below").display().to_string();
            let Some(stem) = file.strip_suffix(".rs") else { continue };
            let mut module: Module = stem.split('/').map(str::to_owned).collect();
            if module.last().is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str())) {
                module.pop();
            }
            if !module.iter().any(|part| part == "tests") {
                let text = fs::read_to_string(&path).expect("it is text");
                found.insert(module, Source { file, uses: uses(&text) });
            }
        }
    }
    found
}

/// All paths of a text, its unit tests and comments apart.
fn uses(text: &str) -> Vec<Used> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join("\n");
    let (mut all, mut code, mut rest) = (Vec::new(), String::new(), text.as_str());
    while let Some(start) = find_use(rest) {
        code += &rest[..start];
        let end = rest[start..].find(';').map_or(rest.len(), |end| start + end);
        let public = rest[..start].trim_end().ends_with("pub") || rest[..start].trim_end().ends_with(')');
        let tree = rest[start + "use ".len()..end].trim();
        flatten(tree, &mut Vec::new(), &mut |path| all.push((path, public)));
        rest = &rest[end..];
    }
    code += rest;
    let letter = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for word in code.split(|c: char| !letter(c)).filter(|word| word.contains("::")) {
        let path: Module = word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        if path.len() > 1 {
            all.push((path, false));
        }
    }
    all
}

fn find_use(text: &str) -> Option<usize> {
    let starts = text.match_indices("use ").map(|(at, _)| at);
    let mut whole =
        starts.filter(|&at| text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_'));
    whole.next()
}

/// The paths of a tree such as `crate::{a::B, c}`.
fn flatten(tree: &str, before: &mut Module, found: &mut impl FnMut(Module)) {
    let tree = tree.trim();
    let depth = before.len();
    match tree.find('{') {
        None => {
            let path = tree.split(" as ").next().unwrap_or_default();
            let path = path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
            found(before.iter().cloned().chain(path).collect());
        }
        Some(open) => {
            before.extend(tree[..open].split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
            let inner = tree[open + 1..].rsplit_once('}').map_or("", |(inner, _)| inner);
            let (mut level, mut start) = (0, 0);
            for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
                level += i32::from(c == '{') - i32::from(c == '}');
                if c == ',' && level == 0 {
                    if !inner[start..at].trim().is_empty() {
                        flatten(&inner[start..at], before, found);
                    }
                    start = at + 1;
                }
            }
        }
    }
    before.truncate(depth);
}

/// Where a path of a module begins: a module of this crate, and what is left of the path.
fn root<'a>(all: &BTreeMap<Module, Source>, module: &Module, path: &'a [String]) -> Option<(Module, &'a [String])> {
    let child = || {
        let mut child = module.clone();
        child.push(path[0].clone());
        all.contains_key(&child).then(|| (child, &path[1..]))
    };
    match path.first()?.as_str() {
        "crate" => Some((Vec::new(), &path[1..])),
        "self" => Some((module.clone(), &path[1..])),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            Some((module[..module.len().checked_sub(ups)?].to_vec(), &path[ups..]))
        }
        _ => child(),
    }
}

/// The module that has what a path names, through the modules and the names that others bring in.
fn owner(all: &BTreeMap<Module, Source>, mut module: Module, path: &[String], depth: usize) -> Module {
    let mut path = path.to_vec();
    while let Some(part) = path.first() {
        let mut child = module.clone();
        child.push(part.clone());
        if !all.contains_key(&child) {
            break;
        }
        (module, path) = (child, path[1..].to_vec());
    }
    let (Some(name), Some(source)) = (path.first(), all.get(&module)) else { return module };
    let brought = source.uses.iter().filter(|(used, _)| used.last() == Some(name) && used.len() > 1);
    for (used, _) in brought.filter(|_| depth < 8) {
        if let Some((next, rest)) = root(all, &module, used) {
            let rest: Module = rest.iter().chain(&path[1..]).cloned().collect();
            return owner(all, next, &rest, depth + 1);
        }
    }
    module
}

/// The files that each file uses. What a module passes on of those within it is no use.
fn graph(all: &BTreeMap<Module, Source>) -> BTreeMap<&str, BTreeSet<&str>> {
    let edges = |module: &Module, source: &Source| -> BTreeSet<&str> {
        let target = |(path, public): &Used| {
            let (next, rest) = root(all, module, path)?;
            let target = owner(all, next, rest, 0);
            let passed_on = *public && target.len() > module.len() && target.starts_with(module);
            (target != *module && !passed_on).then(|| all.get(&target).map(|source| source.file.as_str()))?
        };
        source.uses.iter().filter_map(target).collect()
    };
    all.iter().map(|(module, source)| (source.file.as_str(), edges(module, source))).collect()
}

/// Everything that a file uses, and what that uses.
fn reach<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let (mut reached, mut next): (BTreeSet<&str>, Vec<&str>) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        let fresh: Vec<&str> = graph[file].iter().filter(|used| reached.insert(used)).copied().collect();
        next.extend(fresh);
    }
    reached
}

#[test]
fn no_files_of_a_crate_use_each_other_except_where_it_is_explained() {
    let mut met = BTreeSet::new();
    for folder in CRATES {
        let all = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join("src"));
        let graph = graph(&all);
        let reached: BTreeMap<&str, BTreeSet<&str>> = graph.keys().map(|file| (*file, reach(&graph, file))).collect();
        for (&file, used) in &reached {
            let circle: Vec<&str> = used.iter().filter(|used| reached[**used].contains(file)).copied().collect();
            if circle.is_empty() {
                continue;
            }
            let explained = EXPLAINED.iter().position(|(of, files, _)| {
                *of == folder && circle.iter().all(|file| files.iter().any(|known| file.starts_with(known)))
            });
            let step = |file: &str| {
                let used: Vec<&str> = graph[file].iter().filter(|used| circle.contains(used)).copied().collect();
                format!("  {file} uses {}", used.join(", "))
            };
            let steps: Vec<_> = circle.iter().map(|file| step(file)).collect();
            assert!(explained.is_some(), "{folder}/src:\n{}", steps.join("\n"));
            met.extend(explained);
        }
    }
    for (number, (folder, files, why)) in EXPLAINED.iter().enumerate() {
        assert!(met.contains(&number), "{folder}: there is no circle of {} any more ({why})", files.join(", "));
    }
}

#[test]
fn paths_of_a_text_are_found() {
    let text = "use crate::{a::{B, C as D}, e};\npub use f::G;\n// use h::I;\nfn j() { super::k::l(); }\n";
    let found: Vec<(String, bool)> = uses(text).into_iter().map(|(path, public)| (path.join("::"), public)).collect();
    let expected = [("crate::a::B", false), ("crate::a::C", false), ("crate::e", false), ("f::G", true)];
    let expected = expected.into_iter().chain([("super::k::l", false)]);
    assert_eq!(found, expected.map(|(path, public)| (path.to_owned(), public)).collect::<Vec<_>>());
}
