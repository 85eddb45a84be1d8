//! The words of a memory, all of one width: what `$readmemh` loads and what faults change.

use crate::{Error, Result};

const LIMB: usize = 64;

/// Words of `width` bits, zero at first. Bits are counted from the lowest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    width: usize,
    words: usize,
    limbs: Vec<u64>,
}

impl Image {
    /// An image of zeros.
    ///
    /// # Errors
    /// When a word has no bits.
    pub fn new(words: usize, width: usize) -> Result<Self> {
        if width == 0 {
            return Err(Error::new("words of no bits: at least one"));
        }
        Ok(Self { width, words, limbs: vec![0; words * width.div_ceil(LIMB)] })
    }

    /// Bits of a word.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of words.
    #[must_use]
    pub fn words(&self) -> usize {
        self.words
    }

    /// The `bits` bits of a word from bit `low` on.
    ///
    /// # Panics
    /// When they do not lie within the word, or are more than 128.
    #[must_use]
    pub fn get(&self, word: usize, low: usize, bits: usize) -> u128 {
        let mut value = 0;
        for (limb, shift, at, part) in self.parts(word, low, bits) {
            value |= u128::from(self.limbs[limb] >> shift & ones(part)) << at;
        }
        value
    }

    /// Writes the low `bits` bits of `value` to a word from bit `low` on.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    pub fn set(&mut self, word: usize, low: usize, bits: usize, value: u128) {
        for (limb, shift, at, part) in self.parts(word, low, bits) {
            let limb = &mut self.limbs[limb];
            *limb = *limb & !(ones(part) << shift) | ((value >> at) as u64 & ones(part)) << shift;
        }
    }

    /// An image of one word of this one.
    ///
    /// # Panics
    /// When there is no such word.
    #[must_use]
    pub fn one(&self, word: usize) -> Self {
        let stride = self.stride();
        Self { width: self.width, words: 1, limbs: self.limbs[word * stride..][..stride].to_vec() }
    }

    /// Writes the low `bits` bits of another image's word to the same word.
    ///
    /// # Panics
    /// When either image does not have them.
    pub fn copy(&mut self, from: &Self, word: usize, bits: usize) {
        for low in (0..bits).step_by(LIMB) {
            let part = LIMB.min(bits - low);
            self.set(word, low, part, from.get(word, low, part));
        }
    }

    /// How many bits of a word differ from those of another image of this width.
    ///
    /// # Panics
    /// When the widths differ or there is no such word.
    #[must_use]
    pub fn difference(&self, other: &Self, word: usize) -> u32 {
        assert_eq!(self.width, other.width, "words of one width");
        let limbs = |image: &Self| word * image.stride()..(word + 1) * image.stride();
        let pairs = self.limbs[limbs(self)].iter().zip(&other.limbs[limbs(other)]);
        pairs.map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// A word as `$readmemh` has it: hexadecimal digits, the highest first.
    #[must_use]
    pub fn hex(&self, word: usize) -> String {
        let digit = |low: usize| {
            let bits = (self.width - low).min(4);
            char::from_digit(self.get(word, low, bits) as u32, 16).unwrap_or('0')
        };
        (0..self.width).step_by(4).rev().map(digit).collect()
    }

    /// All words, one a line, the lowest address first.
    #[must_use]
    pub fn readmemh(&self) -> String {
        (0..self.words).map(|word| self.hex(word) + "\n").collect()
    }

    /// Reads what [`hex`](Self::hex) writes into a word.
    ///
    /// # Errors
    /// When the text is no hexadecimal number or does not fit the word.
    ///
    /// # Panics
    /// When there is no such word.
    pub fn set_hex(&mut self, word: usize, text: &str) -> Result<()> {
        if text.is_empty() {
            return Err(Error::new("a line without digits"));
        }
        let stride = self.stride();
        self.limbs[word * stride..][..stride].fill(0);
        for (low, digit) in text.chars().rev().enumerate().map(|(i, digit)| (4 * i, digit)) {
            let value = digit.to_digit(16).ok_or_else(|| Error::new(format!("`{digit}` is no hexadecimal digit")))?;
            let bits = self.width.saturating_sub(low).min(4);
            if value >> bits != 0 {
                return Err(Error::new(format!("more than {} bits", self.width)));
            }
            if bits > 0 {
                self.set(word, low, bits, value.into());
            }
        }
        Ok(())
    }

    /// Reads an image of `words` words of `width` bits from what [`readmemh`](Self::readmemh) writes.
    ///
    /// # Errors
    /// When there are more or fewer lines than words, or a line is no such word.
    pub fn parse(words: usize, width: usize, text: &str) -> Result<Self> {
        let mut image = Self::new(words, width)?;
        let lines = text.lines().count();
        if lines != words {
            return Err(Error::new(format!("{lines} lines, the memory has {words} words")));
        }
        for (word, line) in text.lines().enumerate() {
            image.set_hex(word, line.trim()).map_err(|error| error.within(format_args!("line {}", word + 1)))?;
        }
        Ok(image)
    }

    fn stride(&self) -> usize {
        self.width.div_ceil(LIMB)
    }

    /// The pieces that a field has in limbs: limb, bit in it, bit of the field, bits.
    fn parts(
        &self,
        word: usize,
        low: usize,
        bits: usize,
    ) -> impl Iterator<Item = (usize, usize, usize, usize)> + use<> {
        assert!(bits <= 128 && low + bits <= self.width, "bits {low} to {} of a word of {}", low + bits, self.width);
        let (first, mut at) = (word * self.stride(), 0);
        std::iter::from_fn(move || {
            let bit = low + at;
            let part = (LIMB - bit % LIMB).min(bits - at);
            let piece = (first + bit / LIMB, bit % LIMB, at, part);
            at += part;
            (part > 0).then_some(piece)
        })
    }
}

/// The lowest 1 to 64 bits.
fn ones(bits: usize) -> u64 {
    u64::MAX >> (LIMB - bits)
}
