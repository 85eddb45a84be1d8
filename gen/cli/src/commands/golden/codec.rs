//! `block_select`, `bitmask_encoder`, `bitmask_decoder`.

use super::{
    array::blocks,
    number::{Codes, Mask, Place, example_codes, values},
    text::Text,
};
use crate::exit::{Failure, Result};
use alberti_cost::configuration;
use alberti_golden::{Packed, Pointer, bitmask_decoder, bitmask_encoder, block_select as golden_select};
use alberti_rtl::Design;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectInput {
    mask: Mask,
}

pub fn block_select_example(design: &Design) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let sparsity = blocks(&config)?;
    // The upper half of each block but for its first weight, which is the block's first input.
    let of_block = 1u128 | ((1 << (sparsity.nonzeros() - 1)) - 1) << (sparsity.block() - sparsity.nonzeros() + 1);
    let mask = (0..sparsity.blocks(config.n)?).map(|block| of_block << (block * sparsity.block())).sum();
    Ok(json!({"mask": Mask(mask)}))
}

pub fn block_select(design: &Design, text: &Text) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let input: SelectInput = text.parse()?;
    let selection = golden_select::select_lane(blocks(&config)?, config.n, input.mask.0)?;
    Ok(json!({"selects": selection.selects, "errors": selection.errors}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EncoderInput {
    vectors: Vec<Codes>,
    #[serde(default)]
    row: usize,
}

pub fn encoder_example(design: &Design) -> Result<Value> {
    let (n, result) = (design.datapath.n as usize, design.datapath.result);
    let vectors: Vec<_> = (0..3).map(|start| example_codes(result, n, start)).collect();
    Ok(json!({"row": 0, "vectors": vectors}))
}

pub fn encoder(design: &Design, text: &Text) -> Result<Value> {
    let input: EncoderInput = text.parse()?;
    let (n, result) = (design.datapath.n as usize, design.datapath.result);
    let mut memory = Packed::new(n, design.memories.result.values as usize)?;
    let vectors: Vec<_> = input.vectors.iter().map(|vector| vector.codes(result)).collect();
    let encoded = bitmask_encoder::encode(result, &mut memory, input.row, &vectors)?;
    let written = encoded.masks.iter().map(|mask| mask.count_ones() as usize).sum();
    let packed = memory.read(Pointer { row: input.row, lane: 0 }, written);
    let masks: Vec<_> = encoded.masks.iter().map(|&mask| Mask(mask.into())).collect();
    Ok(json!({"masks": masks, "packed": packed, "next_row": encoded.next_row}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecoderInput {
    masks: Vec<Mask>,
    packed: Vec<u16>,
    #[serde(default)]
    base: Place,
    #[serde(default)]
    scale: i32,
}

pub fn decoder_example(design: &Design) -> Result<Value> {
    let (n, operand) = (design.datapath.n as usize, design.datapath.operand);
    let masks = [0, 0b101, u128::MAX >> (128 - n)];
    let packed: Vec<_> = example_codes(operand, 2 * n + 2, 0).into_iter().filter(|&c| !operand.is_zero(c)).collect();
    let packed: Vec<_> =
        packed.iter().copied().cycle().take(n + masks[1].count_ones().min(n as u32) as usize).collect();
    let masks = masks.map(|mask| Mask(mask & u128::MAX >> (128 - n)));
    Ok(json!({"base": Place { row: 0, lane: n - 1 }, "masks": masks, "packed": packed}))
}

pub fn decoder(design: &Design, text: &Text) -> Result<Value> {
    let input: DecoderInput = text.parse()?;
    let (n, operand) = (design.datapath.n as usize, design.datapath.operand);
    let capacity = design.memories.weight.values as usize;
    let mut memory = Packed::new(n, capacity)?;
    let masks: Vec<u64> = input.masks.iter().map(|mask| mask.narrow()).collect::<Result<_>>()?;
    let asked: usize = masks.iter().map(|mask| mask.count_ones() as usize).sum();
    if asked > input.packed.len() || input.packed.len() > capacity {
        let message = format!("the masks ask for {asked} packed values, {} are given", input.packed.len());
        return Err(Failure::input(message, format!("give as many as the masks have ones, at most {capacity}")));
    }
    if let Some(code) = input.packed.iter().find(|&&code| u32::from(code) >> operand.bits() != 0) {
        return Err(Failure::input(
            format!("{code} is no code of {operand}, which has {} bits", operand.bits()),
            super::text::HELP,
        ));
    }
    // An empty segment checks the base before anything is written there.
    bitmask_decoder::decode(&memory, input.base.into(), &[])?;
    memory.write(input.base.into(), &input.packed);
    let decoded = bitmask_decoder::decode(&memory, input.base.into(), &masks)?;
    let reals: Vec<_> = decoded.vectors.iter().map(|vector| values(operand, vector, input.scale)).collect();
    Ok(json!({"vectors": decoded.vectors, "values": reals, "next": Place::from(decoded.next)}))
}
