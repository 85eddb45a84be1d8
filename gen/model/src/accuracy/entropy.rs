//! Early exits on logits.

use super::{
    findings::{Decisions, Findings},
    logits::{self, Logits},
    rounding::{Q6_10, Tally},
};
use crate::ModelError;
use alberti_golden::entropy::{decide, threshold};

/// Every row at nine thresholds, tenths of the largest entropy.
pub fn measure(classes_max: usize) -> Result<Findings, ModelError> {
    let mut findings = Findings::default();
    let mut tally = Tally::default();
    for logits in logits::all(classes_max) {
        findings.decisions.push(decisions(&logits, &mut tally)?);
    }
    findings.roundings.push(tally.finish("entropy", "classifier", "logits", Q6_10.name));
    Ok(findings)
}

fn decisions(logits: &Logits, tally: &mut Tally) -> Result<Decisions, ModelError> {
    let (mut decisions, mut differ_rounded, mut differ_f64, mut error) = (0, 0, 0, 0f64);
    for row in &logits.rows {
        let z = tally.row16(Q6_10, row);
        let own = entropy(&z.iter().map(|&z| Q6_10.value(z)).collect::<Vec<_>>());
        let total = entropy(row);
        for step in 1..=9 {
            let nats = (logits.classes as f64).ln() * f64::from(step) / 10.0;
            let decision = decide(&z, threshold(nats)?)?;
            let places = f64::from(decision.log) + decision.weighted as f64 / decision.sum as f64;
            error = error.max((places / 1024.0 * std::f64::consts::LN_2 - own).abs());
            decisions += 1;
            differ_rounded += u64::from(decision.exit != (own < nats));
            differ_f64 += u64::from(decision.exit != (total < nats));
        }
    }
    Ok(Decisions {
        unit: "entropy",
        logits: logits.source,
        classes: logits.classes,
        decisions,
        differ_rounded,
        differ_f64,
        max_error_nats: Some(error),
        share_of_bound: Some(error / bound(logits.classes)),
    })
}

/// What docs/arithmetic.md promises, in nats: each class after the third may add to it.
fn bound(classes: usize) -> f64 {
    match classes {
        2 => 7.3e-4,
        _ => 8.7e-4 + 1.9e-4 * (classes - 3) as f64,
    }
}

/// −Σ p·ln p in nats.
fn entropy(logits: &[f64]) -> f64 {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let distances: Vec<f64> = logits.iter().map(|z| max - z).collect();
    let sum: f64 = distances.iter().map(|d| (-d).exp()).sum();
    sum.ln() + distances.iter().map(|d| d * (-d).exp()).sum::<f64>() / sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_never_exit_and_a_sure_row_always_does() {
        let logits = Logits { source: "test", classes: 2, rows: vec![vec![1.5, 1.5], vec![20.0, -20.0]] };
        let found = decisions(&logits, &mut Tally::default()).expect("two classes");
        assert_eq!((found.decisions, found.differ_rounded, found.differ_f64), (18, 0, 0));
        // ln 2 is exact in the unit: one bit.
        assert!(found.max_error_nats.is_some_and(|error| error < 1e-12), "{found:?}");
    }

    #[test]
    fn a_row_that_rounding_moves_past_a_threshold_differs_from_one_of_the_two() {
        // Where the entropy of two logits crosses 0.1·ln 2, by bisection: it falls with their distance.
        let exits = |d: f64| entropy(&[0.0, d]) < 0.1 * 2f64.ln();
        let (mut low, mut high) = (0.0, 20.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if exits(middle) { high = middle } else { low = middle }
        }
        // The side of it that rounding leaves.
        let rounded = (high * 1024.0).round() / 1024.0;
        let distance = if exits(rounded) { low } else { high };
        assert_ne!(exits(distance), exits(rounded));
        let logits = Logits { source: "test", classes: 2, rows: vec![vec![0.0, distance]] };
        let found = decisions(&logits, &mut Tally::default()).expect("two classes");
        assert_eq!(found.differ_f64 + found.differ_rounded, 1, "{found:?}");
    }
}
