//! `csr`: a register file on AXI4-Lite, cycle by cycle at its ports.
//!
//! An address and data are each kept until both are there and no response waits; then the register changes
//! and its response is given. A read is kept likewise. What is done in a cycle shows in the next.

use crate::{Error, Result};

/// What software and hardware do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads as its reset value, always.
    Constant,
    /// Reads as the input says.
    Status,
    /// Holds what is written.
    Setting,
    /// Holds what is written. Its port shows what it held in the last cycle in which the command was high and
    /// the status was not.
    Taken {
        /// The command's place, register and field.
        start: (usize, usize),
        /// The status' place.
        busy: (usize, usize),
    },
    /// A bit that an input sets and a written one clears; set wins.
    Cause,
    /// A bit that is high in the cycle after a one is written. Reads as zero.
    Command,
    /// Reads as the input was in the last cycle in which the command at this place, register and field, was
    /// high.
    Sampled(usize, usize),
}

/// Bits of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Lowest bit.
    pub low: u32,
    /// Number of bits.
    pub bits: u32,
    /// Value after a reset.
    pub reset: u32,
    /// What is done with it.
    pub kind: Kind,
}

/// A word at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Byte address, a multiple of 4.
    pub address: u32,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// Which registers there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// The registers.
    pub registers: Vec<Register>,
    /// The numbers of two among them, whose common bits make the interrupt.
    pub interrupt: [usize; 2],
}

/// What the port answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// Done.
    Okay,
    /// There is no such register, or a write met none of its fields.
    SlaveError,
}

/// A cycle's inputs.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The address of a write that is offered.
    pub aw: Option<u32>,
    /// The data and byte strobes of a write that are offered.
    pub w: Option<(u32, u8)>,
    /// Whether the response to a write is taken.
    pub b_ready: bool,
    /// The address of a read that is offered.
    pub ar: Option<u32>,
    /// Whether the response to a read is taken.
    pub r_ready: bool,
    /// What hardware drives: of every register, every field; those that are no inputs do not count.
    pub fields: Vec<Vec<u32>>,
}

/// What the ports show in a cycle, whatever its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Whether the address of a write would be taken, its data, the address of a read.
    pub ready: [bool; 3],
    /// The response to a write.
    pub b: Option<Response>,
    /// The response to a read, and its data.
    pub r: Option<(Response, u32)>,
    /// What the port of every field shows, by register.
    pub fields: Vec<Vec<u32>>,
    /// The interrupt.
    pub interrupt: bool,
}

/// Registers and what is under way.
#[derive(Clone, Debug)]
pub struct Csr {
    map: Map,
    values: Vec<Vec<u32>>,
    /// What the ports of the fields show.
    shown: Vec<Vec<u32>>,
    aw: Option<u32>,
    w: Option<(u32, u8)>,
    b: Option<Response>,
    ar: Option<u32>,
    r: Option<(Response, u32)>,
}

impl Csr {
    /// The registers after a reset.
    ///
    /// # Errors
    /// When two registers have one address, fields overlap or leave their register, or a place that is named
    /// is not there.
    pub fn new(map: Map) -> Result<Self> {
        for (number, register) in map.registers.iter().enumerate() {
            let fail = |what: &str| Error::new(format!("register {number}: {what}"));
            if register.address % 4 != 0 || map.registers[..number].iter().any(|r| r.address == register.address) {
                return Err(fail("its address is taken or no word's"));
            }
            let mut taken = 0;
            for field in &register.fields {
                let bits = ones(field).ok_or_else(|| fail("a field leaves it"))? << field.low;
                if taken & bits != 0 {
                    return Err(fail("two fields overlap"));
                }
                taken |= bits;
                let is = |(register, at): (usize, usize), kind| {
                    let field = map.registers.get(register).and_then(|register: &Register| register.fields.get(at));
                    field.is_some_and(|field| field.kind == kind)
                };
                let valid = match field.kind {
                    Kind::Sampled(register, at) => is((register, at), Kind::Command),
                    Kind::Taken { start, busy } => is(start, Kind::Command) && is(busy, Kind::Status),
                    _ => true,
                };
                if !valid {
                    return Err(fail("no command samples its field"));
                }
            }
        }
        if map.interrupt.iter().any(|&number| number >= map.registers.len()) {
            return Err(Error::new("the interrupt is of registers that are not there"));
        }
        let values: Vec<Vec<u32>> =
            map.registers.iter().map(|r| r.fields.iter().map(|field| field.reset).collect()).collect();
        Ok(Self { map, shown: values.clone(), values, aw: None, w: None, b: None, ar: None, r: None })
    }

    /// Everything as after power-on: what was asked for is forgotten.
    pub fn reset(&mut self) {
        for (register, values) in self.map.registers.iter().zip(&mut self.values) {
            *values = register.fields.iter().map(|field| field.reset).collect();
        }
        self.shown.clone_from(&self.values);
        (self.aw, self.w, self.b, self.ar, self.r) = (None, None, None, None, None);
    }

