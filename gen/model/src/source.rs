//! Where a model is, and how it is to be read.

use glob::Pattern;
use std::path::{Path, PathBuf};

/// A model's folder with what its reader asked for.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Tensors that may be left out though they belong to the encoder, by patterns of their names.
    pub ignore: &'a [Pattern],
    /// Tokens that every text is cut to.
    pub max_length: Option<usize>,
}

impl<'a> From<&'a Path> for Source<'a> {
    /// The whole model, whole texts.
    fn from(folder: &'a Path) -> Self {
        Self { folder, ignore: &[], max_length: None }
    }
}

impl<'a> From<&'a PathBuf> for Source<'a> {
    fn from(folder: &'a PathBuf) -> Self {
        folder.as_path().into()
    }
}
