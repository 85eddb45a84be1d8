//! Blocks of the designs that people start from, as sources.

// Each test is a crate of its own, and none needs all of this.
#![allow(dead_code)]

use std::path::Path;

use alberti_rtl::{Design, blocks::Block, netlist::Netlist};
use alberti_synth::{Library, Source};

/// The text of `designs/<name>.yaml`.
pub fn text_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../designs/{name}.yaml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A design that people start from.
pub fn design(name: &str) -> Design {
    variant(name, &[])
}

/// All designs of `designs/`, in the order of their names.
pub fn designs() -> impl Iterator<Item = Design> {
    let entries = std::fs::read_dir(format!("{}/../designs", env!("CARGO_MANIFEST_DIR"))).expect("the folder");
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.expect("it can be listed").file_name().to_str()?.strip_suffix(".yaml").map(Into::into)
        })
        .collect();
    names.sort_unstable();
    names.into_iter().map(|name| design(&name))
}

/// A design without its special function units, some of which go with AdaptivFloat alone, and with lines of
/// its datapath set: `("pipeline", "3")`; a key that is not there is added.
pub fn variant(name: &str, changes: &[(&str, &str)]) -> Design {
    let mut text = text_of(name);
    if let Some(start) = text.find("\nunits:").filter(|_| !changes.is_empty()) {
        let end = text[start..].find("\n\n").map_or(text.len(), |length| start + length);
        text.replace_range(start..end, "");
    }
    for (key, value) in changes {
        let start = format!("  {key}: ");
        let mut lines: Vec<String> = text.lines().filter(|line| !line.starts_with(&start)).map(String::from).collect();
        let section = lines.iter().position(|line| line == "datapath:").expect("a datapath");
        lines.insert(section + 1, format!("{start}{value}"));
        text = lines.join("\n") + "\n";
    }
    Design::parse(&format!("{name}.yaml"), &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A block of a design: its top module and its files; `None` where the design has no such block.
pub fn sources(design: &Design, block: &Block) -> Option<(String, Vec<Source>)> {
    let netlist = block.netlist(design)?;
    Some((netlist.top().to_owned(), sources_of(&netlist)))
}

/// The files of a netlist.
pub fn sources_of(netlist: &Netlist) -> Vec<Source> {
    netlist.sources().into_iter().map(|(file, text)| Source::new(file, text)).collect()
}

/// The small accelerator with other lanes: of the array, and of softmax, layer norm and elementwise; and with
/// the longest row of a layer norm.
pub fn accelerator(n: u32, [softmax, layernorm, elementwise]: [u32; 3], channels: u32) -> Design {
    let changes = [
        ("  n: 4\n", format!("  n: {n}\n")),
        ("length_max: 64, lanes: 2", format!("length_max: 64, lanes: {softmax}")),
        ("length_max: 128, lanes: 2", format!("length_max: {channels}, lanes: {layernorm}")),
        ("elementwise: {lanes: 2}", format!("elementwise: {{lanes: {elementwise}}}")),
    ];
    let mut text = text_of("accelerator4");
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "accelerator4: `{from}` is to be replaced once");
        text = text.replace(from, &to);
    }
    Design::parse("accelerator.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The libraries that `ALBERTI_LIBERTY=a.lib:b.lib` names, or the default one.
pub fn libraries() -> Vec<Library> {
    match std::env::var_os("ALBERTI_LIBERTY") {
        Some(paths) => std::env::split_paths(&paths).map(|path| Library::load(&path).expect("a library")).collect(),
        None => vec![Library::open_default().expect("the package qflow-tech-osu018")],
    }
}
