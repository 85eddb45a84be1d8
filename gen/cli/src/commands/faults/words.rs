//! The words of the command line.

use alberti_golden::{
    cells::{Coding, Placing},
    storage::RecordKind,
};
use alberti_model::faults::{
    FaultSite,
    names::{CODINGS, LAYOUTS, PLACINGS, SITES},
};
use alberti_rtl::design::Ecc;

fn find<T: Copy>(list: &[(&str, T)], text: &str) -> Result<T, String> {
    let words: Vec<_> = list.iter().map(|(word, _)| *word).collect();
    let found = list.iter().find(|(word, _)| *word == text);
    found.map(|&(_, value)| value).ok_or_else(|| format!("`{text}` is none of {}", words.join(", ")))
}

pub fn target(text: &str) -> Result<FaultSite, String> {
    find(&SITES, text)
}

pub fn layout(text: &str) -> Result<RecordKind, String> {
    match text {
        "block" => Err("the layout `block` is called `offset`; weights in n:m blocks are stored in `n:m`".into()),
        text => find(&LAYOUTS, text),
    }
}

pub fn coding(text: &str) -> Result<Coding, String> {
    find(&CODINGS, text)
}

pub fn placing(text: &str) -> Result<Placing, String> {
    find(&PLACINGS, text)
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
