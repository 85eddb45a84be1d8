//! The harness on small designs, right ones and broken ones: what it must catch, it catches.

use std::path::Path;

use alberti_harness::{
    BankedMemory, Bits, Build, Error, Library, PortSpec, Probe, Result, Seed, Stall, Testbench, Toolchain,
};

/// A register stage with full throughput: two slots.
const SKID: &str = "
module skid (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        in_valid_i,
  output wire        in_ready_o,
  input  wire [39:0] in_data_i,
  input  wire        in_last_i,
  output wire        out_valid_o,
  input  wire        out_ready_i,
  output wire [39:0] out_data_o,
  output wire        out_last_o
);
  reg         valid_q;
  reg         spare_valid_q;
  reg  [40:0] data_q;
  reg  [40:0] spare_q;
  assign in_ready_o               = !spare_valid_q;
  assign out_valid_o              = valid_q;
  assign {out_last_o, out_data_o} = data_q;
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q       <= 1'b0;
      spare_valid_q <= 1'b0;
    end else if (!valid_q || out_ready_i) begin
      valid_q       <= spare_valid_q || in_valid_i;
      spare_valid_q <= 1'b0;
      data_q        <= spare_valid_q ? spare_q : {in_last_i, in_data_i};
    end else if (in_valid_i && in_ready_o) begin
      spare_valid_q <= 1'b1;
      spare_q       <= {in_last_i, in_data_i};
    end
  end
endmodule
";

fn skid_ports() -> Vec<PortSpec> {
    vec![
        PortSpec::input("clk_i", 1),
        PortSpec::input("rst_ni", 1),
        PortSpec::input("in_valid_i", 1),
        PortSpec::output("in_ready_o", 1),
        PortSpec::input("in_data_i", 40),
        PortSpec::input("in_last_i", 1),
        PortSpec::output("out_valid_o", 1),
        PortSpec::input("out_ready_i", 1),
        PortSpec::output("out_data_o", 40),
        PortSpec::output("out_last_o", 1),
    ]
}

/// The skid buffer with a piece of its text replaced.
fn skid(from: &str, to: &str) -> Result<Library> {
    assert!(SKID.contains(from), "`{from}` is not in the design");
    Build::new("skid", [("skid.v", SKID.replacen(from, to, 1))]).ports(skid_ports()).compile()
}

/// Sends 500 items through and expects them unchanged.
fn pass_items(library: &Library, name: &str, stalls: (Stall, Stall)) -> Result<u64> {
    let mut bench = Testbench::new(library, name)?;
    let input = bench.source("in", &["data", "last"], stalls.0)?;
    let output = bench.sink("out", &["data", "last"], stalls.1)?;
    bench.set_patience(500);
    for _ in 0..500 {
        let item = [Bits::new(40, bench.rng().bits(40)), bench.rng().chance(0.2).into()];
        bench.send(input, &item)?;
        bench.expect(output, &item)?;
    }
    let report = bench.finish()?;
    assert_eq!(report.compared, 500);
    Ok(report.cycles)
}

/// The failure of [`pass_items`] on a broken skid buffer, over all patterns of stalls.
fn failure_of(name: &str, from: &str, to: &str) -> Result<Error> {
    let library = skid(from, to)?;
    let mut failures = Stall::SWEEP.iter().rev().filter_map(|stalls| pass_items(&library, name, *stalls).err());
    Ok(failures.next().expect("no pattern of stalls found the fault"))
}

fn shows(error: &Error, texts: &[&str]) {
    let shown = error.to_string();
    for text in texts {
        assert!(shown.contains(text), "`{text}` is not in: {shown}");
    }
}

#[test]
fn a_right_design_passes_under_every_pattern_of_stalls() -> Result<()> {
    let library = skid("", "")?;
    for (i, stalls) in Stall::SWEEP.into_iter().enumerate() {
        let cycles = pass_items(&library, &format!("right {i}"), stalls)?;
        // One cycle of latency; without stalls one item a cycle.
        assert!(if i == 0 { cycles == 501 } else { cycles > 600 }, "{stalls:?}: {cycles} cycles");
    }
    Ok(())
}

