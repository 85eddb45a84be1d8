//! Putting a package on disk, whole or not at all.

use super::package::{MANIFEST, Package};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// Why a package could not be written. Nothing was changed on disk.
#[derive(Debug)]
pub enum WriteError {
    /// The folder holds something that no package of ours put there.
    Foreign {
        /// The folder asked for.
        folder: PathBuf,
        /// A file in it that is not ours.
        file: PathBuf,
    },
    /// The folder's name is taken by something else than a folder.
    NotAFolder(PathBuf),
    /// The new files could not be moved into place, nor the old ones back.
    Stranded {
        /// The folder asked for.
        target: PathBuf,
        /// Where the earlier package is.
        kept: PathBuf,
    },
    /// Reading or writing failed.
    Io {
        /// What was done.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// How it failed.
        error: io::Error,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign { folder, file } => write!(
                f,
                "`{}` holds files that alberti did not write (`{}`): name an empty or a new folder",
                folder.display(),
                file.display()
            ),
            Self::NotAFolder(path) => write!(f, "`{}` is not a folder: name another", path.display()),
            Self::Stranded { target, kept } => write!(
                f,
                "cannot move the files to `{}`; what was there is kept in `{}`",
                target.display(),
                kept.display()
            ),
            Self::Io { action, path, error } => write!(f, "cannot {action} `{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for WriteError {}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    move |error| WriteError::Io { action, path: path.into(), error }
}

impl Package {
    /// Writes the package as the folder `target`.
    ///
    /// The files are written beside it first and moved into place together. An earlier package there is
    /// replaced; a folder with other files is left alone.
    ///
    /// # Errors
    /// When the folder holds other files, or the disk refuses.
    pub fn write(&self, target: &Path) -> Result<(), WriteError> {
        let present = occupants(target)?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
        let staging = tempfile::Builder::new()
            .prefix(".alberti-")
            .tempdir_in(parent)
            .map_err(failed("create a folder in", parent))?;
        let fresh = staging.path().join("new");
        for (name, bytes) in &self.files {
            let path = fresh.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(failed("create", folder))?;
            }
            fs::write(&path, bytes).map_err(failed("write", &path))?;
        }
        let old = staging.path().join("old");
        if present {
            fs::rename(target, &old).map_err(failed("replace", target))?;
        }
        let moved = fs::rename(&fresh, target).map_err(failed("move the files to", target));
        if moved.is_err() && present && fs::rename(&old, target).is_err() {
            // The earlier package cannot go back where it was: it stays in the staging folder rather than
            // nowhere.
            let kept = staging.keep();
            return moved.map_err(|_| WriteError::Stranded { target: target.into(), kept: kept.join("old") });
        }
        moved
    }
}

/// Whether a folder is there already, and nothing in it but a package of ours.
fn occupants(target: &Path) -> Result<bool, WriteError> {
    match fs::metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("look at", target)(error)),
        Ok(meta) if !meta.is_dir() => return Err(WriteError::NotAFolder(target.into())),
        Ok(_) => {}
    }
    let ours = manifest_files(target);
    for file in walk(target).map_err(failed("look into", target))? {
        let name = file.strip_prefix(target).unwrap_or(&file);
        let key = name.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        if !ours.contains(&key) {
            return Err(WriteError::Foreign { folder: target.into(), file: name.into() });
        }
    }
    Ok(true)
}

fn manifest_files(target: &Path) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Known {
        generator: String,
        files: BTreeSet<String>,
    }
    fs::read(target.join(MANIFEST))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Known>(&bytes).ok())
        .filter(|known| known.generator.starts_with("alberti "))
        .map(|known| known.files)
        .unwrap_or_default()
}

fn walk(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(walk(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
