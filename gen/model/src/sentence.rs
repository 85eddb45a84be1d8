//! From a sentence, or a pair of them, to tokens.

mod files;
mod pieces;
mod reading;
mod settings;
mod synthetic;

pub use reading::{Cut, Reading};

use crate::{Checkpoint, ModelError, Source};
use alberti_golden::encoder::Sequence;
use settings::Settings;
use tokenizers::{PostProcessor, TruncationParams};

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
    /// Tokens that every text is cut to.
    most: Option<usize>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`, or the vocabulary that stands in for it, and `tokenizer_config.json` where it is
    /// there. Texts are cut where the source says so.
    ///
    /// # Errors
    /// AE0701 when one cannot be read, AE0705 when one is malformed or they contradict each other.
    pub fn load<'a>(source: impl Into<Source<'a>>) -> Result<Self, ModelError> {
        let Source { folder, max_length, .. } = source.into();
        let settings = Settings::read(folder)?;
        let mut library = files::read(folder, &settings)?;
        // Files are published with the padding and cutting of their training; we want the sentence as it is.
        library.with_padding(None);
        library.with_truncation(None).map_err(|error| ModelError::Sentence(error.to_string()))?;
        let longest = settings.apply(&mut library)?;
        let whole = Self { library, longest, most: None };
        max_length.map_or(Ok(whole.clone()), |most| whole.cut(most))
    }

    /// The same, of a checkpoint's folder: it must give no ids that the checkpoint lacks.
    ///
    /// # Errors
    /// Those of [`Tokenizer::load`] and [`Tokenizer::check`].
    pub fn load_for<'a>(source: impl Into<Source<'a>>, checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let tokenizer = Self::load(source)?;
        tokenizer.check(checkpoint)?;
        Ok(tokenizer)
    }

    /// One that cuts every text to so many tokens, or to fewer as this one does: special tokens stay, of a
    /// pair the longer text is cut first.
    ///
    /// # Errors
    /// AE0705 when special tokens leave no room for a text.
    pub fn cut(&self, most: usize) -> Result<Self, ModelError> {
        let most = self.most.map_or(most, |given| given.min(most));
        let special = self.library.get_post_processor().map_or(0, |frame| frame.added_tokens(false));
        if most <= special {
            let problem = format!("{most} tokens: {special} special tokens leave no room for a text");
            return Err(ModelError::Sentence(problem));
        }
        let mut library = self.library.clone();
        library
            .with_truncation(Some(TruncationParams { max_length: most, ..TruncationParams::default() }))
            .map_err(|error| ModelError::Sentence(error.to_string()))?;
        Ok(Self { library, most: Some(most), ..*self })
    }

    /// Tokens that every text is cut to, where any is.
    #[must_use]
    pub fn most(&self) -> Option<usize> {
        self.most
    }

    /// One of so many words, for a synthetic model: of characters, pairs and triples of letters, trained on
    /// no text.
    ///
    /// # Errors
    /// AE0705 when it cannot be made.
    pub fn synthetic(words: usize) -> Result<Self, ModelError> {
        let made = synthetic::tokenizer(words).map_err(|error| ModelError::Sentence(error.to_string()))?;
        Ok(Self { library: made, longest: None, most: None })
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
        Ok(self.read(sentence, second, checkpoint)?.0)
    }

    /// The same, and whether it was cut.
    ///
    /// # Errors
    /// As [`Self::tokens`].
    pub fn read(
        &self,
        sentence: &str,
        second: Option<&str>,
        checkpoint: &Checkpoint,
    ) -> Result<(Tokens, bool), ModelError> {
        if let (Some(most), Some(frame), Some(_)) = (self.most, self.library.get_post_processor(), second)
            && most <= frame.added_tokens(true)
        {
            let special = frame.added_tokens(true);
            let problem = format!("{most} tokens: {special} special tokens leave no room for a pair");
            return Err(ModelError::Sentence(problem));
        }
        let encoding = match second {
            Some(second) => self.library.encode((sentence, second), true),
            None => self.library.encode(sentence, true),
        };
        let encoding = encoding.map_err(|error| ModelError::Sentence(error.to_string()))?;
        let ids = encoding.get_ids().to_vec();
        // Where the encoder has no table of types, tokenizers of its family still give them.
        let types = match checkpoint.config.family.segments {
            Some(_) => encoding.get_type_ids().to_vec(),
            None => vec![0; ids.len()],
        };
        let tokens = Tokens { ids, types };
        check((&tokens).into(), checkpoint)?;
        if let Some(longest) = self.longest.filter(|&longest| tokens.ids.len() > longest) {
            let count = tokens.ids.len();
            return Err(ModelError::Sentence(format!(
                "{count} tokens: tokenizer_config.json allows {longest} (model_max_length)"
            )));
        }
        Ok((tokens, !encoding.get_overflowing().is_empty()))
    }

    /// Tokens of the longest sequence that the checkpoint and the tokenizer's settings allow.
    #[must_use]
    pub fn longest(&self, checkpoint: &Checkpoint) -> usize {
        let positions = checkpoint.config.max_position_embeddings;
        self.longest.map_or(positions, |longest| longest.min(positions))
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
                "the tokenizer gives `{word}` id {id}, the checkpoint's vocabulary ends at {}: they belong to different models",
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
        if config.padding == Some(word) {
            let message = format!("token {at} is the padding token {word}, for which the model counts no position");
            return Err(ModelError::Sentence(message));
        }
        if kind >= types {
            let message = format!("token {at} is of type {kind}, the checkpoint has types 0 to {}", types - 1);
            return Err(ModelError::Sentence(message));
        }
    }
    Ok(())
}
