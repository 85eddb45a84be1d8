//! Everything that `alberti` reads from users, each as a [`Target`]: files to start from, words that it knows,
//! and its reader. `tests/readers.rs` gives changed files to each, at random; `make fuzz` is guided by the
//! coverage of the code. Both do so within the same [limits](limits).
//!
//! A reader must answer whatever a file holds: no panic, no overflow of the stack, no hang, no memory and no
//! time out of proportion to the file.

#![forbid(unsafe_code)]

pub mod bundle;
pub mod guided;
pub mod limits;
mod targets;

pub use targets::TARGETS;

use std::path::{Path, PathBuf};

/// Bytes of the longest input.
pub const LONGEST: usize = 1 << 16;

/// Reads an input, and panics where what the reader promises does not hold.
pub type Reader = Box<dyn Fn(&[u8])>;

/// Something that is read from users.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, in lower case with underscores.
    pub name: &'static str,
    /// Words that the reader knows.
    pub words: &'static [&'static str],
    /// Inputs to start from beside those of `fuzz/seeds`: other files of the repository, or what the code that
    /// writes such files makes.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Makes the reader.
    pub reader: fn() -> Reader,
}

impl Target {
    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The target that an input belongs to: the one that the file or a folder around it is named after.
    #[must_use]
    pub fn of(input: &Path) -> Option<&'static Self> {
        input.ancestors().find_map(|folder| Self::named(folder.file_stem()?.to_str()?))
    }

    /// Where its runs keep what they find and what they found before.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        root().join("build/fuzz").join(self.name)
    }

    /// All inputs to start from.
    #[must_use]
    pub fn all_seeds(&self) -> Vec<Vec<u8>> {
        let own = self.files("seeds").into_iter().map(|(_, bytes)| bytes);
        own.chain((self.seeds)()).collect()
    }

    /// Inputs that once were findings, in the order of their names, with their paths.
    #[must_use]
    pub fn regressions(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.files("regressions")
    }

    /// The files of the target in a folder of this crate, which need not be there.
    fn files(&self, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = root().join("fuzz").join(folder).join(self.name);
        let paths = if folder.is_dir() { files(&folder) } else { Vec::new() };
        paths.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("a file"))).collect()
    }
}

/// The root of the repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of it")
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

/// Every file of a folder of the repository with an ending, if it is no longer than an input.
fn files_of(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let named = |path: &PathBuf| path.extension().is_some_and(|extension| extension == ending);
    let read = |path: PathBuf| std::fs::read(path).expect("a file");
    let found: Vec<_> = files(&root().join(folder)).into_iter().filter(named).map(read).collect();
    assert!(!found.is_empty(), "{folder} has no .{ending}");
    found.into_iter().filter(|bytes| bytes.len() <= LONGEST).collect()
}
