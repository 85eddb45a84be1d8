//! Frozen weights as records of the weight memory.
//!
//! | | a record | at |
//! |---|---|---|
//! | linear layer | a tile of n outputs × n inputs: item l is output l | `base + (j·passes + k)·(n + 1)` |
//! | the same in n:m blocks | a tile of n outputs × 2n inputs, plain where the last n are left | `base + (j·⌈passes/2⌉ + k)·(n + 1)` |
//! | table | a run of up to n tiles of a row: item l is tile l | `base + row·row_words + run·(n + 1)` |

use super::{axis::Axis, problems::Problems};
use crate::ModelError;
use alberti_arith::Format;
use alberti_golden::{
    BlockSparsity, Image, Pointer,
    accelerator::AcceleratorConfig,
    bitmask_encoder, block_select,
    encoder::{Encoder, Linear, Table},
    storage::RecordLayout,
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
    /// Whether each record is of two of them, in n:m blocks.
    pub blocks: bool,
}

impl Place {
    /// Records of a tile of outputs.
    pub fn records(self) -> usize {
        if self.blocks { self.passes.div_ceil(2) } else { self.passes }
    }
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
    pub fn new(encoder: &Encoder, n: usize) -> Self {
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
    layout: RecordLayout,
    sparsity: Option<BlockSparsity>,
    n: usize,
    next: usize,
}

impl Weights {
    /// Lays all of an encoder's frozen weights into memory: in blocks, where the array takes them and a
    /// layer's are pruned so.
    pub fn new(
        encoder: &Encoder,
        axes: Axes,
        config: &AcceleratorConfig,
        problems: &mut Problems,
    ) -> Result<Self, ModelError> {
        let (n, layout) = (config.n, config.layout().map_err(golden)?);
        let tiles = axes.embedding.tiles();
        let row_words = tiles + tiles.div_ceil(n);
        let rows: usize =
            encoder.embedding.tables.iter().map(|table| table.codes.len() / encoder.embedding.width).sum();
        let linears = linears(encoder, axes).map(|(linear, outputs, inputs)| {
            let place = place(0, linear, outputs, inputs, config.sparsity);
            place.columns * place.records()
        });
        let words = rows * row_words + linears.sum::<usize>() * (n + 1);
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
            sparsity: config.sparsity,
            n,
            next: 0,
        };
        for (place, table) in encoder.embedding.tables.iter().enumerate() {
            weights.tables[place] = weights.table(table, encoder.embedding.width, axes.embedding)?;
        }
        let mut places = Vec::new();
        for (linear, outputs, inputs) in self::linears(encoder, axes) {
            places.push(weights.linear(linear, outputs, inputs)?);
        }
        let (projection, layers) = places.split_at(usize::from(encoder.embedding.projection.is_some()));
        weights.projection = projection.first().copied();
        let layers = layers.chunks_exact(6).map(|places| LayerPlaces {
            query: places[0],
            key: places[1],
            value: places[2],
            output: places[3],
            inner: places[4],
            outer: places[5],
        });
        weights.layers.extend(layers);
        problems.demand("memories.weight.values", weights.values.len(), config.value_rows * n);
        Ok(weights)
    }

    fn linear(&mut self, linear: &Linear, outputs: Axis, inputs: Axis) -> Result<Place, ModelError> {
        let place = place(self.next as u32, linear, outputs, inputs, self.sparsity);
        for (column, record) in (0..place.columns).flat_map(|j| (0..place.records()).map(move |k| (j, k))) {
            let items: Vec<Vec<u16>> = (outputs.tile(column))
                .map(|output| match place.blocks {
                    true => codes(linear, output, inputs, 2 * record..(2 * record + 2).min(place.passes)),
                    false => codes(linear, output, inputs, record..record + 1),
                })
                .collect();
            self.record(&items)?;
        }
        Ok(place)
    }

