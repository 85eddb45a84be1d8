//! The entropy exit against f64: the error of the entropy, and how often the decision differs.

mod common;

use alberti_golden::entropy::{Decision, decide, threshold};
use common::{Random, real_entropy};
use std::f64::consts::LN_2;

fn decision(logits: &[i16], threshold: u16) -> Decision {
    decide(logits, threshold).expect("a decision")
}

/// The unit's entropy in bits, Q.10.
fn entropy(logits: &[i16]) -> f64 {
    let d = decision(logits, 0);
    f64::from(d.log) + d.weighted as f64 / d.sum as f64
}

fn error(logits: &[i16]) -> f64 {
    entropy(logits) / 1024.0 * LN_2 - real_entropy(logits)
}

/// Of decisions at thresholds over the whole range, the share that f64 would have made otherwise.
fn flips(rows: impl Iterator<Item = Vec<i16>>) -> f64 {
    let (mut flipped, mut count) = (0, 0);
    for row in rows {
        let real = real_entropy(&row);
        for step in 1..=9 {
            let nats = (row.len() as f64).ln() * f64::from(step) / 10.0;
            let exit = decision(&row, threshold(nats).expect("a threshold")).exit;
            flipped += usize::from(exit != (real < nats));
            count += 1;
        }
    }
    flipped as f64 / count as f64
}

#[test]
fn over_two_classes_every_difference_of_logits_is_within_7_3e_4_nat() {
    let errors: Vec<f64> = (0..=u16::MAX).map(|d| error(&[(i32::from(d) - 32_768) as i16, i16::MIN])).collect();
    let (low, high) = (errors.iter().copied().fold(0.0, f64::min), errors.iter().copied().fold(0.0, f64::max));
    assert!((-7.3e-4..-7.1e-4).contains(&low) && (3.8e-4..3.9e-4).contains(&high), "{low:e} {high:e}");
    let grid = (0..16_384i16).map(|d| vec![d, 0]);
    assert!(flips(grid) < 1.5e-4);
}

#[test]
fn logits_are_taken_to_base_2_within_0_6_places() {
    let mut worst = 0f64;
    for z in 1..11_350i16 {
        let answer = decision(&[0, -z], 0);
        let d = answer.weighted as f64 / (answer.sum - 32_768) as f64;
        worst = worst.max((d - f64::from(z) * std::f64::consts::LOG2_E).abs());
    }
    assert!((0.5..0.6).contains(&worst), "{worst}");
}

#[test]
fn over_a_grid_of_three_classes_it_is_within_8_7e_4_nat() {
    let grid = || (0..200i16).flat_map(|a| (0..=a).map(move |b| vec![a * 61, b * 61 + 7, 0]));
    let worst = grid().map(|row| error(&row).abs()).fold(0.0, f64::max);
    assert!((8e-4..8.7e-4).contains(&worst), "{worst:e}");
    let share = flips(grid());
    assert!(share > 0.0 && share < 4e-4, "{share:e}");
}

#[test]
fn over_random_logits_the_error_grows_with_the_classes() {
    for (classes, low, high) in [(4, 8e-4, 9e-4), (8, 1.1e-3, 1.2e-3), (16, 1.6e-3, 1.8e-3), (64, 2e-3, 2.2e-3)] {
        let mut random = Random(51);
        let mut worst = 0f64;
        for deviation in [300.0, 1000.0, 2000.0, 4000.0] {
            for _ in 0..40_000 / classes {
                worst = worst.max(error(&random.row(classes, 0.0, deviation)).abs());
            }
        }
        assert!((low..high).contains(&worst), "{classes} classes: {worst:e} nat");
    }
}

#[test]
fn a_class_with_next_to_no_chance_is_off_by_up_to_1_9e_4_nat() {
    for classes in [2, 4, 16, 64] {
        let errors: Vec<f64> = (11_000..12_000)
            .map(|z| {
                let mut logits = vec![-z; classes];
                logits[0] = 0;
                error(&logits) / (classes - 1) as f64
            })
            .collect();
        let (low, high) = (errors.iter().copied().fold(0.0, f64::min), errors.iter().copied().fold(0.0, f64::max));
        assert!((-1.85e-4..-1.84e-4).contains(&low), "{classes} classes: {low:e}");
        assert!((1.5e-4..1.75e-4).contains(&high), "{classes} classes: {high:e}");
    }
}

