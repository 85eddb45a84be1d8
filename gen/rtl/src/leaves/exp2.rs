//! One octave of powers of two, for softmax and entropy, in two leaves between which a register can stand.
//!
//! `EX − ((step·place + 16) ≫ 5)` in one sum: `(32·EX + 15 − step·place) ≫ 5`. The steps fall, so they are
//! kept positive and taken away.

use super::{Leaf, comment, evaluate};
use alberti_arith::tables;
use rust_hdl_core::prelude::*;

/// `alb_exp2_segment`: the line of the table that a fraction lies on, by its upper 5 bits.
#[derive(LogicBlock)]
pub struct Exp2Segment {
    segment_i: Signal<In, Bits<5>>,
    base_o: Signal<Out, Bits<21>>,
    step_o: Signal<Out, Bits<10>>,
    bases: [Constant<Bits<21>>; 32],
    steps: [Constant<Bits<10>>; 32],
}

impl Exp2Segment {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let entries = tables::exp2();
        let mut leaf = Self {
            segment_i: Signal::default(),
            base_o: Signal::default(),
            step_o: Signal::default(),
            bases: std::array::from_fn(|j| Constant::new(bits((u64::from(entries[j]) << 5) + 15))),
            steps: std::array::from_fn(|j| Constant::new(bits((entries[j] - entries[j + 1]).into()))),
        };
        leaf.connect_all();
        leaf
    }
}

impl Default for Exp2Segment {
    fn default() -> Self {
        Self::new()
    }
}

impl Logic for Exp2Segment {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Each base has five bits below the last, and nearly half a last place added.");
        self.base_o.next = self.bases[0].val();
        self.step_o.next = self.steps[0].val();
        for j in 1..32 {
            if self.segment_i.val().index() == j {
                self.base_o.next = self.bases[j].val();
                self.step_o.next = self.steps[j].val();
            }
        }
    }
}

impl Leaf for Exp2Segment {
    fn module_name(&self) -> String {
        "alb_exp2_segment".into()
    }

    fn summary(&self) -> String {
        "Upper 5 bits of a fraction to 2^(-fraction) at the segment's lower end, in Q1.20 with the half that rounds less one, \
         and how much less it is at its upper end, in Q.15."
            .into()
    }

    evaluate!(segment_i => base_o step_o);
}

/// `alb_exp2_interpolate`: the power on its line, by the lower 5 bits of the fraction.
#[derive(LogicBlock, Default)]
pub struct Exp2Interpolate {
    base_i: Signal<In, Bits<21>>,
    step_i: Signal<In, Bits<10>>,
    place_i: Signal<In, Bits<5>>,
    power_o: Signal<Out, Bits<16>>,
    product: Signal<Local, Bits<32>>,
    exact: Signal<Local, Bits<21>>,
    unused: Signal<Local, Bit>,
}

impl Exp2Interpolate {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self::default();
        leaf.connect_all();
        leaf
    }
}

impl Logic for Exp2Interpolate {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The product of a step of 10 bits with the place in the segment has 15.");
        self.product.next = bit_cast::<16, 10>(self.step_i.val()) * bit_cast::<16, 5>(self.place_i.val());
        self.exact.next = self.base_i.val() - bit_cast::<21, 15>(self.product.val().get_bits::<15>(0));
        self.power_o.next = self.exact.val().get_bits::<16>(5);
        self.unused.next = self.product.val().get_bits::<17>(15).any() | self.exact.val().get_bits::<5>(0).any();
    }
}

impl Leaf for Exp2Interpolate {
    fn module_name(&self) -> String {
        "alb_exp2_interpolate".into()
    }

    fn summary(&self) -> String {
        "2^(-fraction) in Q1.15 between the ends of a segment, rounded half up, taken from the lower one.".into()
    }

    evaluate!(base_i step_i place_i => power_o);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_leaves_are_exp2n_for_every_fraction_of_an_octave() {
        let (mut segment, mut interpolate) = (Exp2Segment::new(), Exp2Interpolate::new());
        for fraction in 0..1024 {
            let [base, step] = segment.evaluate(&[fraction >> 5])[..] else { panic!() };
            let power = interpolate.evaluate(&[base, step, fraction & 31]);
            assert_eq!(power, [u64::from(alberti_arith::exp2n(fraction as u32))], "fraction {fraction}");
        }
    }
}
