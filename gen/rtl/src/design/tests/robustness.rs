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
        ("unknown keys that differ", (0..95_000).map(|i| format!("k{i}: 1\n")).collect()),
        ("every key twice", (0..95_000).map(|i| format!("k{}: 1\n", i / 2)).collect()),
        ("instances", (0..40_000).fold("instances:\n".to_owned(), |t, i| t + &format!("  i{i}: vmac\n"))),
        ("brackets after a mark of comments in quotes", format!("a: [\"x # \", {}", "[".repeat(MAX_BYTES - 20))),
        ("brackets after a mark in quotes of two lines", format!("a: [\"x\n # \", {}", "[".repeat(MAX_BYTES - 20))),
        ("brackets after a quotation mark in a word", format!("a: [b 'c # ', 'x', {}", "[".repeat(MAX_BYTES - 20))),
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

#[test]
fn brackets_in_comments_nest_nothing() {
    for (name, text) in good_designs() {
        let hash = |text: &str| parse(text).map(|design| design.hash.clone()).map_err(|problems| problems.to_string());
        let plain = hash(&text).expect("a good design");
        let each = |comment: &str| text.lines().map(|line| format!("{line}{comment}\n")).collect::<String>();
        for comment in ["# lanes [0, 16)", "# {it's \"half-open\" [0, 4)", "#[", "# | a [ |"] {
            let before = format!("{comment}\n").repeat(100) + &text;
            assert_eq!(hash(&before).as_ref(), Ok(&plain), "{name}: {comment}");
        }
        assert_eq!(hash(&(each(" # lanes [0, 16) of 'em") + &"# [\n".repeat(20))).as_ref(), Ok(&plain), "{name}");
    }
    let (_, text) =
        good_designs().into_iter().find(|(_, text)| text.contains("description:")).expect("one is described");
    let line = text.lines().find(|line| line.starts_with("description:")).expect("it is described");
    for (written, meant) in
        [("\"a # [b\\\" # c\"", "a # [b\" # c"), ("'it''s # [b'", "it's # [b"), ("it's 'a#b", "it's 'a#b")]
    {
        let described = text.replace(line, &format!("description: {written} # [")) + &"# lanes [0, 16)\n".repeat(40);
        let design = parse(&described).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(design.description.as_deref(), Some(meant));
    }
}

#[test]
fn a_top_of_many_instances_is_answered_soon() {
    let (_, base) = good_designs().into_iter().find(|(name, _)| name.ends_with("pu4.yaml")).expect("pu4");
    let top = |block: &str, rest: &str| {
        let instances: String = (0..1024).map(|i| format!("  i{i}: {block}\n")).collect();
        format!("{base}\ninstances:\n{instances}{rest}")
    };
    let links = |link: &dyn Fn(usize) -> String| {
        "connections:\n".to_owned() + &(0..1023).map(|i| format!("  - {}\n", link(i))).collect::<String>()
    };
    for (name, text) in [
        ("open", top("bitmask_decoder", "")),
        ("unknown blocks", top("bitmusk_decoder", "")),
        ("a chain from the last", top("stream_fifo", &links(&|i| format!("i{}.out -> i{i}.in", i + 1)))),
        ("unknown instances", top("vmac", &links(&|i| format!("j{i}.sum -> k{i}.addend")))),
        ("unknown interfaces", top("vmac", &links(&|i| format!("i{i}.sun -> i{}.addent", i + 1)))),
        ("the wrong way", top("vmac", &links(&|i| format!("i{i}.addend -> i{}.sum", i + 1)))),
    ] {
        let start = Instant::now();
        let answer = parse(&text).and_then(|design| crate::elaborate(&design));
        assert!(start.elapsed() < Duration::from_secs(60), "{name} took {:?}", start.elapsed());
        assert!(answer.is_ok() || answer.is_err_and(|problems| problems.has_errors()), "{name}");
    }
}
