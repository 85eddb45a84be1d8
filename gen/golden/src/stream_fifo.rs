//! `stream_fifo`: what goes in comes out, in order, with at most `depth` items inside.

use std::collections::VecDeque;

/// A queue that refuses what it has no room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFifo<T> {
    depth: usize,
    items: VecDeque<T>,
}

impl<T> StreamFifo<T> {
    /// An empty queue of `depth` items.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self { depth, items: VecDeque::with_capacity(depth) }
    }

    /// Puts an item in.
    ///
    /// # Errors
    /// Gives the item back when the queue is full.
    pub fn push(&mut self, item: T) -> Result<(), T> {
        if self.items.len() >= self.depth {
            return Err(item);
        }
        self.items.push_back(item);
        Ok(())
    }

    /// Takes the oldest item out, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// How many items are inside.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
