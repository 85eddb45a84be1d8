//! What units have in common that process rows by their lengths, and count the ends that vectors announce
//! elsewhere.

use super::subject::same;
use crate::Result;
use alberti_harness::{Bits, Report, Seed, SourceId, Testbench};

/// Whether the ends that vectors announce are those of their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// They are.
    Right,
    /// Some are, some are not.
    Random,
}

/// The bench of such a unit.
pub trait RowBench {
    /// What goes in.
    type Stimulus;

    /// The bench itself.
    fn testbench(&mut self) -> &mut Testbench;

    /// Queues rows and what must come of them; answers with the number of ends in the wrong places.
    fn load(&mut self, rows: &[Self::Stimulus], ends: Ends) -> Result<u64>;
}

/// Some rows that a reset cuts short after `cut` cycles, and that leave nothing over; all rows, which the
/// first report is of; a part of them with ends in the wrong places, which are counted and change nothing.
pub fn exercise<B: RowBench>(bench: &mut B, rows: &[B::Stimulus], cut: u64, seed: Seed) -> Result<[Report; 2]> {
    bench.load(&rows[..rows.len().min(8)], Ends::Right)?;
    for _ in 0..cut {
        bench.testbench().step()?;
    }
    bench.testbench().reset(1)?;
    bench.load(rows, Ends::Right)?;
    let right = bench.testbench().finish()?;
    counted(bench.testbench(), seed, 0)?;
    let wrong = bench.load(&rows[..rows.len() / 4], Ends::Random)?;
    let random = bench.testbench().finish()?;
    counted(bench.testbench(), seed, wrong)?;
    Ok([right, random])
}

/// Queues a row of `length` elements of 16 bits in vectors of n; answers with the number of ends in the wrong
/// places. Lanes beyond the elements that are given carry anything.
pub fn send(
    bench: &mut Testbench,
    stream: SourceId,
    elements: &[i16],
    (length, n): (usize, usize),
    ends: Ends,
) -> Result<u64> {
    let (vectors, mut wrong) = (length.div_ceil(n), 0);
    for v in 0..vectors {
        let rng = bench.rng();
        let vector = (v * n..(v + 1) * n).map(|i| elements.get(i).copied().unwrap_or_else(|| rng.bits(16) as i16));
        let vector: Vec<i16> = vector.collect();
        let right = v + 1 == vectors;
        let last = if ends == Ends::Random { rng.chance(0.5) } else { right };
        wrong += u64::from(last != right);
        bench.send(stream, &[Bits::pack_signed(16, vector), last.into()])?;
    }
    Ok(wrong)
}

/// Lets the counter count.
pub fn start(bench: &mut Testbench) -> Result<()> {
    let clear = bench.model().input("clear_i")?;
    bench.model_mut().set(clear, 0);
    Ok(())
}

/// Demands that the counter has counted as many ends as are wrong, and that clearing it takes them back.
pub fn counted(bench: &mut Testbench, seed: Seed, wrong: u64) -> Result<()> {
    let count = bench.model().output("length_error_count_o")?;
    same(seed, "length_error_count_o", bench.model().get(count), wrong)?;
    let clear = bench.model().input("clear_i")?;
    for value in [1, 0] {
        bench.model_mut().set(clear, value);
        bench.step()?;
    }
    same(seed, "length_error_count_o after clear", bench.model().get(count), 0)
}
