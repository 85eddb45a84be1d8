//! Memories at a block's ports, of rows of `n` values that are read or written at once.
//!
//! Value `v` lies in lane `v mod n` of row `v div n`. The ports are `<name>_enable_o`, `<name>_address_o`,
//! and `<name>_data_i[n·W]` to read or `<name>_data_o[n·W]` to write.

use crate::bits::{mask, set_field, words_of};
use crate::error::{Error, Result};
use crate::model::{Model, Port};
use alberti_random::Rng;

/// What a memory holds: 2^row_bits rows of `lanes` values of `width` bits, at first none.
#[derive(Clone, Debug)]
pub struct BankedMemory {
    lanes: u32,
    row_bits: u32,
    width: u32,
    values: Vec<Option<u64>>,
    reads: u64,
    strays: u64,
    writes: u64,
}

impl BankedMemory {
    /// An empty memory.
    ///
    /// # Panics
    /// If a value has no bits or more than 64.
    pub fn new(lanes: u32, row_bits: u32, width: u32) -> Self {
        assert!((1..=64).contains(&width), "values have 1 to 64 bits, not {width}");
        let values = vec![None; (lanes as usize) << row_bits];
        BankedMemory { lanes, row_bits, width, values, reads: 0, strays: 0, writes: 0 }
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

    /// Rows that were read through ports.
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// Those of the reads that found a row without a value. Lanes without one answer at random.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// Rows that were written through ports.
    pub fn writes(&self) -> u64 {
        self.writes
    }
}

/// The ports of one access.
struct Wires {
    enable: Port,
    address: Port,
    data: Port,
}

impl Wires {
    fn find(model: &Model, name: &str, memory: &BankedMemory, data: Port) -> Result<Self> {
        let (enable, address) =
            (model.output(&format!("{name}_enable_o"))?, model.output(&format!("{name}_address_o"))?);
        let BankedMemory { lanes, row_bits, width, .. } = *memory;
        for (port, part, expected) in
            [(enable, "enable", 1), (address, "address", row_bits), (data, "data", lanes * width)]
        {
            let found = model.width(port);
            if found != expected {
                let what = format!("{part} has {found} bits, but this memory of {lanes} lanes needs {expected}");
                return Err(Error::usage(name, what));
            }
        }
        Ok(Wires { enable, address, data })
    }

    /// The first value of the row that is asked for in this cycle.
    fn asked(&self, model: &Model, memory: &BankedMemory) -> Option<usize> {
        (model.get(self.enable) == 1).then(|| model.get(self.address) as usize * memory.lanes as usize)
    }
}

/// Answers reads a fixed number of cycles later. Data that nobody asked for is random.
pub(crate) struct ReadPort {
    pub memory: usize,
    wires: Wires,
    answers: Vec<Vec<u32>>,
}

impl ReadPort {
    pub fn new(model: &Model, name: &str, memory: (usize, &BankedMemory), latency: u32) -> Result<Self> {
        if latency == 0 {
            return Err(Error::usage(name, "a memory answers after at least 1 cycle, not 0"));
        }
        let data = model.input(&format!("{name}_data_i"))?;
        let wires = Wires::find(model, name, memory.1, data)?;
        let answers = vec![vec![0; words_of(model.width(data))]; latency as usize];
        Ok(ReadPort { memory: memory.0, wires, answers })
    }

    /// Drops the answers on their way, and what is asked during reset.
    pub fn forget(&mut self, memory: &BankedMemory, rng: &mut Rng) {
        self.answers.iter_mut().for_each(|answer| rng.fill(answer, memory.lanes * memory.width));
    }

    /// What was asked `latency` cycles ago.
    pub fn drive(&self, model: &mut Model) {
        let slot = model.cycle() as usize % self.answers.len();
        model.set_words(self.wires.data, &self.answers[slot]);
    }

    pub fn sample(&mut self, model: &Model, memory: &mut BankedMemory, rng: &mut Rng) {
        let slot = model.cycle() as usize % self.answers.len();
        let answer = &mut self.answers[slot];
        rng.fill(answer, memory.lanes * memory.width);
        let Some(first) = self.wires.asked(model, memory) else { return };
        memory.reads += 1;
        let row = &memory.values[first..first + memory.lanes as usize];
        memory.strays += u64::from(row.iter().all(Option::is_none));
        for (lane, value) in row.iter().enumerate() {
            if let Some(value) = *value {
                set_field(answer, lane * memory.width as usize, memory.width, value);
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
    pub fn new(model: &Model, name: &str, memory: (usize, &BankedMemory)) -> Result<Self> {
        let data = model.output(&format!("{name}_data_o"))?;
        Ok(WritePort { memory: memory.0, wires: Wires::find(model, name, memory.1, data)? })
    }

    pub fn sample(&mut self, model: &Model, memory: &mut BankedMemory) {
        let Some(first) = self.wires.asked(model, memory) else { return };
        memory.writes += 1;
        for lane in 0..memory.lanes {
            memory.values[first + lane as usize] = Some(model.element(self.wires.data, lane as usize, memory.width));
        }
    }
}
