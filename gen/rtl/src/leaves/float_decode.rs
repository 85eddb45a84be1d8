//! AdaptivFloat<8,3> into its parts.

use super::{Leaf, comment, evaluate};
use rust_hdl_core::prelude::*;

/// `alb_af8_3_decode`: `d = ±significand·2^exponent` of a code.
#[derive(LogicBlock, Default)]
pub struct FloatDecode {
    code_i: Signal<In, Bits<8>>,
    sign_o: Signal<Out, Bit>,
    exponent_o: Signal<Out, Bits<3>>,
    significand_o: Signal<Out, Bits<5>>,
    hidden: Signal<Local, Bit>,
}

impl FloatDecode {
    /// The leaf, its signals connected.
    #[must_use]
    pub fn new() -> Self {
        let mut leaf = Self::default();
        leaf.connect_all();
        leaf
    }
}

impl Logic for FloatDecode {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Only a code of zero lacks the hidden one.");
        self.hidden.next = self.code_i.val().get_bits::<7>(0).any();
        self.sign_o.next = self.code_i.val().get_bit(7);
        self.exponent_o.next = self.code_i.val().get_bits::<3>(4);
        self.significand_o.next =
            (bit_cast::<5, 1>(self.hidden.val().into()) << 4) | bit_cast::<5, 4>(self.code_i.val().get_bits::<4>(0));
    }
}

impl Leaf for FloatDecode {
    fn module_name(&self) -> String {
        "alb_af8_3_decode".into()
    }

    fn summary(&self) -> String {
        "AdaptivFloat<8,3> code to sign, exponent and significand: d = +-significand * 2^exponent; \
         the significand of both codes of zero is 0."
            .into()
    }

    evaluate!(code_i => sign_o exponent_o significand_o);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alberti_arith::Format;

    #[test]
    fn decode_gives_the_significand_of_every_code() {
        let mut leaf = FloatDecode::new();
        for code in 0..256u64 {
            let [sign, exponent, significand] = leaf.evaluate(&[code])[..] else { panic!() };
            let magnitude = (significand << exponent) as i64;
            let decoded = if sign == 1 { -magnitude } else { magnitude };
            assert_eq!(decoded, Format::AF8_3.significand(code as u16), "code {code:#04x}");
        }
    }
}
