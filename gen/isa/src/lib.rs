//! The instructions of the accelerator, described once: of [`KINDS`] are made the encoder and the decoder
//! here, the decoder in Verilog, the disassembler and `docs/isa.md`.
//!
//! An instruction is 16 words of 32 bits, little-endian, and works on whole tensors. Depends on nothing, so
//! that the golden model, the generator and the compiler can all use it.

#![forbid(unsafe_code)]

mod fault;
mod instruction;
mod page;
mod program;
mod value;

pub use fault::Fault;
pub use instruction::{
    Elementwise, End, Exit, Gemm, Halt, HierarchicalSoftmax, Instruction, KINDS, Layernorm, Load, Operation, Repeat,
    Softmax, Store, Unit, Waits,
};
pub use page::page;
pub use program::{Defect, Program};
pub use value::{Base, Count, Memory, Source, Value};

/// Words of an instruction.
pub const WORDS: usize = 16;

/// Bytes of an instruction.
pub const BYTES: usize = 4 * WORDS;

/// Bits of a row's address: sums of addresses keep no more.
pub const ADDRESS_BITS: u32 = 24;

/// How many functions between sums and results an instruction can tell apart.
#[must_use]
pub fn functions() -> u32 {
    let fields = KINDS.iter().flat_map(|kind| kind.fields).filter(|field| field.name == "function");
    fields.map(|field| 1 << field.bits).min().unwrap_or(0)
}

/// An instruction's words.
pub type Words = [u32; WORDS];

/// A field of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub summary: &'static str,
    /// The word that it lies in.
    pub word: usize,
    /// Its lowest bit in that word.
    pub low: u32,
    /// How many bits it has.
    pub bits: u32,
    /// Whether it is a number in two's complement.
    pub signed: bool,
    /// Whether zero is illegal.
    pub nonzero: bool,
    /// The values that mean something, by name; empty where all do.
    pub choices: &'static [(&'static str, u32)],
}

impl Field {
    /// Its bits in an instruction.
    #[must_use]
    pub fn of(&self, words: &Words) -> u32 {
        words[self.word] >> self.low & (u32::MAX >> (32 - self.bits))
    }

    /// Its value as text.
    #[must_use]
    pub fn text(&self, words: &Words) -> String {
        let bits = self.of(words);
        match self.choices.iter().find(|choice| choice.1 == bits) {
            Some((name, _)) => (*name).to_owned(),
            None if self.signed => value::sign_extend(bits, self.bits).to_string(),
            None => bits.to_string(),
        }
    }

    /// Its bits as a mask of its word.
    #[must_use]
    pub fn mask(&self) -> u32 {
        (u32::MAX >> (32 - self.bits)) << self.low
    }
}

/// A kind of instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its mnemonic.
    pub name: &'static str,
    /// The lowest byte of its first word.
    pub opcode: u8,
    /// The unit that it is issued to; `None` where the sequencer does it.
    pub unit: Option<Unit>,
    /// What it does.
    pub summary: &'static [&'static str],
    /// Its fields, beside opcode and waits.
    pub fields: &'static [Field],
}

impl Kind {
    /// The kind of an opcode.
    #[must_use]
    pub fn of(opcode: u8) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.opcode == opcode)
    }

    /// The bits of each word that carry something.
    #[must_use]
    pub fn used(&self) -> Words {
        let mut used = [0; WORDS];
        used[0] = 0xff | Waits::FIELDS.iter().fold(0, |used, field| used | field.mask());
        for field in self.fields {
            used[field.word] |= field.mask();
        }
        used
    }
}
