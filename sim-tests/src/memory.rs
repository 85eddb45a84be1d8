//! Banked memories behind a block's ports.
//!
//! Value `v` lies in bank `v mod n`, row `v div n`. Every bank has an enable and a row address of its own:
//! `<name>_enable_o[n]`, `<name>_row_o[n·R]`, and `<name>_data_i[n·W]` to read or `<name>_data_o[n·W]` to write.

use crate::bits::{mask, set_field, words_of};
use crate::error::{Error, Result};
use crate::model::{Model, Port};
use crate::rng::Rng;

/// What a memory holds: `banks · 2^row_bits` values of `width` bits, at first none.
#[derive(Clone, Debug)]
pub struct Memory {
    banks: u32,
    row_bits: u32,
    width: u32,
    values: Vec<Option<u64>>,
    reads: u64,
    strays: u64,
    writes: u64,
}

impl Memory {
    /// An empty memory.
    ///
    /// # Panics
    /// If a value has no bits or more than 64.
    pub fn new(banks: u32, row_bits: u32, width: u32) -> Self {
        assert!((1..=64).contains(&width), "values have 1 to 64 bits, not {width}");
        let values = vec![None; (banks as usize) << row_bits];
        Memory { banks, row_bits, width, values, reads: 0, strays: 0, writes: 0 }
    }

    /// Number of values that fit.
    pub fn capacity(&self) -> usize {
        self.values.len()
    }

    /// Value `v`, if it was ever stored.
    pub fn get(&self, v: usize) -> Option<u64> {
        self.values.get(v).copied().flatten()
    }

    /// Stores value `v`.
    ///
    /// # Panics
    /// If `v` is beyond the capacity, or the value does not fit.
    pub fn set(&mut self, v: usize, value: u64) {
        assert!(value & !mask(self.width) == 0, "{value:#x} does not fit in {} bits", self.width);
        self.values[v] = Some(value);
    }

    /// Stores values from `first` on, wrapping at the end.
    ///
    /// # Panics
    /// If a value does not fit.
    pub fn load<V: Into<u64>>(&mut self, first: usize, values: impl IntoIterator<Item = V>) {
        for (i, value) in values.into_iter().enumerate() {
            self.set((first + i) % self.values.len(), value.into());
        }
    }

    /// Forgets all values, not the counts.
    pub fn clear(&mut self) {
        self.values.fill(None);
    }

    /// Values that were read through ports.
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// Those of the reads that found nothing stored and got a random answer.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// Values that were written through ports.
    pub fn writes(&self) -> u64 {
        self.writes
    }
}

/// The ports of one access.
struct Wires {
    enable: Port,
    row: Port,
    data: Port,
}

impl Wires {
    fn find(model: &Model, name: &str, memory: &Memory, data: Port) -> Result<Self> {
        let (enable, row) = (model.output(&format!("{name}_enable_o"))?, model.output(&format!("{name}_row_o"))?);
        let Memory { banks, row_bits, width, .. } = *memory;
        for (port, part, expected) in
            [(enable, "enable", banks), (row, "row", banks * row_bits), (data, "data", banks * width)]
        {
            let found = model.width(port);
            if found != expected {
                let what = format!("{part} has {found} bits, but {banks} banks of this memory need {expected}");
                return Err(Error::usage(name, what));
            }
        }
        Ok(Wires { enable, row, data })
    }

    /// The banks that are enabled in this cycle, each with the value that it is asked for.
    fn asked<'a>(&'a self, model: &'a Model, memory: &Memory) -> impl Iterator<Item = (u32, usize)> + use<'a> {
        let (banks, row_bits) = (memory.banks, memory.row_bits);
        let mut enabled = model.get(self.enable);
        std::iter::from_fn(move || {
            let b = (enabled != 0).then(|| enabled.trailing_zeros())?;
            enabled &= enabled - 1;
            let row = model.element(self.row, b as usize, row_bits) as usize;
            Some((b, row * banks as usize + b as usize))
        })
    }
}

/// Answers reads a fixed number of cycles later. Data that nobody asked for is random.
pub(crate) struct ReadPort {
    pub memory: usize,
    wires: Wires,
    answers: Vec<Vec<u32>>,
}

impl ReadPort {
    pub fn new(model: &Model, name: &str, memory: (usize, &Memory), latency: u32) -> Result<Self> {
        if latency == 0 {
            return Err(Error::usage(name, "a memory answers after at least 1 cycle, not 0"));
        }
        let data = model.input(&format!("{name}_data_i"))?;
        let wires = Wires::find(model, name, memory.1, data)?;
        let answers = vec![vec![0; words_of(model.width(data))]; latency as usize];
        Ok(ReadPort { memory: memory.0, wires, answers })
    }

    /// Drops the answers on their way, and what is asked during reset.
    pub fn forget(&mut self, memory: &Memory, rng: &mut Rng) {
        self.answers.iter_mut().for_each(|answer| rng.fill(answer, memory.banks * memory.width));
    }

    /// What was asked `latency` cycles ago.
    pub fn drive(&self, model: &mut Model) {
        let slot = model.cycle() as usize % self.answers.len();
        model.set_words(self.wires.data, &self.answers[slot]);
    }

    pub fn sample(&mut self, model: &Model, memory: &mut Memory, rng: &mut Rng) {
        let slot = model.cycle() as usize % self.answers.len();
        let answer = &mut self.answers[slot];
        rng.fill(answer, memory.banks * memory.width);
        for (b, v) in self.wires.asked(model, memory) {
            memory.reads += 1;
            match memory.values[v] {
                Some(value) => set_field(answer, (b * memory.width) as usize, memory.width, value),
                None => memory.strays += 1,
            }
        }
    }
}

/// Takes writes at the end of the cycle.
pub(crate) struct WritePort {
    pub memory: usize,
    wires: Wires,
}

impl WritePort {
    pub fn new(model: &Model, name: &str, memory: (usize, &Memory)) -> Result<Self> {
        let data = model.output(&format!("{name}_data_o"))?;
        Ok(WritePort { memory: memory.0, wires: Wires::find(model, name, memory.1, data)? })
    }

    pub fn sample(&mut self, model: &Model, memory: &mut Memory) {
        for (b, v) in self.wires.asked(model, memory) {
            memory.writes += 1;
            memory.values[v] = Some(model.element(self.wires.data, b as usize, memory.width));
        }
    }
}
