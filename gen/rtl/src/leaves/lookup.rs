//! A table with linear interpolation between its entries.

use super::{Leaf, comment, evaluate};
use alberti_arith::tables::{self, Gelu};
use rust_hdl_core::prelude::*;

/// `value = base[j] + ((step[j]·r + 2^(R−1)) ⋙ R)`, j the high `S` bits of the input and r the low `R`.
///
/// `X = S + R` bits of input, `W` bits of value, `N` segments. Steps are differences of neighbouring entries in two's
/// complement, of either sign: what is added is taken modulo 2^W, so that `R + W` may be 16 at the most.
#[derive(LogicBlock)]
pub struct Lookup<const X: usize, const S: usize, const R: usize, const W: usize, const N: usize> {
    magnitude_i: Signal<In, Bits<X>>,
    value_o: Signal<Out, Bits<W>>,
    segment: Signal<Local, Bits<S>>,
    base: Signal<Local, Bits<W>>,
    step: Signal<Local, Bits<16>>,
    product: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<16>>,
    unused: Signal<Local, Bit>,
    bases: [Constant<Bits<W>>; N],
    steps: [Constant<Bits<16>>; N],
    half: Constant<Bits<16>>,
    _name: String,
    _summary: String,
}

/// The table of GELU: 64 segments over |x| < 4 in Q.10, entries of 10 bits in Q.12.
pub type GeluLookup = Lookup<12, 6, 6, 10, 64>;

impl GeluLookup {
    /// `alb_gelu_lookup`, or `alb_gelu_erf_lookup` in the form by the error function.
    #[must_use]
    pub fn gelu(form: Gelu) -> Self {
        let (name, by) = match form {
            Gelu::Tanh => ("alb_gelu_lookup", "tanh"),
            Gelu::Erf => ("alb_gelu_erf_lookup", "erf"),
        };
        let summary = format!(
            "a - gelu(a), by {by}, of a magnitude a < 4 in Q.10, in Q.12: 64 segments with linear interpolation, rounded half up."
        );
        Self::new(name, &summary, &tables::gelu(form))
    }
}

impl<const X: usize, const S: usize, const R: usize, const W: usize, const N: usize> Lookup<X, S, R, W, N> {
    /// The leaf for a table of `N + 1` entries, its signals connected.
    ///
    /// # Panics
    /// When the widths do not fit each other or the table.
    #[must_use]
    pub fn new(name: &str, summary: &str, entries: &[u16]) -> Self {
        assert!(S + R == X && 1 << S == N && R > 0 && R + W <= 16 && entries.len() == N + 1, "{name}: widths");
        let step = |j: usize| entries[j + 1].wrapping_sub(entries[j]);
        let mut leaf = Self {
            magnitude_i: Signal::default(),
            value_o: Signal::default(),
            segment: Signal::default(),
            base: Signal::default(),
            step: Signal::default(),
            product: Signal::default(),
            rounded: Signal::default(),
            unused: Signal::default(),
            bases: std::array::from_fn(|j| Constant::new(bits(entries[j].into()))),
            steps: std::array::from_fn(|j| Constant::new(bits(step(j).into()))),
            half: Constant::new(bits(1 << (R - 1))),
            _name: name.into(),
            _summary: summary.into(),
        };
        leaf.connect_all();
        leaf
    }
}

impl<const X: usize, const S: usize, const R: usize, const W: usize, const N: usize> Logic for Lookup<X, S, R, W, N> {
    #[hdl_gen]
    fn update(&mut self) {
        self.segment.next = self.magnitude_i.val().get_bits::<S>(R);
        for j in 0..N {
            if self.segment.val().index() == j {
                self.base.next = self.bases[j].val();
                self.step.next = self.steps[j].val();
            }
        }

        comment!("Base and steps in two's complement: all sums are modulo their width.");
        self.product.next = self.step.val() * bit_cast::<16, R>(self.magnitude_i.val().get_bits::<R>(0));
        self.rounded.next = self.product.val().get_bits::<16>(0) + self.half.val();
        self.value_o.next = self.base.val() + self.rounded.val().get_bits::<W>(R);
        self.unused.next = self.product.val().get_bits::<16>(16).any() | self.rounded.val().get_bits::<R>(0).any();
    }
}

impl<const X: usize, const S: usize, const R: usize, const W: usize, const N: usize> Leaf for Lookup<X, S, R, W, N> {
    fn module_name(&self) -> String {
        self._name.clone()
    }

    fn summary(&self) -> String {
        self._summary.clone()
    }

    fn parameters(&self) -> Vec<(&'static str, u64)> {
        vec![("X", X as u64), ("S", S as u64), ("R", R as u64), ("W", W as u64), ("N", N as u64)]
    }

    evaluate!(magnitude_i => value_o);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_lookup_is_the_integer_algorithm_for_every_magnitude() {
        for form in [Gelu::Tanh, Gelu::Erf] {
            let mut leaf = GeluLookup::gelu(form);
            let table = tables::gelu(form).map(i64::from);
            for a in 0..4096u64 {
                let (j, r) = ((a >> 6) as usize, (a & 63) as i64);
                let h = table[j] + (((table[j + 1] - table[j]) * r + 32) >> 6);
                assert_eq!(leaf.evaluate(&[a]), [h as u64], "{form:?} of {a}");
            }
        }
    }
}
