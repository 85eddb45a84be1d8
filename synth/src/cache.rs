//! Results of the tools, kept by their content.

use std::fs;
use std::path::{Path, PathBuf};

use alberti_files::cache::{self, CacheError};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Results of all kinds.
#[derive(Debug, Clone)]
pub struct Cache(cache::Cache);

impl Cache {
    /// `synth` in the folder of all caches.
    ///
    /// # Errors
    /// When no place for it is known.
    pub fn open() -> Result<Self> {
        Ok(Cache(cache::Cache::of("synth")?))
    }

    /// A cache in a folder of the caller's own.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Cache(cache::Cache::at(root))
    }

    /// The folder of `key`, made by `make` (which fills the folder it is given) if it is not there yet.
    pub fn get(&self, kind: &str, key: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        self.0.get(&format!("{kind}-{key}"), make)
    }
}

impl From<CacheError> for Error {
    fn from(CacheError { path, source }: CacheError) -> Self {
        Error::Io { path, source }
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
    fn the_hash_sees_where_one_part_ends() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
