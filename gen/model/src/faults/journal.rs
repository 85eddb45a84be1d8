//! The file of finished trials: a line of parameters, then a line for each trial, each written in one piece.

use super::Outcome;
use fs4::fs_std::FileExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The outcomes of the layers, by point and trial.
pub type Finished = BTreeMap<(usize, u64), Vec<Outcome>>;

/// A file of finished trials, open and locked.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    finished: Finished,
}

/// Why a file does not serve as a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("`{}` cannot be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another run has it.
    #[error("the state file `{}` cannot be used: another run writes it", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Its trials are of a campaign with other parameters.
    #[error("the state file `{}` cannot be used: its trials have other parameters: {}", path.display(), names.join(", "))]
    OtherParameters {
        /// The file.
        path: PathBuf,
        /// The parameters that differ.
        names: Vec<String>,
    },
    /// It is another kind of file.
    #[error("the state file `{}` cannot be used: it is no state of a fault campaign", path.display())]
    NoJournal {
        /// The file.
        path: PathBuf,
    },
    /// A line is damaged.
    #[error("the state file `{}` cannot be used: line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Line {
    point: usize,
    trial: u64,
    layers: Vec<Outcome>,
}

impl Journal {
    /// Opens a file or makes it. A last line that was not finished is dropped: its trial runs again.
    ///
    /// # Errors
    /// [`JournalError`] says why the file does not serve.
    pub fn open(path: &Path, parameters: &Value) -> Result<Self, JournalError> {
        let refuse = |source| JournalError::Io { path: path.into(), source };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(refuse)?;
        if !file.try_lock_exclusive().map_err(refuse)? {
            return Err(JournalError::Locked { path: path.into() });
        }
        let head = format!("{parameters}\n");
        let mut text = std::fs::read_to_string(path).map_err(refuse)?;
        // A file of our own that ends within its first line has no trials yet.
        if head.starts_with(&text) {
            file.set_len(0).and_then(|()| file.write_all(head.as_bytes())).map_err(refuse)?;
            text = head;
        }
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        match lines.next().map(serde_json::from_str::<Value>) {
            Some(Ok(known)) if known == *parameters => {}
            Some(Ok(known)) if known.get("codes_sha256").is_some() => {
                return Err(JournalError::OtherParameters {
                    path: path.into(),
                    names: differences(&known, parameters),
                });
            }
            _ => return Err(JournalError::NoJournal { path: path.into() }),
        }
        let mut finished = BTreeMap::new();
        for (number, line) in (2..).zip(lines) {
            let damaged = |problem: serde_json::Error| JournalError::Line {
                path: path.into(),
                line: number,
                problem: problem.to_string(),
            };
            let line: Line = serde_json::from_str(line).map_err(damaged)?;
            finished.insert((line.point, line.trial), line.layers);
        }
        file.set_len(whole as u64).and_then(|()| file.flush()).map_err(refuse)?;
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), finished })
    }

    /// The trials that the file had when it was opened.
    #[must_use]
    pub fn finished(&self) -> &Finished {
        &self.finished
    }

    /// Adds a trial.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&self, point: usize, trial: u64, layers: &[Outcome]) -> Result<(), JournalError> {
        let line = serde_json::json!(Line { point, trial, layers: layers.to_vec() });
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes())
            .map_err(|source| JournalError::Io { path: self.path.clone(), source })
    }
}

/// The parameters that differ, by name.
fn differences(known: &Value, asked: &Value) -> Vec<String> {
    let keys = |map: &Value| map.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut keys: Vec<_> = keys(known).into_iter().chain(keys(asked)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| known.get(key) != asked.get(key));
    keys
}
