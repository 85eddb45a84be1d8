//! What the lines of a file hold.

/// The names of columns, and rows of as many values.
pub(super) struct Table {
    pub columns: Vec<String>,
    /// A row may lack a value.
    pub rows: Vec<Line<Vec<Option<String>>>>,
}

/// The number of a line with what it holds, or what is wrong with it.
pub(super) type Line<T> = (u64, Result<T, String>);
