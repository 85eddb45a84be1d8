//! Multiplies that show how well an array is used, with their cycles.

use crate::{block_gemm_cycles, gemm_cycles};
use alberti_rtl::Design;
use serde::Serialize;

/// Rows, reduction and columns of the multiplies of a base-sized encoder, and of some that fill the array
/// less well.
const SHAPES: [(u64, u64, u64); 6] =
    [(128, 768, 768), (128, 768, 3072), (128, 3072, 768), (128, 384, 384), (32, 768, 768), (1, 768, 768)];

/// A multiply and its cycles.
#[derive(Clone, Debug, Serialize)]
pub struct GemmCycles {
    /// Vectors of activations.
    pub rows: u64,
    /// Length of each of them.
    pub reduction: u64,
    /// Outputs.
    pub columns: u64,
    /// `plain`, or `blocks` where all weights come as blocks.
    pub kind: &'static str,
    /// All cycles.
    pub cycles: u64,
    /// Products with a weight that the format keeps, by those that the array could make in that time: 0 to 1.
    pub utilisation: f64,
}

/// The multiplies whose reduction the design takes: with plain weights, and as blocks where it has block
/// sparsity.
#[must_use]
pub fn usual_gemms(design: &Design) -> Vec<GemmCycles> {
    let mut gemms = Vec::new();
    for (m, k, n) in SHAPES.into_iter().filter(|&(_, k, _)| k <= u64::from(design.datapath.reduction_max)) {
        let plain = Some(gemm_cycles(design, m, k, n));
        let blocks = block_gemm_cycles(design, m, k, n);
        for (kind, cycles) in [("plain", plain), ("blocks", blocks)] {
            gemms.extend(cycles.map(|cycles| GemmCycles {
                rows: m,
                reduction: k,
                columns: n,
                kind,
                cycles: cycles.total,
                utilisation: cycles.utilisation,
            }));
        }
    }
    gemms
}
