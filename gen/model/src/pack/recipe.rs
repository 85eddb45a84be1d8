//! How a model is compressed: a YAML file of its own.
//!
//! ```yaml
//! prune:
//!   embeddings: 0.6            # tables of words and positions
//!   encoder: {below: 0.02}     # linear layers of the backbone, and what widens embeddings
//! quantise:
//!   weight_scale: output
//!   channel_shifts: true
//!   clip_gelu: true
//! calibrate: [A sentence., Another.]
//! ```

use crate::{BlockSparsity, ModelError, prune::Pruning, quantise::Rules};
use serde::Serialize;
use serde_yaml::{Mapping, Value};
use std::path::Path;

/// Bytes of the largest file that is read.
const BYTES_MAX: usize = 1 << 20;

/// A recipe; what a file leaves out is as in the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    /// Of the tables of words and positions.
    pub embeddings: Pruning,
    /// Of the backbone's linear layers.
    pub encoder: Pruning,
    /// How weights and activations become codes.
    pub rules: Rules,
    /// Sentences that ranges are taken from; the built-in ones where there are none.
    pub sentences: Vec<String>,
}

impl Recipe {
    /// Reads a file.
    ///
    /// # Errors
    /// AE0701 when it cannot be read, AE0720 with all that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::Unreadable { path: path.into(), source })?;
        Self::parse(&path.display().to_string(), &bytes)
    }

    /// Reads a text; `name` is what errors call it.
    ///
    /// # Errors
    /// AE0720 with all that is wrong with it.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let refused = |problems| ModelError::Recipe { name: name.into(), problems };
        if bytes.len() > BYTES_MAX {
            return Err(refused(vec![format!("it has {} bytes, at most {BYTES_MAX} are read", bytes.len())]));
        }
        let value: Value = serde_yaml::from_slice(bytes).map_err(|error| refused(vec![error.to_string()]))?;
        let mut reader = Reader::default();
        let mut recipe = Self::default();
        reader.section("", &value, |reader, key, value| match key {
            "prune" => reader.section("prune.", value, |reader, key, value| match key {
                "embeddings" => reader.set("prune.embeddings", pruning(value), &mut recipe.embeddings),
                "encoder" => reader.set("prune.encoder", pruning(value), &mut recipe.encoder),
                _ => reader.unknown("prune", key, "embeddings, encoder"),
            }),
            "quantise" => reader.section("quantise.", value, |reader, key, value| match key {
                "weight_scale" => {
                    reader.set("quantise.weight_scale", scale(value), &mut recipe.rules.weights_by_output)
                }
                "channel_shifts" => {
                    reader.set("quantise.channel_shifts", truth(value), &mut recipe.rules.channel_shifts)
                }
                "clip_gelu" => reader.set("quantise.clip_gelu", truth(value), &mut recipe.rules.clipped),
                _ => reader.unknown("quantise", key, "weight_scale, channel_shifts, clip_gelu"),
            }),
            "calibrate" => reader.set("calibrate", sentences(value), &mut recipe.sentences),
            _ => reader.unknown("the recipe", key, "prune, quantise, calibrate"),
        });
        if reader.0.is_empty() { Ok(recipe) } else { Err(refused(reader.0)) }
    }
}

/// The problems met so far.
#[derive(Default)]
struct Reader(Vec<String>);

impl Reader {
    /// Visits the keys of a map; nothing at all is an empty one.
    fn section(&mut self, prefix: &str, value: &Value, mut each: impl FnMut(&mut Self, &str, &Value)) {
        let none = Mapping::new();
        let map = match value {
            Value::Null => &none,
            Value::Mapping(map) => map,
            other => {
                let place = prefix.strip_suffix('.').unwrap_or("the recipe");
                return self.0.push(format!("{place}: {}, expected keys and values", shown(other)));
            }
        };
        for (key, value) in map {
            match key {
                Value::String(key) => each(self, key, value),
                other => self.0.push(format!("{prefix}{}: a key is a word", shown(other))),
            }
        }
    }

    fn set<T>(&mut self, place: &str, read: Result<T, String>, target: &mut T) {
        match read {
            Ok(value) => *target = value,
            Err(problem) => self.0.push(format!("{place}: {problem}")),
        }
    }

    fn unknown(&mut self, section: &str, key: &str, known: &str) {
        self.0.push(format!("{section} has no key `{}`; there are {known}", key.escape_debug()));
    }
}

/// A value in a few characters.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => format!("`{}`", value.chars().take(40).collect::<String>().escape_debug()),
        Value::Sequence(_) => "a list".into(),
        Value::Mapping(_) => "keys and values".into(),
        Value::Tagged(_) => "a tag".into(),
    }
}

fn pruning(value: &Value) -> Result<Pruning, String> {
    let expected =
        || format!("{}, expected none, a share such as 0.5, blocks such as \"8:16\", or {{below: 0.02}}", shown(value));
    let finite = |number: &Value| number.as_f64().filter(|x| x.is_finite() && *x >= 0.0);
    match value {
        Value::String(text) if text == "none" => Ok(Pruning::Dense),
        Value::String(text) => {
            let (nonzeros, block) = text.split_once(':').ok_or_else(expected)?;
            let (nonzeros, block) = nonzeros.parse().ok().zip(block.parse().ok()).ok_or_else(expected)?;
            BlockSparsity::new(nonzeros, block).map(Pruning::Block).map_err(|error| error.to_string())
        }
        Value::Number(_) => finite(value).filter(|x| *x <= 1.0).map(Pruning::Unstructured).ok_or_else(expected),
        Value::Mapping(map) if map.len() == 1 => {
            map.get("below").and_then(finite).map(|x| Pruning::Below(x as f32)).ok_or_else(expected)
        }
        _ => Err(expected()),
    }
}

fn truth(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{}, expected true or false", shown(value)))
}

/// Whether every output has a scale of its own.
fn scale(value: &Value) -> Result<bool, String> {
    match value.as_str() {
        Some("output") => Ok(true),
        Some("matrix") => Ok(false),
        _ => Err(format!("{}, expected output or matrix", shown(value))),
    }
}

fn sentences(value: &Value) -> Result<Vec<String>, String> {
    let expected = || format!("{}, expected a list of sentences, at least one", shown(value));
    let list = value.as_sequence().filter(|list| !list.is_empty()).ok_or_else(expected)?;
    list.iter()
        .map(|sentence| match sentence.as_str() {
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            _ => Err(format!("{} is no sentence", shown(sentence))),
        })
        .collect()
}

/// The recipe as data.
impl Serialize for Recipe {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({
            "prune_embeddings": self.embeddings.to_string(),
            "prune_encoder": self.encoder.to_string(),
            "weight_scale": if self.rules.weights_by_output { "output" } else { "matrix" },
            "channel_shifts": self.rules.channel_shifts,
            "clip_gelu": self.rules.clipped,
            "own_sentences": self.sentences.len(),
        })
        .serialize(serializer)
    }
}
