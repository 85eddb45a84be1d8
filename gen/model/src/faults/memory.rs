//! The memories that faults are in: their cells, how often these err, and where it counts.

use super::{
    draw::{Defects, Draws, draw},
    levels::Misreads,
};
use crate::ModelError;
use alberti_arith::Format;
use alberti_golden::{
    BlockSparsity, Image,
    cells::{Cells, Coding, Placing},
};
use std::collections::BTreeSet;

/// Where faults are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultSite {
    /// In all bits of the stored codes.
    Values,
    /// In their sign and exponent; of fixed-point codes, in the upper half.
    Exponents,
    /// In their mantissa; of fixed-point codes, in the lower half.
    Mantissas,
    /// In the mask memory: masks, offsets, pointers.
    Masks,
    /// In codes and masks.
    Both,
    /// In pointers alone.
    Pointers,
}

impl FaultSite {
    /// The bits of a code that faults can change, none where they are in masks alone.
    pub(super) fn bits(self, format: Format) -> u16 {
        let all = ((1u32 << format.bits()) - 1) as u16;
        let low = match format {
            Format::AdaptivFloat(f) => f.mantissa_bits(),
            Format::Fixed(f) => f.bits() / 2,
        };
        let low = ((1u32 << low) - 1) as u16;
        match self {
            Self::Values | Self::Both => all,
            Self::Exponents => all & !low,
            Self::Mantissas => low,
            Self::Masks | Self::Pointers => 0,
        }
    }

    pub(super) fn masks(self) -> bool {
        matches!(self, Self::Masks | Self::Pointers | Self::Both)
    }
}

/// How often the cells of both memories err.
#[derive(Clone, Debug, PartialEq)]
pub struct Stress {
    /// Cells of the values.
    pub values: Defects,
    /// Cells of the masks.
    pub masks: Defects,
}

impl Stress {
    /// One bit error rate for both, and a share of stuck cells.
    ///
    /// # Errors
    /// As [`Misreads::uniform`].
    pub fn uniform(settings: &Settings, bit_error_rate: f64, stuck: f64) -> Result<Self, ModelError> {
        let defects = |bits| Misreads::uniform(bits, bit_error_rate).map(|misreads| Defects { misreads, stuck });
        Ok(Self { values: defects(settings.values.bits)?, masks: defects(settings.masks.bits)? })
    }
}

/// How often cells err, and the bit error rate that stands for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// The bit error rate that was asked for; none for the technology's own levels.
    pub asked: Option<f64>,
    /// How often cells err at it.
    pub stress: Stress,
}

/// How the words of a memory lie in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellForm {
    /// Bits of a cell.
    pub bits: usize,
    /// Which bits share a cell.
    pub placing: Placing,
    /// Which level stands for them.
    pub coding: Coding,
}

impl CellForm {
    /// Words of so many bits in such cells.
    ///
    /// # Errors
    /// As [`Cells::new`].
    pub fn cells(&self, width: usize) -> Result<Cells, alberti_golden::Error> {
        Cells::new(width, self.bits, self.placing, self.coding)
    }
}

/// What is the same in every trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Lanes.
    pub n: usize,
    /// Capacity of the value memory in codes.
    pub capacity: usize,
    /// The blocks of [`RecordKind::Blocks`](alberti_golden::storage::RecordKind::Blocks).
    pub sparsity: Option<BlockSparsity>,
    /// Cells of the value memory.
    pub values: CellForm,
    /// Cells of the mask memory.
    pub masks: CellForm,
    /// Whether words of the mask memory correct one error and detect two.
    pub secded: bool,
    /// Of all draws.
    pub seed: u64,
}

/// What is read of an image with faults drawn, and the words of it that differ.
pub(super) fn faulty(
    image: &Image,
    form: &CellForm,
    defects: &Defects,
    draws: &mut Draws,
) -> Result<(Image, BTreeSet<usize>), ModelError> {
    let cells = form.cells(image.width()).map_err(misfit)?;
    let map = draw(&cells, image.words(), defects, draws)?;
    let read = cells.read(image, &map).map_err(misfit)?;
    let mut words: BTreeSet<_> = map.faults().iter().map(|fault| fault.word).collect();
    words.retain(|&word| read.difference(image, word) > 0);
    Ok((read, words))
}

pub(super) fn misfit(error: alberti_golden::Error) -> ModelError {
    ModelError::Shape(format!("cells: {error}"))
}
