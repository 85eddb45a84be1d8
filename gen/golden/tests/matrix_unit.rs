//! The matrix unit by itself: tiles by columns, wide results, and what it refuses.

mod common;

use alberti_arith::{Activation, Fixed, Format};
use alberti_golden::{
    BlockSparsity,
    block_select::select_lane,
    matrix_unit::{Counters, Input, Item, Job, MatrixUnitConfig, Output, run},
    vmac::Lane,
    vmac_array::VmacArray,
};
use common::Random;

fn config(sparse: bool) -> MatrixUnitConfig {
    MatrixUnitConfig {
        n: 4,
        operand: Format::AF8_3,
        result: Format::AF8_3,
        accumulator_bits: 35,
        zero_skip: true,
        sparsity: sparse.then(|| BlockSparsity::new(2, 4).expect("can be built")),
        activation: Activation::Relu.into(),
    }
}

fn job(rows: usize, passes: usize) -> Job {
    Job {
        rows,
        passes,
        close: true,
        bias: vec![0; 4],
        scale: vec![8; 4],
        function: Activation::Identity,
        activation_shift: 0,
        wide_shift: 0,
    }
}

fn items(tile: &[Vec<u16>], columns: bool) -> Vec<Item> {
    tile.iter().map(|codes| Item { codes: codes.clone(), block: None, columns }).collect()
}

fn transposed(tile: &[Vec<u16>]) -> Vec<Vec<u16>> {
    (0..tile.len()).map(|p| tile.iter().map(|row| row[p]).collect()).collect()
}

fn vectors(random: &mut Random, count: usize) -> Vec<Vec<u16>> {
    (0..count).map(|_| random.codes(Format::AF8_3, 4, 80)).collect()
}

