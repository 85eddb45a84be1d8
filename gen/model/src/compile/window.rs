//! Which tiles of P·V are multiplied: of each group of queries, those of keys that some query of it sees.
//!
//! After a head's span probabilities are zero. A window of tiles serves a group of queries, with one
//! instruction: the smaller the groups are, the fewer tiles there are that only some of a group see, but the
//! more instructions and weight tiles.

use super::emit::Chunk;
use alberti_golden::encoder::Span;
use std::ops::Range;

/// Queries, and what they see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub queries: Chunk,
    /// Tiles of n keys.
    pub tiles: Range<u32>,
}

/// P·V of a head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub n: u32,
    /// Queries and keys, in whole tiles.
    pub tokens: u32,
    pub span: Span,
    /// Tiles of a key's values.
    pub columns: u32,
    /// Cycles that an instruction more must save.
    pub price: u64,
}

/// More cycles than an instruction takes to be read and issued: after one that runs longer it costs none, and
/// to save less it is not worth its place in the program.
pub(super) const ISSUE: u64 = 16;

/// Pairs of a query and a key that it sees.
pub(super) fn pairs(span: Span, tokens: usize) -> usize {
    let keys = |reach: usize, query: usize| query.min(reach) + 1 + (tokens - 1 - query).min(reach);
    span.reach().map_or(0, |reach| (0..tokens).map(|query| keys(reach, query)).sum())
}

impl Window {
    /// The groups of a chunk that take the fewest cycles, and of these the fewest groups: runs of n queries,
    /// and what is left.
    pub fn groups(&self, chunk: Chunk) -> Vec<Group> {
        let runs = chunk.rows.div_ceil(self.n);
        let bound = |run: u32| (run * self.n).min(chunk.rows);
        let group = |first: u32, end: u32| {
            let queries = Chunk { start: chunk.start + bound(first), rows: bound(end) - bound(first) };
            Group { queries, tiles: self.tiles(queries) }
        };
        // Up to each run: cycles, groups, and the run at which the last group begins.
        let mut best = vec![(0, 0, 0)];
        for end in 1..=runs {
            let ways = (0..end).map(|first| {
                let (cycles, groups, _) = best[first as usize];
                (cycles + self.price + self.cycles(&group(first, end)), groups + 1, first)
            });
            best.extend(ways.min());
        }
        let mut groups = Vec::new();
        let mut end = runs;
        while end > 0 {
            let (_, _, first) = best[end as usize];
            groups.push(group(first, end));
            end = first;
        }
        groups.reverse();
        groups
    }

    /// Tiles of keys of which some query sees one: its own is among them.
    fn tiles(&self, Chunk { start, rows }: Chunk) -> Range<u32> {
        let reach = self.span.reach().map_or(0, |reach| u32::try_from(reach).unwrap_or(u32::MAX));
        let last = (start + rows - 1).saturating_add(reach).min(self.tokens - 1);
        start.saturating_sub(reach) / self.n..last / self.n + 1
    }

