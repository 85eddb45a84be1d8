//! The logarithm of a sum, over every head that it reads, against f64.

mod common;

use alberti_arith::log2u;
use common::{real_log2u, sums};

#[test]
fn the_absolute_error_is_a_thousandth() {
    let errors = || sums().map(|sum| (f64::from(log2u(sum)) - real_log2u(sum)) / 1024.0);
    let (low, high) = (errors().fold(0.0, f64::min), errors().fold(0.0, f64::max));
    assert!((-1.01e-3..-1.00e-3).contains(&low), "{low:e}");
    assert!((5.0e-4..5.1e-4).contains(&high), "{high:e}");
}

#[test]
fn the_result_never_falls() {
    let mut last = i32::MIN;
    for sum in sums() {
        assert!(log2u(sum) >= last, "sum {sum}");
        last = log2u(sum);
    }
}

#[test]
fn powers_of_two_are_exact() {
    for p in 0..64 {
        assert_eq!(log2u(1 << p), (p - 15) * 1024, "2^{p}");
    }
    assert_eq!(log2u(u64::MAX), 49 * 1024, "the largest sum rounds up to 2^64");
}

#[test]
#[should_panic(expected = "positive")]
fn zero_has_no_logarithm() {
    let _ = log2u(0);
}
