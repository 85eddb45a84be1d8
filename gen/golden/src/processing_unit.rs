//! `processing_unit`: decoders, array, accumulator, requantisation and encoder joined.
//!
//! A job is one output tile: `rows` × n results over `passes` weight tiles,
//!
//! ```text
//! result[r][j] = requantize(f(bias[j] + Σ_pass Σ_i d(weight[pass][j][i])·d(activation[pass][r][i]), scale[j]))
//! ```
//!
//! where f is the job's function, which may change the shift as well as the sum ([`activation`](crate::activation)).
//!
//! Each pass takes n weight items (lane 0 first), then one activation vector per row. In a block-sparse design a block tile
//! covers 2n inputs, one vector of each activation slot; the plain tiles of a job take their vectors from slots 0 and 1 in
//! turn, spread so that every multiplier's first choice is its own input.
//!
//! A tile is of the kind of its first item. An item of the other kind is an error, counted as one, and multiplies whatever
//! its selects find in the tile's vectors.

use crate::{
    BlockSparsity, Error, Packed, Pointer, Result, Segment,
    accumulator::Accumulator,
    activation::Function,
    bitmask_decoder::expand,
    bitmask_encoder::Gather,
    block_select, check, requantize,
    stream::Reader,
    vmac::Lane,
    vmac_array::{Tile, is_held},
};
use alberti_arith::Format;

/// What the design fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Lanes, and multipliers of each lane.
    pub n: usize,
    /// Format of weights and activations.
    pub operand: Format,
    /// Format of results.
    pub result: Format,
    /// Width of the accumulator.
    pub accumulator_bits: u32,
    /// Whether the array holds still for vectors that are zero. Changes a counter, never a result.
    pub zero_skip: bool,
    /// Block-sparse weights, if the array can take them.
    pub sparsity: Option<BlockSparsity>,
    /// The activation: a job may ask for any function that this one includes.
    pub activation: Function,
}

impl Config {
    /// Width of a job's biases: the accumulator's, 32 bits at most.
    #[must_use]
    pub fn bias_bits(&self) -> u32 {
        self.accumulator_bits.min(32)
    }

    /// Activation slots: 2 in a block-sparse design, else 1.
    #[must_use]
    pub fn slots(&self) -> usize {
        if self.sparsity.is_some() { 2 } else { 1 }
    }

    /// Demands a unit that can be built.
    ///
    /// # Errors
    /// When n, the accumulator or the sparsity is out of range.
    pub fn check(&self) -> Result<()> {
        check::lanes(self.n)?;
        check::accumulator_bits(self.accumulator_bits)?;
        self.sparsity.map_or(Ok(()), |sparsity| sparsity.blocks(self.n).map(drop))
    }
}

/// One output tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Activation vectors per pass, at least 1.
    pub rows: usize,
    /// Weight tiles along the reduction, at least 1.
    pub passes: usize,
    /// Whether the job's last result vector closes the segment.
    pub close: bool,
    /// What each column's sums start from.
    pub bias: Vec<i64>,
    /// The requantisation shift of each column, −64..=63; before GELU, what brings its sums to Q.10.
    pub scale: Vec<i32>,
    /// What the sums go through before they are requantised.
    pub function: Function,
    /// The requantisation shift of all columns after GELU, −64..=63.
    pub after: i32,
}

/// One lane's row of a weight tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightItem {
    /// Plain: the low n bits, one value per one follows. Block: 2n bits, block masks; n values follow whatever they say.
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

/// What the status ports count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Vectors that entered the array: rows × passes of every job.
    pub vectors: u64,
    /// Those of them for which the array held still.
    pub held: u64,
    /// Weight items with a block whose mask has a wrong number of ones, or of another kind than their tile.
    pub mask_errors: u64,
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
/// When the unit cannot be built, a memory has other than n lanes, a job is empty or does not fit its ports, a stream ends
/// before the last job has what it needs or still has items after it, or a mask has bits that its stream lacks.
pub fn run(config: &Config, input: &Input) -> Result<Output> {
    config.check()?;
    check::length("activations", &input.activations, config.slots())?;
    let memories = [&input.weight_memory, &input.result_memory].into_iter();
    for memory in memories.chain(input.activations.iter().map(|slot| &slot.memory)) {
        if memory.lanes() != config.n {
            return Err(Error::new(format!("a memory of rows of {} values: n is {}", memory.lanes(), config.n)));
        }
    }
    let mut unit = Unit {
        config,
        weights: Reader::new(&input.weight_memory, &input.weights),
        activations: input.activations.iter().map(|slot| Reader::new(&slot.memory, &slot.masks)).collect(),
        counters: Counters::default(),
    };
    let mut results = Results::new(config.result, input);
    for (number, job) in input.jobs.iter().enumerate() {
        let rows = unit.job(job).map_err(|e| e.within(format_args!("job {number}")))?;
        results.append(&rows, job.close).map_err(|e| e.within(format_args!("job {number}, results")))?;
    }
    let Unit { weights, activations, counters, .. } = unit;
    nothing_left("weight", weights.left())?;
    for (slot, reader) in activations.into_iter().enumerate() {
        nothing_left(&format!("activation {slot}"), reader.left())?;
    }
    let Results { masks, memory, segment, .. } = results;
    Ok(Output { masks, closed: segment.is_none(), memory, counters })
}

