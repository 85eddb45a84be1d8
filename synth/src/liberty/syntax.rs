//! Liberty's syntax: groups of attributes and groups. Tables and power data are passed over unread.

use std::ops::Range;

/// A group, `name (arguments) { … }`.
#[derive(Debug, Default)]
pub struct Group {
    pub name: String,
    pub arguments: Vec<String>,
    pub attributes: Vec<(String, String)>,
    pub groups: Vec<Group>,
    /// Where the group stands in the text, for copying or leaving out.
    pub span: Range<usize>,
}

impl Group {
    /// The value of a simple attribute, or the arguments of a complex one joined by commas.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.attribute(name)?.trim().parse().ok()
    }

    pub fn is_true(&self, name: &str) -> bool {
        self.attribute(name) == Some("true")
    }

    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Group> {
        self.groups.iter().filter(move |group| group.name == name)
    }

    pub fn argument(&self) -> &str {
        self.arguments.first().map_or("", String::as_str)
    }
}

/// Groups whose inside nobody here reads; they are nine tenths of a file.
const SKIPPED: [&str; 8] = [
    "timing",
    "internal_power",
    "lu_table_template",
    "power_lut_template",
    "receiver_capacitance",
    "normalized_driver_waveform",
    "wire_load",
    "output_current_template",
];

/// Groups within each other at most; cells need five.
const DEEPEST: usize = 32;

/// The beginning of a text, for messages.
fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_default).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// The one `library` group of `text`; the error holds a byte offset and what is wrong there.
pub fn parse(text: &str) -> Result<Group, (usize, String)> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, depth: 0 };
    reader.blank()?;
    let start = reader.at;
    let name = reader.word()?;
    if name != "library" {
        return Err((start, format!("a Liberty file begins with 'library (name) {{', not with '{}'", shown(&name))));
    }
    match reader.statement(name, start)? {
        Statement::Group(group) => Ok(group),
        _ => Err((start, "'library' is not followed by a group in braces".into())),
    }
}

