//! A design as the golden models see it: one function a model.
//!
//! The golden model knows nothing of designs, and a design nothing of its golden model, so that neither can
//! hide a fault of the other. What joins them stands here, once, for co-simulation, the compiler and the
//! command line.

use alberti_golden::{
    BlockSparsity, accelerator,
    cells::{self, Cells},
    csr, dma,
    hierarchical_softmax::Hierarchy,
    processing_unit,
    softmax::Maximum,
    storage::RecordLayout,
};
use alberti_model::{
    Capacity, ProcessingUnitTarget,
    accuracy::{SoftmaxUnit, Units},
};
use alberti_rtl::{
    Design,
    blocks::dma::open_bursts,
    design::{self, Axi, Coding, Placing, ValueMemory},
    memory::Demand,
    registers::{self, Access, BUSY, INTERRUPT, SNAPSHOT, START},
};
use std::fmt;

/// Why a design has no such golden model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The design has no section `accelerator`.
    NoAccelerator {
        /// The design's name.
        design: String,
    },
    /// The register map lacks a register that the model needs.
    NoRegister {
        /// The register or field.
        name: String,
    },
    /// The golden model refuses what the design allows.
    Golden(alberti_golden::Error),
}

/// A result with this module's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccelerator { design } => write!(f, "the design {design} has no accelerator"),
            Self::NoRegister { name } => write!(f, "the register map has no {name}"),
            Self::Golden(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<alberti_golden::Error> for Error {
    fn from(error: alberti_golden::Error) -> Self {
        Self::Golden(error)
    }
}

/// The processing unit.
///
/// # Errors
/// When the golden model refuses what the design allows.
pub fn processing_unit(design: &Design) -> Result<processing_unit::MatrixUnitConfig> {
    let d = &design.datapath;
    let sparsity = d.sparsity.map(|s| BlockSparsity::new(s.nonzeros as usize, s.block as usize)).transpose()?;
    let config = processing_unit::MatrixUnitConfig {
        n: d.n as usize,
        operand: d.operand,
        result: d.result,
        accumulator_bits: d.accumulator_bits,
        zero_skip: d.zero_skip,
        sparsity,
        activation: d.activation,
    };
    config.check()?;
    Ok(config)
}

/// The processing unit, as a layer of a model is made ready for it.
///
/// # Errors
/// When the golden model refuses what the design allows.
pub fn unit_target(design: &Design) -> Result<ProcessingUnitTarget> {
    let (config, d) = (processing_unit(design)?, &design.datapath);
    let room = |memory: ValueMemory| memory.values as usize;
    Ok(ProcessingUnitTarget {
        n: config.n,
        operand: config.operand,
        result: config.result,
        accumulator_bits: config.accumulator_bits,
        accumulator_rows: d.accumulator_rows as usize,
        reduction_max: d.reduction_max as usize,
        block: config.sparsity,
        activation: config.activation,
        capacity: Capacity {
            weight: room(design.memories.weight),
            activation: room(design.memories.activation),
            result: room(design.memories.result),
        },
    })
}

/// The special function units, as their errors are measured on a model.
#[must_use]
pub fn accuracy_units(design: &Design) -> Units {
    let units = &design.units;
    Units {
        softmax: units.softmax.map(|unit| SoftmaxUnit {
            n: unit.lanes as usize,
            maximum: maximum(unit.maximum),
            length_max: unit.length_max as usize,
        }),
        layernorm: units.layernorm.map(|unit| unit.length_max as usize),
        activation: design.datapath.activation,
        elementwise: units.elementwise.is_some(),
        entropy: units.entropy.map(|unit| unit.classes_max as usize),
        top_k: units.top_k.map(|unit| (unit.length_max as usize, unit.k as usize)),
    }
}

/// The accelerator, as the interpreter runs its programs.
///
/// # Errors
/// When the design has none, or the golden model refuses what it allows.
pub fn accelerator(design: &Design) -> Result<accelerator::AcceleratorConfig> {
    let (d, memories, units) = (&design.datapath, &design.memories, &design.units);
    let parts = (design.accelerator, memories.weight_masks, units.softmax, units.layernorm, units.entropy);
    let (Some(section), Some(masks), Some(softmax), Some(layernorm), Some(entropy)) = parts else {
        return Err(Error::NoAccelerator { design: design.name.clone() });
    };
    let array = processing_unit(design)?;
    let mut config = accelerator::AcceleratorConfig {
        n: array.n,
        accumulator_bits: d.accumulator_bits,
        accumulator_rows: d.accumulator_rows as usize,
        passes_max: d.reduction_max.div_ceil(d.n) as usize,
        zero_skip: d.zero_skip,
        sparsity: array.sparsity,
        activation: array.activation,
        maximum: maximum(softmax.maximum),
        softmax_lanes: softmax.lanes as usize,
        softmax_max: softmax.length_max as usize,
        hierarchy_max: units.hierarchical_softmax.map(|unit| Hierarchy {
            parents: unit.parents_max as usize,
            children: unit.children_max as usize,
            largest: unit.parents_max as usize,
        }),
        layernorm_max: layernorm.length_max as usize,
        classes_max: entropy.classes_max as usize,
        activation_rows: (memories.activation.values / d.n) as usize,
        wide_rows: (section.wide.values / d.n) as usize,
        parameter_rows: section.parameters.rows as usize,
        index_words: section.index.words as usize,
        value_rows: (memories.weight.values / d.n) as usize,
        mask_words: masks.words as usize,
        mask_check_bits: 0,
        program_instructions: section.program.instructions as usize,
        bus_bytes: (section.axi.data_bits / 8) as usize,
        bus_address_bits: section.axi.address_bits,
    };
    config.mask_check_bits = masks.ecc.check_bits(config.layout()?.word_bits() as u32) as usize;
    Ok(config)
}

/// The records of the weight masks.
///
/// # Errors
/// When the golden model refuses what the design allows.
pub fn records(design: &Design) -> Result<RecordLayout> {
    let n = design.datapath.n as usize;
    Ok(RecordLayout::new(n, design.memories.weight.values as usize, n, true, processing_unit(design)?.sparsity)?)
}

/// The AXI4 port to external memory.
///
/// # Errors
/// When the design has no accelerator.
pub fn external_memory(design: &Design) -> Result<dma::Port> {
    let axi = axi(design)?;
    Ok(dma::Port::new(axi.address_bits, axi.data_bits, axi.burst_beats, open_bursts(axi))?)
}

/// The section `accelerator.axi`.
///
/// # Errors
/// When the design has no accelerator.
pub fn axi(design: &Design) -> Result<Axi> {
    let none = || Error::NoAccelerator { design: design.name.clone() };
    Ok(design.accelerator.ok_or_else(none)?.axi)
}

/// The registers.
///
/// # Errors
/// When the map lacks the interrupt's registers or the snapshot.
pub fn registers(map: &registers::Map) -> Result<csr::Csr> {
    let missing = |name: &str| Error::NoRegister { name: name.into() };
    let place = |stem: &str| {
        let places = map.registers.iter().enumerate();
        let mut places =
            places.flat_map(|(number, register)| (0..register.fields.len()).map(move |at| (register, number, at)));
        let found = places.find(|(register, _, at)| register.stem(&register.fields[*at]) == stem);
        found.map(|(_, number, at)| (number, at)).ok_or_else(|| missing(stem))
    };
    let (number, at) = place(SNAPSHOT)?;
    let (start, busy) = (place(START)?, place(BUSY)?);
    let kind = |access: Access| match access {
        Access::Constant => csr::Kind::Constant,
        Access::Status => csr::Kind::Status,
        Access::ReadWrite => csr::Kind::Setting,
        Access::Program => csr::Kind::Taken { start, busy },
        Access::WriteOneToClear => csr::Kind::Cause,
        Access::Pulse => csr::Kind::Command,
        Access::Snapshot => csr::Kind::Sampled(number, at),
    };
    let field = |field: &registers::Field| {
        let registers::Field { low, bits, reset, access, .. } = *field;
        csr::Field { low, bits, reset, kind: kind(access) }
    };
    let register = |register: &registers::Register| csr::Register {
        address: register.offset,
        fields: register.fields.iter().map(field).collect(),
    };
    let number = |name: &str| map.registers.iter().position(|register| register.name == name);
    let [cause, enable] = INTERRUPT.map(number);
    let interrupt = [cause.ok_or_else(|| missing("cause"))?, enable.ok_or_else(|| missing("enable"))?];
    Ok(csr::Csr::new(csr::Map { registers: map.registers.iter().map(register).collect(), interrupt })?)
}

/// Which maximum softmax subtracts.
#[must_use]
pub fn maximum(maximum: design::Maximum) -> Maximum {
    match maximum {
        design::Maximum::Row => Maximum::Row,
        design::Maximum::Running => Maximum::Running,
    }
}

/// Which level of a cell stands for its bits.
#[must_use]
pub fn coding(coding: Coding) -> cells::Coding {
    match coding {
        Coding::Gray => cells::Coding::Gray,
        Coding::Binary => cells::Coding::Binary,
    }
}

/// Which bits of a word share a cell.
#[must_use]
pub fn placing(placing: Placing) -> cells::Placing {
    match placing {
        Placing::Adjacent => cells::Placing::Adjacent,
        Placing::Spread => cells::Placing::Spread,
    }
}

/// The cells of a memory's words.
///
/// # Errors
/// When the golden model refuses what the design allows.
pub fn cells(demand: &Demand) -> Result<Cells> {
    let storage = &demand.storage;
    let (bits, placing, coding) = (storage.bits_per_cell as usize, placing(storage.placing), coding(storage.coding));
    Ok(Cells::new(demand.bits as usize, bits, placing, coding)?)
}
