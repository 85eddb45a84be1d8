//! How a bitmask-encoded tensor lies in a mask memory and a value memory, such that any record of it can be
//! fetched at random.
//!
//! ```text
//! mask memory:  record t at word first + t·(1 + m): pointer word, then m mask words
//! pointer word: [lane_w-1:0] lane, [lane_w +: row_w] row of the record's first value
//! mask word:    [n-1:0] mask, [n +: offset_w] where its first value lies, in lanes and rows from the record's first
//! block item:   [2n-1:0] masks of n:m blocks, top bit 1
//! lane_w = clog2(n), row_w = clog2(rows), offset_w = 2·lane_w, lanes below rows
//! ```
//!
//! Values follow each other without gaps, value `v` in lane `v mod n` of row `v div n` as in [`Packed`]. A
//! plain item's values begin at pointer + offset or, where the layout has no offsets, after those of the item
//! before. Item i of n:m blocks has its n values at pointer + i·n. Positions wrap at the memory's capacity,
//! so that any word can be decoded, however faulty it is.
//!
//! **Mask errors.** An item that does not begin where the one before ended (0 for a record's first). In block
//! items, every block with a wrong number of ones. Either is counted and nothing is mended.

use crate::{
    BlockSparsity, Error, Image, Packed, Pointer, Result, bitmask_decoder, bitmask_encoder, block_select, check,
    processing_unit::WeightItem,
};
use alberti_arith::Format;

/// How records are made of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLayout {
    n: usize,
    rows: usize,
    masks: usize,
    offsets: bool,
    sparsity: Option<BlockSparsity>,
}

/// A tensor as memories hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Words of the mask memory, the first record's pointer first.
    pub masks: Image,
    /// Values in the order of their packing, the first at the base.
    pub values: Vec<u16>,
    /// How many values lie before each record's first.
    pub starts: Vec<usize>,
}

/// The items of a record and where its values begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items {
    /// The record's first value.
    pub pointer: Pointer,
    /// The items.
    pub items: Vec<Item>,
}

/// A mask word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the processing unit takes.
    pub word: WeightItem,
    /// Where its first value lies, counted from the record's first.
    pub position: usize,
    /// Whether the item before ends elsewhere.
    pub misplaced: bool,
}

/// A record decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// One vector for each item: n codes, or 2n of a block item.
    pub vectors: Vec<Vec<u16>>,
    /// Items and blocks whose mask cannot be right.
    pub mask_errors: u64,
}

/// Bits that a tensor takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// Masks, with the bit that tells block items.
    pub mask: u64,
    /// Offsets.
    pub offset: u64,
    /// Pointers.
    pub pointer: u64,
    /// What the width of the words leaves over.
    pub unused: u64,
    /// Stored codes.
    pub code: u64,
}

impl Bits {
    /// Everything that the mask memory holds.
    #[must_use]
    pub fn mask_memory(&self) -> u64 {
        self.mask + self.offset + self.pointer + self.unused
    }
}

impl RecordLayout {
    /// Records of `masks` items each, for a value memory of `capacity` values in `n` lanes. Block items are
    /// taken where `sparsity` says which.
    ///
    /// # Errors
    /// When n is not 2 to 64, a record has no items, it has more than n and offsets (which would not reach
    /// them), or n is not a multiple of a block's weights.
    pub fn new(
        n: usize,
        capacity: usize,
        masks: usize,
        offsets: bool,
        sparsity: Option<BlockSparsity>,
    ) -> Result<Self> {
        check::lanes(n)?;
        if masks == 0 || (offsets && masks > n) {
            return Err(Error::new(format!("records of {masks} masks: at least 1, and with offsets at most n = {n}")));
        }
        if let Some(sparsity) = sparsity {
            sparsity.blocks(n)?;
        }
        Ok(Self { n, rows: Packed::new(n, capacity)?.rows(), masks, offsets, sparsity })
    }

    /// Items of a record.
    #[must_use]
    pub fn masks(&self) -> usize {
        self.masks
    }

    /// Words of a record: its pointer and its items.
    #[must_use]
    pub fn record_words(&self) -> usize {
        1 + self.masks
    }

