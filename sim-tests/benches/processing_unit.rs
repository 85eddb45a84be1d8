//! How fast the processing unit simulates: thousands of clock cycles a second, on one core.
//!
//! `make bench`; `cargo bench -p alberti-sim-tests -- pu16` for one design. The accelerator decides the
//! absolute figures; the last column relates them to the first row of the same run.

#![allow(clippy::print_stdout)]

use alberti_arith::Activation;
use alberti_golden::{
    gemm::Gemm,
    processing_unit::run,
    tiling::{Placement, TilePlacement, tile},
};
use alberti_harness::{Seed, Stall};
use alberti_rtl::{Design, blocks::Block};
use alberti_scenarios::{Subject, processing_unit::drive};
use std::time::Instant;

/// Rows, reduction and columns of the matrix multiply.
const SHAPE: (usize, usize, usize) = (128, 768, 768);

/// Runs of each design; the fastest counts.
const RUNS: u32 = 5;

fn main() {
    println!("{:<16} {:>10} {:>10} {:>8}", "design", "cycles", "kHz", "relative");
    let mut first = None;
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for name in ["pu16", "pu16_8of16", "pu16_q3_13", "pu32"] {
        if !chosen.is_empty() && !chosen.iter().any(|one| one == name) {
            continue;
        }
        let (cycles, khz) = measure(name);
        let relative = khz / *first.get_or_insert(khz);
        println!("{name:<16} {cycles:>10} {khz:>10.0} {relative:>8.2}");
    }
}

/// Cycles of a dense multiply in random data, and thousands of them a second with the whole testbench around.
fn measure(name: &str) -> (u64, f64) {
    let path = format!("{}/../designs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let design = Design::load(path).unwrap_or_else(|problems| panic!("{problems}"));
    let block = Block::named("processing_unit").expect("it is registered");
    let subject = Subject::of_block(&design, block).expect("every design has one");
    let library = subject.build().expect("the emitted Verilog compiles");
    let config = subject.config().expect("the golden model takes every design");
    let mut rng = Seed(1).rng("bench");
    let (rows, reduction, columns) = SHAPE;
    let mut codes = |count: usize| (0..count).map(|_| rng.bits(config.operand.bits()) as u16).collect::<Vec<_>>();
    let gemm = Gemm {
        operand: config.operand,
        result: config.result,
        accumulator_bits: config.accumulator_bits,
        rows,
        reduction,
        columns,
        activations: codes(rows * reduction),
        weights: codes(columns * reduction),
        bias: vec![0; columns],
        scale: vec![20; columns],
        function: Activation::Identity,
        activation_shift: 0,
    };
    let place = |values| Placement { values, base: alberti_golden::Pointer { row: 0, lane: 0 } };
    let memories = &design.memories;
    let layout = TilePlacement {
        rows_per_job: rows.min(design.datapath.accumulator_rows as usize),
        blocks: false,
        weight: place(memories.weight.values as usize),
        activation: place(memories.activation.values as usize),
        result: place(memories.result.values as usize),
    };
    let input = tile(&gemm, &config, &layout).expect("it fits");
    let output = run(&config, &input).expect("it runs");
    let stalls = (Stall::None, Stall::None);
    let once = || {
        let start = Instant::now();
        let report = drive(&subject, &library, &input, &output, stalls, name, Seed(1)).expect("bit-exact");
        (report.cycles, report.cycles as f64 / start.elapsed().as_secs_f64() / 1e3)
    };
    (0..RUNS).map(|_| once()).max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are runs")
}
