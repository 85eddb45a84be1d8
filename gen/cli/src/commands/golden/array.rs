//! `vmac`, `vmac_array`, `accumulator`, `activation`, `requantize`.

use super::{
    number::{Codes, example_codes, sum_value, values},
    text::Text,
};
use crate::exit::{Failure, Result};
use alberti_arith::Activation;
use alberti_cost::configuration;
use alberti_diagnostic::quote;
use alberti_golden::{
    BlockSparsity,
    accumulator::Accumulator,
    activation as golden_activation,
    processing_unit::MatrixUnitConfig,
    requantize as golden_requantize, vmac as golden_vmac,
    vmac::Lane,
    vmac_array::{Tile, is_held},
};
use alberti_rtl::{Design, blocks::Geometry};
use serde::Deserialize;
use serde_json::{Value, json};

pub fn one(what: &str, got: usize, needed: usize) -> Result<()> {
    if got == needed {
        return Ok(());
    }
    Err(Failure::input(format!("{what}: {got} of them, the design needs {needed}"), super::text::HELP))
}

/// The selects that leave every multiplier its first choice.
fn plain_selects(config: &MatrixUnitConfig) -> Value {
    json!(vec![0; config.n])
}

fn lane(config: &MatrixUnitConfig, weights: &Codes, selects: Option<&Vec<Option<u8>>>) -> Result<Lane> {
    let codes = weights.codes(config.operand);
    one("weights", codes.len(), config.n)?;
    Ok(match (config.sparsity, selects) {
        (None, None) => Lane::dense(config.operand, &codes)?,
        (Some(sparsity), Some(selects)) => Lane::selected(config.operand, sparsity, &codes, selects)?,
        (None, Some(_)) => {
            return Err(Failure::input("`selects` on a design without block sparsity", "remove `selects`"));
        }
        (Some(_), None) => {
            return Err(Failure::input("`selects` are missing: the design is block-sparse", super::text::HELP));
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VmacInput {
    weights: Codes,
    activations: Codes,
    selects: Option<Vec<Option<u8>>>,
    #[serde(default)]
    addend: i64,
}

pub fn vmac_example(design: &Design) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let mut example = json!({
        "weights": example_codes(config.operand, config.n, 1),
        "activations": example_codes(config.operand, config.slots() * config.n, 0),
        "addend": 100,
    });
    if config.sparsity.is_some() {
        example["selects"] = plain_selects(&config);
    }
    Ok(example)
}

pub fn vmac(design: &Design, text: &Text) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let input: VmacInput = text.parse()?;
    let (weights, activations) = (input.weights.codes(config.operand), input.activations.codes(config.operand));
    lane(&config, &input.weights, input.selects.as_ref())?;
    one("activations", activations.len(), config.slots() * config.n)?;
    let bits = config.accumulator_bits;
    let sum = match (config.sparsity, &input.selects) {
        (Some(sparsity), Some(selects)) => {
            golden_vmac::sum_selected(config.operand, sparsity, bits, input.addend, &weights, selects, &activations)?
        }
        _ => golden_vmac::sum(config.operand, bits, input.addend, &weights, &activations)?,
    };
    let value = sum_value(config.operand, sum, input.activations.scale(), input.weights.scale());
    Ok(json!({"sum": sum, "value": value}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrayInput {
    weights: Vec<Codes>,
    selects: Option<Vec<Vec<Option<u8>>>>,
    vectors: Vec<Codes>,
    addends: Option<Vec<Vec<i64>>>,
}

pub fn vmac_array_example(design: &Design) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let row = |start| example_codes(config.operand, config.n, start);
    let vector = |start| example_codes(config.operand, config.slots() * config.n, start);
    let mut example = json!({
        "weights": (0..config.n).map(row).collect::<Vec<_>>(),
        "vectors": [vector(0), vec![0; config.slots() * config.n], vector(3)],
    });
    if config.sparsity.is_some() {
        example["selects"] = json!(vec![plain_selects(&config); config.n]);
    }
    Ok(example)
}

pub fn vmac_array(design: &Design, text: &Text) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let input: ArrayInput = text.parse()?;
    let (n, operand) = (config.n, config.operand);
    one("rows of weights", input.weights.len(), n)?;
    if let Some(selects) = &input.selects {
        one("rows of selects", selects.len(), n)?;
    }
    if let Some(addends) = &input.addends {
        one("rows of addends", addends.len(), input.vectors.len())?;
    }
    let of_lane = |number: usize| input.selects.as_ref().map(|all| &all[number]);
    let lanes: Vec<Lane> =
        input.weights.iter().enumerate().map(|(j, row)| lane(&config, row, of_lane(j))).collect::<Result<_>>()?;
    let tile = Tile::new(operand, config.accumulator_bits, lanes)?;
    let (mut sums, mut reals, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for (row, vector) in input.vectors.iter().enumerate() {
        let codes = vector.codes(operand);
        let addends = input.addends.as_ref().map_or_else(|| vec![0; n], |all| all[row].clone());
        let answer = tile.sums(&codes, &addends)?;
        let real = |(j, &sum): (usize, &i64)| sum_value(operand, sum, vector.scale(), input.weights[j].scale());
        reals.push(answer.iter().enumerate().map(real).collect::<Vec<_>>());
        held.push(config.zero_skip && is_held(operand, &codes));
        sums.push(answer);
    }
    Ok(json!({"sums": sums, "values": reals, "held": held}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccumulatorInput {
    bias: Vec<i64>,
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    row: usize,
    #[serde(default)]
    first: bool,
    #[serde(default)]
    last: bool,
    sums: Vec<i64>,
}

pub fn accumulator_example(design: &Design) -> Result<Value> {
    let n = design.datapath.n as i64;
    let sums = |from: i64| (from..from + n).collect::<Vec<_>>();
    Ok(json!({
        "bias": sums(-2),
        "tokens": [
            {"row": 0, "first": true, "last": false, "sums": sums(10)},
            {"row": 1, "first": true, "last": true, "sums": sums(20)},
            {"row": 0, "first": false, "last": true, "sums": sums(30)},
        ],
    }))
}

pub fn accumulator(design: &Design, text: &Text) -> Result<Value> {
    let input: AccumulatorInput = text.parse()?;
    let g = Geometry::new(design);
    one("biases", input.bias.len(), g.n as usize)?;
    let mut golden = Accumulator::new(g.acc_w, g.rows as usize, &input.bias)?;
    let (mut addends, mut finals) = (Vec::new(), Vec::new());
    for Token { row, first, last, sums } in input.tokens {
        addends.push(golden.addend(row, first)?.to_vec());
        finals.push(golden.take(row, last, sums)?);
    }
    Ok(json!({"addends": addends, "finals": finals}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequantizeInput {
    sums: Vec<Vec<i64>>,
    shifts: Vec<i32>,
    #[serde(default)]
    scale: i32,
    #[serde(default)]
    wide_shift: i32,
}

pub fn requantize_example(design: &Design) -> Result<Value> {
    let n = design.datapath.n as i64;
    let row = |from: i64| (0..n).map(|j| (from + j) * 1000 * (1 - 2 * (j % 2))).collect::<Vec<_>>();
    Ok(json!({"sums": [row(1), row(40)], "shifts": (0..n).map(|j| 8 + j % 4).collect::<Vec<_>>(), "scale": 0}))
}

pub fn requantize(design: &Design, text: &Text) -> Result<Value> {
    let input: RequantizeInput = text.parse()?;
    let (n, result, bits) = (design.datapath.n as usize, design.datapath.result, design.datapath.accumulator_bits);
    one("shifts", input.shifts.len(), n)?;
    if design.accelerator.is_none() && input.wide_shift != 0 {
        let help = "remove it, or see the section `accelerator` of a design";
        return Err(Failure::input("`wide_shift` on a design without `accelerator`", help));
    }
    let (mut codes, mut wide) = (Vec::new(), Vec::new());
    for sums in &input.sums {
        one("sums of a row", sums.len(), n)?;
        if let Some(sum) = sums.iter().find(|&&sum| alberti_arith::saturate(sum, bits) != sum) {
            return Err(Failure::input(format!("the sum {sum} does not fit in {bits} bits"), super::text::HELP));
        }
        codes.push(golden_requantize::row(result, sums, &input.shifts)?);
        let numbers = golden_requantize::wide(sums, &input.shifts, input.wide_shift)?;
        wide.push(numbers.into_iter().map(|number| number as i16).collect::<Vec<_>>());
    }
    let reals: Vec<_> = codes.iter().map(|row| values(result, row, input.scale)).collect();
    let mut answer = json!({"codes": codes, "values": reals});
    if design.accelerator.is_some() {
        answer["wide"] = json!(wide);
    }
    Ok(answer)
}

/// A function by its word.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Function(Activation);

impl TryFrom<String> for Function {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        Activation::of_word(&word).map(Self).ok_or_else(|| {
            let known: Vec<_> = Activation::ALL.iter().map(|function| function.word()).collect();
            format!("{} is no activation function: they are {}", quote(&word), known.join(", "))
        })
    }
}

impl Function {
    /// The function, if the design has it.
    pub fn golden(self, config: &MatrixUnitConfig) -> Result<Activation> {
        let Self(function) = self;
        if config.activation.contains(function) {
            return Ok(function);
        }
        let message = format!("the design has no {function}, it has {}", config.activation);
        Err(Failure::input(message, "see datapath.activation"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivationInput {
    function: Function,
    sums: Vec<Vec<i64>>,
    shifts: Vec<i32>,
    #[serde(default)]
    activation_shift: i32,
}

pub fn activation_example(design: &Design) -> Result<Value> {
    let n = design.datapath.n as i64;
    let function = design.datapath.activation.iter().last().unwrap_or_default();
    Ok(json!({
        "function": function.word(),
        "sums": [(0..n).map(|j| (j + 1) * 3000 * (1 - 2 * (j % 2))).collect::<Vec<_>>()],
        "shifts": vec![4; n as usize],
        "activation_shift": 5,
    }))
}

pub fn activation(design: &Design, text: &Text) -> Result<Value> {
    let input: ActivationInput = text.parse()?;
    let config = configuration::processing_unit(design)?;
    let function = input.function.golden(&config)?;
    let (mut sums, mut shifts) = (Vec::new(), Vec::new());
    one("shifts", input.shifts.len(), config.n)?;
    for row in &input.sums {
        let row =
            golden_activation::row(function, config.accumulator_bits, row, &input.shifts, input.activation_shift)?;
        sums.push(row.sums);
        shifts.push(row.shifts);
    }
    Ok(json!({"sums": sums, "shifts": shifts}))
}

/// The block shape of a design that has one.
pub fn blocks(config: &MatrixUnitConfig) -> Result<BlockSparsity> {
    config.sparsity.ok_or_else(|| Failure::input("the design is not block-sparse", "see datapath.sparsity"))
}
