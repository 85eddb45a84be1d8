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
use alberti_diagnostic::{Code, Diagnostic, Diagnostics, Location, Position, quote};
use serde::Serialize;
use serde_yaml::{Mapping, Value};
use std::{borrow::Cow, path::Path};

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
    /// AE0720 with all that is wrong with it, each at its key path.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader { name, problems: Diagnostics::new() };
        if bytes.len() > BYTES_MAX {
            let message = format!("the recipe has {} bytes, at most {BYTES_MAX} are read", bytes.len());
            reader.problem("", message, "write the keys of docs/compression.md alone");
            return Err(ModelError::Recipe { problems: reader.problems });
        }
        let value: Value = serde_yaml::from_slice(bytes).map_err(|error| reader.malformed(&error))?;
        if let Some((kind, mark)) = mistaken(&value) {
            let help = "a recipe has prune, quantise and calibrate (docs/compression.md)";
            reader.problem("", format!("this is {kind}, not a recipe: it has `{mark}`"), help);
            return Err(ModelError::Recipe { problems: reader.problems });
        }
        let mut recipe = Self::default();
        reader.section("", &value, |reader, key, value| match key {
            "prune" => reader.section("prune", value, |reader, key, value| match key {
                "embeddings" => reader.set("prune.embeddings", value, pruning, &mut recipe.embeddings),
                "encoder" => reader.set("prune.encoder", value, pruning, &mut recipe.encoder),
                _ => reader.unknown("prune", key, "embeddings, encoder"),
            }),
            "quantise" => reader.section("quantise", value, |reader, key, value| match key {
                "weight_scale" => {
                    reader.set("quantise.weight_scale", value, scale, &mut recipe.rules.weights_by_output)
                }
                "channel_shifts" => {
                    reader.set("quantise.channel_shifts", value, truth, &mut recipe.rules.channel_shifts)
                }
                "clip_gelu" => reader.set("quantise.clip_gelu", value, truth, &mut recipe.rules.clipped),
                _ => reader.unknown("quantise", key, "weight_scale, channel_shifts, clip_gelu"),
            }),
            "calibrate" => reader.set("calibrate", value, sentences, &mut recipe.sentences),
            _ => reader.unknown("", key, "prune, quantise, calibrate"),
        });
        if reader.problems.is_empty() { Ok(recipe) } else { Err(ModelError::Recipe { problems: reader.problems }) }
    }
}

/// Which other kind of file it is, and the key that says so.
fn mistaken(value: &Value) -> Option<(&'static str, &'static str)> {
    let kinds = [("a design", "datapath"), ("a design", "memories"), ("a technology file", "macros")];
    kinds.into_iter().find(|(_, mark)| value.get(mark).is_some())
}

/// What to write instead of a value.
type Expected = Cow<'static, str>;

/// The problems met so far.
struct Reader<'a> {
    name: &'a str,
    problems: Diagnostics,
}

impl Reader<'_> {
    fn problem(&mut self, key_path: &str, message: impl Into<String>, help: impl Into<String>) {
        let place = Location { key_path: key_path.to_owned(), ..Location::file(self.name) };
        self.problems.push(Diagnostic::new(Code::RecipeUnusable, message, help).at(place));
    }

    /// A text that is no YAML.
    fn malformed(&self, error: &serde_yaml::Error) -> ModelError {
        let position = error.location().map(|at| Position { line: at.line() as u32, column: at.column() as u32 });
        let help = "check indentation, brackets and quotes here and just before, and that each key is given once";
        let problem =
            Diagnostic::new(Code::RecipeUnusable, format!("the recipe cannot be read as YAML: {error}"), help)
                .at(Location { position, ..Location::file(self.name) });
        ModelError::Recipe { problems: problem.into() }
    }

    /// Visits the keys of a map; nothing at all is an empty one.
    fn section(&mut self, path: &str, value: &Value, mut each: impl FnMut(&mut Self, &str, &Value)) {
        let none = Mapping::new();
        let map = match value {
            Value::Null => &none,
            Value::Mapping(map) => map,
            other => {
                let message = format!("{} must be keys and values, it is {}", called(path), shown(other));
                return self.problem(path, message, "write its keys as docs/compression.md has them");
            }
        };
        for (key, value) in map {
            match key {
                Value::String(key) => each(self, key, value),
                other => self.problem(path, format!("{} is no key", shown(other)), "write a word as the key"),
            }
        }
    }

    fn set<T>(&mut self, path: &str, value: &Value, read: impl Fn(&Value) -> Result<T, Expected>, target: &mut T) {
        match read(value) {
            Ok(value) => *target = value,
            Err(help) => self.problem(path, format!("`{path}` is {}, which it cannot be", shown(value)), help),
        }
    }

    fn unknown(&mut self, section: &str, key: &str, known: &str) {
        let path = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        self.problem(&path, format!("{} has no key {}", called(section), quote(key)), format!("its keys are {known}"));
    }
}

fn called(section: &str) -> String {
    if section.is_empty() { "the recipe".to_owned() } else { quote(section) }
}

/// A value in a few characters.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => quote(value),
        Value::Sequence(_) => "a list".into(),
        Value::Mapping(_) => "keys and values".into(),
        Value::Tagged(_) => "a tag".into(),
    }
}

fn pruning(value: &Value) -> Result<Pruning, Expected> {
    let expected = || Expected::from("write none, a share such as 0.5, blocks such as \"8:16\", or {below: 0.02}");
    let finite = |number: &Value| number.as_f64().filter(|x| x.is_finite() && *x >= 0.0);
    match value {
        Value::String(text) if text == "none" => Ok(Pruning::Dense),
        Value::String(text) => match text.split_once(':') {
            Some((nonzeros, block)) => {
                let (nonzeros, block) = nonzeros.parse().ok().zip(block.parse().ok()).ok_or_else(expected)?;
                BlockSparsity::new(nonzeros, block).map(Pruning::Block).map_err(|error| error.to_string().into())
            }
            None => Err(share(text).map_or_else(expected, |share| format!("write the share: {share}").into())),
        },
        Value::Number(_) => finite(value).filter(|x| *x <= 1.0).map(Pruning::Unstructured).ok_or_else(|| {
            let percent = finite(value).filter(|x| *x <= 100.0);
            percent.map_or_else(expected, |x| format!("write a share from 0 to 1, such as {}", x / 100.0).into())
        }),
        Value::Mapping(map) if map.len() == 1 => {
            map.get("below").and_then(finite).map(|x| Pruning::Below(x as f32)).ok_or_else(expected)
        }
        _ => Err(expected()),
    }
}

/// The share that `50 %` is.
fn share(text: &str) -> Option<f64> {
    let percent: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

fn truth(value: &Value) -> Result<bool, Expected> {
    value.as_bool().ok_or_else(|| "write true or false".into())
}

/// Whether every output has a scale of its own.
fn scale(value: &Value) -> Result<bool, Expected> {
    match value.as_str() {
        Some("output") => Ok(true),
        Some("matrix") => Ok(false),
        _ => Err("write output or matrix".into()),
    }
}

fn sentences(value: &Value) -> Result<Vec<String>, Expected> {
    let expected = || Expected::from("write a list of sentences, at least one");
    let list = value.as_sequence().filter(|list| !list.is_empty()).ok_or_else(expected)?;
    let texts = list.iter().map(|sentence| sentence.as_str().filter(|text| !text.trim().is_empty()));
    texts.map(|text| text.map(str::to_owned).ok_or_else(expected)).collect()
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
