//! Codes, masks and their JSON.

use crate::exit::{Failure, Result};
use alberti_arith::Format;
use alberti_golden::Pointer;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor, value},
};
use serde_json::Value;
use std::fmt;

/// Codes, or real numbers to be quantised to codes at a scale.
#[derive(Clone, Debug)]
pub enum Codes {
    EncoderArguments(Vec<u16>),
    Real { values: Vec<f64>, scale: i32 },
}

impl Codes {
    /// The codes in a format.
    pub fn codes(&self, format: Format) -> Vec<u16> {
        match self {
            Self::EncoderArguments(codes) => codes.clone(),
            Self::Real { values, scale } => values.iter().map(|&x| format.quantize(x, *scale)).collect(),
        }
    }

    /// The scale that was given with real numbers, else 0.
    pub fn scale(&self) -> i32 {
        match self {
            Self::EncoderArguments(_) => 0,
            Self::Real { scale, .. } => *scale,
        }
    }
}

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Real {
            values: Vec<f64>,
            #[serde(default)]
            scale: i32,
        }
        impl<'de> Visitor<'de> for Either {
            type Value = Codes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of codes, or {\"values\": […], \"scale\": …}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Codes, A::Error> {
                Vec::deserialize(value::SeqAccessDeserializer::new(list)).map(Codes::EncoderArguments)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Codes, A::Error> {
                let Real { values, scale } = Real::deserialize(value::MapAccessDeserializer::new(map))?;
                if !(-128..=128).contains(&scale) {
                    return Err(de::Error::custom(format!("a scale of {scale}: it must lie between -128 and 128")));
                }
                Ok(Codes::Real { values, scale })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A mask: bit i stands for position i.
#[derive(Clone, Copy, Debug)]
pub struct Mask(pub u128);

impl Mask {
    /// The mask where it has at most 64 bits.
    pub fn narrow(self) -> Result<u64> {
        let wide = || Failure::input(format!("the mask {:#x} has more than 64 bits", self.0), super::text::HELP);
        u64::try_from(self.0).map_err(|_| wide())
    }
}

impl Serialize for Mask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Mask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Mask;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mask: an integer, \"0x…\" or \"0b…\"")
            }

            fn visit_u64<E: de::Error>(self, bits: u64) -> Result<Mask, E> {
                Ok(Mask(bits.into()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Mask, E> {
                let bits = match (text.strip_prefix("0x"), text.strip_prefix("0b")) {
                    (Some(digits), _) => u128::from_str_radix(digits, 16),
                    (_, Some(digits)) => u128::from_str_radix(digits, 2),
                    _ => text.parse(),
                };
                bits.map(Mask).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Where a packed value lies.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub row: usize,
    pub lane: usize,
}

impl From<Pointer> for Place {
    fn from(Pointer { row, lane }: Pointer) -> Self {
        Self { row, lane }
    }
}

impl From<Place> for Pointer {
    fn from(Place { row, lane }: Place) -> Self {
        Self { row, lane }
    }
}

/// The real numbers of codes at a scale.
pub fn values(format: Format, codes: &[u16], scale: i32) -> Vec<f64> {
    codes.iter().map(|&code| format.value(code, scale)).collect()
}

/// What a sum of products stands for.
pub fn sum_value(format: Format, sum: i64, activation_scale: i32, weight_scale: i32) -> f64 {
    sum as f64 * f64::from(activation_scale + weight_scale - 2 * format.fraction_bits() as i32).exp2()
}

/// JSON with a line for every field, and for every row of a matrix.
pub fn lines(data: &Value) -> String {
    let Value::Object(fields) = data else { return data.to_string() };
    let field = |(name, value): (&String, &Value)| match value {
        Value::Array(rows) if rows.iter().any(|row| row.is_array() || row.is_object()) => {
            let rows: Vec<_> = rows.iter().map(|row| format!("    {row}")).collect();
            format!("  \"{name}\": [\n{}\n  ]", rows.join(",\n"))
        }
        value => format!("  \"{name}\": {value}"),
    };
    format!("{{\n{}\n}}", fields.iter().map(field).collect::<Vec<_>>().join(",\n"))
}

/// `count` codes to begin with: small numbers of both signs, some zero.
pub fn example_codes(format: Format, count: usize, start: usize) -> Vec<u16> {
    let value = |i: usize| match (start + i) % 5 {
        0 => 0.0,
        k => (k as f64 / 4.0) * if (start + i).is_multiple_of(2) { 1.0 } else { -1.0 },
    };
    // Half of the format's range.
    let scale = format.scale_for(2.0);
    (0..count).map(|i| format.quantize(value(i), scale)).collect()
}
