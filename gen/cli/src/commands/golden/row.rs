//! The special function units: `softmax`, `hierarchical_softmax`, `layernorm`, `elementwise`, `entropy`, `top_k`.

use super::{
    number::{Codes, values},
    text::Text,
};
use crate::exit::{Failure, Result};
use alberti_arith::{Fixed, Format};
use alberti_cost::configuration;
use alberti_golden::{
    elementwise as golden_elementwise, entropy as golden_entropy, hierarchical_softmax::Hierarchy, layernorm, softmax,
    top_k,
};
use alberti_rtl::{Design, design::Units};
use serde::Deserialize;
use serde_json::{Value, json};
use std::f64::consts::LN_2;

/// Fixed point of 16 bits, of which so many lie after the point.
fn q(fraction_bits: u32) -> Format {
    Format::Fixed(Fixed::new(16 - fraction_bits, fraction_bits).expect("16 bits are a format"))
}

/// Codes of 16 bits as the integers that they are.
fn integers(codes: &Codes, format: Format) -> Vec<i16> {
    codes.codes(format).into_iter().map(|code| code as i16).collect()
}

fn codes(integers: &[i16]) -> Vec<u16> {
    integers.iter().map(|&x| x as u16).collect()
}

fn at_most(what: &str, length: usize, most: u32) -> Result<()> {
    if length <= most as usize {
        return Ok(());
    }
    Err(Failure::input(format!("{what}: {length} of them, rows of this design have at most {most}"), super::text::HELP))
}

fn absent(design: &Design) -> Failure {
    Failure::input(format!("the design {} has no such unit", design.name), super::text::HELP)
}

