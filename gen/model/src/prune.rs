//! Magnitude pruning: the smallest weights become zero.

use crate::{BlockSparsity, Matrix, ModelError};
use std::{cmp::Ordering, fmt};

/// Which weights of a matrix stay.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pruning {
    /// All.
    #[default]
    Dense,
    /// All but this share of them, wherever the smallest lie.
    Unstructured(f64),
    /// The largest of every block along the reduction.
    Block(BlockSparsity),
    /// Those of this magnitude or more.
    Below(f32),
}

impl fmt::Display for Pruning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense => f.write_str("dense"),
            Self::Unstructured(share) => write!(f, "{:.0} % unstructured", share * 100.0),
            Self::Block(b) => write!(f, "{}:{}", b.nonzeros(), b.block()),
            Self::Below(magnitude) => write!(f, "below {magnitude}"),
        }
    }
}

/// Prunes an outputs × inputs matrix.
///
/// # Errors
/// AE0707 when an unstructured share is not within 0..=1.
pub fn prune(weights: &mut Matrix, pruning: Pruning) -> Result<(), ModelError> {
    match pruning {
        Pruning::Dense => Ok(()),
        Pruning::Unstructured(share) => unstructured(weights, share),
        Pruning::Block(shape) => {
            blocks(weights, shape);
            Ok(())
        }
        Pruning::Below(magnitude) => {
            weights.data.iter_mut().filter(|w| w.abs() < magnitude).for_each(|w| *w = 0.0);
            Ok(())
        }
    }
}

/// Zeroes the `⌊share·len + ½⌋` smallest magnitudes. Of equal magnitudes the lower index stays.
///
/// # Errors
/// AE0707 when the share is not within 0..=1.
pub fn unstructured(weights: &mut Matrix, share: f64) -> Result<(), ModelError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(ModelError::Sparsity(format!("a sparsity of {share}: it must lie within 0 to 1")));
    }
    let keep = weights.data.len() - (share * weights.data.len() as f64 + 0.5).floor() as usize;
    keep_largest(&mut weights.data, keep);
    Ok(())
}

/// Keeps the `nonzeros` largest magnitudes of every block of consecutive inputs of an output, ties to the
/// lower index. A block cut off by the end of the reduction keeps as many.
pub fn blocks(weights: &mut Matrix, shape: BlockSparsity) {
    for row in weights.data.chunks_mut(weights.cols.max(1)) {
        for block in row.chunks_mut(shape.block()) {
            keep_largest(block, shape.nonzeros());
        }
    }
}

/// Zeroes all but the `keep` largest magnitudes, the lower index first among equals.
fn keep_largest(values: &mut [f32], keep: usize) {
    if keep >= values.len() {
        return;
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    let by_magnitude =
        |&a: &usize, &b: &usize| -> Ordering { values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)) };
    order.select_nth_unstable_by(keep, by_magnitude);
    order[keep..].iter().for_each(|&index| values[index] = 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, cols: usize) -> Matrix {
        // A full-period generator: magnitudes without order, some of them equal.
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) % 2001) as f32 / 1000.0 - 1.0
        };
        let data = (0..rows * cols).map(|_| next()).map(|x| if x == 0.0 { 0.5 } else { x }).collect();
        Matrix { rows, cols, data }
    }

    fn zeros(values: &[f32]) -> usize {
        values.iter().filter(|x| **x == 0.0).count()
    }

    #[test]
    fn unstructured_pruning_zeroes_the_exact_count_and_only_the_smallest() {
        for share in [0.0, 0.1, 0.5, 0.8, 1.0] {
            let original = matrix(7, 33);
            let mut pruned = original.clone();
            unstructured(&mut pruned, share).expect("a valid share");
            assert_eq!(zeros(&pruned.data), (share * 231.0 + 0.5) as usize);
            let kept = pruned.data.iter().filter(|x| **x != 0.0).map(|x| x.abs()).fold(f32::INFINITY, f32::min);
            for (before, after) in original.data.iter().zip(&pruned.data) {
                assert!(after == before || (*after == 0.0 && before.abs() <= kept));
            }
        }
    }

    #[test]
    fn equal_magnitudes_keep_the_lower_index() {
        let mut weights = Matrix { rows: 1, cols: 6, data: vec![1.0, -1.0, 1.0, -1.0, 2.0, 1.0] };
        unstructured(&mut weights, 0.5).expect("a valid share");
        assert_eq!(weights.data, [1.0, -1.0, 0.0, 0.0, 2.0, 0.0]);
    }

    #[test]
    fn every_block_keeps_exactly_its_nonzeros() {
        for (nonzeros, block) in [(8, 16), (4, 8), (2, 4)] {
            let mut weights = matrix(5, 3 * block + 1);
            blocks(&mut weights, BlockSparsity::new(nonzeros, block).expect("a known shape"));
            for r in 0..5 {
                let row = weights.row(r);
                for whole in row[..3 * block].chunks(block) {
                    assert_eq!(zeros(whole), block - nonzeros);
                }
                assert_ne!(row[3 * block], 0.0, "a cut-off block keeps what it can");
            }
        }
    }

    #[test]
    fn a_block_of_equal_weights_keeps_its_first() {
        let mut weights = Matrix { rows: 1, cols: 4, data: vec![-1.0, 1.0, 1.0, 1.0] };
        blocks(&mut weights, BlockSparsity::new(2, 4).expect("a known shape"));
        assert_eq!(weights.data, [-1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_threshold_takes_what_is_smaller_and_what_is_zero_stays_so() {
        let mut weights = Matrix { rows: 1, cols: 5, data: vec![-0.5, 0.25, 0.0, -0.125, 0.2] };
        prune(&mut weights, Pruning::Below(0.2)).expect("any threshold");
        assert_eq!(weights.data, [-0.5, 0.25, 0.0, 0.0, 0.2]);
        // Zeros are the smallest: what a checkpoint has pruned goes first.
        prune(&mut weights, Pruning::Unstructured(0.4)).expect("a valid share");
        assert_eq!(weights.data, [-0.5, 0.25, 0.0, 0.0, 0.2]);
    }

    #[test]
    fn impossible_sparsities_are_errors() {
        let mut weights = matrix(2, 4);
        for share in [-0.1, 1.1, f64::NAN] {
            assert_eq!(unstructured(&mut weights, share).map_err(|e| e.code().as_str()), Err("AE0707"));
        }
    }
}
