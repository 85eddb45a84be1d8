//! Labelled sentences, as GLUE's files and Hugging Face's exports of them have them: an example on each line,
//! of columns with names.

mod json;
mod separated;
mod table;

use crate::{ModelError, adapted::Task};
use std::path::Path;
use table::Table;

/// Columns of a sentence or a pair, by the names that GLUE's tasks and its exports have; the first that a file
/// has all of is taken.
const TEXTS: [&[&str]; 8] = [
    &["sentence1", "sentence2"],
    &["question1", "question2"],
    &["question", "sentence"],
    &["premise", "hypothesis"],
    &["#1 String", "#2 String"],
    &["text", "text_pair"],
    &["sentence"],
    &["text"],
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

/// Reads a file for a task: objects of JSON in a `.jsonl` or `.json`, a line each; values between tabs and
/// without quotes, as GLUE's, in a `.tsv`; values between commas in any other. A label is the name of a class
/// or its number, for a task of one class any number.
///
/// # Errors
/// AE0701 when it cannot be read, AE0718 with what is wrong in which line.
pub fn read(path: &Path, task: &Task) -> Result<Vec<Example>, ModelError> {
    let text = std::fs::read(path).map_err(|source| ModelError::Unreadable { path: path.into(), source })?;
    let is = |extension: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension));
    let table = if is("jsonl") || is("json") { json::table(&text) } else { separated::table(&text, is("tsv")) };
    let examples = table.map_err(|problem| vec![problem]).and_then(|table| examples(table, task));
    examples.map_err(|mut problems| {
        let more = problems.len().saturating_sub(LISTED);
        problems.truncate(LISTED);
        problems.extend((more > 0).then(|| format!("and {more} lines more")));
        ModelError::Data { path: path.into(), problems }
    })
}

fn examples(Table { columns, rows }: Table, task: &Task) -> Result<Vec<Example>, Vec<String>> {
    let column = |name: &str| columns.iter().position(|given| given == name);
    let texts = TEXTS.iter().find_map(|names| names.iter().map(|name| column(name)).collect::<Option<Vec<usize>>>());
    let label = LABELS.iter().find_map(|name| column(name));
    let (Some(texts), Some(label)) = (texts, label) else {
        let given = columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let pairs = TEXTS.map(|names| names.join(" and ")).join(", or ");
        return Err(vec![format!("its columns are {given}; it needs {pairs}, and one of {}", LABELS.join(", "))]);
    };
    let (mut examples, mut problems) = (Vec::new(), Vec::new());
    for (line, row) in rows {
        let example = row.and_then(|values| {
            let value = |column: usize| match values.get(column) {
                Some(Some(value)) => Ok(value.trim().to_owned()),
                _ => Err(format!("it has no `{}`", columns[column])),
            };
            Ok(Example {
                first: value(texts[0])?,
                second: texts.get(1).map(|&second| value(second)).transpose()?,
                truth: truth(task, &value(label)?)?,
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
    if problems.is_empty() { Ok(examples) } else { Err(problems) }
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
    fn lines_of_json_are_read_by_their_keys() {
        let text =
            "{\"text\": \"A \\\"cat\\\".\", \"label\": 1, \"idx\": 0}\n\n{\"label\": \"bad\", \"text\": \"No.\"}\n";
        let expected = [example("A \"cat\".", None, Truth::Class(1)), example("No.", None, Truth::Class(0))];
        assert_eq!(read_text("dev.jsonl", text, &["bad", "good"]).expect("examples"), expected);
        let pair = "{\"sentence1\": \"A.\", \"sentence2\": \"B.\", \"score\": 3.8}";
        let expected = [example("A.", Some("B."), Truth::Number(3.8))];
        assert_eq!(read_text("dev.json", pair, &["LABEL_0"]).expect("examples"), expected);
        let broken =
            "{\"text\": \"A.\", \"label\": 0}\n{\"label\": 1}\n{\"text\": null, \"label\": 1}\n[1]\n{\"text\"\n";
        let message = read_text("dev.jsonl", broken, &["x", "y"]).expect_err("broken lines").to_string();
        for problem in
            ["line 2: it has no `text`", "line 3: it has no `text`", "line 4: no object", "line 5: no object"]
        {
            assert!(message.contains(problem), "{message}");
        }
        let message = read_text("dev.jsonl", "{\"x\": 1}\n", &["x", "y"]).expect_err("no columns").to_string();
        assert!(message.contains("its columns are `x`; it needs sentence1 and sentence2, or"), "{message}");
    }

    #[test]
    fn colas_files_have_no_header() {
        let text = "gj04\t1\t\tThey \"drank\" it.\ngj04\t0\t*\tThey it drank.\n";
        let expected =
            [example("They \"drank\" it.", None, Truth::Class(1)), example("They it drank.", None, Truth::Class(0))];
        assert_eq!(read_text("dev.tsv", text, &["bad", "good"]).expect("examples"), expected);
        // Four columns with names are others.
        let named = "a\tlabel\tb\tsentence\nx\t1\t\tYes.\n";
        let expected = [example("Yes.", None, Truth::Class(1))];
        assert_eq!(read_text("dev.tsv", named, &["bad", "good"]).expect("examples"), expected);
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
            ("dev.csv", "Yes.,0,good\nNo.,good\n", "line 3: it has 2 values, the first line has 3"),
            ("dev.csv", "One, two,0,good\n", "line 2: it has 4 values, the first line has 3"),
            ("dev.csv", "Yes.,0,good\n\"No.,0,bad\nWell.,0,good\n", "line 3: a quotation mark that is never closed"),
            ("dev.csv", "\"Yes\" he said,0,good\n", "line 2: text after a closing quotation mark"),
            ("dev.csv", "\"One\n\"\"two\"\"\",0,good\nNo.,bad\n", "line 4: it has 2 values, the first line has 3"),
            ("dev.tsv", "Yes.\t0\tgood\nNo.\tbad\n", "line 3: it has 2 values, the first line has 3"),
            ("dev.tsv", "Yes.\t0\tgood\tgood\n", "line 2: it has 4 values, the first line has 3"),
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
