//! The residual add.

use super::{
    distance::Distance,
    findings::{Findings, Inputs},
    passes::{Passes, Residual},
    rounding::{Q6_10, Q9_7, Tally},
};
use crate::ModelError;
use alberti_golden::elementwise::{Operand, add};

/// Both adds of every layer.
pub fn measure(passes: &Passes) -> Result<Findings, ModelError> {
    let mut measured = Measured::default();
    for layer in 0..passes.layers() {
        for pass in &passes.all {
            measured.add(&pass.attention_residual(layer))?;
            measured.add(&pass.output_residual(layer))?;
        }
    }
    Ok(measured.finish())
}

/// The rows so far.
#[derive(Default)]
struct Measured {
    stream: Tally,
    update: Tally,
    sums: Tally,
    own: Distance,
    total: Distance,
}

impl Measured {
    /// The stream comes from a layer norm, Q6.10, and moves three places to the sum's Q9.7.
    fn add(&mut self, residual: &Residual) -> Result<(), ModelError> {
        for r in 0..residual.stream.rows {
            let widen = |row: &[f32]| row.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let (a, b) = (widen(residual.stream.row(r)), widen(residual.update.row(r)));
            let (x, y) = (self.stream.row16(Q6_10, &a), self.update.row16(Q9_7, &b));
            let codes = |row: &[i16]| row.iter().map(|&x| x as u16).collect::<Vec<_>>();
            let (x_codes, y_codes) = (codes(&x), codes(&y));
            let sum = add(
                Operand { format: Q6_10.format(), codes: &x_codes, shift: 3 },
                Operand { format: Q9_7.format(), codes: &y_codes, shift: 0 },
            )?;
            let actual: Vec<f64> = sum.iter().map(|&s| Q9_7.value(s)).collect();
            let own: Vec<f64> = x.iter().zip(&y).map(|(&x, &y)| Q6_10.value(x) + Q9_7.value(y)).collect();
            let total: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
            self.sums.row16(Q9_7, &own);
            let place = |_: usize, _: f64| Some(Q9_7.place());
            self.own.row(&actual, &own, place);
            self.total.row(&actual, &total, place);
            actual.iter().zip(&own).for_each(|(a, e)| self.own.promise(a - e, 0.5 * Q9_7.place()));
        }
        Ok(())
    }

    fn finish(self) -> Findings {
        Findings {
            errors: vec![
                self.own.line("elementwise", "residuals", Q9_7.name, Inputs::Rounded),
                self.total.line("elementwise", "residuals", Q9_7.name, Inputs::F32),
            ],
            roundings: vec![
                self.stream.finish("elementwise", "residuals", "stream", Q6_10.name),
                self.update.finish("elementwise", "residuals", "update", Q9_7.name),
                self.sums.finish("elementwise", "residuals", "sums", Q9_7.name),
            ],
            ..Findings::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn half_a_place_of_the_stream_goes_up_and_is_all_that_is_lost() {
        let row = |data: &[f32]| Matrix { rows: 1, cols: data.len(), data: data.to_vec() };
        // 4/1024 is half a place of Q9.7; 250 + 31 ends at 256 less one place.
        let (stream, update) = (row(&[4.0 / 1024.0, 1.0, 31.0]), row(&[1.0, -0.5, 250.0]));
        let mut measured = Measured::default();
        measured.add(&Residual { stream: &stream, update: &update }).expect("rows of one length");
        let findings = measured.finish();
        let [own, total] = &findings.errors[..] else { panic!("two lines") };
        assert_eq!((own.values, own.max_abs_error, total.max_abs_error), (3, 25.0 + 1.0 / 128.0, 25.0 + 1.0 / 128.0));
        assert!(own.share_of_bound.is_some_and(|share| share > 1.0), "saturation breaks the promise");
        let saturated: Vec<u64> = findings.roundings.iter().map(|rounded| rounded.saturated).collect();
        assert_eq!(saturated, [0, 0, 1]);

        let mut measured = Measured::default();
        measured.add(&Residual { stream: &row(&[4.0 / 1024.0]), update: &row(&[1.0]) }).expect("rows of one length");
        let [own, _] = &measured.finish().errors[..] else { panic!("two lines") };
        assert_eq!((own.max_error_places, own.share_of_bound), (0.5, Some(1.0)));
    }
}
