use super::{Code, Diagnostic, Diagnostics, Location, Origin, Position, Severity, quote};

fn place(line: u32, column: u32, key_path: &str) -> Location {
    let position = Some(Position { line, column });
    Location { file: "designs/pu16.yaml".into(), position, key_path: key_path.into() }
}

#[test]
fn a_diagnostic_is_printed_in_three_lines() {
    let diagnostic = Diagnostic::new(
        Code::AccumulatorOverflow,
        "the accumulator can overflow: 4096 products of at most 25 bits need 37 bits, it has 32",
        "at most 136 products fit in 32 bits; set accumulator_bits to 37",
    );
    let expected = "error[AE0203]: the accumulator can overflow: 4096 products of at most 25 bits need 37 bits, it has 32\n  \
                    --> designs/pu16.yaml:14:12  datapath.accumulator_bits\n  \
                    help: at most 136 products fit in 32 bits; set accumulator_bits to 37";
    assert_eq!(diagnostic.at(place(14, 12, "datapath.accumulator_bits")).to_string(), expected);
}

#[test]
fn parts_that_there_are_not_leave_no_trace() {
    let bare = Diagnostic::new(Code::AccumulatorTooWide, "wide", "");
    assert_eq!(bare.to_string(), "warning[AE0204]: wide");
    assert_eq!(bare.at(Location::file("x.yaml")).to_string(), "warning[AE0204]: wide\n  --> x.yaml");
}

#[test]
fn diagnostics_are_sorted_by_place_then_code_and_each_is_there_once() {
    let at = |line, column, code| Diagnostic::new(code, "m", "h").at(place(line, column, ""));
    let mut all = Diagnostics::new();
    all.push(at(10, 2, Code::UnknownKey));
    all.push(at(9, 40, Code::WrongType));
    all.push(at(10, 2, Code::UnreadableFile));
    all.push(Diagnostic::new(Code::UnfedRing, "m", "h"));
    all.push(at(10, 1, Code::UnfedRing));
    all.push(at(9, 40, Code::WrongType));
    let order: Vec<_> = all.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(order, ["AE0401", "AE0108", "AE0401", "AE0101", "AE0106"]);
    assert_eq!(all.len(), 5);
}

#[test]
fn warnings_alone_are_no_errors() {
    let mut all = Diagnostics::from(Diagnostic::new(Code::AccumulatorTooWide, "m", "h"));
    assert!(!all.has_errors() && !all.is_empty());
    all.push(Diagnostic::new(Code::UnknownKey, "m", "h"));
    assert!(all.has_errors());
    assert_eq!((all.count(Severity::Error), all.count(Severity::Warning)), (1, 1));
}

#[test]
fn an_empty_line_stands_between_two_diagnostics_and_none_at_the_end() {
    let all: Diagnostics =
        [Code::UnknownKey, Code::MissingKey].map(|code| Diagnostic::new(code, "m", "")).into_iter().collect();
    assert_eq!(all.to_string(), "error[AE0106]: m\n\nerror[AE0107]: m\n");
    assert_eq!(Diagnostics::new().to_string(), "");
}

#[test]
fn json_has_every_part_of_a_diagnostic() {
    let all = Diagnostics::from(Diagnostic::new(Code::UnknownKey, "m", "h").at(place(3, 5, "a.b")));
    let expected = serde_json::json!([{
        "severity": "error", "code": "AE0106", "title": "unknown key", "message": "m", "help": "h",
        "place": {"file": "designs/pu16.yaml", "line": 3, "column": 5, "key_path": "a.b"},
    }]);
    assert_eq!(serde_json::to_value(&all).expect("data"), expected);
    let nowhere = serde_json::to_value(Diagnostic::new(Code::UnknownKey, "m", "h")).expect("data");
    assert!(nowhere["place"].is_null());
}

#[test]
fn a_users_text_stays_on_its_line() {
    assert_eq!(quote("af8_3"), "`af8_3`");
    assert_eq!(quote("é\n\u{1b}[31m\u{202e}"), "`é\\n\\u{1b}[31m\\u{202e}`");
    assert!(quote(&"x".repeat(5000)).chars().count() < 70);
}

#[test]
fn codes_are_numbered_upwards_in_their_groups_and_found_by_name() {
    let numbers: Vec<_> = Code::all().map(Code::as_str).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    assert!(numbers.len() >= 25);
    for code in Code::all() {
        assert!(code.as_str().len() == 6 && code.as_str().starts_with("AE0"), "{code}");
        assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(code));
        assert_eq!(code.as_str().parse(), Ok(code));
    }
    assert_eq!(Code::parse("AE0199"), None);
    assert_eq!(Code::parse(""), None);
}

#[test]
fn every_code_has_a_page_of_its_own_that_shows_what_is_wrong_and_what_to_write() {
    for code in Code::all() {
        let page = code.page();
        assert!(page.starts_with(&format!("# {code}: {}\n\n", code.title())), "{code} has another title on its page");
        let wrong = page.find("\n## Wrong\n\n```").unwrap_or_else(|| panic!("{code} shows nothing wrong"));
        let right = page.find("\n## Instead\n\n```").unwrap_or_else(|| panic!("{code} shows nothing instead"));
        assert!(wrong < right && page[..wrong].len() > 200, "{code} explains too little");
        assert!(page.ends_with("```\n"));
    }
}

#[test]
fn only_faults_of_a_blocks_builder_lack_a_broken_design() {
    let netlist: Vec<_> = Code::all().filter(|code| code.origin() == Origin::Netlist).map(Code::as_str).collect();
    assert_eq!(netlist, ["AE0311", "AE0312", "AE0313", "AE0314", "AE0402", "AE0404"]);
}
