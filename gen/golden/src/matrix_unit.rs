//! `matrix_unit`: array, accumulator, activation and requantiser joined: vectors in, vectors out.
//!
//! A job is one output tile: `rows` × n results over `passes` weight tiles,
//!
//! ```text
//! sum[r][j]  = f(bias[j] + Σ_pass Σ_i d(weight[pass][j][i])·d(activation[pass][r][i]))
//! code[r][j] = requantize(sum[r][j], scale[j])
//! wide[r][j] = sat16(rhu(sum[r][j], clamp(scale[j] + wide_shift, −64, 63)))
//! ```
//!
//! where f is the job's function, which may change the shift as well as the sum
//! ([`activation`]).
//!
//! Each pass takes n weight items (lane 0 first), then one activation vector per row. Item p of a tile by
//! columns brings the weights of place p of all lanes. In a block-sparse design a block tile covers 2n
//! inputs, one vector of each activation slot; the plain tiles of a job take their vectors from slots 0 and 1
//! in turn, spread so that every multiplier's first choice is its own input.
//!
//! A tile is of the kind of its first item. An item of the other kind is an error, counted as one, and
//! multiplies whatever its selects find in the tile's vectors.

use crate::{
    BlockSparsity, Error, Result,
    accumulator::Accumulator,
    activation,
    block_select::Selection,
    check, requantize,
    vmac::Lane,
    vmac_array::{Tile, is_held},
};
use alberti_arith::{Activation, ActivationSet, Format};

/// What the design fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixUnitConfig {
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
    /// The functions that a job may ask for.
    pub activation: ActivationSet,
}

impl MatrixUnitConfig {
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
    pub function: Activation,
    /// The requantisation shift of all columns after GELU, −64..=63.
    pub activation_shift: i32,
    /// What the shift of a wide result is more than that of the code, −64..=63. Only accelerators have wide
    /// results.
    pub wide_shift: i32,
}

/// One item of a weight tile: n codes of a lane, or of a place in every lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The weights.
    pub codes: Vec<u16>,
    /// What [`block_select`](crate::block_select) found for it, if it belongs to a block tile.
    pub block: Option<Selection>,
    /// Of a tile's first item: whether the tile comes by columns.
    pub columns: bool,
}

/// All that a matrix unit is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The output tiles, in order.
    pub jobs: Vec<Job>,
    /// The weight items.
    pub weights: Vec<Item>,
    /// The vectors of one slot, or of two in a block-sparse design.
    pub activations: Vec<Vec<Vec<u16>>>,
}

/// A row of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// Codes in the result's format.
    pub code: Vec<u16>,
    /// Two's complement numbers of 16 bits.
    pub wide: Vec<u16>,
    /// Whether it closes a segment.
    pub last: bool,
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

/// All that a matrix unit answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Result rows, job by job.
    pub rows: Vec<ResultRow>,
    /// The counters.
    pub counters: Counters,
}

/// Runs all jobs of `input`.
///
/// # Errors
/// When the unit cannot be built, a job is empty or does not fit its ports, an item or vector has other than
/// n codes, or a stream ends before the last job has what it needs or still has items after it.
pub fn run(config: &MatrixUnitConfig, input: &Input) -> Result<Output> {
    config.check()?;
    check::length("activations", &input.activations, config.slots())?;
    let streams = Streams {
        weights: input.weights.iter(),
        activations: input.activations.iter().map(|vectors| vectors.iter()).collect(),
    };
    let mut unit = Unit::new(config, streams);
    let mut rows = Vec::new();
    for (number, job) in input.jobs.iter().enumerate() {
        rows.extend(unit.job(job).map_err(|e| e.within(format_args!("job {number}")))?);
    }
    let Unit { operands: Streams { weights, activations }, counters, .. } = unit;
    nothing_left("weight", weights.len())?;
    for (slot, vectors) in activations.into_iter().enumerate() {
        nothing_left(&format!("activation {slot}"), vectors.len())?;
    }
    Ok(Output { rows, counters })
}

pub(crate) fn nothing_left(stream: &str, items: usize) -> Result<()> {
    if items > 0 {
        return Err(Error::new(format!("the {stream} stream holds {items} items more than the jobs ask for")));
    }
    Ok(())
}

/// Where a unit's operands come from, in order.
pub(crate) trait Operands {
    /// The next weight item, or none when the stream has ended.
    fn weight(&mut self) -> Result<Option<Item>>;

    /// The next vector of a slot, or none when the stream has ended.
    fn vector(&mut self, slot: usize) -> Result<Option<Vec<u16>>>;
}

