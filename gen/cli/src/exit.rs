//! Failures, all of them diagnostics: 0 is success, and [`alberti_diagnostic::Class`] has the other exit
//! codes.

use alberti_cost::configuration;
use alberti_diagnostic::{Code, Diagnostic, Diagnostics, Location};
use alberti_files::{WriteError, cache::CacheError};
use alberti_model::{
    ModelError,
    faults::{CampaignError, JournalError},
};
use alberti_random::NoSeed;
use std::path::Path;

/// The exit code of a fault of our own, as of any program in Rust that panics.
pub const INTERNAL: u8 = 101;

/// What is said of results that cannot be kept.
const CACHE_HELP: &str = "results are kept in ~/.cache/alberti, or in the folder that ALBERTI_CACHE names: it needs room and your permission to write";

/// Why a command gave no answer, or what it checked does not hold.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong: at least one error, whose class is the exit code.
    pub problems: Diagnostics,
}

/// A command's result.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Work that could not be done, for a reason outside of any design.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Diagnostic::new(code, message, help).into()
    }

    /// Arguments that contradict each other, or one that needs another.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Code::ArgumentsUnfit, message, help)
    }

    /// A file that cannot be read.
    pub fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("{} cannot be read: {error}", path.display());
        Self::new(Code::InputUnreadable, message, "check the path, and that you may read it")
    }

    /// Input of the user's that cannot be used.
    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Code::InputUnusable, message, help)
    }

    /// An output that cannot be written.
    pub fn output(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("`{}` cannot be written: {error}", path.display());
        Self::new(Code::OutputRefused, message, "name a file in a folder that you may write to, on a disk with room")
    }
}

impl From<Diagnostic> for Failure {
    fn from(problem: Diagnostic) -> Self {
        Diagnostics::from(problem).into()
    }
}

impl From<Diagnostics> for Failure {
    fn from(problems: Diagnostics) -> Self {
        Self { problems }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let help = match &error {
            WriteError::Foreign { .. } | WriteError::NotAFolder(_) | WriteError::LinkToNothing(_) => {
                "nothing was changed; an earlier package is replaced"
            }
            WriteError::Stranded { .. } => {
                "run the command again once the folder can be written: it ends what was begun"
            }
            WriteError::Io { .. } => "name a folder that you may write to, on a disk with room; nothing was changed",
        };
        Self::new(Code::OutputRefused, error.to_string(), help)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Engine(source) => match source.downcast::<alberti_scenarios::Error>() {
                Ok(error) => (*error).into(),
                Err(source) => Self::new(Code::SimulationDiffers, source.to_string(), ""),
            },
            ModelError::Recipe { problems } => problems.into(),
            error => Self::new(error.code(), error.to_string(), error.help()),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let message = error.to_string();
        match error {
            JournalError::Io { path, source } => Self::output(&path, &source),
            JournalError::Locked { .. } => {
                Self::new(Code::InputUnreadable, message, "wait for that run, or name another file")
            }
            JournalError::OtherParameters { .. } => {
                Self::usage(message, "give the parameters of that run, or name another file")
            }
            JournalError::NoJournal { .. } => Self::input(message, "name another file"),
            JournalError::Line { .. } => Self::input(message, "remove that line: its trial runs again"),
        }
    }
}

impl From<CampaignError> for Failure {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Model(error) => error.into(),
            CampaignError::Journal(error) => error.into(),
        }
    }
}

impl From<CacheError> for Failure {
    fn from(CacheError { path, source }: CacheError) -> Self {
        Self::new(Code::OutputRefused, format!("`{}` cannot be used: {source}", path.display()), CACHE_HELP)
    }
}

impl From<NoSeed> for Failure {
    fn from(error: NoSeed) -> Self {
        Self::usage(error.to_string(), "unset the variable, or give it such a number")
    }
}

impl From<alberti_golden::Error> for Failure {
    fn from(error: alberti_golden::Error) -> Self {
        Self::input(error.to_string(), "`--example` prints an input that this block of this design takes")
    }
}

impl From<configuration::Error> for Failure {
    fn from(error: configuration::Error) -> Self {
        match error {
            configuration::Error::Golden(error) => error.into(),
            error => Self::new(
                Code::BlockAbsent,
                error.to_string(),
                "give it the section `accelerator`; designs/accelerator4.yaml and designs/accelerator16.yaml have one",
            ),
        }
    }
}

impl From<alberti_harness::Error> for Failure {
    fn from(error: alberti_harness::Error) -> Self {
        alberti_scenarios::Error::from(error).into()
    }
}

impl From<alberti_scenarios::Error> for Failure {
    fn from(error: alberti_scenarios::Error) -> Self {
        use alberti_harness::Error;
        let message = error.to_string();
        match error.harness() {
            Some(Error::MissingTool { tool, install }) => missing_tool(tool, install),
            Some(Error::NoSeed(error)) => error.clone().into(),
            Some(Error::Tool { .. } | Error::Load { .. }) => tool_failed(message),
            Some(Error::Io { path, .. }) => Diagnostic::new(Code::OutputRefused, message, CACHE_HELP)
                .at(Location::file(path.display().to_string()))
                .into(),
            _ if error.is_difference() => Self::new(
                Code::SimulationDiffers,
                message,
                "the same --seed gives the same run; --waveform DIR writes a trace of it",
            ),
            _ => Self::new(Code::InputUnusable, message, "please report this with the design"),
        }
    }
}

impl From<alberti_synth::Error> for Failure {
    fn from(error: alberti_synth::Error) -> Self {
        use alberti_synth::Error;
        match &error {
            Error::MissingTool { tool, install } => missing_tool(tool, install),
            Error::ToolFailed { .. } => tool_failed(error.to_string()),
            Error::Liberty { .. } => Self::new(
                Code::LibraryUnusable,
                error.to_string(),
                "give the Liberty file of a standard-cell library; without --liberty, osu018 serves",
            ),
            Error::Invalid { .. } => Self::new(Code::ArgumentsUnfit, error.to_string(), "see `alberti synth --help`"),
            Error::Damaged { .. } => {
                Self::input(error.to_string(), "take the file from version control, or make it again")
            }
            Error::Unreadable { path, source } => Self::unreadable(path, source),
            Error::Io { .. } => Self::new(Code::OutputRefused, error.to_string(), CACHE_HELP),
        }
    }
}

fn missing_tool(tool: &str, install: &str) -> Failure {
    Failure::new(Code::MissingTool, format!("{tool} is not installed"), install)
}

fn tool_failed(message: String) -> Failure {
    Failure::new(Code::ToolFailed, message, "`alberti doctor` shows the tools that were found, with their versions")
}
