//! Labelled sentences, as GLUE's files and Hugging Face's exports of them have them: a header, then an
//! example on each line.

use crate::{ModelError, adapted::Task};
use std::path::Path;

/// Columns of a sentence or a pair, by the names that GLUE's tasks have; the first that a file has all of is
/// taken.
const TEXTS: [&[&str]; 6] = [
    &["sentence1", "sentence2"],
    &["question1", "question2"],
    &["question", "sentence"],
    &["premise", "hypothesis"],
    &["#1 String", "#2 String"],
    &["sentence"],
];
/// Columns of what is right.
const LABELS: [&str; 5] = ["label", "gold_label", "is_duplicate", "score", "Quality"];

/// What is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Truth {
    /// A class of the task.
    Class(usize),
    /// A number.
    Number(f64),
}

/// A labelled sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The sentence.
    pub first: String,
    /// The second of a pair.
    pub second: Option<String>,
    /// What is right.
    pub truth: Truth,
}

/// Problems that are listed; a file of another task has one a line.
const LISTED: usize = 10;

/// Reads a file for a task: values between tabs and without quotes, as GLUE's, in a `.tsv`; values between
/// commas in any other. A label is the name of a class or its number, for a task of one class any number.
///
/// # Errors
/// AE0701 when it cannot be read, AE0718 with what is wrong in which line.
pub fn read(path: &Path, task: &Task) -> Result<Vec<Example>, ModelError> {
    let text = std::fs::read(path).map_err(|source| ModelError::Unreadable { path: path.into(), source })?;
    let tabs = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
    let refused = |problems| ModelError::Data { path: path.into(), problems };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if tabs { b'\t' } else { b',' })
        .quoting(!tabs)
        .from_reader(text.as_slice());
    let header = reader.headers().map_err(|error| refused(vec![error.to_string()]))?;
    let header: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    if let Some(twice) = (1..).zip(&header).find(|&(next, name)| !name.is_empty() && header[next..].contains(name)) {
        return Err(refused(vec![format!("line 1: there are two columns `{}`", twice.1)]));
    }
    if let Some(problem) = (!tabs).then(|| misquoted(&text)).flatten() {
        return Err(refused(vec![problem]));
    }
    let column = |name: &str| header.iter().position(|given| given == name);
    let texts = TEXTS.iter().find_map(|names| names.iter().map(|name| column(name)).collect::<Option<Vec<usize>>>());
    let label = LABELS.iter().find_map(|name| column(name));
    let (Some(texts), Some(label)) = (texts, label) else {
        let given = header.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let pairs = TEXTS.map(|names| names.join(" and ")).join(", or ");
        return Err(refused(vec![format!(
            "its header is {given}; it needs {pairs}, and one of {}",
            LABELS.join(", ")
        )]));
    };
    let (mut examples, mut problems) = (Vec::new(), Vec::new());
    for (number, record) in reader.records().enumerate() {
        // Values in quotes may go over several lines.
        let position = record.as_ref().map_or_else(csv::Error::position, csv::StringRecord::position);
        let line = position.map_or(number as u64 + 2, csv::Position::line);
        let example = record.map_err(|error| unequal(&error)).and_then(|record| {
            let value = |column: usize| record.get(column).unwrap_or_default().trim();
            Ok(Example {
                first: value(texts[0]).to_owned(),
                second: texts.get(1).map(|&second| value(second).to_owned()),
                truth: truth(task, value(label))?,
            })
        });
        match example {
            Ok(example) => examples.push(example),
            Err(problem) => problems.push(format!("line {line}: {problem}")),
        }
    }
    if examples.is_empty() && problems.is_empty() {
        problems.push("it has no examples".into());
    }
    if problems.is_empty() {
        return Ok(examples);
    }
    let more = problems.len().saturating_sub(LISTED);
    problems.truncate(LISTED);
    problems.extend((more > 0).then(|| format!("and {more} lines more")));
    Err(refused(problems))
}

/// What is wrong with a record.
fn unequal(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} values, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".into(),
        _ => error.to_string(),
    }
}

/// The first quotation mark between commas that leaves open where its value ends, with its line. The reader
/// would take what follows, and with a mark that is never closed the rest of the file, as a part of the value.
fn misquoted(text: &[u8]) -> Option<String> {
    let (mut line, mut opened, mut at) = (1, 1, 0);
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let ends = |byte: Option<&u8>| matches!(byte, None | Some(b',' | b'\n' | b'\r'));
    let (mut quoted, mut start) = (false, true);
    while let Some(byte) = text.get(at) {
        line += usize::from(*byte == b'\n');
        let next = text.get(at + 1);
        match (byte, quoted) {
            (b'"', true) if next == Some(&b'"') => at += 1,
            (b'"', true) if !ends(next) => return Some(format!("line {line}: text after a closing quotation mark")),
            (b'"', true) => quoted = false,
            (b'"', false) if start => (quoted, opened) = (true, line),
            _ => {}
        }
        start = !quoted && matches!(byte, b',' | b'\n' | b'\r');
        at += 1;
    }
    quoted.then(|| format!("line {opened}: a quotation mark that is never closed"))
}

