//! What a command says: text to the terminal, JSON to a file, and the exit code.

use crate::{
    exit::{Failure, Result},
    render,
};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use alberti_model::{Checkpoint, checkpoint::unused};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
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

    /// Adds what of a model's files is not used.
    pub fn with_unused(mut self, checkpoint: &Checkpoint) -> Self {
        self.text += &unused::note(&checkpoint.unused);
        self.data["unused_tensors"] = json!(checkpoint.unused);
        self.with_warnings(&unused::warnings(&checkpoint.unused))
    }

    /// Adds what does not hold.
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.problems.extend(failure.problems);
        self
    }

    /// Writes a part of the answer to a file; the rest is not lost where it cannot be written after all.
    pub fn with_file(self, file: &File, bytes: &[u8]) -> Self {
        match file.write(bytes) {
            Ok(()) => self,
            Err(failure) => self.with_failure(failure),
        }
    }
}

/// Where JSON goes.
pub enum Json {
    /// To standard output, in place of the text.
    Output,
    /// To a file.
    File(File),
}

impl Json {
    /// The place of an argument, which may be left out; `-` is standard output.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn at_any(path: Option<&Path>) -> Result<Option<Self>> {
        let place =
            |path: &Path| if path == Path::new("-") { Ok(Self::Output) } else { File::at(path).map(Self::File) };
        path.map(place).transpose()
    }

    fn write(&self, text: &str) -> Result<()> {
        match self {
            Self::Output => print(text),
            Self::File(file) => file.write(text.as_bytes()),
        }
    }
}

/// Prints and writes what a command answered; the exit code.
pub fn deliver(command: &str, outcome: Result<Answer>, json: Option<&Json>) -> u8 {
    let (text, data, mut problems) = match outcome {
        Ok(answer) => (answer.text, answer.data, answer.problems),
        Err(Failure { problems }) => (String::new(), Value::Null, problems),
    };
    if !problems.is_empty() {
        complain(&render::problems(&problems));
    }
    let late = |problems: &mut Diagnostics, outcome: Result<()>| {
        if let Err(failure) = outcome {
            complain(&render::problems(&failure.problems));
            problems.extend(failure.problems);
        }
    };
    if !matches!(json, Some(Json::Output)) {
        late(&mut problems, print(&text));
    }
    if let Some(json) = json {
        let code = problems.exit_code();
        let content = json!({"command": command, "exit_code": code, "diagnostics": problems, "result": data});
        late(&mut problems, json.write(&format!("{content:#}\n")));
    }
    problems.exit_code()
}

/// Text to standard output. A reader that has gone, such as `head`, wants no more of it; any other fault has
/// lost the answer.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// What became of a text for standard output.
pub fn printed(outcome: io::Result<()>) -> Result<()> {
    outcome.or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::output(Path::new("standard output"), &error)),
    })
}

/// Text to standard error.
pub fn complain(text: &str) {
    let mut out = io::stderr().lock();
    let _ = writeln!(out, "{}", text.trim_end());
}

/// A file for an answer, looked at before there is one.
pub struct File {
    path: PathBuf,
    file: alberti_files::File,
}

impl File {
    /// A file that can be written.
    ///
    /// # Errors
    /// When it cannot.
    pub fn at(path: &Path) -> Result<Self> {
        let file = alberti_files::File::at(path).map_err(|error| Failure::output(path, &error))?;
        Ok(Self { path: path.into(), file })
    }

    /// The same for an argument that may be left out.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn at_any(path: Option<&Path>) -> Result<Option<Self>> {
        path.map(Self::at).transpose()
    }

    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written after all.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        self.file.write(bytes).map_err(|error| Failure::output(&self.path, &error))
    }
}

/// A folder for a package, looked at before there is one.
pub struct Folder {
    path: PathBuf,
    folder: alberti_files::Folder,
}

impl Folder {
    /// A folder that a package can be written to.
    ///
    /// # Errors
    /// When none can.
    pub fn at(path: &Path) -> Result<Self> {
        Ok(Self { path: path.into(), folder: alberti_files::Folder::at(path)? })
    }

    /// Writes the files whole or not at all; a warning where an earlier package could not be replaced in one
    /// step.
    ///
    /// # Errors
    /// When they cannot be written after all.
    pub fn write(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<Diagnostics> {
        let Some(reason) = self.folder.write(files)? else { return Ok(Diagnostics::new()) };
        let message = format!(
            "`{}` was replaced file by file, since {reason}: who read it meanwhile may have found files of both packages",
            self.path.display()
        );
        let help = "name a folder below it, which is replaced in one step";
        Ok(Diagnostic::new(Code::ReplacedInPlace, message, help).into())
    }
}

/// Makes a folder for files of a tool's, before the work that they are of.
///
/// # Errors
/// When it cannot be written.
pub fn room(path: &Path) -> Result<()> {
    let made = std::fs::create_dir_all(path).and_then(|()| alberti_files::writable(path));
    made.map_err(|error| Failure::output(path, &error))
}
