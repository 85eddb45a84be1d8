//! Softmax against f64, with the maximum of the row and the running one.

mod common;

use alberti_arith::{Format, exp2n, log2u};
use alberti_golden::softmax::{MASK_ONE, Maximum, ProbabilityRow, Softmax};
use common::{Random, real_softmax};

const BOTH: [Maximum; 2] = [Maximum::Row, Maximum::Running];

fn softmax(n: usize, maximum: Maximum, scores: &[i16]) -> ProbabilityRow {
    let block = Softmax::new(n, maximum).expect("lanes");
    block.row(scores, scores.len(), &vec![MASK_ONE; scores.len()]).expect("a row")
}

fn mass(row: &ProbabilityRow) -> f64 {
    row.probabilities.iter().map(|&p| f64::from(p)).sum::<f64>() / 32_768.0
}

/// The lowest and highest error of the mass, and the largest of a probability, over rows of every spread.
fn errors(maximum: Maximum, lengths: &[usize], rows: usize) -> [f64; 3] {
    let mut random = Random(5);
    let (mut low, mut high, mut element) = (0f64, 0f64, 0f64);
    for &length in lengths {
        for deviation in [30.0, 100.0, 256.0, 768.0, 2000.0, 6000.0] {
            for _ in 0..rows {
                let mean = random.normal(0.0, 3000.0);
                let scores = random.row(length, mean, deviation);
                let row = softmax(16, maximum, &scores);
                let error = mass(&row) - 1.0;
                (low, high) = (low.min(error), high.max(error));
                for (&p, real) in row.probabilities.iter().zip(real_softmax(&scores)) {
                    element = element.max((f64::from(p) / 32_768.0 - real).abs());
                }
            }
        }
    }
    [low, high, element]
}

#[test]
fn random_rows_of_up_to_100_elements_have_a_mass_of_one_to_9e_4() {
    let lengths = [1, 2, 3, 7, 16, 17, 40, 64, 100];
    let [low, high, element] = errors(Maximum::Row, &lengths, 300);
    assert!((-6e-4..-4e-4).contains(&low) && (7.5e-4..9e-4).contains(&high), "{low:e} {high:e}");
    assert!((6e-4..8e-4).contains(&element), "{element:e}");
    let [low, high, element] = errors(Maximum::Running, &lengths, 300);
    assert!((-6e-4..-4e-4).contains(&low) && (7.5e-4..9e-4).contains(&high), "{low:e} {high:e}");
    assert!((6e-4..8e-4).contains(&element), "{element:e}");
}

#[test]
fn each_element_adds_half_a_last_place_at_most_to_an_error_of_8e_4() {
    for maximum in BOTH {
        for length in [1, 5, 64, 128, 200, 384, 512, 1000, 4096, 65_536] {
            let [low, high, element] = errors(maximum, &[length], (4096 / length).clamp(1, 64));
            let bound = 8e-4 + length as f64 / 65_536.0;
            assert!(low > -bound && high < bound, "{maximum:?}, {length} elements: {low:e} {high:e}");
            assert!(element < 1.6e-3, "{maximum:?}, {length} elements: {element:e}");
        }
    }
}

#[test]
fn the_worst_row_is_one_of_equal_scores_where_every_element_rounds_alike() {
    for maximum in BOTH {
        for (length, total) in [
            (64, 1.0),
            (100, 328.0 * 100.0 / 32_768.0),
            (200, 200.0 * 164.0 / 32_768.0),
            (384, 0.996_093_75),
            (65_536, 2.0),
        ] {
            assert_eq!(mass(&softmax(16, maximum, &vec![-2560; length])), total, "{maximum:?}, {length} elements");
        }
    }
}

#[test]
fn two_elements_equal_f64_at_every_distance() {
    for maximum in BOTH {
        for distance in 0..=i16::MAX {
            let scores = [distance, 0];
            let row = softmax(4, maximum, &scores);
            for (&p, real) in row.probabilities.iter().zip(real_softmax(&scores)) {
                assert!((f64::from(p) / 32_768.0 - real).abs() < 7.2e-4, "{maximum:?}, distance {distance}");
            }
        }
    }
}