fn truth(task: &Task, text: &str) -> Result<Truth, String> {
    if task.labels.len() < 2 {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        return number.map(Truth::Number).ok_or_else(|| format!("`{text}` is no number"));
    }
    let named = task.labels.iter().position(|label| label == text);
    let number = || text.parse::<usize>().ok().filter(|&class| class < task.labels.len());
    named.or_else(number).map(Truth::Class).ok_or_else(|| {
        let last = task.labels.len() - 1;
        format!("`{text}` is no label of the task, which has {} (0 to {last})", task.labels.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(labels: &[&str]) -> Task {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        Task { name: "t".into(), labels, layers: Vec::new(), heads: None }
    }

    fn read_text(name: &str, text: &str, labels: &[&str]) -> Result<Vec<Example>, ModelError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a writable folder");
        read(&path, &task(labels))
    }

    fn example(first: &str, second: Option<&str>, truth: Truth) -> Example {
        Example { first: first.into(), second: second.map(str::to_owned), truth }
    }

    #[test]
    fn quotes_are_text_between_tabs_and_marks_between_commas() {
        let tabs = read_text("dev.tsv", "\u{feff}sentence\tlabel\n\"Yes\", he said\tgood\n\"No\t0\n", &["bad", "good"]);
        let expected = [example("\"Yes\", he said", None, Truth::Class(1)), example("\"No", None, Truth::Class(0))];
        assert_eq!(tabs.expect("examples"), expected);
        let commas = "idx,label,premise,hypothesis\n0,1,\"One, two\nthree\",\"a \"\"b\"\"\"\n";
        let expected = [example("One, two\nthree", Some("a \"b\""), Truth::Class(1))];
        assert_eq!(read_text("dev.csv", commas, &["x", "y"]).expect("examples"), expected);
    }

    #[test]
    fn a_task_of_one_class_takes_numbers() {
        let text = "index\tsentence1\tsentence2\tscore\n0\tA.\tB.\t3.8\n";
        let expected = [example("A.", Some("B."), Truth::Number(3.8))];
        assert_eq!(read_text("dev.tsv", text, &["LABEL_0"]).expect("examples"), expected);
        let error = read_text("dev.tsv", &text.replace("3.8", "high"), &["LABEL_0"]).expect_err("a word");
        assert!(error.to_string().contains("line 2: `high` is no number"), "{error}");
    }

    #[test]
    fn rows_that_could_be_read_as_something_else_are_refused_with_their_lines() {
        let (labels, head) = (["bad", "good"], "sentence,idx,label\n");
        for (name, text, problem) in [
            ("dev.csv", "Yes.,0,good\nNo.,good\n", "line 3: it has 2 values, the header has 3"),
            ("dev.csv", "One, two,0,good\n", "line 2: it has 4 values, the header has 3"),
            ("dev.csv", "Yes.,0,good\n\"No.,0,bad\nWell.,0,good\n", "line 3: a quotation mark that is never closed"),
            ("dev.csv", "\"Yes\" he said,0,good\n", "line 2: text after a closing quotation mark"),
            ("dev.csv", "\"One\n\"\"two\"\"\",0,good\nNo.,bad\n", "line 4: it has 2 values, the header has 3"),
            ("dev.tsv", "Yes.\t0\tgood\nNo.\tbad\n", "line 3: it has 2 values, the header has 3"),
            ("dev.tsv", "Yes.\t0\tgood\tgood\n", "line 2: it has 4 values, the header has 3"),
        ] {
            let head = if name == "dev.tsv" { head.replace(',', "\t") } else { head.to_owned() };
            let message = read_text(name, &(head + text), &labels).expect_err("no such rows").to_string();
            assert!(message.contains(problem), "{message}");
        }
        for text in ["label,sentence,label\ngood,Yes.,bad\n", "sentence,label, sentence\nYes.,good,No.\n"] {
            let message = read_text("dev.csv", text, &labels).expect_err("two columns").to_string();
            assert!(message.contains("line 1: there are two columns `"), "{message}");
        }
        // Columns without a name, as data frames write their indices, are nobody's.
        assert_eq!(read_text("dev.csv", ",,sentence,label\n0,0,Yes.,good\n", &labels).expect("examples").len(), 1);
        // A mark within a value is text.
        let inch = read_text("dev.csv", "sentence,label\n5\" wide,good\n", &labels).expect("examples");
        assert_eq!(inch, [example("5\" wide", None, Truth::Class(1))]);
    }

    #[test]
    fn a_file_of_another_task_lists_ten_lines_and_counts_the_rest() {
        let text = "sentence,label\n".to_owned() + &"Yes.,maybe\n".repeat(25);
        let message = read_text("dev.csv", &text, &["no", "yes"]).expect_err("no labels").to_string();
        assert!(message.contains("line 11: `maybe` is no label of the task, which has no, yes (0 to 1)"), "{message}");
        assert!(message.ends_with("and 15 lines more") && !message.contains("line 12"), "{message}");
    }
}
