//! The accelerator's memories: what they hold, and in what order it was written.

use super::{
    config::AcceleratorConfig,
    order::{Mark, Order},
    trouble::{Trouble, Work},
};
use crate::{
    Error, Image, Packed, Result,
    secded::{Code, Finding},
};
use alberti_isa::{Fault, Memory};
use std::collections::BTreeMap;

/// A row of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowAddress {
    /// The memory.
    pub memory: Memory,
    /// Its number.
    pub row: u32,
}

/// What one memory holds, `width` elements a row.
#[derive(Clone, Debug)]
struct Rows<T> {
    memory: Memory,
    width: usize,
    content: Vec<T>,
    marks: Vec<Mark>,
}

impl<T: Copy + Default> Rows<T> {
    fn new(memory: Memory, rows: usize, width: usize) -> Self {
        Self { memory, width, content: vec![T::default(); rows * width], marks: vec![Mark::default(); rows] }
    }

    fn at(&self, row: u32) -> std::ops::Range<usize> {
        let first = row as usize * self.width;
        first..first + self.width
    }

    fn mark(&mut self, row: u32) -> Work<&mut Mark> {
        self.marks.get_mut(row as usize).ok_or(Trouble::Fault(Fault::Address))
    }

    fn read(&mut self, order: &Order, row: u32) -> Work<&[T]> {
        let memory = self.memory;
        order.read(self.mark(row)?).map_err(|error| place(error, memory, row))?;
        Ok(&self.content[self.at(row)])
    }

    fn write(&mut self, order: &Order, row: u32, values: &[T]) -> Work {
        let memory = self.memory;
        order.write(self.mark(row)?).map_err(|error| place(error, memory, row))?;
        let range = self.at(row);
        self.content[range].copy_from_slice(values);
        Ok(())
    }
}

fn place(error: Error, memory: Memory, row: u32) -> Error {
    error.within(format_args!("row {row} of the {} memory", memory.name()))
}

/// Everything that the accelerator holds.
#[derive(Clone, Debug)]
pub struct Memories {
    activation: Rows<u8>,
    wide: Rows<i16>,
    parameter: Rows<[u8; 5]>,
    index: Rows<u32>,
    pub(super) values: Packed,
    masks: Image,
    code: Option<Code>,
    /// Mask words that do not agree with their check bits: their data as read, and what was found.
    findings: BTreeMap<usize, (u128, Finding)>,
    value_rows: usize,
}

/// Words of the mask memory as they are read.
pub(super) struct MaskWords {
    /// Their data, corrected where that could be.
    pub words: Image,
    /// Words with one wrong bit.
    pub corrected: u64,
    /// Words with two.
    pub detected: u64,
}

impl Memories {
    pub(super) fn new(config: &AcceleratorConfig) -> Result<Self> {
        let (n, width) = (config.n, config.layout()?.word_bits());
        let code = (config.mask_check_bits > 0).then(|| Code::new(width)).transpose()?;
        Ok(Self {
            activation: Rows::new(Memory::Activation, config.activation_rows, n),
            wide: Rows::new(Memory::Wide, config.wide_rows, n),
            parameter: Rows::new(Memory::Parameter, config.parameter_rows, n),
            index: Rows::new(Memory::Index, config.index_words, 1),
            values: Packed::new(n, config.value_rows * n)?,
            masks: Image::new(config.mask_words, width)?,
            code,
            findings: BTreeMap::new(),
            value_rows: config.value_rows,
        })
    }

    pub(super) fn set_weights(&mut self, config: &AcceleratorConfig, values: &[u16], masks: &Image) -> Result<()> {
        if masks.width() != self.masks.width() || masks.words() > self.masks.words() {
            return Err(Error::new(format!(
                "{} mask words of {} bits: the memory has {} of {}",
                masks.words(),
                masks.width(),
                self.masks.words(),
                self.masks.width()
            )));
        }
        self.values = Packed::with_values(config.n, config.value_rows * config.n, values)?;
        for word in 0..masks.words() {
            self.masks.copy(masks, word, masks.width());
        }
        self.findings.clear();
        Ok(())
    }

    /// So many mask words from `first` on, as the decoder reads them.
    pub(super) fn mask_words(&self, first: usize, count: usize) -> Work<MaskWords> {
        if first + count > self.masks.words() {
            return Err(Fault::Address.into());
        }
        let width = self.masks.width();
        let mut read = MaskWords { words: Image::new(count, width)?, corrected: 0, detected: 0 };
        for word in 0..count {
            let found = self.findings.get(&(first + word));
            let data = found.map_or_else(|| self.masks.get(first + word, 0, width), |&(data, _)| data);
            read.words.set(word, 0, width, data);
            read.corrected += u64::from(found.is_some_and(|found| found.1 == Finding::Corrected));
            read.detected += u64::from(found.is_some_and(|found| found.1 == Finding::Detected));
        }
        Ok(read)
    }

    fn write_masks(&mut self, word: usize, bytes: &[u8]) -> Result<()> {
        let width = self.masks.width();
        let mut stored = Image::new(1, self.mask_bits())?;
        for bit in 0..stored.width() {
            stored.set(0, bit, 1, u128::from(bytes[bit / 8] >> (bit % 8) & 1));
        }
        self.masks.set(word, 0, width, stored.get(0, 0, width));
        self.findings.remove(&word);
        if let Some(code) = &self.code {
            let found = code.correct(&mut stored, 0);
            if found != Finding::Clean {
                self.findings.insert(word, (stored.get(0, 0, width), found));
            }
        }
        Ok(())
    }

