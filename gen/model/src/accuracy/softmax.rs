//! Softmax on attention scores.

use super::{
    distance::Distance,
    findings::{Findings, Inputs, Mass},
    passes::Passes,
    rounding::{Q8_8, Tally, af8_3, mantissa_place},
    units::SoftmaxUnit,
};
use crate::ModelError;
use alberti_arith::{Format, exp2n, requantize};
use alberti_golden::softmax::{MASK_ONE, ProbabilityRow, Softmax};

/// The exponent bias of probabilities.
const BIAS: i32 = -8;

/// Scores of a row that is called short: what 8-bit codes lose grows with the length.
const SHORT: usize = 64;

/// Every row of every head that the unit takes.
pub fn measure(passes: &Passes, unit: SoftmaxUnit) -> Result<Findings, ModelError> {
    let block = Softmax::new(unit.n, unit.maximum)?;
    let [mut short, mut long] = ["rows to 64", "longer rows"].map(|sample| Measured::new(sample, block));
    let heads = passes.model.checkpoint.config.num_attention_heads;
    let mut longer = 0;
    for pass in &passes.all {
        if pass.tokens() > unit.length_max {
            longer += 1;
            continue;
        }
        let softmax = if pass.tokens() <= SHORT { &mut short } else { &mut long };
        for layer in 0..passes.layers() {
            for (head, token) in (0..heads).flat_map(|head| (0..pass.tokens()).map(move |token| (head, token))) {
                softmax.row(&pass.scores(layer, heads, head, token))?;
            }
        }
    }
    let mut findings = short.finish();
    findings.extend(long.finish());
    if longer > 0 {
        let (count, most) = (passes.all.len(), unit.length_max);
        findings.omissions.push(format!("softmax: {longer} of {count} sentences are longer than its rows of {most}"));
    }
    Ok(findings)
}

/// The probabilities of rows so far, in three formats.
struct Measured {
    sample: &'static str,
    block: Softmax,
    scores: Tally,
    clipped: Tally,
    wide: Compared,
    codes: Compared,
    row_exponent: Compared,
}

impl Measured {
    fn new(sample: &'static str, block: Softmax) -> Self {
        let [wide, codes, row_exponent] = [(); 3].map(|()| Compared::default());
        Self { sample, block, scores: Tally::default(), clipped: Tally::default(), wide, codes, row_exponent }
    }

    fn row(&mut self, scores: &[f64]) -> Result<(), ModelError> {
        let rounded = self.scores.row16(Q8_8, scores);
        let row = self.block.row(&rounded, rounded.len(), &vec![MASK_ONE; rounded.len()])?;
        let own = softmax(&rounded.iter().map(|&t| Q8_8.value(t)).collect::<Vec<_>>());
        let total = softmax(scores);
        let wide: Vec<f64> = row.probabilities.iter().map(|&p| f64::from(p) / 32_768.0).collect();
        let codes: Vec<f64> = row.codes.iter().map(|&code| af8_3(code, BIAS)).collect();
        own.iter().zip(&row.codes).for_each(|(&p, &code)| self.clipped.code(p, code, BIAS));
        let place = |_: usize, p: f64| mantissa_place(p, BIAS);
        self.wide.row(&wide, &own, &total, |_, _| Some(1.0 / 32_768.0));
        self.wide.promise(&wide);
        self.codes.row(&codes, &own, &total, place);
        let (scaled, octaves) = with_row_exponent(&rounded, &row);
        self.row_exponent.row(&scaled, &own, &total, |_, p| mantissa_place(p, BIAS - octaves));
        Ok(())
    }

    fn finish(self) -> Findings {
        let mut findings = Findings::default();
        if self.wide.rows == 0 {
            return findings;
        }
        let sample = self.sample;
        self.wide.add_to(&mut findings, sample, "q1.15");
        self.codes.add_to(&mut findings, sample, "af8_3");
        self.row_exponent.add_to(&mut findings, sample, "af8_3, row exponent");
        findings.roundings.push(self.scores.finish("softmax", sample, "scores", Q8_8.name));
        findings.roundings.push(self.clipped.finish("softmax", sample, "probabilities", "af8_3"));
        findings
    }
}

/// Probabilities in one format beside those of f64.
#[derive(Default)]
struct Compared {
    own: Distance,
    total: Distance,
    rows: u64,
    lost: f64,
    worst_lost: f64,
    worst_gained: f64,
    share_of_bound: Option<f64>,
}

