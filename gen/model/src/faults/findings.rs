//! What a campaign found, summed up over its trials.

use super::{
    campaign::Outcome,
    memory::{FaultSite, Rate, Settings},
    names::{LAYOUTS, SITES, name, rate_name},
};
use alberti_golden::storage::RecordKind;
use serde::Serialize;

/// A number over trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The least.
    pub min: f64,
    /// The 5 % quantile.
    pub q05: f64,
    /// The median.
    pub median: f64,
    /// The 95 % quantile.
    pub q95: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Sums up at least one number. Quantiles are those of the nearest rank.
    ///
    /// # Panics
    /// When there is no number.
    #[must_use]
    pub fn over(mut numbers: Vec<f64>) -> Self {
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
pub struct LayerFinding {
    /// Its name.
    pub layer: String,
    /// Of its results to those without faults.
    pub cosine: Spread,
    /// Of its results from those without faults.
    pub relative_rms: Spread,
}

/// A site, a layout and a rate over all trials. Counts are means of a trial, all layers together.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Where faults were.
    pub target: &'static str,
    /// How weights were stored.
    pub layout: &'static str,
    /// The rate that was asked for, or `technology`.
    pub rate: String,
    /// What the rate amounts to in the value memory with its coding.
    pub value_bit_error_rate: f64,
    /// What the rate amounts to in the mask memory with its coding.
    pub mask_bit_error_rate: f64,
    /// Bits read wrong, before any correction.
    pub wrong_bits: f64,
    /// Weights that are others than they were.
    pub wrong_weights: f64,
    /// Masks that showed an error.
    pub mask_errors: f64,
    /// Mask words corrected.
    pub corrected_words: f64,
    /// Mask words found wrong that could not be corrected.
    pub detected_words: f64,
    /// Mean over layers, spread over trials.
    pub cosine: Spread,
    /// Mean over layers, spread over trials.
    pub relative_rms: Spread,
    /// Every layer by itself.
    pub layers: Vec<LayerFinding>,
}

impl Finding {
    /// Sums up the outcomes of trials, each of all layers.
    #[must_use]
    pub fn new(
        site: FaultSite,
        kind: RecordKind,
        rate: &Rate,
        settings: &Settings,
        layers: &[String],
        trials: &[Vec<Outcome>],
    ) -> Self {
        let mean =
            |get: fn(&Outcome) -> u64| trials.iter().flatten().map(get).sum::<u64>() as f64 / trials.len() as f64;
        let over_layers = |get: fn(&Outcome) -> f64| {
            let trial = |layers: &Vec<Outcome>| layers.iter().map(get).sum::<f64>() / layers.len() as f64;
            Spread::over(trials.iter().map(trial).collect())
        };
        let layer = |(number, name): (usize, &String)| {
            let spread =
                |get: fn(&Outcome) -> f64| Spread::over(trials.iter().map(|trial| get(&trial[number])).collect());
            LayerFinding { layer: name.clone(), cosine: spread(|o| o.cosine), relative_rms: spread(|o| o.relative_rms) }
        };
        Self {
            target: name(&SITES, site),
            layout: name(&LAYOUTS, kind),
            rate: rate_name(rate.asked),
            value_bit_error_rate: rate.stress.values.misreads.bit_error_rate(settings.values.coding),
            mask_bit_error_rate: rate.stress.masks.misreads.bit_error_rate(settings.masks.coding),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let spread = Spread::over((1..=20).rev().map(f64::from).collect());
        let expected = Spread { mean: 10.5, min: 1.0, q05: 1.0, median: 10.0, q95: 19.0, max: 20.0 };
        assert_eq!(spread, expected);
        let one = Spread::over(vec![3.0]);
        assert_eq!((one.min, one.q05, one.median, one.max), (3.0, 3.0, 3.0, 3.0));
    }
}
