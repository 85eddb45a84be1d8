//! Faults of public designs that concern functions of a row, each with the test that would have caught it.

mod common;

use alberti_arith::{Fixed, Format, exp2n, log2u};
use alberti_golden::{
    elementwise, entropy,
    layernorm::{LayerNorm, Statistics},
    softmax::{MASK_ONE, Maximum, ProbabilityRow, Softmax},
    top_k,
};
use common::{Random, real_entropy, real_softmax};

const BOTH: [Maximum; 2] = [Maximum::Row, Maximum::Running];

fn softmax(n: usize, maximum: Maximum, scores: &[i16]) -> ProbabilityRow {
    let block = Softmax::new(n, maximum).expect("lanes");
    block.row(scores, scores.len(), &vec![MASK_ONE; scores.len()]).expect("a row")
}

#[test]
fn softmax_and_entropy_read_decoded_values_not_raw_codes() {
    // As a raw 16-bit code −1 would be the largest of all.
    for maximum in BOTH {
        assert!(softmax(4, maximum, &[-256, 256]).probabilities.is_sorted(), "{maximum:?}");
    }
    assert!(entropy::decide(&[-6000, 6000], 100).expect("a decision").exit);
    assert_eq!(top_k::largest(&[-1, 1], 1).expect("a list")[0].position, 1);
    // 2.0 and 4.0 in AF<8,3> are 0x10 and 0x20, whose raw sum 0x30 is 8.0.
    let operand = |code| elementwise::Operand { format: Format::AF8_3, codes: code, shift: 4 };
    assert_eq!(elementwise::add(operand(&[0x10]), operand(&[0x20])), Ok(vec![6]));
}

#[test]
fn the_logarithm_of_the_sum_is_taken_once_per_row_not_once_per_vector() {
    for maximum in BOTH {
        for n in [4, 8, 16, 32] {
            for vectors in [1, 2, 4] {
                let row = softmax(n, maximum, &vec![-512; vectors * n]);
                assert_eq!(row.log, ((vectors * n).ilog2() << 10) as i32, "{vectors} vectors of {n}");
                assert!(row.probabilities.iter().all(|&p| usize::from(p) == 32_768 / (vectors * n)));
                // The sum of the logarithms of two vectors is that of none.
                let once = log2u((n as u64) << 15);
                assert!(vectors == 1 || row.log != once * vectors as i32 || n == 2);
            }
        }
    }
}

#[test]
fn entropy_weighs_x_by_exp_of_x_less_the_maximum() {
    let logits = [1500i16, 300, -2000];
    let answer = entropy::decide(&logits, 0).expect("a decision");
    let unit = (f64::from(answer.log) + answer.weighted as f64 / answer.sum as f64) / 1024.0 * std::f64::consts::LN_2;
    assert!((unit - real_entropy(&logits)).abs() < 5e-4);
    // Σ exp(x·(x − max)) in place of Σ x·exp(x − max).
    let x = logits.map(|z| f64::from(z) / 1024.0);
    let sum: f64 = x.iter().map(|x| (x - x_max(&logits)).exp()).sum();
    let fault: f64 = x.iter().map(|x| (x * (x - x_max(&logits))).exp()).sum();
    assert!((sum.ln() + x_max(&logits) - fault / sum - real_entropy(&logits)).abs() > 0.1);
}

fn x_max(logits: &[i16]) -> f64 {
    f64::from(logits.iter().copied().max().expect("a logit")) / 1024.0
}

#[test]
fn entropy_is_resolved_to_less_than_an_integer() {
    // An unscaled integer divide knows 0, 1, 2 … only: thresholds 0.02 nats apart must tell these apart.
    let decide = |distance, nats| {
        let threshold = entropy::threshold(nats).expect("a threshold");
        entropy::decide(&[distance, 0], threshold).expect("a decision").exit
    };
    for distance in (0..6000).step_by(100) {
        let real = real_entropy(&[distance, 0]);
        assert!(decide(distance, real + 0.01) && !decide(distance, real - 0.01), "distance {distance}: {real} nats");
    }
}

#[test]
fn layer_norm_reads_beta_and_not_gamma_for_beta() {
    let row = [-300, 100, 250, 900];
    let answer = |gamma: [i16; 4], beta: [i16; 4]| {
        let block = LayerNorm::new(gamma.to_vec(), beta.to_vec(), &[0; 4], -7).expect("a layer norm");
        block.row(&row).expect("a row").wide
    };
    assert_eq!(answer([0; 4], [5, -6, 7, -8]), [5, -6, 7, -8], "without gamma, beta is what is left");
    let plain = answer([1 << 14; 4], [0; 4]);
    let moved = answer([1 << 14; 4], [5, -6, 7, -8]);
    assert!(plain.iter().zip(&moved).zip([5, -6, 7, -8]).all(|((p, m), beta)| m - p == beta));
}

