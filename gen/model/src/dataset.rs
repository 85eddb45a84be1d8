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
        .flexible(true)
        .from_reader(text.as_slice());
    let header = reader.headers().map_err(|error| refused(vec![error.to_string()]))?.clone();
    let column = |name: &str| header.iter().position(|given| given.trim_start_matches('\u{feff}').trim() == name);
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
        let line =
            record.as_ref().ok().and_then(csv::StringRecord::position).map_or(number as u64 + 2, csv::Position::line);
        let example = record.map_err(|error| error.to_string()).and_then(|record| {
            let value = |column: usize| record.get(column).map(str::trim).ok_or("it has fewer values than the header");
            Ok(Example {
                first: value(texts[0])?.to_owned(),
                second: texts.get(1).map(|&second| value(second)).transpose()?.map(str::to_owned),
                truth: truth(task, value(label)?)?,
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
    fn a_file_of_another_task_lists_ten_lines_and_counts_the_rest() {
        let text = "sentence,label\n".to_owned() + &"Yes.,maybe\n".repeat(25);
        let message = read_text("dev.csv", &text, &["no", "yes"]).expect_err("no labels").to_string();
        assert!(message.contains("line 11: `maybe` is no label of the task, which has no, yes (0 to 1)"), "{message}");
        assert!(message.ends_with("and 15 lines more") && !message.contains("line 12"), "{message}");
    }
}
