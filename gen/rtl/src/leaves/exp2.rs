//! One octave of powers of two, for softmax and entropy.

use super::{Leaf, comment, evaluate};
use alberti_arith::tables;
use rust_hdl_core::prelude::*;

/// `alb_exp2_octave`: `2^(−fraction)` in Q1.15, of a fraction in Q.10: 32 segments with linear interpolation.
///
/// `EX − ((step·r + 16) ≫ 5)` in one sum: `(32·EX + 15 − step·r) ≫ 5`. The steps fall, so they are kept positive and taken
/// away.
#[derive(LogicBlock)]
pub struct Exp2Octave {
    fraction_i: Signal<In, Bits<10>>,
    power_o: Signal<Out, Bits<16>>,
    segment: Signal<Local, Bits<5>>,
    base: Signal<Local, Bits<21>>,
    step: Signal<Local, Bits<16>>,
    product: Signal<Local, Bits<32>>,
    exact: Signal<Local, Bits<21>>,
    unused: Signal<Local, Bit>,
    bases: [Constant<Bits<21>>; 32],
    steps: [Constant<Bits<16>>; 32],
}

impl Exp2Octave {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let entries = tables::exp2();
        let mut leaf = Self {
            fraction_i: Signal::default(),
            power_o: Signal::default(),
            segment: Signal::default(),
            base: Signal::default(),
            step: Signal::default(),
            product: Signal::default(),
            exact: Signal::default(),
            unused: Signal::default(),
            bases: std::array::from_fn(|j| Constant::new(bits((u64::from(entries[j]) << 5) + 15))),
            steps: std::array::from_fn(|j| Constant::new(bits((entries[j] - entries[j + 1]).into()))),
        };
        leaf.connect_all();
        leaf
    }
}

impl Default for Exp2Octave {
    fn default() -> Self {
        Self::new()
    }
}

impl Logic for Exp2Octave {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Each base has five bits below the last, and nearly half a last place added.");
        self.segment.next = self.fraction_i.val().get_bits::<5>(5);
        for j in 0..32 {
            if self.segment.val().index() == j {
                self.base.next = self.bases[j].val();
                self.step.next = self.steps[j].val();
            }
        }

        comment!("A step has 10 bits, its product with the place in the segment 15.");
        self.product.next = self.step.val() * bit_cast::<16, 5>(self.fraction_i.val().get_bits::<5>(0));
        self.exact.next = self.base.val() - bit_cast::<21, 15>(self.product.val().get_bits::<15>(0));
        self.power_o.next = self.exact.val().get_bits::<16>(5);
        self.unused.next = self.product.val().get_bits::<17>(15).any() | self.exact.val().get_bits::<5>(0).any();
    }
}

impl Leaf for Exp2Octave {
    fn module_name(&self) -> String {
        "alb_exp2_octave".into()
    }

    fn summary(&self) -> String {
        "2^(-fraction) in Q1.15, of a fraction in Q.10: 32 segments with linear interpolation, rounded half up, taken \
         from the entry below."
            .into()
    }

    evaluate!(fraction_i => power_o);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octave_is_exp2n_for_every_fraction() {
        let mut leaf = Exp2Octave::new();
        for fraction in 0..1024 {
            let expected = alberti_arith::exp2n(fraction);
            assert_eq!(leaf.evaluate(&[fraction.into()]), [u64::from(expected)], "fraction {fraction}");
        }
    }
}
