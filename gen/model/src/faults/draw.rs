//! Fault maps from a seed.

use super::Misreads;
use crate::ModelError;
use alberti_golden::cells::{Cells, Fault, FaultMap};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use std::collections::BTreeSet;

/// A source of random numbers, the same on every machine: ChaCha with 8 rounds.
#[derive(Clone, Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// Stream `stream` of a seed. Streams do not overlap.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Uniform within 0..1, in steps of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Those of `count` things that each happen with probability `p`, ascending: from one to the next in one
    /// step, so that what does not happen costs nothing.
    pub fn hits(&mut self, count: u64, p: f64) -> impl Iterator<Item = u64> {
        let mut next = 0u64;
        std::iter::from_fn(move || {
            let hit = next.checked_add(skip(self.uniform(), p)?).filter(|&hit| hit < count)?;
            next = hit + 1;
            Some(hit)
        })
    }
}

/// How many things do not happen before the next that does: k, where 1 − (1 − p)^k ≤ u < 1 − (1 − p)^(k + 1).
/// None where nothing ever happens.
fn skip(u: f64, p: f64) -> Option<u64> {
    if p >= 1.0 {
        return Some(0);
    }
    // As a float it saturates: beyond every memory.
    (p > 0.0).then(|| (libm::log1p(-u) / libm::log1p(-p)) as u64)
}

/// What is wrong with the cells of a memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Defects {
    /// How often levels are misread.
    pub misreads: Misreads,
    /// Share of cells that are stuck at a level, any of them alike.
    pub stuck: f64,
}

/// Draws the map of a memory of `words` words: first the misreads of each level, lowest first, then the stuck
/// cells, which read their level whatever is stored.
///
/// # Errors
/// AE0711 when the misreads are those of cells with another number of levels, or the share of stuck cells is
/// not within 0 to 1.
pub fn draw(cells: &Cells, words: usize, defects: &Defects, draws: &mut Draws) -> Result<FaultMap, ModelError> {
    let misreads = &defects.misreads;
    if misreads.levels() != cells.levels() || !(0.0..=1.0).contains(&defects.stuck) {
        return Err(ModelError::Shape(format!(
            "misreads of {} levels and a share of {} stuck cells, for cells of {} levels",
            misreads.levels(),
            defects.stuck,
            cells.levels()
        )));
    }
    let per_word = cells.per_word() as u64;
    let count = words as u64 * per_word;
    let fault = |cell: u64, stored: usize, read: usize| Fault {
        word: (cell / per_word) as usize,
        cell: (cell % per_word) as usize,
        stored: stored as u8,
        read: read as u8,
    };
    let mut faults = Vec::new();
    for stored in 0..cells.levels() {
        let hits: Vec<u64> = draws.hits(count, misreads.of_level(stored)).collect();
        faults.extend(hits.into_iter().map(|cell| fault(cell, stored, misread(misreads, stored, draws.uniform()))));
    }
    let stuck: Vec<u64> = draws.hits(count, defects.stuck).collect();
    let places: BTreeSet<_> = stuck.iter().map(|&cell| fault(cell, 0, 0)).map(|f| (f.word, f.cell)).collect();
    faults.retain(|fault| !places.contains(&(fault.word, fault.cell)));
    for cell in stuck {
        let read = (draws.uniform() * cells.levels() as f64) as usize;
        faults.extend((0..cells.levels()).filter(|&stored| stored != read).map(|stored| fault(cell, stored, read)));
    }
    FaultMap::new(cells, words, faults).map_err(|error| ModelError::Shape(error.to_string()))
}

/// The level read in place of `stored`, of those that it is misread as.
fn misread(misreads: &Misreads, stored: usize, u: f64) -> usize {
    let others = (0..misreads.levels()).filter(|&read| read != stored && misreads.probability(stored, read) > 0.0);
    let (mut left, mut last) = (u * misreads.of_level(stored), stored);
    for read in others {
        last = read;
        left -= misreads.probability(stored, read);
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_the_inverse_of_its_distribution() {
        for p in [1e-12, 1e-9, 1e-4, 0.03, 0.5, 0.999] {
            for step in 0..10_000 {
                let u = f64::from(step) / 10_000.0;
                let k = skip(u, p).expect("it happens") as f64;
                let none = |k: f64| -libm::expm1(k * libm::log1p(-p));
                assert!(none(k) <= u * (1.0 + 1e-12) + 1e-15 && u < none(k + 1.0) * (1.0 + 1e-12) + 1e-15, "{p}, {u}");
            }
        }
        assert_eq!((skip(0.7, 0.0), skip(0.7, 1.0), skip(0.0, 0.3)), (None, Some(0), Some(0)));
        assert!(skip(0.999_999, 1e-300).expect("it happens, late") > 1 << 60);
    }

    #[test]
    fn rare_faults_of_a_large_memory_cost_next_to_nothing() {
        // 1e8 cells at 1e-9 and at 1e-6: by chance 0.1 and 100 of them.
        let count = |p| Draws::new(3, 0).hits(100_000_000, p).count();
        assert!(count(1e-9) < 4);
        assert!((60..140).contains(&count(1e-6)));
    }
}
