//! A sum times a power of two: the first half of requantisation to fixed point.

use super::{Leaf, comment, evaluate};
use rust_hdl_core::prelude::*;

/// `alb_fixed_shift_<A>`: `sum·2^-shift` as sign, overflow, 15 bits of integer part and the bit below the
/// point.
///
/// Bits are taken where they differ from the sign, so that an overflow is an OR and what is shifted in above
/// is zero. Left shifts by more than 16 are taken as 16, where everything but zero overflows; right shifts by
/// 48 and more round to zero at any width.
#[derive(LogicBlock, Default)]
pub struct FixedShift<const A: usize> {
    sum_i: Signal<In, Bits<A>>,
    shift_i: Signal<In, Bits<7>>,
    sign_o: Signal<Out, Bit>,
    overflow_o: Signal<Out, Bit>,
    value_o: Signal<Out, Bits<15>>,
    round_o: Signal<Out, Bit>,
    flipped: Signal<Local, Bits<A>>,
    window64: Signal<Local, Bits<65>>,
    window32: Signal<Local, Bits<47>>,
    window16: Signal<Local, Bits<31>>,
    window8: Signal<Local, Bits<23>>,
    window4: Signal<Local, Bits<19>>,
    window2: Signal<Local, Bits<17>>,
    window1: Signal<Local, Bits<16>>,
    left: Signal<Local, Bit>,
    far: Signal<Local, Bit>,
    distance: Signal<Local, Bits<6>>,
    overflow: Signal<Local, Bit>,
}

impl<const A: usize> FixedShift<A> {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self::default();
        leaf.connect_all();
        leaf
    }
}

impl<const A: usize> Logic for FixedShift<A> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The distance to the right from a sum moved left by 16; at most 63, or far.");
        self.left.next = self.shift_i.val().get_bit(6);
        self.far.next = !self.left.val() & self.shift_i.val().get_bits::<2>(4).all();
        if !self.left.val() {
            self.distance.next = self.shift_i.val().get_bits::<6>(0) + 16;
        } else if self.shift_i.val().get_bits::<2>(4).all() {
            self.distance.next = bit_cast::<6, 4>(self.shift_i.val().get_bits::<4>(0));
        } else {
            self.distance.next = 0.into();
        }

        comment!("A bit is one where it differs from the sign.");
        if self.sum_i.val().get_bit(A - 1) {
            self.flipped.next = !self.sum_i.val();
            self.window64.next = (bit_cast::<65, A>(self.flipped.val()) << 17) | 0x1ffff;
        } else {
            self.flipped.next = self.sum_i.val();
            self.window64.next = bit_cast::<65, A>(self.flipped.val()) << 17;
        }

        comment!("Each step keeps what the remaining distance can still bring into the result.");
        if self.far.val() {
            self.window32.next = 0.into();
            self.overflow.next = false;
        } else if self.distance.val().get_bit(5) {
            self.window32.next = bit_cast::<47, 33>(self.window64.val().get_bits::<33>(32));
            self.overflow.next = false;
        } else {
            self.window32.next = self.window64.val().get_bits::<47>(0);
            self.overflow.next = self.window64.val().get_bits::<18>(47).any();
        }
        if self.distance.val().get_bit(4) {
            self.window16.next = self.window32.val().get_bits::<31>(16);
        } else {
            self.window16.next = self.window32.val().get_bits::<31>(0);
            self.overflow.next = self.overflow.val() | self.window32.val().get_bits::<16>(31).any();
        }
        if self.distance.val().get_bit(3) {
            self.window8.next = self.window16.val().get_bits::<23>(8);
        } else {
            self.window8.next = self.window16.val().get_bits::<23>(0);
            self.overflow.next = self.overflow.val() | self.window16.val().get_bits::<8>(23).any();
        }
        if self.distance.val().get_bit(2) {
            self.window4.next = self.window8.val().get_bits::<19>(4);
        } else {
            self.window4.next = self.window8.val().get_bits::<19>(0);
            self.overflow.next = self.overflow.val() | self.window8.val().get_bits::<4>(19).any();
        }
        if self.distance.val().get_bit(1) {
            self.window2.next = self.window4.val().get_bits::<17>(2);
        } else {
            self.window2.next = self.window4.val().get_bits::<17>(0);
            self.overflow.next = self.overflow.val() | self.window4.val().get_bits::<2>(17).any();
        }
        if self.distance.val().get_bit(0) {
            self.window1.next = self.window2.val().get_bits::<16>(1);
        } else {
            self.window1.next = self.window2.val().get_bits::<16>(0);
            self.overflow.next = self.overflow.val() | self.window2.val().get_bit(16);
        }

        self.sign_o.next = self.sum_i.val().get_bit(A - 1);
        self.overflow_o.next = self.overflow.val();
        self.value_o.next = self.window1.val().get_bits::<15>(1);
        self.round_o.next = self.window1.val().get_bit(0);
    }
}

impl<const A: usize> Leaf for FixedShift<A> {
    fn module_name(&self) -> String {
        format!("alb_fixed_shift_{A}")
    }

    fn summary(&self) -> String {
        format!(
            "Two's complement sum of {A} bits times 2^-shift (signed), rounded down: sign, overflow of 16 bits, the 15 bits \
             below the sign and the bit below the point, each as it differs from the sign. Exact."
        )
    }

    fn parameters(&self) -> Vec<(&'static str, u64)> {
        vec![("A", A as u64)]
    }

    evaluate!(sum_i shift_i => sign_o overflow_o value_o round_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaves::test_support::{sums, unsigned};
    use alberti_arith::rhu;

    fn the_parts_are_rhu<const A: usize>(random: usize) {
        let mut leaf = FixedShift::<A>::new();
        for (i, sum) in sums(A as u32, random).enumerate() {
            let shifts = if i % 64 == 0 { -64..64 } else { (i % 64) as i32 - 18..(i % 64) as i32 - 16 };
            for shift in shifts {
                let outputs = leaf.evaluate(&[unsigned(sum, A as u32), unsigned(shift.into(), 7)]);
                let [sign, overflow, value, round] = outputs[..] else { panic!() };
                let mask = sign.wrapping_neg();
                let down = ((mask << 15) | (value ^ (mask & 0x7fff))) as i64;
                let rounded = rhu(sum, shift);
                assert_eq!(sign == 1, sum < 0);
                if overflow == 1 {
                    assert!(rounded <= -0x8000 || rounded >= 0x8000, "sum {sum} of {A} bits, shift {shift}: {rounded}");
                } else {
                    assert_eq!(down + i64::from(round != sign), rounded, "sum {sum} of {A} bits, shift {shift}");
                }
            }
        }
    }

    #[test]
    fn fixed_shift_is_rhu_wherever_it_does_not_overflow() {
        the_parts_are_rhu::<24>(20_000);
        the_parts_are_rhu::<37>(20_000);
        the_parts_are_rhu::<48>(20_000);
    }
}
