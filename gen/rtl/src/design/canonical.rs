//! What a design says as one text, whatever its file looks like: the form that its hash is taken of.

use super::Parameters;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _};

impl Parameters {
    /// What the design says, defaults filled in, as lines `key.path=value`.
    ///
    /// Keys are in alphabetical order, elements of a list in that of the list
    /// (`top.connections[0].from.instance=…`). Whole numbers are decimal; others are the shortest decimal
    /// that reads back as the same double, without exponent: 500, 0.5. Words and text are as they are, a
    /// backslash doubled. What is left out and has no default has no line; an empty section or list has one,
    /// `{}` or `[]`. Name and description belong to it, comments and the file's name do not.
    #[must_use]
    pub fn canonical(&self) -> String {
        // Data without maps of foreign keys: nothing that JSON cannot hold.
        let mut value = serde_json::to_value(self).expect("parameters are data");
        if let Value::Object(fields) = &mut value {
            fields.remove("hash");
        }
        let mut text = String::new();
        lines(&mut text, "", &value);
        text
    }

    /// First 16 hex digits of the SHA-256 of the canonical form.
    pub(super) fn digest(&self) -> String {
        let digest = Sha256::digest(self.canonical());
        digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Appends the lines of a value.
fn lines(text: &mut String, path: &str, value: &Value) {
    let value = match value {
        Value::Null => return,
        Value::Object(fields) if !fields.is_empty() => {
            let dot = if path.is_empty() { "" } else { "." };
            for (key, value) in fields.iter().collect::<BTreeMap<_, _>>() {
                lines(text, &format!("{path}{dot}{key}"), value);
            }
            return;
        }
        Value::Array(elements) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                lines(text, &format!("{path}[{index}]"), element);
            }
            return;
        }
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(whole), ..) => whole.to_string(),
            (_, Some(whole), _) => whole.to_string(),
            (.., Some(real)) => real.to_string(),
            _ => number.to_string(),
        },
        // A text of more than one line would look like two keys.
        Value::String(word) => word.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r"),
    };
    let _ = writeln!(text, "{path}={value}");
}
