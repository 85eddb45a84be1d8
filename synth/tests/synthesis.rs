//! Small designs, from Verilog to area and timing.

use alberti_synth::{Boundaries, Cache, Library, Recipe, Source, SynthJob, SynthReport, synthesise, time};

const COUNTER: &str =
    "module counter (input wire clk_i, input wire rst_ni, input wire [7:0] step_i, output reg [7:0] count_q);
  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) count_q <= 8'h05;
    else count_q <= count_q + step_i;
endmodule
";

const ADDER: &str = "module adder (input wire [7:0] a_i, input wire [7:0] b_i, output wire [7:0] sum_o);
  assign sum_o = a_i + b_i;
endmodule
";

const PAIR: &str = "module alb_sram_x (input wire clk_i, input wire we_i, input wire [3:0] a_i, input wire [7:0] d_i, output reg [7:0] q_o);
  reg [7:0] mem [0:15];
  always @(posedge clk_i) begin if (we_i) mem[a_i] <= d_i; q_o <= mem[a_i]; end
endmodule
module pair (input wire clk_i, input wire rst_ni, input wire [7:0] step_i, input wire we_i, output wire [7:0] sum_o);
  wire [7:0] a, b, s;
  counter u_a (.clk_i(clk_i), .rst_ni(rst_ni), .step_i(step_i), .count_q(a));
  counter u_b (.clk_i(clk_i), .rst_ni(rst_ni), .step_i(a), .count_q(b));
  adder u_s (.a_i(a), .b_i(b), .sum_o(s));
  alb_sram_x u_m (.clk_i(clk_i), .we_i(we_i), .a_i(a[3:0]), .d_i(s), .q_o(sum_o));
endmodule
";

struct Bench {
    _folder: tempfile::TempDir,
    cache: Cache,
    library: Library,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = Library::open_default().expect("the package qflow-tech-osu018");
        Bench { cache: Cache::at(folder.path()), _folder: folder, library }
    }

    fn run(&self, top: &str, boundaries: Boundaries, recipe: &str) -> SynthReport {
        let sources = [Source::new("counter.v", COUNTER), Source::new("adder.v", ADDER), Source::new("pair.v", PAIR)];
        let recipe = Recipe::named(recipe, &self.library).expect("a recipe");
        let job = SynthJob { boundaries, ..SynthJob::new(top, &sources, &self.library, &recipe, 2500.0) };
        synthesise(&self.cache, &job).expect("a synthesis")
    }
}

#[test]
fn a_counter_has_a_flip_flop_per_bit_and_an_area_that_is_the_sum_of_its_cells() {
    let bench = Bench::new();
    let report = bench.run("counter", Boundaries::Flat, "area");
    assert_eq!(report.total.flip_flops, 8);
    assert_eq!(report.total.cells["DFFSR"], 8, "an asynchronous reset needs it");
    let sum: f64 = report.total.cells.iter().map(|(cell, n)| bench.library.cells[cell].area_um2 * *n as f64).sum();
    assert_eq!(report.total.area_um2, sum);
    assert_eq!(report.total.gate_equivalents, sum / 24.0);
    assert_eq!(report.total.sequential_area_um2, 8.0 * bench.library.cells["DFFSR"].area_um2);
}

#[test]
fn a_hierarchy_is_the_sum_of_its_units_and_a_memory_is_bits_without_area() {
    let bench = Bench::new();
    let report = bench.run("pair", Boundaries::Registers, "area");
    let units: Vec<(&str, u64)> = report.units.iter().map(|unit| (unit.module.as_str(), unit.instances)).collect();
    assert_eq!(units, [("counter", 2), ("pair", 1)], "the adder dissolves in its parent");
    let own = |name: &str| report.unit(name).map_or(0.0, |unit| unit.own.area_um2);
    assert_eq!(report.total.area_um2, 2.0 * own("counter") + own("pair"));
    assert!(own("pair") > 0.0);
    assert_eq!((report.memory_bits, report.memories[0].instances, report.memories[0].bits), (128, 1, 128));
    assert_eq!(report.total.flip_flops, 16, "the memory's bits are not flip-flops");
    assert_eq!(report.unit("pair").map(|unit| &unit.total), Some(&report.total));
}

