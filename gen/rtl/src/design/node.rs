//! YAML with positions: the tree that the reader walks.
//!
//! serde_yaml forgets positions once it has parsed. It does put one into every error that it passes on, so
//! each scalar is read by a visitor that keeps the value aside and then fails: the error says where the
//! scalar was, and the parser, which has consumed the scalar, goes on after it. One pass, any depth, flow and
//! block style alike. A mapping or a sequence stands where its key does, a mapping in a sequence where its
//! first key does.

use super::slip;
use alberti_diagnostic::{Code, Position};
use serde::{
    Serialize, Serializer,
    de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, cell::Cell, collections::BTreeMap, fmt};

/// Values and bytes of text that a tree may have once its aliases are expanded: more than any file of the
/// largest size.
const BUDGET: usize = 2 << 20;
/// Longest key in bytes.
const LONGEST_KEY: usize = 200;
/// Deepest nesting of flow collections: the scanner's time grows with its square.
const DEEPEST: usize = 16;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub position: Position,
    pub value: Value,
}

/// What YAML can say. Whole numbers beyond 128 bits become floats.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key and its value; a key may occur twice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub position: Position,
    pub node: Node,
}

/// What was meant by a key: another, and a value where the key swallowed it.
pub(crate) type Meant = (&'static str, Option<Value>);

/// A text that is no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub code: Code,
    pub position: Position,
    pub message: String,
    pub help: Cow<'static, str>,
}

impl Malformed {
    /// A slip that can be told from the line of an error.
    fn slip(text: &str, line: u32) -> Option<Self> {
        let (line, column, message, help) = slip::line(text, line)?;
        let position = Position { line, column };
        Some(Self { code: Code::MalformedYaml, position, message, help: help.into() })
    }
}

impl Node {
    /// Parses one YAML document.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = &*scannable(text)?;
        let state = State { budget: Cell::new(BUDGET), refusal: Cell::new(None) };
        match (Seed { state: &state }).deserialize(serde_yaml::Deserializer::from_str(text)) {
            Ok(mut root) => {
                if let (Value::Text(_), Some(slip)) = (&root.value, Malformed::slip(text, root.position.line)) {
                    return Err(slip);
                }
                root.settle(Position::START);
                Ok(root)
            }
            Err(error) => Err(malformed(text, &error.to_string(), state.refusal.take())),
        }
    }

    /// Gives keys at some positions, and each of the same name beside them, the names that were meant.
    pub fn repair(&mut self, keys: &BTreeMap<Position, Meant>) {
        match &mut self.value {
            Value::Sequence(items) => items.iter_mut().for_each(|item| item.repair(keys)),
            Value::Mapping(entries) => {
                let wrong = entries.iter().filter_map(|entry| Some((entry.key.clone(), keys.get(&entry.position)?)));
                let wrong: BTreeMap<_, _> = wrong.collect();
                for entry in entries {
                    if let Some((key, value)) = wrong.get(&entry.key) {
                        (*key).clone_into(&mut entry.key);
                        if let Some(value) = value {
                            entry.node.value = value.clone();
                        }
                    }
                    entry.node.repair(keys);
                }
            }
            _ => {}
        }
    }

    /// Gives mappings and sequences the position of their key, or of what holds them; a mapping in a sequence
    /// that of its first key.
    fn settle(&mut self, inherited: Position) {
        match &mut self.value {
            Value::Sequence(items) => {
                self.position = inherited;
                for item in items {
                    let first_key = match &item.value {
                        Value::Mapping(entries) => entries.first().map(|entry| entry.position),
                        _ => None,
                    };
                    item.settle(first_key.unwrap_or(inherited));
                }
            }
            Value::Mapping(entries) => {
                self.position = inherited;
                entries.iter_mut().for_each(|entry| entry.node.settle(entry.position));
            }
            _ => {}
        }
    }
}

