//! Streams that carry `last`, as segments, and the reader that follows their packed values.

use crate::{Packed, Pointer, Result};

/// The items of a stream up to and with `last`, and where the values that belong to them begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment<T> {
    /// The base pointer, sampled with the first item.
    pub base: Pointer,
    /// The items; the last one carries `last`.
    pub items: Vec<T>,
}

impl<T: Clone> Segment<T> {
    /// The items of several segments in one stream, each with its `last`.
    #[must_use]
    pub fn flatten(segments: &[Self]) -> Vec<(T, bool)> {
        let with_last = |segment: &Self| -> Vec<(T, bool)> {
            let count = segment.items.len();
            segment.items.iter().cloned().enumerate().map(|(i, item)| (item, i + 1 == count)).collect()
        };
        segments.iter().flat_map(with_last).collect()
    }
}

/// Hands out the items of a stream in order, and the packed values that follow each.
pub(crate) struct Reader<'a, T> {
    memory: &'a Packed,
    items: Box<dyn Iterator<Item = (Option<Pointer>, &'a T)> + 'a>,
    pointer: Pointer,
}

impl<'a, T> Reader<'a, T> {
    pub(crate) fn new(memory: &'a Packed, segments: &'a [Segment<T>]) -> Self {
        let items = segments.iter().flat_map(|segment| {
            segment.items.iter().enumerate().map(|(i, item)| ((i == 0).then_some(segment.base), item))
        });
        Self { memory, items: Box::new(items), pointer: Pointer::default() }
    }

    /// The next item, or none when the stream has ended.
    pub(crate) fn next(&mut self) -> Result<Option<&'a T>> {
        let Some((base, item)) = self.items.next() else { return Ok(None) };
        if let Some(base) = base {
            self.memory.check(base)?;
            self.pointer = base;
        }
        Ok(Some(item))
    }

    /// The next `count` packed values.
    pub(crate) fn values(&mut self, count: usize) -> Vec<u16> {
        let values = self.memory.read(self.pointer, count);
        self.pointer = self.memory.advance(self.pointer, count);
        values
    }

    /// How many items were not asked for.
    pub(crate) fn left(self) -> usize {
        self.items.count()
    }
}
