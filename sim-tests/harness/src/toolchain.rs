//! The two programs of a build, and how they are run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use crate::error::{Error, Result};

/// Where Verilator and the C++ compiler are.
#[derive(Clone, Debug)]
pub struct Toolchain {
    verilator: PathBuf,
    compiler: PathBuf,
}

impl Toolchain {
    /// Finds `verilator`, and `clang++` or else `g++`, on the path. Clang builds in half of the time.
    ///
    /// # Errors
    /// When one is missing; the message says what to install.
    pub fn find() -> Result<Self> {
        let install = "apt-get install verilator clang";
        let verilator = which::which("verilator").map_err(|_| Error::MissingTool { tool: "verilator", install })?;
        let compiler = which::which("clang++")
            .or_else(|_| which::which("g++"))
            .map_err(|_| Error::MissingTool { tool: "clang++ (or g++)", install })?;
        Ok(Self::new(verilator, compiler))
    }

    /// Uses these programs.
    pub fn new(verilator: impl Into<PathBuf>, compiler: impl Into<PathBuf>) -> Self {
        Toolchain { verilator: verilator.into(), compiler: compiler.into() }
    }

    pub(crate) fn verilator(&self) -> Command {
        Command::new(&self.verilator)
    }

    pub(crate) fn compiler(&self) -> Command {
        Command::new(&self.compiler)
    }

    pub(crate) fn is_clang(&self) -> bool {
        self.compiler.file_name().and_then(OsStr::to_str).is_some_and(|name| name.contains("clang"))
    }

    /// Stands for the programs' versions: path, size and time of change of each; and for the processor, whose
    /// own instructions a build uses. Asking the programs would cost a cache hit more than everything else.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        // /usr/bin/verilator is a script around verilator_bin.
        let binary = self.verilator.with_file_name("verilator_bin");
        let programs = [&self.verilator, &self.compiler].into_iter().chain(binary.exists().then_some(&binary));
        let mut all = String::new();
        for path in programs {
            let path = path.canonicalize().map_err(|e| Error::io("find", path, e))?;
            let data = path.metadata().map_err(|e| Error::io("examine", &path, e))?;
            let time = data.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            all += &format!("{} {} {}\n", path.display(), data.len(), time.as_nanos());
        }
        let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        all += processor.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
        Ok(all)
    }
}

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// When it fails: the error holds all that it printed.
pub fn run(command: &mut Command, top: &str) -> Result<String> {
    let program = Path::new(command.get_program()).to_owned();
    let output = command.output().map_err(|e| Error::io("run", &program, e))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(Error::Tool {
        tool: program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned(),
        top: top.to_owned(),
        output: text(&output.stdout) + &text(&output.stderr),
    })
}
