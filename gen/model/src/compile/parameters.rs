//! Rows of the parameter memory: bias and shift of n columns for the array, γ, β and shift for layer norm.

use super::axis::Axis;
use alberti_golden::encoder::{Linear, Norm};

/// Bytes of a column's parameters.
const BYTES: usize = 5;

/// Rows that are loaded together, from `base` on.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters {
    /// Where the first lies.
    pub base: u32,
    /// n columns each.
    pub rows: Vec<Vec<u8>>,
}

impl Parameters {
    pub fn at(base: u32) -> Self {
        Self { base, rows: Vec::new() }
    }

    /// The row after the last.
    pub fn end(&self) -> u32 {
        self.base + self.rows.len() as u32
    }

    /// A row for each tile of a linear layer's outputs; the first one's number.
    pub fn linear(&mut self, linear: &Linear, outputs: Axis) -> u32 {
        self.tiles(outputs, |output| column(linear.bias[output], linear.shift[output]))
    }

    /// A row for each tile of a layer norm's channels; the first one's number.
    pub fn norm(&mut self, norm: &Norm, channels: Axis) -> u32 {
        self.tiles(channels, |c| {
            let ([a, b], [c, d], shift) = (norm.gamma[c].to_le_bytes(), norm.beta[c].to_le_bytes(), norm.shift[c]);
            [a, b, c, d, shift]
        })
    }

    /// A row without bias whose columns all shift alike, one for each shift.
    pub fn shift(&mut self, shift: i32, n: usize) -> u32 {
        let row = column(0, shift).repeat(n);
        let known = self.rows.iter().position(|known| *known == row);
        self.base + known.unwrap_or_else(|| self.push(row)) as u32
    }

    fn tiles(&mut self, axis: Axis, column: impl Fn(usize) -> [u8; BYTES]) -> u32 {
        let first = self.end();
        for tile in 0..axis.tiles() {
            self.push(axis.tile(tile).flat_map(|channel| channel.map_or([0; BYTES], &column)).collect());
        }
        first
    }

    fn push(&mut self, row: Vec<u8>) -> usize {
        self.rows.push(row);
        self.rows.len() - 1
    }
}

/// Biases have 32 bits ([`super::limits`]).
fn column(bias: i64, shift: i32) -> [u8; BYTES] {
    let [a, b, c, d] = (bias as i32).to_le_bytes();
    [a, b, c, d, shift as u8 & 0x7f]
}
