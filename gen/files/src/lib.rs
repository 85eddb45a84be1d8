//! Files, folders and kept results that are there whole or not at all, whatever ends the process on the way.
//!
//! | Module | Idea |
//! |---|---|
//! | [`File`] | a file that a command writes |
//! | [`Folder`] | a folder that a command writes: a package |
//! | [`cache`] | results kept by their content |
//! | `draft` | where new contents wait, and what becomes of those that an ended process left |
//!
//! Both are looked at before the work whose result they take, so that nothing is computed for a place that
//! refuses it.

pub mod cache;
mod draft;
mod file;
mod folder;

pub use draft::writable;
pub use file::File;
pub use folder::{Folder, InPlace, MANIFEST, WriteError};
