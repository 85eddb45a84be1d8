//! The cheapest covers of a length by items that may be taken any number of times, exactly.
//!
//! A dynamic programme over the length that is left. Items are taken in one order, so that each set of items
//! arises once, and a cover ends when nothing is left, so that none holds an item after its end. Each state
//! keeps the `keep` cheapest covers of distinct bills (how many of each macro). That is enough: what follows
//! a state adds the same bill and the same cost to each of its covers, so that a cover beyond them can always
//! be exchanged for `keep` others that are cheaper.

use crate::design::Optimise;
use std::{collections::BTreeSet, rc::Rc};

/// What is searched for one memory, in all of its covers: states times items.
const WORK: usize = 500_000;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Work(usize);

impl Default for Work {
    fn default() -> Self {
        Self(WORK)
    }
}

/// How many of each macro, by its place in the list of candidates.
pub(super) type Bill = Vec<u32>;

/// What a cover costs, in whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Area in 1e-6 µm².
    pub area: u128,
    /// Energy in aJ: of an access, or of an access to each word.
    pub energy: u128,
    /// Macros, copies not counted.
    pub tiles: u64,
}

/// Something to cover with.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub length: u64,
    pub cost: Cost,
    pub bill: Bill,
    /// Whether it alone makes a cover count: a cover without any such item is left out.
    pub tight: bool,
}

/// A cover: items in the order in which they lie.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    pub cost: Cost,
    pub bill: Bill,
    picks: Option<Rc<Pick>>,
}

#[derive(Debug)]
struct Pick {
    item: usize,
    count: u64,
    rest: Option<Rc<Pick>>,
}

/// In which direction items lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// Words: an access goes to one item. The item of the least energy is filled first, which is best for any
    /// set of items.
    Words,
    /// Bits: an access goes to all items. The widest come first, so that none of them can be left out.
    Bits,
}

/// More states than can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Cost {
    /// Smaller is cheaper: by the aim, then by the number of macros.
    fn key(&self, aim: Optimise) -> ((u128, u128), u64) {
        (aim.order(self.area, self.energy), self.tiles)
    }
}

impl Cover {
    /// Items with how often each is taken, in the order in which they lie.
    pub fn picks(&self) -> impl Iterator<Item = (usize, u64)> {
        std::iter::successors(self.picks.as_deref(), |pick| pick.rest.as_deref()).map(|pick| (pick.item, pick.count))
    }

    /// Cheapest first: by the aim, then by the number of macros, then by the macros that are listed first.
    pub fn compare(&self, other: &Self, aim: Optimise) -> std::cmp::Ordering {
        self.cost.key(aim).cmp(&other.cost.key(aim)).then_with(|| other.bill.cmp(&self.bill))
    }
}

/// Sorts covers, and keeps the cheapest of distinct bills.
pub(super) fn prune(covers: &mut Vec<Cover>, aim: Optimise, keep: usize) {
    covers.sort_by(|a, b| a.compare(b, aim));
    let mut seen = BTreeSet::new();
    covers.retain(|cover| seen.len() < keep && seen.insert(cover.bill.clone()));
}

/// The cheapest covers of a length, of `keep` distinct bills.
///
/// # Errors
/// When there are more states than can be searched.
pub(super) fn covers(
    items: &[Item],
    length: u64,
    along: Along,
    aim: Optimise,
    keep: usize,
    work: &mut Work,
) -> Result<Vec<Cover>, TooMany> {
    let left = remainders(items, length, work)?;
    let mut order: Vec<usize> = (0..items.len()).collect();
    match along {
        Along::Words => order.sort_by_key(|&i| (items[i].cost.energy, std::cmp::Reverse(items[i].length))),
        Along::Bits => order.sort_by_key(|&i| std::cmp::Reverse(items[i].length)),
    }
    let macros = items.first().map_or(0, |item| item.bill.len());
    let nothing = vec![Cover { cost: Cost::default(), bill: vec![0; macros], picks: None }];
    // For each remainder: all covers, and those with a tight item. The first remainder is 0.
    let mut any = vec![Vec::new(); left.len()];
    let mut tight: Vec<Vec<Cover>> = vec![Vec::new(); left.len()];
    any[0] = nothing;
    // From the last item to the first: what is known of a remainder uses this item or later ones.
    for &index in order.iter().rev() {
        let item = &items[index];
        for state in 1..left.len() {
            let rest = left[state].saturating_sub(item.length);
            // Every remainder that an item leaves is a state.
            let Ok(rest) = left.binary_search(&rest) else { continue };
            let covered = item.length.min(left[state]);
            let with = |covers: &[Cover], known: &[Cover]| -> Vec<Cover> {
                // What costs more than all that are kept would be dropped again.
                let most = known.get(keep - 1).map(|last| last.cost.key(aim));
                let cost = |cover: &Cover| added(cover, item, covered, along);
                let cheap = |cover: &&Cover| most.is_none_or(|most| cost(cover).key(aim) <= most);
                covers.iter().filter(cheap).map(|cover| take(index, item, cost(cover), cover)).collect()
            };
            let new_any = with(&any[rest], &any[state]);
            let new_tight = with(if item.tight { &any[rest] } else { &tight[rest] }, &tight[state]);
            for (known, new) in [(&mut any[state], new_any), (&mut tight[state], new_tight)] {
                if !new.is_empty() {
                    known.extend(new);
                    prune(known, aim, keep);
                }
            }
        }
    }
    Ok(tight.pop().unwrap_or_default())
}

/// What a cover costs with one more item.
fn added(rest: &Cover, item: &Item, covered: u64, along: Along) -> Cost {
    let share = if along == Along::Words { u128::from(covered) } else { 1 };
    Cost {
        area: rest.cost.area + item.cost.area,
        energy: rest.cost.energy + item.cost.energy * share,
        tiles: rest.cost.tiles + item.cost.tiles,
    }
}

/// The cover that an item begins.
fn take(index: usize, item: &Item, cost: Cost, rest: &Cover) -> Cover {
    let bill = rest.bill.iter().zip(&item.bill).map(|(a, b)| a + b).collect();
    let pick = match rest.picks.as_deref() {
        Some(pick) if pick.item == index => Pick { item: index, count: pick.count + 1, rest: pick.rest.clone() },
        _ => Pick { item: index, count: 1, rest: rest.picks.clone() },
    };
    Cover { cost, bill, picks: Some(Rc::new(pick)) }
}

/// What can be left of a length, from 0 to all of it.
fn remainders(items: &[Item], length: u64, work: &mut Work) -> Result<Vec<u64>, TooMany> {
    let lengths: BTreeSet<u64> = items.iter().map(|item| item.length).collect();
    let mut left = BTreeSet::from([0, length]);
    let mut open = vec![length];
    while let Some(remainder) = open.pop() {
        for &item in &lengths {
            let rest = remainder.saturating_sub(item);
            if left.insert(rest) {
                open.push(rest);
            }
        }
        if left.len() * items.len() > work.0 {
            return Err(TooMany);
        }
    }
    work.0 -= left.len() * items.len();
    Ok(left.into_iter().collect())
}
