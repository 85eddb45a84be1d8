//! Typed getters over a tree: each states a field's type, range and default in a line, and reports what is
//! wrong.
//!
//! A getter returns `None` when it has reported something, so that a design is complete exactly when nothing
//! is amiss.

use super::{
    hint,
    index::{Index, child, element},
    nearest::nearest,
    node::{Entry, Meant, Node, Value},
    subject::Subject,
};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics, Location, Position, quote};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// Key paths of earlier versions, and what the key is called today.
const RENAMED: [(&str, &str); 1] = [("machine", "accelerator")];
/// Words that people write for a key, farther from it than a slip of the fingers.
const SYNONYMS: [(&str, &str); 14] = [
    ("memory", "memories"),
    ("mem", "memories"),
    ("clk", "clock"),
    ("freq", "frequency_mhz"),
    ("frequency", "frequency_mhz"),
    ("mhz", "frequency_mhz"),
    ("lanes", "n"),
    ("size", "n"),
    ("format", "operand"),
    ("dtype", "operand"),
    ("acc_bits", "accumulator_bits"),
    ("acc_rows", "accumulator_rows"),
    ("registers", "csr"),
    ("layer_norm", "layernorm"),
];
/// Readings of a file at most: misspelt keys nest no deeper.
const READINGS: usize = 6;

/// Reads a tree. A misspelt key is reported once and then read as the key that was meant: so it is not missing
/// as well, and what is in it is checked.
pub(crate) fn read_all<T>(
    subject: &'static Subject,
    file: &str,
    mut root: Node,
    read: impl Fn(&Report, &Node) -> Option<T>,
) -> (Option<T>, Index, Diagnostics) {
    let mut misspelt = Diagnostics::new();
    let mut readings = 0;
    loop {
        readings += 1;
        let report = Report::new(subject, Index::new(file, &root));
        let value = read(&report, &root);
        let repairs = report.repairs.take();
        if repairs.is_empty() || readings == READINGS {
            let (index, mut problems) = report.finish();
            problems.extend(misspelt);
            return (value, index, problems);
        }
        misspelt.extend(repairs.iter().map(|repair| repair.problem.clone()));
        root.repair(&repairs.into_iter().map(|repair| (repair.at, repair.instead)).collect());
    }
}

/// A misspelt key.
#[derive(Debug)]
struct Repair {
    at: Position,
    instead: Meant,
    problem: Diagnostic,
}

/// Where problems go while a file is read.
#[derive(Debug)]
pub(crate) struct Report {
    pub index: Index,
    subject: &'static Subject,
    found: RefCell<Diagnostics>,
    repairs: RefCell<Vec<Repair>>,
}

impl Report {
    pub fn new(subject: &'static Subject, index: Index) -> Self {
        Self { index, subject, found: RefCell::default(), repairs: RefCell::default() }
    }

    /// Reports a problem of the value at a key path.
    pub fn push(&self, key_path: &str, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.push_at(self.index.locate(key_path), code, message, help);
    }

    /// Reports a problem at a place.
    pub fn push_at(&self, place: Location, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.found.borrow_mut().push(Diagnostic::new(code, message, help).at(place));
    }

    pub fn place(&self, key_path: &str, position: Position) -> Location {
        Location { file: self.index.file().to_owned(), position: Some(position), key_path: key_path.to_owned() }
    }

    pub fn finish(self) -> (Index, Diagnostics) {
        (self.index, self.found.into_inner())
    }
}

