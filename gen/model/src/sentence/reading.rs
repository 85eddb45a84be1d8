//! Texts as a model reads them.

use super::{Tokenizer, Tokens};
use crate::{Checkpoint, ModelError};

/// Texts with their tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The texts.
    pub texts: Vec<String>,
    /// The tokens of each.
    pub tokens: Vec<Tokens>,
    /// What was cut of them.
    pub cut: Cut,
}

/// How many texts were read in part alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Those that were longer.
    pub texts: usize,
    /// The tokens that they were cut to.
    pub most: usize,
}

impl Cut {
    /// A line on it, of so many texts of a kind; empty where nothing was cut.
    #[must_use]
    pub fn note(self, all: usize, kind: &str) -> String {
        let Self { texts, most } = self;
        if texts == 0 { String::new() } else { format!("{texts} of {all} {kind} cut to {most} tokens\n") }
    }
}

impl Reading {
    /// Texts that somebody chose, [whole](Self::whole); where none was, those that [stand in](Self::built_in).
    ///
    /// # Errors
    /// AE0705 when a chosen one does not fit the model, or the tokenizer is of another model.
    pub fn of(
        chosen: Vec<String>,
        built_in: Vec<String>,
        tokenizer: &Tokenizer,
        checkpoint: &Checkpoint,
        most: usize,
    ) -> Result<Self, ModelError> {
        match chosen.is_empty() {
            true => Self::built_in(built_in, tokenizer, checkpoint, most),
            false => Self::whole(chosen, tokenizer, checkpoint),
        }
    }

    /// Texts that somebody chose: all of each, unless the tokenizer [cuts](Tokenizer::cut) them.
    ///
    /// # Errors
    /// AE0705 when one does not fit the model.
    pub fn whole(texts: Vec<String>, tokenizer: &Tokenizer, checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let read = |text: &String| tokenizer.read(text, None, checkpoint);
        let (tokens, cut): (_, Vec<bool>) = texts.iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let cut = cut.into_iter().filter(|&cut| cut).count();
        Ok(Self { texts, tokens, cut: Cut { texts: cut, most: tokenizer.most().unwrap_or_default() } })
    }

    /// Texts that stand in where none was chosen: of each as much as the model takes, and at most so many
    /// tokens.
    ///
    /// # Errors
    /// AE0705 when the tokenizer is of another model.
    pub fn built_in(
        texts: Vec<String>,
        tokenizer: &Tokenizer,
        checkpoint: &Checkpoint,
        most: usize,
    ) -> Result<Self, ModelError> {
        Self::whole(texts, &tokenizer.cut(most.min(tokenizer.longest(checkpoint)))?, checkpoint)
    }

    /// Tokens of the longest.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.tokens.iter().map(|tokens| tokens.ids.len()).max().unwrap_or_default()
    }

    /// A line on what was cut; empty where nothing was.
    #[must_use]
    pub fn note(&self) -> String {
        self.cut.note(self.texts.len(), "texts")
    }
}
