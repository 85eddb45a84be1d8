//! What each reader complains of.

use alberti_synth::{LintMessage, Source, lint, slang_version};

fn messages(text: &str) -> Vec<LintMessage> {
    lint(&[Source::new("rtl/m.v", text)], "m").expect("the readers")
}

fn tools(text: &str) -> Vec<String> {
    let mut tools: Vec<String> = messages(text).into_iter().map(|message| message.tool).collect();
    tools.dedup();
    tools
}

#[test]
fn a_clean_module_has_no_message() {
    let text = "module m (input wire clk_i, input wire [3:0] a_i, output reg [3:0] y_q);\n  integer k;\n  reg [3:0] y_d;\n  \
                always @* for (k = 0; k < 4; k = k + 1) y_d[k] = a_i[3 - k];\n  \
                always @(posedge clk_i) y_q <= y_d;\nendmodule\n";
    assert_eq!(messages(text), []);
}

#[test]
fn a_width_that_does_not_fit_is_named_with_its_line() {
    let messages =
        messages("module m (input wire [3:0] a_i, output wire [2:0] y_o);\n  assign y_o = a_i;\nendmodule\n");
    assert!(messages.iter().any(|m| m.tool == "verilator" && m.text.contains("WIDTH: m.v:2")), "{messages:?}");
}

#[test]
fn an_undriven_wire_is_found_by_yosys() {
    let text = "module m (output wire y_o);\n  wire n;\n  assign y_o = n;\nendmodule\n";
    assert!(tools(text).contains(&"yosys".to_string()), "{:?}", tools(text));
}

#[test]
fn a_syntax_error_is_found_by_all() {
    let mut all = vec!["verilator", "yosys", "iverilog"];
    all.extend(slang_version().map(|_| "slang"));
    assert_eq!(tools("module m (output wire y_o);\n  assign y_o = ;\nendmodule\n"), all);
}

/// `make setup` installs slang in a folder that the Makefile puts on the path; a run by hand may be without it.
#[test]
fn slang_is_found_where_the_makefile_installed_it() {
    let installed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/python/bin");
    let on_path = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path)
            .any(|folder| folder.canonicalize().ok() == installed.canonicalize().ok() && folder.is_dir())
    });
    if slang_version().is_none() {
        assert!(!on_path, "slang is not in {}: run `make setup`", installed.display());
        eprintln!("slang is not on the path, so nothing is read with it; the targets of the Makefile put it there");
    }
}

#[test]
fn slang_finds_a_register_that_is_used_before_its_declaration() {
    let text = "module m (input wire clk_i, output reg y_o);\n  always @(posedge clk_i) y_o <= y_q;\n  reg y_q;\n  \
                always @(posedge clk_i) y_q <= !y_o;\nendmodule\n";
    let found = messages(text).iter().any(|m| m.tool == "slang" && m.text.contains("used before its declaration"));
    assert_eq!(found, slang_version().is_some());
}
