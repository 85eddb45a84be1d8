//! A normalised sum to its code: the second half of requantisation to AdaptivFloat<8,3>.

use super::{Leaf, comment, evaluate};
use rust_hdl_core::prelude::*;

/// `alb_af8_3_round`: rounds to nearest even, scales by `2^-shift`, saturates.
///
/// Exponent and mantissa are one number, so that a mantissa that rounds up to two carries into the exponent
/// by itself.
#[derive(LogicBlock, Default)]
pub struct FloatRound {
    sign_i: Signal<In, Bit>,
    zero_i: Signal<In, Bit>,
    exponent_i: Signal<In, Bits<6>>,
    mantissa_i: Signal<In, Bits<4>>,
    round_i: Signal<In, Bit>,
    sticky_i: Signal<In, Bit>,
    shift_i: Signal<In, Bits<7>>,
    code_o: Signal<Out, Bits<8>>,
    offset: Signal<Local, Bits<8>>,
    up: Signal<Local, Bit>,
    scaled: Signal<Local, Bits<12>>,
    vanished: Signal<Local, Bit>,
    magnitude: Signal<Local, Bits<7>>,
}

impl FloatRound {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self::default();
        leaf.connect_all();
        leaf
    }
}

impl Logic for FloatRound {
    #[hdl_gen]
    fn update(&mut self) {
        self.offset.next = bit_cast::<8, 6>(self.exponent_i.val())
            - ((bit_cast::<8, 1>(self.shift_i.val().get_bit(6).into()) << 7) | bit_cast::<8, 7>(self.shift_i.val()));
        self.up.next = self.round_i.val() & (self.sticky_i.val() | self.mantissa_i.val().get_bit(0));

        comment!("Exponent and mantissa are one number: a mantissa that rounds up to two carries.");
        self.scaled.next =
            ((bit_cast::<12, 8>(self.offset.val()) << 4) | bit_cast::<12, 4>(self.mantissa_i.val())) + self.up.val();

        comment!("A half of the smallest value rounds up to it; less vanishes, and the sign with it.");
        self.vanished.next =
            self.zero_i.val() | (self.scaled.val().get_bit(11) & !self.scaled.val().get_bits::<7>(4).all());
        if self.scaled.val().get_bit(11) {
            self.magnitude.next = 1.into();
        } else if self.scaled.val().get_bits::<4>(7).any() {
            self.magnitude.next = 127.into();
        } else if !self.scaled.val().get_bits::<7>(0).any() {
            self.magnitude.next = 1.into();
        } else {
            self.magnitude.next = self.scaled.val().get_bits::<7>(0);
        }
        if self.vanished.val() {
            self.code_o.next = 0.into();
        } else {
            self.code_o.next =
                (bit_cast::<8, 1>(self.sign_i.val().into()) << 7) | bit_cast::<8, 7>(self.magnitude.val());
        }
    }
}

impl Leaf for FloatRound {
    fn module_name(&self) -> String {
        "alb_af8_3_round".into()
    }

    fn summary(&self) -> String {
        "Normalised sum, times 2^-shift (signed), to AdaptivFloat<8,3>: rounds to nearest even; saturates above the \
         largest code; the octave below the smallest code becomes that code, less becomes zero."
            .into()
    }

    evaluate!(sign_i zero_i exponent_i mantissa_i round_i sticky_i shift_i => code_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaves::FloatNormalise;
    use crate::leaves::test_support::{sums, unsigned};
    use alberti_arith::{Format, requantize};

    struct Requantize<const A: usize>(FloatNormalise<A>, FloatRound);

    impl<const A: usize> Requantize<A> {
        fn new() -> Self {
            Self(FloatNormalise::new(), FloatRound::new())
        }

        fn code(&mut self, sum: i64, shift: i32) -> u16 {
            let mut parts = self.0.evaluate(&[unsigned(sum, A as u32)]);
            parts.push(unsigned(shift.into(), 7));
            self.1.evaluate(&parts)[0] as u16
        }
    }

    fn the_pair_is_requantize<const A: usize>(count: usize) {
        let mut pair = Requantize::<A>::new();
        for (i, sum) in sums(A as u32, count).enumerate() {
            // The shifts at which this sum meets each end of the range, and one anywhere.
            let p = sum.unsigned_abs().checked_ilog2().unwrap_or(0) as i32;
            let ends = [[p - 8, p], [p - 7, p + 1], [p - 6, p + 2], [p - 2, p - (i % 8) as i32]];
            let shifts = if i % 256 == 0 { (-64..64).collect() } else { ends[i % 4].to_vec() };
            for shift in shifts.into_iter().filter(|s| (-64..64).contains(s)) {
                let expected = requantize(Format::AF8_3, sum, shift);
                assert_eq!(pair.code(sum, shift), expected, "sum {sum} of {A} bits, shift {shift}");
            }
        }
    }

    #[test]
    fn normalise_and_round_are_requantize_at_every_width() {
        the_pair_is_requantize::<24>(100_000);
        the_pair_is_requantize::<32>(100_000);
        the_pair_is_requantize::<37>(100_000);
        the_pair_is_requantize::<48>(100_000);
    }

    #[test]
    fn mantissa_rounding_up_to_two_carries_into_the_exponent() {
        let mut pair = Requantize::<37>::new();
        // 1.11111 rounds to 10.0000: the next octave with an empty mantissa.
        assert_eq!(pair.code(0b11_1111 << 10, 10), 0x60);
        assert_eq!(requantize(Format::AF8_3, 0b11_1111 << 10, 10), 0x60);
        // From below the range into it, and over its upper end.
        assert_eq!(pair.code(0b11_1111, 6), 0x01);
        assert_eq!(pair.code(0b11_1111, 7), 0x01);
        assert_eq!(pair.code(0b11_1111, 8), 0x00);
        assert_eq!(pair.code(0b11_1111, -2), 0x7f);
    }

    #[test]
    fn large_negative_sum_saturates_to_the_negative_maximum() {
        let mut pair = Requantize::<37>::new();
        assert_eq!(pair.code(-(1 << 36), 0), 0xff);
        assert_eq!(pair.code(-(1 << 36), -64), 0xff);
        assert_eq!(pair.code((1 << 36) - 1, 0), 0x7f);
    }

    #[test]
    fn a_value_below_the_smallest_code_does_not_vanish_silently() {
        let mut pair = Requantize::<37>::new();
        for sum in [16, 17, 31] {
            // Half the smallest octave and up: the smallest code. Below: zero, without a sign.
            assert_eq!([pair.code(sum, 4), pair.code(-sum, 4)].map(|c| c & 0x7f != 0), [true, true]);
            assert_eq!([pair.code(sum, 5), pair.code(-sum, 5)], [0x01, 0x81]);
            assert_eq!([pair.code(sum, 6), pair.code(-sum, 6)], [0x00, 0x00]);
        }
    }

    #[test]
    fn the_code_of_zero_is_never_given_to_a_sum_within_the_range() {
        let mut pair = Requantize::<24>::new();
        assert_eq!(pair.code(16, 4), 0x01);
        assert_eq!(pair.code(-16, 4), 0x81);
        assert_eq!(pair.code(0, 4), 0x00);
    }

    #[test]
    fn ties_go_to_the_even_mantissa() {
        let mut pair = Requantize::<24>::new();
        for (sum, code) in [(0b10_0001, 0x10), (0b10_0011, 0x12), (0b10_0101, 0x12), (0b1_0000_1001, 0x41)] {
            assert_eq!(pair.code(sum, 4), code, "{sum:b}");
        }
    }
}
