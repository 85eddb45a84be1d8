//! `processing_unit`: decoders, array, accumulator, requantisation and encoder joined.
//!
//! What lies between its decoders and its encoder is the [`matrix_unit`](crate::matrix_unit), whose jobs
//! these are. Wide results and tiles by columns are none of its business.

use crate::{
    Error, Packed, Pointer, Result, Segment,
    bitmask_decoder::expand,
    bitmask_encoder::Gather,
    block_select, check,
    matrix_unit::{Item, Operands, Unit, nothing_left},
    stream::Reader,
};
use alberti_arith::Format;

pub use crate::matrix_unit::{Counters, Job, MatrixUnitConfig};

/// One lane's row of a weight tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightItem {
    /// Plain: the low n bits, one value per one follows. Block: 2n bits, block masks; n values follow
    /// whatever they say.
    pub mask: u128,
    /// Whether it belongs to a block tile.
    pub block: bool,
}

/// Masks and packed values of one activation slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The packed values.
    pub memory: Packed,
    /// The masks of n bits, with the base pointer of each segment.
    pub masks: Vec<Segment<u64>>,
}

/// All that a processing unit is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The output tiles, in order.
    pub jobs: Vec<Job>,
    /// Packed values of the weights.
    pub weight_memory: Packed,
    /// The weight items.
    pub weights: Vec<Segment<WeightItem>>,
    /// One slot, or two in a block-sparse design.
    pub activations: Vec<Slot>,
    /// The result memory as it was before.
    pub result_memory: Packed,
    /// First rows of the result's segments, in order.
    pub result_rows: Vec<usize>,
}

/// All that a processing unit answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Result masks.
    pub masks: Vec<Segment<u64>>,
    /// Whether the last result segment was closed; its last item carries `last` only then.
    pub closed: bool,
    /// The result memory after the last job.
    pub memory: Packed,
    /// The counters.
    pub counters: Counters,
}

/// Runs all jobs of `input`.
///
/// # Errors
/// When the unit cannot be built, a memory has other than n lanes, a job is empty or does not fit its ports,
/// a stream ends before the last job has what it needs or still has items after it, or a mask has bits that
/// its stream lacks.
pub fn run(config: &MatrixUnitConfig, input: &Input) -> Result<Output> {
    config.check()?;
    check::length("activations", &input.activations, config.slots())?;
    let memories = [&input.weight_memory, &input.result_memory].into_iter();
    for memory in memories.chain(input.activations.iter().map(|slot| &slot.memory)) {
        if memory.lanes() != config.n {
            return Err(Error::new(format!("a memory of rows of {} values: n is {}", memory.lanes(), config.n)));
        }
    }
    let decoders = Decoders {
        config,
        weights: Reader::new(&input.weight_memory, &input.weights),
        activations: input.activations.iter().map(|slot| Reader::new(&slot.memory, &slot.masks)).collect(),
    };
    let mut unit = Unit::new(config, decoders);
    let mut results = Results::new(config.result, input);
    for (number, job) in input.jobs.iter().enumerate() {
        let rows = unit.job(job).map_err(|e| e.within(format_args!("job {number}")))?;
        let rows: Vec<_> = rows.into_iter().map(|row| row.code).collect();
        results.append(&rows, job.close).map_err(|e| e.within(format_args!("job {number}, results")))?;
    }
    let Unit { operands: Decoders { weights, activations, .. }, counters, .. } = unit;
    nothing_left("weight", weights.left())?;
    for (slot, reader) in activations.into_iter().enumerate() {
        nothing_left(&format!("activation {slot}"), reader.left())?;
    }
    let Results { masks, memory, segment, .. } = results;
    Ok(Output { masks, closed: segment.is_none(), memory, counters })
}

/// The weight and activation streams, with the values that their masks stand for.
struct Decoders<'a> {
    config: &'a MatrixUnitConfig,
    weights: Reader<'a, WeightItem>,
    activations: Vec<Reader<'a, u64>>,
}

impl Operands for Decoders<'_> {
    fn weight(&mut self) -> Result<Option<Item>> {
        let MatrixUnitConfig { n, sparsity, .. } = *self.config;
        let Some(&item) = self.weights.next()? else { return Ok(None) };
        check::mask("the mask", item.mask, self.config.slots() * n)?;
        let (codes, block) = match sparsity.filter(|_| item.block) {
            Some(sparsity) => (self.weights.values(n), Some(block_select::select_lane(sparsity, n, item.mask)?)),
            None if item.block => return Err(Error::new("a block item in a design without block sparsity")),
            None => {
                let plain = item.mask as u64 & (u64::MAX >> (64 - n));
                (expand(plain, n, &self.weights.values(plain.count_ones() as usize)), None)
            }
        };
        Ok(Some(Item { codes, block, columns: false }))
    }

    fn vector(&mut self, slot: usize) -> Result<Option<Vec<u16>>> {
        let n = self.config.n;
        let reader = &mut self.activations[slot];
        let Some(&mask) = reader.next()? else { return Ok(None) };
        check::mask("a mask", mask.into(), n)?;
        Ok(Some(expand(mask, n, &reader.values(mask.count_ones() as usize))))
    }
}

/// The encoder's side: segments of masks, and values in a memory.
struct Results<'a> {
    format: Format,
    rows: std::slice::Iter<'a, usize>,
    masks: Vec<Segment<u64>>,
    memory: Packed,
    /// The segment that is not closed.
    segment: Option<Gather>,
}

impl<'a> Results<'a> {
    fn new(format: Format, input: &'a Input) -> Self {
        let (memory, rows) = (input.result_memory.clone(), input.result_rows.iter());
        Self { format, rows, masks: Vec::new(), memory, segment: None }
    }

    fn append(&mut self, rows: &[Vec<u16>], close: bool) -> Result<()> {
        let mut segment = match self.segment.take() {
            Some(segment) => segment,
            None => self.begin()?,
        };
        let masks = segment.vectors(self.format, &mut self.memory, rows)?;
        if let Some(last) = self.masks.last_mut() {
            last.items.extend(masks);
        }
        if close {
            segment.close(&mut self.memory);
        } else {
            self.segment = Some(segment);
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<Gather> {
        let missing = || Error::new(format!("segment {} has no first row", self.masks.len()));
        let row = *self.rows.next().ok_or_else(missing)?;
        self.masks.push(Segment { base: Pointer { row, lane: 0 }, items: Vec::new() });
        Gather::begin(&self.memory, row)
    }
}
