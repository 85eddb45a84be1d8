//! A sum onto its leading one: the first half of requantisation to AdaptivFloat<8,3>.

use super::{Leaf, comment, evaluate};
use rust_hdl_core::prelude::*;

/// `alb_af8_3_normalise_<A>`: sign, `ilog2|sum|`, the four bits below the leading one, the guard bit and the
/// sticky bit.
///
/// Each step halves the window that holds the leading one, keeps the five bits below it and gathers the rest
/// in `sticky`. What the next step asks is looked up in both halves before the choice, so that a step costs a
/// multiplexer.
#[derive(LogicBlock, Default)]
pub struct FloatNormalise<const A: usize> {
    sum_i: Signal<In, Bits<A>>,
    sign_o: Signal<Out, Bit>,
    zero_o: Signal<Out, Bit>,
    exponent_o: Signal<Out, Bits<6>>,
    mantissa_o: Signal<Out, Bits<4>>,
    round_o: Signal<Out, Bit>,
    sticky_o: Signal<Out, Bit>,
    magnitude: Signal<Local, Bits<A>>,
    window48: Signal<Local, Bits<48>>,
    window32: Signal<Local, Bits<37>>,
    window16: Signal<Local, Bits<21>>,
    window8: Signal<Local, Bits<13>>,
    window4: Signal<Local, Bits<9>>,
    window2: Signal<Local, Bits<7>>,
    window1: Signal<Local, Bits<6>>,
    high32: Signal<Local, Bit>,
    high16: Signal<Local, Bit>,
    high8: Signal<Local, Bit>,
    high4: Signal<Local, Bit>,
    high2: Signal<Local, Bit>,
    high1: Signal<Local, Bit>,
    sticky: Signal<Local, Bit>,
}

impl<const A: usize> FloatNormalise<A> {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self::default();
        leaf.connect_all();
        leaf
    }
}

impl<const A: usize> Logic for FloatNormalise<A> {
    #[hdl_gen]
    fn update(&mut self) {
        self.sign_o.next = self.sum_i.val().get_bit(A - 1);
        if self.sum_i.val().get_bit(A - 1) {
            self.magnitude.next = 0 - self.sum_i.val();
        } else {
            self.magnitude.next = self.sum_i.val();
        }
        self.window48.next = bit_cast::<48, A>(self.magnitude.val());

        comment!("Each step keeps the half that holds the leading one and five bits below it, and looks");
        comment!("in both halves for what the next step asks.");
        self.high32.next = self.window48.val().get_bits::<16>(32).any();
        if self.high32.val() {
            self.window32.next = bit_cast::<37, 21>(self.window48.val().get_bits::<21>(27));
            self.high16.next = false;
            self.sticky.next = self.window48.val().get_bits::<27>(0).any();
        } else {
            self.window32.next = bit_cast::<37, 32>(self.window48.val().get_bits::<32>(0)) << 5;
            self.high16.next = self.window48.val().get_bits::<16>(16).any();
            self.sticky.next = false;
        }
        if self.high16.val() {
            self.window16.next = self.window32.val().get_bits::<21>(16);
            self.high8.next = self.window32.val().get_bits::<8>(29).any();
            self.sticky.next = self.sticky.val() | self.window32.val().get_bits::<16>(0).any();
        } else {
            self.window16.next = self.window32.val().get_bits::<21>(0);
            self.high8.next = self.window32.val().get_bits::<8>(13).any();
        }
        if self.high8.val() {
            self.window8.next = self.window16.val().get_bits::<13>(8);
            self.high4.next = self.window16.val().get_bits::<4>(17).any();
            self.sticky.next = self.sticky.val() | self.window16.val().get_bits::<8>(0).any();
        } else {
            self.window8.next = self.window16.val().get_bits::<13>(0);
            self.high4.next = self.window16.val().get_bits::<4>(9).any();
        }
        if self.high4.val() {
            self.window4.next = self.window8.val().get_bits::<9>(4);
            self.high2.next = self.window8.val().get_bits::<2>(11).any();
            self.sticky.next = self.sticky.val() | self.window8.val().get_bits::<4>(0).any();
        } else {
            self.window4.next = self.window8.val().get_bits::<9>(0);
            self.high2.next = self.window8.val().get_bits::<2>(7).any();
        }
        if self.high2.val() {
            self.window2.next = self.window4.val().get_bits::<7>(2);
            self.high1.next = self.window4.val().get_bit(8);
            self.sticky.next = self.sticky.val() | self.window4.val().get_bits::<2>(0).any();
        } else {
            self.window2.next = self.window4.val().get_bits::<7>(0);
            self.high1.next = self.window4.val().get_bit(6);
        }
        if self.high1.val() {
            self.window1.next = self.window2.val().get_bits::<6>(1);
            self.sticky.next = self.sticky.val() | self.window2.val().get_bit(0);
        } else {
            self.window1.next = self.window2.val().get_bits::<6>(0);
        }

        comment!("A sum of zero alone has no leading one.");
        self.zero_o.next = !self.window1.val().get_bit(5);
        self.exponent_o.next = (bit_cast::<6, 1>(self.high32.val().into()) << 5)
            | (bit_cast::<6, 1>(self.high16.val().into()) << 4)
            | (bit_cast::<6, 1>(self.high8.val().into()) << 3)
            | (bit_cast::<6, 1>(self.high4.val().into()) << 2)
            | (bit_cast::<6, 1>(self.high2.val().into()) << 1)
            | bit_cast::<6, 1>(self.high1.val().into());
        self.mantissa_o.next = self.window1.val().get_bits::<4>(1);
        self.round_o.next = self.window1.val().get_bit(0);
        self.sticky_o.next = self.sticky.val();
    }
}

impl<const A: usize> Leaf for FloatNormalise<A> {
    fn module_name(&self) -> String {
        format!("alb_af8_3_normalise_{A}")
    }

    fn summary(&self) -> String {
        format!(
            "Two's complement sum of {A} bits to sign, exponent = floor(log2 |sum|), the four bits below the leading one, \
             the bit below them and the OR of the rest. Exact; a sum of zero raises zero_o alone."
        )
    }

    fn parameters(&self) -> Vec<(&'static str, u64)> {
        vec![("A", A as u64)]
    }

    evaluate!(sum_i => sign_o zero_o exponent_o mantissa_o round_o sticky_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaves::test_support::{sums, unsigned};

    fn every_part_is_exact<const A: usize>(random: usize) {
        let mut leaf = FloatNormalise::<A>::new();
        for sum in sums(A as u32, random) {
            let outputs = leaf.evaluate(&[unsigned(sum, A as u32)]);
            let magnitude = u128::from(sum.unsigned_abs()) << 5;
            let expected = match sum.unsigned_abs().checked_ilog2() {
                None => [0, 1, 0, 0, 0, 0],
                Some(p) => {
                    let six = (magnitude >> p) as u64;
                    let rest = magnitude & ((1 << p) - 1) != 0;
                    [u64::from(sum < 0), 0, p.into(), six >> 1 & 15, six & 1, rest.into()]
                }
            };
            assert_eq!(outputs, expected, "sum {sum} of {A} bits");
        }
    }

    #[test]
    fn normalise_keeps_exponent_leading_bits_guard_and_sticky_at_every_width() {
        every_part_is_exact::<16>(100_000);
        every_part_is_exact::<24>(100_000);
        every_part_is_exact::<32>(100_000);
        every_part_is_exact::<37>(100_000);
        every_part_is_exact::<48>(100_000);
        every_part_is_exact::<25>(1000);
        every_part_is_exact::<33>(1000);
        every_part_is_exact::<47>(1000);
    }
}
