//! `2^(−d)`, exhaustively, against f64.

mod common;

use alberti_arith::exp2n;
use common::real_exp2n;

fn relative_error(d: u32) -> f64 {
    (f64::from(exp2n(d)) / real_exp2n(d) - 1.0).abs()
}

fn absolute_error(d: u32) -> f64 {
    (f64::from(exp2n(d)) - real_exp2n(d)).abs()
}

#[test]
fn within_the_first_octave_the_relative_error_is_9_7e_5() {
    let worst = (0..1024).map(relative_error).fold(0.0, f64::max);
    assert!((9.6e-5..9.7e-5).contains(&worst), "{worst:e}");
}

#[test]
fn over_seven_octaves_the_relative_error_is_below_a_five_hundredth() {
    // Further down, the last place of Q1.15 is more than that of what is left.
    let worst = (0..7 * 1024).map(relative_error).fold(0.0, f64::max);
    assert!((1.9e-3..2e-3).contains(&worst), "{worst:e}");
    assert!((7 * 1024..8 * 1024).map(relative_error).fold(0.0, f64::max) > 2e-3);
}

#[test]
fn in_every_octave_a_shift_adds_no_more_than_half_a_last_place() {
    for octave in 0..20 {
        let worst = (octave * 1024..(octave + 1) * 1024).map(absolute_error).fold(0.0, f64::max);
        let bound = 2.478 * f64::from(-(octave as i32)).exp2() + if octave > 0 { 0.5 } else { 0.0 };
        assert!(worst <= bound, "octave {octave}: {worst} last places, {bound} allowed");
    }
}

#[test]
fn the_result_never_grows_and_ends_at_zero() {
    for d in 0..1 << 16 {
        assert!(exp2n(d) >= exp2n(d + 1), "d = {d}");
    }
    assert_eq!([exp2n(16_384), exp2n(16_385), exp2n(17 << 10), exp2n(u32::MAX)], [1, 0, 0, 0]);
}

#[test]
fn whole_octaves_are_exact() {
    for octave in 0..=15 {
        assert_eq!(exp2n(octave << 10), 32_768 >> octave, "2^−{octave}");
    }
}
