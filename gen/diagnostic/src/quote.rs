//! What a user wrote, made safe to print on one line.

/// Longest piece of a user's text that a message repeats, in characters.
const LONGEST: usize = 60;

/// The text between backticks, on one line: control characters are escaped, a long text is cut.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            quoted.push('…');
            break;
        }
        if c.is_ascii() && !c.is_ascii_control() || c.is_alphanumeric() {
            quoted.push(c);
        } else {
            quoted.extend(c.escape_default());
        }
    }
    quoted.push('`');
    quoted
}
