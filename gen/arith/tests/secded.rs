//! The parity-check matrix against what a code of distance 4 must be.
#![allow(missing_docs)]

use alberti_arith::secded::{check_bits, columns, word_bits};
use std::collections::BTreeSet;

/// All columns, the overall parity as one more row: every word bit has one.
fn matrix(data_bits: u32) -> Vec<u32> {
    let r = check_bits(data_bits);
    let syndromes = columns(data_bits).into_iter().chain((0..r).map(|j| 1 << j)).chain([0]);
    syndromes.map(|syndrome| syndrome | 1 << r).collect()
}

#[test]
fn check_bits_are_as_few_as_hamming_allows() {
    for (data, r) in [(1, 2), (4, 3), (5, 4), (11, 4), (12, 5), (24, 5), (26, 5), (27, 6), (57, 6), (64, 7), (128, 8)] {
        assert_eq!(check_bits(data), r, "{data} bits");
        assert_eq!(word_bits(data), data + r + 1);
    }
    for data in 1..600 {
        let r = check_bits(data);
        assert!(1 << r > data + r && (r == 2 || 1 << (r - 1) < data + r), "{data} bits: {r}");
    }
}

#[test]
fn no_one_two_or_three_errors_cancel() {
    for data in 1..=160 {
        let columns = matrix(data);
        assert_eq!(columns.len(), word_bits(data) as usize);
        let distinct: BTreeSet<_> = columns.iter().collect();
        assert_eq!(distinct.len(), columns.len(), "two errors of {data} bits cancel");
        // All columns have odd weight in the parity row: an odd number of them never cancels, so the distance
        // is 4.
        assert!(columns.iter().all(|column| column >> check_bits(data) == 1));
    }
}

#[test]
fn columns_are_those_that_are_written_down() {
    assert_eq!(columns(12), [3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 17]);
}
