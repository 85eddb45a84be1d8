//! Values of any width, as little-endian words of 32 bits: Verilator's own layout.

use alberti_random::Rng;
use std::fmt;

/// Number of 32-bit words that hold `width` bits.
pub const fn words_of(width: u32) -> usize {
    width.div_ceil(32) as usize
}

/// A mask of the low `width` bits, `width` from 0 to 64.
pub const fn mask(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

/// The `width` bits (at most 64) from bit `offset` on.
pub fn field(words: &[u32], offset: usize, width: u32) -> u64 {
    debug_assert!(width <= 64);
    let (first, shift) = (offset / 32, offset % 32);
    let word = |i: usize| words.get(first + i).copied().unwrap_or(0);
    let low = u128::from(word(0)) | u128::from(word(1)) << 32 | u128::from(word(2)) << 64;
    (low >> shift) as u64 & mask(width)
}

/// Replaces the `width` bits (at most 64) from bit `offset` on.
pub fn set_field(words: &mut [u32], offset: usize, width: u32, value: u64) {
    debug_assert!(width <= 64 && value & !mask(width) == 0);
    let (first, shift) = (offset / 32, offset % 32);
    let value = u128::from(value) << shift;
    let keep = !(u128::from(mask(width)) << shift);
    for (i, word) in words[first..].iter_mut().take((shift + width as usize).div_ceil(32)).enumerate() {
        *word = *word & (keep >> (32 * i)) as u32 | (value >> (32 * i)) as u32;
    }
}

/// Whether every bit from `width` on is zero.
pub(crate) fn fits(words: &[u32], width: u32) -> bool {
    let used = words_of(width);
    let top = width % 32;
    words.iter().skip(used).all(|&w| w == 0) && (top == 0 || words.get(used - 1).is_none_or(|w| w >> top == 0))
}

/// The words as a hexadecimal number of `width` bits, with Verilog's prefix: `12'h0ab`.
pub(crate) fn hex(words: &[u32], width: u32) -> String {
    let digits = width.div_ceil(4) as usize;
    let all: String = words.iter().rev().map(|w| format!("{w:08x}")).collect();
    format!("{width}'h{}", &all[all.len().saturating_sub(digits)..])
}

/// A value of a fixed width: what a port carries.
///
/// Element `k` of a packed vector of elements of `w` bits is bits `[k*w +: w]`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Bits {
    width: u32,
    words: Vec<u32>,
}

impl Bits {
    /// `width` zero bits.
    pub fn zero(width: u32) -> Self {
        Bits { width, words: vec![0; words_of(width)] }
    }

    /// The low `width` bits of `value`.
    ///
    /// # Panics
    /// If `value` does not fit.
    pub fn new(width: u32, value: u64) -> Self {
        assert!(value & !mask(width) == 0, "{value:#x} does not fit in {width} bits");
        let mut bits = Bits::zero(width);
        set_field(&mut bits.words, 0, width.min(64), value);
        bits
    }

    /// The two's complement of `value` in `width` bits.
    ///
    /// # Panics
    /// If `value` does not fit, or `width` is over 64.
    pub fn signed(width: u32, value: i64) -> Self {
        assert!(width <= 64 && value >> (width - 1) == value >> 63, "{value} does not fit in {width} signed bits");
        Bits::new(width, value as u64 & mask(width))
    }

    /// A packed vector: element `k` is the `k`-th value, `width` bits each.
    ///
    /// # Panics
    /// If a value does not fit.
    pub fn pack<V: Into<u64>>(width: u32, values: impl IntoIterator<Item = V>) -> Self {
        let mut bits = Bits::zero(0);
        for value in values {
            let (value, at) = (value.into(), bits.width as usize);
            assert!(value & !mask(width) == 0, "{value:#x} does not fit in an element of {width} bits");
            bits.width += width;
            bits.words.resize(words_of(bits.width), 0);
            set_field(&mut bits.words, at, width, value);
        }
        bits
    }

    /// A packed vector of signed elements in two's complement.
    ///
    /// # Panics
    /// If a value does not fit.
    pub fn pack_signed<V: Into<i64>>(width: u32, values: impl IntoIterator<Item = V>) -> Self {
        let code = |v: V| {
            let v: i64 = v.into();
            assert!(v >> (width - 1) == v >> 63, "{v} does not fit in an element of {width} signed bits");
            v as u64 & mask(width)
        };
        Bits::pack(width, values.into_iter().map(code))
    }

