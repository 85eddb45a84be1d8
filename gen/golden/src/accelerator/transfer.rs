//! `load` and `store`: rows between external memory and the accelerator's.

use super::{Execution, RowAddress, Work, external};
use alberti_isa::{Base, Count, Fault, Load, Memory, Store};

impl Execution<'_> {
    pub(super) fn load(&mut self, op: Load) -> Work {
        let row_bytes = self.row_bytes(op.memory);
        self.room(op.memory, op.row, op.rows)?;
        let address = self.address(op.base, op.address_offset);
        let mut bytes = vec![0; op.rows.get() * row_bytes];
        external::read(&self.accelerator.config, self.external, address, &mut bytes)?;
        self.counters.bytes_read += bytes.len() as u64;
        for (i, content) in bytes.chunks_exact(row_bytes).enumerate() {
            let row = RowAddress { memory: op.memory, row: op.row + i as u32 };
            self.accelerator.memories.write_row(self.order, row, content)?;
            self.wrote(row);
        }
        if matches!(op.memory, Memory::WeightValues | Memory::WeightMasks) {
            self.accelerator.tiles = super::Tiles::default();
        }
        Ok(())
    }

    pub(super) fn store(&mut self, op: Store) -> Work {
        if matches!(op.memory, Memory::WeightValues | Memory::WeightMasks) {
            return Err(Fault::Instruction.into());
        }
        let row_bytes = self.row_bytes(op.memory);
        self.room(op.memory, op.row, op.rows)?;
        let address = self.address(op.base, op.address_offset);
        let mut bytes = Vec::with_capacity(op.rows.get() * row_bytes);
        self.counters.read(op.memory, op.rows.get());
        for i in 0..op.rows.0 {
            let row = RowAddress { memory: op.memory, row: op.row + i };
            bytes.extend(self.accelerator.memories.read_row(self.order, row)?);
            bytes.resize((i as usize + 1) * row_bytes, 0);
        }
        external::write(&self.accelerator.config, self.external, address, &bytes)?;
        self.counters.bytes_written += bytes.len() as u64;
        Ok(())
    }

    /// Demands rows that the memory has: nothing is moved when one is missing.
    fn room(&self, memory: Memory, first: u32, rows: Count) -> Work {
        let end = first as usize + rows.get();
        if end > self.accelerator.memories.rows(memory) { Err(Fault::Address.into()) } else { Ok(()) }
    }

    /// Bytes of a row in external memory: whole beats.
    fn row_bytes(&self, memory: Memory) -> usize {
        let beat = self.accelerator.config.bus_bytes;
        self.accelerator.memories.bits(memory).div_ceil(8 * beat) * beat
    }

    fn address(&self, base: Base, offset: u32) -> u64 {
        let base = match base {
            Base::Program => self.registers.program_base,
            Base::Data => self.registers.data_base,
        };
        base.wrapping_add(offset.into())
    }
}
