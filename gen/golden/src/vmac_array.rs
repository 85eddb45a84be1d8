//! `vmac_array`: n lanes that share one input vector, with weights loaded beside those in use.

use crate::{Error, Result, check, vmac::Lane};
use alberti_arith::Format;

/// The weights of all lanes: what multiplies while another tile is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    format: Format,
    accumulator_bits: u32,
    lanes: Vec<Lane>,
}

impl Tile {
    /// A tile of one lane per output.
    ///
    /// # Errors
    /// When lanes differ in the number of their inputs, there are fewer than 2 or more than 64, or no
    /// accumulator has that many bits.
    pub fn new(format: Format, accumulator_bits: u32, lanes: Vec<Lane>) -> Result<Self> {
        check::lanes(lanes.len())?;
        check::accumulator_bits(accumulator_bits)?;
        let inputs = lanes[0].inputs();
        if let Some(lane) = lanes.iter().position(|lane| lane.inputs() != inputs) {
            let other = lanes[lane].inputs();
            return Err(Error::new(format!(
                "lane {lane} has {other} inputs, lane 0 has {inputs}: all must have the same"
            )));
        }
        Ok(Self { format, accumulator_bits, lanes })
    }

    /// How many codes a vector has.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.lanes[0].inputs()
    }

    /// One sum per lane: `addend + Σ w·x`, wrapped.
    ///
    /// # Errors
    /// When vector or addends have the wrong number of elements, or one does not fit its width.
    pub fn sums(&self, vector: &[u16], addends: &[i64]) -> Result<Vec<i64>> {
        check::length("vector", vector, self.inputs())?;
        check::length("addends", addends, self.lanes.len())?;
        check::signed("addends", self.accumulator_bits, addends)?;
        let inputs = check::significands("vector", self.format, vector)?;
        let lanes = self.lanes.iter().zip(addends);
        Ok(lanes.map(|(lane, &addend)| lane.sum(self.accumulator_bits, addend, &inputs)).collect())
    }
}

/// Whether the array holds still for a vector: when every code of it stands for zero. Weights do not matter.
#[must_use]
pub fn is_held(format: Format, vector: &[u16]) -> bool {
    vector.iter().all(|&code| format.is_zero(code))
}

/// What the array answers to one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// One sum per lane.
    pub sums: Vec<i64>,
    /// `held_o`: the operand registers kept still.
    pub held: bool,
}

/// The array with its two sets of weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmacArray {
    shadow: Tile,
    active: Tile,
    zero_skip: bool,
}

impl VmacArray {
    /// An array of `n` lanes with `inputs` inputs, all weights zero.
    ///
    /// # Errors
    /// When no array has such a size or accumulator.
    pub fn new(format: Format, accumulator_bits: u32, n: usize, inputs: usize, zero_skip: bool) -> Result<Self> {
        let lane = Lane::dense(format, &vec![0; inputs])?;
        let tile = Tile::new(format, accumulator_bits, vec![lane; n])?;
        Ok(Self { shadow: tile.clone(), active: tile, zero_skip })
    }

    /// Loads one lane of the shadow weights.
    ///
    /// # Errors
    /// When there is no such lane, or the new one has another number of inputs.
    pub fn load(&mut self, lane: usize, weights: Lane) -> Result<()> {
        let inputs = self.shadow.inputs();
        if lane >= self.shadow.lanes.len() || weights.inputs() != inputs {
            return Err(Error::new(format!(
                "lane {lane} of {} inputs: the array has {} lanes of {inputs}",
                weights.inputs(),
                self.shadow.lanes.len()
            )));
        }
        self.shadow.lanes[lane] = weights;
        Ok(())
    }

    /// Loads one place of the shadow weights in all lanes, one code a lane.
    ///
    /// # Errors
    /// When there is not one code per lane, the lanes have no such place, or a code does not fit the format.
    pub fn load_column(&mut self, place: usize, weights: &[u16]) -> Result<()> {
        check::length("weights", weights, self.shadow.lanes.len())?;
        let format = self.shadow.format;
        self.shadow.lanes.iter_mut().zip(weights).try_for_each(|(lane, &weight)| lane.set(format, place, weight))
    }

    /// Makes the shadow weights the active ones. The shadow keeps its own; a load in the same cycle comes
    /// after.
    pub fn swap(&mut self) {
        self.active.clone_from(&self.shadow);
    }

    /// Multiplies one vector. An all-zero vector is held, which never changes a sum.
    ///
    /// # Errors
    /// As [`Tile::sums`].
    pub fn step(&self, vector: &[u16], addends: &[i64]) -> Result<Step> {
        let sums = self.active.sums(vector, addends)?;
        Ok(Step { sums, held: self.zero_skip && is_held(self.active.format, vector) })
    }
}
