//! A shifted sum to its code: the second half of requantisation to fixed point.

use super::{Leaf, comment, evaluate};
use rust_hdl_core::prelude::*;

/// `alb_fixed_round_<W>`: rounds half up and saturates to `W` bits, 8 or 16.
#[derive(LogicBlock)]
pub struct FixedRound<const W: usize> {
    sign_i: Signal<In, Bit>,
    overflow_i: Signal<In, Bit>,
    value_i: Signal<In, Bits<15>>,
    round_i: Signal<In, Bit>,
    code_o: Signal<Out, Bits<W>>,
    overflow: Signal<Local, Bit>,
    up: Signal<Local, Bit>,
    kept: Signal<Local, Bits<W>>,
    maximum: Constant<Bits<W>>,
}

impl<const W: usize> FixedRound<W> {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self {
            sign_i: Signal::default(),
            overflow_i: Signal::default(),
            value_i: Signal::default(),
            round_i: Signal::default(),
            code_o: Signal::default(),
            overflow: Signal::default(),
            up: Signal::default(),
            kept: Signal::default(),
            maximum: Constant::new(bits((1 << (W - 1)) - 1)),
        };
        leaf.connect_all();
        leaf
    }
}

impl<const W: usize> Default for FixedRound<W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const W: usize> Logic for FixedRound<W> {
    #[hdl_gen]
    fn update(&mut self) {
        self.overflow.next = self.overflow_i.val();
        for i in (W - 1)..15 {
            self.overflow.next = self.overflow.val() | self.value_i.val().get_bit(i);
        }
        if self.overflow.val() {
            self.kept.next = self.maximum.val();
        } else {
            self.kept.next = bit_cast::<W, 15>(self.value_i.val());
        }

        comment!("What has saturated, or stands at the positive end, does not round up.");
        if self.overflow.val() | (!self.sign_i.val() & (self.kept.val() == self.maximum.val())) {
            self.up.next = false;
        } else {
            self.up.next = self.round_i.val() ^ self.sign_i.val();
        }

        comment!("Bits and round bit come as they differ from the sign.");
        if self.sign_i.val() {
            self.kept.next = !self.kept.val();
        }
        self.code_o.next = self.kept.val() + self.up.val();
    }
}

impl<const W: usize> Leaf for FixedRound<W> {
    fn module_name(&self) -> String {
        format!("alb_fixed_round_{W}")
    }

    fn summary(&self) -> String {
        format!(
            "Shifted sum, given as it differs from its sign, to two's complement of {W} bits: rounds half up, saturates."
        )
    }

    fn parameters(&self) -> Vec<(&'static str, u64)> {
        vec![("W", W as u64)]
    }

    evaluate!(sign_i overflow_i value_i round_i => code_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaves::FixedShift;
    use crate::leaves::test_support::{sums, unsigned};
    use alberti_arith::{Fixed, Format, requantize};

    fn code<const A: usize, const W: usize>(
        shift: &mut FixedShift<A>,
        round: &mut FixedRound<W>,
        sum: i64,
        distance: i32,
    ) -> u16 {
        round.evaluate(&shift.evaluate(&[unsigned(sum, A as u32), unsigned(distance.into(), 7)]))[0] as u16
    }

    fn the_pair_is_requantize<const A: usize>(count: usize) {
        let (mut shift, mut to8, mut to16) = (FixedShift::<A>::new(), FixedRound::<8>::new(), FixedRound::<16>::new());
        let (q8, q16) = (Format::Fixed(Fixed::Q3_5), Format::Fixed(Fixed::Q3_13));
        for (i, sum) in sums(A as u32, count).enumerate() {
            let p = sum.unsigned_abs().checked_ilog2().unwrap_or(0) as i32;
            // Where the sum meets either end of either range, and where it vanishes.
            let ends = [[p - 15, p - 14], [p - 13, p - 7], [p - 6, p], [p + 1, p + 2], [p - 1, p - (i % 16) as i32]];
            let distances = if i % 256 == 0 { (-64..64).collect() } else { ends[i % 5].to_vec() };
            for distance in distances.into_iter().filter(|s| (-64..64).contains(s)) {
                let parts = shift.evaluate(&[unsigned(sum, A as u32), unsigned(distance.into(), 7)]);
                let codes = [to8.evaluate(&parts)[0] as u16, to16.evaluate(&parts)[0] as u16];
                let expected = [requantize(q8, sum, distance), requantize(q16, sum, distance)];
                assert_eq!(codes, expected, "sum {sum} of {A} bits, shift {distance}");
            }
        }
    }

    #[test]
    fn shift_and_round_are_requantize_at_every_width() {
        the_pair_is_requantize::<24>(100_000);
        the_pair_is_requantize::<32>(100_000);
        the_pair_is_requantize::<37>(100_000);
        the_pair_is_requantize::<48>(100_000);
    }

    #[test]
    fn rounding_is_exhaustively_right_at_both_widths() {
        let (mut to8, mut to16) = (FixedRound::<8>::new(), FixedRound::<16>::new());
        for input in 0..1u64 << 18 {
            let [sign, overflow, value, round] = [input & 1, input >> 1 & 1, input >> 3, input >> 2 & 1];
            let down = if sign == 1 { !(value as i64) } else { value as i64 };
            let exact = match (overflow, sign) {
                (0, _) => down + i64::from(round != sign),
                (_, 0) => i64::MAX,
                _ => i64::MIN,
            };
            let inputs = [sign, overflow, value, round];
            assert_eq!(to8.evaluate(&inputs)[0], u64::from(Fixed::Q3_5.code(exact)), "{inputs:?}");
            assert_eq!(to16.evaluate(&inputs)[0], u64::from(Fixed::Q3_13.code(exact)), "{inputs:?}");
        }
    }

    #[test]
    fn large_negative_sum_saturates_to_the_negative_end() {
        let (mut shift, mut to8, mut to16) = (FixedShift::<37>::new(), FixedRound::<8>::new(), FixedRound::<16>::new());
        for distance in [-64, -17, -16, -15, 0, 20] {
            assert_eq!(code(&mut shift, &mut to8, -(1 << 36), distance), 0x80);
            assert_eq!(code(&mut shift, &mut to16, -(1 << 36), distance), 0x8000);
            assert_eq!(code(&mut shift, &mut to16, (1 << 36) - 1, distance), 0x7fff);
        }
        assert_eq!(code(&mut shift, &mut to16, -1, -15), 0x8000);
        assert_eq!(code(&mut shift, &mut to16, -1, -64), 0x8000);
        assert_eq!(code(&mut shift, &mut to16, 0, -64), 0);
    }

    #[test]
    fn rounding_up_at_the_positive_end_does_not_wrap_to_the_negative_one() {
        let (mut shift, mut to8, mut to16) = (FixedShift::<24>::new(), FixedRound::<8>::new(), FixedRound::<16>::new());
        assert_eq!(code(&mut shift, &mut to8, 0xff, 1), 0x7f);
        assert_eq!(code(&mut shift, &mut to16, 0xffff, 1), 0x7fff);
    }

    #[test]
    fn a_half_rounds_up_in_either_sign() {
        let (mut shift, mut to8) = (FixedShift::<24>::new(), FixedRound::<8>::new());
        assert_eq!([1, -1, 3, -3].map(|sum| code(&mut shift, &mut to8, sum, 1)), [1, 0, 2, 0xff]);
    }
}