impl Compared {
    fn row(&mut self, actual: &[f64], own: &[f64], total: &[f64], place: impl Fn(usize, f64) -> Option<f64> + Copy) {
        self.own.row(actual, own, place);
        self.total.row(actual, total, place);
        let lost = 1.0 - actual.iter().sum::<f64>();
        self.rows += 1;
        self.lost += lost;
        self.worst_lost = self.worst_lost.max(lost);
        self.worst_gained = self.worst_gained.max(-lost);
    }

    /// |Σp − 1| ≤ 8e-4 + N·2^−16.
    fn promise(&mut self, actual: &[f64]) {
        let lost = (1.0 - actual.iter().sum::<f64>()).abs();
        let share = lost / (8e-4 + actual.len() as f64 / 65_536.0);
        self.share_of_bound = Some(self.share_of_bound.map_or(share, |largest| largest.max(share)));
    }

    fn add_to(self, findings: &mut Findings, sample: &'static str, result: &'static str) {
        findings.errors.push(self.own.line("softmax", sample, result, Inputs::Rounded));
        findings.errors.push(self.total.line("softmax", sample, result, Inputs::F32));
        findings.masses.push(Mass {
            unit: "softmax",
            sample,
            result,
            rows: self.rows,
            mean_lost: self.lost / self.rows as f64,
            worst_lost: self.worst_lost,
            worst_gained: self.worst_gained,
            share_of_bound: self.share_of_bound,
        });
    }
}

/// What a unit would give that left the whole octaves of L to the row's scale in P·V: `exp2n(d + (L & 1023))`
/// as AF<8,3>, and `L ≫ 10`. A negative L, which a running maximum can leave, has none to give: taken out all
/// the same, they would push the row's tail out of the codes.
fn with_row_exponent(scores: &[i16], row: &ProbabilityRow) -> (Vec<f64>, i32) {
    let octaves = (row.log >> 10).max(0);
    let fraction = row.log - (octaves << 10);
    let probability = |&t: &i16| {
        let d = (row.reference - i32::from(t)) << 2;
        let code = requantize(Format::AF8_3, exp2n((d + fraction) as u32).into(), 15 + BIAS);
        af8_3(code, BIAS - octaves)
    };
    (scores.iter().map(probability).collect(), octaves)
}

/// Softmax in base 2.
fn softmax(scores: &[f64]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|t| (t - max).exp2()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alberti_golden::softmax::Maximum;

    fn measured(maximum: Maximum, rows: &[&[f64]]) -> Findings {
        let mut softmax = Measured::new("rows", Softmax::new(4, maximum).expect("lanes"));
        rows.iter().for_each(|row| softmax.row(row).expect("a row"));
        softmax.finish()
    }

    #[test]
    fn equal_scores_lose_nothing_until_codes_cannot_hold_them() {
        for maximum in [Maximum::Row, Maximum::Running] {
            // 1/2 each is a code; 1024 equal scores leave 2^−10 each, which none at bias −8 holds.
            let findings = measured(maximum, &[&[3.0, 3.0], &[0.0; 1024]]);
            let [wide, codes, row_exponent] = &findings.masses[..] else { panic!("three formats") };
            assert_eq!((wide.rows, wide.mean_lost, wide.share_of_bound), (2, 0.0, Some(0.0)));
            assert_eq!((codes.mean_lost, codes.worst_lost), (0.5, 1.0));
            // 2^0 becomes 31/32: with an exponent of the row's own that is all that is lost.
            assert_eq!((row_exponent.worst_lost, row_exponent.worst_gained), (1.0 / 32.0, 0.0));
            assert_eq!((findings.roundings[1].values, findings.roundings[1].vanished), (1026, 1024));
        }
    }

    #[test]
    fn rounding_the_scores_shows_only_against_scores_before_rounding() {
        // Half a place of Q8.8 more: p = 1/(1 + 2^(1/512)), and the unit sees equal scores.
        let findings = measured(Maximum::Row, &[&[0.0, -1.0 / 512.0 + 1e-9]]);
        let line = |inputs| {
            let found = findings.errors.iter().find(|line| line.result == "q1.15" && line.inputs == inputs);
            found.expect("a line").max_abs_error
        };
        assert_eq!(line(Inputs::Rounded), 0.0);
        assert!((line(Inputs::F32) - (0.5 - 1.0 / (1.0 + (1f64 / 512.0).exp2()))).abs() < 1e-8);
    }
}
