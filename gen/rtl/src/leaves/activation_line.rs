//! The lines that a table of what a function lacks to ReLU is interpolated by.

use super::{Leaf, comment, evaluate};
use alberti_arith::Activation;
use rust_hdl_core::prelude::*;

/// Segments of the table: |x| < 4 in steps of 1/16.
const SEGMENTS: usize = 64;

/// `alb_gelu_line` for GELU by tanh, and so on by the function's word: where |x| < 4 begins with the 6 bits
/// `segment`,
///
/// ```text
/// f(x) = (256·max(x, 0) + 32·middle + 31 + slope·(r − 32)) ⋙ 8,  r = |x| mod 64
/// ```
///
/// in Q.10. The line is taken from its middle, so that r counts as a signed number. The specification rounds
/// half up twice what it then subtracts: one floor, since a floor of a floor is a floor, with 256 − 1 before
/// it, since a floor is subtracted; all of that but 31 is a multiple of 32, which the middle takes up.
#[derive(LogicBlock)]
pub struct ActivationLine {
    segment_i: Signal<In, Bits<6>>,
    middle_o: Signal<Out, Bits<12>>,
    slope_o: Signal<Out, Bits<9>>,
    middles: [Constant<Bits<12>>; SEGMENTS],
    slopes: [Constant<Bits<9>>; SEGMENTS],
    _function: Activation,
}

impl ActivationLine {
    /// The leaf for a function and its table, its signals connected.
    #[must_use]
    pub fn new(function: Activation, table: &[u16; SEGMENTS + 1]) -> Self {
        let entries = table.map(i64::from);
        let rounding = (255 - 32 - (2 << 6)) >> 5;
        let middle = |j: usize| (rounding - (entries[j] + entries[j + 1])) as u64 & 0xfff;
        let slope = |j: usize| (entries[j] - entries[j + 1]) as u64 & 0x1ff;
        let mut leaf = Self {
            segment_i: Signal::default(),
            middle_o: Signal::default(),
            slope_o: Signal::default(),
            middles: std::array::from_fn(|j| Constant::new(bits(middle(j)))),
            slopes: std::array::from_fn(|j| Constant::new(bits(slope(j)))),
            _function: function,
        };
        leaf.connect_all();
        leaf
    }
}

impl Logic for ActivationLine {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("In two's complement.");
        for j in 0..64 {
            if self.segment_i.val().index() == j {
                self.middle_o.next = self.middles[j].val();
                self.slope_o.next = self.slopes[j].val();
            }
        }
    }
}

impl Leaf for ActivationLine {
    fn module_name(&self) -> String {
        format!("alb_{}_line", self._function)
    }

    fn summary(&self) -> String {
        let facts = self._function.facts();
        let name: Vec<_> = [facts.name, facts.form].into_iter().filter(|part| !part.is_empty()).collect();
        format!(
            "{}, in Q.10, of x whose magnitude is less than 4 and begins with these 6 bits and ends with r: \
             (256 * max(x, 0) + 32 * middle + 31 + slope * (r - 32)) >>> 8.",
            name.join(", ")
        )
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
            let Some(mut leaf) = crate::leaves::activation_line(function) else { continue };
            for a in 0..4096u64 {
                let parts = leaf.evaluate(&[a >> 6]);
                let (middle, slope) = (wrap(parts[0] as i64, 12), wrap(parts[1] as i64, 9));
                let line = 32 * middle + 31 + slope * ((a & 63) as i64 - 32);
                for x in [a as i64, -(a as i64)] {
                    assert_eq!((256 * x.max(0) + line) >> 8, function.number(x), "{function} of {x}");
                }
            }
        }
    }
}