#[test]
fn equal_scores_share_equally_whatever_they_are() {
    for maximum in BOTH {
        for t in [i16::MIN, -32_000, -1, 0, 1, 255, 256, i16::MAX] {
            for length in [1, 2, 4, 8, 16, 32, 64, 128] {
                let row = softmax(8, maximum, &vec![t; length]);
                // A power of two is exact but for what the octave's fraction does to a running maximum.
                let share = 32_768 / length as i32;
                assert!(
                    row.probabilities
                        .iter()
                        .all(|&p| (i32::from(p) - share).abs() <= if t % 256 == 0 { 0 } else { share / 900 + 1 }),
                    "{maximum:?}, {length} × {t}: {}",
                    row.probabilities[0]
                );
            }
        }
    }
}

#[test]
fn a_single_element_takes_all() {
    for maximum in BOTH {
        for t in i16::MIN..=i16::MAX {
            let row = softmax(16, maximum, &[t]);
            assert_eq!((row.probabilities[0], row.codes[0]), (32_768, 0x7f), "{maximum:?}, {t}");
        }
    }
}

#[test]
fn extremes_together_leave_the_lower_one_nothing() {
    for maximum in BOTH {
        for length in [2, 5, 33] {
            let mut scores = vec![i16::MIN; length];
            scores[length / 2] = i16::MAX;
            let row = softmax(4, maximum, &scores);
            let mut expected = vec![0; length];
            expected[length / 2] = 0x7f;
            assert_eq!(row.codes, expected, "{maximum:?}");
            assert_eq!(row.sum, u64::from(exp2n(((row.reference - 32_767) << 2) as u32)), "{maximum:?}");
        }
    }
}

#[test]
fn elements_that_are_not_valid_change_nothing_and_become_zero() {
    let mut random = Random(11);
    for maximum in BOTH {
        for n in [4, 8, 16, 32] {
            for length in [1, n - 1, n, n + 1, 3 * n + 2] {
                for valid in 0..=length {
                    let scores = random.row(length, 0.0, 1000.0);
                    let block = Softmax::new(n, maximum).expect("lanes");
                    let row = block.row(&scores, valid, &vec![MASK_ONE; length]).expect("a row");
                    assert_eq!(row.codes[valid..], vec![0; length - valid]);
                    let mut hostile = scores.clone();
                    hostile[valid..].fill(i16::MAX);
                    assert_eq!(block.row(&hostile, valid, &vec![MASK_ONE; length]).expect("a row"), row);
                    if valid > 0 {
                        assert_eq!(softmax(n, maximum, &scores[..valid]).codes, row.codes[..valid]);
                    }
                }
            }
        }
    }
}

#[test]
fn a_row_without_valid_elements_is_zero() {
    for maximum in BOTH {
        let row = Softmax::new(4, maximum).expect("lanes").row(&[5; 9], 0, &[MASK_ONE; 9]).expect("a row");
        assert_eq!(
            row,
            ProbabilityRow { reference: -32_768, sum: 0, log: 0, probabilities: vec![0; 9], codes: vec![0; 9] }
        );
    }
}

#[test]
fn a_mask_scales_its_element_and_leaves_the_others_alone() {
    let mut random = Random(12);
    let scores = random.row(50, 0.0, 300.0);
    for maximum in BOTH {
        let plain = softmax(8, maximum, &scores);
        for m in 0..=MASK_ONE {
            let mut mask = [MASK_ONE; 50];
            mask[7] = m;
            let row = Softmax::new(8, maximum).expect("lanes").row(&scores, 50, &mask).expect("a row");
            let exact = f64::from(plain.probabilities[7]) * f64::from(m) / 128.0;
            assert_eq!(f64::from(row.probabilities[7]), (exact + 0.5).floor(), "mask {m}");
            assert_eq!((row.sum, row.log), (plain.sum, plain.log));
            assert_eq!(row.probabilities[8..], plain.probabilities[8..]);
        }
        let hidden = Softmax::new(8, maximum).expect("lanes").row(&scores, 50, &[0; 50]).expect("a row");
        assert_eq!(hidden.codes, [0; 50]);
    }
}

