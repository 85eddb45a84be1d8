//! The macros that a memory is made of, and what they amount to.

use super::{
    cover::{TooMany, Work},
    demand::Demand,
    serve::{Candidate, candidates, explain},
    technology::Technology,
    tiling::{Tiling, tilings},
};
use crate::design::Optimise;
use alberti_diagnostic::{Code, Diagnostic, Location};
use serde::Serialize;
use std::collections::BTreeMap;

/// The best selection and the runners-up that are looked for.
pub const ALTERNATIVES: usize = 4;

/// One way to make a memory. Its banks are all made alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MacroSelection {
    /// How many of each macro are in all banks, copies included, by name.
    pub macros: BTreeMap<String, u64>,
    /// Area of all banks in µm², without decode and wires.
    pub area_um2: f64,
    /// Leakage of all banks in µW.
    pub leakage_uw: f64,
    /// Energy in pJ of one access to every bank (a read; a write where the memory is only written), on
    /// average over the words.
    pub access_energy_pj: f64,
    /// Latency of a read in ns: that of the slowest macro.
    pub latency_ns: f64,
    /// The same in cycles of the design's clock.
    pub latency_cycles: u64,
    /// Bits of the memory to bits of its macros.
    pub utilisation: f64,
    /// Bits that the banks take or give in a second at the design's clock, in Gbit/s.
    pub bandwidth_gbps: f64,
    /// The macros of a bank and their places.
    pub tiles: Vec<Tile>,
}

/// A macro at its place, the same in every bank. Ranges hold their first and their last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tile {
    /// The macro.
    pub name: String,
    /// The words of the bank that it holds.
    pub words: (u64, u64),
    /// The bits of these words, as they are stored.
    pub bits: (u32, u32),
    /// Words of the bank that share a word of the macro; the lowest address bits choose among them.
    pub fold: u32,
    /// Copies that share the reads.
    pub copies: u32,
}

/// The best selection for a memory and the next best of other macros, at most [`ALTERNATIVES`]; `place` is
/// that of the memory.
///
/// # Errors
/// That no macro serves, or that the search is too large.
pub fn choose(technology: &Technology, demand: &Demand, place: &Location) -> Result<Vec<MacroSelection>, Diagnostic> {
    let (serving, refused) = candidates(technology, demand);
    if serving.is_empty() {
        let (why, help) = explain(&refused, technology, demand);
        let message = format!("no macro of {} serves the memory `{}`: {why}", technology.name, demand.memory);
        return Err(Diagnostic::new(Code::NoMacroServes, message, help).at(place.clone()));
    }
    let selections = best(&serving, demand, ALTERNATIVES);
    selections.map_err(|TooMany| {
        let message = format!(
            "{} words of {} bits have too many tilings by the {} macros of {} that serve the memory `{}`",
            demand.words,
            demand.bits,
            serving.len(),
            technology.name,
            demand.memory
        );
        let help = "list fewer or deeper macros, or macros whose depths have a large common divisor";
        Diagnostic::new(Code::TooManyTilings, message, help).at(place.clone())
    })
}

/// The `keep` best selections of distinct macros, best first.
pub(super) fn best(serving: &[Candidate<'_>], demand: &Demand, keep: usize) -> Result<Vec<MacroSelection>, TooMany> {
    let mut work = Work::default();
    if demand.storage.optimise != Optimise::Latency {
        return Ok(tilings(serving, demand, keep, &mut work)?
            .iter()
            .map(|tiling| figures(serving, demand, tiling))
            .collect());
    }
    // The slowest macro decides: under each bound on latency, the least area. A selection that is not among
    // the `keep` best under its own latency as the bound has `keep` others before it.
    let mut bounds: Vec<f64> = serving.iter().map(|candidate| candidate.hard_macro.read_latency_ns).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    let mut all: Vec<(Tiling, MacroSelection)> = Vec::new();
    for bound in bounds {
        let fast: Vec<_> = serving.iter().filter(|c| c.hard_macro.read_latency_ns <= bound).cloned().collect();
        for tiling in tilings(&fast, demand, keep, &mut work)? {
            let selection = figures(&fast, demand, &tiling);
            if selection.latency_ns == bound {
                all.push((tiling, selection));
            }
        }
        if all.len() >= keep {
            break;
        }
    }
    Ok(all.into_iter().map(|(_, selection)| selection).take(keep).collect())
}

fn figures(serving: &[Candidate<'_>], demand: &Demand, tiling: &Tiling) -> MacroSelection {
    let banks = f64::from(demand.banks);
    let pieces = || tiling.pieces.iter().map(|piece| (piece, &serving[piece.candidate]));
    let sum =
        |figure: &dyn Fn(&Candidate<'_>) -> f64| pieces().map(|(_, c)| f64::from(c.copies) * figure(c)).sum::<f64>();
    let accesses = f64::from(demand.reads_per_cycle + demand.writes_per_cycle);
    let latency_ns = pieces().map(|(_, c)| c.hard_macro.read_latency_ns).fold(0.0, f64::max);
    let bits = demand.words as f64 * f64::from(demand.bits);
    let count = |candidate: usize| {
        let used = pieces().filter(|(piece, _)| piece.candidate == candidate).count() as u64;
        used * u64::from(serving[candidate].copies) * u64::from(demand.banks)
    };
    let tile = |(piece, candidate): (&super::tiling::Piece, &Candidate<'_>)| Tile {
        name: candidate.hard_macro.name.clone(),
        words: (piece.first_word, piece.first_word + piece.words - 1),
        // A word has at most 64 codes of 16 bits, so that bits fit.
        bits: (piece.first_bit as u32, (piece.first_bit + piece.bits - 1) as u32),
        fold: piece.fold,
        copies: candidate.copies,
    };
    MacroSelection {
        macros: (0..serving.len())
            .map(|i| (serving[i].hard_macro.name.clone(), count(i)))
            .filter(|(_, count)| *count > 0)
            .collect(),
        area_um2: banks * sum(&|c| c.hard_macro.area_um2),
        leakage_uw: banks * sum(&|c| c.hard_macro.leakage_uw),
        access_energy_pj: banks * (tiling.cover.cost.energy as f64 / 1e6) / (demand.words as f64 * accesses),
        latency_ns,
        latency_cycles: demand.cycles(latency_ns),
        utilisation: bits / sum(&|c| f64::from(c.hard_macro.words) * f64::from(c.hard_macro.bits)),
        bandwidth_gbps: banks * f64::from(demand.bits) * accesses * demand.frequency_mhz / 1000.0,
        tiles: pieces().map(tile).collect(),
    }
}
