//! `sram` and `stream_fifo`: words of any width are integers here.

use super::text::Text;
use crate::exit::Result;
use alberti_golden::{sram::Sram, stream_fifo::StreamFifo};
use alberti_rtl::{
    Design,
    blocks::{Geometry, matrix_unit::result_depth},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SramInput {
    cycles: Vec<Cycle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cycle {
    read: Option<usize>,
    write: Option<Write>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    address: usize,
    word: u64,
}

pub fn sram_example(_: &Design) -> Result<Value> {
    Ok(json!({"cycles": [
        {"write": {"address": 1, "word": 7}},
        {"read": 1, "write": {"address": 1, "word": 8}},
        {"read": 1},
        {},
    ]}))
}

pub fn sram(design: &Design, text: &Text) -> Result<Value> {
    let input: SramInput = text.parse()?;
    // What was never written is unknown.
    let mut golden: Sram<Option<u64>> = Sram::new(Geometry::new(design).rows as usize, None);
    let mut words = Vec::new();
    for Cycle { read, write } in input.cycles {
        let write = write.map(|Write { address, word }| (address, Some(word)));
        words.push(golden.cycle(read, write)?.flatten());
    }
    Ok(json!({"words": words}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FifoInput {
    operations: Vec<Option<u64>>,
}

pub fn fifo_example(_: &Design) -> Result<Value> {
    Ok(json!({"operations": [1, 2, null, 3, null, null, null]}))
}

pub fn fifo(design: &Design, text: &Text) -> Result<Value> {
    let input: FifoInput = text.parse()?;
    let mut golden = StreamFifo::new(result_depth(&Geometry::new(design)) as usize);
    let mut answers = Vec::new();
    for operation in input.operations {
        answers.push(match operation {
            // Refused when the buffer is full: a sender would wait.
            Some(item) => match golden.push(item) {
                Ok(()) => json!("taken"),
                Err(_) => json!("full"),
            },
            None => json!(golden.pop()),
        });
    }
    Ok(json!({"answers": answers, "left": golden.len()}))
}
