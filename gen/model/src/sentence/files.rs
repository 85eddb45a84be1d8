//! A tokenizer from the files of a model's folder, whichever of them are there.
//!
//! | files | tokenizer |
//! |---|---|
//! | `tokenizer.json` | what it says |
//! | `vocab.txt` | BERT's WordPiece |
//! | `vocab.json`, `merges.txt` | RoBERTa's byte pairs |
//! | `spiece.model` | ALBERT's SentencePiece |
//!
//! The last three are built as transformers builds them, with the settings that are beside them.

use super::{pieces, settings::Settings};
use crate::ModelError;
use alberti_diagnostic::{Code, Diagnostic};
use serde::de::IgnoredAny;
use serde_json::{Map, json};
use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};
use tokenizers::{
    AddedToken, Tokenizer,
    models::{bpe::BPE, wordpiece::WordPiece},
    normalizers::BertNormalizer,
    pre_tokenizers::{bert::BertPreTokenizer, byte_level::ByteLevel},
    processors::{roberta::RobertaProcessing, template::TemplateProcessing},
};

/// The file that says everything.
const WHOLE: &str = "tokenizer.json";

/// Models of SentencePiece that transformers renumbers, each family in its own way.
const RENUMBERED: [&str; 2] = ["sentencepiece.bpe.model", "tokenizer.model"];

/// BERT's special tokens by the keys of their settings.
const OF_BERT: Special = Special { cls: "[CLS]", sep: "[SEP]", pad: "[PAD]", unk: "[UNK]", mask: "[MASK]" };
/// RoBERTa's.
const OF_ROBERTA: Special = Special { cls: "<s>", sep: "</s>", pad: "<pad>", unk: "<unk>", mask: "<mask>" };
/// ALBERT's.
const OF_ALBERT: Special = Special { cls: "[CLS]", sep: "[SEP]", pad: "<pad>", unk: "<unk>", mask: "[MASK]" };

/// Special tokens where no settings name them.
struct Special {
    cls: &'static str,
    sep: &'static str,
    pad: &'static str,
    unk: &'static str,
    mask: &'static str,
}

/// Special tokens by what they are for.
struct Named {
    cls: String,
    sep: String,
    pad: String,
    unk: String,
    mask: String,
}

