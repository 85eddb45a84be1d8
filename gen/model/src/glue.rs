//! How well a task answers, as GLUE measures it.
//!
//! ```text
//! F1       2·TP/(2·TP + FP + FN), class 1 being the positive one
//! Matthews (c·s − Σ p_k·t_k)/√((s² − Σ p_k²)·(s² − Σ t_k²)), s samples, c right ones, p_k predicted and t_k true ones of class k
//! Pearson  Σ (x − x̄)(y − ȳ)/√(Σ (x − x̄)²·Σ (y − ȳ)²);  Spearman: that of the ranks, ties at their mean
//! ```
//!
//! Where a denominator is zero there is no correlation: 0, as scikit-learn has it.

use serde::Serialize;

/// Measures of a classification.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// Share of right answers.
    pub accuracy: f64,
    /// Of two classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f1: Option<f64>,
    /// Matthews' correlation, over any number of classes.
    pub matthews: f64,
}

/// Measures of answers that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// Pearson's correlation.
    pub pearson: f64,
    /// Spearman's rank correlation.
    pub spearman: f64,
}

impl Classification {
    /// Of pairs of what was answered and what is right, each below `classes`.
    #[must_use]
    pub fn measure(pairs: &[(usize, usize)], classes: usize) -> Self {
        let count = |is: &dyn Fn(&(usize, usize)) -> bool| pairs.iter().filter(|pair| is(pair)).count() as f64;
        let samples = pairs.len() as f64;
        let right = count(&|(answer, truth)| answer == truth);
        let mut sums = [0.0; 3];
        for class in 0..classes {
            let (answered, true_ones) = (count(&|pair| pair.0 == class), count(&|pair| pair.1 == class));
            for (sum, product) in
                sums.iter_mut().zip([answered * true_ones, answered * answered, true_ones * true_ones])
            {
                *sum += product;
            }
        }
        let [both, answered, truth] = sums;
        let spread = ((samples * samples - answered) * (samples * samples - truth)).sqrt();
        let f1 = (classes == 2).then(|| {
            let positive = count(&|&pair| pair == (1, 1));
            ratio(2.0 * positive, 2.0 * positive + count(&|pair| pair.0 != pair.1))
        });
        Self { accuracy: ratio(right, samples), f1, matthews: ratio(right * samples - both, spread) }
    }
}

impl Regression {
    /// Of pairs of what was answered and what is right.
    #[must_use]
    pub fn measure(pairs: &[(f64, f64)]) -> Self {
        let (answers, truths): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        Self { pearson: correlation(&answers, &truths), spearman: correlation(&ranks(&answers), &ranks(&truths)) }
    }
}

fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (mx, my) = (mean(x), mean(y));
    let sum = |term: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(x, y)| term(x - mx, y - my)).sum::<f64>();
    ratio(sum(&|x, y| x * y), (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt())
}

/// Places in order from 1 on, equal values at the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (run.len() as f64 + 1.0) / 2.0;
        run.iter().for_each(|&index| ranks[index] = mean);
        first += run.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} for {b}");
    }

    #[test]
    fn measures_of_two_classes_are_those_of_their_table() {
        // 4 true positives, 3 true negatives, 2 false positives, 1 false negative.
        let pairs = [vec![(1, 1); 4], vec![(0, 0); 3], vec![(1, 0); 2], vec![(0, 1); 1]].concat();
        let measured = Classification::measure(&pairs, 2);
        near(measured.accuracy, 0.7);
        near(measured.f1.expect("two classes"), 8.0 / 11.0);
        near(measured.matthews, (4.0 * 3.0 - 2.0) / (6.0f64 * 5.0 * 5.0 * 4.0).sqrt());
    }

    #[test]
    fn matthews_of_three_classes_is_gorodkins() {
        let pairs = [(0, 0), (1, 1), (2, 2), (2, 1), (0, 0), (1, 2)];
        let measured = Classification::measure(&pairs, 3);
        assert_eq!(measured.f1, None);
        // c = 4, s = 6; p = t = 2 2 2.
        near(measured.matthews, (4.0 * 6.0 - 12.0) / (36.0 - 12.0));
        near(Classification::measure(&[(1, 0), (1, 1)], 2).matthews, 0.0);
        near(Classification::measure(&[], 2).accuracy, 0.0);
    }

    #[test]
    fn correlations_are_those_of_values_and_of_ranks() {
        let pairs = [(1.0, 2.0), (2.0, 4.0), (3.0, 5.0), (4.0, 4.0), (5.0, 5.0)];
        let measured = Regression::measure(&pairs);
        near(measured.pearson, 6.0 / 60f64.sqrt());
        // Ranks of the second: 1, 2.5, 4.5, 2.5, 4.5.
        near(measured.spearman, 7.0 / 90f64.sqrt());
        assert_eq!(Regression::measure(&[(1.0, 1.0), (1.0, 2.0)]), Regression { pearson: 0.0, spearman: 0.0 });
        let rising = [(0.1, 1.0), (0.2, 10.0), (0.9, 100.0)];
        near(Regression::measure(&rising).spearman, 1.0);
    }
}
