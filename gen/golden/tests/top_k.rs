//! The k largest of a list, against a search that shares no step with it.

mod common;

use alberti_golden::top_k::{Entry, largest};
use common::Random;

/// Takes the largest that is left, k times; the first of equals.
fn search(values: &[i16], k: usize) -> Vec<Entry> {
    let mut left: Vec<Option<i16>> = values.iter().copied().map(Some).collect();
    let mut found = Vec::new();
    while found.len() < k {
        let mut best: Option<Entry> = None;
        for (position, value) in left.iter().enumerate() {
            if let Some(value) = *value
                && best.is_none_or(|best| value > best.value)
            {
                best = Some(Entry { value, position });
            }
        }
        let Some(best) = best else { break };
        left[best.position] = None;
        found.push(best);
    }
    found
}

#[test]
fn the_largest_come_first_and_of_equals_the_lower_position() {
    let mut random = Random(61);
    for length in 1..=64 {
        for k in [1, 2, 3, length, 64] {
            for range in [0, 3, 32_767] {
                let values: Vec<i16> = (0..length).map(|_| random.within(-range - 1, range) as i16).collect();
                assert_eq!(largest(&values, k), Ok(search(&values, k)), "{k} of {values:?}");
            }
        }
    }
}

#[test]
fn every_list_of_four_small_values_is_right_for_every_k() {
    for list in 0..256 {
        let values = [0, 2, 4, 6].map(|bit| (list >> bit & 3) as i16 - 2);
        for k in 1..=5 {
            assert_eq!(largest(&values, k), Ok(search(&values, k)), "{k} of {values:?}");
        }
    }
}

#[test]
fn one_is_argmax() {
    let argmax = |values: &[i16]| largest(values, 1).expect("a list")[0].position;
    assert_eq!(argmax(&[3, 7, 7, -1]), 1);
    assert_eq!(argmax(&[i16::MIN; 64]), 0);
    assert_eq!(argmax(&[i16::MIN, i16::MAX]), 1);
    assert_eq!(argmax(&[-5]), 0);
}

#[test]
fn of_a_shorter_list_all_are_given() {
    let all = largest(&[1, 3, 2], 64).expect("a list");
    assert_eq!(all.iter().map(|entry| entry.position).collect::<Vec<_>>(), [1, 2, 0]);
}

#[test]
fn lists_and_counts_out_of_range_are_refused() {
    assert!(largest(&[], 1).is_err());
    assert!(largest(&[0; 65], 1).is_err());
    assert!(largest(&[0], 0).is_err());
    assert!(largest(&[0], 65).is_err());
    assert!(largest(&[0; 64], 64).is_ok());
}
