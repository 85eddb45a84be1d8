//! Frozen weights as records of the weight memory.
//!
//! | | a record | at |
//! |---|---|---|
//! | linear layer | a tile of n outputs × n inputs: item l is output l | `base + (j·passes + k)·(n + 1)` |
//! | table | a run of up to n tiles of a row: item l is tile l | `base + row·row_words + run·(n + 1)` |

use super::{Axis, Problems};
use alberti_arith::Format;
use alberti_golden::{
    Image, Pointer,
    accelerator::Config,
    encoder::{Encoder, Linear, Table},
    storage::Layout,
};

/// A linear layer's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The first record's word.
    pub base: u32,
    /// Tiles of outputs.
    pub columns: usize,
    /// Tiles of inputs.
    pub passes: usize,
}

/// A layer's records.
#[derive(Clone, Debug)]
pub(super) struct LayerPlaces {
    pub query: Place,
    pub key: Place,
    pub value: Place,
    pub output: Place,
    pub inner: Place,
    pub outer: Place,
}

/// The axes of an encoder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    pub embedding: Axis,
    pub hidden: Axis,
    pub heads: Axis,
    pub inner: Axis,
}

impl Axes {
    pub fn of(encoder: &Encoder, n: usize) -> Self {
        let (hidden, layer) = (encoder.width(), &encoder.layers[0]);
        Self {
            embedding: Axis::plain(n, encoder.embedding.width),
            hidden: Axis::plain(n, hidden),
            heads: Axis::heads(n, layer.query.outputs(), layer.heads.len()),
            inner: Axis::plain(n, layer.inner.outputs()),
        }
    }
}

/// The weight memory.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub tables: [u32; 3],
    /// Words of a table's row.
    pub row_words: usize,
    pub projection: Option<Place>,
    pub layers: Vec<LayerPlaces>,
    pub masks: Image,
    pub values: Vec<u16>,
    /// The records' first words, ascending.
    pub pointers: Vec<usize>,
    layout: Layout,
    n: usize,
    next: usize,
}

impl Weights {
    /// Lays all of an encoder's frozen weights into memory.
    pub fn of(
        encoder: &Encoder,
        axes: Axes,
        config: &Config,
        problems: &mut Problems,
    ) -> Result<Self, crate::ModelError> {
        let golden = |error: alberti_golden::Error| crate::ModelError::Shape(error.to_string());
        let (n, layout) = (config.n, config.layout().map_err(golden)?);
        let tiles = axes.embedding.tiles();
        let row_words = tiles + tiles.div_ceil(n);
        let rows: usize =
            encoder.embedding.tables.iter().map(|table| table.codes.len() / encoder.embedding.width).sum();
        let linears = |encoder: &Encoder| {
            let (h, a, i) = (axes.hidden.tiles(), axes.heads.tiles(), axes.inner.tiles());
            encoder.layers.len() * (4 * h * a + 2 * h * i)
                + encoder.embedding.projection.as_ref().map_or(0, |_| h * tiles)
        };
        let words = rows * row_words + linears(encoder) * (n + 1);
        problems.demand("memories.weight.masks.words", words, config.mask_words);
        let masks = Image::new(words, layout.word_bits()).map_err(golden)?;
        let mut weights = Self {
            tables: [0; 3],
            row_words,
            projection: None,
            layers: Vec::with_capacity(encoder.layers.len()),
            masks,
            values: Vec::new(),
            pointers: Vec::new(),
            layout,
            n,
            next: 0,
        };
        for (place, table) in encoder.embedding.tables.iter().enumerate() {
            weights.tables[place] = weights.table(table, encoder.embedding.width, axes.embedding);
        }
        weights.projection =
            encoder.embedding.projection.as_ref().map(|p| weights.linear(&p.linear, axes.hidden, axes.embedding));
        for layer in &encoder.layers {
            let places = LayerPlaces {
                query: weights.linear(&layer.query, axes.heads, axes.hidden),
                key: weights.linear(&layer.key, axes.heads, axes.hidden),
                value: weights.linear(&layer.value, axes.heads, axes.hidden),
                output: weights.linear(&layer.output, axes.hidden, axes.heads),
                inner: weights.linear(&layer.inner, axes.inner, axes.hidden),
                outer: weights.linear(&layer.outer, axes.hidden, axes.inner),
            };
            weights.layers.push(places);
        }
        problems.demand("memories.weight.values", weights.values.len(), config.value_rows * n);
        Ok(weights)
    }

    fn linear(&mut self, linear: &Linear, outputs: Axis, inputs: Axis) -> Place {
        let place = Place { base: self.next as u32, columns: outputs.tiles(), passes: inputs.tiles() };
        for (column, pass) in (0..place.columns).flat_map(|j| (0..place.passes).map(move |k| (j, k))) {
            let items = outputs.tile(column).map(|output| {
                let code = |input: Option<usize>| {
                    output.zip(input).map_or(0, |(output, input)| linear.weight[output * linear.inputs + input])
                };
                inputs.tile(pass).map(code).collect::<Vec<u8>>()
            });
            self.record(items);
        }
        place
    }

    fn table(&mut self, table: &Table, width: usize, channels: Axis) -> u32 {
        let base = self.next as u32;
        let tiles: Vec<usize> = (0..channels.tiles()).collect();
        for row in table.codes.chunks_exact(width) {
            for run in tiles.chunks(self.n) {
                let items = run.iter().map(|&tile| {
                    channels.tile(tile).map(|channel| channel.map_or(0, |channel| row[channel])).collect::<Vec<u8>>()
                });
                self.record(items);
            }
        }
        base
    }

    /// One record: a pointer, and a mask with its offset for each item.
    fn record(&mut self, items: impl Iterator<Item = Vec<u8>>) {
        let start = self.values.len();
        self.pointers.push(self.next);
        self.layout.set_pointer(&mut self.masks, self.next, Pointer::default(), start);
        self.next += 1;
        for item in items {
            let position = self.values.len() - start;
            let mut mask = 0u128;
            for (lane, &code) in item.iter().enumerate() {
                if !Format::AF8_3.is_zero(code.into()) {
                    mask |= 1 << lane;
                    self.values.push(code.into());
                }
            }
            self.layout.set_item(&mut self.masks, self.next, false, mask, position);
            self.next += 1;
        }
    }
}
