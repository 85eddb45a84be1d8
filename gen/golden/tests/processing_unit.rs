//! The tiled processing unit against the untiled matrix multiply, and that against f64.

mod common;

use alberti_arith::{Activation, Format};
use alberti_golden::{
    BlockSparsity, Packed, Pointer, Segment,
    gemm::Gemm,
    processing_unit::{Counters, Input, Job, MatrixUnitConfig, Output, Slot, WeightItem, run},
    tiling::{Placement, TilePlacement, tile, untile},
};
use common::{OPERANDS, Random};
use proptest::prelude::*;

/// A multiply of random codes; shifts bring most sums into the range of the result.
fn gemm(random: &mut Random, operand: Format, result: Format, shape: (usize, usize, usize), percent: usize) -> Gemm {
    let (rows, reduction, columns) = shape;
    let typical =
        2 * operand.max_significand().ilog2() as i32 - result.bits() as i32 - i32::from(result == Format::AF8_3) * 2;
    Gemm {
        operand,
        result,
        accumulator_bits: 48,
        rows,
        reduction,
        columns,
        activations: random.codes(operand, rows * reduction, percent),
        weights: random.codes(operand, columns * reduction, percent),
        bias: (0..columns).map(|_| random.within(-(1 << 20), 1 << 20)).collect(),
        scale: (0..columns).map(|_| random.within((typical - 2).into(), (typical + 6).into()) as i32).collect(),
        function: Activation::ALL[random.below(Activation::ALL.len())],
        activation_shift: random.within(-4, 16) as i32,
    }
}

fn config(gemm: &Gemm, n: usize, sparsity: Option<(usize, usize)>) -> MatrixUnitConfig {
    MatrixUnitConfig {
        n,
        operand: gemm.operand,
        result: gemm.result,
        accumulator_bits: gemm.accumulator_bits,
        zero_skip: true,
        sparsity: sparsity.map(|(nonzeros, block)| BlockSparsity::new(nonzeros, block).expect("can be built")),
        activation: gemm.function.into(),
    }
}

/// Memories that just hold everything, weights that start anywhere, activations and results in any row.
fn layout(random: &mut Random, gemm: &Gemm, n: usize, rows_per_job: usize, blocks: bool) -> TilePlacement {
    let padded = |x: usize| x.div_ceil(2 * n) * 2 * n;
    let mut placement = |values: usize, lanes: usize| {
        let rows = Packed::new(n, values).expect("a memory").rows();
        Placement { values, base: Pointer { row: random.below(rows), lane: random.below(lanes) } }
    };
    TilePlacement {
        rows_per_job,
        blocks,
        weight: placement(padded(gemm.columns) * padded(gemm.reduction), n),
        activation: placement(gemm.rows * padded(gemm.reduction), 1),
        result: placement(gemm.rows * padded(gemm.columns), 1),
    }
}

fn tiled(gemm: &Gemm, config: &MatrixUnitConfig, layout: &TilePlacement) -> (Vec<u16>, Output) {
    let output = run(config, &tile(gemm, config, layout).expect("tiles")).expect("runs");
    assert!(output.closed);
    (untile(gemm, config, layout, &output).expect("comes together"), output)
}

/// Prunes weights to at most `nonzeros` in every `block` along the reduction.
fn prune(random: &mut Random, gemm: &mut Gemm, nonzeros: usize, block: usize) {
    for row in gemm.weights.chunks_mut(gemm.reduction) {
        for block in row.chunks_mut(block) {
            while block.iter().filter(|&&w| w != 0).count() > nonzeros {
                let i = random.below(block.len());
                block[i] = 0;
            }
        }
    }
}

