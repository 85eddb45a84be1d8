//! What went in and came out of a model, evaluation by evaluation, for another simulator to repeat.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::bits::set_field;
use crate::error::{Error, Result};
use crate::ffi::Instance;

/// Where recordings go, and how long they are at most.
#[derive(Clone, Debug)]
pub(crate) struct Recordings {
    pub folder: PathBuf,
    pub events: u64,
}

/// A file of events as `$readmemh` reads it: a line for each evaluation, with the ports side by side, the
/// first lowest.
pub(crate) struct Recording {
    path: PathBuf,
    file: BufWriter<File>,
    widths: Vec<u32>,
    words: Vec<u32>,
    line: String,
    left: u64,
}

impl Recording {
    /// A new file for a model whose first ports have these widths.
    pub fn new(path: &Path, widths: Vec<u32>, events: u64) -> Result<Self> {
        let file = File::create(path).map_err(|e| Error::io("create", path, e))?;
        let words = vec![0; widths.iter().sum::<u32>().div_ceil(32) as usize];
        let file = BufWriter::new(file);
        Ok(Self { path: path.to_owned(), file, widths, words, line: String::new(), left: events })
    }

    /// Adds what the ports show.
    pub fn add(&mut self, instance: &Instance) -> Result<()> {
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        let mut offset = 0;
        for (port, &width) in self.widths.iter().enumerate() {
            match instance.wide(port) {
                Some(value) => (0..width).step_by(32).zip(value).for_each(|(bit, word)| {
                    set_field(&mut self.words, offset + bit as usize, (width - bit).min(32), u64::from(*word));
                }),
                None => set_field(&mut self.words, offset, width, instance.get(port)),
            }
            offset += width as usize;
        }
        self.line.clear();
        for word in self.words.iter().rev() {
            // Writing to a string cannot fail.
            let _ = write!(self.line, "{word:08x}");
        }
        writeln!(self.file, "{}", self.line).map_err(|e| Error::io("write", &self.path, e))
    }
}
