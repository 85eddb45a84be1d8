//! A design as yosys elaborates it: a text of logic per module, free of file names and counters, and who
//! holds whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::path::Path;

use crate::cache::{self, Cache, hash};
use crate::error::{Error, Result};
use crate::flows::{self, Port};
use crate::tools::{YOSYS, yosys_version};

/// A Verilog file: its name in messages and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's name, relative; used in messages alone.
    pub file: String,
    /// The file's text.
    pub text: String,
}

impl Source {
    /// A source.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Source { file: file.into(), text: text.into() }
    }
}

/// Write the sources into `folder` under names that cannot collide or leave it, and give those names.
pub(crate) fn write_sources(folder: &Path, sources: &[Source]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let mut name: String = source.file.rsplit('/').next().unwrap_or("source.v").chars().map(plain).collect();
        if names.contains(&name) || name.starts_with(['.', '-']) || name.is_empty() {
            name = format!("source{index}_{name}");
        }
        cache::write(&folder.join(&name), &source.text)?;
        names.push(name);
    }
    Ok(names)
}

/// A module after elaboration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Module {
    /// RTLIL from `module` to `end`, without source positions, automatic names renumbered.
    pub text: String,
    /// The declarations of its ports, as they stand in `text`.
    interface: String,
    pub ports: Vec<Port>,
    /// Modules it instantiates, and how often.
    pub children: BTreeMap<String, u64>,
    /// Registers, latches or memories of its own.
    pub state: bool,
    /// Bits of its own memories.
    pub memory_bits: u64,
}

impl Module {
    /// The module as an empty box.
    pub fn stub(&self, name: &str) -> String {
        format!("attribute \\blackbox 1\nmodule \\{name}\n{}end\n", self.interface)
    }
}

pub(crate) type Modules = BTreeMap<String, Module>;

/// Elaborate `top`: hierarchy, processes, and yosys' own checks.
///
/// # Errors
/// Whatever yosys refuses: syntax, missing modules and ports, undriven or multiply driven wires, loops.
pub(crate) fn elaborate(cache: &Cache, top: &str, sources: &[Source]) -> Result<Modules> {
    if !flows::is_identifier(top) {
        return Err(Error::invalid(top, "a top module's name is letters, digits and '_'"));
    }
    let mut key = vec!["elaborate".to_string(), yosys_version()?, top.into(), flows::elaborate(&[], "")?];
    key.extend(sources.iter().flat_map(|source| [source.file.clone(), source.text.clone()]));
    let key = hash(&key.iter().map(String::as_str).collect::<Vec<_>>());
    let entry = cache.get("elaborated", &key, |folder| {
        let work = tempfile::tempdir().map_err(Error::io(folder))?;
        let files = write_sources(work.path(), sources)?;
        cache::write(&work.path().join("run.ys"), flows::elaborate(&files, top)?)?;
        YOSYS.run(work.path(), ["-q", "run.ys"], &format!("elaborating {top}"))?.checked()?;
        cache::write(&folder.join("design.il"), cache::read(&work.path().join("design.il"))?)
    })?;
    let modules = split(&cache::read(&entry.join("design.il"))?);
    if !modules.contains_key(top) {
        return Err(Error::tool("yosys", format!("elaborating {top}"), "its result has no such module"));
    }
    Ok(modules)
}

/// Cut RTLIL into its modules.
fn split(text: &str) -> Modules {
    let names = plain_names(text);
    let mut modules = Modules::new();
    let mut current: Option<(String, Module, Renumber)> = None;
    let mut attributes = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("attribute \\src") || line.starts_with('#') || line.starts_with("autoidx") {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), &mut current) {
            (["module", name], None) => {
                let name = names.get(*name).cloned().unwrap_or_else(|| name.trim_start_matches('\\').to_string());
                let text = format!("{attributes}module \\{name}\n");
                attributes.clear();
                current = Some((name, Module { text, ..Module::default() }, Renumber::default()));
            }
            (["attribute", ..], None) => {
                let _ = writeln!(attributes, "{line}");
            }
            (_, None) => {}
            (["end"], Some(_)) if line == "end" => {
                if let Some((name, mut module, _)) = current.take() {
                    module.text.push_str("end\n");
                    modules.insert(name, module);
                }
            }
            (words, Some((_, module, renumber))) => {
                let line = renumber.line(line, &names);
                module.text.push_str(&line);
                module.read(words, &line, &names);
            }
        }
    }
    for module in modules.values_mut() {
        module.ports.sort_by(|a, b| a.name.cmp(&b.name));
    }
    modules
}

impl Module {
    fn read(&mut self, words: &[&str], line: &str, names: &HashMap<String, String>) {
        let after = |word: &str| words.iter().position(|w| *w == word).and_then(|at| words.get(at + 1)).copied();
        let number = |word: &str| after(word).and_then(|text| text.parse::<u64>().ok());
        match words {
            ["wire", .., name] if after("input").or(after("output")).or(after("inout")).is_some() => {
                self.interface.push_str(line);
                self.ports.push(Port {
                    name: name.trim_start_matches('\\').into(),
                    width: number("width").unwrap_or(1) as u32,
                    input: after("input").is_some(),
                });
            }
            ["memory", ..] => {
                self.state = true;
                self.memory_bits += number("width").unwrap_or(1) * number("size").unwrap_or(1);
            }
            ["cell", kind, _] => match names.get(*kind).map(String::as_str).or(kind.strip_prefix('\\')) {
                Some(child) => *self.children.entry(child.to_string()).or_default() += 1,
                None => self.state |= kind.contains("ff") || kind.contains("latch") || kind.starts_with("$mem"),
            },
            _ => {}
        }
    }
}