#[test]
fn wrong_data_is_caught_and_named() -> Result<()> {
    let error = failure_of("wrong data", "? spare_q :", "? spare_q ^ 41'd2 :")?;
    assert!(matches!(error.root(), Error::Mismatch { .. }), "{error}");
    shows(
        &error,
        &["wrong data (ALBERTI_SEED=0x", "stream out, item ", "data differs", "expected 40'h", "got      40'h"],
    );
    Ok(())
}

#[test]
fn a_lost_item_is_caught() -> Result<()> {
    let error = failure_of("lost item", "spare_valid_q <= 1'b1;", "spare_valid_q <= 1'b0;")?;
    assert!(matches!(error.root(), Error::Mismatch { .. } | Error::NoProgress { .. }), "{error}");
    Ok(())
}

#[test]
fn a_repeated_last_item_is_caught_after_the_end() -> Result<()> {
    let from = "valid_q       <= spare_valid_q || in_valid_i;";
    let error = failure_of("repeated item", from, "valid_q       <= spare_valid_q || in_valid_i || data_q[40];")?;
    assert!(matches!(error.root(), Error::Surplus { .. } | Error::Mismatch { .. }), "{error}");
    Ok(())
}

#[test]
fn a_valid_that_falls_before_the_transfer_is_caught() -> Result<()> {
    let error = failure_of("withdrawn", "spare_q       <= {", "valid_q <= 1'b0; spare_q <= {")?;
    shows(&error, &["valid fell before the transfer"]);
    Ok(())
}

#[test]
fn data_that_change_before_the_transfer_are_caught() -> Result<()> {
    let error = failure_of("changed", "spare_q       <= {", "data_q <= ~data_q; spare_q <= {")?;
    shows(&error, &["data changed from 40'h", "before the transfer"]);
    Ok(())
}

#[test]
fn a_valid_that_waits_for_ready_is_caught() -> Result<()> {
    let from = "assign out_valid_o              = valid_q;";
    let error = failure_of("follows", from, "assign out_valid_o              = valid_q && out_ready_i;")?;
    shows(&error, &["valid follows ready within the cycle"]);
    Ok(())
}

#[test]
fn a_missing_reset_is_caught() -> Result<()> {
    let library = skid("      valid_q       <= 1'b0;\n", "")?;
    let failures: Vec<Error> = (0..20)
        .filter_map(|i| pass_items(&library, &format!("no reset {i}"), (Stall::None, Stall::None)).err())
        .collect();
    assert!(failures.iter().any(|e| e.to_string().contains("valid is up while reset is asserted")), "{failures:?}");
    Ok(())
}

#[test]
fn a_hang_is_caught_and_says_who_waits() -> Result<()> {
    let error = failure_of("hang", "if (!valid_q || out_ready_i)", "if (valid_q && out_ready_i)")?;
    assert!(matches!(error.root(), Error::NoProgress { cycles: 500, .. }), "{error}");
    shows(
        &error,
        &["no progress for 500 cycles", "in offers an item, not ready (1 sent)", "out brings nothing (0 compared)"],
    );
    Ok(())
}

#[test]
fn a_limit_ends_a_run_that_still_moves() -> Result<()> {
    let mut bench = Testbench::new(&skid("", "")?, "limit")?;
    let input = bench.source("in", &["data", "last"], Stall::None)?;
    let output = bench.sink("out", &["data", "last"], Stall::None)?;
    bench.collect(output);
    for _ in 0..50 {
        bench.send(input, &[7u8.into(), true.into()])?;
    }
    let error = bench.run_until(20, |_| false).expect_err("the condition never holds");
    assert!(matches!(error.root(), Error::NoProgress { .. }), "{error}");
    assert_eq!(bench.collected(output).len(), 19);
    assert_eq!(bench.collected(output)[3], [Bits::new(40, 7), Bits::from(true)]);
    Ok(())
}

#[test]
fn a_test_that_compares_nothing_fails() -> Result<()> {
    let mut bench = Testbench::new(&skid("", "")?, "nothing")?;
    bench.sink("out", &["data"], Stall::None)?;
    let error = bench.finish().expect_err("nothing was compared");
    assert!(matches!(error.root(), Error::Incomplete { compared: 0, expected: 0, .. }), "{error}");
    Ok(())
}