    /// A pass takes its vectors, and the rows of its weight tile where both are read from one bank; elsewhere
    /// what is best so is no worse than one window.
    fn cycles(&self, group: &Group) -> u64 {
        let pass = group.queries.rows + self.n;
        u64::from(self.columns) * group.tiles.len() as u64 * u64::from(pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tiles of keys of which some query is left something, by the mask.
    fn seen(window: &Window, queries: Range<u32>) -> Vec<u32> {
        let share = |query: u32, key: u32| window.span.share(query.abs_diff(key) as usize);
        let tile = |tile: u32| tile * window.n..(tile + 1) * window.n;
        let sees = |&i: &u32| queries.clone().any(|query| tile(i).any(|key| share(query, key) > 0.0));
        (0..window.tokens / window.n).filter(sees).collect()
    }

    /// Windows and chunks of all kinds: whole tiles of queries, and others.
    fn cases() -> impl Iterator<Item = (Window, Chunk)> {
        let spans = [0, 1, 3, 4, 5, 9, 40]
            .into_iter()
            .flat_map(|span| [0, 1, 3].map(|ramp| Span::Limited { span, ramp }).into_iter().chain([Span::Whole]));
        let shapes = [(2, 4), (4, 20), (4, 32), (8, 56)];
        spans.flat_map(move |span| {
            shapes.into_iter().flat_map(move |(n, tokens)| {
                let window = Window { n, tokens, span, columns: 2, price: ISSUE };
                let part = (tokens / 2).next_multiple_of(n);
                let chunks = [(0, tokens), (0, part), (part, tokens - part), (tokens / 3, tokens / 2)];
                let windows = [0, ISSUE, 100].map(|price| Window { price, ..window });
                windows.into_iter().flat_map(move |window| {
                    chunks
                        .map(|(start, rows)| (window, Chunk { start, rows }))
                        .into_iter()
                        .filter(|(_, chunk)| chunk.rows > 0)
                })
            })
        })
    }

    #[test]
    fn what_a_query_sees_is_in_its_window() {
        for (window, chunk) in cases() {
            let mut next = chunk.start;
            for Group { queries, tiles } in window.groups(chunk) {
                assert_eq!(queries.start, next, "{window:?} {chunk:?}");
                next += queries.rows;
                assert_eq!(tiles.collect::<Vec<_>>(), seen(&window, queries.start..next), "{window:?} {queries:?}");
            }
            assert_eq!(next, chunk.start + chunk.rows, "{window:?} {chunk:?}");
        }
    }

    /// Against every way to part the runs of a chunk.
    #[test]
    fn no_other_groups_take_fewer_cycles() {
        for (window, chunk) in cases() {
            let cycles = |groups: &[Range<u32>]| -> u64 {
                let one = |queries: &Range<u32>| {
                    let passes = window.columns as usize * seen(&window, queries.clone()).len();
                    passes as u64 * u64::from(queries.end - queries.start + window.n) + window.price
                };
                groups.iter().map(one).sum()
            };
            let end = chunk.start + chunk.rows;
            let starts: Vec<u32> = (chunk.start..end).step_by(window.n as usize).collect();
            let ways = (0..1u32 << (starts.len() - 1)).map(|parted| {
                let begins = (0..starts.len()).filter(|&run| run == 0 || parted >> (run - 1) & 1 == 1);
                let begins: Vec<u32> = begins.map(|run| starts[run]).collect();
                let ends = begins[1..].iter().copied().chain([end]);
                let groups: Vec<_> = begins.iter().copied().zip(ends).map(|(from, to)| from..to).collect();
                (cycles(&groups), groups.len())
            });
            let groups = window.groups(chunk);
            let queries: Vec<_> = groups.iter().map(|Group { queries: q, .. }| q.start..q.start + q.rows).collect();
            assert_eq!(Some((cycles(&queries), groups.len())), ways.min(), "{window:?} {chunk:?}");
        }
    }

    #[test]
    fn pairs_are_those_that_are_left_something() {
        for (window, _) in cases() {
            let tokens = window.tokens as usize;
            let each = (0..tokens).flat_map(|query| (0..tokens).map(move |key| query.abs_diff(key)));
            let left = each.filter(|&distance| window.span.share(distance) > 0.0).count();
            assert_eq!(pairs(window.span, tokens), left, "{window:?}");
        }
        assert_eq!(pairs(Span::Skipped, 9), 0);
    }

    #[test]
    fn the_dearer_an_instruction_the_fewer_there_are() {
        let near = |price| Window { n: 4, tokens: 64, span: Span::Limited { span: 2, ramp: 0 }, columns: 4, price };
        let count = |price| near(price).groups(Chunk { start: 0, rows: 64 }).len();
        let counts = [0, 64, 256, 1024, 1 << 20].map(count);
        assert!(counts.is_sorted_by(|a, b| a > b) && counts[4] == 1, "{counts:?}");
        let whole = Window { span: Span::Whole, ..near(0) };
        let all = Group { queries: Chunk { start: 0, rows: 64 }, tiles: 0..16 };
        assert_eq!(whole.groups(all.queries), [all]);
    }
}
