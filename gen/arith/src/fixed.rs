//! Fixed point Qi.f in two's complement, with a power-of-two scale per tensor.

use crate::{FormatError, saturate};

/// Fixed point with `integer_bits` (sign included) before and `fraction_bits` after the point.
///
/// A code stands for `code·2^(scale − f)`; the scale is per tensor, since a fixed ±4 does not hold a
/// transformer's residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fixed {
    integer_bits: u32,
    fraction_bits: u32,
}

impl Fixed {
    /// 8 bits, 5 of them fraction.
    pub const Q3_5: Self = Self { integer_bits: 3, fraction_bits: 5 };
    /// 8 bits, 7 of them fraction.
    pub const Q1_7: Self = Self { integer_bits: 1, fraction_bits: 7 };
    /// 16 bits, 13 of them fraction.
    pub const Q3_13: Self = Self { integer_bits: 3, fraction_bits: 13 };

    /// A Qi.f format of 8 or 16 bits in all.
    ///
    /// # Errors
    /// When `i + f` is neither 8 nor 16, or there is no integer bit to hold the sign.
    pub fn new(integer_bits: u32, fraction_bits: u32) -> Result<Self, FormatError> {
        if integer_bits == 0 || !matches!(integer_bits.checked_add(fraction_bits), Some(8 | 16)) {
            return Err(FormatError::new(format!(
                "Q{integer_bits}.{fraction_bits}: integer bits (the sign is one of them) and fraction bits must add up to 8 or 16"
            )));
        }
        Ok(Self { integer_bits, fraction_bits })
    }

    /// Width of a code in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.integer_bits + self.fraction_bits
    }

    /// Bits before the point, with the sign.
    #[must_use]
    pub const fn integer_bits(self) -> u32 {
        self.integer_bits
    }

    /// Bits after the point.
    #[must_use]
    pub const fn fraction_bits(self) -> u32 {
        self.fraction_bits
    }

    /// The two's complement integer that a code stands for.
    #[must_use]
    pub fn significand(self, code: u16) -> i64 {
        crate::wrap(code.into(), self.bits())
    }

    /// The code of an integer, saturated.
    #[must_use]
    pub fn code(self, significand: i64) -> u16 {
        saturate(significand, self.bits()) as u16 & (u16::MAX >> (16 - self.bits()))
    }

    /// The smallest scale, −32 or more, at which the largest magnitude of a tensor does not saturate.
    ///
    /// Zero for a tensor that is zero everywhere, and for a maximum that is no finite number.
    #[must_use]
    pub fn scale_for(self, max_magnitude: f64) -> i32 {
        if max_magnitude <= 0.0 || !max_magnitude.is_finite() {
            return 0;
        }
        let limit = ((1i64 << (self.bits() - 1)) - 1) as f64 + 0.5;
        let mut scale = -32;
        while max_magnitude * f64::from(self.fraction_bits as i32 - scale).exp2() >= limit {
            scale += 1;
        }
        scale
    }

    /// Quantises a real number at the given scale: round half up, saturate. NaN becomes zero.
    #[must_use]
    pub fn quantize(self, x: f64, scale: i32) -> u16 {
        let scaled = x * f64::from(self.fraction_bits as i32 - scale).exp2();
        // Not `(scaled + 0.5).floor()`: that sum rounds, and the largest f64 below one half would become one.
        let floor = scaled.floor();
        self.code(if scaled - floor >= 0.5 { floor + 1.0 } else { floor } as i64)
    }

    /// The real number that a code stands for at the given scale.
    #[must_use]
    pub fn value(self, code: u16, scale: i32) -> f64 {
        self.significand(code) as f64 * f64::from(scale - self.fraction_bits as i32).exp2()
    }
}
