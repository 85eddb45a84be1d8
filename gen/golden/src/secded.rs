//! Words that correct one error and detect two, by the parity-check matrix of [`alberti_arith::secded`].

use crate::{Error, Image, Result};
use alberti_arith::secded::{check_bits, columns, word_bits};

/// What was found in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// No error.
    Clean,
    /// One error, corrected; it may have been in the check bits.
    Corrected,
    /// Two errors, or more: the data is given as it is.
    Detected,
}

/// Protected words decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The data, corrected where it could be.
    pub data: Image,
    /// Words with one error.
    pub corrected: u64,
    /// Words with an error that could not be corrected.
    pub detected: u64,
}

/// The code of words of `data_bits` bits.
#[derive(Clone, Debug)]
pub struct Code {
    data_bits: usize,
    check_bits: usize,
    columns: Vec<u32>,
}

impl Code {
    /// A code.
    ///
    /// # Errors
    /// When there is no data, or more than 65,536 bits of it.
    pub fn new(data_bits: usize) -> Result<Self> {
        match u32::try_from(data_bits) {
            Ok(bits @ 1..=65536) => {
                Ok(Self { data_bits, check_bits: check_bits(bits) as usize, columns: columns(bits) })
            }
            _ => Err(Error::new(format!("words of {data_bits} bits: 1 to 65536 can be protected"))),
        }
    }

    /// Bits of a protected word.
    #[must_use]
    pub fn word_bits(&self) -> usize {
        word_bits(self.data_bits as u32) as usize
    }

    /// Adds check bits and parity to every word.
    ///
    /// # Errors
    /// When the words have another width than the code's data.
    pub fn encode(&self, data: &Image) -> Result<Image> {
        demand(data, self.data_bits)?;
        let mut coded = Image::new(data.words(), self.word_bits())?;
        for word in 0..data.words() {
            let mut parity = false;
            for bit in 0..self.data_bits {
                let one = data.get(word, bit, 1);
                coded.set(word, bit, 1, one);
                parity ^= one == 1;
            }
            let check = self.syndrome(data, word);
            coded.set(word, self.data_bits, self.check_bits, check.into());
            parity ^= check.count_ones() % 2 == 1;
            coded.set(word, self.data_bits + self.check_bits, 1, parity.into());
        }
        Ok(coded)
    }

    /// Corrects one word in place. Positions as in the word: data, check bits, parity.
    ///
    /// # Panics
    /// When the image has words of another width than [`word_bits`](Self::word_bits), or there is no such
    /// word.
    pub fn correct(&self, coded: &mut Image, word: usize) -> Finding {
        let check = coded.get(word, self.data_bits, self.check_bits) as u32;
        let syndrome = self.syndrome(coded, word) ^ check;
        let odd = (0..self.word_bits()).filter(|&bit| coded.get(word, bit, 1) == 1).count() % 2 == 1;
        let wrong = match (syndrome, odd) {
            (0, false) => return Finding::Clean,
            (_, false) => return Finding::Detected,
            (0, true) => Some(self.data_bits + self.check_bits),
            (s, true) if s.is_power_of_two() => Some(self.data_bits + s.trailing_zeros() as usize),
            (s, true) => self.columns.binary_search(&s).ok(),
        };
        let Some(bit) = wrong else { return Finding::Detected };
        coded.set(word, bit, 1, 1 ^ coded.get(word, bit, 1));
        Finding::Corrected
    }

    /// Corrects every word and drops the check bits.
    ///
    /// # Errors
    /// When the words have another width than the code's.
    pub fn decode(&self, coded: &Image) -> Result<Decoded> {
        demand(coded, self.word_bits())?;
        let mut coded = coded.clone();
        let mut decoded = Decoded { data: Image::new(coded.words(), self.data_bits)?, corrected: 0, detected: 0 };
        for word in 0..coded.words() {
            match self.correct(&mut coded, word) {
                Finding::Clean => {}
                Finding::Corrected => decoded.corrected += 1,
                Finding::Detected => decoded.detected += 1,
            }
            decoded.data.copy(&coded, word, self.data_bits);
        }
        Ok(decoded)
    }

    /// The check bits that the data of a word asks for.
    fn syndrome(&self, image: &Image, word: usize) -> u32 {
        let ones = self.columns.iter().enumerate().filter(|&(bit, _)| image.get(word, bit, 1) == 1);
        ones.fold(0, |syndrome, (_, column)| syndrome ^ column)
    }
}

fn demand(image: &Image, width: usize) -> Result<()> {
    if image.width() != width {
        return Err(Error::new(format!("words of {} bits, {width} are needed", image.width())));
    }
    Ok(())
}