#[test]
fn a_constant_row_does_not_divide_by_zero() {
    for length in [2, 7, 768] {
        for r in [i16::MIN, 0, i16::MAX] {
            let block = LayerNorm::new(vec![1 << 14; length], vec![77; length], &vec![0; length], -7).expect("one");
            assert_eq!(block.row(&vec![r; length]).expect("a row").wide, vec![77; length]);
        }
    }
}

#[test]
fn the_variance_is_no_difference_of_rounded_means() {
    let row = Random(71).row(768, 30_000.0, 2.0);
    let statistics = Statistics::from_row(&row).expect("a row");
    let variance = statistics.variance as f64 / 768f64.powi(2);
    assert!((3.0..5.0).contains(&variance), "{variance}");
    // E[x²] − E[x]² with means rounded to integers.
    let (mean, square) = (statistics.sum / 768, statistics.squares as i64 / 768);
    assert!(((square - mean * mean) as f64 - variance).abs() > 100.0);
}

#[test]
fn the_row_maximum_does_not_start_from_zero() {
    let scores = [-3000i16, -2500, -2600, -9000, -2501];
    for maximum in BOTH {
        let low = softmax(4, maximum, &scores);
        // Whole octaves up, the row is the same.
        assert_eq!(softmax(4, maximum, &scores.map(|t| t + 2560)).probabilities, low.probabilities, "{maximum:?}");
        assert!(low.probabilities.iter().map(|&p| u32::from(p)).sum::<u32>().abs_diff(32_768) < 30);
    }
    assert_eq!(softmax(4, Maximum::Row, &scores).reference, -2500);
    assert_eq!(softmax(4, Maximum::Running, &scores).reference, -2304);
    assert_eq!(softmax(4, Maximum::Running, &[i16::MIN]).reference, -32_768);
    assert_eq!(top_k::largest(&[-9, -7, -8], 1).expect("a list")[0].position, 1);
    let sure = entropy::decide(&[-22_000, -9000], 10).expect("a decision");
    assert!(sure.exit && sure.sum == 32_768);
}

#[test]
fn padding_does_not_take_part_in_the_last_vector() {
    for maximum in BOTH {
        for n in [4, 8, 16, 32] {
            let scores = vec![-4096; n + 1];
            let row = softmax(n, maximum, &scores);
            assert_eq!(row.sum, (n as u64 + 1) << 15, "n = {n}: zeros beside the last score would be larger");
        }
    }
}

#[test]
fn an_accumulation_keeps_more_than_its_last_term() {
    for maximum in BOTH {
        let row = softmax(4, maximum, &[0, -256, -512, -768, -1024]);
        assert_eq!(row.sum, [0, 1, 2, 3, 4].map(|octave| u64::from(exp2n(octave << 10))).iter().sum::<u64>());
    }
    let statistics = Statistics::from_row(&[3, -5, 11]).expect("a row");
    assert_eq!((statistics.sum, statistics.squares, statistics.variance), (9, 155, 384));
}

#[test]
fn a_streaming_softmax_keeps_the_mass_of_ordinary_logits() {
    let mut random = Random(72);
    for n in [4, 8, 16, 32] {
        for deviation in [100.0, 300.0, 800.0, 2000.0] {
            for length in [n - 1, n, 2 * n + 3, 128] {
                let mut scores = random.row(length, 0.0, deviation);
                // The order that moves the maximum most often, and the one that never does.
                for order in 0..3 {
                    match order {
                        1 => scores.sort_unstable(),
                        2 => scores.reverse(),
                        _ => {}
                    }
                    let row = softmax(n, Maximum::Running, &scores);
                    let mass = row.probabilities.iter().map(|&p| f64::from(p)).sum::<f64>() / 32_768.0;
                    assert!((mass - 1.0).abs() < 1e-3, "n = {n}, {length} elements: {mass}");
                }
            }
        }
    }
}

#[test]
fn softmax_works_at_more_than_one_size() {
    let mut random = Random(73);
    for maximum in BOTH {
        for n in [4, 8, 16, 32] {
            for length in 1..=4 * n {
                let scores = random.row(length, -100.0, 600.0);
                let row = softmax(n, maximum, &scores);
                for (&p, real) in row.probabilities.iter().zip(real_softmax(&scores)) {
                    assert!((f64::from(p) / 32_768.0 - real).abs() < 8e-4, "{maximum:?}, n = {n}, {length} elements");
                }
            }
        }
    }
}

#[test]
fn saturation_keeps_the_sign_in_every_unit() {
    let q = Format::Fixed(Fixed::new(16, 0).expect("a format"));
    let low = elementwise::Operand { format: q, codes: &[0x8000], shift: 0 };
    assert_eq!(elementwise::add(low, low), Ok(vec![i16::MIN]));
    assert_eq!(elementwise::scale(low, 2), Ok(vec![i16::MIN]));
    assert_eq!(elementwise::scale(low, -1), Ok(vec![i16::MAX]));
    let block = LayerNorm::new(vec![i16::MAX; 2], vec![i16::MIN; 2], &[0; 2], -7).expect("a layer norm");
    assert_eq!(block.row(&[-9, 9]).expect("a row").wide[0], i16::MIN);
}
