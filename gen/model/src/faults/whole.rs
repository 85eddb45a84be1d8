//! What faults in all of an accelerator's weights do to its answers.
//!
//! ```text
//! weight memories ─▶ cells ─▶ faults ─▶ cells read ─▶ interpreter ─▶ answers, against f32
//! ```
//!
//! The accelerator decodes what it reads as the hardware does: a wrong pointer takes the values of other
//! weights, a wrong mask misplaces those of its item.

use super::{
    draw::Draws,
    memory::{CellForm, FaultSite, Stress, faulty, misfit},
};
use crate::{ModelError, compile::Compiled};
use alberti_arith::Format;
use alberti_golden::{Image, secded};

/// Bits of a code.
const CODE_BITS: usize = 8;

/// An accelerator's weight memories, in cells.
#[derive(Clone, Debug)]
pub struct Whole<'a> {
    compiled: &'a Compiled,
    values: CellForm,
    masks: CellForm,
    seed: u64,
    value_words: Image,
    mask_words: Image,
    code: Option<secded::Code>,
}

/// What is read of them.
#[derive(Clone, Debug)]
pub struct Read {
    /// Codes.
    pub values: Vec<u16>,
    /// Mask words, corrected where they can be.
    pub masks: Image,
    /// Bits read wrong, before any correction.
    pub wrong_bits: u64,
    /// Mask words corrected.
    pub corrected_words: u64,
    /// Mask words found wrong that could not be corrected.
    pub detected_words: u64,
}

impl<'a> Whole<'a> {
    /// The weights of a compiled encoder in cells; with check bits on the mask words where `secded` says so.
    ///
    /// # Errors
    /// AE0711 when words cannot lie in such cells.
    pub fn new(
        compiled: &'a Compiled,
        [values, masks]: [CellForm; 2],
        secded: bool,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let n = compiled.config().n;
        let (codes, words) = compiled.weights();
        let mut value_words = Image::new(codes.len().div_ceil(n), n * CODE_BITS).map_err(misfit)?;
        for (value, &code) in codes.iter().enumerate() {
            value_words.set(value / n, value % n * CODE_BITS, CODE_BITS, code.into());
        }
        let code = secded.then(|| secded::Code::new(words.width())).transpose().map_err(misfit)?;
        let mask_words = match &code {
            Some(code) => code.encode(words).map_err(misfit)?,
            None => words.clone(),
        };
        Ok(Self { compiled, values, masks, seed, value_words, mask_words, code })
    }

    /// Draws the faults of a trial and reads both memories with them. The same trial draws the same numbers
    /// for every site and rate.
    ///
    /// # Errors
    /// AE0711 when the stress is of other cells.
    pub fn read(&self, site: FaultSite, stress: &Stress, trial: u64) -> Result<Read, ModelError> {
        let (codes, words) = self.compiled.weights();
        let mut read =
            Read { values: codes.to_vec(), masks: words.clone(), wrong_bits: 0, corrected_words: 0, detected_words: 0 };
        let [mut of_values, mut of_masks] = [2 * trial, 2 * trial + 1].map(|stream| Draws::new(self.seed, stream));
        let changeable = site.bits(Format::AF8_3);
        if changeable != 0 {
            let (image, words) = faulty(&self.value_words, &self.values, &stress.values, &mut of_values)?;
            let n = self.compiled.config().n;
            let touched = words.into_iter().flat_map(|word| word * n..(word + 1) * n);
            for value in touched.filter(|&value| value < codes.len()) {
                let right = codes[value];
                let wrong = (image.get(value / n, value % n * CODE_BITS, CODE_BITS) as u16 ^ right) & changeable;
                read.values[value] = right ^ wrong;
                read.wrong_bits += u64::from(wrong.count_ones());
            }
        }
        if site.masks() {
            let (mut image, mut words) = faulty(&self.mask_words, &self.masks, &stress.masks, &mut of_masks)?;
            if site == FaultSite::Pointers {
                words.retain(|&word| self.compiled.is_pointer(word));
            }
            for word in words {
                read.wrong_bits += u64::from(image.difference(&self.mask_words, word));
                match self.code.as_ref().map(|code| code.correct(&mut image, word)) {
                    Some(secded::Finding::Corrected) => read.corrected_words += 1,
                    Some(secded::Finding::Detected) => read.detected_words += 1,
                    Some(secded::Finding::Clean) | None => {}
                }
                read.masks.copy(&image, word, read.masks.width());
            }
        }
        Ok(read)
    }
}
