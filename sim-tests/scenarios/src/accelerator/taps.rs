//! Nets inside of the accelerator by which rows are written, and by which units say that an instruction is
//! done.

use super::steps::row_bits;
use crate::Result;
use alberti_golden::accelerator::{AcceleratorConfig, RowAddress};
use alberti_harness::{Library, Model, Port, Probe};
use alberti_isa::{Memory, Unit};
use alberti_rtl::{Design, memory::demands};

/// Every port by which a unit writes a memory: `<net>_valid`, `_ready`, `_address` and `_data`.
const PORTS: [(Unit, Memory, &str); 12] = [
    (Unit::Matrix, Memory::Activation, "matrix_code_write"),
    (Unit::Matrix, Memory::Wide, "matrix_wide_write"),
    (Unit::Softmax, Memory::Activation, "softmax_code_write"),
    (Unit::Layernorm, Memory::Activation, "layernorm_code_write"),
    (Unit::Layernorm, Memory::Wide, "layernorm_wide_write"),
    (Unit::Elementwise, Memory::Wide, "elementwise_wide_write"),
    (Unit::Transfer, Memory::Activation, "transfer_activation_write"),
    (Unit::Transfer, Memory::Wide, "transfer_wide_write"),
    (Unit::Transfer, Memory::Parameter, "transfer_parameter_write"),
    (Unit::Transfer, Memory::Index, "transfer_index_write"),
    (Unit::Transfer, Memory::WeightValues, "transfer_weight_values_write"),
    (Unit::Transfer, Memory::WeightMasks, "transfer_weight_masks_write"),
];

/// The pulse of each unit after the last write of an instruction.
const DONE: [(Unit, &str); Unit::ALL.len()] = [
    (Unit::Matrix, "matrix_done"),
    (Unit::Softmax, "softmax_done"),
    (Unit::Layernorm, "layernorm_done"),
    (Unit::Elementwise, "elementwise_done"),
    (Unit::Transfer, "transfer_transfer_done"),
];

/// Memories in which arbitration stands between ports and banks.
const SHARED: [Memory; 4] = [Memory::Activation, Memory::Wide, Memory::Parameter, Memory::Index];

/// What happened in a cycle: rows that a unit has written, as the banks have them, and units that are done.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Who wrote which row, and its bytes.
    pub written: Vec<(Unit, RowAddress, Vec<u8>)>,
    /// Rows that no unit asked to be written.
    pub strays: Vec<RowAddress>,
    /// Who is done, after what was written in the same cycle.
    pub done: Vec<Unit>,
}

/// A memory's banks.
struct Banks {
    memory: Memory,
    count: usize,
    /// Bits of a row's number within its bank.
    row_bits: u32,
    /// Whether rows that follow each other are in different banks.
    interleaved: bool,
    /// Bytes of a row.
    bytes: usize,
    address: Port,
    data: Port,
}

/// The probes of an accelerator.
pub(super) struct Taps {
    ports: Port,
    banks: Port,
    writes: Vec<(Port, Port, usize)>,
    shared: Vec<Banks>,
}

/// Rows and banks of each shared memory.
fn shape(design: &Design, memory: Memory) -> (u32, u32) {
    let found = demands(design).into_iter().find(|demand| demand.memory == memory.name());
    found.map_or((1, 1), |demand| (demand.banks, demand.address_bits()))
}

/// What to look at.
///
/// # Errors
/// When the accelerator's records have no layout.
pub(super) fn probes(design: &Design, config: &AcceleratorConfig) -> Result<Vec<Probe>> {
    let ports = PORTS.iter().flat_map(|(_, _, stem)| ["valid", "ready"].map(|part| format!("{stem}_{part}")));
    let ports: Vec<String> = ports.chain(DONE.iter().map(|(_, net)| (*net).to_owned())).collect();
    let buffer = |memory: Memory, net: &str| format!("u_{}_buffer.bank_write_{net}", memory.name());
    let banks: Vec<String> =
        SHARED.iter().flat_map(|&memory| ["valid", "ready"].map(|part| buffer(memory, part))).collect();
    let all: u32 = SHARED.iter().map(|&memory| 2 * shape(design, memory).0).sum();
    let mut probes = vec![Probe::new("tap_ports", ports.len() as u32, ports), Probe::new("tap_banks", all, banks)];
    for (_, memory, stem) in PORTS {
        let bits = row_bits(memory, config)? as u32;
        probes.push(Probe::new(&format!("tap_{stem}_address"), 24, [format!("{stem}_address")]));
        probes.push(Probe::new(&format!("tap_{stem}_data"), bits, [format!("{stem}_data[{}:0]", bits - 1)]));
    }
    for memory in SHARED {
        let ((banks, row), bits) = (shape(design, memory), row_bits(memory, config)? as u32);
        for (part, bits) in [("address", row), ("data", bits)] {
            let name = format!("tap_{}_bank_{part}", memory.name());
            probes.push(Probe::new(&name, banks * bits, [buffer(memory, part)]));
        }
    }
    Ok(probes)
}

