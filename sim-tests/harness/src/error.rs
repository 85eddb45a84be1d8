//! What can go wrong between a source file and a passed test.

use std::fmt;
use std::path::{Path, PathBuf};

use alberti_random::{NoSeed, Seed};

/// A result with the harness's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every failure of the harness. `Debug` prints the same text as `Display`, so that a test may return it.
pub enum Error {
    /// A program that the build needs is not on the path.
    MissingTool {
        /// The program.
        tool: &'static str,
        /// What to do about it.
        install: &'static str,
    },
    /// Verilator or the C++ compiler refused its input.
    Tool {
        /// The program.
        tool: String,
        /// What it was run on.
        top: String,
        /// What it printed.
        output: String,
    },
    /// A file could not be read or written.
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The compiled library could not be loaded.
    Load {
        /// The library.
        path: PathBuf,
        /// The loader's reason.
        reason: String,
    },
    /// The harness was asked for something that the model does not have.
    Usage {
        /// The module or stream.
        at: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The variable of the seed holds none.
    NoSeed(NoSeed),
    /// The simulated design called `$stop`, `$fatal` or `$finish`, or did not settle.
    Stopped {
        /// Clock cycles since the model was made.
        cycle: u64,
        /// File, line and reason, and what the design printed.
        message: String,
    },
    /// A stream broke its contract.
    Protocol {
        /// The stream.
        stream: String,
        /// When, in clock cycles.
        cycle: u64,
        /// Which rule, and how.
        what: String,
    },
    /// An item differs from what was expected.
    Mismatch {
        /// The stream.
        stream: String,
        /// Number of the item, from 0.
        index: u64,
        /// When, in clock cycles.
        cycle: u64,
        /// The field that differs first.
        field: String,
        /// Expected value in hexadecimal.
        expected: String,
        /// Value that came, in hexadecimal.
        got: String,
    },
    /// An item came after all that were expected.
    Surplus {
        /// The stream.
        stream: String,
        /// Number of the item, from 0.
        index: u64,
        /// When, in clock cycles.
        cycle: u64,
        /// The item in hexadecimal.
        got: String,
    },
    /// What watches a run beside its streams saw something that is wrong.
    Watched {
        /// What it is.
        what: String,
    },
    /// Fewer items were compared than expected, or none at all.
    Incomplete {
        /// The stream.
        stream: String,
        /// Items compared.
        compared: u64,
        /// Items expected.
        expected: u64,
    },
    /// Nothing moved for a long time, or the limit of a run was reached.
    NoProgress {
        /// Length of the wait, in clock cycles.
        cycles: u64,
        /// When it was given up.
        cycle: u64,
        /// What each stream is waiting for.
        waiting: String,
    },
    /// Any of the above, within a named test.
    Test {
        /// The test.
        name: String,
        /// The seed that reproduces it.
        seed: Seed,
        /// What happened.
        error: Box<Error>,
    },
}

impl Error {
    /// A file that could not be read or written.
    pub fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Error::Io { action, path: path.to_owned(), source }
    }

    /// Something that the model does not have.
    pub fn usage(at: impl Into<String>, what: impl Into<String>) -> Self {
        Error::Usage { at: at.into(), what: what.into() }
    }

    /// The failure itself, without the test's name and seed around it.
    pub fn root(&self) -> &Error {
        match self {
            Error::Test { error, .. } => error.root(),
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::MissingTool { tool, install } => write!(f, "{tool} is not installed: {install}"),
            Error::Tool { tool, top, output } => write!(f, "{tool} failed on {top}:\n{}", output.trim_end()),
            Error::Io { action, path, source } => write!(f, "cannot {action} {}: {source}", path.display()),
            Error::Load { path, reason } => write!(f, "cannot load {}: {reason}", path.display()),
            Error::Usage { at, what } => write!(f, "{at}: {what}"),
            Error::NoSeed(error) => error.fmt(f),
            Error::Watched { what } => f.write_str(what),
            Error::Stopped { cycle, message } => {
                write!(f, "the simulation stopped in cycle {cycle}: {}", message.trim_end())
            }
            Error::Protocol { stream, cycle, what } => write!(f, "stream {stream}, cycle {cycle}: {what}"),
            Error::Mismatch { stream, index, cycle, field, expected, got } => write!(
                f,
                "stream {stream}, item {index}, cycle {cycle}: {field} differs\n  expected {expected}\n  got      {got}"
            ),
            Error::Surplus { stream, index, cycle, got } => {
                write!(f, "stream {stream}, item {index}, cycle {cycle}: nothing more was expected, got {got}")
            }
            Error::Incomplete { stream, compared: 0, expected: 0 } => {
                write!(f, "stream {stream}: nothing was compared; a check has to expect at least one item")
            }
            Error::Incomplete { stream, compared, expected } => {
                write!(f, "stream {stream}: {compared} items compared, {expected} expected")
            }
            Error::NoProgress { cycles, cycle, waiting } => {
                write!(f, "no progress for {cycles} cycles, given up in cycle {cycle}: {waiting}")
            }
            Error::Test { name, seed, error } => write!(f, "{name} (ALBERTI_SEED={seed}): {error}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<NoSeed> for Error {
    fn from(error: NoSeed) -> Self {
        Self::NoSeed(error)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::Test { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<alberti_files::cache::CacheError> for Error {
    fn from(error: alberti_files::cache::CacheError) -> Self {
        Error::io("use the cache", &error.path, error.source)
    }
}