#[test]
fn tiled_equals_untiled_for_every_size_format_and_odd_shape() {
    let mut random = Random(7);
    let mut informative = 0;
    for n in [2, 3, 4, 6, 8, 16, 32] {
        for operand in OPERANDS {
            for result in [operand, Format::Q3_13] {
                for shape in
                    [(1, 1, 1), (1, n, n), (5, n - 1, n + 1), (3, 2 * n, 1), (7, 3 * n + 1, 2 * n - 1), (2, 1, 3 * n)]
                {
                    let gemm = gemm(&mut random, operand, result, shape, 60);
                    let config = config(&gemm, n, None);
                    let layout = layout(&mut random, &gemm, n, 1 + random_rows(shape.0), false);
                    let (codes, output) = tiled(&gemm, &config, &layout);
                    assert_eq!(codes, gemm.codes().expect("multiplies"), "n = {n}, {operand} → {result}, {shape:?}");
                    informative += codes.iter().filter(|&&code| code != 0).count();
                    let vectors = shape.0 * shape.1.div_ceil(n) * shape.2.div_ceil(n);
                    assert_eq!(output.counters.vectors, vectors as u64);
                }
            }
        }
    }
    assert!(informative > 1000, "results are not all zero");
}

fn random_rows(rows: usize) -> usize {
    (rows * 2) / 3
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn tiled_equals_untiled_at_any_density_chunk_and_start(
        seed in any::<u64>(), n in 2usize..=9, which in 0usize..3, m in 1usize..12, k in 1usize..30, columns in 1usize..20,
        percent in 0usize..=100, rows_per_job in 1usize..12,
    ) {
        let mut random = Random(seed);
        let gemm = gemm(&mut random, OPERANDS[which], OPERANDS[which], (m, k, columns), percent);
        let config = config(&gemm, n, None);
        let layout = layout(&mut random, &gemm, n, rows_per_job, false);
        prop_assert_eq!(tiled(&gemm, &config, &layout).0, gemm.codes().expect("multiplies"));
    }

    #[test]
    fn block_sparse_equals_dense_on_pruned_matrices(
        seed in any::<u64>(), which in 0usize..3, sparsity in 0usize..3, m in 1usize..6, k in 1usize..80, columns in 1usize..20,
        percent in 0usize..=100, unpruned in any::<bool>(), twice in any::<bool>(),
    ) {
        let (nonzeros, block) = [(2, 4), (4, 8), (8, 16)][sparsity];
        let n = if twice { 2 * nonzeros } else { nonzeros };
        let mut random = Random(seed);
        let mut gemm = gemm(&mut random, OPERANDS[which], OPERANDS[which], (m, k, columns), percent);
        prune(&mut random, &mut gemm, nonzeros, block);
        if unpruned {
            // One block too full somewhere: that pair of tiles goes dense amid the others.
            let at = random.below(k.div_ceil(block)) * block;
            (at..k.min(at + block)).for_each(|i| gemm.weights[i] = random.nonzero(OPERANDS[which]));
        }
        let config = config(&gemm, n, Some((nonzeros, block)));
        let expected = gemm.codes().expect("multiplies");
        for blocks in [true, false] {
            let layout = layout(&mut random, &gemm, n, 4, blocks);
            let (codes, output) = tiled(&gemm, &config, &layout);
            prop_assert_eq!(&codes, &expected, "blocks {}", blocks);
            prop_assert_eq!(output.counters.mask_errors, 0);
            let tiles = k.div_ceil(2 * n) * columns.div_ceil(n);
            if blocks && !unpruned {
                prop_assert_eq!(output.counters.vectors, (m * tiles) as u64, "half the vectors");
            }
        }
    }
}