/// A mapping whose keys are known.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    report: &'a Report,
    path: String,
    entries: &'a [Entry],
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The mapping at a path; reports a value that is none, and keys given twice.
    pub fn new(report: &'a Report, path: &str, node: &'a Node) -> Option<Self> {
        Self::of(report, path, node, None)
    }

    /// The same; `keys` names what belongs in it, for the help.
    fn of(report: &'a Report, path: &str, node: &'a Node, keys: Option<&str>) -> Option<Self> {
        let Value::Mapping(entries) = &node.value else {
            let name = if path.is_empty() { report.subject.name.to_owned() } else { quote(path) };
            let message = format!("{name} must be a mapping of keys to values, it is {}", describe(&node.value));
            let help = match path {
                "" => report.subject.begin.to_owned(),
                _ => hint::section(path.rsplit('.').next().unwrap_or(path), &node.value, keys),
            };
            report.push(path, Code::WrongType, message, help);
            return None;
        };
        let section = Self { report, path: path.to_owned(), entries, known: Vec::new() };
        section.reject_duplicates();
        Some(section)
    }

    fn reject_duplicates(&self) {
        let mut seen = BTreeMap::new();
        for entry in self.entries {
            let first = *seen.entry(&entry.key).or_insert(entry.position);
            if first != entry.position {
                let first = first.line;
                self.report.push_at(
                    self.report.place(&self.path_of(&entry.key), entry.position),
                    Code::DuplicateKey,
                    format!("{} is given twice, first in line {first}", quote(&entry.key)),
                    "keep one of the two",
                );
            }
        }
    }

    pub fn path_of(&self, key: &str) -> String {
        child(&self.path, key)
    }

    /// The value of a key, if it is there.
    pub fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// Keys that belong here though nothing can be made of them.
    pub fn know<const N: usize>(&mut self, keys: [&'static str; N]) {
        self.known.extend(keys);
    }

    /// The value of a key that must be there; `example` is what to write.
    fn required(&mut self, key: &'static str, example: &str) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() {
            self.missing(key, format!("add the line `{key}: {example}`"));
        }
        node
    }

    /// Reports a key that is not there.
    pub fn missing(&self, key: &str, help: String) {
        let message = format!("{} has no `{key}`", self.name());
        self.report.push(&self.path_of(key), Code::MissingKey, message, help);
    }

    fn name(&self) -> String {
        if self.path.is_empty() { self.report.subject.name.to_owned() } else { quote(&self.path) }
    }

    /// A section that must be there; `keys` names what belongs in it.
    pub fn section(&mut self, key: &'static str, keys: &str) -> Option<Section<'a>> {
        match self.get(key) {
            Some(node) => Section::of(self.report, &self.path_of(key), node, Some(keys)),
            None => {
                self.missing(key, format!("add `{key}:` and below it, indented, {keys}"));
                None
            }
        }
    }

    /// A section that may be left out.
    pub fn optional_section(&mut self, key: &'static str) -> Option<Option<Section<'a>>> {
        match self.get(key) {
            None => Some(None),
            Some(node) => Section::new(self.report, &self.path_of(key), node).map(Some),
        }
    }

    /// The same, with an example.
    pub fn optional_section_of(&mut self, key: &'static str, example: &str) -> Option<Option<Section<'a>>> {
        match self.get(key) {
            None => Some(None),
            Some(node) => Section::of(self.report, &self.path_of(key), node, Some(example)).map(Some),
        }
    }

    /// A word or a line of text that must be there.
    pub fn text(&mut self, key: &'static str, example: &str) -> Option<&'a str> {
        let node = self.required(key, example)?;
        self.text_of(key, node, example)
    }

    /// A word or a line of text that may be left out.
    pub fn optional_text(&mut self, key: &'static str, example: &str) -> Option<Option<&'a str>> {
        match self.get(key) {
            None => Some(None),
            Some(node) => self.text_of(key, node, example).map(Some),
        }
    }

    fn text_of(&self, key: &str, node: &'a Node, example: &str) -> Option<&'a str> {
        if let Value::Text(text) = &node.value {
            return Some(text);
        }
        self.wrong_type(key, node, "text", hint::text(key, &node.value, example))
    }

    /// A truth value.
    pub fn flag_or(&mut self, key: &'static str, default: bool) -> Option<bool> {
        match self.get(key) {
            None => Some(default),
            Some(Node { value: Value::Bool(value), .. }) => Some(*value),
            Some(node) => self.wrong_type(key, node, "true or false", hint::flag(key, &node.value)),
        }
    }

    /// A whole number that must be there.
    pub fn integer(&mut self, key: &'static str, range: RangeInclusive<u32>, example: u32) -> Option<u32> {
        let node = self.required(key, &example.to_string())?;
        self.integer_of(key, node, range, Code::OutOfRange, example)
    }

    /// A whole number that may be left out; `code` reports one out of its range.
    pub fn integer_or(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u32>,
        default: u32,
        code: Code,
    ) -> Option<u32> {
        match self.get(key) {
            None => Some(default),
            Some(node) => self.integer_of(key, node, range, code, default),
        }
    }

    /// A count without an upper bound of its own, saturated.
    pub fn count(&mut self, key: &'static str, example: u32) -> Option<u64> {
        let node = self.required(key, &example.to_string())?;
        let value = self.whole(key, node, example)?;
        if value < 0 {
            let help = format!("write a number such as {example}");
            self.report.push(
                &self.path_of(key),
                Code::OutOfRange,
                format!("`{key}` is {value}, it must not be negative"),
                help,
            );
            return None;
        }
        Some(u64::try_from(value).unwrap_or(u64::MAX))
    }

    fn integer_of(&self, key: &str, node: &Node, range: RangeInclusive<u32>, code: Code, example: u32) -> Option<u32> {
        let value = self.whole(key, node, example)?;
        let (low, high) = (*range.start(), *range.end());
        if let Ok(value) = u32::try_from(value)
            && range.contains(&value)
        {
            return Some(value);
        }
        let nearest = if value < i128::from(low) { low } else { high };
        let message = format!("`{key}` is {value}, it must lie between {low} and {high}");
        self.report.push(&self.path_of(key), code, message, format!("the nearest allowed value is `{key}: {nearest}`"));
        None
    }

    fn whole(&self, key: &str, node: &Node, example: u32) -> Option<i128> {
        match node.value {
            Value::Integer(value) => Some(value),
            _ => {
                let help = hint::number(key, &node.value, true, &example.to_string());
                self.wrong_type(key, node, "a whole number", help)
            }
        }
    }

    /// A number, with a fraction or without, that must be there.
    pub fn number(&mut self, key: &'static str, example: &str) -> Option<f64> {
        let node = self.required(key, example)?;
        match node.value {
            Value::Integer(value) => Some(value as f64),
            Value::Float(value) => Some(value),
            _ => self.wrong_type(key, node, "a number", hint::number(key, &node.value, false, example)),
        }
    }

    /// A number that may be left out.
    pub fn optional_number(&mut self, key: &'static str, example: &str) -> Option<Option<f64>> {
        match self.get(key) {
            Some(_) => self.number(key, example).map(Some),
            None => Some(None),
        }
    }

    /// One of some words that must be there; `what` says what they name.
    pub fn word<T: Copy>(
        &mut self,
        key: &'static str,
        what: &str,
        words: impl AsRef<[(&'static str, T)]>,
    ) -> Option<T> {
        let words = words.as_ref();
        let node = self.required(key, words[0].0)?;
        self.word_of(key, node, what, words)
    }

    /// A word or a list of words, which may be left out.
    pub fn words<T: Copy>(&mut self, key: &'static str, what: &str, words: &[(&'static str, T)]) -> Option<Vec<T>> {
        match self.get(key) {
            None => Some(Vec::new()),
            Some(Node { value: Value::Sequence(items), .. }) => {
                let read = items.iter().enumerate().map(|(i, item)| self.word_of(&element(key, i), item, what, words));
                // All of them are read, so that all that is wrong is reported.
                read.collect::<Vec<_>>().into_iter().collect()
            }
            Some(Node { value: Value::Text(text), .. }) if is_list(text, words) => {
                let list =
                    text.split([',', ' ', '|', '+']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
                let help = format!("write a list: `{key}: [{list}]`");
                self.push(key, Code::UnknownWord, format!("{} is not one {what} but several", quote(text)), help);
                None
            }
            Some(node) => self.word_of(key, node, what, words).map(|word| vec![word]),
        }
    }

    fn word_of<T: Copy>(&self, key: &str, node: &'a Node, what: &str, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text_of(key, node, words[0].0)?;
        if let Some(&(_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(value);
        }
        let names: Vec<_> = words.iter().map(|&(word, _)| word).collect();
        let help = match nearest(text, names.iter().copied()) {
            Some(word) => format!("did you mean `{key}: {word}`?"),
            None => format!("write one of {}", names.join(", ")),
        };
        self.push(key, Code::UnknownWord, format!("{} is not a valid {what}", quote(text)), help);
        None
    }

    /// The same, left out the default of its type.
    pub fn word_or_default<T: Copy + Default>(
        &mut self,
        key: &'static str,
        what: &str,
        words: impl AsRef<[(&'static str, T)]>,
    ) -> Option<T> {
        match self.get(key) {
            Some(_) => self.word(key, what, words),
            None => Some(T::default()),
        }
    }

    fn wrong_type<T>(&self, key: &str, node: &Node, wanted: &str, help: String) -> Option<T> {
        let message = format!("`{key}` must be {wanted}, it is {}", describe(&node.value));
        self.push(key, Code::WrongType, message, help);
        None
    }

    /// Reports a problem of the value at a path beneath this section.
    pub fn push(&self, path: &str, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.report.push(format!("{}.{path}", self.path).trim_start_matches('.'), code, message, help);
    }

    /// Reports the keys that no getter asked for. The last call on a section.
    pub fn finish(self) {
        let given: BTreeSet<&str> = self.entries.iter().map(|entry| entry.key.as_str()).collect();
        let absent: Vec<&'static str> = self.known.iter().copied().filter(|key| !given.contains(key)).collect();
        let (mut seen, mut meant, mut emptied) = (BTreeSet::new(), BTreeSet::new(), false);
        for entry in self.entries {
            if self.known.contains(&entry.key.as_str()) || !seen.insert(&entry.key) {
                emptied = entry.node.value == Value::Null;
                continue;
            }
            let path = self.path_of(&entry.key);
            let renamed = RENAMED.iter().find(|(old, _)| *old == path);
            let near = meant_by(entry, &absent).filter(|(key, _)| renamed.is_none() && meant.insert(*key));
            if emptied && near.is_none() {
                // Keys of the section above, which is empty for want of indentation; it has been reported.
                continue;
            }
            let help = match (renamed, &near) {
                (Some((_, new)), _) => format!("it is now called `{new}`"),
                (None, Some((key, None))) => format!("did you mean `{key}`?"),
                (None, Some((key, Some(_)))) => {
                    format!(
                        "write a space after the colon: `{key}: {}`",
                        quote(&entry.key[key.len() + 1..]).trim_matches('`')
                    )
                }
                (None, None) if self.known.is_empty() => "this section has no keys: write {}".to_owned(),
                (None, None) => format!("its keys are {}", self.known.join(", ")),
            };
            let message = format!("{} has no key {}", self.name(), quote(&entry.key));
            let place = self.report.place(&path, entry.position);
            let problem = Diagnostic::new(Code::UnknownKey, message, help).at(place);
            self.report.found.borrow_mut().push(problem.clone());
            if let Some(instead) = near {
                self.report.repairs.borrow_mut().push(Repair { at: entry.position, instead, problem });
            }
        }
    }
}

/// What an unknown key may mean: a key that is not there.
fn meant_by(entry: &Entry, absent: &[&'static str]) -> Option<Meant> {
    let mut keys = absent.iter().copied();
    if let Some((key, value)) = entry.key.split_once(':') {
        let value = Node::parse(value).ok()?.value;
        return keys.find(|known| *known == key && entry.node.value == Value::Null).map(|key| (key, Some(value)));
    }
    let synonym = SYNONYMS.iter().find(|(word, _)| word.eq_ignore_ascii_case(&entry.key));
    let synonym = synonym.and_then(|&(_, key)| keys.clone().find(|known| *known == key));
    synonym.or_else(|| nearest(&entry.key, keys)).map(|key| (key, None))
}

/// Whether a text has several of some words, with commas or spaces between them.
fn is_list<T>(text: &str, words: &[(&'static str, T)]) -> bool {
    let mut parts = text.split([',', ' ', '|', '+']).filter(|part| !part.is_empty()).peekable();
    let first = parts.next();
    let known = |part: &str| words.iter().any(|(word, _)| *word == part);
    parts.peek().is_some() && first.is_some_and(known) && parts.all(known)
}

/// What a value is, in words.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(value) => format!("the truth value {value}"),
        Value::Integer(value) => format!("the number {value}"),
        Value::Float(value) => format!("the number {value:?}"),
        Value::Text(text) => format!("the text {}", quote(text)),
        Value::Sequence(items) => format!("a list of {}", items.len()),
        Value::Mapping(entries) => format!("a mapping of {} keys", entries.len()),
    }
}
