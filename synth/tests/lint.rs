//! What each reader complains of.

use alberti_synth::{Source, lint};

fn tools(text: &str) -> Vec<String> {
    let messages = lint(&[Source::new("rtl/m.v", text)], "m").expect("three readers");
    let mut tools: Vec<String> = messages.into_iter().map(|message| message.tool).collect();
    tools.dedup();
    tools
}

#[test]
fn a_clean_module_has_no_message() {
    let text = "module m (input wire clk_i, input wire [3:0] a_i, output reg [3:0] y_q);\n  integer k;\n  reg [3:0] y_d;\n  \
                always @* for (k = 0; k < 4; k = k + 1) y_d[k] = a_i[3 - k];\n  \
                always @(posedge clk_i) y_q <= y_d;\nendmodule\n";
    assert_eq!(lint(&[Source::new("m.v", text)], "m").expect("three readers"), []);
}

#[test]
fn a_width_that_does_not_fit_is_named_with_its_line() {
    let text = "module m (input wire [3:0] a_i, output wire [2:0] y_o);\n  assign y_o = a_i;\nendmodule\n";
    let messages = lint(&[Source::new("rtl/m.v", text)], "m").expect("three readers");
    assert!(messages.iter().any(|m| m.tool == "verilator" && m.text.contains("WIDTH: m.v:2")), "{messages:?}");
}

#[test]
fn an_undriven_wire_is_found_by_yosys() {
    let text = "module m (output wire y_o);\n  wire n;\n  assign y_o = n;\nendmodule\n";
    assert!(tools(text).contains(&"yosys".to_string()), "{:?}", tools(text));
}

#[test]
fn a_syntax_error_is_found_by_all() {
    assert_eq!(tools("module m (output wire y_o);\n  assign y_o = ;\nendmodule\n"), ["verilator", "yosys", "iverilog"]);
}