/// Reads the tokenizer of a folder.
///
/// # Errors
/// AE0701 when there is none or a file cannot be read, AE0705 when one is malformed.
pub(super) fn read(folder: &Path, settings: &Settings) -> Result<Tokenizer, ModelError> {
    let [whole, words, pairs, spiece] =
        [WHOLE, "vocab.txt", "vocab.json", "spiece.model"].map(|name| folder.join(name));
    if whole.exists() {
        return tokenizer_json(&whole);
    }
    if words.exists() {
        let text = std::fs::read_to_string(&words).map_err(|error| unreadable(&words, error))?;
        return made(&words, || word_pieces(&text, &Named::of(settings, &OF_BERT)));
    }
    if pairs.exists() {
        let merges = folder.join("merges.txt");
        for file in [&pairs, &merges] {
            std::fs::File::open(file).map_err(|error| unreadable(file, error))?;
        }
        let space = settings.switch("add_prefix_space").unwrap_or(false);
        return made(&pairs, || byte_pairs(&pairs, &merges, &Named::of(settings, &OF_ROBERTA), space));
    }
    if spiece.exists() {
        let bytes = std::fs::read(&spiece).map_err(|error| unreadable(&spiece, error))?;
        return made(&spiece, || sentence_pieces(&bytes, settings, &Named::of(settings, &OF_ALBERT)));
    }
    match RENUMBERED.into_iter().find(|name| folder.join(name).exists()) {
        Some(found) => Err(renumbered(folder, found)),
        None => Err(unreadable(&whole, std::io::ErrorKind::NotFound.into())),
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> ModelError {
    ModelError::Unreadable { path: path.into(), source }
}

fn malformed(path: &Path, error: &dyn Display) -> ModelError {
    ModelError::Sentence(format!("{}: {error}", path.display()))
}

/// That a folder's tokenizer has to be written as [`WHOLE`] first.
fn renumbered(folder: &Path, found: &str) -> ModelError {
    let message = format!(
        "{} has {found}, no {WHOLE}: which ids its words have is known to transformers alone",
        folder.display()
    );
    let line = "python -c \"import transformers as t; t.AutoTokenizer.from_pretrained('.').save_pretrained('.')\"";
    Diagnostic::new(Code::ModelUnreadable, message, format!("in that folder run: {line}")).into()
}

fn tokenizer_json(path: &PathBuf) -> Result<Tokenizer, ModelError> {
    let text = std::fs::read(path).map_err(|error| unreadable(path, error))?;
    // What is no JSON is told with its place.
    serde_json::from_slice::<IgnoredAny>(&text).map_err(|error| malformed(path, &error))?;
    made(path, || Tokenizer::from_bytes(text))
}

/// A tokenizer that the library made. It panics on some of what it does not know.
fn made(path: &Path, make: impl FnOnce() -> tokenizers::Result<Tokenizer>) -> Result<Tokenizer, ModelError> {
    catch_unwind(AssertUnwindSafe(make))
        .map_err(|_| malformed(path, &"it describes a part of a tokenizer that is not known"))?
        .map_err(|error| malformed(path, &error))
}

impl Named {
    fn of(settings: &Settings, usual: &Special) -> Self {
        let token = |key: &str, usual: &str| settings.token(key).unwrap_or_else(|| usual.to_owned());
        Self {
            cls: token("cls_token", usual.cls),
            sep: token("sep_token", usual.sep),
            pad: token("pad_token", usual.pad),
            unk: token("unk_token", usual.unk),
            mask: token("mask_token", usual.mask),
        }
    }

    /// Makes them special; those that the vocabulary lacks get ids after it. `mask` takes the space before it.
    fn add(&self, tokenizer: &mut Tokenizer, mask_strips: bool) {
        let plain = [&self.cls, &self.sep, &self.unk, &self.pad].map(|token| AddedToken::from(token.as_str(), true));
        let mask = AddedToken::from(self.mask.as_str(), true).lstrip(mask_strips);
        tokenizer.add_special_tokens(&[plain.as_slice(), &[mask]].concat());
    }

    /// Puts them around a text and around a pair, whose second half is of type 1.
    fn frame(&self, tokenizer: &Tokenizer) -> tokenizers::Result<TemplateProcessing> {
        let Self { cls, sep, .. } = self;
        let id = |token: &String| tokenizer.token_to_id(token).ok_or_else(|| format!("`{token}` has no id"));
        let special = vec![(cls.as_str(), id(cls)?), (sep.as_str(), id(sep)?)];
        Ok(TemplateProcessing::builder()
            .try_single(format!("{cls}:0 $A:0 {sep}:0"))?
            .try_pair(format!("{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1"))?
            .special_tokens(special)
            .build()?)
    }
}

/// A word on each line, its id is the line's number.
fn word_pieces(words: &str, named: &Named) -> tokenizers::Result<Tokenizer> {
    let vocabulary: Map<_, _> = words.lines().zip(0..).map(|(word, id): (_, u32)| (word.into(), json!(id))).collect();
    let model = json!({
        "type": "WordPiece", "unk_token": named.unk, "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100, "vocab": vocabulary,
    });
    let model: WordPiece = serde_json::from_str(&model.to_string())?;
    let mut tokenizer = Tokenizer::new(model);
    named.add(&mut tokenizer, false);
    let frame = named.frame(&tokenizer)?;
    // Its settings are applied as to one that was read.
    tokenizer
        .with_normalizer(Some(BertNormalizer::default()))
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(frame));
    Ok(tokenizer)
}

fn byte_pairs(words: &Path, merges: &Path, named: &Named, space: bool) -> tokenizers::Result<Tokenizer> {
    let model = BPE::from_file(&words.to_string_lossy(), &merges.to_string_lossy()).build()?;
    let mut tokenizer = Tokenizer::new(model);
    named.add(&mut tokenizer, true);
    let id = |token: &String| tokenizer.token_to_id(token).ok_or_else(|| format!("`{token}` has no id"));
    let frame = RobertaProcessing::new((named.sep.clone(), id(&named.sep)?), (named.cls.clone(), id(&named.cls)?))
        .add_prefix_space(space);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(space))).with_post_processor(Some(frame));
    Ok(tokenizer)
}

fn sentence_pieces(bytes: &[u8], settings: &Settings, named: &Named) -> tokenizers::Result<Tokenizer> {
    let lower = settings.switch("do_lower_case").unwrap_or(true);
    let accents = settings.switch("keep_accents").unwrap_or(false);
    let mut tokenizer = pieces::tokenizer(bytes, lower, accents)?;
    named.add(&mut tokenizer, true);
    let frame = named.frame(&tokenizer)?;
    tokenizer.with_post_processor(Some(frame));
    Ok(tokenizer)
}