#[test]
fn the_untiled_multiply_equals_f64() {
    let mut random = Random(8);
    for operand in OPERANDS {
        let gemm = Gemm { function: Activation::Identity, ..gemm(&mut random, operand, Format::AF8_3, (5, 37, 6), 90) };
        let (sums, codes) = (gemm.sums().expect("multiplies"), gemm.codes().expect("multiplies"));
        let steps = 2f64.powi(2 * operand.fraction_bits() as i32);
        for row in 0..5 {
            for column in 0..6 {
                let value = |matrix: &[u16], i: usize, k: usize| operand.value(matrix[i * 37 + k], 0);
                let dot: f64 =
                    (0..37).map(|k| value(&gemm.activations, row, k) * value(&gemm.weights, column, k)).sum();
                let expected = dot * steps + gemm.bias[column] as f64;
                let i = row * 6 + column;
                assert_eq!(sums[i] as f64, expected, "{operand} [{row}][{column}]");
                let real = expected * 2f64.powi(-gemm.scale[column]);
                assert_eq!(codes[i], Format::AF8_3.quantize(real, 0), "{operand} [{row}][{column}]");
            }
        }
    }
}

#[test]
fn overflowing_sums_wrap_alike_tiled_and_untiled() {
    let mut random = Random(9);
    let mut gemm = gemm(&mut random, Format::AF8_3, Format::Q3_13, (3, 40, 5), 100);
    gemm.weights.fill(0x7f);
    gemm.activations.fill(0x7f);
    gemm.accumulator_bits = 24;
    gemm.bias.fill(0);
    gemm.scale.fill(8);
    let config = config(&gemm, 4, None);
    let layout = layout(&mut random, &gemm, 4, 2, false);
    let exact = 40i64 * 3968 * 3968;
    assert!(gemm.sums().expect("multiplies").iter().all(|&sum| sum != exact && (sum - exact) % (1 << 24) == 0));
    assert_eq!(tiled(&gemm, &config, &layout).0, gemm.codes().expect("multiplies"));
}

#[test]
fn zero_skip_counts_zero_activation_vectors_and_changes_no_result() {
    let mut random = Random(10);
    for (weights_zero, activations_zero) in [(false, false), (true, false), (false, true)] {
        let mut gemm = gemm(&mut random, Format::AF8_3, Format::AF8_3, (6, 16, 8), 100);
        if weights_zero {
            gemm.weights.fill(0);
        }
        if activations_zero {
            gemm.activations[..5 * 16].fill(0);
        }
        let mut config = config(&gemm, 4, None);
        let layout = layout(&mut random, &gemm, 4, 6, false);
        let (codes, output) = tiled(&gemm, &config, &layout);
        let held = if activations_zero { 5 * 4 * 2 } else { 0 };
        assert_eq!(output.counters, Counters { vectors: 6 * 4 * 2, held, mask_errors: 0 });
        config.zero_skip = false;
        let (plain_codes, plain) = tiled(&gemm, &config, &layout);
        assert_eq!((codes, output.memory), (plain_codes, plain.memory));
        assert_eq!(plain.counters.held, 0);
    }
}

/// Two lanes of Q3.5, results in Q3.13 without a shift: numbers that can be followed by hand.
fn small(sparsity: bool) -> MatrixUnitConfig {
    MatrixUnitConfig {
        n: 2,
        operand: Format::Q3_5,
        result: Format::Q3_13,
        accumulator_bits: 32,
        zero_skip: true,
        sparsity: sparsity.then(|| BlockSparsity::new(2, 4).expect("can be built")),
        activation: Activation::Relu.into(),
    }
}

fn segment<T>(items: Vec<T>) -> Segment<T> {
    Segment { base: Pointer::default(), items }
}

fn job(rows: usize, passes: usize, close: bool) -> Job {
    Job {
        rows,
        passes,
        close,
        bias: vec![100, 200],
        scale: vec![0, 0],
        function: Activation::Identity,
        activation_shift: 0,
        wide_shift: 0,
    }
}

fn plain(mask: u128) -> WeightItem {
    WeightItem { mask, block: false }
}

fn block(mask: u128) -> WeightItem {
    WeightItem { mask, block: true }
}

fn memory(values: &[u16]) -> Packed {
    Packed::with_values(2, 16, values).expect("a memory")
}

