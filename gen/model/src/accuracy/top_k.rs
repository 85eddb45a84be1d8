//! The largest of logits.

use super::{
    findings::{Decisions, Findings},
    logits::{self, Logits},
    rounding::{Q6_10, Tally},
};
use crate::ModelError;
use alberti_golden::top_k::largest;

/// Every row: which positions are found, in order.
pub fn measure(length_max: usize, k: usize) -> Result<Findings, ModelError> {
    let mut findings = Findings::default();
    let mut tally = Tally::default();
    for logits in logits::all(length_max) {
        findings.decisions.push(decisions(&logits, k, &mut tally)?);
    }
    findings.roundings.push(tally.finish("top_k", "classifier", "logits", Q6_10.name));
    Ok(findings)
}

fn decisions(logits: &Logits, k: usize, tally: &mut Tally) -> Result<Decisions, ModelError> {
    let (mut differ_rounded, mut differ_f64) = (0, 0);
    for row in &logits.rows {
        let z = tally.row16(Q6_10, row);
        let found = largest(&z, k)?;
        let found: Vec<usize> = found.iter().map(|entry| entry.position).collect();
        let rounded: Vec<f64> = z.iter().map(|&z| Q6_10.value(z)).collect();
        differ_rounded += u64::from(found != positions(&rounded, k));
        differ_f64 += u64::from(found != positions(row, k));
    }
    let decisions = logits.rows.len() as u64;
    let (unit, logits, classes) = ("top_k", logits.source, logits.classes);
    Ok(Decisions {
        unit,
        logits,
        classes,
        decisions,
        differ_rounded,
        differ_f64,
        max_error_nats: None,
        share_of_bound: None,
    })
}

/// The positions of the k largest, the lower first of equals.
fn positions(row: &[f64], k: usize) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..row.len()).collect();
    positions.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    positions.truncate(k);
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_that_rounding_makes_is_the_only_difference() {
        // Both logits of the first row round to 0, and the lower position wins; f64 knows better.
        let rows = vec![vec![0.0, 0.0001], vec![0.0, 1.0], vec![1.0, 1.0]];
        let found = decisions(&Logits { source: "test", classes: 2, rows }, 1, &mut Tally::default()).expect("rows");
        assert_eq!((found.decisions, found.differ_rounded, found.differ_f64), (3, 0, 1));
    }
}
