//! What `tokenizer_config.json` says, as transformers reads it beside `tokenizer.json`.
//!
//! A normaliser of BERT takes its settings from here, and the library's own where the file does not say.
//! Everything else stands in `tokenizer.json`: what says otherwise here is a contradiction.

use crate::ModelError;
use serde_json::{Map, Value};
use std::{io::ErrorKind, path::Path};
use tokenizers::{ModelWrapper, NormalizerWrapper, Tokenizer, normalizers::BertNormalizer};

/// The file.
const FILE: &str = "tokenizer_config.json";

/// Special tokens that it names.
const SPECIAL: [&str; 5] = ["cls_token", "sep_token", "pad_token", "unk_token", "mask_token"];

/// What it says.
pub(super) struct Settings {
    keys: Map<String, Value>,
    problems: Vec<String>,
}

/// Sets a tokenizer as the file of a model's folder says; gives the longest sequence, where it has one.
/// Without the file nothing changes.
///
/// # Errors
/// AE0701 when it cannot be read, AE0705 with all that is wrong in it or contradicts the tokenizer.
pub(super) fn apply(folder: &Path, tokenizer: &mut Tokenizer) -> Result<Option<usize>, ModelError> {
    let path = folder.join(FILE);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ModelError::Unreadable { path, source }),
    };
    let refused = |problem: String| ModelError::Sentence(format!("{}: {problem}", path.display()));
    let keys = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
    let mut settings = Settings { keys, problems: Vec::new() };
    settings.normalise(tokenizer);
    settings.special(tokenizer);
    settings.added(tokenizer);
    let longest = settings.longest();
    if settings.problems.is_empty() { Ok(longest) } else { Err(refused(settings.problems.join("; "))) }
}

impl Settings {
    /// The value of a key; `null` is as good as none.
    fn get(&self, key: &str) -> Option<&Value> {
        self.keys.get(key).filter(|value| !value.is_null())
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.problems.push(format!("{key} is {value}, it must be true or false"));
        }
        flag
    }

    fn normalise(&mut self, tokenizer: &mut Tokenizer) {
        let [lower, strip, chinese] =
            ["do_lower_case", "strip_accents", "tokenize_chinese_chars"].map(|key| self.flag(key));
        if let Some(NormalizerWrapper::BertNormalizer(known)) = tokenizer.get_normalizer() {
            let (lower, chinese) = (lower.unwrap_or(true), chinese.unwrap_or(true));
            let normalizer = BertNormalizer::new(known.clean_text, chinese, strip, lower);
            tokenizer.with_normalizer(Some(normalizer));
            return;
        }
        let keeps = self.flag("keep_accents");
        let known = tokenizer.get_normalizer().and_then(|normalizer| serde_json::to_value(normalizer).ok());
        let known = known.unwrap_or(Value::Null);
        for (key, asked, kind) in [
            ("do_lower_case", lower, "Lowercase"),
            ("strip_accents", strip, "StripAccents"),
            ("keep_accents", keeps.map(|keeps| !keeps), "StripAccents"),
        ] {
            let does = has(&known, kind);
            if asked.is_some_and(|asked| asked != does) {
                let without = if does { "has" } else { "lacks" };
                self.problems.push(format!("{key} contradicts tokenizer.json, whose normalizer {without} {kind}"));
            }
        }
    }

    /// The name of a special token.
    fn token(&self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
    }

    fn special(&mut self, tokenizer: &Tokenizer) {
        for key in SPECIAL {
            if let Some(token) = self.token(key).filter(|token| tokenizer.token_to_id(token).is_none()) {
                self.problems.push(format!("{key} is `{token}`, which tokenizer.json does not have"));
            }
        }
        let frame = tokenizer.encode("", true).map(|encoding| encoding.get_tokens().to_vec()).unwrap_or_default();
        let unknown = match tokenizer.get_model() {
            ModelWrapper::WordPiece(model) => Some(&model.unk_token),
            _ => None,
        };
        for (key, known) in [("cls_token", frame.first()), ("sep_token", frame.last()), ("unk_token", unknown)] {
            if let (Some(token), Some(known)) = (self.token(key), known)
                && token != *known
            {
                self.problems.push(format!("{key} is `{token}`, tokenizer.json puts `{known}` there"));
            }
        }
    }

    /// Tokens that were added to the vocabulary.
    fn added(&mut self, tokenizer: &Tokenizer) {
        let added = self.get("added_tokens_decoder").and_then(Value::as_object).cloned().unwrap_or_default();
        for (id, token) in added {
            let content = token.get("content").and_then(Value::as_str).unwrap_or_default();
            let known = tokenizer.token_to_id(content);
            if known.map(|known| known.to_string()).as_ref() != Some(&id) {
                let known = known.map_or_else(|| "none".to_owned(), |known| known.to_string());
                self.problems.push(format!("added_tokens_decoder gives `{content}` id {id}, tokenizer.json {known}"));
            }
        }
    }

    /// Tokens of the longest sequence. Where nothing bounds it, the library writes 10^30.
    fn longest(&mut self) -> Option<usize> {
        let value = self.get("model_max_length")?;
        let most = value.as_f64().filter(|&most| most >= 1.0);
        if most.is_none() {
            self.problems.push(format!("model_max_length is {value}, it must be a number of at least 1"));
        }
        most.map(|most| most as usize)
    }
}

/// Whether a normaliser, or one within it, is of a kind.
fn has(normalizer: &Value, kind: &str) -> bool {
    let within = normalizer.get("normalizers").and_then(Value::as_array);
    normalizer.get("type").and_then(Value::as_str) == Some(kind)
        || within.is_some_and(|all| all.iter().any(|one| has(one, kind)))
}
