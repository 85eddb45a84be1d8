//! Control and status registers, described once: the decode in Verilog, headers for Rust and C, SystemRDL and
//! the page for a reader all come from the same table.
//!
//! A register has the same offset in every design that has it: a driver compiled for one reads the next.

mod counters;
mod map;
mod text;

pub(crate) use counters::{Counted, Counter, Event, counters, events};

use crate::design::Design;

/// First register: ALBT in ASCII.
pub const MAGIC: u32 = 0x414c_4254;

/// Version of the map, major in the upper half. Major changes when a driver has to, minor when registers are
/// added.
pub const VERSION: u32 = 0x0001_0001;

/// The registers of a design, by offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// Bits of a byte address.
    pub address_bits: u32,
    /// The registers, 32 bits each.
    pub registers: Vec<Register>,
}

/// A register of 32 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Its name, an identifier in lower case.
    pub name: &'static str,
    /// Its byte offset, a multiple of 4.
    pub offset: u32,
    /// What it is for, in a line.
    pub summary: &'static str,
    /// Its fields, lowest first. Bits of none read as zero and ignore writes.
    pub fields: Vec<Field>,
}

/// Bits of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, an identifier in lower case; that of the register where it has but one field.
    pub name: &'static str,
    /// Its lowest bit.
    pub low: u32,
    /// How many bits it has.
    pub bits: u32,
    /// What software and hardware do with it.
    pub access: Access,
    /// Its value after a reset.
    pub reset: u32,
    /// What it means, in a line.
    pub summary: &'static str,
}

/// What software and hardware do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Software reads what the design fixed.
    Constant,
    /// Software reads what hardware drives.
    Status,
    /// Software reads and writes, hardware reads.
    ReadWrite,
    /// Software reads and writes. Hardware reads what it was at the last [`START`] while not [`BUSY`]: a program
    /// that runs does not follow.
    Program,
    /// A bit that hardware sets and software clears by writing a one. If both happen at once, it is set.
    WriteOneToClear,
    /// A bit that is high for one cycle at the hardware when software writes a one. Reads as zero.
    Pulse,
    /// Software reads what hardware drove at the last [`SNAPSHOT`].
    Snapshot,
}

/// The pulse that takes all fields of [`Access::Snapshot`] at once.
pub const SNAPSHOT: &str = "counters_snapshot";

/// The pulse that starts a program, which takes all fields of [`Access::Program`].
pub const START: &str = "control_start";

/// The status of a program that runs: [`START`] has no effect then.
pub const BUSY: &str = "status_busy";

/// The registers whose common bits make the interrupt: cause and enable.
pub const INTERRUPT: [&str; 2] = ["interrupt_cause", "interrupt_enable"];

impl Access {
    /// Whether software can change anything by a write.
    #[must_use]
    pub fn is_writable(self) -> bool {
        matches!(self, Self::ReadWrite | Self::Program | Self::WriteOneToClear | Self::Pulse)
    }

    /// Its word in documents.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Constant | Self::Status | Self::Snapshot => "ro",
            Self::ReadWrite => "rw",
            Self::Program => "rwp",
            Self::WriteOneToClear => "w1c",
            Self::Pulse => "w1p",
        }
    }
}

impl Map {
    /// The registers of a design; `None` where it has none.
    #[must_use]
    pub fn of(design: &Design) -> Option<Self> {
        let unit = design.csr?;
        Some(Self { address_bits: unit.address_bits, registers: map::registers(design, unit) })
    }

    /// The register of a name.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<&Register> {
        self.registers.iter().find(|register| register.name == name)
    }

    /// Every field beside its register.
    pub fn fields(&self) -> impl Iterator<Item = (&Register, &Field)> {
        self.registers.iter().flat_map(|register| register.fields.iter().map(move |field| (register, field)))
    }
}

impl Register {
    /// Whether any of its fields is changed by a write; else a write is answered with an error.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.fields.iter().any(|field| field.access.is_writable())
    }

    /// What it reads as after a reset.
    #[must_use]
    pub fn reset(&self) -> u32 {
        self.fields.iter().fold(0, |word, field| word | field.reset << field.low)
    }

    /// The name of a field among all: stem of its port and register in Verilog.
    #[must_use]
    pub fn stem(&self, field: &Field) -> String {
        if field.name == self.name { self.name.to_owned() } else { format!("{}_{}", self.name, field.name) }
    }
}

impl Field {
    /// Its highest bit.
    #[must_use]
    pub fn high(&self) -> u32 {
        self.low + self.bits - 1
    }

    /// Its bits within the register.
    #[must_use]
    pub fn mask(&self) -> u32 {
        (u32::MAX >> (32 - self.bits)) << self.low
    }
}
