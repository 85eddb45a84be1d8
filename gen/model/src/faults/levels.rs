//! From the distributions of a cell's levels to the probability that one is read as another.

use crate::ModelError;
use alberti_golden::cells::Coding;
use std::f64::consts::SQRT_2;

/// A normal distribution of what is read from a cell.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Level {
    /// Mean, as a part of full scale.
    pub mean: f64,
    /// Standard deviation, as a part of full scale.
    pub sigma: f64,
}

/// Drift of levels while they are kept: a model with parameters of the user's own, since no technology file
/// has data of it.
///
/// ```text
/// mean'  = mean·(1 − loss·decades)       levels sink towards 0
/// sigma' = sigma·(1 + widening·decades)  and spread
/// decades = log10(1 + t/t0)              t0: when the levels were measured
/// ```
///
/// The thresholds stay where they were for the levels as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Retention {
    /// Decades of time since the levels were measured.
    pub decades: f64,
    /// Share of the mean lost in a decade.
    pub loss_per_decade: f64,
    /// Growth of the deviation in a decade, as a share of it.
    pub widening_per_decade: f64,
}

impl Retention {
    /// A level after that time.
    #[must_use]
    pub fn age(&self, level: Level) -> Level {
        Level {
            mean: level.mean * (1.0 - self.loss_per_decade * self.decades),
            sigma: level.sigma * (1.0 + self.widening_per_decade * self.decades),
        }
    }
}

/// The probability of each read level for each stored one.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Misreads {
    /// `[stored][read]`; the stored level itself has what the others leave of 1.
    table: Vec<Vec<f64>>,
}

impl Misreads {
    /// Of levels of rising means, with the thresholds where the likelihoods of neighbours cross (at one of
    /// the two means, where they do not cross between them), after some time.
    ///
    /// # Errors
    /// AE0711 when there are not 2, 4, 8 or 16 levels, a mean does not rise, a deviation is not positive, or
    /// something is not finite, time included.
    pub fn of_levels(levels: &[Level], retention: &Retention) -> Result<Self, ModelError> {
        let wrong = |problem: &str| Err(ModelError::Shape(format!("levels of a cell: {problem}")));
        if !matches!(levels.len(), 2 | 4 | 8 | 16) {
            return wrong(&format!("{} of them, a cell has 2, 4, 8 or 16", levels.len()));
        }
        let aged: Vec<_> = levels.iter().map(|&level| retention.age(level)).collect();
        if levels.iter().chain(&aged).any(|l| !(l.mean.is_finite() && l.sigma.is_finite() && l.sigma > 0.0)) {
            return wrong("means are finite and deviations positive, after the time in question as well");
        }
        if levels.windows(2).any(|pair| pair[0].mean >= pair[1].mean) {
            return wrong("means rise from level to level");
        }
        let thresholds: Vec<f64> = levels.windows(2).map(|pair| threshold(pair[0], pair[1])).collect();
        let count = levels.len();
        let row = |(stored, level): (usize, &Level)| {
            let bound = |i: Option<usize>, open: f64| i.and_then(|i| thresholds.get(i)).copied().unwrap_or(open);
            let read = |read: usize| {
                let (low, high) = (bound(read.checked_sub(1), f64::NEG_INFINITY), bound(Some(read), f64::INFINITY));
                between((low - level.mean) / level.sigma, (high - level.mean) / level.sigma)
            };
            complete((0..count).map(read).collect(), stored)
        };
        Ok(Self { table: aged.iter().enumerate().map(row).collect() })
    }

    /// Cells of `bits` bits whose levels are read as a neighbour so often that each bit errs at
    /// `bit_error_rate` where the coding is Gray: bits·rate in all, half of it up and half down.
    ///
    /// # Errors
    /// AE0711 when a cell has not 1 to 4 bits or bits·rate is not within 0 to 1.
    pub fn uniform(bits: usize, bit_error_rate: f64) -> Result<Self, ModelError> {
        let rate = bits as f64 * bit_error_rate;
        if !(1..=4).contains(&bits) || !(0.0..=1.0).contains(&rate) {
            return Err(ModelError::Shape(format!(
                "a bit error rate of {bit_error_rate} in cells of {bits} bits: 0 to {}, in cells of 1 to 4",
                1.0 / bits as f64
            )));
        }
        let count = 1usize << bits;
        let row = |stored: usize| {
            let neighbours: Vec<_> = [stored.wrapping_sub(1), stored + 1].into_iter().filter(|&n| n < count).collect();
            let share = rate / neighbours.len() as f64;
            complete((0..count).map(|read| if neighbours.contains(&read) { share } else { 0.0 }).collect(), stored)
        };
        Ok(Self { table: (0..count).map(row).collect() })
    }

    /// Levels of a cell.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.table.len()
    }

    /// The probability that `stored` is read as `read`.
    ///
    /// # Panics
    /// When there is no such level.
    #[must_use]
    pub fn probability(&self, stored: usize, read: usize) -> f64 {
        self.table[stored][read]
    }

    /// The probability that `stored` is read as another level.
    ///
    /// # Panics
    /// When there is no such level.
    #[must_use]
    pub fn of_level(&self, stored: usize) -> f64 {
        let others = self.table[stored].iter().enumerate().filter(|&(read, _)| read != stored);
        others.map(|(_, p)| p).sum::<f64>().min(1.0)
    }

    /// Misread cells, all levels being stored alike often.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (0..self.levels()).map(|stored| self.of_level(stored)).sum::<f64>() / self.levels() as f64
    }

    /// Wrong bits, all levels being stored alike often.
    #[must_use]
    pub fn bit_error_rate(&self, coding: Coding) -> f64 {
        let wrong = |stored: usize, read: usize| {
            let bits = coding.bits(stored as u8) ^ coding.bits(read as u8);
            self.table[stored][read] * f64::from(bits.count_ones())
        };
        let levels = self.levels();
        let sum: f64 = (0..levels).flat_map(|s| (0..levels).map(move |r| (s, r))).map(|(s, r)| wrong(s, r)).sum();
        sum / (levels * levels.ilog2() as usize) as f64
    }
}

/// Where the likelihoods of two neighbours are equal, found by halving: between the means the log ratio
/// falls.
fn threshold(below: Level, above: Level) -> f64 {
    let log_likelihood = |level: Level, x: f64| {
        let z = (x - level.mean) / level.sigma;
        -z * z / 2.0 - libm::log(level.sigma)
    };
    let (mut low, mut high) = (below.mean, above.mean);
    // Doubles have 53 bits: more steps change nothing.
    for _ in 0..64 {
        let middle = low + (high - low) / 2.0;
        if log_likelihood(below, middle) > log_likelihood(above, middle) { low = middle } else { high = middle }
    }
    low + (high - low) / 2.0
}

/// The probability that a standard normal lies between two numbers, from the tail that both are in.
fn between(low: f64, high: f64) -> f64 {
    let above = |z: f64| libm::erfc(z / SQRT_2) / 2.0;
    if low >= 0.0 { above(low) - above(high) } else { above(-high) - above(-low) }
}

/// Puts what is left of 1 in its place.
fn complete(mut row: Vec<f64>, stored: usize) -> Vec<f64> {
    row[stored] = 0.0;
    row[stored] = (1.0 - row.iter().sum::<f64>()).max(0.0);
    row
}
