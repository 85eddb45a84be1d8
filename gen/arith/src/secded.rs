//! The parity-check matrix of single-error-correcting, double-error-detecting words: Hamming's code with an
//! overall parity.
//!
//! ```text
//! word: [data_bits-1:0] data, [data_bits +: r] check bits, then one parity bit
//! 2^r ≥ data_bits + r + 1, r as small as can be
//! syndrome = XOR of column(i) over the ones of the data, XOR the check bits (check bit j has column 2^j)
//! parity   = XOR of all bits, 0 in a word without errors
//! ```
//!
//! The columns of the data are the numbers from 3 on that are no power of two, ascending. So every single
//! error has a syndrome of its own and odd parity, and every double error a syndrome other than 0 and even
//! parity.

/// Check bits r of words of `data_bits` bits, without the overall parity.
///
/// # Panics
/// When there is no data, or more than 2^20 bits of it.
#[must_use]
pub const fn check_bits(data_bits: u32) -> u32 {
    assert!(data_bits >= 1 && data_bits <= 1 << 20, "1 to 2^20 bits of data");
    let mut r = 2;
    while (1u32 << r) < data_bits + r + 1 {
        r += 1;
    }
    r
}

/// Bits of a protected word: data, check bits, parity.
///
/// # Panics
/// As [`check_bits`].
#[must_use]
pub const fn word_bits(data_bits: u32) -> u32 {
    data_bits + check_bits(data_bits) + 1
}

/// What each data bit adds to the syndrome, lowest bit first: `data_bits` columns of [`check_bits`] bits.
///
/// # Panics
/// As [`check_bits`].
#[must_use]
pub fn columns(data_bits: u32) -> Vec<u32> {
    let end = 1 << check_bits(data_bits);
    (3..end).filter(|column: &u32| !column.is_power_of_two()).take(data_bits as usize).collect()
}
