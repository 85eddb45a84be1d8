//! One octave of logarithms, for softmax and entropy.

use super::{Leaf, comment, evaluate};
use alberti_arith::tables;
use rust_hdl_core::prelude::*;

/// `alb_log2_octave`: `log2(1 + mantissa)` in Q.10, 0 to 1024, of a mantissa in Q.12: 32 segments with linear
/// interpolation.
///
/// The interpolation is cut off and its sum rounded half up: both in one sum with seven and four bits below
/// the last.
#[derive(LogicBlock)]
pub struct Log2Octave {
    mantissa_i: Signal<In, Bits<12>>,
    log_o: Signal<Out, Bits<11>>,
    segment: Signal<Local, Bits<5>>,
    base: Signal<Local, Bits<22>>,
    step: Signal<Local, Bits<16>>,
    product: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<22>>,
    unused: Signal<Local, Bit>,
    bases: [Constant<Bits<22>>; 32],
    steps: [Constant<Bits<16>>; 32],
}

impl Log2Octave {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let entries = tables::log2();
        let mut leaf = Self {
            mantissa_i: Signal::default(),
            log_o: Signal::default(),
            segment: Signal::default(),
            base: Signal::default(),
            step: Signal::default(),
            product: Signal::default(),
            rounded: Signal::default(),
            unused: Signal::default(),
            bases: std::array::from_fn(|j| Constant::new(bits((u64::from(entries[j]) << 7) + (8 << 7)))),
            steps: std::array::from_fn(|j| Constant::new(bits((entries[j + 1] - entries[j]).into()))),
        };
        leaf.connect_all();
        leaf
    }
}

impl Default for Log2Octave {
    fn default() -> Self {
        Self::new()
    }
}

impl Logic for Log2Octave {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Each base has its half of a last place added.");
        self.segment.next = self.mantissa_i.val().get_bits::<5>(7);
        for j in 0..32 {
            if self.segment.val().index() == j {
                self.base.next = self.bases[j].val();
                self.step.next = self.steps[j].val();
            }
        }

        comment!("A step has 10 bits, its product with the place in the segment 17.");
        self.product.next = self.step.val() * bit_cast::<16, 7>(self.mantissa_i.val().get_bits::<7>(0));
        self.rounded.next = self.base.val() + bit_cast::<22, 17>(self.product.val().get_bits::<17>(0));
        self.log_o.next = self.rounded.val().get_bits::<11>(11);
        self.unused.next = self.product.val().get_bits::<15>(17).any() | self.rounded.val().get_bits::<11>(0).any();
    }
}

impl Leaf for Log2Octave {
    fn module_name(&self) -> String {
        "alb_log2_octave".into()
    }

    fn summary(&self) -> String {
        "log2(1 + mantissa) in Q.10, 0 to 1024, of a mantissa in Q.12: 32 segments with linear interpolation, cut off at \
         Q.14, then rounded half up."
            .into()
    }

    evaluate!(mantissa_i => log_o);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octave_is_log2u_for_every_mantissa() {
        let mut leaf = Log2Octave::new();
        for mantissa in 0..4096u64 {
            let expected = alberti_arith::log2u(4096 + mantissa) + 3 * 1024;
            assert_eq!(leaf.evaluate(&[mantissa]), [expected as u64], "mantissa {mantissa}");
        }
    }
}
