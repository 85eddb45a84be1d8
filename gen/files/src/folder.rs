//! Folders that a command writes: packages.
//!
//! A package is a folder with a manifest, which names its files. The new package is written as a draft beside
//! the earlier one, and both change places in one step. Where a folder cannot change its place, as the
//! current one, its entries do: those of the earlier package out, the new ones in. What ends on the way is
//! brought to its end by the next who writes there.

use crate::draft::{self, NEW, OLD, REPLACED, Room, move_entries, settle};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt, fs,
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
};

/// The manifest's file.
pub const MANIFEST: &str = "manifest.json";

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
    /// The folder is a link to something that is not there.
    LinkToNothing(PathBuf),
    /// Neither the new files could be moved into place, nor the old ones back.
    Stranded {
        /// The folder asked for.
        target: PathBuf,
        /// Where the rest of both is.
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
            Self::LinkToNothing(path) => {
                write!(f, "`{}` is a link to a folder that is not there: make that folder first", path.display())
            }
            Self::Stranded { target, kept } => write!(
                f,
                "the files cannot all be moved into `{}`; the rest, and what was there, is in `{}`",
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

/// Why the entries of a folder were replaced one by one instead of the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InPlace {
    /// The user stands in it.
    Current,
    /// It is the root of a file system.
    MountPoint,
    /// The folder around it takes no new entries.
    Parent,
    /// The file system exchanges no folders.
    FileSystem,
}

impl fmt::Display for InPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "it is the current folder",
            Self::MountPoint => "it is a mount point",
            Self::Parent => "the folder around it cannot be written",
            Self::FileSystem => "its file system cannot exchange two folders",
        })
    }
}

/// A folder to be written, whole or not at all.
#[derive(Clone, Debug)]
pub struct Folder {
    /// As the user named it.
    target: PathBuf,
    /// The same without links, absolute.
    real: PathBuf,
}

