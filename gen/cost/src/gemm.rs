//! Cycles of a matrix multiply on the processing unit when no stream stalls.
//!
//! Rows are cut into chunks that the accumulator holds, columns into tiles of n; each chunk of each tile is a
//! job, and a job passes over its rows once for every weight tile along the reduction:
//!
//! ```text
//! total = Σ over jobs passes·max(rows, n, 4) − wait + fill
//! ```
//!
//! A pass waits for the n rows of the next weight tile, and for the sums of its own rows, which are written 4
//! cycles after their vectors. The very last pass has nothing after it to wait for: `wait = max(rows, n, 4) −
//! rows` of that pass.

use alberti_rtl::{Design, blocks::MIN_PASS};

/// Cycles of a matrix multiply, from the first weight mask to the last result mask, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cycles {
    /// Cycles in which the array works or waits for a weight tile: Σ passes·max(rows, n, 4) − wait.
    pub compute: u64,
    /// Cycles before the first vector enters the array and after the last one did; the design's alone.
    pub fill: u64,
    /// All cycles.
    pub total: u64,
    /// Products with a weight that the format keeps, by those that the array can make in `total` cycles: 0 to
    /// 1.
    pub utilisation: f64,
}

/// Cycles of an `m` × `k` by `k` × `n` multiply with plain weights. A multiply of nothing takes none.
#[must_use]
pub fn gemm_cycles(design: &Design, m: u64, k: u64, n: u64) -> Cycles {
    cycles(design, (m, k, n), k.div_ceil(design.datapath.n.into()), m * k * n)
}

/// Cycles when all weights come as blocks, of which a pass takes the double reduction. `None` in a design
/// without block sparsity.
#[must_use]
pub fn block_gemm_cycles(design: &Design, m: u64, k: u64, n: u64) -> Option<Cycles> {
    let sparsity = design.datapath.sparsity?;
    let passes = k.div_ceil(2 * u64::from(design.datapath.n));
    Some(cycles(design, (m, k, n), passes, m * k * n * u64::from(sparsity.nonzeros) / u64::from(sparsity.block)))
}

/// Cycles of a multiply in which the array does nothing yet or nothing more:
///
/// ```text
/// fill = max(n + weight latency, activation latency) + 3 + pipeline + activation + 6
/// ```
///
/// The first weight tile comes row by row through its decoder (latency + 3 cycles), and the first activation
/// vector beside it; after the last vector lie the array's pipeline and sum, the activation if there is one,
/// requantisation, result buffer and encoder.
#[must_use]
pub fn fill(design: &Design) -> u64 {
    let (d, memories) = (&design.datapath, &design.memories);
    let before = (d.n + memories.weight.latency).max(memories.activation.latency) + 3;
    u64::from(before + d.pipeline + d.activation.latency() + 6)
}

fn cycles(design: &Design, (m, k, n): (u64, u64, u64), passes: u64, products: u64) -> Cycles {
    if m == 0 || k == 0 || n == 0 {
        return Cycles { compute: 0, fill: 0, total: 0, utilisation: 0.0 };
    }
    let lanes = u64::from(design.datapath.n);
    let chunk = u64::from(design.datapath.accumulator_rows);
    let pass = |rows: u64| rows.max(lanes).max(MIN_PASS.into());
    let (full, rest) = (m / chunk, m % chunk);
    let last = if rest == 0 { chunk } else { rest };
    let rows = full * pass(chunk) + if rest == 0 { 0 } else { pass(rest) };
    let compute = n.div_ceil(lanes) * passes * rows - (pass(last) - last);
    let fill = fill(design);
    let total = compute + fill;
    Cycles { compute, fill, total, utilisation: products as f64 / (lanes * lanes * total) as f64 }
}