fn small_input(weights: Vec<WeightItem>, values: &[u16], slots: &[(&[u16], &[u64])], jobs: Vec<Job>) -> Input {
    Input {
        jobs,
        weight_memory: memory(values),
        weights: vec![segment(weights)],
        activations: slots
            .iter()
            .map(|(values, masks)| Slot { memory: memory(values), masks: vec![segment(masks.to_vec())] })
            .collect(),
        result_memory: memory(&[]),
        result_rows: vec![1, 4],
    }
}

#[test]
fn a_job_that_can_be_followed_by_hand() {
    // Weights: pass 0 lane 0 = [2, 3], lane 1 = [0, 4]; pass 1 lane 0 = [0, 0], lane 1 = [5, 0].
    // Activations: pass 0 rows [1, 10], [0, 20]; pass 1 rows [7, 0], [0, 0].
    let input = small_input(
        vec![plain(0b11), plain(0b10), plain(0b00), plain(0b01)],
        &[2, 3, 4, 5],
        &[(&[1, 10, 20, 7], &[0b11, 0b10, 0b01, 0b00])],
        vec![job(2, 2, true)],
    );
    let output = run(&small(false), &input).expect("runs");
    assert_eq!(output.masks, [Segment { base: Pointer { row: 1, lane: 0 }, items: vec![0b11, 0b11] }]);
    let results = output.memory.read(Pointer { row: 1, lane: 0 }, 4);
    assert_eq!(results, [100 + 2 + 30, 200 + 40 + 35, 100 + 60, 200 + 80]);
    assert_eq!(output.counters, Counters { vectors: 4, held: 1, mask_errors: 0 });
}

#[test]
fn every_job_has_a_function_of_its_own() {
    // One row of [1, 10] by [2, 3] and [0, −4], on biases 100 and 200; then once more with sums less 300.
    let lower = |function| Job { bias: vec![-200, -300], function, ..job(1, 1, true) };
    let jobs = vec![lower(Activation::Relu), lower(Activation::Identity)];
    let values = [2, 3, 0xfc, 2, 3, 0xfc];
    let input =
        small_input([0b11, 0b10, 0b11, 0b10].map(plain).to_vec(), &values, &[(&[1, 10, 1, 10], &[0b11, 0b11])], jobs);
    let output = run(&small(false), &input).expect("runs");
    assert_eq!(output.masks.iter().map(|s| s.items.clone()).collect::<Vec<_>>(), [vec![0], vec![0b11]]);
    assert_eq!(output.memory.read(Pointer { row: 4, lane: 0 }, 2), [-168i16 as u16, -340i16 as u16]);
}

#[test]
fn a_function_that_the_unit_lacks_is_refused() {
    let with = |function| vec![Job { function, ..job(1, 1, true) }];
    for &function in Activation::ALL {
        let fits = small(false).activation.contains(function);
        let input = small_input(vec![plain(0); 2], &[], &[(&[], &[0])], with(function));
        assert_eq!(run(&small(false), &input).is_ok(), fits, "{function}");
    }
}

#[test]
fn jobs_share_a_result_segment_until_one_closes_it() {
    let weights = vec![plain(0); 8];
    let masks = [0u64; 4];
    let jobs = vec![job(1, 1, false), job(1, 1, true), job(1, 1, false), job(1, 1, false)];
    let output = run(&small(false), &small_input(weights, &[], &[(&[], &masks)], jobs)).expect("runs");
    let bases: Vec<(Pointer, usize)> = output.masks.iter().map(|s| (s.base, s.items.len())).collect();
    assert_eq!(bases, [(Pointer { row: 1, lane: 0 }, 2), (Pointer { row: 4, lane: 0 }, 2)]);
    assert!(!output.closed);
    assert_eq!(output.memory.read(Pointer { row: 1, lane: 0 }, 4), [100, 200, 100, 200]);
}

