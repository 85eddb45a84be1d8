//! From token ids to the first layer's input.

use super::{Arithmetic, Linear, Norm, Results, Stream, linear};
use crate::{Error, Result, narrow::Narrowed};

/// The tokens of a sentence, or of a pair: their ids and segment types. Ids alone are all of type 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence<'a> {
    ids: &'a [u32],
    types: &'a [u32],
}

impl<'a> Sequence<'a> {
    /// Tokens past the last of `types` are of type 0.
    #[must_use]
    pub fn new(ids: &'a [u32], types: &'a [u32]) -> Self {
        Self { ids, types }
    }

    /// Tokens.
    #[must_use]
    pub fn len(self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.ids.is_empty()
    }

    /// The rows that each token takes of the three tables.
    pub fn rows(self) -> impl Iterator<Item = [usize; 3]> + 'a {
        let kind = move |position: usize| self.types.get(position).copied().unwrap_or_default() as usize;
        self.ids.iter().enumerate().map(move |(position, &id)| [id as usize, position, kind(position)])
    }
}

impl<'a> From<&'a [u32]> for Sequence<'a> {
    fn from(ids: &'a [u32]) -> Self {
        Self::new(ids, &[])
    }
}

impl<'a, const N: usize> From<&'a [u32; N]> for Sequence<'a> {
    fn from(ids: &'a [u32; N]) -> Self {
        Self::new(ids, &[])
    }
}

impl<'a> From<&'a Vec<u32>> for Sequence<'a> {
    fn from(ids: &'a Vec<u32>) -> Self {
        Self::new(ids, &[])
    }
}

/// A table of which a token takes one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Rows × width, as codes.
    pub codes: Vec<u16>,
    /// The code that they are multiplied by: a power of two brings tables of different scales together.
    pub gain: u16,
}

/// What widens an embedding: codes as the layers take them, and the residual stream in Q6.10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// Gives codes.
    pub linear: Linear,
    /// Shift of each output to the residual stream.
    pub wide: Vec<i32>,
}

impl Projection {
    /// The same layer for the residual stream.
    #[must_use]
    pub fn stream(&self) -> Linear {
        Linear { shift: self.wide.clone(), ..self.linear.clone() }
    }
}

/// `LN(word + position + type)`, and what widens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedding {
    /// Channels of the tables.
    pub width: usize,
    /// Words, positions, segment types.
    pub tables: [Table; 3],
    /// From the sum to what the layer norm takes.
    pub shift: i32,
    /// The layer norm.
    pub norm: Norm,
    /// To the width of the layers.
    pub projection: Option<Projection>,
}

impl Embedding {
    /// The first layer's input.
    pub(super) fn run(&self, arithmetic: &Arithmetic, sequence: Sequence) -> Result<Stream> {
        let mut sums = Narrowed::default();
        for (position, rows) in sequence.rows().enumerate() {
            let mut total = vec![0; self.width];
            for (table, row) in self.tables.iter().zip(rows) {
                let codes = table.codes.get(row * self.width..(row + 1) * self.width);
                let codes = codes.ok_or_else(|| Error::new(format!("token {position}: a table has no row {row}")))?;
                let gain = arithmetic.operand.significand(table.gain);
                for (total, &code) in total.iter_mut().zip(codes) {
                    *total += gain * arithmetic.operand.significand(code);
                }
            }
            sums.extend(total.iter().map(|&sum| linear::wide(sum, self.shift)));
        }
        let mut stream = self.norm.run(arithmetic, &sums.numbers)?;
        stream.saturated += sums.saturated;
        let Some(projection) = &self.projection else { return Ok(stream) };
        let codes = projection.linear.run(arithmetic, &stream.codes)?.codes;
        let Results { wide, saturated, .. } = projection.stream().run(arithmetic, &stream.codes)?;
        Ok(Stream { codes, wide, saturated: stream.saturated + saturated })
    }
}
