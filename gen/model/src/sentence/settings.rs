//! What `tokenizer_config.json` says, as transformers reads it beside the tokenizer.
//!
//! A normaliser of BERT takes its settings from here, and the library's own where the file does not say.
//! Everything else stands in `tokenizer.json`, or was built by these settings: what says otherwise here is a
//! contradiction. `special_tokens_map.json` names special tokens that it does not.

use crate::ModelError;
use serde_json::{Map, Value};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};
use tokenizers::{ModelWrapper, NormalizerWrapper, Tokenizer, normalizers::BertNormalizer};

/// The file.
const FILE: &str = "tokenizer_config.json";
/// Special tokens alone.
const TOKENS: &str = "special_tokens_map.json";

/// Special tokens that it names.
const SPECIAL: [&str; 5] = ["cls_token", "sep_token", "pad_token", "unk_token", "mask_token"];

/// What it says.
pub(super) struct Settings {
    path: PathBuf,
    /// Whether there is such a file; without it a tokenizer stays as it is.
    there: bool,
    keys: Map<String, Value>,
    problems: Vec<String>,
}

impl Settings {
    /// Reads the files of a model's folder; one that is not there says nothing.
    ///
    /// # Errors
    /// AE0701 when one cannot be read, AE0705 when it is malformed.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(FILE);
        let (there, mut keys) = (path.exists(), map(&path)?);
        for (key, token) in map(&folder.join(TOKENS))? {
            if SPECIAL.contains(&key.as_str()) {
                keys.entry(key).or_insert(token);
            }
        }
        Ok(Self { path, there, keys, problems: Vec::new() })
    }

    /// Sets a tokenizer as they say; gives the longest sequence, where they have one.
    ///
    /// # Errors
    /// AE0705 with all that is wrong in them or contradicts the tokenizer.
    pub fn apply(mut self, tokenizer: &mut Tokenizer) -> Result<Option<usize>, ModelError> {
        if !self.there {
            return Ok(None);
        }
        self.normalise(tokenizer);
        self.space(tokenizer);
        self.special(tokenizer);
        self.added(tokenizer);
        let longest = self.longest();
        match self.problems.is_empty() {
            true => Ok(longest),
            false => Err(ModelError::Sentence(format!("{}: {}", self.path.display(), self.problems.join("; ")))),
        }
    }

    /// A setting that is true or false.
    pub fn switch(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

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

    /// Whether a text begins as a word after a space does.
    fn space(&mut self, tokenizer: &Tokenizer) {
        let known = tokenizer.get_pre_tokenizer().and_then(|known| serde_json::to_value(known).ok());
        let known = known.as_ref().and_then(|known| known.get("add_prefix_space")).and_then(Value::as_bool);
        if let (Some(asked), Some(known)) = (self.flag("add_prefix_space"), known)
            && asked != known
        {
            self.problems.push(format!("add_prefix_space contradicts tokenizer.json, which has {known}"));
        }
    }

    /// The name of a special token.
    pub fn token(&self, key: &str) -> Option<String> {
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

/// The keys of a file; none where it is not there.
fn map(path: &Path) -> Result<Map<String, Value>, ModelError> {
    match std::fs::read(path) {
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|error| ModelError::Sentence(format!("{}: {error}", path.display())))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Map::new()),
        Err(source) => Err(ModelError::Unreadable { path: path.into(), source }),
    }
}
