//! A number format as designs name it.

use crate::{AdaptivFloat, Fixed};
use std::{fmt, str::FromStr};

/// The format of a tensor's elements. Codes are held in the low bits of a `u16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Small float with a bias per tensor or channel.
    AdaptivFloat(AdaptivFloat),
    /// Two's complement fixed point with a scale per tensor.
    Fixed(Fixed),
}

impl Format {
    /// AdaptivFloat<8,3>.
    pub const AF8_3: Self = Self::AdaptivFloat(AdaptivFloat::AF8_3);
    /// 8-bit fixed point, 5 fraction bits.
    pub const Q3_5: Self = Self::Fixed(Fixed::Q3_5);
    /// 8-bit fixed point, 7 fraction bits.
    pub const Q1_7: Self = Self::Fixed(Fixed::Q1_7);
    /// 16-bit fixed point, 13 fraction bits.
    pub const Q3_13: Self = Self::Fixed(Fixed::Q3_13);

    /// Width of a code in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::AdaptivFloat(f) => f.bits(),
            Self::Fixed(f) => f.bits(),
        }
    }

    /// Bits after the point of a significand at scale zero: a code stands for `significand·2^(scale −
    /// fraction_bits)`.
    #[must_use]
    pub const fn fraction_bits(self) -> u32 {
        match self {
            Self::AdaptivFloat(f) => f.mantissa_bits(),
            Self::Fixed(f) => f.fraction_bits(),
        }
    }

    /// The integer that a code stands for.
    #[must_use]
    pub fn significand(self, code: u16) -> i64 {
        match self {
            Self::AdaptivFloat(f) => f.significand(code),
            Self::Fixed(f) => f.significand(code),
        }
    }

    /// The largest magnitude of a significand: 3968 for AdaptivFloat<8,3>, 128 for Q3.5.
    #[must_use]
    pub const fn max_significand(self) -> i64 {
        match self {
            Self::AdaptivFloat(f) => ((2 << f.mantissa_bits()) - 1) << f.max_exponent(),
            Self::Fixed(f) => 1 << (f.bits() - 1),
        }
    }

    /// Bits, with the sign, that hold every product of two codes.
    #[must_use]
    pub const fn product_bits(self) -> u32 {
        let max = self.max_significand() * self.max_significand();
        max.ilog2() + 2
    }

    /// Bits, with the sign, that hold every sum of `products` products.
    #[must_use]
    pub const fn sum_bits(self, products: u64) -> u32 {
        let max = (self.max_significand() * self.max_significand()) as u128 * products as u128;
        if max == 0 { 1 } else { max.ilog2() + 2 }
    }

    /// The largest number of products whose sum always fits in `bits` bits, 1 to 64.
    #[must_use]
    pub const fn exact_products(self, bits: u32) -> u64 {
        let max = (self.max_significand() * self.max_significand()) as u64;
        ((1u64 << (bits - 1)) - 1) / max
    }

    /// Whether a code stands for zero: both signs of it in AdaptivFloat.
    #[must_use]
    pub fn is_zero(self, code: u16) -> bool {
        self.significand(code) == 0
    }

    /// The scale (exponent bias of an AdaptivFloat, shift of a fixed-point tensor) for a largest magnitude.
    #[must_use]
    pub fn scale_for(self, max_magnitude: f64) -> i32 {
        match self {
            Self::AdaptivFloat(f) => f.bias_for(max_magnitude),
            Self::Fixed(f) => f.scale_for(max_magnitude),
        }
    }

    /// Quantises a real number at a scale: half to even in AdaptivFloat, half up in fixed point; saturating.
    #[must_use]
    pub fn quantize(self, x: f64, scale: i32) -> u16 {
        match self {
            Self::AdaptivFloat(f) => f.quantize(x, scale),
            Self::Fixed(f) => f.quantize(x, scale),
        }
    }

    /// The real number that a code stands for at a scale.
    #[must_use]
    pub fn value(self, code: u16, scale: i32) -> f64 {
        match self {
            Self::AdaptivFloat(f) => f.value(code, scale),
            Self::Fixed(f) => f.value(code, scale),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdaptivFloat(a) => write!(f, "af{}_{}", a.bits(), a.exponent_bits()),
            Self::Fixed(q) => write!(f, "q{}.{}", q.integer_bits(), q.fraction_bits()),
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    /// Reads `af8_3`, `q3.5`, `q3.13` and their kin.
    fn from_str(text: &str) -> Result<Self, FormatError> {
        let pair = |rest: &str, separator| -> Option<(u32, u32)> {
            let (a, b) = rest.split_once(separator)?;
            Some((number(a)?, number(b)?))
        };
        if let Some((bits, exponent)) = text.strip_prefix("af").and_then(|rest| pair(rest, '_')) {
            return AdaptivFloat::new(bits, exponent).map(Self::AdaptivFloat);
        }
        if let Some((integer, fraction)) = text.strip_prefix('q').and_then(|rest| pair(rest, '.')) {
            return Fixed::new(integer, fraction).map(Self::Fixed);
        }
        Err(FormatError::new(format!(
            "`{text}` is no number format: write af<bits>_<exponent bits> or q<integer bits>.<fraction bits>"
        )))
    }
}

/// A number as `Display` writes it: `parse` alone would also take `+8` and `08`.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|n: &u32| n.to_string() == text)
}

/// A format that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError(String);

impl FormatError {
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FormatError {}
