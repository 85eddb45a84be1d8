//! The accelerator in Verilog beside its interpreter, instruction by instruction.
//!
//! Each unit works in order: the rows that are written by its ports between two pulses of its `done` are
//! those of one instruction. They must be the rows that the interpreter writes, in its order, and hold in the
//! end what it leaves there; what an instruction stores must have arrived when it is done.

use super::{
    steps::{Steps, difference, parted},
    taps::Events,
};
use crate::{Error, Result};
use alberti_golden::accelerator::{AcceleratorConfig, RowAddress};
use alberti_harness::axi::Bytes;
use alberti_isa::Unit;
use std::collections::HashMap;

/// A run under watch.
pub(super) struct Watch<'a> {
    steps: &'a Steps,
    config: &'a AcceleratorConfig,
    units: [Progress; Unit::ALL.len()],
    first: Option<(usize, String)>,
    /// The cycle in which each instruction of a unit was done.
    ends: Vec<Option<u64>>,
}

/// Where a unit is.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// Instructions that it has done.
    done: usize,
    /// What it has written since.
    written: Vec<(RowAddress, Vec<u8>)>,
}

impl<'a> Watch<'a> {
    pub fn new(config: &'a AcceleratorConfig, steps: &'a Steps) -> Self {
        let ends = vec![None; steps.counts().0];
        Self { steps, config, units: Default::default(), first: None, ends }
    }

    /// Takes the events of a cycle; external memory is as it is then.
    ///
    /// # Errors
    /// The first instruction of the program that differs, as soon as it is known to be the first.
    pub fn take(&mut self, cycle: u64, events: Events, external: &Bytes) -> Result<()> {
        for (unit, row, bytes) in events.written {
            self.units[unit as usize].written.push((row, bytes));
        }
        for row in events.strays {
            let number = self.oldest().unwrap_or_default();
            self.differ(number, format!("row {:#x} of the {} memory: no unit writes it", row.row, row.memory.name()));
        }
        for unit in events.done {
            self.done(unit, cycle, external)?;
        }
        self.apart().map_or(Ok(()), Err)
    }

    /// The first instruction that differs, once all before it are done.
    pub fn apart(&self) -> Option<Error> {
        let (number, what) = self.first.as_ref()?;
        let known = self.oldest().is_none_or(|oldest| oldest > *number);
        known.then(|| parted(self.steps, *number, what))
    }

    /// Demands that the program is done; gives the cycle in which each instruction of a unit was.
    ///
    /// # Errors
    /// The first instruction that differs, or has not been done.
    pub fn finish(mut self) -> Result<Vec<Option<u64>>> {
        for unit in Unit::ALL {
            let Progress { done, written } = &self.units[unit as usize];
            let (next, some) = (self.steps.of_unit(unit, *done), written.first());
            match (next, some) {
                (Some(number), _) => self.differ(number, format!("the unit {} has not done it", unit.name())),
                (None, Some((row, _))) => {
                    let (row, memory) = (row.row, row.memory.name());
                    let what = format!("row {row:#x} of the {memory} memory is written after it");
                    self.differ(self.steps.last_of_unit(unit).unwrap_or_default(), what);
                }
                (None, None) => {}
            }
        }
        match self.first {
            Some((number, what)) => Err(parted(self.steps, number, &what)),
            None => Ok(self.ends),
        }
    }

    /// The first instruction that is not done.
    fn oldest(&self) -> Option<usize> {
        let next = |unit| self.steps.of_unit(unit, self.units[unit as usize].done);
        Unit::ALL.into_iter().filter_map(next).min()
    }

    fn differ(&mut self, number: usize, what: String) {
        if self.first.as_ref().is_none_or(|(first, _)| number < *first) {
            self.first = Some((number, what));
        }
    }

    /// A unit has done its next instruction.
    fn done(&mut self, unit: Unit, cycle: u64, external: &Bytes) -> Result<()> {
        let progress = &mut self.units[unit as usize];
        let written = std::mem::take(&mut progress.written);
        let next = self.steps.of_unit(unit, progress.done);
        progress.done += 1;
        let Some(number) = next else {
            let last = self.steps.last_of_unit(unit).unwrap_or_default();
            self.differ(last, format!("the unit {} is done once more after it", unit.name()));
            return Ok(());
        };
        self.ends[number] = Some(cycle);
        if let Some(what) = self.compare(number, &written, external)? {
            self.differ(number, what);
        }
        Ok(())
    }

    /// How what an instruction has written differs from what it should have.
    fn compare(&self, number: usize, written: &[(RowAddress, Vec<u8>)], external: &Bytes) -> Result<Option<String>> {
        let (steps, done) = (self.steps, self.steps.done(number));
        let place = |row: &RowAddress| format!("row {:#x} of the {} memory", row.row, row.memory.name());
        let expected = steps.written(done);
        // Of each memory, the same rows in the same order.
        let memories = |rows: &mut dyn Iterator<Item = RowAddress>| {
            let mut by_memory: HashMap<_, Vec<RowAddress>> = HashMap::new();
            rows.for_each(|row| by_memory.entry(row.memory).or_default().push(row));
            by_memory
        };
        let wanted = memories(&mut expected.iter().copied());
        let got = memories(&mut written.iter().map(|(row, _)| *row));
        for memory in alberti_isa::Memory::ALL {
            let (none, wanted, got) = (Vec::new(), wanted.get(memory), got.get(memory));
            let (wanted, got) = (wanted.unwrap_or(&none), got.unwrap_or(&none));
            for i in 0..wanted.len().max(got.len()) {
                let what = match (wanted.get(i), got.get(i)) {
                    (Some(wanted), Some(got)) if wanted == got => continue,
                    (Some(wanted), Some(got)) => {
                        let first = format!("write {i} of {}: expected {}", wanted.memory.name(), place(wanted));
                        format!("{first}, got {}", place(got))
                    }
                    (Some(wanted), None) => format!("{} is not written when it is done", place(wanted)),
                    (None, Some(got)) => format!("{} is written beyond all that it should", place(got)),
                    (None, None) => continue,
                };
                return Ok(Some(what));
            }
        }
        // What each row holds in the end.
        let last: HashMap<&RowAddress, &Vec<u8>> = written.iter().map(|(row, bytes)| (row, bytes)).collect();
        let mut contents = steps.contents(done);
        for row in expected {
            let got = last[row];
            let (content, rest) = contents.split_at(got.len());
            contents = rest;
            if content != got
                && let Some(what) = difference(row.memory, self.config, content, got)?
            {
                return Ok(Some(format!("{}, {what}", place(row))));
            }
        }
        if let Some((address, bytes)) = steps.stored(done) {
            let got = external.read(address, bytes.len());
            if let Some(i) = (0..bytes.len()).find(|&i| bytes[i] != got[i]) {
                let at = address + i as u64;
                return Ok(Some(format!("byte {at:#x} of external memory: expected {}, got {}", bytes[i], got[i])));
            }
        }
        Ok(None)
    }
}