/// Refuses what the scanner has no place or no time for: control characters, and brackets that nest deeper
/// than any design's, since its time grows with the square of the depth. What may be scanned is returned:
/// brackets in comments nest nothing, so that a text that seems too deep is scanned without its comments.
fn scannable(text: &str) -> Result<Cow<'_, str>, Malformed> {
    let refuse = |position, message: String, help: &'static str| {
        Err(Malformed { code: Code::MalformedYaml, position, message, help: help.into() })
    };
    let unprintable = |c: char| c.is_control() && !['\n', '\t', '\r', '\u{85}'].contains(&c);
    if let Some((position, c)) = places(text).find(|&(_, c)| unprintable(c)) {
        return refuse(position, format!("it contains the control character U+{:04X}", u32::from(c)), "remove it");
    }
    if too_deep(text).is_none() {
        return Ok(text.into());
    }
    let bare = without_comments(text);
    match too_deep(&bare) {
        None => Ok(bare.into()),
        Some(position) => {
            refuse(position, "brackets are nested too deeply".into(), "close brackets that are still open")
        }
    }
}

/// Every character but the ends of lines, with its place.
fn places(text: &str) -> impl Iterator<Item = (Position, char)> {
    let lines = (1..).zip(text.split('\n'));
    lines.flat_map(|(line, row)| (1..).zip(row.chars()).map(move |(column, c)| (Position { line, column }, c)))
}

/// The first bracket that opens more than there may be.
fn too_deep(text: &str) -> Option<Position> {
    let mut depth = 0usize;
    for (position, c) in places(text) {
        match c {
            '[' | '{' if depth == DEEPEST => return Some(position),
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The text with blanks for its comments, everything else in its place. A text with block scalars, whose lines
/// may look like comments, stays as it is.
fn without_comments(text: &str) -> String {
    let begins_block = |line: &str| {
        let head = line.trim_end().trim_end_matches(['-', '+']);
        !head.trim_start().starts_with('#') && [" |", " >"].iter().any(|mark| head.ends_with(mark))
    };
    if text.lines().any(begins_block) {
        return text.to_owned();
    }
    let mut bare = String::with_capacity(text.len());
    let mut quote = None;
    // The character before, and the last of the line that is not blank: a quotation mark within a word is text.
    let (mut before, mut last) = ('\n', '\n');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        bare.push(c);
        match quote {
            Some('"') if c == '\\' => bare.extend(chars.next()),
            Some('\'') if c == '\'' && chars.peek() == Some(&'\'') => bare.extend(chars.next()),
            Some(mark) => quote = Some(mark).filter(|&mark| c != mark),
            None if c == '#' && (before.is_whitespace() || "[{,".contains(before)) => {
                bare.pop();
                bare.push(' ');
                while chars.peek().is_some_and(|&c| c != '\n') {
                    chars.next();
                    bare.push(' ');
                }
            }
            None if "\"'".contains(c) && "\n:,[{-?".contains(last) => quote = Some(c),
            None => {}
        }
        before = c;
        if c == '\n' || !c.is_whitespace() {
            last = c;
        }
    }
    bare
}

/// What an error of the parser says, in our words where its own are about the parser.
fn malformed(text: &str, error: &str, refusal: Option<(Code, String)>) -> Malformed {
    let (message, position) = split(error);
    let (code, message) = match (refusal, message.as_str()) {
        (Some(refusal), _) => refusal,
        (None, "repetition limit exceeded") => (Code::TooManyAliases, "its aliases expand without limit".to_owned()),
        (None, "recursion limit exceeded") => (Code::MalformedYaml, "values are nested too deeply".to_owned()),
        (None, message) if message.contains("more than one document") => {
            let position = second_document(text);
            let message = "a second document begins here".to_owned();
            return Malformed { code: Code::MalformedYaml, position, message, help: "keep one design per file".into() };
        }
        (None, _) => match position.and_then(|position| Malformed::slip(text, position.line)) {
            Some(slip) => return slip,
            None => (Code::MalformedYaml, message),
        },
    };
    let has = |words: &str| message.contains(words);
    let help = if code == Code::TooManyAliases || has("anchor") {
        "write the values out; a design needs no anchors"
    } else if has("mapping values") {
        "put quotes around a value that contains a colon, or check the indentation"
    } else if has("cannot start any token") {
        "indent by spaces, not tabs, and put quotes around special characters"
    } else if has("tags") {
        "remove the tag"
    } else if has("a key") {
        "write one of the keys of a design"
    } else {
        "check indentation, brackets and quotes here and just before"
    };
    Malformed { code, position: position.unwrap_or(Position::START), message, help: help.into() }
}

/// Where the first `---` after content is.
fn second_document(text: &str) -> Position {
    let mut begun = false;
    for (line, row) in (1..).zip(text.lines()) {
        if row.starts_with("---") && begun {
            return Position { line, column: 1 };
        }
        begun |= !(row.trim().is_empty() || row.starts_with(['#', '%', '-']));
    }
    Position::START
}

/// Splits `problem at line L column C, context at line …` into the words and the position of the problem.
fn split(error: &str) -> (String, Option<Position>) {
    let mut words = String::new();
    let mut position = None;
    for (index, part) in error.split(" at line ").enumerate() {
        let rest = (index > 0).then(|| part.split_once(" column ")).flatten().and_then(|(line, rest)| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let found = Position { line: line.parse().ok()?, column: rest[..end].parse().ok()? };
            position.get_or_insert(found);
            Some(&rest[end..])
        });
        words.push_str(rest.unwrap_or(part));
    }
    (words, position)
}

/// What one parse shares between its visitors.
struct State {
    budget: Cell<usize>,
    /// Why a visitor of ours refused to go on.
    refusal: Cell<Option<(Code, String)>>,
}

impl State {
    fn refuse<E: serde::de::Error>(&self, code: Code, message: impl Into<String>) -> E {
        self.refusal.set(Some((code, message.into())));
        E::custom("")
    }

    fn spend<E: serde::de::Error>(&self, cost: usize) -> Result<(), E> {
        let left = self.budget.get().checked_sub(cost);
        let too_large = || self.refuse(Code::TooManyAliases, "it expands to more values than a design can need");
        self.budget.set(left.ok_or_else(too_large)?);
        Ok(())
    }
}

/// Reads a value with its position.
#[derive(Clone, Copy)]
struct Seed<'a> {
    state: &'a State,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let mut scalar = None;
        match deserializer.deserialize_any(Scalars { state: self.state, scalar: &mut scalar }) {
            Ok(value) => Ok(Node { position: Position::START, value }),
            Err(error) => match scalar {
                Some(value) => {
                    let position = split(&error.to_string()).1.unwrap_or(Position::START);
                    Ok(Node { position, value })
                }
                None => Err(error),
            },
        }
    }
}

