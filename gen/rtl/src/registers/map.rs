//! The table: which registers a design has, and what is in them.

use super::{
    Access::{self, Constant, Program, Pulse, ReadWrite, Snapshot, Status, WriteOneToClear},
    Field, MAGIC, Register, VERSION,
    counters::Counter,
};
use crate::design::{CsrUnit, Design, Ecc};
use alberti_arith::Format;

/// Bits of an error code and of a layer's number.
const BYTE: u32 = 8;

/// Cycles without progress before the accelerator gives up, unless software says otherwise.
const WATCHDOG_CYCLES: u32 = 1 << 20;

/// A field that resets to zero.
const fn field(name: &'static str, low: u32, bits: u32, access: Access, summary: &'static str) -> Field {
    Field { name, low, bits, access, reset: 0, summary }
}

/// A field that reads as one number in this design.
const fn constant(name: &'static str, low: u32, bits: u32, value: u32, summary: &'static str) -> Field {
    Field { name, low, bits, access: Constant, reset: value, summary }
}

/// A register of one field of the same name.
fn whole(name: &'static str, offset: u32, bits: u32, access: Access, summary: &'static str) -> Register {
    Register { name, offset, summary, fields: vec![field(name, 0, bits, access, summary)] }
}

/// A register that reads as one number in this design.
fn fixed(name: &'static str, offset: u32, value: u32, summary: &'static str) -> Register {
    Register { name, offset, summary, fields: vec![constant(name, 0, 32, value, summary)] }
}

/// The registers of a design, by offset.
pub(super) fn registers(design: &Design, unit: CsrUnit) -> Vec<Register> {
    let mut all = identification(design);
    all.extend(control(design, unit));
    all.extend(counters(design));
    all
}

fn identification(design: &Design) -> Vec<Register> {
    let d = &design.datapath;
    // 16 hexadecimal digits, which the design made.
    let hash = u64::from_str_radix(&design.hash, 16).unwrap_or_default();
    let sparsity = d.sparsity.map_or((0, 0), |sparsity| (sparsity.nonzeros, sparsity.block));
    let masks = design.memories.weight_masks;
    let has = |present: bool| u32::from(present);
    let units = &design.units;
    vec![
        fixed("magic", 0x00, MAGIC, "ALBT in ASCII: identifies an Alberti accelerator"),
        Register {
            name: "version",
            offset: 0x04,
            summary: "Version of this register map",
            fields: vec![
                constant("minor", 0, 16, VERSION & 0xffff, "Incremented when registers are added"),
                constant("major", 16, 16, VERSION >> 16, "Incremented when drivers must change"),
            ],
        },
        fixed("hash_low", 0x08, hash as u32, "The design's hash, lower half"),
        fixed("hash_high", 0x0c, (hash >> 32) as u32, "The design's hash, upper half"),
        Register {
            name: "shape",
            offset: 0x10,
            summary: "Size of the array",
            fields: vec![
                constant("n", 0, 8, d.n, "Lanes, and multipliers per lane"),
                constant("accumulator_rows", 16, 16, d.accumulator_rows, "Rows of the accumulator: vectors per pass"),
            ],
        },
        Register {
            name: "formats",
            offset: 0x14,
            summary: "Number formats",
            fields: vec![
                constant("operand_bits", 0, 8, d.operand.bits(), "Bits of a weight or an activation"),
                constant("operand_point", 8, 4, point(d.operand), "Fraction bits; of AdaptivFloat, exponent bits"),
                constant("operand_float", 12, 1, has(is_float(d.operand)), "1 for AdaptivFloat, 0 for fixed point"),
                constant("result_bits", 16, 8, d.result.bits(), "Bits of a result"),
                constant("result_point", 24, 4, point(d.result), "Fraction bits; of AdaptivFloat, exponent bits"),
                constant("result_float", 28, 1, has(is_float(d.result)), "1 for AdaptivFloat, 0 for fixed point"),
            ],
        },
        Register {
            name: "units",
            offset: 0x18,
            summary: "Units and options of the design",
            fields: vec![
                constant("softmax", 0, 1, has(units.softmax.is_some()), "Attention probabilities"),
                constant("layernorm", 1, 1, has(units.layernorm.is_some()), "Layer norm"),
                constant("elementwise", 2, 1, has(units.elementwise.is_some()), "Residual add and scale"),
                constant("entropy", 3, 1, has(units.entropy.is_some()), "Early exit"),
                constant("top_k", 4, 1, has(units.top_k.is_some()), "The k largest of a row"),
                constant("masks", 5, 1, has(masks.is_some()), "Memory of weight masks"),
                constant("secded", 6, 1, has(is_guarded(design)), "Error correction of weight masks"),
                constant(
                    "hierarchical_softmax",
                    7,
                    1,
                    has(units.hierarchical_softmax.is_some()),
                    "Weights of a sparse hierarchical memory",
                ),
                constant("nonzeros", 8, 8, sparsity.0, "Weights kept of each block; 0 without block sparsity"),
                constant("block", 16, 8, sparsity.1, "Weights of a block; 0 without block sparsity"),
            ],
        },
    ]
}

