//! Control and status registers, there only when the design asks for them.

use super::reader::Section;
use alberti_diagnostic::Code;
use serde::Serialize;

/// Parameters of `csr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CsrUnit {
    /// Bits of a byte address on the AXI4-Lite port: 8, which every map fits in, to 32.
    pub address_bits: u32,
    /// Bits of a byte address of external memory, where programs lie: 32 to 64.
    pub program_address_bits: u32,
}

impl CsrUnit {
    /// Reads and checks the section `csr`.
    pub(crate) fn read(mut section: Section<'_>) -> Option<Self> {
        let address_bits = section.integer_or("address_bits", 8..=32, 12, Code::OutOfRange);
        let program_address_bits = section.integer_or("program_address_bits", 32..=64, 32, Code::OutOfRange);
        section.finish();
        Some(Self { address_bits: address_bits?, program_address_bits: program_address_bits? })
    }
}
