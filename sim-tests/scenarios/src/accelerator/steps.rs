//! What each instruction of a program writes, as the interpreter has it.

use crate::{Error, Result};
use alberti_golden::accelerator::{
    AcceleratorConfig, External, Interpreter, Memories, Outcome, Registers, RowAddress, Step,
};
use alberti_isa::{Base, Instruction, Memory, Operation, Unit};
use std::ops::Range;

/// The instructions of a run, in the order in which they are issued.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    done: Vec<Done>,
    units: [Vec<usize>; Unit::ALL.len()],
    rows: Vec<RowAddress>,
    bytes: Vec<u8>,
}

/// An instruction that was done.
#[derive(Clone, Debug)]
pub(super) struct Done {
    /// Its number in the program.
    at: usize,
    instruction: Instruction,
    /// Rows that it writes, among those of all, and where the first one's bytes begin.
    rows: Range<usize>,
    bytes: usize,
    /// The external address that it stores bytes to, and their range.
    stored: Option<(u64, Range<usize>)>,
}

impl Steps {
    /// Runs a program on the interpreter; gives how it ends, and what each instruction has done.
    ///
    /// # Errors
    /// Those of the interpreter.
    pub fn trace(
        interpreter: &mut Interpreter,
        registers: &Registers,
        external: &mut dyn External,
    ) -> Result<(Outcome, Self)> {
        let config = interpreter.config().clone();
        let mut steps = Self::default();
        let outcome = interpreter.run(registers, external, |step, memories| {
            steps.note(&config, registers, step, memories);
        })?;
        Ok((outcome, steps))
    }

    /// Adds an instruction; the memories are as it leaves them.
    pub fn note(&mut self, config: &AcceleratorConfig, registers: &Registers, step: &Step, memories: &Memories) {
        let number = self.done.len();
        let first = (self.rows.len(), self.bytes.len());
        for &row in &step.written {
            self.rows.push(row);
            self.bytes.extend(memories.row(row).expect("a row that was written"));
        }
        let rows = first.0..self.rows.len();
        let stored = match step.instruction.operation {
            Operation::Store(store) => {
                let begin = self.bytes.len();
                for row in store.row..store.row + store.rows.0 {
                    let start = self.bytes.len();
                    self.bytes
                        .extend(memories.row(RowAddress { memory: store.memory, row }).expect("a row that was stored"));
                    let beats = (self.bytes.len() - start).next_multiple_of(config.bus_bytes);
                    self.bytes.resize(start + beats, 0);
                }
                let base = match store.base {
                    Base::Program => registers.program_base,
                    Base::Data => registers.data_base,
                };
                Some((base + u64::from(store.address_offset), begin..self.bytes.len()))
            }
            _ => None,
        };
        if let Some(unit) = step.instruction.operation.unit() {
            self.units[unit as usize].push(number);
        }
        self.done.push(Done { at: step.at, instruction: step.instruction, rows, bytes: first.1, stored });
    }

    /// How many instructions were done, and how many rows they have written.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.done.len(), self.rows.len())
    }

    /// The instructions.
    pub fn instructions(&self) -> impl Iterator<Item = Instruction> + '_ {
        self.done.iter().map(|done| done.instruction)
    }

    /// Every row that was written, in order; some more than once.
    #[must_use]
    pub fn rows(&self) -> &[RowAddress] {
        &self.rows
    }

    /// The number, among all, of a unit's instruction.
    pub(super) fn of_unit(&self, unit: Unit, index: usize) -> Option<usize> {
        self.units[unit as usize].get(index).copied()
    }

    /// The unit's last instruction.
    pub(super) fn last_of_unit(&self, unit: Unit) -> Option<usize> {
        self.units[unit as usize].last().copied()
    }

    /// An instruction by its number among all.
    pub(super) fn done(&self, number: usize) -> &Done {
        &self.done[number]
    }

    /// The rows that it writes, in order.
    pub(super) fn written(&self, done: &Done) -> &[RowAddress] {
        &self.rows[done.rows.clone()]
    }

    /// What each of them holds in the end.
    pub(super) fn contents(&self, done: &Done) -> &[u8] {
        &self.bytes[done.bytes..]
    }

    /// What it stores, and where.
    pub(super) fn stored(&self, done: &Done) -> Option<(u64, &[u8])> {
        done.stored.as_ref().map(|(address, bytes)| (*address, &self.bytes[bytes.clone()]))
    }
}

impl Done {
    /// The instruction, as a message names it.
    pub(super) fn name(&self, number: usize) -> String {
        format!("instruction {} (number {number} of those done), {}", self.at, self.instruction)
    }
}

/// Bits of an element of a memory's row, and whether it is a signed number.
pub(super) fn element(memory: Memory, config: &AcceleratorConfig) -> Result<(usize, bool)> {
    Ok(match memory {
        Memory::Activation | Memory::WeightValues => (8, false),
        Memory::Wide => (16, true),
        Memory::Parameter => (40, false),
        Memory::Index => (32, false),
        Memory::WeightMasks => (config.layout()?.word_bits(), false),
    })
}

/// Bits of a memory's row, without those that guard it.
pub(super) fn row_bits(memory: Memory, config: &AcceleratorConfig) -> Result<usize> {
    let (bits, _) = element(memory, config)?;
    Ok(match memory {
        Memory::Index | Memory::WeightMasks => bits,
        _ => bits * config.n,
    })
}

/// The first element in which two rows differ: its lane, what was expected and what came.
pub(super) fn difference(
    memory: Memory,
    config: &AcceleratorConfig,
    expected: &[u8],
    got: &[u8],
) -> Result<Option<String>> {
    let (bits, signed) = element(memory, config)?;
    let bytes = bits.div_ceil(8);
    let show = |bytes: &[u8]| match (signed, bytes) {
        (true, &[low, high]) => i16::from_le_bytes([low, high]).to_string(),
        _ => format!("0x{}", bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>()),
    };
    let lanes = expected.chunks(bytes).zip(got.chunks(bytes)).enumerate();
    let mut apart = lanes.filter(|(_, (expected, got))| expected != got);
    Ok(apart.next().map(|(lane, (expected, got))| {
        format!("lane {lane}: expected {}, got {} ({} lanes differ)", show(expected), show(got), 1 + apart.count())
    }))
}

/// An error that two sides have parted at an instruction.
pub(super) fn parted(steps: &Steps, number: usize, what: &str) -> Error {
    Error::differs("the first instruction that differs", format!("{}\n  {what}", steps.done(number).name(number)))
}
