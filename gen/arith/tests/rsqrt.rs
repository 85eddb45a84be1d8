//! The reciprocal square root, over every head that it reads, against f64.

mod common;

use alberti_arith::rsqrt;
use common::variances;

#[test]
fn the_relative_error_is_below_1_2e_4() {
    let (mut low, mut high) = (0f64, 0f64);
    for v in variances() {
        let (r, k) = rsqrt(v);
        let error = f64::from(r) * f64::from(-23 - k).exp2() * (v as f64).sqrt() - 1.0;
        (low, high) = (low.min(error), high.max(error));
    }
    assert!((-2.7e-5..-2.6e-5).contains(&low), "{low:e}");
    assert!((1.15e-4..1.16e-4).contains(&high), "{high:e}");
}

#[test]
fn the_root_fills_16_bits_and_the_exponent_halves_the_number_of_bits() {
    for v in variances() {
        let (r, k) = rsqrt(v);
        assert!(r >= 32_768, "v = {v}: R = {r}");
        assert_eq!(k, (v.ilog2() / 2) as i32 - 7, "v = {v}");
    }
}

#[test]
fn powers_of_four_are_exact_but_for_the_largest_entry() {
    for k in -7..=24 {
        // 2^16 does not fit in 16 bits: the table's first entry is one short.
        assert_eq!(rsqrt(1 << (14 + 2 * k)), (65_535, k));
    }
}

#[test]
#[should_panic(expected = "positive")]
fn zero_has_no_reciprocal_root() {
    let _ = rsqrt(0);
}