    /// What the ports show now.
    #[must_use]
    pub fn outputs(&self) -> Outputs {
        let [cause, enable] = self.map.interrupt.map(|number| self.word(number, &self.values[number]));
        Outputs {
            ready: [self.aw.is_none(), self.w.is_none(), self.ar.is_none()],
            b: self.b,
            r: self.r,
            fields: self.shown.clone(),
            interrupt: cause & enable != 0,
        }
    }

    /// One cycle: from what the ports show now to what they show next.
    ///
    /// # Errors
    /// When the inputs do not have a number for every field.
    pub fn cycle(&mut self, inputs: &Inputs) -> Result<()> {
        let shape = |registers: &[Vec<u32>]| registers.iter().map(Vec::len).collect::<Vec<_>>();
        if shape(&inputs.fields) != shape(&self.values) {
            return Err(Error::new("a cycle's inputs have a number for every field of every register"));
        }
        let before = self.clone();
        if inputs.b_ready {
            self.b = None;
        }
        if inputs.r_ready {
            self.r = None;
        }
        let write = match (before.aw, before.w) {
            (Some(address), Some((data, strobes))) if self.b.is_none() => Some((address, data, strobes)),
            _ => None,
        };
        let written = write.and_then(|(address, data, strobes)| Some((self.find(address)?, data, strobes)));
        let written = written.filter(|&(number, ..)| self.takes_writes(number));
        self.fields(&before, inputs, written);
        if write.is_some() {
            self.b = Some(if written.is_some() { Response::Okay } else { Response::SlaveError });
            (self.aw, self.w) = (None, None);
        }
        if let (Some(address), None) = (before.ar, self.r) {
            self.r = Some(match self.find(address) {
                Some(number) => (Response::Okay, before.read(number, &inputs.fields[number])),
                None => (Response::SlaveError, 0),
            });
            self.ar = None;
        }
        // What was free at the beginning takes what is offered.
        self.aw = before.aw.map_or(inputs.aw, |_| self.aw);
        self.w = before.w.map_or(inputs.w, |_| self.w);
        self.ar = before.ar.map_or(inputs.ar, |_| self.ar);
        Ok(())
    }

    /// What becomes of every field in a cycle; `written` is a register's number, data and strobes.
    fn fields(&mut self, before: &Self, inputs: &Inputs, written: Option<(usize, u32, u8)>) {
        for (number, register) in self.map.registers.iter().enumerate() {
            // The bits that are written, and the ones among them.
            let (mask, data) = match written {
                Some((at, data, strobes)) if at == number => (bytes(strobes), data & bytes(strobes)),
                _ => (0, 0),
            };
            for (at, field) in register.fields.iter().enumerate() {
                let all = ones(field).unwrap_or(0);
                let (mask, data, input) =
                    (mask >> field.low & all, data >> field.low & all, inputs.fields[number][at] & all);
                let holds = |(register, at): (usize, usize)| before.values[register][at] != 0;
                let value = &mut self.values[number][at];
                *value = match field.kind {
                    Kind::Constant => field.reset,
                    Kind::Status => input,
                    Kind::Setting | Kind::Taken { .. } => *value & !mask | data,
                    Kind::Cause => *value & !data | input,
                    Kind::Command => data,
                    Kind::Sampled(register, by) if holds((register, by)) => input,
                    Kind::Sampled(..) => *value,
                };
                let shown = &mut self.shown[number][at];
                *shown = match field.kind {
                    Kind::Taken { start, busy } if holds(start) && inputs.fields[busy.0][busy.1] == 0 => {
                        before.values[number][at]
                    }
                    Kind::Taken { .. } => *shown,
                    _ => self.values[number][at],
                };
            }
        }
    }

    /// What a read gives in a cycle with these inputs.
    fn read(&self, number: usize, inputs: &[u32]) -> u32 {
        let fields = self.map.registers[number].fields.iter().zip(&self.values[number]).zip(inputs);
        let values: Vec<u32> = fields
            .map(|((field, &value), &input)| match field.kind {
                Kind::Status => input & ones(field).unwrap_or(0),
                Kind::Command => 0,
                _ => value,
            })
            .collect();
        self.word(number, &values)
    }

    fn word(&self, number: usize, values: &[u32]) -> u32 {
        self.map.registers[number].fields.iter().zip(values).fold(0, |word, (field, value)| word | value << field.low)
    }

    /// The register at an address, of which the lowest two bits do not count.
    fn find(&self, address: u32) -> Option<usize> {
        self.map.registers.iter().position(|register| register.address == address & !3)
    }

    fn takes_writes(&self, number: usize) -> bool {
        let fields = &self.map.registers[number].fields;
        fields
            .iter()
            .any(|field| matches!(field.kind, Kind::Setting | Kind::Taken { .. } | Kind::Cause | Kind::Command))
    }
}

/// As many ones as a field has bits; `None` where it does not lie within 32.
fn ones(field: &Field) -> Option<u32> {
    let fits = field.bits > 0 && field.low.checked_add(field.bits)? <= 32;
    fits.then(|| u32::MAX >> (32 - field.bits))
}

/// The bits of the bytes that are strobed.
fn bytes(strobes: u8) -> u32 {
    (0..4).filter(|byte| strobes >> byte & 1 == 1).fold(0, |mask, byte| mask | 0xff << (8 * byte))
}
