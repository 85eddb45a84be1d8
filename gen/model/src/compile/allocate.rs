//! Rows of a memory for tensors that live for a while.

use serde::Serialize;

/// Rows of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub base: u32,
    pub rows: u32,
}

/// What lay where, and while which instructions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Use {
    /// The tensor.
    pub name: String,
    /// Its first row.
    pub base: u32,
    /// Its rows.
    pub rows: u32,
    /// The first instruction that may write it.
    pub from: usize,
    /// The instruction after the last that reads it.
    pub to: usize,
}

/// A memory without end, filled from below: each tensor goes to the lowest gap that holds it.
#[derive(Clone, Debug, Default)]
pub(super) struct Allocator {
    live: Vec<(Region, usize)>,
    pub uses: Vec<Use>,
}

impl Allocator {
    pub fn take(&mut self, name: impl Into<String>, rows: u32, at: usize) -> Region {
        let mut base = 0;
        let mut place = self.live.len();
        for (i, (region, _)) in self.live.iter().enumerate() {
            if region.base - base >= rows {
                place = i;
                break;
            }
            base = region.base + region.rows;
        }
        let region = Region { base, rows };
        self.live.insert(place, (region, self.uses.len()));
        self.uses.push(Use { name: name.into(), base, rows, from: at, to: usize::MAX });
        region
    }

    /// Gives rows back: `at` is the first instruction that may overwrite them.
    pub fn free(&mut self, region: Region, at: usize) {
        if let Some(i) = self.live.iter().position(|&(live, _)| live == region) {
            self.uses[self.live.remove(i).1].to = at;
        }
    }

    /// Rows that a memory must have for all of this.
    pub fn peak(&self) -> u32 {
        self.uses.iter().map(|lain| lain.base + lain.rows).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_gap_that_is_long_enough_is_taken() {
        let mut memory = Allocator::default();
        let [a, b, c] = [4, 2, 3].map(|rows| memory.take("x", rows, 0));
        assert_eq!([a.base, b.base, c.base], [0, 4, 6]);
        memory.free(b, 1);
        assert_eq!(memory.take("y", 3, 1).base, 9);
        assert_eq!(memory.take("z", 2, 1).base, 4);
        memory.free(a, 2);
        assert_eq!(memory.take("w", 1, 2).base, 0);
        assert_eq!((memory.peak(), memory.uses[1].to), (12, 1));
    }
}
