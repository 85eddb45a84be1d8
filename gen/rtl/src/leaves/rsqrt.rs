//! The reciprocal square root of layer norm, in three leaves between which a register can stand.

use super::{Leaf, comment, evaluate};
use alberti_arith::tables;
use rust_hdl_core::prelude::*;

/// `alb_rsqrt_normalise`: the pair of bits that holds the leading one, and the 16 bits from there.
///
/// `pair = ⌊ilog2(v)/2⌋`, which is `k + 7`, and `mantissa = v·2^(14 − 2·pair)`, cut off: 2^14 to 2^16 − 1.
#[derive(LogicBlock, Default)]
pub struct RsqrtNormalise {
    variance_i: Signal<In, Bits<56>>,
    pair_o: Signal<Out, Bits<5>>,
    mantissa_o: Signal<Out, Bits<16>>,
    window16: Signal<Local, Bits<46>>,
    window8: Signal<Local, Bits<30>>,
    window4: Signal<Local, Bits<22>>,
    window2: Signal<Local, Bits<18>>,
    window1: Signal<Local, Bits<16>>,
    high16: Signal<Local, Bit>,
    high8: Signal<Local, Bit>,
    high4: Signal<Local, Bit>,
    high2: Signal<Local, Bit>,
    high1: Signal<Local, Bit>,
}

impl RsqrtNormalise {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self::default();
        leaf.connect_all();
        leaf
    }
}

impl Logic for RsqrtNormalise {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Each step keeps the half that holds the leading one, in pairs, and seven pairs below it.");
        self.high16.next = self.variance_i.val().get_bits::<24>(32).any();
        if self.high16.val() {
            self.window16.next = bit_cast::<46, 38>(self.variance_i.val().get_bits::<38>(18));
        } else {
            self.window16.next = bit_cast::<46, 32>(self.variance_i.val().get_bits::<32>(0)) << 14;
        }
        self.high8.next = self.window16.val().get_bits::<16>(30).any();
        if self.high8.val() {
            self.window8.next = self.window16.val().get_bits::<30>(16);
        } else {
            self.window8.next = self.window16.val().get_bits::<30>(0);
        }
        self.high4.next = self.window8.val().get_bits::<8>(22).any();
        if self.high4.val() {
            self.window4.next = self.window8.val().get_bits::<22>(8);
        } else {
            self.window4.next = self.window8.val().get_bits::<22>(0);
        }
        self.high2.next = self.window4.val().get_bits::<4>(18).any();
        if self.high2.val() {
            self.window2.next = self.window4.val().get_bits::<18>(4);
        } else {
            self.window2.next = self.window4.val().get_bits::<18>(0);
        }
        self.high1.next = self.window2.val().get_bits::<2>(16).any();
        if self.high1.val() {
            self.window1.next = self.window2.val().get_bits::<16>(2);
        } else {
            self.window1.next = self.window2.val().get_bits::<16>(0);
        }

        self.pair_o.next = (bit_cast::<5, 1>(self.high16.val().into()) << 4)
            | (bit_cast::<5, 1>(self.high8.val().into()) << 3)
            | (bit_cast::<5, 1>(self.high4.val().into()) << 2)
            | (bit_cast::<5, 1>(self.high2.val().into()) << 1)
            | bit_cast::<5, 1>(self.high1.val().into());
        self.mantissa_o.next = self.window1.val();
    }
}

impl Leaf for RsqrtNormalise {
    fn module_name(&self) -> String {
        "alb_rsqrt_normalise".into()
    }

    fn summary(&self) -> String {
        "Number of 56 bits to pair = floor(log2 v / 2) and the 16 bits from that pair on: v * 2^(14 - 2*pair), cut off; \
         0 and 0 of zero."
            .into()
    }

    evaluate!(variance_i => pair_o mantissa_o);
}

/// `alb_rsqrt_segment`: the line of the table that a mantissa lies on.
///
/// Segments are numbered by the upper 7 bits of the mantissa, 32 to 127; those below do not occur.
#[derive(LogicBlock)]
pub struct RsqrtSegment {
    segment_i: Signal<In, Bits<7>>,
    base_o: Signal<Out, Bits<16>>,
    step_o: Signal<Out, Bits<10>>,
    bases: [Constant<Bits<16>>; 128],
    steps: [Constant<Bits<10>>; 128],
}

