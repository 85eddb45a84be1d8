//! Channels in tiles of n.

/// Groups of channels, each in whole tiles: a head's channels share none with another head's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    n: usize,
    groups: usize,
    width: usize,
}

impl Axis {
    pub fn plain(n: usize, channels: usize) -> Self {
        Self { n, groups: 1, width: channels }
    }

    pub fn heads(n: usize, channels: usize, heads: usize) -> Self {
        Self { n, groups: heads, width: channels / heads }
    }

    /// Tiles of a group.
    pub fn group_tiles(self) -> usize {
        self.width.div_ceil(self.n)
    }

    pub fn tiles(self) -> usize {
        self.groups * self.group_tiles()
    }

    /// The channel of a lane; none where a tile is longer than its group.
    pub fn channel(self, tile: usize, lane: usize) -> Option<usize> {
        let (group, tile) = (tile / self.group_tiles(), tile % self.group_tiles());
        let within = tile * self.n + lane;
        (within < self.width).then_some(group * self.width + within)
    }

    /// The lanes of a tile, as channels.
    pub fn tile(self, tile: usize) -> impl Iterator<Item = Option<usize>> {
        (0..self.n).map(move |lane| self.channel(tile, lane))
    }
}
