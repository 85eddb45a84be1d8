//! New contents wait in a draft beside the place that they are meant for.
//!
//! A process that ends on the way leaves its draft. Whoever writes holds a lock on the folder of drafts: a
//! draft that stands there when the lock is taken is nobody's, and is cleared away.

use crate::folder::MANIFEST;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// What the names of drafts begin with; six letters follow.
const PREFIX: &str = ".alberti-";
/// What they end with.
const SUFFIX: &str = ".draft";

/// Parts of a draft that is a folder: the new entries, the earlier ones that are being moved out, and all of
/// these.
pub(crate) const NEW: &str = "new";
pub(crate) const OLD: &str = "old";
pub(crate) const REPLACED: &str = "replaced";

/// What new names may be made of.
pub(crate) fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

/// Whether new entries can be made in a folder.
///
/// # Errors
/// Why they cannot.
pub fn writable(folder: &Path) -> io::Result<()> {
    builder().tempfile_in(folder).map(drop)
}

/// How long a writer waits for another, and how often it looks.
const PATIENCE: u32 = 600;
const LOOK: Duration = Duration::from_millis(50);

/// A folder in which nobody else writes drafts at the moment.
pub(crate) struct Room {
    folder: PathBuf,
    /// Released when it is closed, by whatever end.
    _lock: Option<fs::File>,
}

impl Room {
    /// Waits for the folder, and brings to their end what ended processes left in it. Where the file system
    /// has no locks, or one is held for half a minute, it goes on without, and leaves all drafts alone.
    pub(crate) fn enter(folder: &Path) -> Self {
        let lock = fs::File::open(folder).ok().filter(wait);
        if lock.is_some() {
            for draft in drafts(folder) {
                // What another user left is that user's to clear.
                let _ = match draft.is_dir() {
                    true => settle(&draft, folder).and_then(|()| fs::remove_dir_all(&draft)),
                    false => fs::remove_file(&draft),
                };
            }
        }
        Self { folder: folder.into(), _lock: lock }
    }

    /// An empty folder as a draft.
    pub(crate) fn folder(&self) -> io::Result<TempDir> {
        builder().tempdir_in(&self.folder)
    }
}

/// Takes the lock of a folder; whether it could.
fn wait(folder: &fs::File) -> bool {
    for _ in 0..PATIENCE {
        match flock(folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK | Errno::INTR) => thread::sleep(LOOK),
            taken => return taken.is_ok(),
        }
    }
    false
}

/// The drafts in a folder.
fn drafts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_draft(path)).collect()
}

/// Whether a name is that of a draft.
pub(crate) fn is_draft(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let letters = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    letters.is_some_and(|letters| letters.len() == 6 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Brings the replacing of a folder's entries to its end: forward once all of the earlier ones are out, back
/// before that. Nothing is to be done for any other draft.
pub(crate) fn settle(draft: &Path, folder: &Path) -> io::Result<()> {
    let [new, old, replaced] = [NEW, OLD, REPLACED].map(|part| draft.join(part));
    if replaced.is_dir() {
        move_entries(&new, folder)?;
    } else if old.is_dir() {
        move_entries(&old, folder)?;
    }
    Ok(())
}

/// Moves what is in a folder to another, but drafts: whether there was anything. A folder without its manifest
/// is no package: the manifest goes first from where a package was, and last to where one will be.
pub(crate) fn move_entries(from: &Path, to: &Path) -> io::Result<bool> {
    let names = fs::read_dir(from)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<_> = names.into_iter().filter(|name| !is_draft(name.as_ref())).collect();
    let out = to.parent().is_some_and(is_draft);
    names.sort_by_key(|name| ((name == MANIFEST) != out, name.clone()));
    for name in &names {
        fs::rename(from.join(name), to.join(name))?;
    }
    Ok(!names.is_empty())
}
