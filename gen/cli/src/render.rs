//! Diagnostics as text: as they are where nobody watches, with the source line, a caret and colours on a
//! terminal.
//!
//! `NO_COLOR` leaves the colours out. `CLICOLOR_FORCE` asks for all of it where there is no terminal.

use crate::source;
use alberti_diagnostic::{Diagnostic, Diagnostics, Position, Severity};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anstream::{AutoStream, ColorChoice};
use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
};

/// The problems, for standard error.
pub fn problems(problems: &Diagnostics) -> String {
    let coloured = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    match (coloured, io::stderr().is_terminal()) {
        (true, _) => with_lines(problems, &Renderer::styled(), source::text),
        (false, true) => with_lines(problems, &Renderer::plain(), source::text),
        (false, false) => problems.to_string(),
    }
}

/// The problems, each with its line; `text` gives that of a file.
pub fn with_lines(problems: &Diagnostics, renderer: &Renderer, text: impl Fn(&str) -> Option<String>) -> String {
    let mut texts = BTreeMap::new();
    let blocks = problems.iter().map(|problem| {
        let file = problem.place.as_ref().filter(|place| place.position.is_some()).map(|place| &*place.file);
        let line_of = file.and_then(|file| texts.entry(file).or_insert_with(|| text(file)).as_deref());
        block(problem, line_of, renderer)
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// One problem; `text` is that of its file.
fn block(problem: &Diagnostic, text: Option<&str>, renderer: &Renderer) -> String {
    let level = match problem.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&problem.message).id(problem.code.as_str()));
    if let Some(place) = &problem.place {
        let line = place.position.zip(text).and_then(|(position, text)| {
            let line = text.lines().nth(position.line as usize - 1)?;
            Some((position, line.trim_start_matches('\u{feff}')))
        });
        group = match (line, place.position) {
            (Some((position, line)), _) => {
                group.element(Snippet::source(line).line_start(position.line as usize).path(&place.file).annotation(
                    AnnotationKind::Primary.span(span(line, position.column as usize)).label(&*place.key_path),
                ))
            }
            (None, Some(Position { line, column })) => {
                group.element(Origin::path(&place.file).line(line as usize).char_column(column as usize))
            }
            (None, None) => group.element(Origin::path(&place.file)),
        };
    }
    if !problem.help.is_empty() {
        group = group.element(Level::HELP.message(&problem.help));
    }
    renderer.render(&[group])
}

/// The bytes of the word, or of the text in quotes, at a column of a line.
fn span(line: &str, column: usize) -> std::ops::Range<usize> {
    let start = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
    let rest = &line[start..];
    let length = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
        _ => rest.find([' ', '\t', ',', ':', '}', ']', '#']).unwrap_or(rest.len()),
    };
    start..start + length.max(rest.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alberti_diagnostic::{Code, Location};

    fn at(line: u32, column: u32) -> Diagnostic {
        let place =
            Location { file: "x.yaml".into(), position: Some(Position { line, column }), key_path: "a.n".into() };
        Diagnostic::new(Code::WrongType, "`n` must be a whole number", "write `n: 16`").at(place)
    }

    #[test]
    fn a_caret_stands_below_the_word() {
        let shown = block(&at(2, 6), Some("a:\n  n: 16.0 # lanes\n"), &Renderer::plain());
        let expected = "\
error[AE0108]: `n` must be a whole number
 --> x.yaml:2:6
  |
2 |   n: 16.0 # lanes
  |      ^^^^ a.n
  |
  = help: write `n: 16`";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_place_that_the_text_does_not_have_is_named_all_the_same() {
        for text in [None, Some(""), Some("a:\n"), Some("a:\n\n")] {
            let shown = block(&at(2, 6), text, &Renderer::plain());
            assert!(shown.contains("x.yaml:2:") && shown.contains("help: write"), "{shown}");
        }
    }

    #[test]
    fn the_span_is_a_word_or_a_quoted_text_and_never_splits_a_character() {
        for (line, column, expected) in [
            ("n: 16, m", 4, "16"),
            ("n: \"a b\" # c", 4, "\"a b\""),
            ("é: é", 4, "é"),
            ("n:", 2, ":"),
            ("n: 'open", 4, "'open"),
            ("n", 9, ""),
        ] {
            assert_eq!(&line[span(line, column)], expected, "{line}");
        }
    }
}
