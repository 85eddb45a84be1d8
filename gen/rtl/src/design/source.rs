//! The text of a design or a technology file: of a sane size, in UTF-8.

use super::{nearest::nearest, subject::Subject};
use alberti_diagnostic::{Code, Diagnostic, Location, Position};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Largest design in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Files of a folder that are compared with a wrong name.
const MOST_FILES: usize = 1000;

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
    let near = (error.kind() == io::ErrorKind::NotFound).then(|| beside(path)).flatten();
    let help = near.map_or_else(|| help.to_owned(), |near| format!("did you mean {}?", near.display()));
    Diagnostic::new(Code::UnreadableFile, format!("{} cannot be read: {detail}", subject.name), help)
        .at(Location::file(path.display().to_string()))
}

/// The YAML file that may be meant by a path that does not exist: beside it, or in `designs` there.
fn beside(path: &Path) -> Option<PathBuf> {
    let bare = |name: &str| Path::new(name).with_extension("").to_string_lossy().into_owned();
    let folder = path.parent()?;
    let wanted = bare(path.file_name()?.to_str()?);
    let near = |folder: PathBuf, choose: &dyn Fn(&str, &[&str]) -> Option<String>| {
        let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let names = std::fs::read_dir(listed)
            .ok()?
            .take(MOST_FILES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")).collect();
        names.sort();
        let stems: Vec<_> = names.iter().map(|name| bare(name)).collect();
        let stem = choose(&wanted, &stems.iter().map(String::as_str).collect::<Vec<_>>())?;
        names.iter().find(|name| bare(name) == stem).map(|name| folder.join(name))
    };
    let same = |word: &str, stems: &[&str]| stems.contains(&word).then(|| word.to_owned());
    let like = |word: &str, stems: &[&str]| nearest(word, stems.iter().copied()).map(str::to_owned);
    let (here, designs) = (|| folder.to_owned(), || folder.join("designs"));
    near(here(), &same)
        .or_else(|| near(designs(), &same))
        .or_else(|| near(here(), &like))
        .or_else(|| near(designs(), &like))
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
