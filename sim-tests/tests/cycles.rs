//! The cost model's cycles against those of the simulated Verilog: equal, to the cycle.

#![allow(clippy::unwrap_used)]

mod common;

use alberti_arith::{Activation, Format};
use alberti_cost::{Cycles, block_gemm_cycles, gemm_cycles};
use alberti_golden::{
    Pointer,
    gemm::Gemm,
    processing_unit,
    tiling::{self, Placement, TilePlacement},
};
use alberti_harness::{Library, Report, Rng, Seed, Stall};
use alberti_rtl::Design;
use alberti_scenarios::Subject;
use common::{design, pu4_2of4, pu4_with_pipeline, pu8_4of8, subject, variant};

/// Rows, reduction, columns.
type Shape = (usize, usize, usize);

/// A multiply whose activations have `density` ones of a hundred; weights are dense, or as dense as blocks
/// allow.
fn gemm(design: &Design, (rows, reduction, columns): Shape, density: u64, blocks: bool, rng: &mut Rng) -> Gemm {
    let d = &design.datapath;
    let mut code = |percent: u64| match rng.below(100) < percent {
        true => 1 + rng.below((1 << (d.operand.bits() - 1)) - 1) as u16,
        false => 0,
    };
    let activations = (0..rows * reduction).map(|_| code(density)).collect();
    let mut weights: Vec<u16> = (0..columns * reduction).map(|_| code(100)).collect();
    if let Some(sparsity) = d.sparsity.filter(|_| blocks) {
        for row in weights.chunks_mut(reduction) {
            for (place, code) in row.iter_mut().enumerate() {
                // Every other one stays: exactly so many of each block.
                if place as u32 % sparsity.block >= sparsity.nonzeros {
                    *code = 0;
                }
            }
        }
    }
    Gemm {
        operand: d.operand,
        result: d.result,
        accumulator_bits: d.accumulator_bits,
        rows,
        reduction,
        columns,
        activations,
        weights,
        bias: vec![0; columns],
        scale: vec![if matches!(d.result, Format::AdaptivFloat(_)) { 14 } else { 8 }; columns],
        function: Activation::Identity,
        activation_shift: 0,
    }
}

/// Simulates without stalls, every bit compared with the golden.
fn simulate(subject: &Subject, library: &Library, gemm: &Gemm, blocks: bool, name: &str, seed: Seed) -> Report {
    let (design, config) = (subject.design, subject.config().expect("the designs are valid"));
    let place = |values: u32| Placement { values: values as usize, base: Pointer::default() };
    let layout = TilePlacement {
        rows_per_job: design.datapath.accumulator_rows as usize,
        blocks,
        weight: place(design.memories.weight.values),
        activation: place(design.memories.activation.values),
        result: place(design.memories.result.values),
    };
    let input = tiling::tile(gemm, &config, &layout).unwrap_or_else(|error| panic!("{name}: {error}"));
    let output = processing_unit::run(&config, &input).unwrap_or_else(|error| panic!("{name}: {error}"));
    let codes = tiling::untile(gemm, &config, &layout, &output).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(codes, gemm.codes().expect("the designs are valid"), "{name}, seed {seed}: tiling changes the product");
    let stalls = (Stall::None, Stall::None);
    alberti_scenarios::processing_unit::drive(subject, library, &input, &output, stalls, name, seed)
        .unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}"))
}

fn cost(design: &Design, (rows, reduction, columns): Shape, blocks: bool) -> Cycles {
    let (m, k, n) = (rows as u64, reduction as u64, columns as u64);
    if blocks {
        block_gemm_cycles(design, m, k, n).expect("the design has blocks")
    } else {
        gemm_cycles(design, m, k, n)
    }
}

