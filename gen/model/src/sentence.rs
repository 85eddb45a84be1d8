//! From a sentence, or a pair of them, to tokens.

mod synthetic;

use crate::{Checkpoint, ModelError};
use alberti_diagnostic::{Code, Diagnostic};
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
pub struct Tokenizer(tokenizers::Tokenizer);

impl Tokenizer {
    /// Reads `tokenizer.json` from a model's folder.
    ///
    /// # Errors
    /// AE0701 when it cannot be read, AE0705 when it is malformed.
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
        Ok(Self(tokenizer))
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
        synthetic::tokenizer(words).map(Self).map_err(|error| ModelError::Sentence(error.to_string()))
    }

    /// What `tokenizer.json` holds.
    ///
    /// # Errors
    /// AE0705 when it cannot be written.
    pub fn to_json(&self) -> Result<String, ModelError> {
        self.0.to_string(false).map_err(|error| ModelError::Sentence(error.to_string()))
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
    /// AE0721 when it has no words, AE0705 when it is too long or has ids or types that the checkpoint lacks.
    pub fn tokens(&self, sentence: &str, second: Option<&str>, checkpoint: &Checkpoint) -> Result<Tokens, ModelError> {
        let tokens = self.whole(sentence, second)?;
        check((&tokens).into(), checkpoint)?;
        Ok(tokens)
    }

    /// As much of a sentence, or a pair, as the checkpoint has positions for.
    ///
    /// # Errors
    /// AE0721 when it has no words, AE0705 when ids or types are none of the checkpoint's.
    pub fn beginning(
        &self,
        sentence: &str,
        second: Option<&str>,
        checkpoint: &Checkpoint,
    ) -> Result<Tokens, ModelError> {
        let mut tokens = self.whole(sentence, second)?;
        tokens.ids.truncate(checkpoint.config.max_position_embeddings);
        check((&tokens).into(), checkpoint)?;
        Ok(tokens)
    }

    fn whole(&self, sentence: &str, second: Option<&str>) -> Result<Tokens, ModelError> {
        if sentence.trim().is_empty() {
            let message = "the sentence has no words";
            return Err(Diagnostic::new(Code::SentenceEmpty, message, "give a text of one word or more").into());
        }
        let encoding = match second {
            Some(second) => self.0.encode((sentence, second), true),
            None => self.0.encode(sentence, true),
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
        let past = self.0.get_vocab(true).into_iter().filter(|&(_, id)| id as usize >= words);
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