fn control(design: &Design, unit: CsrUnit) -> Vec<Register> {
    let exits = design.units.entropy.is_some();
    let mut all = vec![
        Register {
            name: "control",
            offset: 0x20,
            summary: "Commands",
            fields: vec![
                field("start", 0, 1, Pulse, "Starts the program; has no effect while one is running"),
                field(
                    "soft_reset",
                    1,
                    1,
                    Pulse,
                    "Stops a running program; the registers keep their values. Of both bits at once, the start has effect \
                     if no program is running, else the reset",
                ),
            ],
        },
        Register {
            name: "status",
            offset: 0x24,
            summary: "State of the accelerator",
            fields: vec![
                field("busy", 0, 1, Status, "A program is running"),
                field("done", 1, 1, Status, "The last program ended, by halt or by early exit"),
                field("error_code", 8, BYTE, Status, "Fault that stopped the last program; 0 if there was none"),
            ],
        },
        whole(
            "error_address",
            0x28,
            32,
            Status,
            "Address of the fault that stopped the last program; 0 if there was none",
        ),
        whole("program_counter", 0x2c, 32, Status, "Instruction being issued, or the one at which the program stopped"),
        interrupts("interrupt_cause", 0x30, WriteOneToClear, exits, "Causes that occurred since they were cleared"),
        interrupts("interrupt_enable", 0x34, ReadWrite, exits, "Which causes raise the interrupt"),
        whole("program_base", 0x40, 32, Program, "Byte address of the program in external memory, lower 32 bits"),
    ];
    if let high @ 1.. = unit.program_address_bits - 32 {
        all.push(whole("program_base_high", 0x44, high, Program, "Byte address of the program, upper bits"));
    }
    all.push(whole("program_length", 0x48, 32, Program, "Bytes of the program"));
    let mut watchdog = whole(
        "watchdog_limit",
        0x4c,
        32,
        Program,
        "Cycles without progress after which a program is stopped; 0 disables the watchdog",
    );
    watchdog.fields[0].reset = WATCHDOG_CYCLES;
    all.push(watchdog);
    if exits {
        let threshold = "Entropy in bits, Q6.10, below which an exit ends the program";
        all.push(whole("entropy_threshold", 0x50, 16, Program, threshold));
        all.push(whole(
            "exit_layer",
            0x54,
            BYTE,
            Status,
            "Layer after which the last program ended early; 0 if it did not",
        ));
    }
    if design.accelerator.is_some() {
        all.push(whole("data_base", 0x58, 32, Program, "Base byte address of the data, lower 32 bits"));
        if let high @ 1.. = unit.program_address_bits - 32 {
            all.push(whole("data_base_high", 0x5c, high, Program, "Base byte address of the data, upper bits"));
        }
    }
    all
}

/// Bits of what can happen, of one access.
fn interrupts(name: &'static str, offset: u32, access: Access, exits: bool, summary: &'static str) -> Register {
    let mut fields = vec![
        field("done", 0, 1, access, "The program ended"),
        field("error", 1, 1, access, "A fault stopped the program"),
    ];
    if exits {
        fields.push(field(
            "early_exit",
            2,
            1,
            access,
            "The program ended by an early exit: the entropy was below the threshold",
        ));
    }
    Register { name, offset, summary, fields }
}

fn counters(design: &Design) -> Vec<Register> {
    let commands = Register {
        name: "counters",
        offset: 0x80,
        summary: "Commands for all counters at once; write both bits to read an interval and begin the next",
        fields: vec![
            field("snapshot", 0, 1, Pulse, "Copies all counters to the registers below"),
            field("clear", 1, 1, Pulse, "Clears all counters; the registers below keep their values"),
        ],
    };
    let counter = |of: &Counter| whole(of.register, of.offset, 32, Snapshot, of.summary);
    [commands].into_iter().chain(super::counters::counters(design).map(counter)).collect()
}

pub(super) fn is_guarded(design: &Design) -> bool {
    design.memories.weight_masks.is_some_and(|masks| masks.ecc == Ecc::Secded)
}

fn is_float(format: Format) -> bool {
    matches!(format, Format::AdaptivFloat(_))
}

/// Bits after the point of fixed point, of the exponent in AdaptivFloat.
fn point(format: Format) -> u32 {
    match format {
        Format::AdaptivFloat(float) => float.bits() - 1 - float.mantissa_bits(),
        Format::Fixed(fixed) => fixed.fraction_bits(),
    }
}
