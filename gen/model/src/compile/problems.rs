//! What an accelerator lacks for a model, all of it.

/// Numbers of the design that are too small.
#[derive(Clone, Debug, Default)]
pub(super) struct Problems(pub Vec<String>);

impl Problems {
    /// Demands that a key of the design is large enough.
    pub fn demand(&mut self, key: &str, needed: usize, available: usize) {
        if needed > available {
            let more = needed - available;
            self.0.push(format!("{key}: {needed} needed, {more} more than {available}"));
        }
    }

    /// Adds what no number describes.
    pub fn push(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }
}
