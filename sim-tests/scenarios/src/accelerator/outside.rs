//! What an accelerator meets outside of itself: bytes of external memory, and registers that software writes
//! and reads.

use alberti_golden::accelerator::{End, External, Registers};
use alberti_harness::{
    Stall,
    axi::{Bytes, Traffic},
};
use alberti_isa::Fault;
use std::ops::RangeInclusive;

/// External memory that answers at once.
pub(super) const AT_ONCE: Traffic = Traffic { taken: Stall::None, given: Stall::None, latency: 1, data_first: false };

/// Bytes of external memory as the interpreter reaches them: what was never written is there, too.
pub struct Outside {
    /// The bytes.
    pub bytes: Bytes,
    /// Addresses that answer with a fault.
    pub faults: Vec<(RangeInclusive<u64>, Fault)>,
}

impl Outside {
    fn check(&self, address: u64, bytes: usize) -> std::result::Result<(), Fault> {
        let last = address + bytes as u64 - 1;
        let hit = self.faults.iter().find(|(range, _)| *range.start() <= last && address <= *range.end());
        hit.map_or(Ok(()), |(_, fault)| Err(*fault))
    }
}

impl External for Outside {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> std::result::Result<(), Fault> {
        self.check(address, bytes.len())?;
        bytes.copy_from_slice(&self.bytes.read(address, bytes.len()));
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> std::result::Result<(), Fault> {
        self.check(address, bytes.len())?;
        self.bytes.write(address, bytes);
        Ok(())
    }
}

/// The code that `status.error_code` shows for an end.
#[must_use]
pub fn error_code(end: End) -> u8 {
    match end {
        End::Stopped { fault, .. } => fault.code(),
        End::Halted | End::Exited { .. } => 0,
    }
}

/// What software writes before a start: names of registers and their values.
#[must_use]
pub fn settings(registers: &Registers) -> [(&'static str, u64); 4] {
    [
        ("program_base", registers.program_base),
        ("program_length", registers.program_length.into()),
        ("data_base", registers.data_base),
        ("entropy_threshold", registers.entropy_threshold.into()),
    ]
}
