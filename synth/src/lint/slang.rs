//! slang, the strictest reader of Verilog: a module of Python, which need not be installed.

use std::path::Path;
use std::sync::OnceLock;

use crate::error::Result;
use crate::tools::{Output, Tool};

/// Python, where it can load slang.
const PYTHON: Tool = Tool {
    name: "python3",
    package: "python3",
    version_arguments: &["-c", "import pyslang; print('slang', pyslang.__version__)"],
};

const SCRIPT: &str = include_str!("slang.py");

/// The version of slang; `None` where Python or its package `pyslang` is not installed.
pub fn slang_version() -> Option<&'static str> {
    static VERSION: OnceLock<Option<String>> = OnceLock::new();
    let version = || PYTHON.version().ok().filter(|line| line.starts_with("slang "));
    VERSION.get_or_init(version).as_deref()
}

/// Reads the files in a folder.
pub(super) fn read(folder: &Path, files: &[String], top: &str) -> Result<Output> {
    let arguments = ["-c", SCRIPT, top].into_iter().chain(files.iter().map(String::as_str));
    PYTHON.run(folder, arguments, &format!("reading {top}"))
}