#[test]
fn a_reset_in_the_middle_forgets_what_was_on_its_way() -> Result<()> {
    let mut bench = Testbench::new(&skid("", "")?, "reset")?;
    let input = bench.source("in", &["data", "last"], Stall::None)?;
    let output = bench.sink("out", &["data", "last"], Stall::Random(0.9))?;
    for round in 0..20u32 {
        for k in 0..10 {
            let item = [Bits::from(100 * round + k), false.into()];
            bench.send(input, &item)?;
            bench.expect(output, &item)?;
        }
        for _ in 0..6 {
            bench.step()?;
        }
        // Even without a clock edge: the reset is asynchronous.
        bench.reset(round % 3)?;
    }
    let item = [Bits::from(1u32), true.into()];
    bench.send(input, &item)?;
    bench.expect(output, &item)?;
    bench.finish().map(drop)
}

fn counter(body: &str) -> Result<Library> {
    let text = format!(
        "module counter (input wire clk_i, input wire rst_ni, output reg [6:0] count_o);
           always @(posedge clk_i or negedge rst_ni)
             if (!rst_ni) count_o <= 7'd0;
             else begin
               count_o <= count_o + 7'd1;
               {body}
             end
         endmodule\n"
    );
    let ports = [PortSpec::input("clk_i", 1), PortSpec::input("rst_ni", 1), PortSpec::output("count_o", 7)];
    Build::new("counter", [("counter.v", text)]).ports(ports).compile()
}

#[test]
fn a_stop_ends_the_simulation_and_not_the_process() -> Result<()> {
    for (call, reason) in [
        ("$display(\"bank %0d is gone\", count_o); $stop;", "$stop"),
        ("$fatal(1, \"bank %0d is gone\", count_o);", "$stop"),
        ("$display(\"bank 41 is gone\"); $finish;", "$finish"),
    ] {
        let mut model = counter(&format!("if (count_o == 7'd41) begin {call} end"))?.model(1)?;
        model.reset(2)?;
        let error = (0..100).find_map(|_| model.tick().err()).expect("the design stops");
        assert!(matches!(error, Error::Stopped { cycle: 43, .. }), "{error}");
        shows(&error, &["source/counter.v:6:", reason, "bank 41 is gone"]);
        assert!(model.tick().is_err(), "a stopped design stays stopped");
    }
    Ok(())
}

#[test]
fn a_design_that_does_not_settle_ends_in_an_error() -> Result<()> {
    let text = "/* verilator lint_off UNOPTFLAT */
        module ring (input wire on_i, output wire a_o); wire b = a_o & on_i; assign a_o = !b; endmodule\n";
    let ports = [PortSpec::input("on_i", 1), PortSpec::output("a_o", 1)];
    let mut model = Build::new("ring", [("ring.v", text)]).ports(ports).compile()?.model(1)?;
    let on = model.input("on_i")?;
    model.tick()?;
    model.set(on, 1);
    shows(&model.tick().expect_err("a ring oscillates"), &["did not converge"]);
    Ok(())
}

#[test]
fn registers_without_reset_begin_at_random_by_the_seed() -> Result<()> {
    let text = "module rest (input wire clk_i, input wire d_i, output reg [63:0] q_o);
        always @(posedge clk_i) if (d_i) q_o <= 64'd0; endmodule\n";
    let ports = [PortSpec::input("clk_i", 1), PortSpec::input("d_i", 1), PortSpec::output("q_o", 64)];
    let library = Build::new("rest", [("rest.v", text)]).ports(ports).compile()?;
    let start = |seed| -> Result<u64> {
        let mut model = library.model(seed)?;
        model.tick()?;
        Ok(model.get(model.output("q_o")?))
    };
    assert_eq!(start(5)?, start(5)?);
    assert_ne!(start(5)?, start(6)?);
    Ok(())
}

/// The build's failure when one port of the skid buffer is told wrongly.
fn boundary_failure(name: &str, change: impl Fn(&mut PortSpec)) -> Error {
    let mut ports = skid_ports();
    ports.iter_mut().filter(|port| port.name == name).for_each(change);
    let build = Build::new("skid", [("skid.v", SKID)]).ports(ports).compile();
    build.expect_err("the ports do not fit")
}

