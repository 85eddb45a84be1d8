//! The lines that a table of what a function lacks to its limit is interpolated by.

use super::{Leaf, comment, evaluate};
use alberti_arith::{Activation, Lack, Limit, NUMBER_FRACTION_BITS};
use rust_hdl_core::prelude::*;

/// Bits of a line's slope.
pub const SLOPE_BITS: u32 = 9;

/// What the middle holds beside the line: of both roundings, what is a multiple of 32.
const ROUNDING: i64 = (255 - 32 - (2 << 6)) >> 5;

/// Bits of a function's middles, with their sign.
pub fn middle_bits(lack: &Lack) -> u32 {
    let least = (0..lack.segments()).map(|j| middle(lack, j)).min().unwrap_or(0);
    i64::BITS - (-least - 1).leading_zeros() + 1
}

fn middle(lack: &Lack, j: usize) -> i64 {
    ROUNDING - i64::from(lack.entries[j]) - i64::from(lack.entries[j + 1])
}

fn slope(lack: &Lack, j: usize) -> i64 {
    i64::from(lack.entries[j]) - i64::from(lack.entries[j + 1])
}

/// `alb_gelu_line` for GELU by tanh, and so on by the function's word: where |x| begins with the bits
/// `segment`,
///
/// ```text
/// f(x) = (256·limit(x) + 32·middle + 31 + slope·(r − 32)) ⋙ 8,  r = the 6 bits after them
/// ```
///
/// in Q.10; of a function with the limit sign that of |x|. The line is taken from its middle, so that r
/// counts as a signed number. The specification rounds half up twice what it then subtracts: one floor, since
/// a floor of a floor is a floor, with 256 − 1 before it, since a floor is subtracted; all of that but 31 is a
/// multiple of 32, which the middle takes up.
///
/// Segments of `S` bits, of which `ROWS` have a line, and middles of `M` bits.
#[derive(LogicBlock)]
pub struct ActivationLine<const S: usize, const ROWS: usize, const M: usize> {
    segment_i: Signal<In, Bits<S>>,
    middle_o: Signal<Out, Bits<M>>,
    slope_o: Signal<Out, Bits<9>>,
    middles: [Constant<Bits<M>>; ROWS],
    slopes: [Constant<Bits<9>>; ROWS],
    past: Constant<Bits<M>>,
    _function: Activation,
}

/// The lines of a function that has a table.
pub(super) fn of(function: Activation) -> Option<Box<dyn Leaf>> {
    let lack = function.facts().lack?;
    Some(match (lack.segment_bits(), lack.segments(), middle_bits(lack)) {
        (6, 64, 12) => Box::new(ActivationLine::<6, 64, 12>::new(function, lack)),
        (6, 64, 14) => Box::new(ActivationLine::<6, 64, 14>::new(function, lack)),
        (7, 72, 13) => Box::new(ActivationLine::<7, 72, 13>::new(function, lack)),
        (bits, rows, middle) => {
            panic!("{function}: no leaf has {rows} segments of {bits} bits and middles of {middle} bits")
        }
    })
}

impl<const S: usize, const ROWS: usize, const M: usize> ActivationLine<S, ROWS, M> {
    fn new(function: Activation, lack: &Lack) -> Self {
        let two_complement = |value: i64, bits: usize| value as u64 & ((1 << bits) - 1);
        let mut leaf = Self {
            segment_i: Signal::default(),
            middle_o: Signal::default(),
            slope_o: Signal::default(),
            middles: std::array::from_fn(|j| Constant::new(bits(two_complement(middle(lack, j), M)))),
            slopes: std::array::from_fn(|j| Constant::new(bits(two_complement(slope(lack, j), SLOPE_BITS as usize)))),
            past: Constant::new(bits(ROUNDING as u64)),
            _function: function,
        };
        leaf.connect_all();
        leaf
    }
}

impl<const S: usize, const ROWS: usize, const M: usize> Logic for ActivationLine<S, ROWS, M> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("In two's complement. Past the table nothing is lacking.");
        self.middle_o.next = self.past.val();
        self.slope_o.next = 0.into();
        for j in 0..ROWS {
            if self.segment_i.val().index() == j {
                self.middle_o.next = self.middles[j].val();
                self.slope_o.next = self.slopes[j].val();
            }
        }
    }
}

impl<const S: usize, const ROWS: usize, const M: usize> Leaf for ActivationLine<S, ROWS, M> {
    fn module_name(&self) -> String {
        format!("alb_{}_line", self._function)
    }

    fn summary(&self) -> String {
        let facts = self._function.facts();
        let name: Vec<_> = [facts.name, facts.form].into_iter().filter(|part| !part.is_empty()).collect();
        let lack = facts.lack.expect("a line is of a table");
        let (limit, of) = match lack.limit {
            Limit::Relu => ("max(x, 0)", "x whose magnitude"),
            Limit::Sign => ("1024", "a magnitude that"),
        };
        let places = match lack.ignored {
            0 => "r".to_owned(),
            ignored => format!("r and {ignored} more"),
        };
        format!(
            "{}, in Q.10, of {of} is less than {} and begins with these {S} bits and ends with {places}: \
             (256 * {limit} + 32 * middle + 31 + slope * (r - 32)) >>> 8.",
            name.join(", "),
            1u64 << (lack.reach_bits() - NUMBER_FRACTION_BITS),
        )
    }

    fn parameters(&self) -> Vec<(&'static str, u64)> {
        vec![("ROWS", ROWS as u64)]
    }

    evaluate!(segment_i => middle_o slope_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alberti_arith::wrap;

    #[test]
    fn a_line_is_what_its_function_lacks_at_every_magnitude() {
        for &function in Activation::ALL {
            let Some(lack) = function.facts().lack else { continue };
            let mut leaf = of(function).expect("it has a table");
            for a in 0..1 << lack.reach_bits() {
                let parts = leaf.evaluate(&[a >> lack.ignored >> 6]);
                let (middle, slope) = (wrap(parts[0] as i64, middle_bits(lack)), wrap(parts[1] as i64, SLOPE_BITS));
                let line = 32 * middle + 31 + slope * ((a >> lack.ignored & 63) as i64 - 32);
                for x in [a as i64, -(a as i64)] {
                    let expected = match lack.limit {
                        Limit::Relu => (256 * x.max(0) + line) >> 8,
                        Limit::Sign => x.signum() * ((256 * 1024 + line) >> 8),
                    };
                    assert_eq!(expected, function.number(x), "{function} of {x}");
                }
            }
        }
    }
}
