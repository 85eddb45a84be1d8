//! Lists of words in documents and pages are those of the code.

use alberti_arith::{Activation, Domain};
use alberti_rtl::design::{Coding, Ecc, Maximum, MemoryKind, OPERANDS, Optimise, Placing, activation_words};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What may be written in one place of a design.
fn vocabularies() -> Vec<(&'static str, Vec<String>)> {
    fn of<T>(words: &[(&str, T)]) -> Vec<String> {
        words.iter().map(|(word, _)| (*word).to_owned()).collect()
    }
    vec![
        ("datapath.activation", of(&activation_words())),
        ("datapath.operand", OPERANDS.iter().map(ToString::to_string).collect()),
        ("memories.*.kind", of(&MemoryKind::WORDS)),
        ("memories.*.coding", of(&Coding::WORDS)),
        ("memories.*.placing", of(&Placing::WORDS)),
        ("memories.*.optimise", of(&Optimise::WORDS)),
        ("memories.weight.masks.ecc", of(&Ecc::WORDS)),
        ("units.softmax.maximum", of(&Maximum::WORDS)),
    ]
}

/// Markdown below a folder that people write.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut pages: Vec<_> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.sort();
    pages
}

/// A list: what stands between commas, `and`, `or` and `;` alone.
fn lists(text: &str) -> Vec<Vec<String>> {
    let mut lists = Vec::new();
    let mut list: Vec<String> = Vec::new();
    for (i, part) in text.split('`').enumerate() {
        if i % 2 == 1 {
            list.push(part.to_owned());
        } else if !matches!(
            part.split_whitespace().collect::<Vec<_>>().join(" ").as_str(),
            "," | ";" | "and" | "or" | ", and" | ", or"
        ) {
            lists.extend((list.len() > 1).then(|| std::mem::take(&mut list)));
            list.clear();
        }
    }
    lists.extend((list.len() > 1).then_some(list));
    lists
}

#[test]
fn a_list_of_words_has_all_of_them() {
    let folders = ["docs", "docs/blocks", "gen/diagnostic/src/pages"].map(pages);
    let files = folders.into_iter().flatten().chain([root().join("README.md")]);
    let mut wrong = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("it is text");
        for list in lists(&text) {
            for (key, words) in vocabularies() {
                let listed = |word: &&String| list.contains(word);
                let (some, all) = (words.iter().filter(listed).count(), words.iter().all(|word| list.contains(word)));
                if some > 1 && !all {
                    wrong.push(format!("{}: {list:?} is not all of {key}: {words:?}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_list_is_what_stands_together() {
    assert_eq!(lists("one of `a`, `b` and `c`; not `d`\nor `e`, but `f`"), [vec!["a", "b", "c"], vec!["d", "e"]]);
}

const FROM: &str = "<!-- functions: written by `make bless` -->\n";
const TO: &str = "<!-- end of functions -->\n";

/// The functions as the document of designs has them.
fn table() -> String {
    let mut table =
        "| word | function | in checkpoints | takes | cycles | error |\n|---|---|---|---|---|---|\n".to_owned();
    for &function in Activation::ALL {
        let facts = function.facts();
        let names: Vec<_> = facts.checkpoint_names.iter().map(|name| format!("`{name}`")).collect();
        let takes = match facts.domain {
            Domain::Sums => "sums",
            Domain::Numbers => "numbers in Q14.10",
        };
        let error =
            if facts.places == 0.0 { "none".into() } else { format!("less than {} places of Q.10", facts.places) };
        let (title, names, cycles) = (function.title(), names.join(", "), facts.latency);
        table += &format!("| `{function}` | {title} | {names} | {takes} | {cycles} | {error} |\n");
    }
    table
}

#[test]
fn the_document_of_designs_has_the_functions_of_the_code() {
    let path = root().join("docs/design.md");
    let text = fs::read_to_string(&path).expect("it is text");
    let (before, rest) = text.split_once(FROM).expect("the table begins");
    let (committed, after) = rest.split_once(TO).expect("the table ends");
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{before}{FROM}{table}{TO}{after}")).expect("docs can be written");
        return;
    }
    assert!(committed == table, "docs/design.md is out of date: run `make bless` and read what changed");
}
