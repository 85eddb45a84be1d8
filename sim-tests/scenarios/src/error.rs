//! Why a scenario did not pass.

use alberti_cost::configuration;
use alberti_harness::{Error as Harness, NoSeed, Seed};
use std::fmt;

/// A result with a scenario's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every failure of a scenario. `Debug` prints the same text as `Display`, so that a test may return it.
pub enum Error {
    /// The harness: a tool, the simulation, or a stream that differs.
    Harness(Harness),
    /// The golden model refuses what the scenario asks of it.
    Golden(alberti_golden::Error),
    /// The scenario cannot be run on this design or this text.
    Unfit {
        /// What is driven.
        at: String,
        /// What it lacks.
        what: String,
    },
    /// Something beside the streams differs from the golden model.
    Differs {
        /// What was compared.
        at: String,
        /// How it differs.
        what: String,
    },
    /// Any of the above, within a named run.
    Run {
        /// The run.
        name: String,
        /// The seed that gives the same run again.
        seed: Seed,
        /// What happened.
        error: Box<Error>,
    },
}

impl Error {
    pub(crate) fn unfit(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Unfit { at: at.into(), what: what.into() }
    }

    pub(crate) fn differs(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Differs { at: at.into(), what: what.into() }
    }

    /// The failure itself, without the names and seeds of the run around it.
    #[must_use]
    pub fn root(&self) -> &Self {
        match self {
            Self::Run { error, .. } => error.root(),
            other => other,
        }
    }

    /// The harness's failure, without the name and seed of the run around it, where it is one.
    #[must_use]
    pub fn harness(&self) -> Option<&Harness> {
        match self.root() {
            Self::Harness(error) => Some(error.root()),
            _ => None,
        }
    }

    /// Whether the run says that hardware and golden model differ: not that a tool is missing or that the
    /// scenario is unfit.
    #[must_use]
    pub fn is_difference(&self) -> bool {
        match self.harness() {
            Some(Harness::MissingTool { .. } | Harness::Tool { .. } | Harness::Io { .. } | Harness::Load { .. }) => {
                false
            }
            Some(Harness::Usage { .. } | Harness::NoSeed(_)) => false,
            Some(_) => true,
            None => matches!(self.root(), Self::Differs { .. }),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Harness(error) => error.fmt(f),
            Self::Golden(error) => write!(f, "golden: {error}"),
            Self::Unfit { at, what } | Self::Differs { at, what } => write!(f, "{at}: {what}"),
            Self::Run { name, seed, error } => write!(f, "{name} ({}={seed}): {error}", Seed::VARIABLE),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Harness(error) => Some(error),
            Self::Golden(error) => Some(error),
            Self::Run { error, .. } => Some(error),
            Self::Unfit { .. } | Self::Differs { .. } => None,
        }
    }
}

impl From<Harness> for Error {
    fn from(error: Harness) -> Self {
        Self::Harness(error)
    }
}

impl From<NoSeed> for Error {
    fn from(error: NoSeed) -> Self {
        Self::Harness(error.into())
    }
}

impl From<alberti_golden::Error> for Error {
    fn from(error: alberti_golden::Error) -> Self {
        Self::Golden(error)
    }
}

impl From<configuration::Error> for Error {
    fn from(error: configuration::Error) -> Self {
        match error {
            configuration::Error::Golden(error) => Self::Golden(error),
            other => Self::unfit("the design", other.to_string()),
        }
    }
}
