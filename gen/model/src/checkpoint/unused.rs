//! Tensors of a checkpoint that nothing runs, and why.

use super::names;
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A tensor that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// Its whole name.
    pub tensor: String,
    /// Why.
    pub why: Why,
}

/// Why a tensor is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Numbers in a row, which older libraries store.
    Buffer,
    /// Classifiers alone read what it makes of token 0.
    Pooler,
    /// It is for the task that the encoder was trained on first.
    Pretraining,
    /// It reads the encoder's output: without it the answer is the encoder's.
    Classifier,
    /// The checkpoint's own head, beside tasks that have theirs.
    OwnHead,
    /// It is outside of the encoder, and not known.
    Beside,
    /// A pattern says that it may be left out.
    Ignored,
}

impl Why {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Buffer => "a buffer that counts positions",
            Self::Pooler => "a pooler, which classifiers alone read",
            Self::Pretraining => "a head of pre-training",
            Self::Classifier => "a classifier, which runs as part of a task",
            Self::OwnHead => "the checkpoint's own head, beside those of tasks",
            Self::Beside => "outside of the encoder, and not known",
            Self::Ignored => "as --ignore says",
        }
    }

    /// What a tensor is by its name after the encoder's prefix, or by its whole name where it lacks that;
    /// none for what may belong to the encoder.
    pub(super) fn of(name: &str) -> Option<Self> {
        let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
        let kinds = [
            (Self::Buffer, names::BUFFERS.as_slice()),
            (Self::Pooler, &names::POOLERS),
            (Self::Pretraining, &names::PRETRAINING),
            (Self::Classifier, &names::CLASSIFIERS),
        ];
        kinds.into_iter().find(|(_, starts)| begins(starts)).map(|(why, _)| why)
    }

    /// Whether somebody may have wanted it: not what every training leaves, nor what was asked for.
    const fn surprises(self) -> bool {
        matches!(self, Self::Classifier | Self::Beside)
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

/// A line for each reason with the tensors that it is of; those of a [warning](warnings) stand there.
#[must_use]
pub fn note(unused: &[Unused]) -> String {
    let mut reasons: BTreeMap<Why, Vec<&str>> = BTreeMap::new();
    for Unused { tensor, why } in unused.iter().filter(|unused| !unused.why.surprises()) {
        reasons.entry(*why).or_default().push(tensor);
    }
    reasons.iter().map(|(why, tensors)| format!("not used, {}: {}\n", why.text(), tensors.join(", "))).collect()
}

/// A warning that names what somebody may have wanted.
#[must_use]
pub fn warnings(unused: &[Unused]) -> Diagnostics {
    let names = unused.iter().filter(|unused| unused.why.surprises()).map(|unused| format!("`{}`", unused.tensor));
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return Diagnostics::new();
    }
    let message = format!("of the checkpoint {} are not used: answers are the encoder's", names.join(", "));
    let help = "a classifier runs as part of a task: --task, docs/tasks.md";
    Diagnostic::new(Code::CheckpointPartUnused, message, help).into()
}
