//! The lines that GELU's table is interpolated by.

use super::{Leaf, comment, evaluate};
use alberti_arith::tables::{self, Gelu};
use rust_hdl_core::prelude::*;

/// Segments of the table: |x| < 4 in steps of 1/16.
const SEGMENTS: usize = 64;

/// `alb_gelu_line`, or `alb_gelu_erf_line` in the form by the error function: where |x| < 4 begins with the 6 bits `segment`,
///
/// ```text
/// gelu(x) = (256·max(x, 0) + 32·middle + 31 + slope·(r − 32)) ⋙ 8,  r = |x| mod 64
/// ```
///
/// in Q.10. The line is taken from its middle, so that r counts as a signed number. The specification rounds half up twice
/// what it then subtracts: one floor, since a floor of a floor is a floor, with 256 − 1 before it, since a floor is
/// subtracted; all of that but 31 is a multiple of 32, which the middle takes up.
#[derive(LogicBlock)]
pub struct GeluLine {
    segment_i: Signal<In, Bits<6>>,
    middle_o: Signal<Out, Bits<12>>,
    slope_o: Signal<Out, Bits<9>>,
    middles: [Constant<Bits<12>>; SEGMENTS],
    slopes: [Constant<Bits<9>>; SEGMENTS],
    _form: Gelu,
}

impl GeluLine {
    /// The leaf for a form, its signals connected.
    #[must_use]
    pub fn new(form: Gelu) -> Self {
        let entries = tables::gelu(form).map(i64::from);
        let rounding = (255 - 32 - (2 << 6)) >> 5;
        let middle = |j: usize| (rounding - (entries[j] + entries[j + 1])) as u64 & 0xfff;
        let slope = |j: usize| (entries[j] - entries[j + 1]) as u64 & 0x1ff;
        let mut leaf = Self {
            segment_i: Signal::default(),
            middle_o: Signal::default(),
            slope_o: Signal::default(),
            middles: std::array::from_fn(|j| Constant::new(bits(middle(j)))),
            slopes: std::array::from_fn(|j| Constant::new(bits(slope(j)))),
            _form: form,
        };
        leaf.connect_all();
        leaf
    }
}

impl Logic for GeluLine {
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

impl Leaf for GeluLine {
    fn module_name(&self) -> String {
        match self._form {
            Gelu::Tanh => "alb_gelu_line",
            Gelu::Erf => "alb_gelu_erf_line",
        }
        .into()
    }

    fn summary(&self) -> String {
        let by = match self._form {
            Gelu::Tanh => "tanh",
            Gelu::Erf => "the error function",
        };
        format!(
            "GELU, by {by}, in Q.10, of x whose magnitude is less than 4 and begins with these 6 bits and ends with r: \
             (256 * max(x, 0) + 32 * middle + 31 + slope * (r - 32)) >>> 8."
        )
    }

    evaluate!(segment_i => middle_o slope_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alberti_arith::{gelu, wrap};

    #[test]
    fn gelu_line_is_what_gelu_lacks_at_every_magnitude() {
        for form in [Gelu::Tanh, Gelu::Erf] {
            let mut leaf = GeluLine::new(form);
            for a in 0..4096u64 {
                let parts = leaf.evaluate(&[a >> 6]);
                let (middle, slope) = (wrap(parts[0] as i64, 12), wrap(parts[1] as i64, 9));
                let line = 32 * middle + 31 + slope * ((a & 63) as i64 - 32);
                for x in [a as i64, -(a as i64)] {
                    assert_eq!((256 * x.max(0) + line) >> 8, i64::from(gelu(form, x as i32)), "{form:?} of {x}");
                }
            }
        }
    }
}
