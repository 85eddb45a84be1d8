//! Slips that the line of an error of YAML shows, and what to write instead.

use alberti_diagnostic::quote;

/// A slip in the line of an error of YAML, or in the one before: what is wrong, and what to write.
pub(super) fn line(text: &str, line: u32) -> Option<(u32, u32, String, String)> {
    let rows: Vec<&str> = text.lines().take(line as usize).collect();
    let filled = |row: &&str| !row.trim().is_empty() && !row.trim_start().starts_with('#');
    let numbered = rows.iter().enumerate().rev().filter(|(_, row)| filled(row)).take(2);
    numbered.into_iter().find_map(|(index, row)| {
        let (column, message, help) = slip(row)?;
        Some((index as u32 + 1, column as u32, message, help))
    })
}

fn slip(row: &str) -> Option<(usize, String, String)> {
    let body = row.trim_start_matches([' ', '\t']);
    let indent = &row[..row.len() - body.len()];
    if let Some(tab) = indent.find('\t') {
        return Some((tab + 1, "a tab indents the line".to_owned(), "indent by spaces, two for each level".to_owned()));
    }
    if body.starts_with("//") {
        return Some((indent.len() + 1, "`//` begins no comment".to_owned(), "begin comments with #".to_owned()));
    }
    let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|&end| end > 0)?;
    let (key, rest) = body.split_at(end);
    let (column, rest) = (indent.len() + end + 1, rest.trim_start());
    let value = |value: &str| quote(value.split(" #").next().unwrap_or_default().trim()).trim_matches('`').to_owned();
    let message = if let Some(value) = rest.strip_prefix(":=").or(rest.strip_prefix('=')) {
        (format!("`{key}` is followed by `=`, not by a colon"), value)
    } else {
        let value =
            rest.strip_prefix(':').filter(|value| !value.is_empty() && !value.starts_with([' ', '\t', ':', '/']))?;
        (format!("the colon after `{key}` has no space after it"), value)
    };
    Some((column, message.0, format!("write `{key}: {}`", value(message.1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_in_the_line_of_an_error_or_in_the_one_before() {
        assert_eq!(line("a:\n\tb: 1\n", 2).map(|found| (found.0, found.1)), Some((2, 1)));
        assert_eq!(line("a:\n  n:16 # lanes\n\n# c\n  m: 2\n", 5).map(|found| found.3), Some("write `n: 16`".into()));
        assert_eq!(line("n = 16\nm: 2\n", 2).map(|found| found.3), Some("write `n: 16`".into()));
        for text in ["", "a: 1", "a:", "http://x", "- a:b", "{a:1}", "a::b", "é:1"] {
            assert_eq!(line(text, 1), None, "{text}");
        }
    }
}
