//! A memory of packed values: value `v` lies in lane `v mod n` of row `v div n`. A row is read or written at
//! once.

use crate::{Error, Result};

/// Where a packed value lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer {
    /// Row of the memory.
    pub row: usize,
    /// Lane, below the number of lanes.
    pub lane: usize,
}

/// The content of a banked memory. Row addresses wrap as those of the hardware do: at the next power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    lanes: usize,
    values: Vec<u16>,
}

impl Packed {
    /// A memory of zeros in rows of `lanes` values, with room for `capacity` of them or some more: rows are a
    /// power of two, at least 2.
    ///
    /// # Errors
    /// When there is no lane.
    pub fn new(lanes: usize, capacity: usize) -> Result<Self> {
        if lanes == 0 {
            return Err(Error::new("a memory of rows without lanes: at least one is needed"));
        }
        let rows = capacity.div_ceil(lanes).next_power_of_two().max(2);
        Ok(Self { lanes, values: vec![0; rows * lanes] })
    }

    /// A memory of `capacity` values that holds `values` from its first row on.
    ///
    /// # Errors
    /// When there is no lane, or the values are more than its capacity.
    pub fn with_values(lanes: usize, capacity: usize, values: &[u16]) -> Result<Self> {
        if values.len() > capacity {
            return Err(Error::new(format!("{} values in a memory of {capacity}", values.len())));
        }
        let mut memory = Self::new(lanes, capacity)?;
        memory.values[..values.len()].copy_from_slice(values);
        Ok(memory)
    }

    /// Number of lanes, the `n` of the unit that owns the memory.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Rows that can be addressed, a power of two.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.lanes
    }

    /// Every value in the order of its packing.
    #[must_use]
    pub fn values(&self) -> &[u16] {
        &self.values
    }

    /// Where the value number `value` lies, counted from row 0, lane 0.
    #[must_use]
    pub fn pointer(&self, value: usize) -> Pointer {
        let value = value % self.values.len();
        Pointer { row: value / self.lanes, lane: value % self.lanes }
    }

    /// The pointer `count` values further on, from the last lane to the next row and from the last row to row
    /// 0.
    #[must_use]
    pub fn advance(&self, pointer: Pointer, count: usize) -> Pointer {
        self.pointer(self.index(pointer) + count)
    }

    /// The `count` values from `start` on.
    #[must_use]
    pub fn read(&self, start: Pointer, count: usize) -> Vec<u16> {
        (0..count).map(|i| self.values[(self.index(start) + i) % self.values.len()]).collect()
    }

    /// Writes `values` from `start` on and returns where the next would go.
    pub fn write(&mut self, start: Pointer, values: &[u16]) -> Pointer {
        let (first, length) = (self.index(start), self.values.len());
        for (i, &value) in values.iter().enumerate() {
            self.values[(first + i) % length] = value;
        }
        self.advance(start, values.len())
    }

    /// Demands that a base pointer names a lane and a row that exist.
    pub(crate) fn check(&self, pointer: Pointer) -> Result<()> {
        if pointer.lane >= self.lanes || pointer.row >= self.rows() {
            return Err(Error::new(format!(
                "base row {}, lane {}: the memory has {} rows of {} lanes",
                pointer.row,
                pointer.lane,
                self.rows(),
                self.lanes
            )));
        }
        Ok(())
    }

    fn index(&self, pointer: Pointer) -> usize {
        (pointer.row * self.lanes + pointer.lane) % self.values.len()
    }
}