    /// Width of the mask memory: max(n + offset_w, row_w + lane_w), and with block items at least 2n + 1.
    #[must_use]
    pub fn word_bits(&self) -> usize {
        let block = if self.sparsity.is_some() { 2 * self.n + 1 } else { 0 };
        (self.n + self.offset_bits()).max(self.pointer_bits()).max(block)
    }

    /// Width of an offset, 0 where there are none.
    #[must_use]
    pub fn offset_bits(&self) -> usize {
        if self.offsets { 2 * clog2(self.n) } else { 0 }
    }

    /// Width of a pointer.
    #[must_use]
    pub fn pointer_bits(&self) -> usize {
        clog2(self.rows) + clog2(self.n)
    }

    /// Stores records of vectors, the first value at `base`. A vector of 2n codes is a block item, which all
    /// items of its record must be then.
    ///
    /// # Errors
    /// When the vectors are no whole number of records, one is neither of n codes nor of 2n where the layout
    /// has blocks, a code does not fit the format, a block has too many weights, or the values are more than
    /// the memory holds.
    pub fn encode(&self, format: Format, base: Pointer, vectors: &[Vec<u16>]) -> Result<Encoded> {
        if !vectors.len().is_multiple_of(self.masks) {
            return Err(Error::new(format!("{} vectors are no records of {}", vectors.len(), self.masks)));
        }
        let records = vectors.len() / self.masks;
        let mut masks = Image::new(records * self.record_words(), self.word_bits())?;
        let (mut values, mut starts) = (Vec::new(), Vec::new());
        for (number, record) in vectors.chunks(self.masks).enumerate() {
            starts.push(values.len());
            let word = number * self.record_words();
            self.set_pointer(&mut masks, word, base, values.len());
            let start = values.len();
            for (item, vector) in record.iter().enumerate() {
                let stored = self.pack(format, vector, record[0].len());
                let (mask, packed) =
                    stored.map_err(|error| error.within(format_args!("record {number}, item {item}")))?;
                self.set_item(&mut masks, word + 1 + item, vector.len() != self.n, mask, values.len() - start);
                values.extend(packed);
            }
        }
        if values.len() > self.rows * self.n {
            let room = self.rows * self.n;
            return Err(Error::new(format!("{} values in a memory of {room}", values.len())));
        }
        Ok(Encoded { masks, values, starts })
    }

    /// Decodes record `record` of a tensor that begins at word `first`, from images that may be faulty. A
    /// pointer to a lane that does not exist counts on into the next row.
    ///
    /// # Errors
    /// When the record lies outside of the mask memory, or a memory has another shape than the layout's.
    pub fn decode(&self, masks: &Image, first: usize, values: &Packed, record: usize) -> Result<Record> {
        let word = first + record * self.record_words();
        if word + self.record_words() > masks.words() {
            return Err(Error::new(format!("record {record}: the mask memory ends before it does")));
        }
        if (masks.width(), values.lanes(), values.rows()) != (self.word_bits(), self.n, self.rows) {
            return Err(Error::new(format!(
                "mask words of {} bits, values in {} rows of {}: the layout has {}, {} and {}",
                masks.width(),
                values.rows(),
                values.lanes(),
                self.word_bits(),
                self.rows,
                self.n
            )));
        }
        let Items { pointer, items } = self.items(masks, word, self.masks)?;
        let mut decoded = Record { vectors: Vec::with_capacity(self.masks), mask_errors: 0 };
        for item in items {
            decoded.mask_errors += u64::from(item.misplaced);
            let start = values.advance(pointer, item.position);
            let Some(sparsity) = self.sparsity.filter(|_| item.word.block) else {
                let mask = item.word.mask as u64;
                let packed = values.read(start, mask.count_ones() as usize);
                decoded.vectors.push(bitmask_decoder::expand(mask, self.n, &packed));
                continue;
            };
            let lane = values.read(start, self.n);
            let selection = block_select::select_lane(sparsity, self.n, item.word.mask)?;
            decoded.mask_errors += selection.errors.iter().filter(|&&error| error).count() as u64;
            let mut vector = vec![0; 2 * self.n];
            for (multiplier, select) in selection.selects.iter().enumerate() {
                if let Some(select) = *select {
                    vector[sparsity.input(multiplier, select)] = lane[multiplier];
                }
            }
            decoded.vectors.push(vector);
        }
        Ok(decoded)
    }

