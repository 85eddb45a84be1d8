//! Failures, all of them diagnostics, and the exit codes.

use alberti_model::ModelError;
use alberti_rtl::{
    diagnostic::{Code, Diagnostic, Diagnostics, Location},
    emit::WriteError,
};
use std::path::Path;

/// All is well.
pub const WELL: u8 = 0;
/// What was checked does not hold.
pub const DOES_NOT_HOLD: u8 = 1;
/// The work could not be done.
pub const COULD_NOT: u8 = 2;

/// Why a command gave no answer.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong: at least one error.
    pub problems: Diagnostics,
    /// 1 or 2.
    pub code: u8,
}

/// A command's result.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Work that could not be done, for a reason outside of any design.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Diagnostic::new(code, message, help).into()
    }

    /// Something checked that does not hold.
    pub fn does_not_hold(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: DOES_NOT_HOLD, ..Self::new(code, message, help) }
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
        Self { problems, code: COULD_NOT }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let help = match &error {
            WriteError::Foreign { .. } | WriteError::NotAFolder(_) => {
                "nothing was changed; an earlier package is replaced"
            }
            WriteError::Stranded { .. } => "the earlier package is complete, in the folder that is named; move it back",
            WriteError::Io { .. } => "name a folder that you may write to, on a disk with room; nothing was changed",
        };
        Self::new(Code::OutputRefused, error.to_string(), help)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let code = Code::parse(error.code()).unwrap_or(Code::InputUnusable);
        Self::new(code, error.to_string(), error.help())
    }
}

impl From<alberti_golden::Error> for Failure {
    fn from(error: alberti_golden::Error) -> Self {
        Self::input(error.to_string(), "`--example` prints an input that this block of this design takes")
    }
}

impl From<alberti_sim::Error> for Failure {
    fn from(error: alberti_sim::Error) -> Self {
        use alberti_sim::Error;
        let message = error.to_string();
        match error.root() {
            Error::MissingTool { tool, install } => missing_tool(tool, install),
            Error::Tool { .. } | Error::Load { .. } => tool_failed(message),
            Error::Io { path, .. } => Diagnostic::new(
                Code::OutputRefused,
                message,
                "builds are kept in build/; ALBERTI_BUILD_DIR names another folder for them",
            )
            .at(Location::file(path.display().to_string()))
            .into(),
            Error::Usage { .. } if !message.contains(alberti_sim::Seed::VARIABLE) => {
                Self::new(Code::InputUnusable, message, "please report this with the design")
            }
            _ => Self::does_not_hold(
                Code::SimulationDiffers,
                message,
                "the same --seed gives the same run; --waveform DIR writes a trace of it",
            ),
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
            Error::Invalid { .. } => Self::new(Code::InputUnusable, error.to_string(), "see `alberti synth --help`"),
            Error::Io { .. } => Self::new(
                Code::OutputRefused,
                error.to_string(),
                "results are kept in build/, or in the folder that ALBERTI_BUILD_DIR names: it needs room and your permission to write",
            ),
        }
    }
}

fn missing_tool(tool: &str, install: &str) -> Failure {
    Failure::new(Code::MissingTool, format!("{tool} is not installed"), install)
}

fn tool_failed(message: String) -> Failure {
    Failure::new(Code::ToolFailed, message, "`alberti doctor` shows the tools that were found, with their versions")
}
