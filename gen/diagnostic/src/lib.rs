//! What is wrong with a design: a code, a place, the numbers that show it, and what to write instead.
//!
//! A check never stops at the first problem: it inserts a [`Diagnostic`] into a [`Diagnostics`], which keeps
//! them sorted by place and then by code, and goes on.

mod code;
mod location;
mod quote;
mod set;

pub use code::{Class, Code, Origin, Severity};
pub use location::{Location, Position};
pub use quote::quote;
pub use set::Diagnostics;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where; `None` for a problem that lies in no file.
    pub place: Option<Location>,
    /// What kind of problem.
    pub code: Code,
    /// What is wrong, with the numbers that show it; no final stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Diagnostic {
    /// A problem that lies in no file, until [`at`](Self::at) says where.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: None, code, message: message.into(), help: help.into() }
    }

    /// The same problem, at a place.
    #[must_use]
    pub fn at(self, place: Location) -> Self {
        Self { place: Some(place), ..self }
    }

    /// Whether the problem stops the design from being used.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl fmt::Display for Diagnostic {
    /// Two or three lines, without a final newline:
    ///
    /// ```text
    /// error[AE0205]: message
    ///   --> designs/pu16.yaml:14:12  datapath.reduction_max
    ///   help: what to write instead
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity(), self.code, self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {place}")?;
        }
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Diagnostic", 6)?;
        object.serialize_field("severity", &self.severity())?;
        object.serialize_field("code", &self.code)?;
        object.serialize_field("title", self.code.title())?;
        object.serialize_field("place", &self.place)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("help", &self.help)?;
        object.end()
    }
}

#[cfg(test)]
mod tests;