/// Bytes from byte `first` of a port on.
fn bytes(model: &Model, port: Port, first: usize, count: usize) -> Vec<u8> {
    (first..first + count).map(|i| model.element(port, i, 8) as u8).collect()
}

impl Taps {
    /// Those of an accelerator that was built with its probes; none without.
    ///
    /// # Errors
    /// When some are missing.
    pub fn new(design: &Design, config: &AcceleratorConfig, library: &Library, model: &Model) -> Result<Option<Self>> {
        if !library.port_specs().iter().any(|port| port.name == "tap_ports") {
            return Ok(None);
        }
        let mut writes = Vec::new();
        for (_, memory, stem) in PORTS {
            let port = |part: &str| model.output(&format!("tap_{stem}_{part}"));
            writes.push((port("address")?, port("data")?, row_bits(memory, config)?.div_ceil(8)));
        }
        let mut shared = Vec::new();
        for memory in SHARED {
            let port = |part: &str| model.output(&format!("tap_{}_bank_{part}", memory.name()));
            let (count, row_bits_of) = shape(design, memory);
            shared.push(Banks {
                memory,
                count: count as usize,
                row_bits: row_bits_of,
                interleaved: design.interleaves_banks(),
                bytes: row_bits(memory, config)?.div_ceil(8),
                address: port("address")?,
                data: port("data")?,
            });
        }
        Ok(Some(Self { ports: model.output("tap_ports")?, banks: model.output("tap_banks")?, writes, shared }))
    }

    /// What happens in this cycle, whose logic has settled; none in most.
    pub fn look(&self, model: &Model) -> Option<Events> {
        let (ports, banks) = (model.get(self.ports), model.get(self.banks));
        let pairs = |bits: u64| bits & bits >> 1 & 0x5555_5555_5555_5555 & ((1 << (2 * PORTS.len())) - 1);
        let done = ports >> (2 * PORTS.len());
        let mut taken = self.taken(banks);
        if pairs(ports) == 0 && done == 0 && taken.is_empty() {
            return None;
        }
        let mut rows: Vec<(RowAddress, Vec<u8>)> =
            taken.drain(..).map(|(buffer, bank)| buffer.row(model, bank)).collect();
        let mut events = Events::default();
        let mut astray = Vec::new();
        for (i, (unit, memory, _)) in PORTS.into_iter().enumerate() {
            if pairs(ports) >> (2 * i) & 1 == 0 {
                continue;
            }
            let (address, data, count) = self.writes[i];
            let row = RowAddress { memory, row: model.get(address) as u32 };
            match rows.iter().position(|(written, _)| *written == row) {
                Some(at) => {
                    let (row, bytes) = rows.swap_remove(at);
                    events.written.push((unit, row, bytes));
                }
                None if SHARED.contains(&memory) => astray.push((unit, memory)),
                None => events.written.push((unit, row, bytes(model, data, 0, count))),
            }
        }
        // What has gone elsewhere than it was to go is of the unit that asked.
        for (unit, memory) in astray {
            if let Some(at) = rows.iter().position(|(row, _)| row.memory == memory) {
                let (row, bytes) = rows.swap_remove(at);
                events.written.push((unit, row, bytes));
            }
        }
        events.strays = rows.into_iter().map(|(row, _)| row).collect();
        events.done = (0..).zip(DONE).filter(|(i, _)| done >> i & 1 == 1).map(|(_, (unit, _))| unit).collect();
        Some(events)
    }

    /// Banks that take a row.
    fn taken(&self, bits: u64) -> Vec<(&Banks, usize)> {
        let (mut taken, mut at) = (Vec::new(), 0);
        for buffer in &self.shared {
            let field = |at: usize| bits >> at & ((1 << buffer.count) - 1);
            let both = field(at) & field(at + buffer.count);
            at += 2 * buffer.count;
            if both != 0 {
                taken.extend((0..buffer.count).filter(|bank| both >> bank & 1 == 1).map(|bank| (buffer, bank)));
            }
        }
        taken
    }
}

impl Banks {
    /// The row that a bank takes.
    fn row(&self, model: &Model, bank: usize) -> (RowAddress, Vec<u8>) {
        let within = model.element(self.address, bank, self.row_bits) as u32;
        let row = match self.interleaved {
            true => within * self.count as u32 + bank as u32,
            false => (bank as u32) << self.row_bits | within,
        };
        let row = RowAddress { memory: self.memory, row };
        (row, bytes(model, self.data, bank * self.bytes, self.bytes))
    }
}