enum Statement {
    Attribute(String, String),
    Group(Group),
    Skipped,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, (usize, String)>;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err((self.at, message.into()))
    }

    fn slice(&self, range: Range<usize>) -> String {
        String::from_utf8_lossy(&self.text[range]).into_owned()
    }

    /// Pass blanks, comments and line continuations.
    fn blank(&mut self) -> Parsed<()> {
        loop {
            match (self.peek(), self.text.get(self.at + 1)) {
                (Some(b'/'), Some(b'*')) => {
                    let rest = &self.text[self.at + 2..];
                    match rest.windows(2).position(|pair| pair == b"*/") {
                        Some(end) => self.at += end + 4,
                        None => return self.fail("a comment is not closed"),
                    }
                }
                (Some(b'/'), Some(b'/')) => self.line_end(),
                (Some(c), _) if c.is_ascii_whitespace() || c == b'\\' => self.at += 1,
                _ => return Ok(()),
            }
        }
    }

    fn line_end(&mut self) {
        while self.peek().is_some_and(|c| c != b'\n') {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Parsed<String> {
        let start = self.at + 1;
        self.at = start;
        while let Some(c) = self.peek() {
            match c {
                b'"' => {
                    self.at += 1;
                    return Ok(self.slice(start..self.at - 1).replace("\\\n", ""));
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        Err((start, "a string is not closed".into()))
    }

    fn word(&mut self) -> Parsed<String> {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        let start = self.at;
        while self.peek().is_some_and(|c| !c.is_ascii_whitespace() && !b"(){}:;,\"".contains(&c)) {
            self.at += 1;
        }
        if start == self.at { self.fail("a name or a value is missing") } else { Ok(self.slice(start..self.at)) }
    }

    fn arguments(&mut self) -> Parsed<Vec<String>> {
        self.at += 1;
        let mut arguments = Vec::new();
        loop {
            self.blank()?;
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return Ok(arguments);
                }
                Some(b',') => self.at += 1,
                // Bus ranges and arithmetic in arguments: kept as they stand.
                Some(b':') => self.at += 1,
                Some(_) => arguments.push(self.word()?),
                None => return self.fail("a parenthesis is not closed"),
            }
        }
    }

    /// What follows the name: `: value ;`, `(arguments) ;` or `(arguments) { … }`.
    fn statement(&mut self, name: String, start: usize) -> Parsed<Statement> {
        self.blank()?;
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                Ok(Statement::Attribute(name, self.value()?))
            }
            Some(b'(') => {
                let arguments = self.arguments()?;
                self.blank()?;
                match self.peek() {
                    Some(b'{') if SKIPPED.contains(&name.as_str()) => {
                        self.skip_group()?;
                        Ok(Statement::Skipped)
                    }
                    Some(b'{') => Ok(Statement::Group(self.group(name, arguments, start)?)),
                    _ => Ok(Statement::Attribute(name, arguments.join(","))),
                }
            }
            _ => self.fail(format!("'{}' wants ':' and a value, or '('", shown(&name))),
        }
    }

    /// A simple attribute's value: a string, or what stands up to `;` or the line's end.
    fn value(&mut self) -> Parsed<String> {
        while self.peek().is_some_and(|c| c == b' ' || c == b'\t') {
            self.at += 1;
        }
        if self.peek() == Some(b'"') {
            return self.string();
        }
        let start = self.at;
        while self.peek().is_some_and(|c| !b";\n}".contains(&c)) {
            self.at += 1;
        }
        Ok(self.slice(start..self.at).trim().to_string())
    }

    fn group(&mut self, name: String, arguments: Vec<String>, start: usize) -> Parsed<Group> {
        if self.depth == DEEPEST {
            return Err((start, format!("groups are nested too deeply: more than {DEEPEST}")));
        }
        self.depth += 1;
        self.at += 1;
        let mut group = Group { name, arguments, ..Group::default() };
        loop {
            self.blank()?;
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    self.depth -= 1;
                    group.span = start..self.at;
                    return Ok(group);
                }
                Some(b';') => self.at += 1,
                Some(_) => {
                    let start = self.at;
                    let name = self.word()?;
                    match self.statement(name, start)? {
                        Statement::Attribute(name, value) => group.attributes.push((name, value)),
                        Statement::Group(inner) => group.groups.push(inner),
                        Statement::Skipped => {}
                    }
                }
                None => return Err((start, format!("the group '{}' is not closed", shown(&group.name)))),
            }
        }
    }

    fn skip_group(&mut self) -> Parsed<()> {
        let start = self.at;
        let mut depth = 0;
        while let Some(c) = self.peek() {
            match c {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'/' if self.text.get(self.at + 1) == Some(&b'*') => {
                    self.blank()?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        Err((start, "a group is not closed".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_groups_strings_and_comments_are_read() {
        let text = r#"/* a { */ library ("x") { time_unit : "1ps"; capacitive_load_unit (1, pf);
            cell (A) { area : 2.5 ; timing () { values ("}"); } pin(Y) { function : "(A B)"; } } }"#;
        let library = parse(text).expect("a library");
        assert_eq!(library.argument(), "x");
        assert_eq!(library.attribute("capacitive_load_unit"), Some("1,pf"));
        let cell = &library.groups[0];
        assert_eq!(cell.number("area"), Some(2.5));
        assert_eq!(cell.groups.len(), 1, "the timing group is passed over");
        assert!(text[cell.span.clone()].starts_with("cell (A)") && text[cell.span.clone()].ends_with("} }"));
    }

    #[test]
    fn an_open_brace_names_its_group() {
        let (at, message) = parse("library (x) { cell (A) { area : 1;").expect_err("it is open");
        assert_eq!((at, message.as_str()), (14, "the group 'cell' is not closed"));
    }

    #[test]
    fn groups_are_read_to_a_depth_and_passed_over_at_any() {
        let nested = |name: &str, depth: usize| {
            format!("library (x) {{ {} {} }}", format!("{name} () {{ ").repeat(depth), "}".repeat(depth))
        };
        assert!(parse(&nested("pin", DEEPEST - 1)).is_ok());
        for depth in [DEEPEST, 10_000, 100_000] {
            let (at, message) = parse(&nested("pin", depth)).expect_err("it is too deep");
            assert!(message.contains("nested too deeply: more than 32") && at > 0, "{message}");
        }
        assert!(parse(&nested("timing", 100_000)).is_ok());
    }

    #[test]
    fn a_message_shows_the_beginning_of_a_long_word() {
        let (_, message) = parse(&"\u{1}".repeat(1_000_000)).expect_err("no library");
        assert!(message.len() < 400, "{}", message.len());
    }

    #[test]
    fn another_file_is_refused() {
        assert!(parse("module m; endmodule").is_err());
    }
}
