//! The text of an input, and problems with their place in it.

use crate::exit::{Failure, Result};
use alberti_diagnostic::{Code, Diagnostic, Location, Position};
use serde::de::DeserializeOwned;
use std::{io::Read, path::PathBuf};

/// The file that an input came from, and its text.
pub struct Text {
    file: String,
    text: String,
}

impl Text {
    /// A text that messages call by its file.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// The input as a block's fields.
    ///
    /// # Errors
    /// AE0805 with line and column.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.text).map_err(|error| {
            let full = error.to_string();
            let what = full.rsplit_once(" at line ").map_or(full.as_str(), |(what, _)| what);
            let position = Position { line: error.line() as u32, column: error.column().max(1) as u32 };
            let place = Location { file: self.file.clone(), position: Some(position), key_path: String::new() };
            Diagnostic::new(Code::InputUnusable, format!("the input cannot be used: {what}"), HELP).at(place).into()
        })
    }
}

/// What a user does with an input that cannot be used.
pub const HELP: &str = "`--example` prints an input that this block of this design takes";

/// Reads the input of a block.
///
/// # Errors
/// A file that cannot be read.
pub fn read(path: &PathBuf) -> Result<Text> {
    let (file, read) = match path.as_os_str() == "-" {
        true => {
            let mut text = String::new();
            ("standard input".to_owned(), std::io::stdin().read_to_string(&mut text).map(|_| text))
        }
        false => (path.display().to_string(), std::fs::read_to_string(path)),
    };
    match read {
        Ok(text) => Ok(Text { file, text }),
        Err(error) => Err(Failure::unreadable(std::path::Path::new(&file), &error)),
    }
}

/// Problems of the input lie in its file.
pub fn placed(failure: Failure, text: &Text) -> Failure {
    let at = |problem: Diagnostic| match problem.place {
        None => problem.at(Location::file(&text.file)),
        Some(_) => problem,
    };
    Failure { problems: failure.problems.into_iter().map(at).collect() }
}
