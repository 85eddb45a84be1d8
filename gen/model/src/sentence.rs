//! From a sentence, or a pair of them, to tokens.

mod reading;
mod settings;
mod synthetic;

pub use reading::Reading;

use crate::{Checkpoint, ModelError};
use alberti_golden::encoder::Sequence;
use serde::de::IgnoredAny;
use std::{fmt::Display, panic::catch_unwind, path::Path};

/// What an encoder reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The token ids.
    pub ids: Vec<u32>,
    /// The segment type of each: 0, and 1 in the second sentence of a pair.
    pub types: Vec<u32>,
}

impl<'a> From<&'a Tokens> for Sequence<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        Self::new(&tokens.ids, &tokens.types)
    }
}

/// The tokenizer that belongs to a checkpoint.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    library: tokenizers::Tokenizer,
    /// Tokens of the longest sequence that its settings allow.
    longest: Option<usize>,
}

impl Tokenizer {
    /// Reads `tokenizer.json` from a model's folder, and `tokenizer_config.json` where it is there.
    ///
    /// # Errors
    /// AE0701 when one cannot be read, AE0705 when one is malformed or they contradict each other.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("tokenizer.json");
        let text = std::fs::read(&path).map_err(|source| ModelError::Unreadable { path: path.clone(), source })?;
        let malformed = |error: &dyn Display| ModelError::Sentence(format!("{}: {error}", path.display()));
        // The library panics on some of what it does not know, in files that are no JSON first of all.
        serde_json::from_slice::<IgnoredAny>(&text).map_err(|error| malformed(&error))?;
        let mut tokenizer = catch_unwind(|| tokenizers::Tokenizer::from_bytes(text))
            .map_err(|_| malformed(&"it describes a part of a tokenizer that is not known"))?
            .map_err(|error| malformed(&error))?;
        // Files are published with the padding and cutting of their training; we want the sentence as it is.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| malformed(&error))?;
        let longest = settings::apply(folder, &mut tokenizer)?;
        Ok(Self { library: tokenizer, longest })
    }

    /// The same, of a checkpoint's folder: it must give no ids that the checkpoint lacks.
    ///
    /// # Errors
    /// Those of [`Tokenizer::load`] and [`Tokenizer::check`].
    pub fn load_for(folder: &Path, checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let tokenizer = Self::load(folder)?;
        tokenizer.check(checkpoint)?;
        Ok(tokenizer)
    }

    /// One of so many words, for a synthetic model: of characters, pairs and triples of letters, trained on
    /// no text.
    ///
    /// # Errors
    /// AE0705 when it cannot be made.
    pub fn synthetic(words: usize) -> Result<Self, ModelError> {
        let made = synthetic::tokenizer(words).map_err(|error| ModelError::Sentence(error.to_string()))?;
        Ok(Self { library: made, longest: None })
    }

    /// What `tokenizer.json` holds.
    ///
    /// # Errors
    /// AE0705 when it cannot be written.
    pub fn to_json(&self) -> Result<String, ModelError> {
        self.library.to_string(false).map_err(|error| ModelError::Sentence(error.to_string()))
    }

    /// The ids of a sentence between the special tokens, checked against the checkpoint.
    ///
    /// # Errors
    /// AE0705 when the sentence is too long or its ids are none of the checkpoint's.
    pub fn encode(&self, sentence: &str, checkpoint: &Checkpoint) -> Result<Vec<u32>, ModelError> {
        Ok(self.tokens(sentence, None, checkpoint)?.ids)
    }

    /// A sentence, or a pair, between and with the special tokens, checked against the checkpoint.
    ///
    /// # Errors
    /// AE0705 when it is too long, or its ids or types are none of the checkpoint's.
    pub fn tokens(&self, sentence: &str, second: Option<&str>, checkpoint: &Checkpoint) -> Result<Tokens, ModelError> {
        let tokens = self.whole(sentence, second)?;
        check((&tokens).into(), checkpoint)?;
        if let Some(longest) = self.longest.filter(|&longest| tokens.ids.len() > longest) {
            let count = tokens.ids.len();
            return Err(ModelError::Sentence(format!(
                "{count} tokens: tokenizer_config.json allows {longest} (model_max_length)"
            )));
        }
        Ok(tokens)
    }

    /// As much of a sentence, or a pair, as the checkpoint has positions for, and at most so many tokens.
    ///
    /// # Errors
    /// AE0705 when ids or types are none of the checkpoint's.
    pub fn beginning(
        &self,
        sentence: &str,
        second: Option<&str>,
        checkpoint: &Checkpoint,
        most: usize,
    ) -> Result<Tokens, ModelError> {
        let mut tokens = self.whole(sentence, second)?;
        let most = most.min(self.longest(checkpoint));
        tokens.ids.truncate(most);
        tokens.types.truncate(most);
        check((&tokens).into(), checkpoint)?;
        Ok(tokens)
    }

    /// Tokens of the longest sequence that the checkpoint and the tokenizer's settings allow.
    #[must_use]
    pub fn longest(&self, checkpoint: &Checkpoint) -> usize {
        let positions = checkpoint.config.max_position_embeddings;
        self.longest.map_or(positions, |longest| longest.min(positions))
    }

    fn whole(&self, sentence: &str, second: Option<&str>) -> Result<Tokens, ModelError> {
        let encoding = match second {
            Some(second) => self.library.encode((sentence, second), true),
            None => self.library.encode(sentence, true),
        };
        let encoding = encoding.map_err(|error| ModelError::Sentence(error.to_string()))?;
        Ok(Tokens { ids: encoding.get_ids().to_vec(), types: encoding.get_type_ids().to_vec() })
    }

    /// Checks that the tokenizer gives no ids that the checkpoint lacks.
    ///
    /// # Errors
    /// AE0705 with the first word that has one.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), ModelError> {
        let words = checkpoint.config.vocab_size;
        let past = self.library.get_vocab(true).into_iter().filter(|&(_, id)| id as usize >= words);
        match past.map(|(word, id)| (id, word)).min() {
            None => Ok(()),
            Some((id, word)) => Err(ModelError::Sentence(format!(
                "tokenizer.json gives `{word}` id {id}, the checkpoint's vocabulary ends at {}: they belong to different models",
                words - 1
            ))),
        }
    }
}

/// Checks that an encoder can take these tokens.
///
/// # Errors
/// AE0705 when there are none or too many, or an id or a type is past its table.
pub fn check(sequence: Sequence, checkpoint: &Checkpoint) -> Result<(), ModelError> {
    let config = &checkpoint.config;
    let (longest, words, types) = (config.max_position_embeddings, config.vocab_size, config.type_vocab_size);
    let tokens = sequence.len();
    if tokens == 0 || tokens > longest {
        return Err(ModelError::Sentence(format!("{tokens} tokens: the encoder takes 1 to {longest}")));
    }
    for (at, [word, _, kind]) in sequence.rows().enumerate() {
        if word >= words {
            let message = format!("token {at} has id {word}, the checkpoint's vocabulary ends at {}", words - 1);
            return Err(ModelError::Sentence(message));
        }
        if kind >= types {
            let message = format!("token {at} is of type {kind}, the checkpoint has types 0 to {}", types - 1);
            return Err(ModelError::Sentence(message));
        }
    }
    Ok(())
}
