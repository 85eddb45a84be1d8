//! Proofs that hold, fail, or hold for the wrong reason.

use alberti_synth::{Cache, Error, FormalJob, FormalResult, Source, prove};

/// Two places; `full` is what the writer looks at.
fn fifo(full: &str) -> String {
    format!(
        "module fifo (input wire clk_i, input wire rst_ni, input wire push_i, input wire pop_i, output wire full_o, output wire empty_o,
             output wire [2:0] level_o);
  reg [2:0] level_q;
  assign full_o = {full};
  assign empty_o = level_q == 3'd0;
  assign level_o = level_q;
  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) level_q <= 3'd0;
    else level_q <= level_q + {{2'b0, push_i & ~full_o}} - {{2'b0, pop_i & ~empty_o}};
endmodule
"
    )
}

const CONTRACT: &str = "module contract (input wire clk_i, input wire rst_ni, input wire push_i, input wire pop_i);
  wire full, empty;
  wire [2:0] level;
  fifo u_fifo (.clk_i(clk_i), .rst_ni(rst_ni), .push_i(push_i), .pop_i(pop_i), .full_o(full), .empty_o(empty), .level_o(level));
  reg started_q = 1'b0;
  always @(posedge clk_i) started_q <= 1'b1;
  always @* if (!started_q) assume (!rst_ni);
`ifdef FORMAL
  always @* if (started_q) assert (level <= 3'd2);
`endif
endmodule
";

fn run(full: &str, contract: &str, depth: u32, induction: bool) -> Result<FormalResult, Error> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = [Source::new("fifo.v", fifo(full)), Source::new("contract.v", contract)];
    prove(&Cache::at(folder.path()), &FormalJob { top: "contract", sources: &sources, depth, induction })
}

#[test]
fn a_right_fifo_is_proved_for_all_time() {
    assert_eq!(run("level_q == 3'd2", CONTRACT, 6, true).expect("a result"), FormalResult::Proved);
}

#[test]
fn without_induction_a_result_says_how_far_it_looked() {
    assert_eq!(run("level_q == 3'd2", CONTRACT, 6, false).expect("a result"), FormalResult::Holds { steps: 6 });
}

#[test]
fn a_fifo_that_overflows_fails_with_a_trace_of_how() {
    let result = run("level_q == 3'd3", CONTRACT, 8, true).expect("a result");
    let FormalResult::Failed { trace } = &result else { panic!("{result:?}") };
    assert!(trace.starts_with("Assert failed in contract: contract.v:9"), "{trace}");
    assert!(trace.contains(" level=3") && trace.contains("push_i=1"), "{trace}");
    assert_eq!(run("level_q == 3'd3", CONTRACT, 8, true).expect("a result"), result, "the same trace again");
}

#[test]
fn what_is_true_but_not_inductive_is_unknown() {
    let contract = CONTRACT.replace("level <= 3'd2", "level != 3'd5");
    let result = run("level_q == 3'd2", &contract, 2, true).expect("a result");
    assert!(matches!(result, FormalResult::Unknown { .. }), "{result:?}");
}

#[test]
fn a_proof_of_nothing_is_an_error() {
    let nothing = CONTRACT.replace("`ifdef FORMAL", "`ifdef NEVER");
    let message = run("level_q == 3'd2", &nothing, 4, false).expect_err("no assertion").to_string();
    assert!(message.contains("it asserts nothing"), "{message}");
    let impossible = CONTRACT.replace("  reg started_q", "  always @* assume (push_i & ~push_i);\n  reg started_q");
    let message = run("level_q == 3'd2", &impossible, 4, false).expect_err("impossible").to_string();
    assert!(message.contains("no input satisfies its assumptions"), "{message}");
}
