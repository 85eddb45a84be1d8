//! What a golden answers to input that no block could be given.

use std::fmt;

/// Input outside of a block's contract: where it is, what is wrong with it, what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

/// The result of a golden.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The same error, with the place that it happened at put before it.
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
