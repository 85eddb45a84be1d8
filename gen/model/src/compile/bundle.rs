//! Programs with what they load after them, as external memory holds them.

use alberti_golden::accelerator::AcceleratorConfig;
use alberti_isa::{Base, Count, Halt, Instruction, Load, Memory, Program, Waits};

/// A program, and data at offsets from its own first byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// The instructions.
    pub program: Program,
    /// What lies after them.
    pub data: Vec<u8>,
}

impl Bundle {
    /// All bytes, from the program's first.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [self.program.bytes(), self.data.clone()].concat()
    }

    /// A program that brings rows to memories and ends.
    pub(super) fn load(config: &AcceleratorConfig, parts: &[(Memory, u32, &[Vec<u8>])]) -> Self {
        let parts: Vec<_> = parts.iter().filter(|(_, _, rows)| !rows.is_empty()).collect();
        let mut bundle = Self::default();
        let first = (parts.len() + 1) * alberti_isa::BYTES;
        for &&(memory, row, rows) in &parts {
            let address_offset = (first + bundle.data.len()) as u32;
            for bytes in rows {
                bundle.data.extend(bytes);
                bundle.data.resize(bundle.data.len().next_multiple_of(config.bus_bytes), 0);
            }
            let load = Load { memory, base: Base::Program, row, rows: Count(rows.len() as u32), address_offset };
            bundle.program.instructions.push(Instruction { waits: Waits::NONE, operation: load.into() });
        }
        bundle.program.instructions.push(Instruction { waits: Waits::NONE, operation: Halt {}.into() });
        bundle
    }
}

/// Bytes of rows in external memory: each takes whole beats.
pub(super) fn row_bytes(config: &AcceleratorConfig, bits: usize) -> usize {
    (bits / 8).next_multiple_of(config.bus_bytes)
}
