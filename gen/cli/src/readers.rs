//! What commands themselves read from users, and how problems are shown: for the tests that give every reader
//! changed files. Everything else that is read belongs to a library.

use crate::{
    cli::Cli,
    commands::golden::{self, Text},
    encoder, render,
};
use alberti_diagnostic::Diagnostics;
use alberti_rtl::Design;
use annotate_snippets::Renderer;
use clap::Parser;
use std::path::Path;

/// What `alberti golden` answers to an input of a block, as it is printed.
///
/// # Errors
/// An input that the block cannot be given, or a block that the design does not have.
pub fn golden(design: &Design, block: &str, input: &str) -> Result<String, Diagnostics> {
    let text = Text::new("input.json", input);
    golden::answered(design, block, &text).map(|data| golden::lines(&data)).map_err(|failure| failure.problems)
}

/// The input that `alberti golden --example` prints.
///
/// # Errors
/// A block that the design does not have.
pub fn golden_example(design: &Design, block: &str) -> Result<String, Diagnostics> {
    golden::example(design, block).map(|data| golden::lines(&data)).map_err(|failure| failure.problems)
}

/// The sentences of a file, a line each.
///
/// # Errors
/// When there is no such file, or no sentence in it.
pub fn sentences(path: &Path) -> Result<Vec<String>, Diagnostics> {
    encoder::lines(path).map_err(|failure| failure.problems)
}

/// Reads the words after `alberti` as arguments, and runs nothing.
///
/// # Errors
/// What is said of words that are no command; help and version as well.
pub fn arguments(words: &[&str]) -> Result<(), String> {
    let words = ["alberti"].iter().chain(words);
    Cli::try_parse_from(words).map(drop).map_err(|said| said.render().to_string())
}

/// Problems as a terminal shows them, with their lines of the text of a file.
#[must_use]
pub fn shown(problems: &Diagnostics, text: &str) -> String {
    render::with_lines(problems, &Renderer::styled(), |_| Some(text.to_owned()))
}
