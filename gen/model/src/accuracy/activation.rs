//! The feed-forward net's activation on pre-activations.

use super::{
    distance::Distance,
    findings::{Findings, Inputs},
    passes::Passes,
    rounding::{Q14_10, Tally, af8_3, mantissa_place},
};
use crate::{ModelError, Site};
use alberti_arith::{Activation, ActivationSet, Domain, Format, NUMBER_BITS, NUMBER_FRACTION_BITS};
use alberti_golden::{activation, requantize};

/// Every row of every feed-forward net, by the form of the function that the unit has.
pub fn measure(passes: &Passes, unit: ActivationSet) -> Result<Findings, ModelError> {
    let model = passes.model.checkpoint.config.hidden_act;
    let Some(function) = unit.serving(model) else {
        let omission = format!("activation: the unit has {unit}, the model {model}");
        return Ok(Findings { omissions: vec![omission], ..Findings::default() });
    };
    let mut measured = Measured::new(function, model);
    for layer in 0..passes.layers() {
        let (_, bias) = passes.scaling(layer, Site::Output).unwrap_or_default();
        for pass in &passes.all {
            let sums = pass.pre_activations(layer);
            for row in 0..sums.rows {
                measured.row(sums.row(row), bias)?;
            }
        }
    }
    Ok(measured.finish())
}

/// The rows so far.
struct Measured {
    function: Activation,
    model: Activation,
    sums: Tally,
    clipped: Tally,
    /// Against rounded inputs, against f32's.
    wide: [Distance; 2],
    codes: [Distance; 2],
}

impl Measured {
    fn new(function: Activation, model: Activation) -> Self {
        let none = || [Distance::default(), Distance::default()];
        Self { function, model, sums: Tally::default(), clipped: Tally::default(), wide: none(), codes: none() }
    }

    /// Runs a row of pre-activations; `bias` is the exponent bias of its codes.
    fn row(&mut self, row: &[f32], bias: i32) -> Result<(), ModelError> {
        let rounded: Vec<i64> = row.iter().map(|&x| self.sums.round(Q14_10, x.into())).collect();
        let after = NUMBER_FRACTION_BITS as i32 + bias;
        // The sums are in Q.10 already: a function of sums leaves them a column's shift to the bias.
        let shift = match self.function.domain() {
            Domain::Sums => after,
            Domain::Numbers => 0,
        };
        let shifts = vec![shift; row.len()];
        let result = activation::row(self.function, NUMBER_BITS, &rounded, &shifts, after)?;
        let codes = requantize::row(Format::AF8_3, &result.sums, &result.shifts)?;
        let own: Vec<f64> = rounded.iter().map(|&x| self.function.real(Q14_10.value(x))).collect();
        let total: Vec<f64> = row.iter().map(|&x| self.model.real(x.into())).collect();
        let wide: Vec<f64> = result.sums.iter().map(|&y| Q14_10.value(y)).collect();
        let values: Vec<f64> = codes.iter().map(|&code| af8_3(code, bias)).collect();
        let place = |_: usize, _: f64| Some(Q14_10.place());
        self.wide[0].row(&wide, &own, place);
        self.wide[1].row(&wide, &total, place);
        let place = |_: usize, y: f64| mantissa_place(y, bias);
        self.codes[0].row(&values, &own, place);
        self.codes[1].row(&values, &total, place);
        for i in 0..row.len() {
            self.clipped.code(own[i], codes[i], bias);
            self.promise(wide[i] - own[i], values[i] - own[i], own[i], bias);
        }
        Ok(())
    }

    /// What is promised of a function; of one that is exact nothing, and what the rounding of their codes is,
    /// the format says.
    fn promise(&mut self, wide: f64, code: f64, exact: f64, bias: i32) {
        let facts = self.function.facts();
        if facts.places == 0.0 {
            return;
        }
        self.wide[0].promise(wide, facts.places * Q14_10.place());
        let [from_minus_6, at_minus_7] = facts.code_places;
        let mantissa_places = match bias {
            ..-7 => return,
            -7 => at_minus_7,
            _ => from_minus_6,
        };
        if let Some(place) = mantissa_place(exact, bias) {
            self.codes[0].promise(code, mantissa_places * place);
        }
    }

    fn finish(self) -> Findings {
        let lines = |result, [own, total]: [Distance; 2]| {
            [
                own.line("activation", "feed-forward", result, Inputs::Rounded),
                total.line("activation", "feed-forward", result, Inputs::F32),
            ]
        };
        let mut findings = Findings::default();
        findings.errors.extend(lines(Q14_10.name, self.wide));
        findings.errors.extend(lines("af8_3", self.codes));
        findings.roundings = vec![
            self.sums.finish("activation", "feed-forward", "pre-activations", Q14_10.name),
            self.clipped.finish("activation", "feed-forward", "results", "af8_3"),
        ];
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_is_within_a_place_where_its_table_begins_and_ends() {
        // gelu(0) = 0 and gelu(5) = 5 − 1.4e-6 to six digits; past 4 the unit is ReLU.
        let mut measured = Measured::new(Activation::GeluErf, Activation::GeluErf);
        measured.row(&[0.0, 5.0, -5.0], -5).expect("a row");
        let findings = measured.finish();
        assert_eq!((findings.errors[0].rows, findings.errors[0].values), (1, 3));
        let error = findings.errors[0].max_abs_error;
        assert!((1.43e-6..1.44e-6).contains(&error), "{error:e}");
        assert!((findings.errors[0].max_error_places - 1024.0 * error).abs() < 1e-9);
        // gelu(−5) is no zero, but its code is.
        assert_eq!(findings.roundings[1].vanished, 1);
    }

    #[test]
    fn a_clipped_octave_is_counted_and_no_promise_is_made_of_it() {
        // At bias −7 codes end at 31/16: 3 becomes that.
        let mut measured = Measured::new(Activation::Relu, Activation::Relu);
        measured.row(&[3.0, -3.0, 1.5], -7).expect("a row");
        let findings = measured.finish();
        assert_eq!((findings.errors[0].max_abs_error, findings.errors[0].share_of_bound), (0.0, None));
        assert_eq!(findings.errors[2].max_abs_error, 3.0 - 31.0 / 16.0);
        assert_eq!((findings.roundings[1].saturated, findings.errors[2].max_error_places), (1, 0.0));
    }
}
