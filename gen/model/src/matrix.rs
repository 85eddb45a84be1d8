//! Row-major matrices of reals and of codes.

/// A rows × cols matrix of f32, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows·cols` elements, row after row.
    pub data: Vec<f32>,
}

impl Matrix {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, data: vec![0.0; rows * cols] }
    }

    /// Row `r`, of length `cols`.
    #[must_use]
    pub fn row(&self, r: usize) -> &[f32] {
        &self.data[r * self.cols..(r + 1) * self.cols]
    }

    /// Row `r`, of length `cols`.
    pub fn row_mut(&mut self, r: usize) -> &mut [f32] {
        &mut self.data[r * self.cols..(r + 1) * self.cols]
    }

    /// The largest magnitude; zero when empty.
    #[must_use]
    pub fn max_magnitude(&self) -> f32 {
        max_magnitude(&self.data)
    }
}

/// The largest magnitude of a slice; zero when empty.
pub(crate) fn max_magnitude(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |max, x| max.max(x.abs()))
}

/// A rows × cols matrix of codes in some format, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows·cols` codes, row after row.
    pub data: Vec<u16>,
}

impl Codes {
    /// A matrix of code zero, which is the number zero in every format.
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, data: vec![0; rows * cols] }
    }

    /// Row `r`, of length `cols`.
    #[must_use]
    pub fn row(&self, r: usize) -> &[u16] {
        &self.data[r * self.cols..(r + 1) * self.cols]
    }
}
