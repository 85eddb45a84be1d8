//! The words of the command line, both ways.

use alberti_golden::{
    cells::{Coding, Placing},
    storage::Variant,
};
use alberti_model::faults::Target;
use alberti_rtl::design::Ecc;

const TARGETS: [(&str, Target); 6] = [
    ("values", Target::Values),
    ("exponents", Target::Exponents),
    ("mantissas", Target::Mantissas),
    ("masks", Target::Masks),
    ("pointers", Target::Pointers),
    ("both", Target::Both),
];
const LAYOUTS: [(&str, Variant); 5] = [
    ("stream", Variant::Stream),
    ("row", Variant::Row),
    ("tile", Variant::Tile),
    ("block", Variant::Block),
    ("n:m", Variant::Sparse),
];
const CODINGS: [(&str, Coding); 2] = [("gray", Coding::Gray), ("binary", Coding::Binary)];
const PLACINGS: [(&str, Placing); 2] = [("adjacent", Placing::Adjacent), ("spread", Placing::Spread)];

fn find<T: Copy>(list: &[(&str, T)], text: &str) -> Result<T, String> {
    let words: Vec<_> = list.iter().map(|(word, _)| *word).collect();
    let found = list.iter().find(|(word, _)| *word == text);
    found.map(|&(_, value)| value).ok_or_else(|| format!("`{text}` is none of {}", words.join(", ")))
}

fn name<T: Copy + PartialEq>(list: &[(&'static str, T)], of: T) -> &'static str {
    list.iter().find(|&&(_, value)| value == of).map_or("", |&(word, _)| word)
}

pub fn target(text: &str) -> Result<Target, String> {
    find(&TARGETS, text)
}

pub fn target_name(of: Target) -> &'static str {
    name(&TARGETS, of)
}

pub fn layout(text: &str) -> Result<Variant, String> {
    find(&LAYOUTS, text)
}

pub fn layout_name(of: Variant) -> &'static str {
    name(&LAYOUTS, of)
}

pub fn coding(text: &str) -> Result<Coding, String> {
    find(&CODINGS, text)
}

pub fn coding_name(of: Coding) -> &'static str {
    name(&CODINGS, of)
}

pub fn placing(text: &str) -> Result<Placing, String> {
    find(&PLACINGS, text)
}

pub fn placing_name(of: Placing) -> &'static str {
    name(&PLACINGS, of)
}

pub fn ecc(text: &str) -> Result<Ecc, String> {
    find(&Ecc::WORDS, text)
}

/// A number from 0 to 1.
pub fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| format!("`{text}` is no share from 0 to 1"))
}

/// A finite number of at least 0.
pub fn amount(text: &str) -> Result<f64, String> {
    let number = text.trim().parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0);
    number.ok_or_else(|| format!("`{text}` is no number of at least 0"))
}

/// A rate, or the technology's.
pub fn rate_name(rate: Option<f64>) -> String {
    rate.map_or_else(|| "technology".into(), |rate| if rate == 0.0 { "0".into() } else { format!("{rate:e}") })
}