impl Folder {
    /// Looks at the place of a package before there are files for it: new, empty or with an earlier package,
    /// and writable. A link stays: what it points to is written.
    ///
    /// # Errors
    /// When a package could not be written there.
    pub fn at(target: &Path) -> Result<Self, WriteError> {
        let real = match fs::canonicalize(target) {
            Ok(real) => real,
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("look at", target)(error)),
            Err(_) if target.is_symlink() => return Err(WriteError::LinkToNothing(target.into())),
            Err(error) => {
                let whole = std::path::absolute(target).map_err(failed("look at", target))?;
                let ancestor = whole.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
                let rest = whole.strip_prefix(ancestor).unwrap_or(Path::new(""));
                if !rest.components().all(|part| matches!(part, Component::Normal(_))) {
                    return Err(failed("look at", target)(error));
                }
                let ancestor = ancestor.canonicalize().map_err(failed("look at", ancestor))?;
                draft::writable(&ancestor).map_err(failed("create a folder in", &ancestor))?;
                return Ok(Self { target: target.into(), real: ancestor.join(rest) });
            }
        };
        let folder = Self { target: target.into(), real };
        folder.occupied()?;
        let fits = |place: &Path| draft::writable(place).map_err(failed("create a folder in", place));
        match folder.in_place() {
            Some(_) => fits(&folder.real)?,
            // Its parent may refuse where the folder itself does not.
            None => folder.real.parent().map_or(Ok(()), fits).or_else(|_| fits(&folder.real))?,
        }
        Ok(folder)
    }

    /// Writes the files of a package by their names, with a [`MANIFEST`] that names them all, in place of an
    /// earlier package.
    ///
    /// An earlier package whose entries had to be replaced one by one is told.
    ///
    /// # Errors
    /// When the folder holds other files, or the disk refuses.
    pub fn write(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<Option<InPlace>, WriteError> {
        let parent = self.real.parent().unwrap_or(&self.real);
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
        let reason = match self.in_place() {
            Some(reason) => reason,
            None => match self.exchange(parent, files) {
                Ok(()) => return Ok(None),
                Err(error) => self.still_fillable(&error).ok_or(error)?,
            },
        };
        self.replace_entries(files).map(|earlier| earlier.then_some(reason))
    }

    /// Writes a draft beside the folder, and exchanges both in one step.
    fn exchange(&self, parent: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), WriteError> {
        let room = Room::enter(parent);
        let draft = room.folder().map_err(failed("create a folder in", parent))?;
        let new = draft.path().join(NEW);
        fill(&new, files)?;
        let moved = failed("move the files to", &self.target);
        if !self.occupied()? {
            return fs::rename(&new, &self.real).map_err(moved);
        }
        let permissions = fs::metadata(&self.real).map(|earlier| earlier.permissions());
        permissions.and_then(|earlier| fs::set_permissions(&new, earlier)).map_err(failed("write", &new))?;
        renameat_with(CWD, &new, CWD, &self.real, RenameFlags::EXCHANGE).map_err(|error| moved(error.into()))
    }

    /// Moves the entries of an earlier package out, and the new ones in: whether there was one.
    fn replace_entries(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<bool, WriteError> {
        let room = Room::enter(&self.real);
        self.occupied()?;
        let draft = room.folder().map_err(failed("create a folder in", &self.real))?;
        let [new, old, replaced] = [NEW, OLD, REPLACED].map(|part| draft.path().join(part));
        fill(&new, files)?;
        fs::create_dir(&old).map_err(failed("create", &old))?;
        let moved = move_entries(&self.real, &old)
            .and_then(|earlier| fs::rename(&old, &replaced).map(|()| earlier))
            .and_then(|earlier| settle(draft.path(), &self.real).map(|()| earlier));
        moved.map_err(|error| match settle(draft.path(), &self.real) {
            Ok(()) => failed("move the files to", &self.target)(error),
            Err(_) => WriteError::Stranded { target: self.target.clone(), kept: draft.keep() },
        })
    }

    /// Why the folder, which is there, cannot change its place.
    fn in_place(&self) -> Option<InPlace> {
        let here = env::current_dir().and_then(|here| here.canonicalize());
        if here.is_ok_and(|here| here.starts_with(&self.real)) {
            return Some(InPlace::Current);
        }
        let Some(parent) = self.real.parent() else { return Some(InPlace::MountPoint) };
        #[cfg(unix)]
        if let (Ok(folder), Ok(parent)) = (fs::metadata(&self.real), fs::metadata(parent)) {
            use std::os::unix::fs::MetadataExt;
            return (folder.dev() != parent.dev()).then_some(InPlace::MountPoint);
        }
        None
    }

    /// Why the folder, which could not be exchanged, can still be filled.
    fn still_fillable(&self, error: &WriteError) -> Option<InPlace> {
        let WriteError::Io { error, .. } = error else { return None };
        let reason = match error.kind() {
            ErrorKind::ResourceBusy | ErrorKind::CrossesDevices => InPlace::MountPoint,
            ErrorKind::InvalidInput | ErrorKind::Unsupported => InPlace::FileSystem,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => InPlace::Parent,
            _ => return None,
        };
        self.real.is_dir().then_some(reason)
    }

    /// Whether the folder is there already, with nothing in it but an earlier package of ours, or what is left
    /// of one.
    fn occupied(&self) -> Result<bool, WriteError> {
        match fs::metadata(&self.real) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("look at", &self.target)(error)),
            Ok(meta) if !meta.is_dir() => return Err(WriteError::NotAFolder(self.target.clone())),
            Ok(_) => {}
        }
        let (mut files, mut ours) = (BTreeSet::new(), manifest_files(&self.real));
        walk(&self.real, Path::new(""), &mut files).map_err(failed("look into", &self.target))?;
        for draft in files.iter().filter_map(|file| file.components().next()).map(|first| self.real.join(first)) {
            if draft::is_draft(&draft) {
                // Of a process that has ended, or that we are about to wait for.
                [NEW, OLD, REPLACED].iter().for_each(|part| ours.extend(manifest_files(&draft.join(part))));
            }
        }
        let foreign = files.into_iter().find(|file| {
            let draft = file.components().next().is_some_and(|first| draft::is_draft(first.as_ref()));
            !draft && !ours.contains(&key(file))
        });
        match foreign {
            Some(file) => Err(WriteError::Foreign { folder: self.target.clone(), file }),
            None => Ok(true),
        }
    }
}

fn fill(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), WriteError> {
    fs::create_dir(folder).map_err(failed("create", folder))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed("create", folder))?;
        }
        fs::write(&path, bytes).map_err(failed("write", &path))?;
    }
    Ok(())
}

fn manifest_files(folder: &Path) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Known {
        generator: String,
        files: BTreeSet<String>,
    }
    fs::read(folder.join(MANIFEST))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Known>(&bytes).ok())
        .filter(|known| known.generator.starts_with("alberti "))
        .map(|known| known.files)
        .unwrap_or_default()
}

/// How a manifest names a file.
fn key(file: &Path) -> String {
    file.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The files below a folder, by their paths from it.
fn walk(folder: &Path, below: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            walk(folder, &path, files)?;
        } else {
            files.insert(path);
        }
    }
    Ok(())
}
