//! `processing_unit`: a whole matrix multiply, from codes to codes and to the streams in between.

use super::{
    array::Function,
    number::{Codes, Mask, Place, example_codes, sum_value, values},
    text::Text,
};
use crate::exit::{Failure, Result};
use alberti_cost::configuration;
use alberti_golden::{
    Pointer,
    gemm::Gemm,
    processing_unit,
    tiling::{self, Placement, TilePlacement},
};
use alberti_rtl::{Design, design::ValueMemory};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    activations: Vec<Codes>,
    weights: Vec<Codes>,
    bias: Option<Vec<i64>>,
    shifts: Vec<i32>,
    #[serde(default)]
    scale: i32,
    blocks: Option<bool>,
    #[serde(default)]
    function: Function,
    #[serde(default)]
    activation_shift: i32,
}

pub fn example(design: &Design) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let (n, operand) = (config.n, config.operand);
    let row = |start| example_codes(operand, n, start);
    let shift = 2 * operand.max_significand().ilog2() as i32 - 8;
    Ok(json!({
        "activations": [row(0), row(2)],
        "weights": (0..n).map(row).collect::<Vec<_>>(),
        "bias": vec![0; n],
        "shifts": vec![shift; n],
        "scale": 0,
    }))
}

pub fn answer(design: &Design, text: &Text) -> Result<Value> {
    let input: Input = text.parse()?;
    let config = configuration::processing_unit(design)?;
    let (operand, result) = (config.operand, config.result);
    let matrix = |rows: &[Codes]| -> Vec<Vec<u16>> { rows.iter().map(|row| row.codes(operand)).collect() };
    let (activations, weights) = (matrix(&input.activations), matrix(&input.weights));
    let reduction = activations.first().map_or(0, Vec::len);
    let uneven = |what: &str, rows: &[Vec<u16>]| match rows.iter().position(|row| row.len() != reduction) {
        Some(i) => Err(Failure::input(
            format!("{what}[{i}] has {} codes, activations[0] has {reduction}", rows[i].len()),
            "every row of activations and weights has one code for each input",
        )),
        None => Ok(()),
    };
    uneven("activations", &activations)?;
    uneven("weights", &weights)?;
    if reduction > design.datapath.reduction_max as usize {
        return Err(Failure::input(
            format!("a reduction of {reduction}, the design's reduction_max is {}", design.datapath.reduction_max),
            "give shorter rows",
        ));
    }
    let (rows, columns) = (activations.len(), weights.len());
    let gemm = Gemm {
        operand,
        result,
        accumulator_bits: config.accumulator_bits,
        rows,
        reduction,
        columns,
        activations: activations.concat(),
        weights: weights.concat(),
        bias: input.bias.unwrap_or_else(|| vec![0; columns]),
        scale: input.shifts,
        function: input.function.golden(&config)?,
        activation_shift: input.activation_shift,
    };
    let place = |memory: ValueMemory| Placement { values: memory.values as usize, base: Pointer::default() };
    let layout = TilePlacement {
        rows_per_job: design.datapath.accumulator_rows as usize,
        blocks: input.blocks.unwrap_or(config.sparsity.is_some()),
        weight: place(design.memories.weight),
        activation: place(design.memories.activation),
        result: place(design.memories.result),
    };
    let sums = gemm.sums()?;
    let streams = tiling::tile(&gemm, &config, &layout)?;
    let output = processing_unit::run(&config, &streams)?;
    let codes = tiling::untile(&gemm, &config, &layout, &output)?;
    let real = |(i, &sum): (usize, &i64)| {
        let (row, column) = (i / columns, i % columns);
        sum_value(operand, sum, input.activations[row].scale(), input.weights[column].scale())
    };
    let sum_values: Vec<f64> = sums.iter().enumerate().map(real).collect();
    let segment = |segment: &alberti_golden::Segment<u64>| {
        let stored = segment.items.iter().map(|mask| mask.count_ones() as usize).sum();
        json!({
            "base": Place::from(segment.base),
            "masks": segment.items.iter().map(|&mask| Mask(mask.into())).collect::<Vec<_>>(),
            "packed": output.memory.read(segment.base, stored),
        })
    };
    Ok(json!({
        "sums": rows_of(&sums, columns),
        "sum_values": rows_of(&sum_values, columns),
        "codes": rows_of(&codes, columns),
        "values": rows_of(&values(result, &codes, input.scale), columns),
        "segments": output.masks.iter().map(segment).collect::<Vec<_>>(),
        "counters": {
            "vectors": output.counters.vectors,
            "held": output.counters.held,
            "mask_errors": output.counters.mask_errors,
        },
    }))
}

fn rows_of<T: serde::Serialize>(flat: &[T], width: usize) -> Vec<&[T]> {
    flat.chunks(width.max(1)).collect()
}
