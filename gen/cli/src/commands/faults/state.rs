//! The file of finished trials: a line of parameters, then a line a trial, each written in one piece.

use crate::{
    exit::{Failure, Result},
    output,
};
use alberti_diagnostic::Code;
use alberti_model::faults::Outcome;
use fs4::fs_std::FileExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// By point and trial, the outcomes of the layers.
pub type Finished = BTreeMap<(usize, u64), Vec<Outcome>>;

/// A state file, open and locked.
pub struct State {
    path: PathBuf,
    file: Mutex<File>,
    finished: Finished,
}

#[derive(Serialize, Deserialize)]
struct Line {
    point: usize,
    trial: u64,
    layers: Vec<Outcome>,
}

impl State {
    /// Opens a file or makes it. A last line that was not finished is dropped: its trial runs again.
    ///
    /// # Errors
    /// When the file cannot be read or written, another run has it, it is no such file, or its parameters are others.
    pub fn open(path: &Path, parameters: &Value) -> Result<Self> {
        let head = format!("{parameters}\n");
        if !path.exists() {
            output::write(path, head.as_bytes())?;
        }
        let refuse = |error| Failure::output(path, &error);
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(refuse)?;
        if !file.try_lock_exclusive().map_err(refuse)? {
            let problem = unusable(path, "another run writes it");
            return Err(Failure::new(Code::InputUnreadable, problem, "wait for that run, or name another file"));
        }
        let text = std::fs::read_to_string(path).map_err(refuse)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        match lines.next().map(serde_json::from_str::<Value>) {
            Some(Ok(known)) if known == *parameters => {}
            Some(Ok(known)) if known.get("codes_sha256").is_some() => {
                let differ = differences(&known, parameters).join(", ");
                let problem = unusable(path, &format!("its trials have other parameters: {differ}"));
                return Err(Failure::usage(problem, "give the parameters of that run, or name another file"));
            }
            _ => {
                return Err(Failure::input(unusable(path, "it is no state of a fault campaign"), "name another file"));
            }
        }
        let mut finished = BTreeMap::new();
        for (number, line) in lines.enumerate() {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                let problem = unusable(path, &format!("line {}: {error}", number + 2));
                Failure::input(problem, "remove that line: its trial runs again")
            })?;
            finished.insert((line.point, line.trial), line.layers);
        }
        file.set_len(whole as u64).and_then(|()| file.flush()).map_err(refuse)?;
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), finished })
    }

    /// What the file had when it was opened.
    pub fn finished(&self) -> &Finished {
        &self.finished
    }

    /// Adds a trial.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&self, point: usize, trial: u64, layers: &[Outcome]) -> Result<()> {
        let line = serde_json::json!(Line { point, trial, layers: layers.to_vec() });
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes()).map_err(|error| Failure::output(&self.path, &error))
    }
}

fn unusable(path: &Path, problem: &str) -> String {
    format!("the state file `{}` cannot be used: {problem}", path.display())
}

/// The parameters that differ, by name.
fn differences(known: &Value, asked: &Value) -> Vec<String> {
    let keys = |of: &Value| of.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut keys: Vec<_> = keys(known).into_iter().chain(keys(asked)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| known.get(key) != asked.get(key));
    keys
}
