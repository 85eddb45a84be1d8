//! Results kept by their content: a folder for each, made once, checked whenever it is used.
//!
//! An entry is complete when it holds `SUMS`, which is written last and names every file with its SHA-256. A
//! file that is cut off or changed does not fit it: the entry is made again. Processes that want one entry
//! wait for each other on a lock of its folder.

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// The variable that names the folder of all caches.
pub const FOLDER_VARIABLE: &str = "ALBERTI_CACHE";
/// The variable that says how many bytes they may take.
pub const LIMIT_VARIABLE: &str = "ALBERTI_CACHE_LIMIT";
/// Bytes that all caches take, where nothing else is said.
pub const LIMIT: u64 = 8 << 30;

/// The sums of an entry, a line for each file.
const SUMS: &str = "checksums";
/// What marks a folder as a cache, to us and to programs that make copies of a disk.
const TAG: &str = "CACHEDIR.TAG";
const TAG_TEXT: &str =
    "Signature: 8a477f597d28d172789f06886806bc55\n# Made by alberti, which can make all of it again.\n";
/// An entry that was used so recently is not evicted: it may be in use still.
const IN_USE: Duration = Duration::from_secs(600);

/// Why a cache cannot be used.
#[derive(Debug)]
pub struct CacheError {
    /// The file or folder; the variable where no place is known.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CacheError {
    move |source| CacheError { path: path.into(), source }
}

/// The folder of all caches: `$ALBERTI_CACHE`, else `$XDG_CACHE_HOME/alberti`, else `~/.cache/alberti`. No
/// other place is looked at: what stands around the current folder is not ours.
///
/// # Errors
/// When none of them is known.
pub fn folder() -> Result<PathBuf, CacheError> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let given = named(FOLDER_VARIABLE)
        .or_else(|| Some(named("XDG_CACHE_HOME").filter(|folder| folder.is_absolute())?.join("alberti")))
        .or_else(|| Some(named("HOME")?.join(".cache/alberti")));
    let missing = || CacheError {
        path: FOLDER_VARIABLE.into(),
        source: io::Error::new(io::ErrorKind::NotFound, "neither it nor HOME names a folder for results"),
    };
    std::path::absolute(given.ok_or_else(missing)?).map_err(failed(Path::new(FOLDER_VARIABLE)))
}

/// Entries of one kind.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache of a kind, in the [`folder`] of all.
    ///
    /// # Errors
    /// As [`folder`].
    pub fn of(kind: &str) -> Result<Self, CacheError> {
        Ok(Self::at(folder()?.join(kind)))
    }

    /// A cache in a folder of the caller's own.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where its entries are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of `key`. Unless it is there and sound, `make` fills it, which is given an empty folder. An
    /// error of `make` leaves no entry.
    ///
    /// # Errors
    /// Those of `make`, and a folder that cannot be written.
    pub fn get<E: From<CacheError>>(&self, key: &str, make: impl FnOnce(&Path) -> Result<(), E>) -> Result<PathBuf, E> {
        let entry = self.folder.join(key);
        if sound(&entry) {
            return Ok(entry);
        }
        self.tag()?;
        let lock = loop {
            fs::create_dir_all(&entry).map_err(failed(&entry))?;
            let lock = fs::File::open(&entry).map_err(failed(&entry))?;
            wait(&lock);
            // Whoever evicts it takes the folder away from those who wait for its lock.
            if same(&lock, &entry) {
                break lock;
            }
        };
        if !sound(&entry) {
            empty(&entry).map_err(failed(&entry))?;
            make(&entry).inspect_err(|_| {
                let _ = fs::remove_dir_all(&entry);
            })?;
            seal(&entry).map_err(failed(&entry))?;
            drop(lock);
            self.trim();
        }
        Ok(entry)
    }

    /// Makes the folder, and marks it.
    fn tag(&self) -> Result<(), CacheError> {
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        let tag = self.folder.join(TAG);
        if tag.exists() { Ok(()) } else { fs::write(&tag, TAG_TEXT).map_err(failed(&tag)) }
    }

    /// Keeps all caches beside this one within their limit. A limit that cannot be read is told by `alberti
    /// cache`, not by every command that keeps a result.
    fn trim(&self) {
        if let (Some(root), Ok(limit)) = (self.folder.parent(), limit()) {
            let _ = evict(root, limit);
        }
    }
}

/// The limit of all caches in bytes: `$ALBERTI_CACHE_LIMIT`, or [`LIMIT`].
///
/// # Errors
/// What is wrong with the variable.
pub fn limit() -> Result<u64, String> {
    match env::var(LIMIT_VARIABLE) {
        Ok(text) => bytes(&text).map_err(|problem| format!("{LIMIT_VARIABLE}: {problem}")),
        Err(_) => Ok(LIMIT),
    }
}

/// A number of bytes: `4G`, `500M`, `0`.
///
/// # Errors
/// What it should be instead.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "" => Some(0),
        "K" => Some(10),
        "M" => Some(20),
        "G" => Some(30),
        "T" => Some(40),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    let product = number.zip(shift).and_then(|(number, shift)| number.checked_mul(1 << shift));
    product.ok_or_else(|| format!("`{text}` is no number of bytes such as 500M or 4G"))
}