#[test]
fn a_block_tile_takes_a_vector_of_each_slot_and_plain_tiles_take_the_slots_in_turn() {
    // Pass 0, block tile over inputs [a, b | c, d]: lane 0 takes b and c, lane 1 takes a and d. Passes 1 and
    // 2, plain: slot 0, then slot 1.
    let input = small_input(
        vec![block(0b0110), block(0b1001), plain(0b01), plain(0b10), plain(0b10), plain(0b01)],
        &[2, 3, 4, 5, 6, 7, 8, 9],
        &[(&[10, 20, 70, 80], &[0b11, 0b11]), (&[30, 40, 50, 60], &[0b11, 0b11])],
        vec![job(1, 3, true)],
    );
    let output = run(&small(true), &input).expect("runs");
    let (block0, block1) = (2 * 20 + 3 * 30, 4 * 10 + 5 * 40);
    let (lane0, lane1) = (100 + block0 + 6 * 70 + 8 * 60, 200 + block1 + 7 * 80 + 9 * 50);
    assert_eq!(output.memory.read(Pointer { row: 1, lane: 0 }, 2), [lane0, lane1]);
    assert_eq!(output.counters, Counters { vectors: 3, held: 0, mask_errors: 0 });
}

#[test]
fn masks_with_a_wrong_number_of_ones_are_counted_and_the_stream_stays_in_step() {
    // Lane 0 has one bit: its second value goes unused. Lane 1 has three: the third is ignored. Lane 0's
    // successor in the next job still reads its own values.
    let input = small_input(
        vec![block(0b0100), block(0b1011), block(0b0011), block(0b1100)],
        &[2, 3, 4, 5, 6, 7, 8, 9],
        &[(&[10, 20, 10, 20], &[0b11, 0b11]), (&[30, 40, 30, 40], &[0b11, 0b11])],
        vec![job(1, 1, true), job(1, 1, true)],
    );
    let output = run(&small(true), &input).expect("runs");
    assert_eq!(output.memory.read(Pointer { row: 1, lane: 0 }, 2), [100 + 2 * 30, 200 + 4 * 10 + 5 * 20]);
    assert_eq!(output.memory.read(Pointer { row: 4, lane: 0 }, 2), [100 + 6 * 10 + 7 * 20, 200 + 8 * 30 + 9 * 40]);
    assert_eq!(output.counters.mask_errors, 2);
}

#[test]
fn every_item_with_a_wrong_block_counts_once() {
    // n = 4 in two blocks of 2:4: both blocks of lane 0 are wrong, one of lane 1, none of the others.
    let config = MatrixUnitConfig { n: 4, ..small(true) };
    let memory = || Packed::with_values(4, 16, &[1; 16]).expect("a memory");
    let masks = [0b0001_0111, 0b0011_0000, 0b0011_1100, 0b1010_0101];
    let slot = || Slot { memory: memory(), masks: vec![segment(vec![0])] };
    let input = Input {
        jobs: vec![Job {
            rows: 1,
            passes: 1,
            close: true,
            bias: vec![0; 4],
            scale: vec![0; 4],
            function: Activation::Identity,
            activation_shift: 0,
            wide_shift: 0,
        }],
        weight_memory: memory(),
        weights: vec![segment(masks.map(block).to_vec())],
        activations: vec![slot(), slot()],
        result_memory: memory(),
        result_rows: vec![0],
    };
    assert_eq!(run(&config, &input).expect("runs").counters, Counters { vectors: 1, held: 1, mask_errors: 2 });
}

