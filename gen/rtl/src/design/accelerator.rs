//! The whole accelerator: what it takes around the processing unit's array, there only when the design asks for it.

use super::{
    csr::CsrUnit,
    datapath::Draft,
    memories::{Memories, MemoryKind, capacity},
    reader::{Report, Section},
    units::Units,
};
use alberti_arith::{ActivationSet, Format};
use alberti_diagnostic::Code;
use serde::Serialize;

/// Parts that every accelerator works with.
const PARTS: [&str; 6] =
    ["memories.weight.masks", "units.softmax", "units.layernorm", "units.elementwise", "units.entropy", "csr"];
/// Rows of a memory whose addresses are 16 bits of an instruction.
const MOST_ROWS: u32 = 1 << 16;

/// What an accelerator has beside the processing unit's array, the special function units and the registers.
///
/// A row of the activation memory is a dense vector of n codes: special function units and the array address it directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Accelerator {
    /// Banks of the activation memory: a power of two, 1 to 16. The top bits of an address choose one; with block sparsity the
    /// lowest, so that streams of rows that are read together, wherever they lie, do not meet in one.
    pub banks: u32,
    /// Residual sums, scores and logits.
    pub wide: WideMemory,
    /// Bias and shift, or gamma, beta and shift, of n columns a row.
    pub parameters: ParameterMemory,
    /// Instructions.
    pub program: ProgramMemory,
    /// Addresses of records that are gathered.
    pub index: IndexMemory,
    /// The port to external memory.
    pub axi: Axi,
}

/// A memory of 16-bit numbers, n a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WideMemory {
    /// Capacity in numbers, a multiple of n.
    pub values: u32,
}

/// A memory of parameters, 40 bits for each of n columns a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterMemory {
    /// Capacity in rows: 1 to 65536.
    pub rows: u32,
}

/// A memory of instructions of 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProgramMemory {
    /// Capacity in instructions: 1 to 65536.
    pub instructions: u32,
}

/// A memory of 32-bit words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IndexMemory {
    /// Capacity in words: 1 to 65536.
    pub words: u32,
}

/// An AXI4 port to external memory. A longest burst of the widest beats is 4 KiB, which none may exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Axi {
    /// Bits of a byte address: 32 to 64.
    pub address_bits: u32,
    /// Bits of a beat: 32, 64 or 128.
    pub data_bits: u32,
    /// Beats of the longest burst: 1 to 256.
    pub burst_beats: u32,
}

/// The other sections, as far as they could be read.
pub(crate) struct Surroundings<'a> {
    pub report: &'a Report,
    pub datapath: Option<&'a Draft>,
    pub memories: Option<&'a Memories>,
    pub units: Option<&'a Units>,
    pub csr: Option<CsrUnit>,
}

impl Accelerator {
    /// Reads and checks the section `accelerator`, and whether the rest of the design serves it.
    pub(crate) fn read(mut section: Section<'_>, others: &Surroundings<'_>) -> Option<Self> {
        let n = others.datapath.and_then(|datapath| datapath.n);
        let row = n.map(|n| (n, format!("one row of {n} numbers")));
        let banks = banks(&mut section, n, others.memories);
        let wide = section.section("wide", "values").and_then(|mut memory| {
            let values = memory.count("values", 65536).and_then(|values| capacity(&memory, values, n?, row.as_ref()?));
            memory.finish();
            Some(WideMemory { values: values? })
        });
        let parameters = rows(&mut section, "parameters", "rows", 1024).map(|rows| ParameterMemory { rows });
        let program =
            rows(&mut section, "program", "instructions", 256).map(|instructions| ProgramMemory { instructions });
        let index = rows(&mut section, "index", "words", 1024).map(|words| IndexMemory { words });
        let axi = match section.optional_section("axi") {
            Some(Some(axi)) => Axi::read(axi, others.csr),
            Some(None) => Axi::DEFAULT.reaches_programs(&section, "axi", others.csr),
            None => None,
        };
        section.finish();
        others.check(banks);
        Some(Self { banks: banks?, wide: wide?, parameters: parameters?, program: program?, index: index?, axi: axi? })
    }
}

/// Reads `banks`: equal ones, chosen by whole address bits.
fn banks(section: &mut Section<'_>, n: Option<u32>, memories: Option<&Memories>) -> Option<u32> {
    let banks = section.integer_or("banks", 1..=16, 1, Code::OutOfRange)?;
    if !banks.is_power_of_two() {
        let (below, above) = (banks.next_power_of_two() / 2, banks.next_power_of_two());
        let message = format!("`banks` is {banks}, not a power of two: bits of an address select a bank");
        section.push("banks", Code::OutOfRange, message, format!("set banks to {below} or {above}"));
        return None;
    }
    let (Some(n), Some(memories)) = (n, memories) else { return Some(banks) };
    let rows = memories.activation.values / n;
    if banks == 1 || (rows.is_power_of_two() && rows > banks) {
        return Some(banks);
    }
    let enough = u64::from(rows.max(2 * banks)).next_power_of_two() * u64::from(n);
    let message = format!(
        "an activation memory of {rows} rows of n = {n} does not divide into {banks} banks selected by address bits"
    );
    let help = format!("set memories.activation.values to {enough}, a power of two of rows, or set `banks: 1`");
    section.push("banks", Code::BanksUneven, message, help);
    None
}

