//! How far one matrix is from another.

use crate::Matrix;
use std::fmt;

/// The distance of a result from what was expected.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Metrics {
    /// Cosine of the angle between both, as vectors.
    pub cosine: f64,
    /// √(Σ(x − e)² / Σe²).
    pub relative_rms: f64,
    /// max |x − e|.
    pub max_abs: f64,
}

impl Metrics {
    /// Compares `actual` with `expected`. Two zero matrices have cosine 1 and no error.
    ///
    /// # Panics
    /// When the shapes differ.
    #[must_use]
    pub fn between(actual: &Matrix, expected: &Matrix) -> Self {
        assert_eq!((actual.rows, actual.cols), (expected.rows, expected.cols), "matrices of one shape");
        let (mut dot, mut aa, mut ee, mut dd, mut max_abs) = (0.0, 0.0, 0.0, 0.0, 0.0f64);
        for (&a, &e) in actual.data.iter().zip(&expected.data) {
            let (a, e) = (f64::from(a), f64::from(e));
            dot += a * e;
            aa += a * a;
            ee += e * e;
            dd += (a - e) * (a - e);
            max_abs = max_abs.max((a - e).abs());
        }
        let ratio = |x: f64, y: f64, none: f64| if y > 0.0 { x / y } else { none };
        let cosine = if aa == 0.0 && ee == 0.0 { 1.0 } else { ratio(dot, (aa * ee).sqrt(), 0.0) };
        let relative_rms = ratio(dd, ee, if dd > 0.0 { f64::INFINITY } else { 0.0 }).sqrt();
        Self { cosine, relative_rms, max_abs }
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cosine {:.6}, relative rms {:.4}, max |error| {:.4}", self.cosine, self.relative_rms, self.max_abs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(data: &[f32]) -> Matrix {
        Matrix { rows: 1, cols: data.len(), data: data.to_vec() }
    }

    #[test]
    fn metrics_of_a_known_pair_are_right() {
        let metrics = Metrics::between(&row(&[3.0, 0.0]), &row(&[3.0, 4.0]));
        assert!((metrics.cosine - 0.6).abs() < 1e-12);
        assert!((metrics.relative_rms - 0.8).abs() < 1e-12);
        assert!((metrics.max_abs - 4.0).abs() < 1e-12);
    }

    #[test]
    fn zeros_are_no_division_by_zero() {
        let zero = row(&[0.0, 0.0]);
        assert_eq!(Metrics::between(&zero, &zero), Metrics { cosine: 1.0, relative_rms: 0.0, max_abs: 0.0 });
        let metrics = Metrics::between(&row(&[1.0, 0.0]), &zero);
        assert_eq!((metrics.cosine, metrics.relative_rms), (0.0, f64::INFINITY));
    }
}
