//! What passes between the parts of an accelerator: instructions, and rows of shared memories.

use crate::{
    design::Design,
    netlist::{Interface, Payload, Role},
};
use alberti_isa::{ADDRESS_BITS, Field, KINDS, Kind};

/// Bits of a row's address.
pub const ADDRESS_W: u32 = ADDRESS_BITS;

/// Bits of a count in an instruction, but for runs of rows, which have as many as an address.
pub const COUNT_W: u32 = 16;

/// Bits of a number of the wide memory.
pub const NUMBER_W: u32 = 16;

/// Bits of a column's parameters.
pub const PARAMETER_W: u32 = 40;

/// The kind of instruction of a name.
///
/// # Panics
/// When there is none: names are the generator's own.
pub fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect("the instruction set has what the accelerator asks for")
}

/// The kinds of instructions that a design has: some need a unit of their own.
pub fn kinds(design: &Design) -> impl Iterator<Item = &'static Kind> {
    let hierarchical = design.units.hierarchical_softmax.is_some();
    KINDS.iter().filter(move |kind| hierarchical || kind.name != "hierarchical_softmax")
}

/// Those that the sequencer hands to another part.
pub fn issued(design: &Design) -> impl Iterator<Item = &'static Kind> {
    kinds(design).filter(|kind| kind.unit.is_some() || kind.name == "exit")
}

/// The fields of a kind that a design has: where weights have no blocks, nothing can ask for them.
pub fn fields(design: &Design, kind: &'static Kind) -> impl Iterator<Item = &'static Field> {
    let blocks = design.datapath.sparsity.is_some();
    kind.fields.iter().filter(move |field| blocks || (kind.name, field.name) != ("gemm", "blocks"))
}

/// Whether the sequencer keeps a field of an instruction to itself.
pub fn is_sequencers(kind: &str, field: &str) -> bool {
    [("exit", "layer"), ("repeat", "count")].contains(&(kind, field))
}

/// Instructions of a kind, as the part that does them takes them: a port for each field that is not the
/// sequencer's.
pub fn operations(design: &Design, name: &str) -> Interface {
    let stream = Interface::sink(name, &format!("Instructions: {name}"));
    let fields = fields(design, kind(name)).filter(|field| !is_sequencers(name, field.name));
    fields.fold(stream, |stream, field| {
        let stream = stream.input(field.name, field.bits, Payload::Bits);
        if field.bits == ADDRESS_W { stream.of("ADDR_W") } else { stream }
    })
}

/// Reads of a shared memory: a row comes a fixed time after its address was taken.
pub fn reads(name: &str, summary: &str, width: u32, payload: Payload) -> Interface {
    Interface::new(name, Role::Memory, summary)
        .output("valid", 1, Payload::Bits)
        .input("ready", 1, Payload::Bits)
        .output("address", ADDRESS_W, Payload::Bits)
        .of("ADDR_W")
        .input("data", width, payload)
}

/// Writes of a shared memory.
pub fn writes(name: &str, summary: &str, width: u32, payload: Payload) -> Interface {
    Interface::new(name, Role::Memory, summary)
        .output("valid", 1, Payload::Bits)
        .input("ready", 1, Payload::Bits)
        .output("address", ADDRESS_W, Payload::Bits)
        .of("ADDR_W")
        .output("data", width, payload)
}

/// Reports of rows past the end of a memory.
pub fn out_of_range(summary: &str) -> Interface {
    let whether = Interface::new("out_of_range", Role::Status, summary).plain_output("out_of_range", 1, Payload::Bits);
    whether.output("row", ADDRESS_W, Payload::Bits).of("ADDR_W")
}
