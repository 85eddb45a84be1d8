//! AdaptivFloat (Tambe et al.): a small float whose exponent bias is chosen per tensor or per channel.

use crate::{FormatError, ilog2};

/// AdaptivFloat<bits, exponent bits>: from the top a sign, an exponent field E and a mantissa field M.
///
/// A code stands for `±(2^m + M)·2^E · 2^(bias − m)` with `m` mantissa bits; E = 0, M = 0 is zero. There are
/// no infinities, no NaN and no subnormal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AdaptivFloat {
    bits: u32,
    exponent_bits: u32,
}

impl AdaptivFloat {
    /// The operand format of the accelerator: 1 sign, 3 exponent and 4 mantissa bits.
    pub const AF8_3: Self = Self { bits: 8, exponent_bits: 3 };

    /// A format of `bits` bits, `exponent_bits` of which are exponent.
    ///
    /// # Errors
    /// When `bits` is not within 4..=8, there is no mantissa bit, or `exponent_bits` is not within 1..=4: a
    /// fifth makes products of 67 bits.
    pub fn new(bits: u32, exponent_bits: u32) -> Result<Self, FormatError> {
        if !(4..=8).contains(&bits) || !(1..=4).contains(&exponent_bits) || exponent_bits + 2 > bits {
            return Err(FormatError::new(format!(
                "AdaptivFloat<{bits},{exponent_bits}>: 4 to 8 bits, 1 to 4 of them exponent and at least one mantissa"
            )));
        }
        Ok(Self { bits, exponent_bits })
    }

    /// Width of a code in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Width of the exponent field in bits.
    #[must_use]
    pub const fn exponent_bits(self) -> u32 {
        self.exponent_bits
    }

    /// Width of the mantissa field in bits, without the hidden one.
    #[must_use]
    pub const fn mantissa_bits(self) -> u32 {
        self.bits - 1 - self.exponent_bits
    }

    /// Largest value of the exponent field.
    #[must_use]
    pub const fn max_exponent(self) -> u32 {
        (1 << self.exponent_bits) - 1
    }

    /// The integer `d = ±((2^m + M) ≪ E)` that a code stands for, zero for both codes of zero.
    #[must_use]
    pub fn significand(self, code: u16) -> i64 {
        let m = self.mantissa_bits();
        let mantissa = i64::from(code) & ((1 << m) - 1);
        let exponent = (code >> m) & self.max_exponent() as u16;
        if mantissa == 0 && exponent == 0 {
            return 0;
        }
        let magnitude = ((1 << m) + mantissa) << exponent;
        if code >> (self.bits - 1) & 1 == 1 { -magnitude } else { magnitude }
    }

    /// The exponent bias that lets the largest magnitude of a tensor just fit: `floor(log2 max) − (2^e − 1)`.
    ///
    /// Zero for a tensor that is zero everywhere, and for a maximum that is no finite number.
    #[must_use]
    pub fn bias_for(self, max_magnitude: f64) -> i32 {
        if max_magnitude <= 0.0 || !max_magnitude.is_finite() {
            return 0;
        }
        floor_log2(max_magnitude) - self.max_exponent() as i32
    }

    /// Rounds a magnitude, given as `top·2^(exponent − m)` with `top` within `[2^m, 2^(m+1)]`, onto a code.
    ///
    /// `top == 2^(m+1)` is the carry of a mantissa that rounded up. Magnitudes past the largest code
    /// saturate; the octave below the smallest code rounds up to it; smaller ones become zero.
    pub(crate) fn encode(self, negative: bool, mut top: i64, mut exponent: i64) -> u16 {
        let m = self.mantissa_bits();
        let hidden = 1i64 << m;
        if top == 2 * hidden {
            top = hidden;
            exponent += 1;
        }
        if exponent > i64::from(self.max_exponent()) {
            exponent = self.max_exponent().into();
            top = 2 * hidden - 1;
        } else if exponent == -1 {
            exponent = 0;
            top = hidden + 1;
        } else if exponent < -1 {
            return 0;
        }
        if exponent == 0 && top == hidden {
            top = hidden + 1;
        }
        (u16::from(negative) << (self.bits - 1)) | ((exponent as u16) << m) | (top - hidden) as u16
    }

    /// Quantises a real number at the given exponent bias, rounding half to even. NaN becomes zero.
    #[must_use]
    pub fn quantize(self, x: f64, bias: i32) -> u16 {
        if x.is_infinite() {
            return self.encode(x < 0.0, 1 << self.mantissa_bits(), i64::MAX);
        }
        if x == 0.0 || x.is_nan() {
            return 0;
        }
        let p = floor_log2(x.abs());
        // In two steps, since 2^−p of a subnormal number is no f64.
        let half = p / 2;
        let scaled = x.abs() * f64::from(-half).exp2() * f64::from(self.mantissa_bits() as i32 - (p - half)).exp2();
        self.encode(x < 0.0, scaled.round_ties_even() as i64, i64::from(p) - i64::from(bias))
    }

    /// The real number that a code stands for at the given exponent bias.
    #[must_use]
    pub fn value(self, code: u16, bias: i32) -> f64 {
        self.significand(code) as f64 * f64::from(bias - self.mantissa_bits() as i32).exp2()
    }

    /// Requantises the magnitude `u` of an integer sum: `u·2^(−shift)` in units of the format's bias.
    pub(crate) fn encode_magnitude(self, negative: bool, u: u64, shift: i32) -> u16 {
        if u == 0 {
            return 0;
        }
        let m = self.mantissa_bits();
        let p = ilog2(u);
        let top = if p > m {
            let drop = p - m;
            let (kept, rest, half) = (u >> drop, u & ((1 << drop) - 1), 1 << (drop - 1));
            kept + u64::from(rest > half || (rest == half && kept & 1 == 1))
        } else {
            u << (m - p)
        };
        self.encode(negative, top as i64, i64::from(p) - i64::from(shift))
    }
}

/// `floor(log2(x))` of a positive finite number, exact at powers of two and below the normal range.
fn floor_log2(x: f64) -> i32 {
    let bits = x.to_bits();
    let field = (bits >> 52) as i32 & 0x7ff;
    if field == 0 {
        // Subnormal: the leading one of the fraction decides.
        63 - (bits & ((1 << 52) - 1)).leading_zeros() as i32 - 1074
    } else {
        field - 1023
    }
}