    fn table(&mut self, table: &Table, width: usize, channels: Axis) -> Result<u32, ModelError> {
        let base = self.next as u32;
        let tiles: Vec<usize> = (0..channels.tiles()).collect();
        for row in table.codes.chunks_exact(width) {
            for run in tiles.chunks(self.n) {
                let code = |channel: Option<usize>| channel.map_or(0, |channel| row[channel]);
                let items: Vec<Vec<u16>> = run.iter().map(|&tile| channels.tile(tile).map(code).collect()).collect();
                self.record(&items)?;
            }
        }
        Ok(base)
    }

    /// One record: a pointer, and a mask for each item, of n codes with its offset or of 2n in blocks.
    fn record(&mut self, items: &[Vec<u16>]) -> Result<(), ModelError> {
        let start = self.values.len();
        self.pointers.push(self.next);
        self.layout.set_pointer(&mut self.masks, self.next, Pointer::default(), start);
        self.next += 1;
        for item in items {
            let position = self.values.len() - start;
            let block = item.len() > self.n;
            let (mask, values) = match self.sparsity.filter(|_| block) {
                Some(sparsity) => block_select::pack(Format::AF8_3, sparsity, item).map_err(golden)?,
                None => {
                    let (mask, values) = bitmask_encoder::pack(Format::AF8_3, item);
                    (mask.into(), values)
                }
            };
            self.values.extend(values);
            self.layout.set_item(&mut self.masks, self.next, block, mask, position);
            self.next += 1;
        }
        Ok(())
    }
}

fn golden(error: alberti_golden::Error) -> ModelError {
    ModelError::Shape(error.to_string())
}

/// An encoder's frozen linear layers with their axes, in the order in which they lie in memory.
fn linears(encoder: &Encoder, axes: Axes) -> impl Iterator<Item = (&Linear, Axis, Axis)> {
    let projection = encoder.embedding.projection.as_ref();
    let layers = encoder.layers.iter().flat_map(move |layer| {
        [
            (&layer.query, axes.heads, axes.hidden),
            (&layer.key, axes.heads, axes.hidden),
            (&layer.value, axes.heads, axes.hidden),
            (&layer.output, axes.hidden, axes.heads),
            (&layer.inner, axes.inner, axes.hidden),
            (&layer.outer, axes.hidden, axes.inner),
        ]
    });
    projection.map(|projection| (&projection.linear, axes.hidden, axes.embedding)).into_iter().chain(layers)
}

/// Where a linear layer's records lie from word `base` on, and of which kind they are: of blocks when those
/// of every two tiles of inputs have few enough weights.
fn place(base: u32, linear: &Linear, outputs: Axis, inputs: Axis, sparsity: Option<BlockSparsity>) -> Place {
    let (columns, passes) = (outputs.tiles(), inputs.tiles());
    let blocks = passes > 1 && sparsity.is_some_and(|sparsity| fits(linear, inputs, passes, sparsity));
    Place { base, columns, passes, blocks }
}

fn fits(linear: &Linear, inputs: Axis, passes: usize, sparsity: BlockSparsity) -> bool {
    let weights = |block: &[u16]| block.iter().filter(|&&code| !Format::AF8_3.is_zero(code)).count();
    (0..linear.outputs()).all(|output| {
        let mut pairs = (0..passes / 2).map(|pair| codes(linear, Some(output), inputs, 2 * pair..2 * pair + 2));
        pairs.all(|pair| pair.chunks(sparsity.block()).all(|block| weights(block) <= sparsity.nonzeros()))
    })
}

/// An output's weights of some tiles of inputs; zeros where there is no such output or input.
fn codes(linear: &Linear, output: Option<usize>, inputs: Axis, tiles: std::ops::Range<usize>) -> Vec<u16> {
    let code = |input: Option<usize>| {
        output.zip(input).map_or(0, |(output, input)| linear.weight[output * linear.inputs + input])
    };
    tiles.flat_map(|tile| inputs.tile(tile).map(code)).collect()
}
