//! The accelerator in Verilog and its interpreter, which do every program together.

use super::{
    rtl::{Rtl, Run},
    steps::{Steps, difference, row_bits},
    taps,
};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::{
    Image,
    accelerator::{Counters, End, Flat, Interpreter, Registers, RowAddress},
};
use alberti_isa::{Base, Count, Halt, Instruction, Memory, Operation, Program, Store, Waits};
use alberti_rtl::Design;
use std::{collections::BTreeSet, path::Path};

/// Memories that programs can store.
const STORED: [Memory; 4] = [Memory::Activation, Memory::Wide, Memory::Parameter, Memory::Index];

/// Both accelerators, with the same weights.
pub struct Lockstep {
    rtl: Rtl,
    golden: Interpreter,
    /// Rows that programs have written so far.
    written: BTreeSet<RowAddress>,
    compared: u64,
    timeline: Vec<Timed>,
}

/// An instruction that was done.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    /// The instruction.
    pub instruction: Instruction,
    /// The cycle of the run in which its unit was done with it; none of the sequencer's own.
    pub done: Option<u64>,
}

impl Lockstep {
    /// Builds the accelerator of a design as [`Rtl::new`] does, with probes, and its interpreter.
    ///
    /// # Errors
    /// Those of [`Rtl::new`], and when the interpreter refuses the weights.
    pub fn new(design: &Design, values: &[u16], masks: &Image, folder: &Path) -> Result<Self> {
        let config = configuration::accelerator(design)?;
        let rtl = Rtl::with_probes(design, values, masks, folder, taps::probes(design, &config)?)?;
        let mut golden = Interpreter::new(config)?;
        golden.set_weights(values, masks)?;
        Ok(Self { rtl, golden, written: BTreeSet::new(), compared: 0, timeline: Vec::new() })
    }

    /// Rows that were compared so far, each time that one was written.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// The instructions of the last program that came to its end, in the order in which they were issued.
    #[must_use]
    pub fn timeline(&self) -> &[Timed] {
        &self.timeline
    }

    /// Runs a program on external memory, which lies from address 0 on, and compares what each instruction
    /// writes.
    ///
    /// # Errors
    /// Those of the interpreter, and when the accelerators part: the first instruction that differs, a byte
    /// of external memory, the end, or a counter.
    pub fn run(&mut self, registers: &Registers, memory: &mut Vec<u8>) -> Result<Run> {
        let mut external = Flat { content: memory.clone() };
        let (expected, steps) = Steps::trace(&mut self.golden, registers, &mut external)?;
        let mut ends = Vec::new();
        let run = match expected.end {
            End::Stopped { .. } => self.rtl.run(registers, memory)?,
            End::Halted | End::Exited { .. } => self.rtl.run_with(registers, memory, |bench, registers| {
                let (cycles, watched) = bench.run_watched(registers, &steps)?;
                ends = watched;
                Ok(cycles)
            })?,
        };
        self.timeline = steps.instructions().zip(ends).map(|(instruction, done)| Timed { instruction, done }).collect();
        if *memory != external.content {
            let at = memory.iter().zip(&external.content).position(|(a, b)| a != b).unwrap_or_default();
            let (expected, got) = (external.content[at], memory[at]);
            let what = format!("byte {at:#x} of external memory: expected {expected}, got {got}");
            return Err(Error::differs("accelerator", what));
        }
        let counted = |c: &Counters| {
            let own = [c.instructions, c.vectors, c.held, c.misplaced, c.mask_errors];
            (own, [c.corrected, c.detected, c.bytes_read, c.bytes_written, c.saturated])
        };
        let (got, counts) = (run.outcome, counted(&run.outcome.counters));
        if (got.end, counts) != (expected.end, counted(&expected.counters)) {
            return Err(Error::differs("accelerator", format!("expected {expected:?}, got {got:?}")));
        }
        self.written.extend(steps.rows());
        self.compared += steps.counts().1 as u64;
        Ok(run)
    }

    /// Stores all memories, and compares every row that a program has written so far; gives how many there
    /// are.
    ///
    /// # Errors
    /// When a row differs.
    pub fn same_memories(&mut self) -> Result<usize> {
        let config = self.golden.config().clone();
        let mut instructions = Vec::new();
        let mut places = Vec::new();
        let mut bytes = 0;
        for memory in STORED {
            let rows = match memory {
                Memory::Activation => config.activation_rows,
                Memory::Wide => config.wide_rows,
                Memory::Parameter => config.parameter_rows,
                _ => config.index_words,
            };
            let row_bytes = row_bits(memory, &config)?.div_ceil(8).next_multiple_of(config.bus_bytes);
            let store =
                Store { memory, base: Base::Data, row: 0, rows: Count(rows as u32), address_offset: bytes as u32 };
            instructions.push(Instruction { waits: Waits::NONE, operation: Operation::Store(store) });
            places.push((memory, bytes, row_bytes));
            bytes += rows * row_bytes;
        }
        instructions.push(Instruction { waits: Waits::NONE, operation: Halt {}.into() });
        let mut content = Program { instructions }.bytes();
        let data_base = content.len().next_multiple_of(config.bus_bytes);
        let registers = Registers {
            program_base: 0,
            program_length: content.len() as u32,
            data_base: data_base as u64,
            entropy_threshold: 0,
        };
        content.resize(data_base + bytes, 0);
        self.rtl.run(&registers, &mut content)?;
        let mut compared = 0;
        for row in &self.written {
            let Some(&(memory, offset, row_bytes)) = places.iter().find(|place| place.0 == row.memory) else {
                continue;
            };
            let expected = self.golden.memories().row(*row).unwrap_or_default();
            let at = data_base + offset + row.row as usize * row_bytes;
            if let Some(what) = difference(memory, &config, &expected, &content[at..at + expected.len()])? {
                let what = format!("row {:#x} of the {} memory, {what}", row.row, memory.name());
                return Err(Error::differs("after the last program", what));
            }
            compared += 1;
        }
        Ok(compared)
    }
}
