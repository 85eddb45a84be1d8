//! One lane and the array, against sums in f64 and in i128.

mod common;

use alberti_arith::{Format, saturate};
use alberti_golden::{
    BlockSparsity,
    block_select::{select, select_lane},
    vmac::{self, Lane},
    vmac_array::{VmacArray, is_held},
};
use common::{OPERANDS, Random};

const SPARSITIES: [(usize, usize); 3] = [(2, 4), (4, 8), (8, 16)];

#[test]
fn every_pair_of_8_bit_operands_multiplies_exactly() {
    for format in [Format::AF8_3, Format::Q3_5] {
        let steps = 2f64.powi(2 * format.fraction_bits() as i32);
        for w in 0..256u16 {
            for x in 0..256u16 {
                let sum = vmac::sum(format, 32, 0, &[w], &[x]).expect("a sum");
                assert_eq!(sum as f64, format.value(w, 0) * format.value(x, 0) * steps, "{format} {w:#04x} × {x:#04x}");
            }
        }
    }
}

#[test]
fn a_lane_adds_all_products_to_the_addend() {
    let mut random = Random(2);
    for format in OPERANDS {
        for n in [2, 3, 16, 64] {
            let (w, x) = (random.codes(format, n, 80), random.codes(format, n, 80));
            let addend = random.within(-(1 << 40), 1 << 40);
            let scale = 2f64.powi(2 * format.fraction_bits() as i32);
            let exact: f64 = w.iter().zip(&x).map(|(&w, &x)| format.value(w, 0) * format.value(x, 0) * scale).sum();
            let sum = vmac::sum(format, 48, addend, &w, &x).expect("a sum");
            assert_eq!(sum as f64, exact + addend as f64, "{format}, n = {n}");
        }
    }
}

#[test]
fn a_sum_wraps_and_never_saturates() {
    // 137 of the largest products are the first not to fit 32 bits.
    let (w, x) = (vec![0x7f; 137], vec![0x7f; 137]);
    let exact = 137i64 * 3968 * 3968;
    let sum = vmac::sum(Format::AF8_3, 32, 0, &w, &x).expect("a sum");
    assert_eq!(sum, exact - (1 << 32));
    assert_ne!(sum, saturate(exact, 32));
    assert_eq!(vmac::sum(Format::AF8_3, 32, 0, &w[1..], &x[1..]).expect("a sum"), 136 * 3968 * 3968);
    // What overflowed on the way comes back: the order of terms does not matter.
    let largest = (1i64 << 31) - 1;
    assert_eq!(vmac::sum(Format::AF8_3, 32, largest, &[0x7f, 0xff], &[0x7f, 0x7f]).expect("a sum"), largest);
}

