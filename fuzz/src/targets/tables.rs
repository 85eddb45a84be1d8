//! Labelled sentences, and sentences alone.

use crate::{Reader, Target, bundle};
use alberti::readers;
use alberti_model::{
    adapted::{Shape, Task, synthetic},
    dataset,
    sentence::Tokenizer,
};

/// The file of `--data`, for a task of names and for one of numbers.
pub const TABLES: Target = Target {
    name: "tables",
    words: &[
        "@@ dev.tsv\n",
        "@@ dev.csv\n",
        "sentence",
        "sentence1",
        "sentence2",
        "premise",
        "hypothesis",
        "label",
        "score",
        "Quality",
        "#1 String",
        "\t",
        ",",
        "\"",
        "\"\"",
        "\r\n",
        "\n",
        "\u{feff}",
        "good",
        "bad",
        "1e999",
        "nan",
    ],
    seeds: Vec::new,
    reader: table,
};

/// The file of `--file`; its sentences become tokens.
pub const SENTENCES: Target = Target {
    name: "sentences",
    words: &["\n", "\r", "\u{feff}", "\u{2028}", "\u{0}", "\u{301}", "\u{4e2d}", "[CLS]", "[UNK]", "##a", "\u{fffd}"],
    seeds: Vec::new,
    reader: sentence,
};

fn table() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    let task = |labels: &[&str]| Task {
        name: "task".into(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        layers: Vec::new(),
        heads: None,
    };
    let tasks = [task(&["bad", "good"]), task(&["LABEL_0"])];
    Box::new(move |bytes| {
        let names = ["dev.tsv", "dev.csv"];
        bundle::unpack(bytes, &names, folder.path());
        for name in names {
            for task in &tasks {
                match dataset::read(&folder.path().join(name), task) {
                    Ok(examples) => assert!(!examples.is_empty()),
                    Err(problem) => assert!(!problem.to_string().is_empty()),
                }
            }
        }
    })
}

fn sentence() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sentences.txt");
    let checkpoint = synthetic(&Shape { words: 600, ..Shape::small(64) }, 1).backbone;
    let tokenizer = Tokenizer::synthetic(600).expect("a tokenizer");
    Box::new(move |bytes| {
        let _owned = &folder;
        std::fs::write(&path, bytes).expect("a file");
        if let Ok(lines) = readers::sentences(&path) {
            assert!(!lines.is_empty());
            for line in lines {
                drop(tokenizer.tokens(&line, None, &checkpoint));
            }
        }
    })
}
