//! The programs that do the work: where they are, which version, how they are run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::error::{Error, Result};

/// A program that this crate calls, with the Debian package that brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// The program's name.
    pub name: &'static str,
    /// The Debian package.
    pub package: &'static str,
    /// The arguments that print the version.
    pub version_arguments: &'static [&'static str],
}

/// Logic synthesis.
pub const YOSYS: Tool = Tool { name: "yosys", package: "yosys", version_arguments: &["-V"] };
/// The technology mapper that yosys calls.
pub const ABC: Tool = Tool { name: "berkeley-abc", package: "berkeley-abc", version_arguments: &["-q", "version"] };
/// Static timing analysis (OpenSTA).
pub const STA: Tool = Tool { name: "sta", package: "opensta", version_arguments: &["-version"] };
/// Lint, and simulation elsewhere.
pub const VERILATOR: Tool = Tool { name: "verilator", package: "verilator", version_arguments: &["--version"] };
/// A second opinion on the Verilog.
pub const IVERILOG: Tool = Tool { name: "iverilog", package: "iverilog", version_arguments: &["-V"] };
/// Bounded model checking of yosys' output.
pub const SMTBMC: Tool = Tool { name: "yosys-smtbmc", package: "yosys", version_arguments: &["-h"] };
/// The solver under it.
pub const Z3: Tool = Tool { name: "z3", package: "z3", version_arguments: &["--version"] };

/// Every program that this crate can call.
pub const TOOLS: [Tool; 7] = [YOSYS, ABC, STA, VERILATOR, IVERILOG, SMTBMC, Z3];

impl Tool {
    /// Where the program is, or the error that says how to install it.
    pub fn find(&self) -> Result<PathBuf> {
        which::which(self.name).map_err(|_| Error::MissingTool {
            tool: self.name.into(),
            install: format!("apt-get install {}", self.package),
        })
    }

    /// The first line that the program prints of itself.
    pub fn version(&self) -> Result<String> {
        let output = self.run(Path::new("."), self.version_arguments, "printing its version")?;
        Ok(output.text().lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_string())
    }

    /// Run the program as a filter of a file: what it prints, of which no more than `most` bytes are taken.
    pub(crate) fn filter<const N: usize>(
        &self,
        arguments: [&str; N],
        input: std::fs::File,
        most: u64,
        doing: &str,
    ) -> Result<Vec<u8>> {
        use std::io::Read;
        use std::process::Stdio;
        let program = self.find()?;
        let mut command = Command::new(&program);
        command.args(arguments).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C");
        let mut child = command.spawn().map_err(Error::io(&program))?;
        let mut printed = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            pipe.take(most).read_to_end(&mut printed).map_err(Error::io(&program))?;
        }
        // With its reader gone, a program that has more to print ends.
        let output = child.wait_with_output().map_err(Error::io(&program))?;
        if output.status.success() || printed.len() as u64 == most {
            return Ok(printed);
        }
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Output { tool: *self, doing: doing.into(), success: false, stdout: String::new(), stderr }.failure())
    }

    /// Run the program in `folder`; an exit code other than zero is not an error here.
    pub(crate) fn run<I>(&self, folder: &Path, arguments: I, doing: &str) -> Result<Output>
    where
        I: IntoIterator,
        I::Item: AsRef<std::ffi::OsStr>,
    {
        let program = self.find()?;
        let output = Command::new(&program)
            .args(arguments)
            .current_dir(folder)
            .stdin(std::process::Stdio::null())
            .env("LC_ALL", "C")
            .output()
            .map_err(Error::io(&program))?;
        Ok(Output {
            tool: *self,
            doing: doing.into(),
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Output {
    tool: Tool,
    doing: String,
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The output when the program succeeded, else an error with the lines that name the cause.
    pub fn checked(self) -> Result<Self> {
        if self.success {
            return Ok(self);
        }
        Err(self.failure())
    }

    pub fn failure(&self) -> Error {
        let text = self.text();
        let telling = |line: &&str| ["ERROR", "Error", "error:", "Warning"].iter().any(|word| line.contains(word));
        let mut lines: Vec<&str> = text.lines().filter(telling).collect();
        if lines.is_empty() {
            lines = text.lines().collect();
        }
        let last = &lines[lines.len().saturating_sub(20)..];
        Error::ToolFailed { tool: self.tool.name.into(), doing: self.doing.clone(), message: last.join("\n") }
    }
}

/// Version of yosys and of the mapper it calls: part of every key, since both decide the result.
pub(crate) fn yosys_version() -> Result<String> {
    static VERSION: OnceLock<String> = OnceLock::new();
    if let Some(version) = VERSION.get() {
        return Ok(version.clone());
    }
    let version = format!("{}; {}", YOSYS.version()?, ABC.version()?);
    Ok(VERSION.get_or_init(|| version).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_says_how_to_install_it() {
        let tool = Tool { name: "no-such-program", package: "no-such-package", version_arguments: &["-V"] };
        let message = tool.find().expect_err("it does not exist").to_string();
        assert_eq!(message, "no-such-program is not installed: apt-get install no-such-package");
    }
}
