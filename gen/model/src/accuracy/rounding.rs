//! Real numbers to the formats of the units, and what is lost on the way beyond rounding.

use super::findings::Rounded;
use alberti_arith::{Format, saturate};

/// A fixed-point format: bits in all, and those after the point.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// As documents write it.
    pub name: &'static str,
    bits: u32,
    fraction_bits: u32,
}

/// Attention scores, base 2.
pub const Q8_8: Fixed = Fixed { name: "q8.8", bits: 16, fraction_bits: 8 };
/// Residual sums.
pub const Q9_7: Fixed = Fixed { name: "q9.7", bits: 16, fraction_bits: 7 };
/// γ.
pub const Q2_14: Fixed = Fixed { name: "q2.14", bits: 16, fraction_bits: 14 };
/// β, layer norm's results, logits.
pub const Q6_10: Fixed = Fixed { name: "q6.10", bits: 16, fraction_bits: 10 };
/// Pre-activations.
pub const Q14_10: Fixed = Fixed { name: "q14.10", bits: 24, fraction_bits: 10 };

impl Fixed {
    /// One last place.
    pub fn place(self) -> f64 {
        f64::from(-(self.fraction_bits as i32)).exp2()
    }

    /// The number that an integer stands for.
    pub fn value(self, integer: impl Into<i64>) -> f64 {
        integer.into() as f64 * self.place()
    }

    /// The same for the golden models, of a format of 16 bits.
    pub fn format(self) -> Format {
        self.name.parse().expect("16 bits are a format")
    }

    /// To nearest, halves up, saturating.
    pub fn round(self, x: f64) -> i64 {
        saturate(self.unbounded(x), self.bits)
    }

    fn unbounded(self, x: f64) -> i64 {
        (x / self.place() + 0.5).floor() as i64
    }
}

/// What became of the numbers in a format so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    values: u64,
    largest: f64,
    saturated: u64,
    vanished: u64,
}

impl Tally {
    /// Rounds to 16 bits or fewer.
    pub fn row16(&mut self, format: Fixed, row: &[f64]) -> Vec<i16> {
        row.iter().map(|&x| self.round(format, x) as i16).collect()
    }

    /// Rounds a number.
    pub fn round(&mut self, format: Fixed, x: f64) -> i64 {
        let integer = format.round(x);
        self.note(x, integer != format.unbounded(x), integer == 0);
        integer
    }

    /// Notes that a code of AF<8,3> at this bias stands for x.
    pub fn code(&mut self, x: f64, code: u16, bias: i32) {
        self.note(x, x.abs() >= 31.5 * f64::from(bias + 3).exp2(), code == 0);
    }

    fn note(&mut self, x: f64, saturated: bool, zero: bool) {
        self.values += 1;
        self.largest = self.largest.max(x.abs());
        self.saturated += u64::from(saturated);
        self.vanished += u64::from(zero && x != 0.0);
    }

    /// What came together.
    pub fn finish(self, unit: &'static str, sample: &'static str, what: &'static str, format: &'static str) -> Rounded {
        let Self { values, largest, saturated, vanished } = self;
        Rounded { unit, sample, what, format, values, max_magnitude: largest, saturated, vanished }
    }
}

/// The last mantissa place that AF<8,3> has for x, none where x is past its ends: 17/16 to 31/16·2^7, times
/// 2^bias.
pub fn mantissa_place(x: f64, bias: i32) -> Option<f64> {
    let magnitude = x.abs() * f64::from(-bias).exp2();
    (17.0 / 16.0..=248.0).contains(&magnitude).then(|| (x.abs().log2().floor() - 4.0).exp2())
}

/// The number that an AF<8,3> code stands for.
pub fn af8_3(code: u16, bias: i32) -> f64 {
    Format::AF8_3.value(code, bias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up_and_the_ends_hold() {
        let mut tally = Tally::default();
        let row = [1.0 / 256.0, -1.0 / 256.0, 255.997, -300.0, 1e-4, 0.0];
        assert_eq!(tally.row16(Q9_7, &row), [1, 0, i16::MAX, i16::MIN, 0, 0]);
        let rounded = tally.finish("unit", "rows", "what", Q9_7.name);
        assert_eq!((rounded.values, rounded.max_magnitude), (6, 300.0));
        assert_eq!((rounded.saturated, rounded.vanished), (2, 2));
        assert_eq!(Q14_10.round(1e9), (1 << 23) - 1);
        assert_eq!(Q6_10.value(1536), 1.5);
    }

    #[test]
    fn a_mantissa_place_is_a_sixteenth_of_its_octave() {
        assert_eq!(mantissa_place(-3.0, -4), Some(0.125));
        assert_eq!([mantissa_place(1.0, 0), mantissa_place(249.0, 0), mantissa_place(0.0, 0)], [None; 3]);
        assert_eq!((mantissa_place(248.0, 0), mantissa_place(17.0 / 16.0, 0)), (Some(8.0), Some(1.0 / 16.0)));
    }

    #[test]
    fn codes_past_the_ends_are_counted() {
        let mut tally = Tally::default();
        for (x, saturated, vanished) in [(0.96, 0, 0), (0.97, 0, 0), (0.99, 1, 0), (1e-4, 1, 1), (0.0, 1, 1)] {
            tally.code(x, Format::AF8_3.quantize(x, -8), -8);
            assert_eq!((tally.saturated, tally.vanished), (saturated, vanished), "{x}");
        }
    }
}
