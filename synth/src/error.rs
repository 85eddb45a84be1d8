//! What can go wrong between a Verilog text and its area.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error of this crate: where, what, and what to do instead.
#[derive(Debug)]
pub enum Error {
    /// A program is not installed.
    MissingTool {
        /// The program's name.
        tool: String,
        /// The command that installs it.
        install: String,
    },
    /// A program ran and refused.
    ToolFailed {
        /// The program's name.
        tool: String,
        /// What it was doing, for which module.
        doing: String,
        /// The lines of its output that say why.
        message: String,
    },
    /// A Liberty file that cannot be read, or lacks a cell that every flow needs.
    Liberty {
        /// The file as it was named.
        file: String,
        /// The line (from 1), 0 when the whole file is meant.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A file that is read, and does not hold what it should.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A file that cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A job, recipe or technology that cannot be honoured.
    Invalid {
        /// The place: a module, a file.
        place: String,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// A file or folder that cannot be made or written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { path, source }
    }

    pub(crate) fn tool(tool: &str, doing: String, message: impl Into<String>) -> Error {
        Error::ToolFailed { tool: tool.into(), doing, message: message.into() }
    }

    pub(crate) fn invalid(place: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Invalid { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::MissingTool { tool, install } => write!(f, "{tool} is not installed: {install}"),
            Error::ToolFailed { tool, doing, message } => write!(f, "{tool} failed while {doing}:\n{message}"),
            Error::Liberty { file, line: 0, message } => write!(f, "{file}: {message}"),
            Error::Liberty { file, line, message } => write!(f, "{file}:{line}: {message}"),
            Error::Invalid { place, message } => write!(f, "{place}: {message}"),
            Error::Damaged { path, message } => write!(f, "{}: {message}", path.display()),
            Error::Unreadable { path, source } | Error::Io { path, source } => {
                write!(f, "{}: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreadable { source, .. } | Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
