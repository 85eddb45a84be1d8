//! The choice against every tiling there is.

use super::*;
use crate::memory::{
    selection::best,
    serve::{Candidate, candidates},
};
use std::collections::BTreeMap;

/// Random macros, small enough that every way to cut a bank can be tried.
fn technology(draws: &mut Draws) -> Technology {
    let mut technology = Technology::shipped().expect("it can be read");
    let like = technology.macros[0].clone();
    technology.macros = (0..draws.between(1, 4))
        .map(|index| Macro {
            name: format!("m{index}"),
            words: draws.between(1, 5) as u32,
            bits: draws.between(1, 5) as u32,
            write_enable_bits: 1,
            // Few values, so that ties are common.
            area_um2: draws.between(1, 12) as f64,
            read_energy_pj: draws.between(1, 6) as f64,
            read_latency_ns: draws.between(1, 3) as f64,
            cycle_ns: Some(1.0),
            ..like.clone()
        })
        .collect();
    technology
}

/// Area, and energy over all words; in the order of the aim.
type Key = (u128, u128, u64);

/// The least cost of a rectangle, cut at every place in one direction and each part at every place in the
/// other; the definition, without any of the arguments by which the search is short.
fn brute(serving: &[Candidate<'_>], demand: &Demand) -> Option<Key> {
    let mut aim = BTreeMap::new();
    let (words, bits) = (demand.words, u64::from(demand.bits));
    let key = |a: Key, b: Key| (a.0 + b.0, a.1 + b.1, a.2 + b.2);
    // One macro on words × bits, folded by any power of two.
    let mut one = |words: u64, bits: u64| -> Option<Key> {
        *aim.entry((words, bits)).or_insert_with(|| {
            let fits = |c: &&Candidate<'_>| {
                (0..4)
                    .map(|p| 1 << p)
                    .any(|f| u64::from(c.hard_macro.words) * f >= words && u64::from(c.hard_macro.bits) / f >= bits)
            };
            let cost = |c: &Candidate<'_>| {
                let (first, second) = demand.storage.optimise.order(c.area, c.energy * u128::from(words));
                (first, second, 1)
            };
            serving.iter().filter(fits).map(cost).min()
        })
    };
    // The least over all ways to cut a length into parts.
    fn cut(length: u64, part: &mut dyn FnMut(u64) -> Option<Key>, add: &dyn Fn(Key, Key) -> Key) -> Option<Key> {
        let mut least: Vec<Option<Key>> = vec![Some((0, 0, 0))];
        for end in 1..=length {
            let ways = (1..=end).filter_map(|last| Some(add(least[(end - last) as usize]?, part(last)?)));
            let best = ways.min();
            least.push(best);
        }
        least[length as usize]
    }
    let rows_first = cut(words, &mut |range| cut(bits, &mut |slice| one(range, slice), &key), &key);
    let bits_first = cut(bits, &mut |slice| cut(words, &mut |range| one(range, slice), &key), &key);
    rows_first.into_iter().chain(bits_first).min()
}

fn key(choice: &MacroSelection, demand: &Demand) -> Key {
    let fixed = |figure: f64| (figure * 1e6).round() as u128;
    let energy = fixed(choice.access_energy_pj * demand.words as f64);
    let (first, second) = demand.storage.optimise.order(fixed(choice.area_um2), energy);
    (first, second, choice.tiles.len() as u64)
}

#[test]
fn taking_the_best_macro_for_its_size_first_is_not_enough() {
    let mut technology = Technology::shipped().expect("it can be read");
    let like = technology.macros[0].clone();
    let of = |name: &str, words, area_um2| Macro { name: name.into(), words, bits: 1, area_um2, ..like.clone() };
    technology.macros = vec![of("six", 6, 6.5), of("four", 4, 4.6)];
    // A word costs 1.08 in six and 1.15 in four, but eight words are six and two, or four twice: 11.1 against
    // 9.2.
    let best = &chosen(&technology, &demand(8, 1, Optimise::Area))[0];
    assert_eq!((best.macros.get("four"), best.macros.get("six")), (Some(&2), None));
}

#[test]
fn the_choice_is_the_least_of_all_tilings_by_area_and_by_energy() {
    let mut draws = Draws(1);
    for round in 0..3000 {
        let technology = technology(&mut draws);
        let aim = [Optimise::Area, Optimise::Energy][round % 2];
        let demand = demand(draws.between(1, 9), draws.between(1, 7) as u32, aim);
        let (serving, _) = candidates(&technology, &demand);
        let best = &chosen(&technology, &demand)[0];
        assert_eq!(
            Some(key(best, &demand)),
            brute(&serving, &demand),
            "round {round}: {demand:?} {technology:?} {best:?}"
        );
    }
}

#[test]
fn the_choice_for_latency_is_the_fastest_and_then_the_least() {
    let mut draws = Draws(2);
    for round in 0..1000 {
        let technology = technology(&mut draws);
        let demand = demand(draws.between(1, 7), draws.between(1, 5) as u32, Optimise::Latency);
        let (serving, _) = candidates(&technology, &demand);
        let subset = |mask: u32| -> Vec<_> {
            (0..serving.len()).filter(|i| mask >> i & 1 == 1).map(|i| serving[i].clone()).collect()
        };
        let slowest = |of: &[Candidate<'_>]| of.iter().map(|c| c.hard_macro.read_latency_ns as u64).max();
        let all = (1..1 << serving.len()).map(subset).filter_map(|of| Some((slowest(&of)?, brute(&of, &demand)?)));
        let best = &chosen(&technology, &demand)[0];
        assert_eq!(Some((best.latency_ns as u64, key(best, &demand))), all.min(), "round {round}");
    }
}

#[test]
fn the_runners_up_are_those_of_a_search_that_keeps_everything() {
    let mut draws = Draws(3);
    for round in 0..600 {
        let technology = technology(&mut draws);
        let aim = [Optimise::Area, Optimise::Energy, Optimise::Latency][round % 3];
        let demand = demand(draws.between(1, 5), draws.between(1, 4) as u32, aim);
        let (serving, _) = candidates(&technology, &demand);
        let few = best(&serving, &demand, ALTERNATIVES).expect("a small search");
        let mut all = best(&serving, &demand, 4000).expect("a small search");
        assert!(all.len() < 4000);
        all.truncate(ALTERNATIVES);
        assert_eq!(few, all, "round {round}");
        let bills: std::collections::BTreeSet<_> = few.iter().map(|choice| &choice.macros).collect();
        assert_eq!(bills.len(), few.len(), "runners-up differ in their macros");
    }
}

#[test]
fn tiles_hold_every_bit_once_and_none_is_larger_than_its_macro() {
    let mut draws = Draws(4);
    for round in 0..500 {
        let technology = technology(&mut draws);
        let demand = demand(draws.between(1, 12), draws.between(1, 9) as u32, Optimise::WORDS[round % 3].1);
        for choice in chosen(&technology, &demand) {
            let mut held = vec![0; (demand.words * u64::from(demand.bits)) as usize];
            for tile in &choice.tiles {
                let of = technology.macros.iter().find(|of| of.name == tile.name).expect("a macro of the file");
                assert!(tile.words.1 - tile.words.0 < u64::from(of.words * tile.fold));
                assert!(tile.bits.1 - tile.bits.0 < of.bits / tile.fold);
                for word in tile.words.0..=tile.words.1 {
                    (tile.bits.0..=tile.bits.1)
                        .for_each(|bit| held[(word * u64::from(demand.bits) + u64::from(bit)) as usize] += 1);
                }
            }
            assert!(held.iter().all(|&times| times == 1), "round {round}");
        }
    }
}
