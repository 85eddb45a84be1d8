//! The text of a design or a technology file: of a sane size, in UTF-8.

use super::subject::Subject;
use alberti_diagnostic::{Code, Diagnostic, Location, Position};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Largest design in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Reads a file, at most one byte more than it may have.
pub(crate) fn read(subject: &Subject, path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = Vec::new();
    let mut get = || File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    get().map_err(|error| unreadable(subject, path, &error))?;
    Ok(bytes)
}

fn unreadable(subject: &Subject, path: &Path, error: &io::Error) -> Diagnostic {
    let (why, help) = match error.kind() {
        io::ErrorKind::NotFound => ("the file does not exist", subject.find),
        io::ErrorKind::PermissionDenied => ("permission denied", "make the file readable for the current user"),
        io::ErrorKind::IsADirectory => ("it is a folder", "name the YAML file itself"),
        _ => ("reading it failed", "check the file and its disk"),
    };
    let detail = if help.starts_with("check the file") { format!("{why}: {error}") } else { why.to_owned() };
    Diagnostic::new(Code::UnreadableFile, format!("{} cannot be read: {detail}", subject.name), help)
        .at(Location::file(path.display().to_string()))
}

/// The text of a file.
pub(crate) fn text<'a>(subject: &Subject, file: &str, bytes: &'a [u8]) -> Result<&'a str, Diagnostic> {
    if bytes.len() > MAX_BYTES {
        let message = format!("{} is too large: more than {MAX_BYTES} bytes", subject.name);
        return Err(Diagnostic::new(Code::FileTooLarge, message, subject.size).at(Location::file(file)));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.matches('\n').count() as u32 + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() as u32 + 1;
        let byte = bytes[error.valid_up_to()];
        Diagnostic::new(
            Code::NotUtf8,
            format!("{} is not UTF-8: the byte 0x{byte:02x} is not valid here", subject.name),
            "save the file as UTF-8; plain ASCII is enough",
        )
        .at(Location {
            file: file.to_owned(),
            position: Some(Position { line, column }),
            key_path: String::new(),
        })
    })
}