    /// The items of a record of `count` masks, whose pointer stands at word `word`. A pointer or an offset to
    /// a lane that does not exist counts on into the next row.
    ///
    /// # Errors
    /// When the memory ends before the record does.
    pub fn items(&self, masks: &Image, word: usize, count: usize) -> Result<Items> {
        if word + count >= masks.words() {
            return Err(Error::new(format!("word {word}: the mask memory ends before its record does")));
        }
        let lane_w = clog2(self.n);
        let flat = |word: usize, low: usize, row_w: usize| {
            let (lane, row) = (masks.get(word, low, lane_w), masks.get(word, low + lane_w, row_w));
            row as usize * self.n + lane as usize
        };
        let first = flat(word, 0, clog2(self.rows));
        let pointer = self.place(Pointer::default(), first);
        let mut running = 0;
        let mut items = Vec::with_capacity(count);
        for item in 0..count {
            let word = word + 1 + item;
            let block = self.sparsity.is_some() && masks.get(word, self.word_bits() - 1, 1) == 1;
            let mask = masks.get(word, 0, if block { 2 * self.n } else { self.n });
            let position = match block {
                true => item * self.n,
                false if self.offsets => flat(word, self.n, lane_w),
                false => running,
            };
            let misplaced = position != running;
            running = position + if block { self.n } else { mask.count_ones() as usize };
            items.push(Item { word: WeightItem { mask, block }, position, misplaced });
        }
        Ok(Items { pointer, items })
    }

    /// The bits of a tensor in this layout.
    #[must_use]
    pub fn bits(&self, format: Format, encoded: &Encoded) -> Bits {
        let records = encoded.starts.len() as u64;
        let items = records * self.masks as u64;
        let mask = if self.sparsity.is_some() { 2 * self.n + 1 } else { self.n };
        let [mask, offset, word, pointer] =
            [mask, self.offset_bits(), self.word_bits(), self.pointer_bits()].map(|bits| bits as u64);
        // In words that may hold block items, an offset lies in bits that a block item's mask needs anyway.
        let offset = offset.min(word - mask);
        Bits {
            mask: items * mask,
            offset: items * offset,
            pointer: records * pointer,
            unused: items * (word - mask - offset) + records * (word - pointer),
            code: encoded.values.len() as u64 * u64::from(format.bits()),
        }
    }

    /// The place `count` values after another; rows wrap.
    #[must_use]
    pub fn place(&self, from: Pointer, count: usize) -> Pointer {
        let flat = (from.row * self.n + from.lane + count) % (self.rows * self.n);
        Pointer { row: flat / self.n, lane: flat % self.n }
    }

    /// Writes a record's pointer: `count` values after `base`.
    ///
    /// # Panics
    /// When the image has no such word, or words of another width.
    pub fn set_pointer(&self, masks: &mut Image, word: usize, base: Pointer, count: usize) {
        let Pointer { row, lane } = self.place(base, count);
        masks.set(word, 0, clog2(self.n), lane as u128);
        masks.set(word, clog2(self.n), clog2(self.rows), row as u128);
    }

    /// Writes an item whose values begin `position` values after its record's first.
    ///
    /// # Panics
    /// As [`set_pointer`](Self::set_pointer).
    pub fn set_item(&self, masks: &mut Image, word: usize, block: bool, mask: u128, position: usize) {
        if block {
            masks.set(word, self.word_bits() - 1, 1, 1);
            masks.set(word, 0, 2 * self.n, mask);
            return;
        }
        masks.set(word, 0, self.n, mask);
        if self.offsets {
            let lane_w = clog2(self.n);
            masks.set(word, self.n, lane_w, (position % self.n) as u128);
            masks.set(word, self.n + lane_w, lane_w, (position / self.n) as u128);
        }
    }

    /// Mask and values of a vector in a record whose first has `first` codes.
    fn pack(&self, format: Format, vector: &[u16], first: usize) -> Result<(u128, Vec<u16>)> {
        check::length("an item, plain or of blocks as the record's first,", vector, first)?;
        check::codes("the vector", format, vector)?;
        match self.sparsity {
            _ if first == self.n => {
                let (mask, packed) = bitmask_encoder::pack(format, vector);
                Ok((mask.into(), packed))
            }
            Some(sparsity) if first == 2 * self.n => block_select::pack(format, sparsity, vector),
            _ => Err(Error::new(format!("{first} codes: n = {} of them", self.n))),
        }
    }
}

