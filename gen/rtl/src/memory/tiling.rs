//! The cheapest tilings of a bank: one macro to a piece, pieces cut in two ways.
//!
//! Words first: the bank is cut into ranges of words, decoded by address, and each range into slices of bits.
//! Bits first: the bank is cut into slices of bits, and each slice, with a decode of its own, into ranges of
//! words. Both are covers of covers.
//!
//! Exact, since every tiling of the two ways costs no less than one that is searched. A range is as deep as
//! the shallowest of its macros: were it shallower, it could be made deeper at no cost. So depths of ranges
//! are depths of shapes, and at a given depth the best shape of a macro is its widest that is as deep. The
//! same holds for slices with depth and width exchanged.

use super::{
    cover::{Along, Cost, Cover, Item, TooMany, Work, covers, prune},
    demand::Demand,
    serve::{Candidate, Shape},
};
use std::collections::BTreeSet;

/// A macro at its place in a bank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub first_word: u64,
    pub words: u64,
    pub first_bit: u64,
    pub bits: u64,
    pub candidate: usize,
    pub fold: u32,
}

/// A tiling of one bank.
#[derive(Clone, Debug)]
pub(super) struct Tiling {
    pub cover: Cover,
    pub pieces: Vec<Piece>,
}

/// The `keep` cheapest tilings of distinct bills, cheapest first.
///
/// # Errors
/// When there are more states than can be searched.
pub(super) fn tilings(
    candidates: &[Candidate<'_>],
    demand: &Demand,
    keep: usize,
    work: &mut Work,
) -> Result<Vec<Tiling>, TooMany> {
    let mut all = Vec::new();
    // Of tilings of one bill and cost, that of words first stands first, and the sort keeps it so.
    for outer in [Along::Words, Along::Bits] {
        let groups = groups(candidates, demand, outer, keep, work)?;
        let items: Vec<Item> = groups.iter().map(|group| group.item.clone()).collect();
        let found = covers(&items, length(demand, outer), outer, demand.storage.optimise, keep, work)?;
        all.extend(found.into_iter().map(|cover| (cover, outer)).map(|(cover, outer)| {
            let pieces = place(&cover, &groups, demand, outer);
            Tiling { cover, pieces }
        }));
    }
    let mut order: Vec<Cover> = all.iter().map(|tiling| tiling.cover.clone()).collect();
    prune(&mut order, demand.storage.optimise, keep);
    let first = |cover: &Cover| {
        all.iter().find(|tiling| tiling.cover.bill == cover.bill && tiling.cover.cost == cover.cost).cloned()
    };
    Ok(order.iter().filter_map(first).collect())
}

/// A range of words across the bits, or a slice of bits down the words: an item of the outer cover, itself a
/// cover.
struct Group {
    item: Item,
    inner: Cover,
    /// What the items of the inner cover are.
    shapes: Vec<(usize, Shape)>,
}

fn length(demand: &Demand, along: Along) -> u64 {
    match along {
        Along::Words => demand.words,
        Along::Bits => demand.stored_bits().into(),
    }
}

fn extent(shape: &Shape, along: Along) -> u64 {
    match along {
        Along::Words => shape.words,
        Along::Bits => shape.bits,
    }
}

fn across(along: Along) -> Along {
    match along {
        Along::Words => Along::Bits,
        Along::Bits => Along::Words,
    }
}

/// For every extent that a group can have along the outer direction, its cheapest covers across.
fn groups(
    candidates: &[Candidate<'_>],
    demand: &Demand,
    outer: Along,
    keep: usize,
    work: &mut Work,
) -> Result<Vec<Group>, TooMany> {
    let inner = across(outer);
    let extents: BTreeSet<u64> =
        candidates.iter().flat_map(|candidate| &candidate.shapes).map(|shape| extent(shape, outer)).collect();
    let mut groups = Vec::new();
    for size in extents {
        // The shape of each macro that is large enough along and then largest across.
        let best = |candidate: &Candidate<'_>| {
            let fitting = candidate.shapes.iter().filter(|shape| extent(shape, outer) >= size);
            fitting.max_by_key(|shape| extent(shape, inner)).copied()
        };
        let shapes: Vec<_> = candidates.iter().enumerate().filter_map(|(i, c)| Some((i, best(c)?))).collect();
        let item = |&(index, shape): &(usize, Shape)| Item {
            length: extent(&shape, inner),
            cost: Cost { area: candidates[index].area, energy: candidates[index].energy, tiles: 1 },
            bill: (0..candidates.len()).map(|other| u32::from(other == index)).collect(),
            // A group of larger shapes alone is a group of a larger extent.
            tight: extent(&shape, outer) == size,
        };
        let items: Vec<Item> = shapes.iter().map(item).collect();
        for cover in covers(&items, length(demand, inner), inner, demand.storage.optimise, keep, work)? {
            let item = Item { length: size, cost: cover.cost, bill: cover.bill.clone(), tight: true };
            groups.push(Group { item, inner: cover, shapes: shapes.clone() });
        }
    }
    Ok(groups)
}

/// Where the macros of a tiling lie.
fn place(cover: &Cover, groups: &[Group], demand: &Demand, outer: Along) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let each = |picks: Vec<(usize, u64)>| picks.into_iter().flat_map(|(item, count)| (0..count).map(move |_| item));
    let mut begin = 0;
    for group in each(cover.picks().collect()).map(|index| &groups[index]) {
        let size = group.item.length.min(length(demand, outer) - begin);
        let mut inner_begin = 0;
        for (candidate, shape) in each(group.inner.picks().collect()).map(|index| group.shapes[index]) {
            let inner = across(outer);
            let inner_size = extent(&shape, inner).min(length(demand, inner) - inner_begin);
            let ((first_word, words), (first_bit, bits)) = match outer {
                Along::Words => ((begin, size), (inner_begin, inner_size)),
                Along::Bits => ((inner_begin, inner_size), (begin, size)),
            };
            pieces.push(Piece { first_word, words, first_bit, bits, candidate, fold: shape.fold });
            inner_begin += inner_size;
        }
        begin += size;
    }
    pieces.sort();
    pieces
}
