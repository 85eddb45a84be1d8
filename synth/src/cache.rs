//! Results kept by content: a folder per key, made once, under a lock, and moved into place when complete.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use fs4::fs_std::FileExt;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A folder of folders, `<root>/<kind>/<key>/`. Two processes that want one entry make it once.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `$ALBERTI_BUILD_DIR/synth`, or `build/synth` at the root of the workspace around the current folder.
    pub fn open() -> Self {
        let build = std::env::var_os("ALBERTI_BUILD_DIR").map(PathBuf::from).unwrap_or_else(|| {
            let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
            let root = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(&here);
            root.join("build")
        });
        Cache { root: build.join("synth") }
    }

    /// A cache in a folder of the caller's own.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Cache { root: root.into() }
    }

    /// The folder of `key`, made by `make` (which fills the folder it is given) if it is not there yet.
    ///
    /// Nothing half made is ever seen: `make` works in a temporary folder. An error of `make` leaves no
    /// entry.
    pub fn get(&self, kind: &str, key: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.root.join(kind);
        let entry = folder.join(key);
        if entry.is_dir() {
            return Ok(entry);
        }
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let lock_path = folder.join(format!("{key}.lock"));
        let lock = File::create(&lock_path).map_err(Error::io(&lock_path))?;
        FileExt::lock_exclusive(&lock).map_err(Error::io(&lock_path))?;
        if entry.is_dir() {
            return Ok(entry);
        }
        let work = tempfile::Builder::new().prefix("making-").tempdir_in(&folder).map_err(Error::io(&folder))?;
        make(work.path())?;
        let made = work.keep();
        fs::rename(&made, &entry).map_err(Error::io(&entry))?;
        Ok(entry)
    }
}

/// The first 32 hex digits of the SHA-256 of `parts`, each preceded by its length so that no two lists
/// collide.
pub(crate) fn hash(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    fs::write(path, text).map_err(Error::io(path))
}

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .map_err(|source| Error::Unreadable { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_made_once_and_a_failed_one_never_appears() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::at(folder.path());
        let failed = cache.get("unit", "k", |_| Err(Error::invalid("k", "no")));
        assert!(failed.is_err());
        let mut made = 0;
        for _ in 0..2 {
            let entry = cache
                .get("unit", "k", |work| {
                    made += 1;
                    write(&work.join("a"), "text")
                })
                .expect("an entry");
            assert_eq!(read(&entry.join("a")).expect("a file"), "text");
        }
        assert_eq!(made, 1);
    }

    #[test]
    fn the_hash_sees_where_one_part_ends() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
