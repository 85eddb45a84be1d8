//! `mask_counter`.

use super::{number::Mask, text::Text};
use crate::exit::Result;
use alberti_golden::mask_counter::{Counts, count};
use alberti_rtl::Design;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    masks: Vec<Mask>,
}

pub fn example(_: &Design) -> Result<Value> {
    Ok(json!({"masks": ["0b0101", "0xe", 0]}))
}

pub fn answer(design: &Design, text: &Text) -> Result<Value> {
    let input: Input = text.parse()?;
    let masks = input.masks.iter().map(|mask| mask.narrow()).collect::<Result<Vec<u64>>>()?;
    let n = design.datapath.n as usize;
    let counts = count(n, Counts::default(), &masks)?;
    let density = f64::from(counts.ones) / (n * masks.len().max(1)) as f64;
    Ok(json!({"mask_count": counts.masks, "ones_count": counts.ones, "density": density}))
}
