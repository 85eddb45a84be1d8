//! `alberti number`.

use crate::{
    exit::{Failure, Result},
    output::Answer,
    table::Table,
};
use alberti_arith::Format;
use serde::Serialize;
use serde_json::json;

/// Shows which numbers the codes of a format stand for, and which codes real numbers become.
///
/// For reading waveforms and memory images. A code stands for significand·2^(scale − fraction bits). Real
/// numbers are rounded and saturated as a model is quantised (docs/arithmetic.md).
#[derive(clap::Args)]
pub struct Arguments {
    /// The format: af8_3, q3.5, q3.13 and their kin
    #[arg(value_name = "FORMAT")]
    format: Format,
    /// A code, such as 184, 0xb8 or 0b10111000; repeat for more
    #[arg(short, long = "code", value_name = "CODE", value_parser = code, required_unless_present = "values")]
    codes: Vec<u16>,
    /// A real number to quantise; repeat for more
    #[arg(short, long = "value", value_name = "NUMBER", value_parser = finite, allow_negative_numbers = true)]
    values: Vec<f64>,
    /// The scale of the tensor, a power of two
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-128..=128))]
    scale: i32,
}

fn code(text: &str) -> std::result::Result<u16, String> {
    let parsed = match (text.strip_prefix("0x"), text.strip_prefix("0b")) {
        (Some(digits), _) => u16::from_str_radix(digits, 16),
        (_, Some(digits)) => u16::from_str_radix(digits, 2),
        _ => text.parse(),
    };
    parsed.map_err(|_| "a code is an integer of at most 16 bits, such as 184, 0xb8 or 0b10111000".into())
}

fn finite(text: &str) -> std::result::Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| "no real number".into())
}

#[derive(Serialize)]
struct Number {
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<f64>,
    code: u16,
    significand: i64,
    value: f64,
}

/// Decodes and quantises.
///
/// # Errors
/// A code that is wider than the format.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let Arguments { format, scale, .. } = *arguments;
    let bits = format.bits();
    if let Some(wide) = arguments.codes.iter().find(|&&code| u32::from(code) >> bits != 0) {
        let message = format!("the code {wide:#x} is wider than the {bits} bits of {format}");
        return Err(Failure::usage(message, format!("give codes from 0 to {:#x}", (1u32 << bits) - 1)));
    }
    let number = |given: Option<f64>, code: u16| Number {
        given,
        code,
        significand: format.significand(code),
        value: format.value(code, scale),
    };
    let codes = arguments.codes.iter().map(|&code| number(None, code));
    let values = arguments.values.iter().map(|&value| number(Some(value), format.quantize(value, scale)));
    let numbers: Vec<Number> = codes.chain(values).collect();

    let mut table = Table::new(&["given", "code", "significand", "value"]);
    let digits = bits.div_ceil(4) as usize;
    for Number { given, code, significand, value } in &numbers {
        let given = given.map_or_else(String::new, |given| given.to_string());
        table.row(vec![given, format!("0x{code:0digits$x}"), significand.to_string(), value.to_string()]);
    }
    let text =
        format!("{format} at scale {scale}: {bits} bits, {} of fraction\n\n{}", format.fraction_bits(), table.text());
    let data = json!({"format": format.to_string(), "bits": bits, "scale": scale, "numbers": numbers});
    Ok(Answer::new(text, &data))
}
