//! Integer helpers that numeric formats and goldens share.

/// Shifts right by `shift` bits and rounds half up: `(x + 2^(shift−1)) ⋙ shift`.
///
/// A shift of zero returns `x`; a negative shift moves left, exactly. The result saturates to `i64`, which no
/// format of ours can tell from the exact value.
#[must_use]
pub fn rhu(x: i64, shift: i32) -> i64 {
    let wide = i128::from(x);
    let rounded = match shift {
        0 => wide,
        1..=126 => (wide + (1i128 << (shift - 1))) >> shift,
        127.. => 0,
        _ if x == 0 => 0,
        _ => wide << shift.unsigned_abs().min(63),
    };
    rounded.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Clamps `x` to the range of a `bits`-bit two's complement integer.
///
/// # Panics
/// When `bits` is not within 1..=64.
#[must_use]
pub fn saturate(x: i64, bits: u32) -> i64 {
    assert!((1..=64).contains(&bits), "{bits} bits: 1 to 64");
    let max = i64::MAX >> (64 - bits);
    x.clamp(!max, max)
}

/// Keeps the low `bits` bits of `x` and reads them as two's complement: what a register of that width holds.
///
/// # Panics
/// When `bits` is not within 1..=64.
#[must_use]
pub fn wrap(x: i64, bits: u32) -> i64 {
    assert!((1..=64).contains(&bits), "{bits} bits: 1 to 64");
    let unused = 64 - bits;
    (x << unused) >> unused
}

/// `floor(log2(x))` of a positive integer.
///
/// # Panics
/// When `x` is zero.
#[must_use]
pub fn ilog2(x: u64) -> u32 {
    x.ilog2()
}
