//! Logits for the units of a classifier, which the encoder itself has none of.

/// The seed of random logits.
pub const SEED: u64 = 1;

/// Standard deviations of random logits, in nats.
const DEVIATIONS: [f64; 4] = [0.3, 1.0, 2.0, 4.0];

/// Random rows of each deviation.
const ROWS: usize = 1000;

/// Rows of logits in nats, and where they come from.
pub struct Logits {
    /// In words.
    pub source: &'static str,
    /// Classes of every row.
    pub classes: usize,
    /// The rows.
    pub rows: Vec<Vec<f64>>,
}

/// Random logits for 2, 3 and the most classes; and for 2 and 3, as far as there may be so many, a grid.
pub fn all(most: usize) -> Vec<Logits> {
    let mut counts = vec![2, 3, most];
    counts.retain(|&classes| (2..=most).contains(&classes));
    counts.dedup();
    let mut logits: Vec<Logits> = counts.into_iter().map(random).collect();
    logits.extend([two(), three()].into_iter().filter(|grid| grid.classes <= most));
    logits
}

/// Normally distributed.
fn random(classes: usize) -> Logits {
    let mut numbers = Numbers(SEED);
    let mut row = |deviation: f64| (0..classes).map(|_| deviation * numbers.normal()).collect();
    let rows = DEVIATIONS.iter().flat_map(|&deviation| [deviation; ROWS]).map(&mut row).collect();
    Logits { source: "random", classes, rows }
}

/// Differences of 0 to 12 nats in steps of 0.002.
fn two() -> Logits {
    Logits { source: "grid", classes: 2, rows: (0..=6000).map(|i| vec![0.0, 0.002 * f64::from(i)]).collect() }
}

/// Two differences of 0 to 8 nats each, in steps of 0.05.
fn three() -> Logits {
    let pairs = (0..=160).flat_map(|i| (0..=160).map(move |j| (i, j)));
    let rows = pairs.map(|(i, j)| vec![0.0, 0.05 * f64::from(i), 0.05 * f64::from(j)]);
    Logits { source: "grid", classes: 3, rows: rows.collect() }
}

/// SplitMix64: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Of the standard normal distribution, as a sum of twelve uniform ones.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| (self.next() >> 11) as f64 / (1u64 << 53) as f64).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_classes_than_the_unit_takes_and_each_count_once() {
        let counts = |most| all(most).iter().map(|logits| (logits.source, logits.classes)).collect::<Vec<_>>();
        assert_eq!(counts(2), [("random", 2), ("grid", 2)]);
        assert_eq!(counts(3), [("random", 2), ("random", 3), ("grid", 2), ("grid", 3)]);
        assert_eq!(counts(16), [("random", 2), ("random", 3), ("random", 16), ("grid", 2), ("grid", 3)]);
    }

    #[test]
    fn random_logits_have_the_deviations_that_were_asked_for() {
        let logits = random(16);
        for (i, deviation) in DEVIATIONS.into_iter().enumerate() {
            let values = logits.rows[i * ROWS..(i + 1) * ROWS].concat();
            let squares = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
            assert!((squares.sqrt() / deviation - 1.0).abs() < 0.02, "{deviation}: {}", squares.sqrt());
        }
    }
}