#[test]
fn a_sum_wraps_as_exact_integers_modulo_the_width_do() {
    let mut random = Random(3);
    for bits in [24, 25, 32, 37, 48] {
        for format in OPERANDS {
            let (w, x) = (random.codes(format, 64, 100), random.codes(format, 64, 100));
            let addend = random.within(-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
            let products = w.iter().zip(&x).map(|(&w, &x)| i128::from(format.significand(w) * format.significand(x)));
            let exact = products.sum::<i128>() + i128::from(addend);
            let sum = vmac::sum(format, bits, addend, &w, &x).expect("a sum");
            assert_eq!((exact - i128::from(sum)).rem_euclid(1 << bits), 0, "{format}, {bits} bits");
            assert_eq!(saturate(sum, bits), sum, "{format}, {bits} bits");
        }
    }
}

#[test]
fn selects_are_the_positions_of_the_ones_for_every_mask_of_a_block() {
    for (nonzeros, block) in SPARSITIES {
        let sparsity = BlockSparsity::new(nonzeros, block).expect("can be built");
        for mask in 0..1u128 << block {
            let (selects, error) = select(sparsity, mask).expect("selects");
            let ones: Vec<usize> = (0..block).filter(|&i| mask & (1 << i) != 0).collect();
            assert_eq!(error, ones.len() != nonzeros, "mask {mask:#b}");
            assert_eq!(selects.len(), nonzeros);
            for (k, select) in selects.iter().enumerate() {
                let position = select.map(|s| k + usize::from(s));
                // A one further up than the choices reach, which only a mask with too few can have, is none.
                let expected = ones.get(k).copied().filter(|&one| one <= k + block - nonzeros);
                assert_eq!(position, expected, "mask {mask:#b}, multiplier {k}");
                if !error {
                    assert_eq!(position, Some(ones[k]), "mask {mask:#b}, multiplier {k}");
                }
            }
        }
    }
}

#[test]
fn a_lanes_selects_are_those_of_its_blocks() {
    let sparsity = BlockSparsity::new(2, 4).expect("can be built");
    let selection = select_lane(sparsity, 6, 0b0111_1000_1010).expect("selects");
    assert_eq!(selection.selects, [Some(1), Some(2), None, None, Some(0), Some(0)]);
    assert_eq!(selection.errors, [false, true, true]);
    assert!(select_lane(sparsity, 5, 0).is_err(), "n is not a multiple of the weights of a block");
    assert!(select_lane(sparsity, 6, 1 << 12).is_err(), "a bit beyond the last block");
    assert!(BlockSparsity::new(3, 4).is_err());
}

#[test]
fn a_block_sparse_lane_equals_a_dense_lane_over_the_expanded_weights() {
    let mut random = Random(4);
    for format in OPERANDS {
        for (nonzeros, block) in SPARSITIES {
            let sparsity = BlockSparsity::new(nonzeros, block).expect("can be built");
            for n in [nonzeros, 2 * nonzeros, 16, 64] {
                // Any mask at all: too few ones leave weights unused, too many are ignored.
                let mask = u128::from(random.next()) << 64 | u128::from(random.next());
                let mask = if n == 64 { mask } else { mask & ((1 << (2 * n)) - 1) };
                let (weights, x) = (random.codes(format, n, 100), random.codes(format, 2 * n, 70));
                let selection = select_lane(sparsity, n, mask).expect("selects");
                let sum =
                    vmac::sum_selected(format, sparsity, 48, -5, &weights, &selection.selects, &x).expect("a sum");
                let mut expanded = vec![0; 2 * n];
                for number in 0..n / nonzeros {
                    let ones = (number * block..(number + 1) * block).filter(|&i| mask >> i & 1 == 1);
                    for (k, position) in ones.take(nonzeros).enumerate() {
                        if position % block - k <= block - nonzeros {
                            expanded[position] = weights[number * nonzeros + k];
                        }
                    }
                }
                assert_eq!(
                    sum,
                    vmac::sum(format, 48, -5, &expanded, &x).expect("a sum"),
                    "{format} {nonzeros}:{block}"
                );
            }
        }
    }
}

#[test]
fn loading_does_not_disturb_the_active_weights_until_the_swap() {
    let format = Format::Q3_5;
    let lane = |weight| Lane::dense(format, &[weight, 0]).expect("a lane");
    let mut array = VmacArray::new(format, 32, 2, 2, true).expect("an array");
    let sums = |array: &VmacArray| array.step(&[1, 1], &[100, 200]).expect("a step").sums;
    array.load(0, lane(3)).expect("loads");
    array.load(1, lane(4)).expect("loads");
    assert_eq!(sums(&array), [100, 200]);
    array.swap();
    array.load(0, lane(7)).expect("loads");
    assert_eq!(sums(&array), [103, 204]);
    array.swap();
    assert_eq!(sums(&array), [107, 204], "a lane that was not loaded again keeps its weights");
    assert!(array.load(2, lane(1)).is_err());
    assert!(array.load(0, Lane::dense(format, &[1; 3]).expect("a lane")).is_err());
}

#[test]
fn zero_skip_changes_no_sum() {
    let mut random = Random(5);
    for format in OPERANDS {
        let arrays = [true, false].map(|zero_skip| {
            let mut random = Random(6);
            let mut array = VmacArray::new(format, 40, 8, 8, zero_skip).expect("an array");
            for lane in 0..8 {
                array.load(lane, Lane::dense(format, &random.codes(format, 8, 60)).expect("a lane")).expect("loads");
            }
            array.swap();
            array
        });
        let mut held = 0;
        for _ in 0..200 {
            let vector = random.codes(format, 8, 15);
            let addends: Vec<i64> = (0..8).map(|_| random.within(-(1 << 39), (1 << 39) - 1)).collect();
            let [with, without] = arrays.each_ref().map(|array| array.step(&vector, &addends).expect("a step"));
            assert_eq!(with.sums, without.sums, "{format}");
            assert!(!without.held);
            assert_eq!(with.held, vector.iter().all(|&code| code == 0));
            if with.held {
                assert_eq!(with.sums, addends, "{format}: a held vector adds nothing");
                held += 1;
            }
        }
        assert!(held > 10, "the draw holds vectors that are zero");
    }
}

#[test]
fn zero_skip_tests_the_right_operand() {
    // Weights of zero under a vector that is none do not hold the array, and the other way round does.
    let format = Format::AF8_3;
    let mut array = VmacArray::new(format, 32, 2, 2, true).expect("an array");
    assert!(!array.step(&[0x10, 0x00], &[1, 2]).expect("a step").held, "zero weights hold nothing");
    for lane in 0..2 {
        array.load(lane, Lane::dense(format, &[0x7f, 0x7f]).expect("a lane")).expect("loads");
    }
    array.swap();
    let step = array.step(&[0x00, 0x80], &[1, 2]).expect("a step");
    assert!(step.held, "both codes of zero are zero");
    assert_eq!(step.sums, [1, 2]);
    assert!(!is_held(Format::Q3_5, &[0x00, 0x80]), "0x80 is −4 in Q3.5");
}

#[test]
fn what_no_lane_could_be_given_is_an_error() {
    let af = Format::AF8_3;
    let sparsity = BlockSparsity::new(2, 4).expect("can be built");
    for (result, part) in [
        (vmac::sum(af, 32, 0, &[1, 2], &[1]), "activations: 1 elements, 2 are needed"),
        (vmac::sum(af, 32, 0, &[1, 0x100], &[1, 1]), "weights[1]: 0x0100 is no code of af8_3"),
        (vmac::sum(af, 32, 1 << 31, &[1, 1], &[1, 1]), "addend[0]: 2147483648 does not fit in 32 bits"),
        (vmac::sum(af, 23, 0, &[1, 1], &[1, 1]), "24 to 48"),
        (vmac::sum_selected(af, sparsity, 32, 0, &[1, 1], &[Some(3), None], &[0; 4]), "3 choices, 0 to 2"),
        (vmac::sum_selected(af, sparsity, 32, 0, &[1, 1], &[None], &[0; 4]), "selects: 1 elements"),
        (vmac::sum_selected(af, sparsity, 32, 0, &[1; 3], &[None; 3], &[0; 6]), "not a multiple of the 2 weights"),
    ] {
        let error = result.expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    }
}
