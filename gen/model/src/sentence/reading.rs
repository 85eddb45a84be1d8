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
    /// How many built-in texts are read to so many tokens alone, where some were longer.
    pub cut: Option<(usize, usize)>,
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

    /// Texts that somebody chose: all of each.
    ///
    /// # Errors
    /// AE0705 when one does not fit the model.
    pub fn whole(texts: Vec<String>, tokenizer: &Tokenizer, checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let tokens = texts.iter().map(|text| tokenizer.tokens(text, None, checkpoint)).collect::<Result<_, _>>()?;
        Ok(Self { texts, tokens, cut: None })
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
        let (mut tokens, mut cut) = (Vec::with_capacity(texts.len()), 0);
        for text in &texts {
            let whole = tokenizer.whole(text, None)?.ids.len();
            let beginning = tokenizer.beginning(text, None, checkpoint, most)?;
            cut += usize::from(beginning.ids.len() < whole);
            tokens.push(beginning);
        }
        let most = most.min(tokenizer.longest(checkpoint));
        Ok(Self { texts, tokens, cut: (cut > 0).then_some((cut, most)) })
    }

    /// Tokens of the longest.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.tokens.iter().map(|tokens| tokens.ids.len()).max().unwrap_or_default()
    }

    /// A line on what was cut; empty where nothing was.
    #[must_use]
    pub fn note(&self) -> String {
        self.cut.map_or_else(String::new, |(cut, most)| {
            format!("{cut} of {} built-in texts cut to {most} tokens, the most that fit\n", self.texts.len())
        })
    }
}
