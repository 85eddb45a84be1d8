//! Distances between rows, collected row by row.

use super::findings::{ErrorLine, Inputs};

/// The sums that an [`ErrorLine`] is made of.
#[derive(Clone, Debug, Default)]
pub struct Distance {
    rows: u64,
    values: u64,
    largest: f64,
    places: f64,
    absolute: f64,
    squares: f64,
    exact: f64,
    exact_squares: f64,
    cosines: f64,
    worst_cosine: Option<f64>,
    share: Option<f64>,
}

impl Distance {
    /// Adds a row of results. `place(i, e)` is the last place of result i where it should be e; none where
    /// the format does not reach.
    pub fn row(&mut self, actual: &[f64], exact: &[f64], place: impl Fn(usize, f64) -> Option<f64>) {
        let (mut dot, mut aa, mut ee) = (0.0, 0.0, 0.0);
        for (i, (&a, &e)) in actual.iter().zip(exact).enumerate() {
            let error = (a - e).abs();
            self.largest = self.largest.max(error);
            self.places = self.places.max(place(i, e).map_or(0.0, |place| error / place));
            self.absolute += error;
            self.squares += error * error;
            self.exact += e;
            (dot, aa, ee) = (dot + a * e, aa + a * a, ee + e * e);
        }
        self.exact_squares += ee;
        self.rows += 1;
        self.values += actual.len() as u64;
        let both = (aa * ee).sqrt();
        let cosine = if both > 0.0 { dot / both } else { f64::from(aa == ee) };
        self.cosines += cosine;
        self.worst_cosine = Some(self.worst_cosine.map_or(cosine, |worst| worst.min(cosine)));
    }

    /// Notes an error beside its promised bound.
    pub fn promise(&mut self, error: f64, bound: f64) {
        let share = error.abs() / bound;
        self.share = Some(self.share.map_or(share, |largest| largest.max(share)));
    }

    /// What came together.
    pub fn line(self, unit: &'static str, sample: &'static str, result: &'static str, inputs: Inputs) -> ErrorLine {
        let mean = |sum: f64, count: u64| if count > 0 { sum / count as f64 } else { 0.0 };
        let rms_error = mean(self.squares, self.values).sqrt();
        let deviation = (mean(self.exact_squares, self.values) - mean(self.exact, self.values).powi(2)).max(0.0).sqrt();
        ErrorLine {
            unit,
            sample,
            result,
            inputs,
            rows: self.rows,
            values: self.values,
            max_abs_error: self.largest,
            max_error_places: self.places,
            mean_abs_error: mean(self.absolute, self.values),
            rms_error,
            rms_error_per_deviation: if deviation > 0.0 { rms_error / deviation } else { 0.0 },
            mean_cosine: mean(self.cosines, self.rows),
            worst_cosine: self.worst_cosine.unwrap_or(0.0),
            share_of_bound: self.share,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_pair_of_rows_has_the_known_distance() {
        let mut distance = Distance::default();
        distance.row(&[3.0, 0.0], &[3.0, 4.0], |_, _| Some(0.5));
        distance.row(&[1.0, 1.0], &[1.0, 1.0], |_, _| None);
        distance.promise(-4.0, 8.0);
        let line = distance.line("unit", "rows", "q1.15", Inputs::Rounded);
        assert_eq!((line.rows, line.values), (2, 4));
        assert_eq!((line.max_abs_error, line.max_error_places, line.mean_abs_error), (4.0, 8.0, 1.0));
        // Exact values 3, 4, 1, 1: mean 2.25, mean square 6.75, variance 1.6875.
        assert_eq!((line.rms_error, line.rms_error_per_deviation), (2.0, 2.0 / 1.6875f64.sqrt()));
        assert!((line.mean_cosine - 0.8).abs() < 1e-12 && (line.worst_cosine - 0.6).abs() < 1e-12);
        assert_eq!(line.share_of_bound, Some(0.5));
    }

    #[test]
    fn zeros_are_no_division_by_zero() {
        let empty = Distance::default().line("unit", "rows", "q1.15", Inputs::F32);
        assert_eq!((empty.rms_error, empty.rms_error_per_deviation, empty.mean_cosine), (0.0, 0.0, 0.0));
        let mut distance = Distance::default();
        distance.row(&[0.0], &[0.0], |_, _| Some(1.0));
        distance.row(&[0.0], &[2.0], |_, _| Some(1.0));
        let line = distance.line("unit", "rows", "q1.15", Inputs::Rounded);
        assert_eq!((line.mean_cosine, line.worst_cosine), (0.5, 0.0));
    }
}
