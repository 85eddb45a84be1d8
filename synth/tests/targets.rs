//! What the generator promises of its own results, measured on every library at hand.
//!
//! `ALBERTI_LIBERTY=asap7.lib:sky130hd.lib cargo test -p alberti-synth --test targets -- --ignored
//! --nocapture` measures on these libraries, and without the variable on the default one.

#![allow(clippy::print_stdout)]

mod common;

use alberti_rtl::{Design, blocks::Block};
use alberti_synth::{Cache, Library, Recipe, SynthJob, SynthReport, synthesise, time};

fn run(design: &Design, block: &str, library: &Library, recipe: &str, period_ps: f64) -> SynthReport {
    let block = Block::named(block).expect("registered");
    let (top, sources) = common::sources(design, block).expect("the design has this block");
    let recipe = Recipe::named(recipe, library).expect("a recipe");
    let job = SynthJob::new(&top, &sources, library, &recipe, period_ps);
    synthesise(&Cache::open().expect("a cache"), &job).expect("a synthesis")
}

/// The same lane with operands of eight fixed-point bits, explicit Baugh-Wooley rows: what AdaptivFloat
/// competes with.
#[test]
#[ignore = "minutes: a lane by every depth, width and library"]
fn an_adaptiv_float_lane_is_smaller_than_one_of_eight_fixed_point_bits() {
    let mut misses = Vec::new();
    for library in common::libraries() {
        for pipeline in ["1", "2", "3"] {
            for (accumulator, longest) in [("32", "112"), ("37", "3072")] {
                let costs = |operand: &str| {
                    let changes = [
                        ("operand", operand),
                        ("pipeline", pipeline),
                        ("accumulator_bits", accumulator),
                        ("reduction_max", longest),
                    ];
                    run(&common::variant("pu16", &changes), "vmac", &library, "area", 2000.0).total
                };
                let (float, fixed) = (costs("af8_3"), costs("q3.5"));
                let ratio = float.area_um2 / fixed.area_um2;
                let line = format!(
                    "{} pipeline {pipeline} accumulator {accumulator}: {:.1} against {:.1} NAND2 per MAC, {ratio:.3}",
                    library.technology.name,
                    float.gate_equivalents / 16.0,
                    fixed.gate_equivalents / 16.0
                );
                println!("{line}");
                // Without a register in its middle the shift costs what the rows of an integer product do
                // not.
                if ratio > if pipeline == "1" { 0.98 } else { 0.95 } {
                    misses.push(line);
                }
            }
        }
    }
    assert!(misses.is_empty(), "too large:\n{}", misses.join("\n"));
}

#[test]
#[ignore = "minutes: two arrays by every library"]
fn a_block_sparse_array_is_little_larger_than_a_dense_one() {
    let mut misses = Vec::new();
    for library in common::libraries() {
        for pipeline in ["1", "2", "3"] {
            let costs = |design: &str| {
                run(&common::variant(design, &[("pipeline", pipeline)]), "vmac_array", &library, "area", 2000.0).total
            };
            let (dense, sparse) = (costs("pu16"), costs("pu16_8of16"));
            let ratio = sparse.area_um2 / dense.area_um2;
            let line = format!(
                "{} pipeline {pipeline}: {:.0} against {:.0} NAND2, {ratio:.3}",
                library.technology.name, sparse.gate_equivalents, dense.gate_equivalents
            );
            println!("{line}");
            if ratio > 1.35 {
                misses.push(line);
            }
        }
    }
    assert!(misses.is_empty(), "above 1.35:\n{}", misses.join("\n"));
}

/// One interpolator serves all functions; each adds its table.
#[test]
fn functions_share_a_lane_of_the_activation() {
    let library = Library::open_default().expect("the package qflow-tech-osu018");
    let lane = |functions: &str| {
        let text = common::text_of("pu16").replace("  activation: gelu ", &format!("  activation: {functions} "));
        let design = Design::parse("pu16.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
        let report = run(&design, "activation", &library, "area", 2000.0);
        let lane = report.units.iter().find(|unit| unit.module == "alb_activation_lane").expect("a lane");
        println!("{functions}: {:.0} NAND2", lane.total.gate_equivalents);
        lane.total.gate_equivalents
    };
    let gelu = lane("gelu_erf");
    let ratios = ["[gelu_erf, tanh]", "[gelu_erf, tanh, silu]"].map(|functions| lane(functions) / gelu);
    assert!(gelu < 2_240.0 && ratios[0] <= 1.15 && ratios[1] <= 1.28, "{gelu:.0} NAND2, {ratios:.3?} times as many");
}

#[test]
#[ignore = "minutes: the processing unit by every library"]
fn the_processing_unit_is_fast() {
    for library in common::libraries() {
        for pipeline in ["2", "3"] {
            let design = common::variant("pu16", &[("pipeline", pipeline)]);
            let report = run(&design, "processing_unit", &library, "speed", 800.0);
            for unit in &report.units {
                let timing =
                    time(&Cache::open().expect("a cache"), &report, &library, &unit.module, 0.0).expect("a timing");
                let group = |path: &Option<alberti_synth::Path>| path.as_ref().map_or(0.0, |path| path.delay_ps);
                println!(
                    "{} pipeline {pipeline} {:40} {:8.0} NAND2; ps: between registers {:6.0}, in {:6.0}, out {:6.0}, through {:6.0}",
                    library.technology.name,
                    unit.module,
                    unit.total.gate_equivalents,
                    group(&timing.register_to_register),
                    group(&timing.input_to_register),
                    group(&timing.register_to_output),
                    group(&timing.input_to_output)
                );
                if std::env::var_os("ALBERTI_PATHS").is_some()
                    && let Some(path) = &timing.register_to_register
                {
                    println!("{}", path.report);
                }
                if library.technology.name == "asap7" && unit.module == report.top {
                    // 1.25 GHz where a register stands in the adder tree, 1 GHz without.
                    let (bound, longest) =
                        (if pipeline == "3" { 800.0 } else { 1000.0 }, group(&timing.register_to_register));
                    assert!(0.0 < longest && longest <= bound, "pipeline {pipeline}: {longest} ps, not {bound}");
                }
            }
        }
    }
}

#[test]
#[ignore = "minutes: every special function unit by every library"]
fn no_special_function_unit_is_slower_than_the_array() {
    for library in common::libraries() {
        let design = common::design("pu16");
        let period = |block: &str| {
            let report = run(&design, block, &library, "speed", 800.0);
            let timing = time(&Cache::open().expect("a cache"), &report, &library, &report.top, 0.0).expect("a timing");
            let period = timing.min_period_ps.expect("a block with registers");
            println!("{} {block:12} {period:6.0} ps", library.technology.name);
            period
        };
        // The few cells of osu018 serve shifts and tables less well than sums.
        let bound = period("vmac_array") * if library.technology.name == "osu018" { 1.15 } else { 1.0 };
        let units = ["activation", "softmax", "layernorm", "elementwise", "entropy", "top_k"];
        let slow: Vec<_> = units.into_iter().filter(|block| period(block) > bound).collect();
        assert!(slow.is_empty(), "{}: {slow:?} take longer than {bound:.0} ps", library.technology.name);
    }
}
