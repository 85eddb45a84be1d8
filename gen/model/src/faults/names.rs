//! The words that people read and write for what a campaign varies.

use super::memory::FaultSite;
use alberti_golden::{
    cells::{Coding, Placing},
    storage::RecordKind,
};

/// Where faults are.
pub const SITES: [(&str, FaultSite); 6] = [
    ("values", FaultSite::Values),
    ("exponents", FaultSite::Exponents),
    ("mantissas", FaultSite::Mantissas),
    ("masks", FaultSite::Masks),
    ("pointers", FaultSite::Pointers),
    ("both", FaultSite::Both),
];

/// How weights are stored.
pub const LAYOUTS: [(&str, RecordKind); 5] = [
    ("stream", RecordKind::Stream),
    ("row", RecordKind::Row),
    ("tile", RecordKind::Tile),
    ("offset", RecordKind::Offset),
    ("n:m", RecordKind::Blocks),
];

/// Which level stands for the bits of a cell.
pub const CODINGS: [(&str, Coding); 2] = [("gray", Coding::Gray), ("binary", Coding::Binary)];

/// Which bits of a word share a cell.
pub const PLACINGS: [(&str, Placing); 2] = [("adjacent", Placing::Adjacent), ("spread", Placing::Spread)];

/// What a list calls something; empty where it is not in the list.
#[must_use]
pub fn name<T: Copy + PartialEq>(list: &[(&'static str, T)], named: T) -> &'static str {
    list.iter().find(|&&(_, value)| value == named).map_or("", |&(word, _)| word)
}

/// A bit error rate; without a number it is the technology's.
#[must_use]
pub fn rate_name(rate: Option<f64>) -> String {
    rate.map_or_else(|| "technology".into(), |rate| if rate == 0.0 { "0".into() } else { format!("{rate:e}") })
}
