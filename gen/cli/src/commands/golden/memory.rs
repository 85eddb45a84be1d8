//! `rram`, `secded`, `record_reader`: words as `$readmemh` has them, hexadecimal digits.

use super::{
    number::{Mask, Place},
    text::Text,
};
use crate::exit::{Failure, Result};
use alberti_cost::configuration;
use alberti_golden::{
    Image, Pointer,
    record_reader::{Fetch, read},
    secded::{Code, Finding},
};
use alberti_rtl::{
    Design,
    design::MemoryKind,
    memory::{Demand, demands, mask_word_bits},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    words: Vec<String>,
    fetches: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    word: usize,
    masks: usize,
}

/// Words of so many bits.
fn image(words: &[String], width: usize) -> Result<Image> {
    let mut image = Image::new(words.len(), width)?;
    for (word, text) in words.iter().enumerate() {
        image.set_hex(word, text)?;
    }
    Ok(image)
}

fn hex(image: &Image) -> Vec<String> {
    (0..image.words()).map(|word| image.hex(word)).collect()
}

/// A word of ones and zeros in turn, to be changed from there.
fn in_turn(width: usize) -> Result<Image> {
    let mut image = Image::new(1, width)?;
    (0..width).step_by(2).for_each(|bit| image.set(0, bit, 1, 1));
    Ok(image)
}

fn first_rram(design: &Design) -> Result<Demand> {
    let found = demands(design).into_iter().find(|of| of.storage.kind == MemoryKind::Rram);
    found.ok_or_else(|| Failure::input("the design has no memory of RRAM", "write `kind: rram` in one of its memories"))
}

pub fn rram_example(design: &Design) -> Result<Value> {
    Ok(json!({"words": hex(&in_turn(first_rram(design)?.bits as usize)?)}))
}

/// The levels that the first memory of RRAM stores words as.
pub fn rram(design: &Design, text: &Text) -> Result<Value> {
    let (input, demand): (Words, _) = (text.parse()?, first_rram(design)?);
    let levels = configuration::cells(&demand)?.store(&image(&input.words, demand.bits as usize)?)?;
    Ok(json!({"memory": demand.memory, "levels": hex(&levels)}))
}

fn code(design: &Design) -> Result<Code> {
    Ok(Code::new(mask_word_bits(design) as usize)?)
}

pub fn secded_example(design: &Design) -> Result<Value> {
    let mut word = code(design)?.encode(&in_turn(mask_word_bits(design) as usize)?)?;
    let right = word.hex(0);
    word.set(0, 0, 1, 0);
    let one = word.hex(0);
    word.set(0, 1, 1, 1);
    Ok(json!({"words": [right, one, word.hex(0)]}))
}

/// The data of words as they were stored, and what was found in each.
pub fn secded(design: &Design, text: &Text) -> Result<Value> {
    let (input, code): (Words, _) = (text.parse()?, code(design)?);
    let mut words = image(&input.words, code.word_bits())?;
    let word = |finding| match finding {
        Finding::Clean => "clean",
        Finding::Corrected => "corrected",
        Finding::Detected => "detected",
    };
    let findings: Vec<_> = (0..words.words()).map(|number| word(code.correct(&mut words, number))).collect();
    let mut data = Image::new(words.words(), mask_word_bits(design) as usize)?;
    for number in 0..words.words() {
        data.copy(&words, number, mask_word_bits(design) as usize);
    }
    Ok(json!({"data": hex(&data), "findings": findings}))
}

pub fn records_example(design: &Design) -> Result<Value> {
    let layout = configuration::records(design)?;
    let mut words = Image::new(3, layout.word_bits())?;
    layout.set_pointer(&mut words, 0, Pointer::default(), 5);
    layout.set_item(&mut words, 1, false, 3, 0);
    layout.set_item(&mut words, 2, false, 1, 2);
    Ok(json!({"words": hex(&words), "fetches": [{"word": 0, "masks": 2}]}))
}

/// The masks of records, in segments that begin where their values do.
pub fn records(design: &Design, text: &Text) -> Result<Value> {
    let (input, layout): (Records, _) = (text.parse()?, configuration::records(design)?);
    let fetches: Vec<_> = input.fetches.iter().map(|&Record { word, masks }| Fetch { word, masks }).collect();
    let output = read(&layout, &image(&input.words, layout.word_bits())?, &fetches)?;
    let segments: Vec<_> = output
        .segments
        .iter()
        .map(|segment| {
            let masks: Vec<_> = segment.items.iter().map(|item| Mask(item.mask)).collect();
            let blocks: Vec<_> = segment.items.iter().map(|item| item.block).collect();
            json!({"base": Place::from(segment.base), "masks": masks, "blocks": blocks})
        })
        .collect();
    Ok(json!({"segments": segments, "misplaced": output.misplaced}))
}
