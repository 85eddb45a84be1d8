//! The targets, one file for what belongs together.

mod command;
mod designs;
mod golden;
mod liberty;
mod models;
mod programs;
mod tables;
mod written;

use crate::Target;

/// All that is read from users.
pub const TARGETS: &[Target] = &[
    designs::DESIGNS,
    designs::TECHNOLOGIES,
    liberty::LIBERTY,
    liberty::LIBERTY_GZ,
    models::MODELS,
    models::TOKENIZERS,
    models::TASKS,
    models::RECIPES,
    tables::TABLES,
    tables::SENTENCES,
    programs::PROGRAMS,
    golden::GOLDEN,
    written::MANIFESTS,
    written::JOURNALS,
    command::ARGUMENTS,
];