#[test]
fn decisions_on_random_logits_differ_in_fewer_than_9_of_10000() {
    let mut random = Random(52);
    for classes in [2, 3, 5, 10, 20, 64] {
        for deviation in [300.0, 1000.0, 2000.0] {
            let share = flips((0..20_000 / classes).map(|_| random.row(classes, 0.0, deviation)));
            assert!(share < 9e-4, "{classes} classes at ± {deviation}: {share:e}");
        }
    }
}

#[test]
fn a_two_class_threshold_above_ln_2_always_exits() {
    // The unit's entropy reaches 1024.38 places, so from 1025 on, which is 0.6935 nats.
    let always = threshold(0.6935).expect("a threshold");
    assert_eq!(always, 1025);
    let (mut largest, mut stays) = (0f64, 0);
    for d in 0..=u16::MAX {
        let logits = [(i32::from(d) - 32_768) as i16, i16::MIN];
        assert!(decision(&logits, always).exit, "difference {d}");
        largest = largest.max(entropy(&logits));
        stays += u32::from(!decision(&logits, 1024).exit);
    }
    assert!((1024.3..1024.4).contains(&largest), "{largest}");
    assert!(stays > 0, "ln 2 itself, 1024, does not");
}

#[test]
fn no_entropy_exceeds_that_of_equal_logits_by_more_than_half_a_place() {
    let mut random = Random(53);
    for classes in 2..=64usize {
        let most = (classes as f64).log2() * 1024.0;
        for deviation in [0.0, 5.0, 20.0, 60.0] {
            for _ in 0..50 {
                let got = entropy(&random.row(classes, -20_000.0, deviation));
                assert!(got < most + 0.52, "{classes} classes: {got} places, {most} are the most");
            }
        }
    }
}

#[test]
fn extremes_are_decided() {
    for classes in 2..=64 {
        let equal = vec![i16::MIN; classes];
        assert!(!decision(&equal, 1000).exit && decision(&equal, u16::MAX).exit, "{classes} equal classes");
        let mut sure = equal.clone();
        sure[classes - 1] = i16::MAX;
        let answer = decision(&sure, 1);
        assert_eq!(answer, Decision { exit: true, sum: 32_768, weighted: 0, log: 0 }, "{classes} classes");
        assert!(!decision(&sure, 0).exit, "no entropy is below zero");
    }
}

#[test]
fn adding_to_all_logits_changes_next_to_nothing() {
    let mut random = Random(54);
    for _ in 0..500 {
        let row = random.row(10, 0.0, 1000.0);
        let moved: Vec<i16> = row.iter().map(|z| z - 20_000).collect();
        // Each logit is rounded to base 2 where it stands.
        assert!((entropy(&row) - entropy(&moved)).abs() < 2.5, "{row:?}");
    }
}

#[test]
fn widths_are_as_stated() {
    let top = decision(&[0; 64], u16::MAX);
    assert_eq!((top.sum, top.log), (1 << 21, 6144));
    // One class far above 63 that lie where d·2^(−d) is largest: 1/ln 2 octaves, one nat.
    let mut worst = vec![-1024; 64];
    worst[0] = 0;
    let weighted = (-1100..-950).map(|z| {
        worst[1..].fill(z);
        decision(&worst, 0).weighted
    });
    let weighted = weighted.max().expect("a logit");
    assert!((1 << 30..1 << 31).contains(&weighted), "{weighted}");
    assert!(top.sum * u64::from(top.log) + weighted < 1 << 34 && top.sum * u64::from(u16::MAX) < 1 << 37);
}

#[test]
fn a_threshold_is_rounded_and_must_fit() {
    assert_eq!(threshold(0.0), Ok(0));
    assert_eq!(threshold(LN_2), Ok(1024));
    assert_eq!(threshold(0.4), Ok(591));
    assert_eq!(threshold(44.361), Ok(65_535));
    for nats in [-1e-9, -1.0, 44.362, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(threshold(nats).is_err(), "{nats}");
    }
}

#[test]
fn one_class_and_65_are_refused() {
    assert!(decide(&[1], 5).is_err());
    assert!(decide(&[0; 65], 5).is_err());
}