/// Operands as vectors.
struct Streams<'a> {
    weights: std::slice::Iter<'a, Item>,
    activations: Vec<std::slice::Iter<'a, Vec<u16>>>,
}

impl Operands for Streams<'_> {
    fn weight(&mut self) -> Result<Option<Item>> {
        Ok(self.weights.next().cloned())
    }

    fn vector(&mut self, slot: usize) -> Result<Option<Vec<u16>>> {
        Ok(self.activations[slot].next().cloned())
    }
}

/// The unit between its operands and its result rows.
pub(crate) struct Unit<'a, O> {
    config: &'a MatrixUnitConfig,
    pub operands: O,
    pub counters: Counters,
}

impl<'a, O: Operands> Unit<'a, O> {
    pub fn new(config: &'a MatrixUnitConfig, operands: O) -> Self {
        Self { config, operands, counters: Counters::default() }
    }

    /// The result rows of one job.
    pub fn job(&mut self, job: &Job) -> Result<Vec<ResultRow>> {
        let MatrixUnitConfig { n, result, accumulator_bits, .. } = *self.config;
        if job.rows == 0 || job.passes == 0 {
            return Err(Error::new(format!("{} rows, {} passes: at least one of each", job.rows, job.passes)));
        }
        check::length("bias", &job.bias, n)?;
        check::signed("bias", self.config.bias_bits(), &job.bias)?;
        check::length("scale", &job.scale, n)?;
        requantize::check_shifts(&job.scale)?;
        requantize::check_shifts(&[job.wide_shift]).map_err(|error| error.within("wide_shift"))?;
        if !self.config.activation.contains(job.function) {
            return Err(Error::new(format!("the unit has no {}, it has {}", job.function, self.config.activation)));
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
                    let active =
                        activation::row(job.function, accumulator_bits, &sums, &job.scale, job.activation_shift)?;
                    rows.push(ResultRow {
                        code: requantize::row(result, &active.sums, &active.shifts)?,
                        wide: requantize::wide(&active.sums, &active.shifts, job.wide_shift)?,
                        last: job.close && row + 1 == job.rows,
                    });
                }
            }
            plain_passes += usize::from(!block);
        }
        Ok(rows)
    }

    /// The next weight tile, and whether it is a block tile.
    fn tile(&mut self) -> Result<(Tile, bool)> {
        let MatrixUnitConfig { n, operand, accumulator_bits, .. } = *self.config;
        let mut items = Vec::with_capacity(n);
        for lane in 0..n {
            let place = |e: Error| e.within(format_args!("weight lane {lane}"));
            let item =
                self.operands.weight().map_err(place)?.ok_or_else(|| place(Error::new("the stream has ended")))?;
            check::length("weights", &item.codes, n).map_err(place)?;
            items.push(item);
        }
        let (block, columns) = (items[0].block.is_some(), items[0].columns);
        let mut lanes = Vec::with_capacity(n);
        for (lane, item) in items.iter().enumerate() {
            let place = |e: Error| e.within(format_args!("weight lane {lane}"));
            let wrong = item.block.as_ref().is_some_and(|selection| selection.errors.contains(&true));
            self.counters.mask_errors += u64::from(wrong || block != item.block.is_some());
            lanes.push(match columns {
                false => self.lane(&item.codes, item.block.as_ref()).map_err(place)?,
                true if item.block.is_some() => return Err(place(Error::new("a block item in a tile by columns"))),
                true => {
                    self.lane(&items.iter().map(|item| item.codes[lane]).collect::<Vec<_>>(), None).map_err(place)?
                }
            });
        }
        Ok((Tile::new(operand, accumulator_bits, lanes)?, block))
    }

    /// One lane's weights; without selects every multiplier has its first choice.
    fn lane(&self, codes: &[u16], block: Option<&Selection>) -> Result<Lane> {
        let MatrixUnitConfig { n, operand, sparsity, .. } = *self.config;
        match (sparsity, block) {
            (None, Some(_)) => Err(Error::new("a block item in a design without block sparsity")),
            (None, None) => Lane::dense(operand, codes),
            (Some(sparsity), None) => Lane::selected(operand, sparsity, codes, &vec![Some(0); n]),
            (Some(sparsity), Some(selection)) => Lane::selected(operand, sparsity, codes, &selection.selects),
        }
    }

    /// The next activation vector, as wide as all slots together. The plain tiles of a job take the slots in
    /// turn.
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
        let place = |e: Error| e.within(format_args!("activation slot {slot}"));
        let vector =
            self.operands.vector(slot).map_err(place)?.ok_or_else(|| place(Error::new("the stream has ended")))?;
        check::length("vector", &vector, self.config.n).map_err(place)?;
        Ok(vector)
    }
}