/// What a record of a matrix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// One record for the whole matrix, row after row.
    Stream,
    /// A record for each row: an embedding.
    Row,
    /// A record for each tile of n rows and n columns.
    Tile,
    /// The same with an offset for each mask: the values of every mask begin at a known place.
    Offset,
    /// A record for each tile of n rows and 2n columns in n:m blocks.
    Blocks,
}

/// A rows × columns matrix of codes, cut into the items of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// What a record is.
    pub kind: RecordKind,
    /// Rows: outputs of a layer, tokens of an embedding.
    pub rows: usize,
    /// Columns: inputs of a layer, along the reduction.
    pub columns: usize,
    /// Lanes.
    pub n: usize,
}

impl Cut {
    /// The layout of its records, for a value memory of `capacity` values.
    ///
    /// # Errors
    /// As [`RecordLayout::new`], and when blocks are asked for without saying which.
    pub fn layout(&self, capacity: usize, sparsity: Option<BlockSparsity>) -> Result<RecordLayout> {
        let along = self.columns.div_ceil(self.n.max(1));
        let (masks, offsets, blocks) = match self.kind {
            RecordKind::Stream => (self.rows * along, false, None),
            RecordKind::Row => (along, false, None),
            RecordKind::Tile => (self.n, false, None),
            RecordKind::Offset => (self.n, true, None),
            RecordKind::Blocks if sparsity.is_none() => return Err(Error::new("n:m blocks without n and m")),
            RecordKind::Blocks => (self.n, false, sparsity),
        };
        RecordLayout::new(self.n, capacity, masks, offsets, blocks)
    }

    /// The items in the order of their storage, filled up with zeros.
    ///
    /// # Errors
    /// When the matrix has another number of codes.
    pub fn vectors(&self, codes: &[u16]) -> Result<Vec<Vec<u16>>> {
        check::length("the matrix", codes, self.rows * self.columns)?;
        let code = |row: usize, column: usize| {
            if row < self.rows && column < self.columns { codes[row * self.columns + column] } else { 0 }
        };
        let vector = |(row, start): (usize, usize)| (start..start + self.width()).map(|k| code(row, k)).collect();
        Ok((0..self.items()).map(|item| vector(self.origin(item))).collect())
    }

    /// Puts the vectors of one record of `masks` items where they belong in the matrix. A vector that is
    /// longer or shorter than its item, as faults can make it, loses its end or leaves zeros.
    ///
    /// # Panics
    /// When `codes` are not rows × columns.
    pub fn place(&self, masks: usize, record: usize, vectors: &[Vec<u16>], codes: &mut [u16]) {
        for (item, vector) in vectors.iter().enumerate() {
            let (row, start) = self.origin(record * masks + item);
            if row < self.rows {
                for k in start..(start + self.width()).min(self.columns) {
                    codes[row * self.columns + k] = vector.get(k - start).copied().unwrap_or_default();
                }
            }
        }
    }

    /// Number of items.
    fn items(&self) -> usize {
        let along = self.columns.div_ceil(self.width());
        match self.kind {
            RecordKind::Stream | RecordKind::Row => self.rows * along,
            _ => self.rows.next_multiple_of(self.n) * along,
        }
    }

    /// Row and first column of an item, in the order of storage.
    fn origin(&self, item: usize) -> (usize, usize) {
        let along = self.columns.div_ceil(self.width());
        match self.kind {
            RecordKind::Stream | RecordKind::Row => (item / along, item % along * self.n),
            // Tiles along the reduction first, lanes within a tile.
            _ => {
                let (tile, lane) = (item / self.n, item % self.n);
                (tile / along * self.n + lane, tile % along * self.width())
            }
        }
    }

    /// Codes of an item.
    fn width(&self) -> usize {
        if self.kind == RecordKind::Blocks { 2 * self.n } else { self.n }
    }
}

/// Bits that number `count` things.
fn clog2(count: usize) -> usize {
    count.next_power_of_two().trailing_zeros() as usize
}