#[test]
fn a_port_of_another_width_direction_or_name_is_caught() {
    shows(&boundary_failure("in_data_i", |p| p.width = 39), &["verilator failed on skid", "in_data_i", "40 bits"]);
    shows(&boundary_failure("out_data_o", |p| p.width = 41), &["out_data_o", "40 bits"]);
    shows(&boundary_failure("in_ready_o", |p| *p = PortSpec::input("in_ready_o", 1)), &["verilator failed on skid"]);
    shows(&boundary_failure("in_last_i", |p| *p = PortSpec::output("in_last_i", 1)), &["verilator failed on skid"]);
    shows(&boundary_failure("in_last_i", |p| p.name = "in_final_i".into()), &["in_final_i"]);
    let mut ports = skid_ports();
    ports.pop();
    let build = Build::new("skid", [("skid.v", SKID)]).ports(ports).compile();
    shows(&build.expect_err("a port is missing"), &["out_last_o"]);
}

#[test]
fn a_lint_warning_fails_the_build_unless_it_is_no_matter() -> Result<()> {
    let text = "module wide (input wire [7:0] a_i, output wire [3:0] b_o); assign b_o = a_i; endmodule\n";
    let ports = [PortSpec::input("a_i", 8), PortSpec::output("b_o", 4)];
    let build = Build::new("wide", [("wide.v", text)]).ports(ports);
    shows(&build.compile().expect_err("a width is cut"), &["WIDTH", "source/wide.v:1"]);
    let mut model = build.lint(false).compile()?.model(1)?;
    let (a, b) = (model.input("a_i")?, model.output("b_o")?);
    model.set(a, 0xa5);
    model.tick()?;
    assert_eq!(model.get(b), 5);
    Ok(())
}

#[test]
fn a_missing_tool_says_what_to_install() {
    let error = Error::MissingTool { tool: "verilator", install: "apt-get install verilator clang" };
    shows(&error, &["verilator is not installed", "apt-get install verilator clang"]);
}

#[test]
fn ports_of_every_width_carry_their_values() -> Result<()> {
    const WIDTHS: [u32; 12] = [1, 7, 8, 9, 16, 17, 32, 33, 64, 65, 128, 200];
    let mut ports = Vec::new();
    let mut header = Vec::new();
    let mut body = String::new();
    for w in WIDTHS {
        ports.extend([PortSpec::input(&format!("a{w}_i"), w), PortSpec::output(&format!("a{w}_o"), w)]);
        header.push(format!("input wire [{0}:0] a{w}_i, output wire [{0}:0] a{w}_o", w - 1));
        body += &format!("assign a{w}_o = ~a{w}_i;\n");
    }
    let text = format!("module widths ({});\n{body}endmodule\n", header.join(", "));
    let mut model = Build::new("widths", [("widths.v", text)]).ports(ports).compile()?.model(1)?;
    let mut rng = Seed(3).rng("widths");
    for w in WIDTHS {
        let (input, output) = (model.input(&format!("a{w}_i"))?, model.output(&format!("a{w}_o"))?);
        let mut words = vec![0; w.div_ceil(32) as usize];
        rng.fill(&mut words, w);
        let value = Bits::from_words(w, &words);
        model.set_bits(input, &value);
        model.tick()?;
        assert_eq!(model.bits(input), value);
        let inverted: Vec<u64> = (0..w as usize).map(|k| 1 - value.element(k, 1)).collect();
        assert_eq!(model.bits(output), Bits::pack(1, inverted.iter().copied()), "width {w}");
        for (k, bit) in inverted.iter().enumerate() {
            assert_eq!(model.element(output, k, 1), *bit);
            model.set_element(input, k, 1, *bit);
        }
        model.tick()?;
        assert_eq!(model.bits(output), value);
    }
    Ok(())
}

#[test]
#[should_panic(expected = "does not fit the 7 bits of")]
fn a_value_too_wide_for_its_port_is_refused() {
    let ports = [PortSpec::input("a_i", 7), PortSpec::output("b_o", 7)];
    let text = "module wire7 (input wire [6:0] a_i, output wire [6:0] b_o); assign b_o = a_i; endmodule\n";
    let library = Build::new("wire7", [("wire7.v", text)]).ports(ports).compile().expect("a right design builds");
    let mut model = library.model(1).expect("a model");
    let port = model.input("a_i").expect("a port");
    model.set(port, 128);
}