/// A result that is kept.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The cache that it is in.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Where it is.
    pub path: PathBuf,
    /// What its files take.
    pub bytes: u64,
    /// When it was last used or made.
    pub used: SystemTime,
    /// Whether it was finished.
    pub complete: bool,
}

/// All entries of all caches in a folder, the least recently used first.
///
/// # Errors
/// When the folder cannot be read.
pub fn entries(root: &Path) -> io::Result<Vec<Entry>> {
    let mut all = Vec::new();
    for kind in folders(root)?.into_iter().filter(|kind| kind.join(TAG).is_file()) {
        for path in folders(&kind)? {
            let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let sums = fs::metadata(path.join(SUMS));
            let complete = sums.is_ok();
            let used = sums.or_else(|_| fs::metadata(&path)).and_then(|found| found.modified());
            all.push(Entry {
                kind: name(&kind),
                key: name(&path),
                bytes: size(&path),
                used: used.unwrap_or(SystemTime::UNIX_EPOCH),
                complete,
                path,
            });
        }
    }
    all.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
    Ok(all)
}

/// Removes the least recently used entries until all take so many bytes at most: what was removed. Entries
/// that were used a moment ago stay.
///
/// # Errors
/// When the folder cannot be read, or an entry not be removed.
pub fn evict(root: &Path, limit: u64) -> io::Result<Vec<Entry>> {
    let all = entries(root)?;
    let mut total: u64 = all.iter().map(|entry| entry.bytes).sum();
    let recent = |entry: &Entry| entry.used.elapsed().is_ok_and(|age| age < IN_USE);
    let mut gone = Vec::new();
    for entry in all.into_iter().filter(|entry| !recent(entry)) {
        if total <= limit {
            break;
        }
        if remove(&entry)? {
            total -= entry.bytes;
            gone.push(entry);
        }
    }
    Ok(gone)
}

/// Removes all entries but those that are being made: what was removed.
///
/// # Errors
/// When the folder cannot be read, or an entry not be removed.
pub fn clear(root: &Path) -> io::Result<Vec<Entry>> {
    let mut gone = Vec::new();
    for entry in entries(root)? {
        if remove(&entry)? {
            gone.push(entry);
        }
    }
    Ok(gone)
}

/// Removes an entry unless it is being made.
fn remove(entry: &Entry) -> io::Result<bool> {
    let lock = fs::File::open(&entry.path)?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(false);
    }
    // Its sums first: without them the rest is nothing.
    let _ = fs::remove_file(entry.path.join(SUMS));
    fs::remove_dir_all(&entry.path).map(|()| true)
}

/// Waits until nobody else makes or removes an entry. Without locks all go on at once.
fn wait(entry: &fs::File) {
    while flock(entry, FlockOperation::LockExclusive) == Err(Errno::INTR) {}
}

/// Whether an entry is complete and holds what was written.
fn sound(entry: &Path) -> bool {
    let Ok(text) = fs::read_to_string(entry.join(SUMS)) else { return false };
    let Ok(found) = sums(entry) else { return false };
    let sound = text == listing(&found);
    if sound && let Ok(file) = fs::File::options().append(true).open(entry.join(SUMS)) {
        // Of what cannot be touched, the time of making serves.
        let _ = file.set_modified(SystemTime::now());
    }
    sound
}

/// Writes the sums of an entry.
fn seal(entry: &Path) -> io::Result<()> {
    let text = listing(&sums(entry)?);
    let draft = entry.join(SUMS).with_extension("draft");
    fs::write(&draft, text)?;
    fs::rename(&draft, entry.join(SUMS))
}

fn listing(sums: &BTreeMap<String, String>) -> String {
    sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect()
}

/// The sum of each file of an entry.
fn sums(entry: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut sums = BTreeMap::new();
    for path in files(entry)? {
        let name = path.strip_prefix(entry).unwrap_or(&path).to_string_lossy().into_owned();
        if name == SUMS {
            continue;
        }
        let mut digest = Sha256::new();
        io::copy(&mut fs::File::open(&path)?, &mut digest)?;
        sums.insert(name, digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
    }
    Ok(sums)
}

/// Whether an open folder is the one of this name.
fn same(open: &fs::File, path: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(open), Ok(named)) = (open.metadata(), fs::metadata(path)) {
        use std::os::unix::fs::MetadataExt;
        return (open.dev(), open.ino()) == (named.dev(), named.ino());
    }
    path.is_dir()
}

/// Removes what is in a folder.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// The folders in a folder, by name; none where it is not there.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut folders = Vec::new();
    for entry in listing {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

/// The files below a folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => files.extend(self::files(&entry.path())?),
            false => files.push(entry.path()),
        }
    }
    Ok(files)
}

/// Bytes of the files below a folder; one that goes meanwhile takes none.
fn size(folder: &Path) -> u64 {
    let sizes = files(folder).unwrap_or_default().into_iter().filter_map(|file| fs::symlink_metadata(file).ok());
    sizes.map(|found| found.len()).sum()
}