fn unit<T>(design: &Design, get: impl Fn(&Units) -> Option<T>) -> Result<T> {
    get(&design.units).ok_or_else(|| absent(design))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SoftmaxInput {
    scores: Codes,
    valid: Option<usize>,
    mask: Option<Vec<u8>>,
}

pub fn softmax_example(_: &Design) -> Result<Value> {
    Ok(
        json!({"scores": {"values": [1.5, -0.25, 0.0, 3.0, 2.75, 9.0]}, "valid": 5, "mask": [128, 128, 128, 128, 64, 0]}),
    )
}

pub fn softmax(design: &Design, text: &Text) -> Result<Value> {
    let parameters = unit(design, |units| units.softmax)?;
    let input: SoftmaxInput = text.parse()?;
    let scores = integers(&input.scores, q(8));
    at_most("scores", scores.len(), parameters.length_max)?;
    let maximum = configuration::maximum(parameters.maximum);
    let mask = input.mask.unwrap_or_else(|| vec![softmax::MASK_ONE; scores.len()]);
    let valid = input.valid.unwrap_or(scores.len());
    let row = softmax::Softmax::new(parameters.lanes as usize, maximum)?.row(&scores, valid, &mask)?;
    let probabilities: Vec<f64> = row.probabilities.iter().map(|&p| f64::from(p) / 32768.0).collect();
    Ok(json!({
        "probabilities": probabilities, "codes": row.codes, "values": values(Format::AF8_3, &row.codes, -8),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HierarchicalSoftmaxInput {
    scores: Codes,
    children: usize,
    largest: usize,
}

pub fn hierarchical_softmax_example(_: &Design) -> Result<Value> {
    let scores = [1.5, -0.25, 0.0, 3.0, 2.75, 0.5, -1.0, 0.0, 1.25];
    Ok(json!({"scores": {"values": scores}, "children": 2, "largest": 2}))
}

pub fn hierarchical_softmax(design: &Design, text: &Text) -> Result<Value> {
    let parameters = unit(design, |units| units.hierarchical_softmax)?;
    let input: HierarchicalSoftmaxInput = text.parse()?;
    let scores = integers(&input.scores, q(8));
    let (children, largest) = (input.children, input.largest);
    let of = Hierarchy { parents: scores.len() / (1 + children), children, largest };
    at_most("parents", of.parents, parameters.parents_max)?;
    at_most("children", children, parameters.children_max)?;
    let row = of.row(&scores)?;
    let weights: Vec<f64> = row.weights.iter().map(|&w| f64::from(w) / 32768.0).collect();
    Ok(json!({"weights": weights, "codes": row.codes, "values": values(Format::AF8_3, &row.codes, -8)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerNormInput {
    residual: Codes,
    gamma: Codes,
    beta: Codes,
    channel_shift: Option<Vec<u8>>,
    #[serde(default)]
    exponent_bias: i32,
}

pub fn layernorm_example(_: &Design) -> Result<Value> {
    Ok(json!({
        "residual": {"values": [0.5, -1.25, 3.0, 40.0, -0.75]},
        "gamma": {"values": [1.0, 0.875, 1.0, 0.5, 1.0]},
        "beta": {"values": [0.0, 0.125, 0.0, 0.0, -0.5]},
        "channel_shift": [0, 0, 0, 2, 0],
        "exponent_bias": -6,
    }))
}

pub fn layernorm(design: &Design, text: &Text) -> Result<Value> {
    let parameters = unit(design, |units| units.layernorm)?;
    let input: LayerNormInput = text.parse()?;
    let residual = integers(&input.residual, q(7));
    at_most("residual", residual.len(), parameters.length_max)?;
    let shifts = input.channel_shift.unwrap_or_else(|| vec![0; residual.len()]);
    let (gamma, beta) = (integers(&input.gamma, q(14)), integers(&input.beta, q(10)));
    let row = layernorm::LayerNorm::new(gamma, beta, &shifts, input.exponent_bias)?.row(&residual)?;
    let wide = codes(&row.wide);
    let scaled = row.codes.iter().zip(&shifts);
    let decoded = scaled.map(|(&code, &shift)| Format::AF8_3.value(code, input.exponent_bias + i32::from(shift)));
    Ok(json!({
        "wide": wide, "wide_values": values(q(10), &wide, 0), "codes": row.codes, "values": decoded.collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Operation {
    Add { a: Summand, b: Summand },
    Scale { a: Summand, gain: i16 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Summand {
    codes: Codes,
    format: String,
    #[serde(default)]
    shift: i32,
}

impl Summand {
    fn format(&self) -> Result<Format> {
        self.format.parse().map_err(|_| {
            Failure::input(
                format!("`{}` is no number format", self.format),
                "write af8_3, or a q of 16 bits such as q9.7",
            )
        })
    }
}

pub fn elementwise_example(_: &Design) -> Result<Value> {
    Ok(json!({"add": {
        "a": {"codes": {"values": [1.5, -200.0, 255.0]}, "format": "q9.7"},
        "b": {"codes": {"values": [0.25, -100.0, 1.0]}, "format": "q8.8", "shift": 1},
    }}))
}

pub fn elementwise(_: &Design, text: &Text) -> Result<Value> {
    let operand = |summand: &Summand| -> Result<(Format, Vec<u16>, i32)> {
        let format = summand.format()?;
        Ok((format, summand.codes.codes(format), summand.shift))
    };
    let sums = match text.parse()? {
        Operation::Add { a, b } => {
            let ((format_a, a, shift_a), (format_b, b, shift_b)) = (operand(&a)?, operand(&b)?);
            golden_elementwise::add(
                golden_elementwise::Operand { format: format_a, codes: &a, shift: shift_a },
                golden_elementwise::Operand { format: format_b, codes: &b, shift: shift_b },
            )?
        }
        Operation::Scale { a, gain } => {
            let (format, codes, shift) = operand(&a)?;
            golden_elementwise::scale(golden_elementwise::Operand { format, codes: &codes, shift }, gain)?
        }
    };
    Ok(json!({"integers": sums, "codes": codes(&sums)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntropyInput {
    logits: Codes,
    threshold_nats: f64,
}

pub fn entropy_example(_: &Design) -> Result<Value> {
    Ok(json!({"logits": {"values": [1.5, -0.5]}, "threshold_nats": 0.4}))
}

pub fn entropy(design: &Design, text: &Text) -> Result<Value> {
    let parameters = unit(design, |units| units.entropy)?;
    let input: EntropyInput = text.parse()?;
    let logits = integers(&input.logits, q(10));
    at_most("logits", logits.len(), parameters.classes_max)?;
    let threshold = golden_entropy::threshold(input.threshold_nats)?;
    let decision = golden_entropy::decide(&logits, threshold)?;
    let bits = (f64::from(decision.log) + decision.weighted as f64 / decision.sum as f64) / 1024.0;
    Ok(json!({
        "exit": decision.exit, "entropy_nats": bits * LN_2, "threshold": threshold,
        "sum": decision.sum, "weighted": decision.weighted, "log": decision.log,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopKInput {
    values: Vec<i16>,
}

pub fn top_k_example(_: &Design) -> Result<Value> {
    Ok(json!({"values": [12, -7, 900, 900, 3]}))
}

pub fn top_k(design: &Design, text: &Text) -> Result<Value> {
    let parameters = unit(design, |units| units.top_k)?;
    let input: TopKInput = text.parse()?;
    at_most("values", input.values.len(), parameters.length_max)?;
    let entries = top_k::largest(&input.values, parameters.k as usize)?;
    let entry = |entry: &top_k::Entry| json!({"value": entry.value, "position": entry.position});
    Ok(json!({"entries": entries.iter().map(entry).collect::<Vec<_>>()}))
}