fn exact(design: &Design) {
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let subject = subject("processing_unit", design);
    let library = subject.build().unwrap_or_else(|error| panic!("{error}"));
    let (n, rows) = (design.datapath.n as usize, design.datapath.accumulator_rows as usize);
    let shapes = [
        (1, 1, 1),
        (1, n, n),
        (1, 3 * n, 3 * n),
        (2, 2 * n + 1, n + 1),
        (3, 5 * n, 2 * n),
        (4, 4 * n - 1, n - 1),
        (n, 3 * n, 2 * n),
        (n + 1, 2 * n, 2 * n),
        (2 * n + 3, 4 * n, n),
        (rows, 3 * n, 2 * n),
        (rows + 1, 2 * n, n),
        (2 * rows + n / 2, n, 2 * n),
    ];
    let kinds: &[bool] = if design.datapath.sparsity.is_some() { &[false, true] } else { &[false] };
    for (index, &shape) in shapes.iter().enumerate() {
        for &blocks in kinds {
            let name = format!("cycles.{}.{index}.{blocks}", design.name);
            let mut rng = seed.rng(&name);
            let density = *rng.pick(&[0, 30, 60]);
            let gemm = gemm(design, shape, density, blocks, &mut rng);
            let report = simulate(&subject, &library, &gemm, blocks, &name, seed);
            let cost = cost(design, shape, blocks);
            assert_eq!(cost.total, report.cycles, "{} {shape:?}, blocks {blocks}, seed {seed}: {cost:?}", design.name);
        }
    }
}

/// The projection of a base-sized encoder on 128 tokens.
fn layer(design: &Design, blocks: bool) -> Cycles {
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let shape = (128, 768, 768);
    let subject = subject("processing_unit", design);
    let library = subject.build().unwrap_or_else(|error| panic!("{error}"));
    let name = format!("cycles.layer.{}.{blocks}", design.name);
    let gemm = gemm(design, shape, 100, blocks, &mut seed.rng(&name));
    let report = simulate(&subject, &library, &gemm, blocks, &name, seed);
    let cost = cost(design, shape, blocks);
    assert_eq!(cost.total, report.cycles, "seed {seed}: {cost:?}");
    cost
}

#[test]
fn a_layer_keeps_at_least_99_of_100_multipliers_at_work() {
    let cost = layer(&design("pu16"), false);
    assert!(cost.utilisation >= 0.99, "{cost:?}");
}

#[test]
fn a_block_sparse_layer_takes_half_the_cycles_of_a_dense_one() {
    let design = design("pu16_8of16");
    let (dense, blocks) = (gemm_cycles(&design, 128, 768, 768), layer(&design, true));
    assert_eq!(2 * blocks.compute, dense.compute);
    assert!(blocks.utilisation >= 0.99, "{blocks:?}");
}

macro_rules! exact {
    ($($name:ident => $design:expr;)*) => {$(
        #[test]
        fn $name() {
            exact(&$design);
        }
    )*};
}

exact! {
    cycles_of_two_lanes_are_exact => variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 2")]);
    cycles_of_four_lanes_are_exact => design("pu4");
    cycles_of_six_lanes_are_exact => design("pu6");
    cycles_of_eight_lanes_are_exact => design("pu8_q3_5");
    cycles_of_sixteen_lanes_are_exact => design("pu16");
    cycles_with_blocks_are_exact => design("pu16_8of16");
    cycles_with_blocks_of_four_are_exact => pu4_2of4();
    cycles_with_blocks_of_eight_are_exact => pu8_4of8();
    cycles_with_one_register_are_exact => pu4_with_pipeline(1);
    cycles_with_three_registers_are_exact => pu4_with_pipeline(3);
    cycles_with_slow_weights_are_exact => variant("pu4", &[
        ("weight: {values: 16384, latency: 1}", "weight: {values: 16384, latency: 3}"),
        ("activation: {values: 4096, latency: 1}", "activation: {values: 4096, latency: 2}"),
    ]);
    cycles_with_slow_activations_are_exact => variant("pu4", &[
        ("activation: {values: 4096, latency: 1}", "activation: {values: 4096, latency: 8}"),
    ]);
}
