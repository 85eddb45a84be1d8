//! External memory, as the bus shows it.

use super::config::AcceleratorConfig;
use alberti_isa::Fault;

/// What answers on the bus.
pub trait External {
    /// Reads from a byte address on.
    ///
    /// # Errors
    /// [`Fault::BusSlave`] or [`Fault::BusDecode`].
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Fault>;

    /// Writes from a byte address on.
    ///
    /// # Errors
    /// [`Fault::BusSlave`] or [`Fault::BusDecode`].
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault>;
}

/// Bytes from address 0 on; nothing answers after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flat {
    /// The bytes.
    pub content: Vec<u8>,
}

impl Flat {
    fn range(&self, address: u64, bytes: usize) -> Result<std::ops::Range<usize>, Fault> {
        let first = usize::try_from(address).map_err(|_| Fault::BusDecode)?;
        let end = first.checked_add(bytes).filter(|&end| end <= self.content.len());
        Ok(first..end.ok_or(Fault::BusDecode)?)
    }
}

impl External for Flat {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        bytes.copy_from_slice(&self.content[self.range(address, bytes.len())?]);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let range = self.range(address, bytes.len())?;
        self.content[range].copy_from_slice(bytes);
        Ok(())
    }
}

fn check(config: &AcceleratorConfig, address: u64, bytes: usize) -> Result<(), Fault> {
    let end = address.checked_add(bytes as u64);
    let fits = end.is_some_and(|end| config.bus_address_bits >= 64 || end <= 1 << config.bus_address_bits);
    if !fits || !address.is_multiple_of(config.bus_bytes as u64) { Err(Fault::Alignment) } else { Ok(()) }
}

/// Reads whole beats.
pub(super) fn read(
    config: &AcceleratorConfig,
    external: &mut dyn External,
    address: u64,
    bytes: &mut [u8],
) -> Result<(), Fault> {
    check(config, address, bytes.len())?;
    external.read(address, bytes)
}

/// Writes whole beats.
pub(super) fn write(
    config: &AcceleratorConfig,
    external: &mut dyn External,
    address: u64,
    bytes: &[u8],
) -> Result<(), Fault> {
    check(config, address, bytes.len())?;
    external.write(address, bytes)
}