/// Reads any value; sets a scalar aside.
struct Scalars<'a> {
    state: &'a State,
    scalar: &'a mut Option<Value>,
}

impl Scalars<'_> {
    /// Keeps a scalar aside and fails, so that the error tells its position.
    fn keep<E: serde::de::Error>(self, value: Value, bytes: usize) -> Result<Value, E> {
        self.state.spend(1 + bytes)?;
        *self.scalar = Some(value);
        Err(E::custom(""))
    }
}

impl<'de> Visitor<'de> for Scalars<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.keep(Value::Null, 0)
    }

    /// A file of nothing but comments.
    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.keep(Value::Null, 0)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.keep(Value::Bool(value), 0)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.keep(Value::Integer(value.into()), 0)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.keep(Value::Integer(value.into()), 0)
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Value, E> {
        self.keep(Value::Integer(value), 0)
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Value, E> {
        self.keep(i128::try_from(value).map_or(Value::Float(value as f64), Value::Integer), 0)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.keep(Value::Float(value), 0)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.keep(Value::Text(value.to_owned()), value.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.state.spend(1)?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Seed { state: self.state })? {
            items.push(item);
        }
        Ok(Value::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.state.spend(1)?;
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(Seed { state: self.state })? {
            let text = match key.value {
                Value::Text(text) => text,
                Value::Null => "null".to_owned(),
                Value::Bool(value) => value.to_string(),
                Value::Integer(value) => value.to_string(),
                Value::Float(value) => value.to_string(),
                Value::Sequence(_) | Value::Mapping(_) => {
                    return Err(self.state.refuse(Code::MalformedYaml, "a key must be a single word"));
                }
            };
            if text.len() > LONGEST_KEY {
                return Err(self.state.refuse(Code::MalformedYaml, format!("a key of {} bytes", text.len())));
            }
            let node = access.next_value_seed(Seed { state: self.state })?;
            entries.push(Entry { key: text, position: key.position, node });
        }
        Ok(Value::Mapping(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(self.state.refuse(Code::MalformedYaml, "a design has no tags such as `!name`"))
    }
}

/// As plain data, positions left out: what was written, before any check.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_f64(*value as f64),
            },
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Sequence(items) => serializer.collect_seq(items),
            Value::Mapping(entries) => serializer.collect_map(entries.iter().map(|entry| (&entry.key, &entry.node))),
        }
    }
}