    /// Bits of a mask word as it is stored.
    fn mask_bits(&self) -> usize {
        self.code.as_ref().map_or(self.masks.width(), Code::word_bits)
    }

    /// A program begins: what was written before is there.
    pub(super) fn begin(&mut self) {
        let settle = |marks: &mut Vec<Mark>| marks.iter_mut().for_each(|mark| *mark = mark.settled());
        settle(&mut self.activation.marks);
        settle(&mut self.wide.marks);
        settle(&mut self.parameter.marks);
        settle(&mut self.index.marks);
    }

    /// n codes of the activation memory.
    #[must_use]
    pub fn codes(&self, row: u32) -> &[u8] {
        &self.activation.content[self.activation.at(row)]
    }

    /// n numbers of the wide memory.
    #[must_use]
    pub fn numbers(&self, row: u32) -> &[i16] {
        &self.wide.content[self.wide.at(row)]
    }

    pub(super) fn read_codes(&mut self, order: &Order, row: u32) -> Work<&[u8]> {
        self.activation.read(order, row)
    }

    pub(super) fn write_codes(&mut self, order: &Order, row: u32, codes: &[u8]) -> Work {
        self.activation.write(order, row, codes)
    }

    pub(super) fn read_numbers(&mut self, order: &Order, row: u32) -> Work<&[i16]> {
        self.wide.read(order, row)
    }

    pub(super) fn write_numbers(&mut self, order: &Order, row: u32, numbers: &[i16]) -> Work {
        self.wide.write(order, row, numbers)
    }

    /// n columns' parameters, 40 bits each.
    pub(super) fn read_parameters(&mut self, order: &Order, row: u32) -> Work<&[[u8; 5]]> {
        self.parameter.read(order, row)
    }

    pub(super) fn read_index(&mut self, order: &Order, row: u32) -> Work<u32> {
        Ok(self.index.read(order, row)?[0])
    }

    /// How many rows a memory has.
    pub(super) fn rows(&self, memory: Memory) -> usize {
        match memory {
            Memory::Activation => self.activation.marks.len(),
            Memory::Wide => self.wide.marks.len(),
            Memory::Parameter => self.parameter.marks.len(),
            Memory::Index => self.index.marks.len(),
            Memory::WeightValues => self.value_rows,
            Memory::WeightMasks => self.masks.words(),
        }
    }

    /// Bits of a row.
    pub(super) fn bits(&self, memory: Memory) -> usize {
        match memory {
            Memory::Activation => 8 * self.activation.width,
            Memory::Wide => 16 * self.wide.width,
            Memory::Parameter => 40 * self.parameter.width,
            Memory::Index => 32,
            Memory::WeightValues => 8 * self.values.lanes(),
            Memory::WeightMasks => self.mask_bits(),
        }
    }

    /// A row as bytes, little-endian, lane 0 first; none past the end.
    #[must_use]
    pub fn row(&self, row: RowAddress) -> Option<Vec<u8>> {
        let number = row.row as usize;
        Some(match row.memory {
            Memory::Activation => self.activation.content.get(self.activation.at(row.row))?.to_vec(),
            Memory::Wide => {
                let numbers = self.wide.content.get(self.wide.at(row.row))?;
                numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
            }
            Memory::Parameter => self.parameter.content.get(self.parameter.at(row.row))?.concat(),
            Memory::Index => self.index.content.get(number)?.to_le_bytes().to_vec(),
            Memory::WeightValues => {
                let n = self.values.lanes();
                let values = (number < self.value_rows).then(|| &self.values.values()[number * n..][..n])?;
                values.iter().map(|&code| code as u8).collect()
            }
            Memory::WeightMasks => {
                let bits = (number < self.masks.words()).then(|| self.masks.get(number, 0, self.masks.width()))?;
                bits.to_le_bytes()[..self.masks.width().div_ceil(8)].to_vec()
            }
        })
    }

    pub(super) fn read_row(&mut self, order: &Order, row: RowAddress) -> Work<Vec<u8>> {
        match row.memory {
            Memory::Activation => self.activation.read(order, row.row).map(drop)?,
            Memory::Wide => self.wide.read(order, row.row).map(drop)?,
            Memory::Parameter => self.parameter.read(order, row.row).map(drop)?,
            Memory::Index => self.index.read(order, row.row).map(drop)?,
            Memory::WeightValues | Memory::WeightMasks => {}
        }
        self.row(row).ok_or(Trouble::Fault(Fault::Address))
    }

    pub(super) fn write_row(&mut self, order: &Order, row: RowAddress, bytes: &[u8]) -> Work {
        match row.memory {
            Memory::Activation => self.activation.write(order, row.row, &bytes[..self.activation.width]),
            Memory::Wide => {
                let numbers: Vec<i16> =
                    bytes.chunks_exact(2).take(self.wide.width).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
                self.wide.write(order, row.row, &numbers)
            }
            Memory::Parameter => {
                let columns = bytes.chunks_exact(5).take(self.parameter.width);
                let columns: Vec<[u8; 5]> = columns.map(|b| std::array::from_fn(|i| b[i])).collect();
                self.parameter.write(order, row.row, &columns)
            }
            Memory::Index => {
                self.index.write(order, row.row, &[u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])])
            }
            Memory::WeightValues => {
                let n = self.values.lanes();
                let codes: Vec<u16> = bytes[..n].iter().map(|&code| code.into()).collect();
                self.values.write(crate::Pointer { row: row.row as usize, lane: 0 }, &codes);
                Ok(())
            }
            Memory::WeightMasks => Ok(self.write_masks(row.row as usize, bytes)?),
        }
    }
}
