//! Where a problem lies.

use serde::Serialize;
use std::fmt;

/// A line and a column, both counted from one; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Position {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A place in a file: the file as the user named it, the position, and the key path of the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The file as the user named it.
    pub file: String,
    /// Where in the file; `None` when the file could not be read at all.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// Keys from the root, `datapath.sparsity.block` or `connections[2]`; empty for the whole file.
    pub key_path: String,
}

impl Location {
    /// A file as a whole.
    #[must_use]
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), position: None, key_path: String::new() }
    }
}

impl fmt::Display for Location {
    /// `file:line:column  key.path`, without the parts that there are not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key_path.is_empty() {
            write!(f, "  {}", self.key_path)?;
        }
        Ok(())
    }
}