fn nothing_left(stream: &str, items: usize) -> Result<()> {
    if items > 0 {
        return Err(Error::new(format!("the {stream} stream holds {items} items more than the jobs ask for")));
    }
    Ok(())
}

/// The unit between its weight and activation streams and the final rows.
struct Unit<'a> {
    config: &'a Config,
    weights: Reader<'a, WeightItem>,
    activations: Vec<Reader<'a, u64>>,
    counters: Counters,
}

impl Unit<'_> {
    /// The result rows of one job.
    fn job(&mut self, job: &Job) -> Result<Vec<Vec<u16>>> {
        let Config { n, result, accumulator_bits, .. } = *self.config;
        if job.rows == 0 || job.passes == 0 {
            return Err(Error::new(format!("{} rows, {} passes: at least one of each", job.rows, job.passes)));
        }
        check::length("bias", &job.bias, n)?;
        check::signed("bias", self.config.bias_bits(), &job.bias)?;
        check::length("scale", &job.scale, n)?;
        requantize::check_shifts(&job.scale)?;
        if !self.config.activation.includes(job.function) {
            return Err(Error::new(format!("{:?}: the unit has no such function", job.function)));
        }
        let mut accumulator = Accumulator::new(accumulator_bits, job.rows, &job.bias)?;
        let mut rows = Vec::with_capacity(job.rows);
        let mut plain_passes = 0;
        for pass in 0..job.passes {
            let (tile, block) = self.tile().map_err(|e| e.within(format_args!("pass {pass}")))?;
            for row in 0..job.rows {
                let place = |e: Error| e.within(format_args!("pass {pass}, row {row}"));
                let vector = self.vector(plain_passes, block).map_err(place)?;
                self.counters.vectors += 1;
                self.counters.held += u64::from(self.config.zero_skip && is_held(self.config.operand, &vector));
                let sums = tile.sums(&vector, accumulator.addend(row, pass == 0)?).map_err(place)?;
                if let Some(sums) = accumulator.take(row, pass + 1 == job.passes, sums)? {
                    let active = job.function.row(accumulator_bits, &sums, &job.scale, job.after)?;
                    rows.push(requantize::row(result, &active.sums, &active.shifts)?);
                }
            }
            plain_passes += usize::from(!block);
        }
        Ok(rows)
    }

    /// The next weight tile, and whether it is a block tile.
    fn tile(&mut self) -> Result<(Tile, bool)> {
        let Config { n, operand, accumulator_bits, .. } = *self.config;
        let mut lanes = Vec::with_capacity(n);
        let mut tile_block = None;
        for lane in 0..n {
            let place = |e: Error| e.within(format_args!("weight lane {lane}"));
            let item = *self.weights.next().map_err(place)?.ok_or_else(|| place(Error::new("the stream has ended")))?;
            let (weights, wrong) = self.lane(item).map_err(place)?;
            lanes.push(weights);
            let kind = *tile_block.get_or_insert(item.block);
            self.counters.mask_errors += u64::from(wrong || kind != item.block);
        }
        Ok((Tile::new(operand, accumulator_bits, lanes)?, tile_block.unwrap_or(false)))
    }

    /// One lane's weights, and whether the mask of a block is wrong.
    fn lane(&mut self, item: WeightItem) -> Result<(Lane, bool)> {
        let Config { n, operand, sparsity, .. } = *self.config;
        let inputs = self.config.slots() * n;
        check::mask("the mask", item.mask, inputs)?;
        let plain = item.mask as u64 & (u64::MAX >> (64 - n));
        let mut values = |count: u32| self.weights.values(count as usize);
        match (sparsity, item.block) {
            (None, true) => Err(Error::new("a block item in a design without block sparsity")),
            (None, false) => Ok((Lane::dense(operand, &expand(plain, n, &values(plain.count_ones())))?, false)),
            (Some(sparsity), false) => {
                let weights = expand(plain, n, &values(plain.count_ones()));
                Ok((Lane::selected(operand, sparsity, &weights, &vec![Some(0); n])?, false))
            }
            (Some(sparsity), true) => {
                let selection = block_select::select_lane(sparsity, n, item.mask)?;
                let lane = Lane::selected(operand, sparsity, &values(n as u32), &selection.selects)?;
                Ok((lane, selection.errors.contains(&true)))
            }
        }
    }

    /// The next activation vector, as wide as all slots together. The plain tiles of a job take the slots in turn.
    fn vector(&mut self, plain_passes: usize, block: bool) -> Result<Vec<u16>> {
        let n = self.config.n;
        let Some(sparsity) = self.config.sparsity else { return self.slot_vector(0) };
        if block {
            return Ok([self.slot_vector(0)?, self.slot_vector(1)?].concat());
        }
        let mut vector = vec![0; 2 * n];
        for (i, code) in self.slot_vector(plain_passes % 2)?.into_iter().enumerate() {
            vector[sparsity.input(i, 0)] = code;
        }
        Ok(vector)
    }

    /// The next vector of one slot, n codes.
    fn slot_vector(&mut self, slot: usize) -> Result<Vec<u16>> {
        let n = self.config.n;
        let place = |e: Error| e.within(format_args!("activation slot {slot}"));
        let reader = &mut self.activations[slot];
        let mask = *reader.next().map_err(place)?.ok_or_else(|| place(Error::new("the stream has ended")))?;
        check::mask("a mask", mask.into(), n).map_err(place)?;
        Ok(expand(mask, n, &reader.values(mask.count_ones() as usize)))
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
