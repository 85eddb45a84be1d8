//! Which instructions may still be at work when another accesses a row.

use crate::{Error, Result};
use alberti_isa::{Instruction, Unit};

const UNITS: usize = Unit::ALL.len();

/// Instructions of each unit: issued so far, and finished for certain.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    issued: [u32; UNITS],
    finished: [u32; UNITS],
    /// The unit of the instruction that is at work, if it is not the sequencer's.
    unit: Option<Unit>,
}

/// Who has written a row, and who has read it since. Instructions of a unit count from 1; 0 is none of this
/// program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    written: bool,
    writer: Option<(Unit, u32)>,
    readers: [u32; UNITS],
}

impl Mark {
    /// A row that holds something from before the program.
    pub fn settled(self) -> Self {
        Self { written: self.written, ..Self::default() }
    }
}

impl Order {
    /// An instruction is issued.
    pub fn issue(&mut self, instruction: Instruction) {
        for unit in Unit::ALL {
            if let Some(unfinished) = instruction.waits.of(unit) {
                let certain = self.issued[unit as usize].saturating_sub(unfinished.into());
                self.finished[unit as usize] = self.finished[unit as usize].max(certain);
            }
        }
        self.unit = instruction.operation.unit();
        if let Some(unit) = self.unit {
            self.issued[unit as usize] += 1;
        }
    }

    /// The instruction at work reads a row.
    pub fn read(&self, mark: &mut Mark) -> Result<()> {
        if !mark.written {
            return Err(Error::new("it is read before it is written"));
        }
        if let Some((unit, number)) = mark.writer
            && self.is_unfinished(unit, number)
        {
            return Err(Error::new(format!("it is read while the unit {} may not have written it yet", unit.name())));
        }
        if let Some(unit) = self.unit {
            mark.readers[unit as usize] = self.issued[unit as usize];
        }
        Ok(())
    }

    /// The instruction at work writes a row. Within a unit, writes come after what was read and written
    /// before.
    pub fn write(&self, mark: &mut Mark) -> Result<()> {
        // The array takes its operands again for each column of results.
        if self.unit == Some(Unit::Matrix) && self.reads_now(mark) {
            return Err(Error::new("it is written by the instruction that reads it"));
        }
        let others = Unit::ALL.into_iter().filter(|&unit| self.unit != Some(unit));
        for unit in others {
            if self.is_unfinished(unit, mark.readers[unit as usize]) {
                return Err(Error::new(format!("it is written while the unit {} may still read it", unit.name())));
            }
            if let Some((writer, number)) = mark.writer
                && writer == unit
                && self.is_unfinished(unit, number)
            {
                return Err(Error::new(format!("it is written while the unit {} may still write it", unit.name())));
            }
        }
        *mark = Mark {
            written: true,
            writer: self.unit.map(|unit| (unit, self.issued[unit as usize])),
            readers: [0; UNITS],
        };
        Ok(())
    }

    /// Whether the instruction at work has read a row.
    fn reads_now(&self, mark: &Mark) -> bool {
        self.unit.is_some_and(|unit| mark.readers[unit as usize] == self.issued[unit as usize])
    }

    fn is_unfinished(&self, unit: Unit, number: u32) -> bool {
        number > self.finished[unit as usize]
    }
}
