//! Whatever the text, the reader answers: with a design, or with errors, and soon.

use super::{good_designs, parse};
use crate::design::{Design, MAX_BYTES};
use std::time::{Duration, Instant};

const JUNK: [&str; 22] = [
    "",
    "-",
    "- x",
    "  : :",
    "name",
    "?",
    "&a *a",
    "{",
    "}",
    "[[",
    "\"",
    "'",
    "\t",
    "!!int x",
    "---",
    "...",
    "%",
    "\u{7f}é\u{2028}",
    "n: -1",
    "<<: *a",
    "  n: 99999999999999999999999999999",
    "instances: [1, {a: b}, []]",
];

fn check(text: &str) {
    match parse(text) {
        Ok(design) => assert!(!design.warnings().has_errors(), "{text}"),
        Err(problems) => {
            assert!(problems.has_errors(), "refused without an error:\n{text}");
            for problem in problems.iter() {
                assert!(problem.place.is_some() && !problem.help.is_empty(), "{problem}");
                assert_eq!(problem.to_string().lines().count(), 3, "{problem}");
            }
        }
    }
}

#[test]
fn a_design_with_any_line_left_out_doubled_or_replaced_is_answered() {
    for (_, text) in good_designs() {
        let lines: Vec<_> = text.lines().collect();
        for at in 0..lines.len() {
            let with = |replacement: &[&str]| [&lines[..at], replacement, &lines[at + 1..]].concat().join("\n");
            check(&with(&[]));
            check(&with(&[lines[at], lines[at]]));
            for junk in JUNK {
                check(&with(&[junk]));
                let (key, _) = lines[at].split_once(':').unwrap_or((lines[at], ""));
                check(&with(&[&format!("{key}: {junk}")]));
            }
        }
    }
}

#[test]
fn a_design_cut_off_anywhere_is_answered() {
    for (name, text) in good_designs() {
        for end in 0..text.len() {
            check(text.get(..end).unwrap_or(""));
            drop(Design::parse_bytes(&name, &text.as_bytes()[end..]));
        }
    }
}

#[test]
fn files_made_to_keep_a_parser_busy_are_answered_soon() {
    let repeat = |text: &str| text.repeat(MAX_BYTES / text.len());
    let half = |text: &str| text.repeat(MAX_BYTES / 2 / text.len());
    let bombs = [
        ("brackets", repeat("[")),
        ("braces", repeat("{\"a\":")),
        ("closed in quotes", repeat("[']',")),
        ("dashes", repeat("- ")),
        ("questions", repeat("? ")),
        ("indentation", (0..1300).map(|i| format!("{}a:\n", " ".repeat(i))).collect()),
        ("one flow list", format!("[{}", "1,".repeat(MAX_BYTES / 2 - 1))),
        ("nested flow list", format!("{}{}", "[".repeat(15), "a,".repeat(MAX_BYTES / 2 - 40))),
        ("unknown keys", repeat("a: 1\n")),
        ("a long key", format!("{}: 1", "k".repeat(MAX_BYTES - 10))),
        ("long keys", repeat(&format!("{}: 1\n", "k".repeat(180)))),
        ("an open quote", format!("a: \"{}", "x".repeat(MAX_BYTES - 10))),
        (
            "many aliases of a long list",
            format!("a: &a [{}]\nb: [{}]", half("1,"), half("*a,").get(..400_000).unwrap_or("")),
        ),
        (
            "many aliases of a long text",
            format!("a: &a {}\nb: [{}]", half("x"), half("*a,").get(..400_002).unwrap_or("")),
        ),
        (
            "aliases of aliases",
            (1..99).fold("a0: &a0 [x]\n".to_owned(), |t, i| {
                format!("{t}a{i}: &a{i} [{}]\n", format!("*a{}, ", i - 1).repeat(9).trim_end_matches(", "))
            }),
        ),
    ];
    for (name, text) in bombs {
        assert!(text.len() <= MAX_BYTES, "{name}");
        let start = Instant::now();
        let problems = parse(&text).expect_err(name);
        assert!(problems.has_errors());
        let shown = problems.to_string();
        assert!(start.elapsed() < Duration::from_secs(30), "{name} took {:?}", start.elapsed());
        assert!(shown.len() < 400 * problems.len(), "{name}");
    }
}
