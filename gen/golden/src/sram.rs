//! `sram`: one read and one write port, synchronous read.

use crate::{Error, Result};

/// The words of a memory, of whatever a caller keeps in a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sram<T> {
    words: Vec<T>,
}

impl<T: Clone> Sram<T> {
    /// A memory of `words` words, all `initial`.
    #[must_use]
    pub fn new(words: usize, initial: T) -> Self {
        Self { words: vec![initial; words] }
    }

    /// One clock cycle: what the read port answers in the next. Reading the word that is being written gives
    /// the old one.
    ///
    /// # Errors
    /// When an address lies outside of the memory.
    pub fn cycle(&mut self, read: Option<usize>, write: Option<(usize, T)>) -> Result<Option<T>> {
        let words = self.words.len();
        let outside = |port, address| Error::new(format!("{port} address {address}: the memory has {words} words"));
        let answer = match read {
            Some(address) => Some(self.words.get(address).ok_or_else(|| outside("read", address))?.clone()),
            None => None,
        };
        if let Some((address, word)) = write {
            *self.words.get_mut(address).ok_or_else(|| outside("write", address))? = word;
        }
        Ok(answer)
    }

    /// Every word.
    #[must_use]
    pub fn words(&self) -> &[T] {
        &self.words
    }
}
