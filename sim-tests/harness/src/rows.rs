//! Shared memories at valid/ready ports, of rows that are read or written at once.
//!
//! A port is `<name>_valid_o`, `<name>_ready_i`, `<name>_address_o`, and `<name>_data_i` to read or
//! `<name>_data_o` to write. An access is valid and ready. Valid does not depend on ready; once up, it, the
//! address and the data hold until the access.

use crate::bits::Bits;
use crate::error::{Error, Result};
use crate::model::{Model, Port};
use crate::stall::{Stall, Staller};
use alberti_random::Rng;

/// What a memory holds.
#[derive(Clone, Debug)]
pub struct RowMemory {
    rows: Vec<Bits>,
    writes: Vec<u64>,
}

impl RowMemory {
    /// A memory of these rows.
    pub fn new(rows: Vec<Bits>) -> Self {
        RowMemory { rows, writes: Vec::new() }
    }

    /// Its rows.
    pub fn rows(&self) -> &[Bits] {
        &self.rows
    }

    /// The cycle of each write, in order.
    pub fn writes(&self) -> &[u64] {
        &self.writes
    }
}

/// Which way the data of a port goes.
enum Side {
    /// Out of the memory: answers on their way, by the cycle that they come in. Data that nobody asked for is
    /// random.
    Read(Vec<Bits>),
    /// Into it.
    Write,
}

/// A port of the design, and the memory at it.
pub(crate) struct RowPort {
    pub memory: usize,
    name: String,
    valid: Port,
    ready: Port,
    address: Port,
    data: Port,
    width: u32,
    side: Side,
    staller: Staller,
    is_ready: bool,
    /// What waits for ready: address, and data that is written.
    held: Option<(u64, Option<Bits>)>,
    /// What the port showed before its ready was inverted.
    shown: Option<(u64, Option<Bits>)>,
}

impl RowPort {
    /// Answers reads `latency` cycles later.
    pub fn read(model: &Model, name: &str, memory: usize, latency: u32, stall: Stall) -> Result<Self> {
        let data = model.input(&format!("{name}_data_i"))?;
        let answers = vec![Bits::zero(model.width(data)); latency as usize];
        Self::new(model, name, memory, data, Side::Read(answers), stall)
    }

    /// Takes writes at the end of the cycle.
    pub fn write(model: &Model, name: &str, memory: usize, stall: Stall) -> Result<Self> {
        let data = model.output(&format!("{name}_data_o"))?;
        Self::new(model, name, memory, data, Side::Write, stall)
    }

    fn new(model: &Model, name: &str, memory: usize, data: Port, side: Side, stall: Stall) -> Result<Self> {
        Ok(RowPort {
            memory,
            name: name.to_owned(),
            valid: model.output(&format!("{name}_valid_o"))?,
            ready: model.input(&format!("{name}_ready_i"))?,
            address: model.output(&format!("{name}_address_o"))?,
            data,
            width: model.width(data),
            side,
            staller: Staller::new(stall),
            is_ready: false,
            held: None,
            shown: None,
        })
    }

    /// Drops what waits and the answers on their way.
    pub fn forget(&mut self, rng: &mut Rng) {
        self.held = None;
        if let Side::Read(answers) = &mut self.side {
            answers.iter_mut().for_each(|answer| *answer = Bits::random(self.width, rng));
        }
    }

    pub fn drive(&mut self, model: &mut Model, rng: &mut Rng) {
        self.is_ready = !self.staller.pauses(rng, self.held.is_some());
        model.set(self.ready, self.is_ready.into());
        if let Side::Read(answers) = &self.side {
            model.set_bits(self.data, &answers[model.cycle() as usize % answers.len()]);
        }
    }

    /// Inverts ready within a cycle. [`RowPort::restore_ready`] follows.
    pub fn invert_ready(&mut self, model: &mut Model) {
        self.shown = self.offered(model);
        model.set(self.ready, (!self.is_ready).into());
    }

    /// Takes the inversion back, and checks that the port did not follow it.
    pub fn restore_ready(&mut self, model: &mut Model) -> Result<()> {
        if self.offered(model) != self.shown {
            return Err(self.broken(model, "the access follows ready; there may be no combinational path"));
        }
        model.set(self.ready, self.is_ready.into());
        Ok(())
    }

    /// While reset is asserted nothing may be accessed.
    pub fn check_reset(&self, model: &Model) -> Result<()> {
        match self.offered(model) {
            Some(_) => Err(self.broken(model, "valid is up while reset is asserted")),
            None => Ok(()),
        }
    }

    /// Whether there was an access in this cycle.
    pub fn sample(&mut self, model: &Model, memory: &mut RowMemory, rng: &mut Rng) -> Result<bool> {
        if let Side::Read(answers) = &mut self.side {
            let slot = model.cycle() as usize % answers.len();
            answers[slot] = Bits::random(self.width, rng);
        }
        let offered = self.offered(model);
        if self.held.is_some() && offered != self.held {
            return Err(self.broken(model, "the access changed before it was taken; it has to hold until ready"));
        }
        self.held = offered.filter(|_| !self.is_ready);
        let Some((address, data)) = self.offered(model).filter(|_| self.is_ready) else { return Ok(false) };
        let Some(row) = memory.rows.get_mut(address as usize) else {
            return Err(self.broken(model, &format!("row {address} is none of the memory's")));
        };
        match (&mut self.side, data) {
            (Side::Read(answers), _) => {
                let slot = model.cycle() as usize % answers.len();
                answers[slot] = row.clone();
            }
            (Side::Write, data) => {
                *row = data.expect("what is written has data");
                memory.writes.push(model.cycle());
            }
        }
        Ok(true)
    }

    fn offered(&self, model: &Model) -> Option<(u64, Option<Bits>)> {
        let data = || matches!(self.side, Side::Write).then(|| model.bits(self.data));
        (model.get(self.valid) == 1).then(|| (model.get(self.address), data()))
    }

    fn broken(&self, model: &Model, what: &str) -> Error {
        Error::Protocol { stream: self.name.clone(), cycle: model.cycle(), what: what.to_owned() }
    }
}
