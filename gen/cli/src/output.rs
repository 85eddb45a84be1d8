//! What a command says: text to the terminal, JSON to a file, and the exit code.

use crate::{
    exit::{Failure, Result},
    render,
};
use alberti_diagnostic::Diagnostics;
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    path::Path,
};

/// The answer of a command.
#[derive(Debug)]
pub struct Answer {
    /// For the terminal, with its final newline.
    pub text: String,
    /// The same as data.
    pub data: Value,
    /// Warnings, and errors where what was checked does not hold.
    pub problems: Diagnostics,
}

impl Answer {
    /// All is well.
    pub fn new(text: impl Into<String>, data: &impl Serialize) -> Self {
        // Every answer is made of maps with text as keys, which JSON can always hold.
        let data = serde_json::to_value(data).unwrap_or(Value::Null);
        Self { text: text.into(), data, problems: Diagnostics::new() }
    }

    /// Adds the warnings of a design.
    pub fn with_warnings(mut self, warnings: &Diagnostics) -> Self {
        self.problems.extend(warnings.iter().cloned());
        self
    }

    /// Adds what does not hold.
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.problems.extend(failure.problems);
        self
    }
}

/// Prints and writes what a command answered; the exit code. JSON for `-` takes the place of the text: what
/// reads standard output reads one of the two.
pub fn deliver(command: &str, outcome: Result<Answer>, json: Option<&Path>) -> u8 {
    let (text, data, problems) = match outcome {
        Ok(answer) => (answer.text, answer.data, answer.problems),
        Err(Failure { problems }) => (String::new(), Value::Null, problems),
    };
    let mut code = problems.exit_code();
    if !problems.is_empty() {
        complain(&render::problems(&problems));
    }
    let to_output = json.is_some_and(|path| path == Path::new("-"));
    if !to_output {
        print(&text);
    }
    if let Some(path) = json {
        let content = json!({"command": command, "exit_code": code, "diagnostics": problems, "result": data});
        let content = format!("{content:#}\n");
        if to_output {
            print(&content);
        } else if let Err(failure) = write(path, content.as_bytes()) {
            complain(&render::problems(&failure.problems));
            code = code.max(failure.problems.exit_code());
        }
    }
    code
}

/// Text to standard output. A reader that has gone, such as `head`, wants no more of it.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Text to standard error.
pub fn complain(text: &str) {
    let mut out = io::stderr().lock();
    let _ = writeln!(out, "{}", text.trim_end());
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |error| Failure::output(path, &error);
    // A device or a pipe is no file to be replaced.
    if path.exists() && !path.is_file() && !path.is_dir() {
        return std::fs::write(path, bytes).map_err(fail);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new();
    // Readable by whom the user's mask allows, as any other file.
    #[cfg(unix)]
    draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = draft.prefix(".alberti-").tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.flush()).map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}
