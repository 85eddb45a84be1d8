//! `top_k`: the largest values of a list with their positions; with k = 1, argmax.

use crate::{Error, Result};

/// The longest list, and the largest k.
pub const LENGTH_MAX: usize = 64;

/// A value and where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: i16,
    /// Its position in the list.
    pub position: usize,
}

/// The k largest values in descending order; of equal values the one at the lower position comes first. All
/// of them when there are no more than k.
///
/// # Errors
/// When the list is empty or longer than 64, or k is not within 1..=64.
pub fn largest(values: &[i16], k: usize) -> Result<Vec<Entry>> {
    if !(1..=LENGTH_MAX).contains(&values.len()) {
        return Err(Error::new(format!("values: {} elements, a list has 1 to {LENGTH_MAX}", values.len())));
    }
    if !(1..=LENGTH_MAX).contains(&k) {
        return Err(Error::new(format!("k = {k}: 1 to {LENGTH_MAX}")));
    }
    let mut entries: Vec<Entry> =
        values.iter().enumerate().map(|(position, &value)| Entry { value, position }).collect();
    // A stable sort keeps the lower position first.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.value));
    entries.truncate(k);
    Ok(entries)
}