fn answer(config: &MatrixUnitConfig, jobs: Vec<Job>, weights: Vec<Item>, vectors: Vec<Vec<u16>>) -> Output {
    let mut activations = vec![vectors];
    activations.resize(config.slots(), Vec::new());
    run(config, &Input { jobs, weights, activations }).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_tile_by_columns_is_the_transposed_tile_by_rows() {
    let mut random = Random(3);
    for sparse in [false, true] {
        for _ in 0..200 {
            let (tile, rows) = (vectors(&mut random, 4), vectors(&mut random, 3));
            let by_rows = answer(&config(sparse), vec![job(3, 1)], items(&tile, false), rows.clone());
            let by_columns = answer(&config(sparse), vec![job(3, 1)], items(&transposed(&tile), true), rows);
            assert_eq!(by_rows, by_columns);
        }
    }
}

#[test]
fn the_first_item_says_whether_a_tile_comes_by_columns() {
    let mut random = Random(4);
    let (tile, rows) = (vectors(&mut random, 4), vectors(&mut random, 2));
    let mut mixed = items(&tile, true);
    mixed[0].columns = false;
    let answer = |weights| answer(&config(false), vec![job(2, 1)], weights, rows.clone());
    assert_eq!(answer(mixed), answer(items(&tile, false)));
    assert_ne!(answer(items(&tile, true)), answer(items(&tile, false)));
}

#[test]
fn an_array_takes_columns_beside_rows() {
    let mut random = Random(5);
    for sparsity in [None, Some(BlockSparsity::new(2, 4).expect("can be built"))] {
        let inputs = if sparsity.is_some() { 8 } else { 4 };
        let lane = |codes: &[u16]| match sparsity {
            None => Lane::dense(Format::AF8_3, codes).expect("a lane"),
            Some(sparsity) => Lane::selected(Format::AF8_3, sparsity, codes, &[Some(0); 4]).expect("a lane"),
        };
        let mut tile = vectors(&mut random, 4);
        let mut array = VmacArray::new(Format::AF8_3, 35, 4, inputs, true).expect("an array");
        // Without a select a place multiplies nothing, until a column gives it its first choice.
        for (number, codes) in tile.iter().enumerate() {
            let none = sparsity.map(|sparsity| Lane::selected(Format::AF8_3, sparsity, codes, &[None; 4]));
            array.load(number, none.map_or(lane(codes), |none| none.expect("a lane"))).expect("loads");
        }
        for (p, column) in transposed(&tile).into_iter().enumerate() {
            array.load_column(p, &column).expect("loads");
        }
        tile[2] = random.codes(Format::AF8_3, 4, 80);
        array.load(2, lane(&tile[2])).expect("loads");
        let mut rows = VmacArray::new(Format::AF8_3, 35, 4, inputs, true).expect("an array");
        tile.iter().enumerate().for_each(|(number, codes)| rows.load(number, lane(codes)).expect("loads"));
        array.swap();
        rows.swap();
        assert_eq!(array, rows);
        assert!(array.load_column(4, &tile[0]).is_err() && array.load_column(0, &tile[0][..3]).is_err());
    }
}

#[test]
fn wide_results_are_the_sums_at_a_shift_of_their_own() {
    // Four products of 16·2³ = 128 by itself.
    let one = 0x30;
    let unit = Format::AF8_3.significand(one);
    let sum = 4 * unit * unit;
    let wide = |scale: i32, wide_shift: i32| {
        let jobs = vec![Job { scale: vec![scale; 4], wide_shift, ..job(1, 1) }];
        let output = answer(&config(false), jobs, items(&vec![vec![one; 4]; 4], false), vec![vec![one; 4]]);
        i64::from(output.rows[0].wide[3] as i16)
    };
    let exact = sum.ilog2() as i32;
    assert_eq!(sum, 1 << exact);
    assert_eq!(wide(exact - 10, 0), 1 << 10);
    assert_eq!(wide(exact - 10, 4), 1 << 6);
    assert_eq!(wide(exact, -8), 1 << 8);
    assert_eq!((wide(exact, 1), wide(exact, 2)), (1, 0), "a half rounds up");
    assert_eq!(wide(0, 0), 0x7fff, "saturates");
    assert_eq!((wide(60, 63), wide(-60, -64)), (0, 0x7fff), "the shift stays within its bits");
}

#[test]
fn wide_results_are_what_codes_in_16_bits_of_fixed_point_are() {
    let mut random = Random(6);
    let fixed = MatrixUnitConfig { result: Format::Fixed(Fixed::new(9, 7).expect("16 bits")), ..config(false) };
    for function in [Activation::Identity, Activation::Relu] {
        let jobs = vec![Job { function, ..job(4, 2) }];
        let weights = items(&vectors(&mut random, 8), false);
        let output = answer(&fixed, jobs, weights, vectors(&mut random, 8));
        assert!(output.rows.iter().all(|row| row.wide == row.code) && output.rows.len() == 4);
    }
}

#[test]
fn the_last_row_of_a_job_that_closes_ends_the_segment() {
    let mut random = Random(7);
    let jobs = vec![Job { close: false, ..job(2, 1) }, job(2, 1)];
    let output = answer(&config(false), jobs, items(&vectors(&mut random, 8), false), vectors(&mut random, 4));
    assert_eq!(output.rows.iter().map(|row| row.last).collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!(output.counters, Counters { vectors: 4, held: output.counters.held, mask_errors: 0 });
}

#[test]
fn what_no_unit_could_be_given_is_an_error_that_names_the_place() {
    let sparsity = BlockSparsity::new(2, 4).expect("can be built");
    let good = || Input {
        jobs: vec![job(1, 1)],
        weights: items(&vec![vec![0; 4]; 4], true),
        activations: vec![vec![vec![0; 4]], Vec::new()],
    };
    assert!(run(&config(true), &good()).is_ok());
    let with = |change: &dyn Fn(&mut Input)| {
        let mut input = good();
        change(&mut input);
        run(&config(true), &input).expect_err("refused").to_string()
    };
    let block = select_lane(sparsity, 4, 0b0011_1100).expect("a mask");
    type Change<'a> = &'a dyn Fn(&mut Input);
    let cases: [(Change<'_>, &str); 7] = [
        (&|i| i.weights[1].block = Some(block.clone()), "weight lane 1: a block item in a tile by columns"),
        (&|i| i.weights[2].codes.truncate(3), "job 0: pass 0: weight lane 2: weights"),
        (&|i| i.weights.truncate(3), "job 0: pass 0: weight lane 3: the stream has ended"),
        (&|i| i.activations[0][0].truncate(3), "job 0: pass 0, row 0: activation slot 0: vector"),
        (&|i| i.activations[1].push(vec![0; 4]), "the activation 1 stream holds 1 items more"),
        (&|i| i.jobs[0].wide_shift = 64, "job 0: wide_shift: shifts[0]: 64 is outside"),
        (&|i| i.jobs.clear(), "the weight stream holds 4 items more"),
    ];
    for (change, part) in cases {
        let said = with(change);
        assert!(said.contains(part), "{said}");
    }
}
