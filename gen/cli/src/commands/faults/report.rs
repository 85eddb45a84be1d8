//! What a campaign found, as text and as data.

use super::{Arguments, Plan, words};
use crate::table::{Table, count, decimals};
use alberti_golden::storage::Variant;
use alberti_model::faults::{CellForm, Outcome, Retention, Settings, Stress, Target};
use alberti_random::Seed;
use serde::Serialize;

/// What the technology says of the cells.
#[derive(Clone, Debug, Serialize)]
pub struct Technical {
    /// Its name.
    pub name: String,
    /// How long levels are kept, and what that does to them.
    pub retention: Retention,
    /// Bit error rates of its levels; absent where it has none for such cells.
    pub value_bit_error_rate: Option<f64>,
    pub mask_bit_error_rate: Option<f64>,
}

/// A number over trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub mean: f64,
    pub min: f64,
    pub q05: f64,
    pub median: f64,
    pub q95: f64,
    pub max: f64,
}

impl Spread {
    /// Of at least one number; quantiles are those of the nearest rank.
    pub fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let count = numbers.len();
        let rank = |share: f64| numbers[((share * count as f64).ceil() as usize).clamp(1, count) - 1];
        Self {
            mean: numbers.iter().sum::<f64>() / count as f64,
            min: numbers[0],
            q05: rank(0.05),
            median: rank(0.5),
            q95: rank(0.95),
            max: numbers[count - 1],
        }
    }
}

/// What a layer came to over all trials.
#[derive(Clone, Debug, Serialize)]
struct OfLayer {
    layer: String,
    cosine: Spread,
    relative_rms: Spread,
}

/// A target, a layout and a rate over all trials. Counts are means of a trial, all layers together.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    target: &'static str,
    layout: &'static str,
    rate: String,
    /// What the rate amounts to in each memory with its coding.
    value_bit_error_rate: f64,
    mask_bit_error_rate: f64,
    wrong_bits: f64,
    wrong_weights: f64,
    mask_errors: f64,
    corrected_words: f64,
    detected_words: f64,
    /// Mean over layers, spread over trials.
    cosine: Spread,
    relative_rms: Spread,
    layers: Vec<OfLayer>,
}

impl Finding {
    /// Sums up the outcomes of trials, each of all layers.
    pub fn new(
        target: Target,
        variant: Variant,
        (rate, stress): &(Option<f64>, Stress),
        settings: &Settings,
        layers: &[String],
        trials: &[Vec<Outcome>],
    ) -> Self {
        let mean = |of: fn(&Outcome) -> u64| trials.iter().flatten().map(of).sum::<u64>() as f64 / trials.len() as f64;
        let over_layers = |of: fn(&Outcome) -> f64| {
            let trial = |layers: &Vec<Outcome>| layers.iter().map(of).sum::<f64>() / layers.len() as f64;
            Spread::of(trials.iter().map(trial).collect())
        };
        let layer = |(number, name): (usize, &String)| {
            let of = |of: fn(&Outcome) -> f64| Spread::of(trials.iter().map(|layers| of(&layers[number])).collect());
            OfLayer { layer: name.clone(), cosine: of(|o| o.cosine), relative_rms: of(|o| o.relative_rms) }
        };
        Self {
            target: words::target_name(target),
            layout: words::layout_name(variant),
            rate: words::rate_name(*rate),
            value_bit_error_rate: stress.values.misreads.bit_error_rate(settings.values.coding),
            mask_bit_error_rate: stress.masks.misreads.bit_error_rate(settings.masks.coding),
            wrong_bits: mean(|o| o.wrong_bits),
            wrong_weights: mean(|o| o.wrong_weights),
            mask_errors: mean(|o| o.mask_errors),
            corrected_words: mean(|o| o.corrected_words),
            detected_words: mean(|o| o.detected_words),
            cosine: over_layers(|o| o.cosine),
            relative_rms: over_layers(|o| o.relative_rms),
            layers: layers.iter().enumerate().map(layer).collect(),
        }
    }
}

/// What the terminal is told.
pub fn text(arguments: &Arguments, design: &str, plan: &Plan, findings: &[Finding]) -> String {
    let settings = &plan.settings;
    let cells = |of: &CellForm| {
        let bits = if of.bits == 1 { "1 bit".to_owned() } else { format!("{} bits", of.bits) };
        format!("{bits}, {}, {}", words::coding_name(of.coding), words::placing_name(of.placing))
    };
    let rate =
        |rate: Option<f64>| rate.map_or_else(|| "not known".into(), |rate| words::rate_name(Some(shorter(rate))));
    let technical = &plan.technical;
    let kept = if technical.retention.decades > 0.0 {
        format!(" after {} decades", technical.retention.decades)
    } else {
        String::new()
    };
    format!(
        "{design}: {} layers on {} tokens, weights {}; values in cells of {}; masks in cells of {}{}\n\
         {} trials, seed {}; bit error rate of {}{kept}: {} in values, {} in masks\n\n{}",
        plan.gemms.len(),
        plan.gemms.first().map_or(0, |gemm| gemm.activations.rows),
        arguments.prune,
        cells(&settings.values),
        cells(&settings.masks),
        if settings.secded { ", with SECDED" } else { "" },
        count(arguments.trials),
        Seed(settings.seed),
        technical.name,
        rate(technical.value_bit_error_rate),
        rate(technical.mask_bit_error_rate),
        table(settings.secded, findings).text()
    )
}

fn table(secded: bool, findings: &[Finding]) -> Table {
    let mut heads = vec!["target", "layout", "rate", "wrong bits", "weights", "seen"];
    heads.extend(secded.then_some(["corrected", "detected"]).iter().flatten());
    heads.extend(["cosine", "5 %", "least", "rms", "95 %"]);
    let mut table = Table::new(&heads);
    for of in findings {
        let mut row = vec![of.target.into(), of.layout.into(), of.rate.clone()];
        row.extend([of.wrong_bits, of.wrong_weights, of.mask_errors].map(|number| decimals(number, 1)));
        if secded {
            row.extend([of.corrected_words, of.detected_words].map(|number| decimals(number, 1)));
        }
        row.extend([of.cosine.mean, of.cosine.q05, of.cosine.min].map(|number| decimals(number, 5)));
        row.extend([of.relative_rms.mean, of.relative_rms.q95].map(|number| decimals(number, 4)));
        table.row(row);
    }
    table
}

/// Two digits of a rate, which is no better known.
fn shorter(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let spread = Spread::of((1..=20).rev().map(f64::from).collect());
        let expected = Spread { mean: 10.5, min: 1.0, q05: 1.0, median: 10.0, q95: 19.0, max: 20.0 };
        assert_eq!(spread, expected);
        let one = Spread::of(vec![3.0]);
        assert_eq!((one.min, one.q05, one.median, one.max), (3.0, 3.0, 3.0, 3.0));
    }
}
