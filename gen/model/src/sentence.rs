//! From a sentence to token ids.

use crate::{Checkpoint, ModelError};
use std::path::Path;

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
        let malformed = |error| ModelError::Sentence(format!("{}: {error}", path.display()));
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(text).map_err(malformed)?;
        // Files are published with the padding and cutting of their training; we want the sentence as it is.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(malformed)?;
        Ok(Self(tokenizer))
    }

    /// The ids of a sentence between the special tokens, checked against the checkpoint.
    ///
    /// # Errors
    /// AE0705 when the sentence is too long or its ids are none of the checkpoint's.
    pub fn encode(&self, sentence: &str, checkpoint: &Checkpoint) -> Result<Vec<u32>, ModelError> {
        let encoding = self.0.encode(sentence, true).map_err(|error| ModelError::Sentence(error.to_string()))?;
        let ids = encoding.get_ids().to_vec();
        check_ids(&ids, checkpoint)?;
        Ok(ids)
    }
}

/// Checks that an encoder can take these token ids.
///
/// # Errors
/// AE0705 when there are none or too many, or one is past the vocabulary.
pub fn check_ids(ids: &[u32], checkpoint: &Checkpoint) -> Result<(), ModelError> {
    let (longest, words) = (checkpoint.config.max_position_embeddings, checkpoint.config.vocab_size);
    if ids.is_empty() || ids.len() > longest {
        return Err(ModelError::Sentence(format!("{} tokens: the encoder takes 1 to {longest}", ids.len())));
    }
    match ids.iter().position(|&id| id as usize >= words) {
        Some(at) => Err(ModelError::Sentence(format!(
            "token {at} has id {}, the checkpoint's vocabulary ends at {}",
            ids[at],
            words - 1
        ))),
        None => Ok(()),
    }
}