#[test]
fn the_lanes_do_not_matter_to_the_row_maximum() {
    let mut random = Random(13);
    for length in [1, 5, 31, 64, 100] {
        let scores = random.row(length, 100.0, 900.0);
        let first = softmax(4, Maximum::Row, &scores);
        for n in [2, 8, 16, 32, 64] {
            assert_eq!(softmax(n, Maximum::Row, &scores), first);
        }
    }
}

#[test]
fn moving_the_running_maximum_rounds_the_sum_down_once() {
    let mut random = Random(14);
    let mut rounded = 0;
    for n in [2, 4, 16, 32] {
        for slope in [0, 7, 60, 300, 1000] {
            for _ in 0..20 {
                let noise = random.row(200, -25_000.0, 500.0);
                let scores: Vec<i16> =
                    noise.iter().zip(0..).map(|(&t, i)| (i32::from(t) + slope * i).min(32_767) as i16).collect();
                let row = softmax(n, Maximum::Running, &scores);
                // The same sum with every shift exact.
                let (mut octave, mut exact) = (-128, 0f64);
                for vector in scores.chunks(n) {
                    let next = vector.iter().map(|&t| (f64::from(t) / 256.0).ceil() as i32).fold(octave, i32::max);
                    exact *= f64::from(octave - next).exp2();
                    octave = next;
                    let distances = vector.iter().map(|&t| ((256 * octave - i32::from(t)) * 4) as u32);
                    exact += distances.map(|d| f64::from(exp2n(d))).sum::<f64>();
                }
                assert_eq!(row.sum as f64, exact.floor(), "n = {n}, slope {slope}");
                assert_eq!(row.reference, 256 * octave);
                rounded += usize::from(exact.fract() > 0.9);
            }
        }
    }
    assert!(rounded > 10, "{rounded} rows lose most of a place");
}

#[test]
fn widths_are_as_stated() {
    for maximum in BOTH {
        let row = softmax(64, maximum, &[0; 65_536]);
        assert_eq!((row.sum, row.log), (1 << 31, 16_384));
    }
    let smallest = (i16::MIN..=i16::MAX).map(|t| softmax(4, Maximum::Running, &[t])).min_by_key(|row| row.sum);
    assert_eq!(smallest.map(|row| (row.sum, row.log)), Some((16_429, -1020)));
    assert_eq!(softmax(4, Maximum::Running, &[i16::MAX]).reference, 32_768);
    // Saturated at 15 bits, d gives the same: nothing, with any logarithm that a row can have.
    assert!((32_767 - 1020..1 << 18).all(|d| exp2n(d) == 0));
}

#[test]
fn no_distance_and_logarithm_add_up_to_less_than_zero() {
    for d in 0..1024u32 {
        assert!(log2u(exp2n(d).into()) + d as i32 >= 0, "d = {d}");
    }
}

#[test]
fn codes_are_the_probabilities_at_bias_minus_8() {
    let mut random = Random(15);
    for maximum in BOTH {
        let row = softmax(16, maximum, &random.row(300, 0.0, 800.0));
        for (&p, &code) in row.probabilities.iter().zip(&row.codes) {
            assert_eq!(code, Format::AF8_3.quantize(f64::from(p) / 32_768.0, -8), "p' = {p}");
        }
    }
    let first = |length| softmax(16, Maximum::Row, &vec![0; length]).codes[0];
    assert_eq!((first(524), first(525)), (0x01, 0x00), "where rows of equal scores vanish");
}

#[test]
fn what_no_row_can_be_is_refused() {
    assert!(Softmax::new(1, Maximum::Row).is_err());
    let block = Softmax::new(4, Maximum::Row).expect("lanes");
    assert!(block.row(&[], 0, &[]).is_err());
    assert!(block.row(&[0; 65_537], 1, &[128; 65_537]).is_err());
    assert!(block.row(&[0; 3], 4, &[128; 3]).is_err());
    assert!(block.row(&[0; 3], 3, &[128; 2]).is_err());
    assert!(block.row(&[0; 3], 3, &[128, 129, 0]).is_err());
}