#[test]
fn flat_and_hierarchical_areas_are_close() {
    let bench = Bench::new();
    let flat = bench.run("pair", Boundaries::Flat, "area").total.area_um2;
    let units = bench.run("pair", Boundaries::Registers, "area").total.area_um2;
    // Outputs of so small a unit are buffered for the load at its boundary.
    assert!((0.95..1.3).contains(&(units / flat)), "{units} against {flat}");
}

#[test]
fn the_same_job_gives_the_same_report_cold_and_warm() {
    let bench = Bench::new();
    let cold = bench.run("pair", Boundaries::Registers, "speed");
    let warm = bench.run("pair", Boundaries::Registers, "speed");
    assert_eq!(cold, warm);
    let elsewhere = Bench::new();
    let other = elsewhere.run("pair", Boundaries::Registers, "speed");
    assert_eq!(serde_json::to_string(&cold).expect("json"), serde_json::to_string(&other).expect("json"));
    assert_eq!(cold.netlist().expect("a netlist"), other.netlist().expect("a netlist"));
}

#[test]
fn a_path_across_two_units_is_longer_than_that_of_either() {
    let bench = Bench::new();
    let report = bench.run("pair", Boundaries::Registers, "area");
    let pair = time(&bench.cache, &report, &bench.library, "pair", 0.0).expect("a timing");
    let across = pair.register_to_register.as_ref().expect("a path between registers");
    assert!(across.startpoint.starts_with("u_"), "{across:?}");
    let counter = time(&bench.cache, &report, &bench.library, "counter", 0.0).expect("a timing");
    let alone = counter.register_to_register.as_ref().expect("a path between registers");
    assert!(across.delay_ps > alone.delay_ps, "{} against {}", across.delay_ps, alone.delay_ps);
    assert!(across.delay_ps > 500.0 && across.delay_ps < 10_000.0, "picoseconds: {}", across.delay_ps);
    assert!((across.delay_ps + across.slack_ps - 2500.0).abs() < 1e-2);
    assert!(pair.fmax_mhz.is_some_and(|fmax| (fmax * pair.min_period_ps.expect("a period") - 1e6).abs() < 1e-3));
}

#[test]
fn a_memorys_access_time_is_on_the_path_behind_it() {
    let bench = Bench::new();
    let report = bench.run("pair", Boundaries::Registers, "area");
    let out = |access| {
        let timing = time(&bench.cache, &report, &bench.library, "pair", access).expect("a timing");
        timing.register_to_output.expect("the memory drives the output").delay_ps
    };
    assert!((out(700.0) - out(0.0) - 700.0).abs() < 1.0);
}

#[test]
fn a_module_without_a_clock_has_a_delay_and_no_frequency() {
    let bench = Bench::new();
    let report = bench.run("adder", Boundaries::Flat, "area");
    let timing = time(&bench.cache, &report, &bench.library, "adder", 0.0).expect("a timing");
    assert!(timing.input_to_output.is_some_and(|path| path.delay_ps > 100.0));
    assert_eq!((timing.fmax_mhz, timing.register_to_register), (None, None));
}

#[test]
fn a_latch_is_refused_by_name() {
    let bench = Bench::new();
    let text =
        "module m (input wire en_i, input wire d_i, output reg q_o);\n  always @* if (en_i) q_o = d_i;\nendmodule\n";
    let sources = [Source::new("m.v", text)];
    let recipe = Recipe::named("area", &bench.library).expect("a recipe");
    let error = synthesise(&bench.cache, &SynthJob::new("m", &sources, &bench.library, &recipe, 2500.0));
    let message = error.expect_err("a latch").to_string();
    assert!(message.contains("DLATCH"), "{message}");
}