/// The capacity of a memory that has a section with one key.
fn rows(section: &mut Section<'_>, memory: &'static str, key: &'static str, example: u32) -> Option<u32> {
    let mut memory = section.section(memory, key)?;
    let rows = memory.integer(key, 1..=MOST_ROWS, example);
    memory.finish();
    rows
}

impl Axi {
    const DEFAULT: Self = Self { address_bits: 40, data_bits: 64, burst_beats: 64 };

    fn read(mut section: Section<'_>, csr: Option<CsrUnit>) -> Option<Self> {
        let Self { address_bits, data_bits, burst_beats } = Self::DEFAULT;
        let address_bits = section.integer_or("address_bits", 32..=64, address_bits, Code::OutOfRange);
        let data_bits = section.integer_or("data_bits", 32..=128, data_bits, Code::OutOfRange).filter(|bits| {
            let valid = bits.is_power_of_two();
            if !valid {
                let message = format!("`data_bits` is {bits}, it must be 32, 64 or 128");
                section.push("data_bits", Code::OutOfRange, message, "set data_bits to 32, 64 or 128");
            }
            valid
        });
        let burst_beats = section.integer_or("burst_beats", 1..=256, burst_beats, Code::OutOfRange);
        let axi = address_bits.and_then(|address_bits| {
            let axi = Self { address_bits, ..Self::DEFAULT };
            axi.reaches_programs(&section, "address_bits", csr)
        });
        section.finish();
        Some(Self { address_bits: axi?.address_bits, data_bits: data_bits?, burst_beats: burst_beats? })
    }

    /// Itself, unless a register holds longer addresses than the port has; `key` is where the section says so.
    fn reaches_programs(self, section: &Section<'_>, key: &str, csr: Option<CsrUnit>) -> Option<Self> {
        let bits = csr.map_or(0, |csr| csr.program_address_bits);
        if bits <= self.address_bits {
            return Some(self);
        }
        let message = format!(
            "program addresses have {bits} bits (csr.program_address_bits), but the port has {}",
            self.address_bits
        );
        let help =
            format!("set accelerator.axi.address_bits to {bits}, or csr.program_address_bits to {}", self.address_bits);
        section.push(key, Code::OutOfRange, message, help);
        None
    }
}

impl Surroundings<'_> {
    /// Reports, in one go, all that an accelerator works with and the design lacks.
    fn check(&self, banks: Option<u32>) {
        let mut lacks: Vec<String> =
            PARTS.iter().filter(|part| !self.report.index.has(part)).map(|part| format!("`{part}`")).collect();
        let (operand, result) = self.datapath.map_or((None, None), |datapath| (datapath.operand, datapath.result));
        // Results that are of another format only because the operands are follow them.
        for (key, format) in [("operand", operand), ("result", result.filter(|_| result != operand))] {
            if let Some(format) = format.filter(|&format| format != Format::AF8_3) {
                lacks.push(format!("`datapath.{key}: af8_3` (it is {format})"));
            }
        }
        if self.memories.is_some_and(|memories| memories.activation.storage.kind != MemoryKind::Sram) {
            lacks.push("`memories.activation.kind: sram` (it is rram, but every program writes it)".to_owned());
        }
        let functions = self.datapath.and_then(|datapath| datapath.activation).map_or(0, ActivationSet::count);
        let most = alberti_isa::functions();
        if functions > most {
            lacks.push(format!(
                "`datapath.activation` of {most} functions at most (it is {functions} with identity and relu)"
            ));
        }
        lacks.extend(self.shape(banks));
        if lacks.is_empty() {
            return;
        }
        let message = format!("the accelerator lacks {}", lacks.join(", "));
        let help = "add the missing parts, or remove `accelerator`; designs/accelerator4.yaml has them all";
        self.report.push("accelerator", Code::AcceleratorLacks, message, help);
    }

    /// What engines and addresses ask of the sizes. Lanes divide n, and are powers of two as it is.
    fn shape(&self, banks: Option<u32>) -> Vec<String> {
        let mut lacks = Vec::new();
        let n = self.datapath.and_then(|datapath| datapath.n);
        if let Some(n) = n.filter(|n| !n.is_power_of_two()) {
            lacks.push(format!("`datapath.n` that is a power of two (it is {n})"));
        }
        let blocks = self.datapath.is_some_and(|datapath| matches!(datapath.sparsity, Some(Some(_))));
        if blocks && banks == Some(1) {
            lacks.push(
                "`accelerator.banks` of at least 2 (it is 1, and block-sparse weights need two vectors per cycle)"
                    .to_owned(),
            );
        }
        let (softmax, layernorm) = self.units.map_or((None, None), |units| (units.softmax, units.layernorm));
        let buffers =
            [("softmax", softmax.map(|unit| unit.row_buffer)), ("layernorm", layernorm.map(|unit| unit.row_buffer))];
        for (unit, _) in buffers.iter().filter(|(_, row_buffer)| *row_buffer == Some(false)) {
            lacks.push(format!("`units.{unit}.row_buffer: true` (it is false, and rows are read once)"));
        }
        let short = softmax.zip(n).filter(|(unit, n)| unit.length_max < *n);
        if let Some((unit, n)) = short {
            lacks.push(format!("`units.softmax.length_max` of at least n = {n} (it is {})", unit.length_max));
        }
        lacks
    }
}