#[test]
fn models_of_one_library_run_at_once() -> Result<()> {
    let library = counter("")?;
    let run = |cycles: u64| -> Result<u64> {
        let mut model = library.model(cycles)?;
        model.reset(1)?;
        for _ in 0..cycles {
            model.tick()?;
        }
        Ok(model.get(model.output("count_o")?))
    };
    let results: Vec<Result<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || run(20_000 + i))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    for (i, result) in (0..).zip(results) {
        assert_eq!(result?, (20_000 + i) % 128);
    }
    Ok(())
}

/// A program of this name that leaves a line in `runs` and then does the tool's work.
fn watched(directory: &Path, tool: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join(tool);
    let real = which::which(tool).expect("the tool is installed");
    let script =
        format!("#!/bin/sh\necho {tool} >> '{}/runs'\nexec '{}' \"$@\"\n", directory.display(), real.display());
    std::fs::write(&path, script).expect("the script is written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("the script is executable");
    path
}

#[test]
fn a_cache_hit_runs_no_tool_and_builds_at_once_happen_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let compiler = if which::which("clang++").is_ok() { "clang++" } else { "g++" };
    let toolchain = Toolchain::new(watched(directory.path(), "verilator"), watched(directory.path(), compiler));
    let text = "module one (input wire a_i, output wire b_o); assign b_o = a_i; endmodule\n";
    let build = Build::new("one", [("one.v", text)])
        .ports([PortSpec::input("a_i", 1), PortSpec::output("b_o", 1)])
        .directory(directory.path().join("cache"))
        .toolchain(toolchain);
    let runs = || std::fs::read_to_string(directory.path().join("runs")).unwrap_or_default().lines().count();

    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| build.compile().map(drop))).collect();
        for thread in threads {
            thread.join().expect("no thread panics").expect("the design builds");
        }
    });
    // Verilator for its root and for the design; the compiler for a header, three objects and the design.
    assert_eq!(runs(), 2 + 5);
    build.compile().expect("the cache has it");
    assert_eq!(runs(), 2 + 5);
    build.clone().waveform(true).compile().expect("the design builds with a waveform");
    assert_eq!(runs(), 2 + 5 + 2);
}

#[test]
fn a_waveform_is_written_on_demand() -> Result<()> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("deep/skid.vcd");
    let build = Build::new("skid", [("skid.v", SKID)]).ports(skid_ports());
    let error = build.clone().waveform(false).compile()?.model(1)?.open_waveform(&path);
    shows(&error.expect_err("this library has no waveforms"), &["waveform(true)"]);
    let mut model = build.waveform(true).compile()?.model(1)?;
    model.open_waveform(&path)?;
    model.reset(2)?;
    for _ in 0..10 {
        model.tick()?;
    }
    drop(model);
    let text = std::fs::read_to_string(&path).expect("the waveform is there");
    for part in ["in_data_i", "u_skid", "spare_valid_q", "#110", "#115"] {
        assert!(text.contains(part), "`{part}` is not in the waveform");
    }
    Ok(())
}