/// Names such as `$paramod\fifo\DEPTH=8` become `fifo__1`: Verilog and OpenSTA then need no escapes.
fn plain_names(text: &str) -> HashMap<String, String> {
    let declared: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("module ")).collect();
    let mut names = HashMap::new();
    let mut taken: BTreeSet<String> =
        declared.iter().filter_map(|name| name.strip_prefix('\\')).map(String::from).collect();
    for name in declared.iter().filter(|name| name.starts_with('$')) {
        let base = name.split('\\').nth(1).unwrap_or("module");
        let fresh = (1..).map(|index| format!("{base}__{index}")).find(|fresh| taken.insert(fresh.clone()));
        if let Some(fresh) = fresh {
            names.insert(name.to_string(), fresh);
        }
    }
    names
}

/// Automatic names hold file, line and a running number: renumbered in the order of their appearance.
#[derive(Default)]
struct Renumber {
    seen: HashMap<String, usize>,
}

impl Renumber {
    fn line(&mut self, line: &str, names: &HashMap<String, String>) -> String {
        let indent = line.len() - line.trim_start().len();
        let mut out = line[..indent].to_string();
        for (index, word) in line[indent..].split(' ').enumerate() {
            if index > 0 {
                out.push(' ');
            }
            match names.get(word) {
                Some(name) => {
                    let _ = write!(out, "\\{name}");
                }
                None if is_automatic(word) => {
                    let next = self.seen.len();
                    let number = self.seen.entry(word.to_string()).or_insert(next);
                    let _ = write!(out, "$auto${number}");
                }
                None => out.push_str(word),
            }
        }
        out.push('\n');
        out
    }
}

/// `$add` is a kind of cell; `$add$file.v:3$7`, `$procdff$12` and `$0\x[3:0]` are automatic names.
fn is_automatic(word: &str) -> bool {
    word.strip_prefix('$').is_some_and(|rest| rest.contains(['$', '\\', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str = "module leaf #(parameter W = 4) (input wire [W-1:0] a_i, output wire [W-1:0] y_o);
  assign y_o = ~a_i;
endmodule
module alb_sram_x (input wire clk_i, input wire we_i, input wire [3:0] a_i, input wire [7:0] d_i, output reg [7:0] q_o);
  reg [7:0] mem [0:15];
  always @(posedge clk_i) begin if (we_i) mem[a_i] <= d_i; q_o <= mem[a_i]; end
endmodule
module top (input wire clk_i, input wire [7:0] a_i, output wire [7:0] y_o);
  wire [7:0] b;
  leaf #(.W(8)) u_a (.a_i(a_i), .y_o(b));
  alb_sram_x u_m (.clk_i(clk_i), .we_i(b[0]), .a_i(b[3:0]), .d_i(a_i), .q_o(y_o));
endmodule
";

    fn run(text: &str) -> Result<Modules> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        elaborate(&Cache::at(folder.path()), "top", &[Source::new("rtl/top.v", text)])
    }

    #[test]
    fn modules_know_their_ports_children_state_and_bits() {
        let modules = run(DESIGN).expect("a design");
        assert_eq!(modules.keys().collect::<Vec<_>>(), ["alb_sram_x", "leaf__1", "top"]);
        assert_eq!(modules["alb_sram_x"].memory_bits, 128);
        assert!(modules["alb_sram_x"].state && !modules["leaf__1"].state && !modules["top"].state);
        assert_eq!(modules["top"].children, BTreeMap::from([("alb_sram_x".into(), 1), ("leaf__1".into(), 1)]));
        let port = Port { name: "y_o".into(), width: 8, input: false };
        assert_eq!(modules["leaf__1"].ports[1], port);
    }

    #[test]
    fn a_table_of_constants_is_no_memory() {
        let entries: String = (0..31).map(|j| format!("    5'd{j}: y_o = 8'd{};\n", j * j % 251)).collect();
        let table = format!(
            "module top (input wire [4:0] a_i, output reg [7:0] y_o);\n  always @* case (a_i)\n{entries}    \
             default: y_o = 8'd7;\n  endcase\nendmodule\n"
        );
        let modules = run(&table).expect("a design");
        assert!(!modules["top"].state && modules["top"].memory_bits == 0);
    }

    #[test]
    fn a_comment_or_an_empty_line_changes_nothing() {
        let moved = format!("// A header.\n\n{}", DESIGN.replace("  wire [7:0] b;", "\n  wire [7:0] b; // between"));
        let (before, after) = (run(DESIGN).expect("a design"), run(&moved).expect("a design"));
        for (name, module) in before {
            assert_eq!(module.text, after[&name].text);
        }
    }

    #[test]
    fn an_undriven_wire_is_refused_with_its_name() {
        let message =
            run(&DESIGN.replace("assign y_o = ~a_i;", "wire [W-1:0] n; assign y_o = n;")).expect_err("undriven");
        assert!(message.to_string().contains("is used but has no driver"), "{message}");
    }

    #[test]
    fn a_missing_module_is_refused_with_its_name() {
        let message = run(&DESIGN.replace("leaf #(.W(8)) u_a", "loaf #(.W(8)) u_a")).expect_err("missing");
        assert!(message.to_string().contains("loaf"), "{message}");
    }
}
