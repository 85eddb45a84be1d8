//! Files that a command writes.

use crate::draft::{self, Room};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A file to be written, whole or not at all. A device, a pipe and what `/dev/stdout` stands for are written
/// as they are.
#[derive(Clone, Debug)]
pub struct File {
    path: PathBuf,
    way: Way,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A draft takes its place.
    Draft,
    /// What is there is overwritten: only its folder refuses drafts.
    Over,
    /// Bytes are added at the end: it is no file of a disk, or one that somebody has open.
    Append,
}

impl File {
    /// Looks at the place of a file before there are contents for it. A link stays: what it points to is
    /// written.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn at(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path);
        if found.as_ref().is_ok_and(fs::Metadata::is_dir) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // /dev/stdout may be a file of a disk, which the shell has open: a new file in its place would take
        // that away.
        let opened = ["/dev", "/proc"].iter().any(|open| path.starts_with(open));
        if opened || found.as_ref().is_ok_and(|found| !found.is_file()) {
            return Ok(Self { path: path.into(), way: Way::Append });
        }
        let path = if found.is_ok() { path.canonicalize()? } else { end_of_links(path)? };
        let way = match draft::writable(folder_of(&path)) {
            Ok(()) => Way::Draft,
            Err(error) => {
                let over = OpenOptions::new().write(true).open(&path);
                over.map(|_| Way::Over).map_err(|_| error)?
            }
        };
        Ok(Self { path, way })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written. What was there is unchanged then, unless its folder refuses new files.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self.way {
            Way::Over => fs::write(&self.path, bytes),
            Way::Append => OpenOptions::new().append(true).open(&self.path)?.write_all(bytes),
            Way::Draft => {
                let folder = folder_of(&self.path);
                let _room = Room::enter(folder);
                let mut draft = draft::builder();
                // Readable by whom the user's mask allows, as any other file, or by whom the earlier one was.
                let earlier = fs::metadata(&self.path).map(|earlier| earlier.permissions());
                #[cfg(unix)]
                draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
                let mut draft = draft.tempfile_in(folder)?;
                draft.write_all(bytes)?;
                draft.flush()?;
                if let Ok(earlier) = earlier {
                    draft.as_file().set_permissions(earlier)?;
                }
                draft.persist(&self.path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

/// What a link to nothing points to, for a file to come to.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    match fs::read_link(path) {
        Ok(target) => Ok(folder_of(path).join(target)),
        Err(_) => Ok(path.into()),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
