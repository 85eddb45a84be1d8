//! The weights of a hierarchy against f64: a softmax over all parents, cut to the largest and divided by what
//! is left, times the softmax over each one's children.

mod common;

use alberti_arith::Format;
use alberti_golden::hierarchical_softmax::{Hierarchy, Weights};
use common::{Random, real_softmax};

fn hierarchy(parents: usize, children: usize, largest: usize) -> Hierarchy {
    Hierarchy { parents, children, largest }
}

/// As the paper has it: parents are taken one by one, the first of equals; Z is the sum of their shares.
fn real(of: Hierarchy, scores: &[i16]) -> Vec<f64> {
    let (parents, children) = scores.split_at(of.parents);
    let shares = real_softmax(parents);
    let mut taken = vec![false; of.parents];
    for _ in 0..of.largest.min(of.parents) {
        let open = (0..of.parents).filter(|&i| !taken[i]);
        let next = open.reduce(|best, i| if parents[i] > parents[best] { i } else { best });
        taken[next.expect("one is left")] = true;
    }
    let sum: f64 = shares.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(share, _)| share).sum();
    let group = |i: usize| real_softmax(&children[i * of.children..(i + 1) * of.children]);
    let weight = |i: usize, child: f64| if taken[i] { shares[i] / sum * child } else { 0.0 };
    (0..of.parents).flat_map(|i| group(i).into_iter().map(move |child| weight(i, child))).collect()
}

fn mass(row: &Weights) -> f64 {
    row.weights.iter().map(|&w| f64::from(w)).sum::<f64>() / 32_768.0
}

/// Shapes: the paper's, few and many parents, one child, one chosen, all chosen, no multiple of any array.
const SHAPES: [(usize, usize, usize); 9] =
    [(16, 3, 8), (16, 3, 16), (16, 1, 8), (16, 3, 1), (1, 1, 1), (5, 2, 3), (7, 4, 7), (64, 16, 8), (2, 16, 1)];

#[test]
fn weights_are_those_of_f64_to_12e_4_and_the_mass_is_one_to_15e_4() {
    let mut random = Random(31);
    let (mut element, mut low, mut high) = (0f64, 0f64, 0f64);
    for (parents, children, largest) in SHAPES {
        let of = hierarchy(parents, children, largest);
        for deviation in [30.0, 256.0, 768.0, 4000.0] {
            for _ in 0..300 {
                let scores = random.row(of.scores(), 500.0, deviation);
                let row = of.row(&scores).expect("a row");
                for (&w, real) in row.weights.iter().zip(real(of, &scores)) {
                    element = element.max((f64::from(w) / 32_768.0 - real).abs());
                }
                // Each weight is rounded to a place of its own.
                let places = (parents.min(largest) * children) as f64 / 65_536.0;
                (low, high) = (low.min(mass(&row) - 1.0 + places), high.max(mass(&row) - 1.0 - places));
            }
        }
    }
    assert!((9e-4..1.2e-3).contains(&element), "{element:e}");
    assert!((-15e-4..0.0).contains(&low) && (0.0..15e-4).contains(&high), "{low:e} {high:e}");
}

#[test]
fn with_all_parents_it_is_the_softmax_over_parents_times_that_over_children() {
    let mut random = Random(32);
    for (parents, children) in [(4, 2), (16, 3), (9, 1)] {
        let of = hierarchy(parents, children, parents);
        for _ in 0..200 {
            let scores = random.row(of.scores(), 0.0, 500.0);
            let above = real_softmax(&scores[..parents]);
            let row = of.row(&scores).expect("a row");
            for (i, of_parent) in row.weights.chunks(children).enumerate() {
                let first = parents + i * children;
                let below = real_softmax(&scores[first..first + children]);
                for (&w, below) in of_parent.iter().zip(below) {
                    assert!((f64::from(w) / 32_768.0 - above[i] * below).abs() < 1.2e-3);
                }
            }
            assert_eq!(hierarchy(parents, children, 64).row(&scores), Ok(row), "more than there are");
        }
    }
}

#[test]
fn of_equal_parents_the_first_are_chosen() {
    let zeros = |codes: &[u16]| codes.iter().map(|&code| code == 0).collect::<Vec<_>>();
    let row = hierarchy(4, 1, 2).row(&[7, 7, 7, 7, 0, 0, 0, 0]).expect("a row");
    assert_eq!(row.weights, [16_384, 16_384, 0, 0]);
    let row = hierarchy(4, 1, 2).row(&[-9, 7, -9, -9, 0, 0, 0, 0]).expect("a row");
    assert_eq!(zeros(&row.codes), [false, false, true, true]);
    let row = hierarchy(3, 2, 1).row(&[i16::MIN, i16::MIN, i16::MIN, 5, 5, 1, 2, 3, 4]).expect("a row");
    assert_eq!(row.weights, [16_384, 16_384, 0, 0, 0, 0]);
}

#[test]
fn a_single_child_has_its_parent_s_share() {
    let mut random = Random(33);
    for _ in 0..100 {
        let parents = random.row(8, 0.0, 400.0);
        let weights = |children: Vec<i16>| {
            let scores: Vec<i16> = parents.iter().copied().chain(children).collect();
            hierarchy(8, 1, 5).row(&scores).expect("a row").weights
        };
        let any = random.row(8, 0.0, 9000.0);
        assert_eq!(weights(any), weights(vec![0; 8]), "its own score is nothing to compare with");
    }
}

#[test]
fn one_parent_gives_the_plain_softmax_of_its_children() {
    let mut random = Random(34);
    let (row, all) = (random.row(6, 0.0, 300.0), Random(35).row(6, 0.0, 300.0));
    let scores: Vec<i16> = [all[0], row[0], row[1], row[2], row[3], row[4], row[5]].to_vec();
    let weights = hierarchy(1, 6, 1).row(&scores).expect("a row");
    for (&w, real) in weights.weights.iter().zip(real_softmax(&row)) {
        assert!((f64::from(w) / 32_768.0 - real).abs() < 8e-4);
    }
}

#[test]
fn codes_are_the_weights_at_bias_minus_8() {
    let mut random = Random(36);
    let of = hierarchy(16, 3, 8);
    for _ in 0..50 {
        let row = of.row(&random.row(of.scores(), 0.0, 600.0)).expect("a row");
        for (&w, &code) in row.weights.iter().zip(&row.codes) {
            assert_eq!(code, Format::AF8_3.quantize(f64::from(w) / 32_768.0, -8));
        }
    }
}

#[test]
fn extremes_leave_all_to_the_largest() {
    let row = hierarchy(2, 2, 2).row(&[i16::MAX, i16::MIN, i16::MIN, i16::MAX, 0, 0]).expect("a row");
    assert_eq!(row.weights, [0, 32_768, 0, 0]);
}

#[test]
fn what_no_row_can_be_is_refused() {
    for of in [hierarchy(0, 1, 1), hierarchy(65, 1, 1), hierarchy(1, 0, 1), hierarchy(1, 17, 1), hierarchy(1, 1, 0)] {
        assert!(of.row(&vec![0; of.scores()]).is_err(), "{of:?}");
    }
    assert!(hierarchy(2, 2, 1).row(&[0; 5]).is_err());
    assert!(hierarchy(64, 16, 1).row(&[0; 64 * 17]).is_ok());
}