    /// The bits of these words; words that are missing are zero.
    ///
    /// # Panics
    /// If a bit from `width` on is set.
    pub fn from_words(width: u32, words: &[u32]) -> Self {
        assert!(fits(words, width), "the words do not fit in {width} bits");
        let mut words = words.to_vec();
        words.resize(words_of(width), 0);
        Bits { width, words }
    }

    /// Random bits.
    pub fn random(width: u32, rng: &mut Rng) -> Self {
        let mut words = vec![0; words_of(width)];
        rng.fill(&mut words, width);
        Bits { width, words }
    }

    /// The low `width` bits of `value`, of more than 64 as of fewer; what `width` leaves of them is zero.
    ///
    /// # Panics
    /// If a bit from `width` on is set.
    pub fn wide(width: u32, value: u128) -> Self {
        let words = [0, 32, 64, 96].map(|low| (value >> low) as u32);
        Bits::from_words(width, &words)
    }

    /// Number of bits.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The words, least significant first; unused bits of the last are zero.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The low 64 bits.
    pub fn low(&self) -> u64 {
        field(&self.words, 0, 64)
    }

    /// Whether bit `k` is set; bits beyond the width are not.
    pub fn bit(&self, k: usize) -> bool {
        field(&self.words, k, 1) == 1
    }

    /// Element `k` of a packed vector of elements of `width` bits (at most 64).
    pub fn element(&self, k: usize, width: u32) -> u64 {
        field(&self.words, k * width as usize, width)
    }

    /// Element `k`, sign-extended.
    pub fn element_signed(&self, k: usize, width: u32) -> i64 {
        (self.element(k, width) << (64 - width)) as i64 >> (64 - width)
    }

    /// Replaces element `k` of a packed vector of elements of `width` bits (at most 64).
    ///
    /// # Panics
    /// If the value or the element does not fit.
    pub fn set_element(&mut self, k: usize, width: u32, value: u64) {
        assert!((k + 1) * width as usize <= self.width as usize, "element {k} is beyond {} bits", self.width);
        assert!(value & !mask(width) == 0, "{value:#x} does not fit in an element of {width} bits");
        set_field(&mut self.words, k * width as usize, width, value);
    }
}

impl From<bool> for Bits {
    fn from(value: bool) -> Self {
        Bits::new(1, value.into())
    }
}

impl From<u8> for Bits {
    fn from(value: u8) -> Self {
        Bits::new(8, value.into())
    }
}

impl From<u32> for Bits {
    fn from(value: u32) -> Self {
        Bits::new(32, value.into())
    }
}

impl From<u64> for Bits {
    fn from(value: u64) -> Self {
        Bits::new(64, value)
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.words, self.width))
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_straddle_words_without_touching_their_neighbours() {
        for width in [1, 3, 8, 13, 37, 64] {
            let mut bits = Bits::pack(width, (0..9).map(|_| mask(width)));
            for k in 0..9 {
                bits.set_element(k, width, 0);
                let seen: Vec<u64> = (0..9).map(|i| bits.element(i, width)).collect();
                let expected: Vec<u64> = (0..9).map(|i| if i == k { 0 } else { mask(width) }).collect();
                assert_eq!(seen, expected, "element {k} of width {width}");
                bits.set_element(k, width, mask(width));
            }
        }
    }

    #[test]
    fn signed_elements_come_back() {
        let values = [-64i64, 63, -1, 0];
        let bits = Bits::pack_signed(7, values);
        assert_eq!(bits.width(), 28);
        assert_eq!(values, std::array::from_fn(|k| bits.element_signed(k, 7)));
    }

    #[test]
    fn a_value_prints_as_verilog_writes_it() {
        assert_eq!(Bits::new(12, 0xab).to_string(), "12'h0ab");
        assert_eq!(Bits::from_words(40, &[1, 0x80]).to_string(), "40'h8000000001");
    }

    #[test]
    fn words_beyond_the_width_do_not_fit() {
        assert!(fits(&[0x7f, 0], 7) && fits(&[!0], 32) && fits(&[!0, 1], 33));
        assert!(!fits(&[0x80], 7) && !fits(&[0, 1], 32) && !fits(&[0, 2], 33));
    }

    #[test]
    #[should_panic(expected = "does not fit")]
    fn a_value_too_wide_is_refused() {
        Bits::new(4, 16);
    }
}