#[test]
fn a_tile_is_of_the_kind_of_its_first_item_and_others_are_counted() {
    let slots: [(&[u16], &[u64]); 2] = [(&[10, 20], &[0b11]), (&[30, 40], &[0b11])];
    let input = small_input(vec![block(0b1100), plain(0b11)], &[2, 3, 4, 5], &slots, vec![job(1, 1, true)]);
    let output = run(&small(true), &input).expect("runs");
    // The plain lane takes its first choices, inputs 0 and 1.
    let results = [100 + 2 * 30 + 3 * 40, 200 + 4 * 10 + 5 * 20];
    assert_eq!(output.memory.read(Pointer { row: 1, lane: 0 }, 2), results);
    assert_eq!(output.counters.mask_errors, 1);
    // The other way round: inputs 2 and 3, which the block lane wants, are zero in a plain tile.
    let mut input = small_input(vec![plain(0b11), block(0b1001)], &[2, 3, 4, 5], &slots, vec![job(1, 1, true)]);
    input.activations[1].masks.clear();
    let output = run(&small(true), &input).expect("runs");
    let results = [100 + 2 * 10 + 3 * 20, 200 + 4 * 10];
    assert_eq!(output.memory.read(Pointer { row: 1, lane: 0 }, 2), results);
    assert_eq!(output.counters.mask_errors, 1);
}

#[test]
fn what_no_unit_could_be_given_is_an_error_that_names_the_place() {
    let good =
        || small_input(vec![plain(0b11), plain(0b11)], &[1, 2, 3, 4], &[(&[1, 2], &[0b11])], vec![job(1, 1, true)]);
    let config = small(false);
    assert!(run(&config, &good()).is_ok());
    type Break = fn(&mut MatrixUnitConfig, &mut Input);
    let cases: [(Break, &str); 13] = [
        (|_, i| i.weights[0].items.truncate(1), "job 0: pass 0: weight lane 1: the stream has ended"),
        (|_, i| i.activations[0].masks.clear(), "job 0: pass 0, row 0: activation slot 0: the stream has ended"),
        (|_, i| i.weights[0].items.push(plain(0)), "the weight stream holds 1 items more than the jobs ask for"),
        (|_, i| i.activations[0].masks[0].items.push(0), "the activation 0 stream holds 1 items more"),
        (|_, i| i.weights[0].items.fill(block(0)), "a block item in a design without block sparsity"),
        (|_, i| i.weights[0].items[0] = plain(0b100), "job 0: pass 0: weight lane 0: the mask: 0x4 has bits above"),
        (|_, i| i.jobs[0].bias[1] = 1 << 31, "job 0: bias[1]: 2147483648 does not fit in 32 bits"),
        (|_, i| i.jobs[0].scale[0] = 64, "job 0: shifts[0]: 64 is outside of −64..=63"),
        (|_, i| i.jobs[0].rows = 0, "job 0: 0 rows, 1 passes: at least one of each"),
        (|_, i| i.result_rows.clear(), "job 0, results: segment 0 has no first row"),
        (|_, i| i.weight_memory = Packed::new(3, 9).expect("a memory"), "a memory of rows of 3 values: n is 2"),
        (|_, i| i.weights[0].base.row = 8, "base row 8, lane 0: the memory has 8 rows"),
        (|c, _| c.n = 65, "n = 65: 2 to 64 lanes can be built"),
    ];
    for (break_it, part) in cases {
        let (mut config, mut input) = (config.clone(), good());
        break_it(&mut config, &mut input);
        let error = run(&config, &input).expect_err(part).to_string();
        assert!(error.contains(part), "{error}\nlacks {part}");
    }
}

#[test]
fn a_memory_too_small_for_its_matrix_is_refused() {
    let mut random = Random(11);
    let gemm = gemm(&mut random, Format::Q3_5, Format::Q3_5, (4, 8, 8), 100);
    let config = config(&gemm, 4, None);
    let good = layout(&mut random, &gemm, 4, 4, false);
    for (which, part) in [(0, "64 values of weights"), (1, "32 values of activations"), (2, "32 values of results")] {
        let mut layout = good;
        let placement = [&mut layout.weight, &mut layout.activation, &mut layout.result].into_iter().nth(which);
        *placement.expect("one of three") = Placement { values: 16, base: Pointer::default() };
        let error = tile(&gemm, &config, &layout).expect_err(part).to_string();
        assert!(error.contains(part) && error.ends_with("in a memory of 16"), "{error}");
    }
}
