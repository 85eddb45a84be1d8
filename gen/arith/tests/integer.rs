//! The integer helpers, exhaustively on small widths.

use alberti_arith::{ilog2, rhu, saturate, wrap};

/// `floor(x / 2^shift + 1/2)` as an exact fraction.
fn rounded(x: i64, shift: u32) -> i128 {
    (2 * i128::from(x) + (1i128 << shift)).div_euclid(1i128 << (shift + 1))
}

#[test]
fn rhu_rounds_half_up_for_every_small_integer_and_shift() {
    for x in -4096..=4096i64 {
        for shift in 0..=63 {
            assert_eq!(i128::from(rhu(x, shift as i32)), rounded(x, shift), "rhu({x}, {shift})");
        }
        for shift in 0..=40 {
            assert_eq!(rhu(x, -shift), x * (1i64 << shift), "rhu({x}, −{shift})");
        }
    }
}

#[test]
fn rhu_is_exact_at_the_ends_of_i64() {
    for x in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX, 1 << 62, -(1 << 62)] {
        for shift in 0..=63 {
            assert_eq!(i128::from(rhu(x, shift as i32)), rounded(x, shift), "rhu({x}, {shift})");
        }
        for shift in [64, 65, 126, 127, 128, i32::MAX] {
            assert_eq!(rhu(x, shift), 0, "rhu({x}, {shift}): less than one half, or minus one half exactly");
        }
    }
}

#[test]
fn rhu_to_the_left_saturates_instead_of_overflowing() {
    for shift in [-63, -64, -100, i32::MIN] {
        assert_eq!(rhu(1, shift), i64::MAX);
        assert_eq!(rhu(-1, shift), i64::MIN);
        assert_eq!(rhu(0, shift), 0);
    }
    assert_eq!(rhu(1, -62), 1 << 62);
}

#[test]
fn saturate_clamps_every_integer_of_small_widths() {
    for bits in 1..=10 {
        let (low, high) = (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1);
        for x in -2048..=2048i64 {
            let expected = if x < low {
                low
            } else if x > high {
                high
            } else {
                x
            };
            assert_eq!(saturate(x, bits), expected, "saturate({x}, {bits})");
        }
    }
    assert_eq!((saturate(i64::MIN, 64), saturate(i64::MAX, 64)), (i64::MIN, i64::MAX));
}

#[test]
fn wrap_is_the_residue_that_fits() {
    for bits in 1..=10 {
        let modulus = 1i64 << bits;
        for x in -4096..=4096i64 {
            let got = wrap(x, bits);
            assert!((-modulus / 2..modulus / 2).contains(&got), "wrap({x}, {bits}) = {got}");
            assert_eq!((got - x).rem_euclid(modulus), 0, "wrap({x}, {bits}) = {got}");
        }
    }
    assert_eq!((wrap(i64::MIN, 64), wrap(i64::MAX, 64)), (i64::MIN, i64::MAX));
}

#[test]
#[should_panic(expected = "1 to 64")]
fn no_integer_has_zero_bits() {
    let _ = wrap(1, 0);
}

#[test]
fn ilog2_is_the_position_of_the_leading_one() {
    for p in 0..64 {
        assert_eq!(ilog2(1 << p), p);
        assert_eq!(ilog2(u64::MAX >> (63 - p)), p);
    }
}