/// Copies 64 values of 5 bits, a row of 4 a cycle, from one memory to another. It believes that an answer
/// comes two cycles after its question.
const COPIER: &str = "
module copier (
  input  wire        clk_i,
  input  wire        rst_ni,
  output wire        from_enable_o,
  output wire [3:0]  from_address_o,
  input  wire [19:0] from_data_i,
  output wire        to_enable_o,
  output wire [3:0]  to_address_o,
  output wire [19:0] to_data_o
);
  reg [4:0] step_q;
  reg [4:0] first_q;
  reg [4:0] second_q;
  assign from_enable_o = !step_q[4];
  assign from_address_o    = step_q[3:0];
  assign to_enable_o   = second_q[4];
  assign to_address_o      = second_q[3:0];
  assign to_data_o     = from_data_i;
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_q   <= 5'd0;
      first_q  <= 5'd0;
      second_q <= 5'd0;
    end else begin
      step_q   <= step_q + {4'd0, !step_q[4]};
      first_q  <= {!step_q[4], step_q[3:0]};
      second_q <= first_q;
    end
  end
endmodule
";

/// Number of values that the copier, its text changed, copies rightly; and the memories' counts: reads,
/// strays, writes.
fn copied(name: &str, latency: u32, stored: usize, change: (&str, &str)) -> Result<(usize, [u64; 3])> {
    assert!(COPIER.contains(change.0), "`{}` is not in the design", change.0);
    let ports = [
        PortSpec::input("clk_i", 1),
        PortSpec::input("rst_ni", 1),
        PortSpec::output("from_enable_o", 1),
        PortSpec::output("from_address_o", 4),
        PortSpec::input("from_data_i", 20),
        PortSpec::output("to_enable_o", 1),
        PortSpec::output("to_address_o", 4),
        PortSpec::output("to_data_o", 20),
    ];
    let text = COPIER.replacen(change.0, change.1, 1);
    let mut bench = Testbench::new(&Build::new("copier", [("copier.v", text)]).ports(ports).compile()?, name)?;
    let from = bench.add_memory(BankedMemory::new(4, 4, 5));
    let to = bench.add_memory(BankedMemory::new(4, 4, 5));
    bench.read_port("from", from, latency)?;
    bench.write_port("to", to)?;
    let values: Vec<u64> = (0..64).map(|_| bench.rng().bits(5)).collect();
    bench.memory_mut(from).load(0, values[..stored].iter().copied());
    for _ in 0..40 {
        bench.step()?;
    }
    let right = (0..64).filter(|&v| bench.memory(to).get(v) == Some(values[v])).count();
    Ok((right, [bench.memory(from).reads(), bench.memory(from).strays(), bench.memory(to).writes()]))
}

#[test]
fn memories_answer_after_their_latency_and_no_other() -> Result<()> {
    assert_eq!(copied("copy", 2, 64, ("", ""))?, (64, [16, 0, 16]));
    for latency in [1, 3] {
        let (right, counts) = copied("copy late", latency, 64, ("", ""))?;
        assert!(right < 20 && counts == [16, 0, 16], "{right} values right with latency {latency}");
    }
    Ok(())
}

#[test]
fn a_memory_that_is_not_enabled_answers_garbage() -> Result<()> {
    let (right, counts) = copied("copy disabled", 2, 64, ("= !step_q[4];", "= !step_q[4] && step_q[1:0] != 2'd3;"))?;
    assert!((48..60).contains(&right), "{right} values right");
    assert_eq!(counts, [12, 0, 16]);
    Ok(())
}

#[test]
fn a_read_of_nothing_is_counted() -> Result<()> {
    let (right, counts) = copied("copy beyond", 2, 40, ("", ""))?;
    assert!((40..50).contains(&right), "{right} values right");
    assert_eq!(counts, [16, 6, 16]);
    Ok(())
}

#[test]
fn a_memory_of_another_shape_is_refused() -> Result<()> {
    let library = skid("", "")?;
    let mut bench = Testbench::new(&library, "shape")?;
    let memory = bench.add_memory(BankedMemory::new(4, 4, 5));
    let error = bench.read_port("value", memory, 1).expect_err("there is no such port");
    shows(&error, &["skid: it has no port `value_data_i`"]);
    Ok(())
}

#[test]
fn probes_show_what_no_port_does() -> Result<()> {
    let both = Probe::new("taken", 42, ["u_skid.data_q", "u_skid.valid_q"]);
    let wrapped = "
module pair (
  input  wire        clk_i, input wire rst_ni,
  input  wire        in_valid_i, output wire in_ready_o, input wire [39:0] in_data_i, input wire in_last_i,
  output wire        out_valid_o, input wire out_ready_i, output wire [39:0] out_data_o, output wire out_last_o
);
  skid u_skid (.*);
endmodule
"
    .replace(
        "(.*)",
        &format!("({})", skid_ports().iter().map(|p| format!(".{0}({0})", p.name)).collect::<Vec<_>>().join(", ")),
    );
    let build = Build::new("pair", [("skid.v", SKID), ("pair.v", &wrapped)]).ports(skid_ports());
    let library = build.clone().probes([both]).compile()?;
    let mut model = library.model(1)?;
    model.reset(2)?;
    let [valid, data, last] =
        ["in_valid_i", "in_data_i", "in_last_i"].map(|name| model.port(name).expect("a port of it"));
    for (port, value) in [(valid, 1), (data, 0x12_3456_789a), (last, 1)] {
        model.set(port, value);
    }
    model.tick()?;
    model.settle()?;
    assert_eq!(model.get(model.output("taken")?), 1 << 41 | 1 << 40 | 0x12_3456_789a);
    let error = build.probes([Probe::new("nothing", 1, ["u_skid.nothing_q"])]).compile();
    shows(&error.expect_err("there is no such net"), &["nothing_q"]);
    Ok(())
}