impl RsqrtSegment {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let table = tables::rsqrt();
        let j = |segment: usize| segment.saturating_sub(32);
        let mut leaf = Self {
            segment_i: Signal::default(),
            base_o: Signal::default(),
            step_o: Signal::default(),
            bases: std::array::from_fn(|s| Constant::new(bits(table[j(s)].into()))),
            steps: std::array::from_fn(|s| Constant::new(bits((table[j(s)] - table[j(s) + 1]).into()))),
        };
        leaf.connect_all();
        leaf
    }
}

impl Default for RsqrtSegment {
    fn default() -> Self {
        Self::new()
    }
}

impl Logic for RsqrtSegment {
    #[hdl_gen]
    fn update(&mut self) {
        self.base_o.next = self.bases[32].val();
        self.step_o.next = self.steps[32].val();
        for j in 33..128 {
            if self.segment_i.val().index() == j {
                self.base_o.next = self.bases[j].val();
                self.step_o.next = self.steps[j].val();
            }
        }
    }
}

impl Leaf for RsqrtSegment {
    fn module_name(&self) -> String {
        "alb_rsqrt_segment".into()
    }

    fn summary(&self) -> String {
        "Upper 7 bits of a mantissa of 2^14 to 2^16 - 1 to 2^23 / sqrt(mantissa) at the segment's lower end, and how much \
         less it is at its upper end."
            .into()
    }

    evaluate!(segment_i => base_o step_o);
}

/// `alb_rsqrt_interpolate`: the root on its line, `base − ((step·fraction + 2^8) ≫ 9)`.
#[derive(LogicBlock, Default)]
pub struct RsqrtInterpolate {
    base_i: Signal<In, Bits<16>>,
    step_i: Signal<In, Bits<10>>,
    fraction_i: Signal<In, Bits<9>>,
    root_o: Signal<Out, Bits<16>>,
    product: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<19>>,
    unused: Signal<Local, Bit>,
}

impl RsqrtInterpolate {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self::default();
        leaf.connect_all();
        leaf
    }
}

impl Logic for RsqrtInterpolate {
    #[hdl_gen]
    fn update(&mut self) {
        self.product.next = bit_cast::<16, 10>(self.step_i.val()) * bit_cast::<16, 9>(self.fraction_i.val());
        self.rounded.next = self.product.val().get_bits::<19>(0) + 256;
        self.root_o.next = self.base_i.val() - bit_cast::<16, 10>(self.rounded.val().get_bits::<10>(9));
        self.unused.next = self.product.val().get_bits::<13>(19).any() | self.rounded.val().get_bits::<9>(0).any();
    }
}

impl Leaf for RsqrtInterpolate {
    fn module_name(&self) -> String {
        "alb_rsqrt_interpolate".into()
    }

    fn summary(&self) -> String {
        "Reciprocal square root between the ends of a segment, rounded half up.".into()
    }

    evaluate!(base_i step_i fraction_i => root_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaves::test_support::random;
    use alberti_arith::rsqrt;

    fn check(leaves: &mut (RsqrtNormalise, RsqrtSegment, RsqrtInterpolate), v: u64) {
        let [pair, mantissa] = leaves.0.evaluate(&[v])[..] else { panic!() };
        if v == 0 {
            assert_eq!((pair, mantissa), (0, 0));
        } else {
            let [base, step] = leaves.1.evaluate(&[mantissa >> 9])[..] else { panic!() };
            let root = leaves.2.evaluate(&[base, step, mantissa & 511])[0];
            assert_eq!((root as u16, pair as i32 - 7), rsqrt(v), "{v}");
        }
    }

    #[test]
    fn the_three_leaves_are_rsqrt() {
        let mut leaves = (RsqrtNormalise::new(), RsqrtSegment::new(), RsqrtInterpolate::new());
        for v in 0..1 << 16 {
            check(&mut leaves, v);
        }
        for p in 16..56 {
            for v in [1u64 << p, (1 << p) - 1, (1 << p) + 1, 3 << (p - 1), (3 << (p - 1)) - 1] {
                check(&mut leaves, v);
            }
        }
        for i in 0..100_000 {
            let r = random(i);
            check(&mut leaves, (r >> 8) >> (r % 56));
        }
    }
}
