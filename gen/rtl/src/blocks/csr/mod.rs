//! `csr`: control and status registers behind an AXI4-Lite port.

use crate::{
    blocks::Library,
    emit::{Shell, range},
    netlist::{
        Contract,
        Direction::{Input, Output},
        Interface, Module, ModuleKind, Payload, Role,
    },
    registers::{Access, BUSY, Field, INTERRUPT, Map, Register, SNAPSHOT, START},
};
use askama::Template;
use std::sync::Arc;

/// Bits of a register.
const DATA_W: u32 = 32;

#[derive(Template)]
#[template(path = "rtl/csr.v")]
struct Body<'a> {
    shell: &'a Shell,
    map: &'a Map,
    /// What a read gives, by register.
    reads: Vec<(&'a str, String)>,
    /// Registers that take writes.
    writable: Vec<&'a str>,
    /// Those that hold what software writes.
    settings: Fields<'a>,
    /// Of these, those that hardware sees at once.
    shown: Fields<'a>,
    /// And those that a program takes when it starts.
    program: Fields<'a>,
    events: Fields<'a>,
    pulses: Fields<'a>,
    counters: Fields<'a>,
    /// Cause and enable of each, as a term.
    interrupts: Vec<String>,
    snapshot: &'static str,
    start: &'static str,
    busy: &'static str,
}

/// Fields of one access, by the name of their register.
type Fields<'a> = Vec<(&'a str, Vec<Held>)>;

/// A field that is kept in flip-flops.
struct Held {
    stem: String,
    /// `[7:0]`, or nothing for a bit.
    range: String,
    /// Its place in a word; nothing for the whole of it.
    slice: String,
    bits: u32,
    reset: u32,
}

/// The registers of a design; `None` where it has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let map = Map::of(library.design())?;
    let summary = format!("{} control and status registers behind an AXI4-Lite port", map.registers.len());
    let mut module = Module::new("csr", None, &summary, "csr");
    module.kind = ModuleKind::Registers;
    module.contract = Contract {
        latency: "2 cycles from an address, and data of a write, to the response; a field shows at its port with the \
                  response to the write, one of a program a cycle after the start"
            .into(),
        interval: "a read and a write every two cycles".into(),
        numbers: "words of 32 bits, little-endian bytes; a byte whose strobe is low stays as it is".into(),
    };
    module.set_parameters(&[("registers", map.registers.len() as u32), ("address_bits", map.address_bits)]);
    module.interfaces = vec![Interface::clock(), bus(map.address_bits)];
    module.interfaces.extend(field_interfaces(&map));
    let drives: Vec<String> = module.names(Output).map(str::to_owned).collect();
    let reads: Vec<String> = module.names(Input).map(str::to_owned).collect();
    let (drives, reads): (Vec<&str>, Vec<&str>) =
        (drives.iter().map(String::as_str).collect(), reads.iter().map(String::as_str).collect());
    module.registers(&drives, &reads);
    let body = |shell: &Shell| {
        Body {
            shell,
            map: &map,
            reads: map.registers.iter().map(|register| (register.name, read(register))).collect(),
            writable: map.registers.iter().filter(|register| register.is_writable()).map(|r| r.name).collect(),
            settings: held(&map, &[Access::ReadWrite, Access::Program]),
            shown: held(&map, &[Access::ReadWrite]),
            program: held(&map, &[Access::Program]),
            events: held(&map, &[Access::WriteOneToClear]),
            pulses: held(&map, &[Access::Pulse]),
            counters: held(&map, &[Access::Snapshot]),
            interrupts: interrupts(&map),
            snapshot: SNAPSHOT,
            start: START,
            busy: BUSY,
        }
        .render()
    };
    Some(library.add(module, body))
}

/// The AXI4-Lite port, its signals under the names of the standard.
fn bus(address_w: u32) -> Interface {
    Interface::new("s_axil", Role::Bus, "AXI4-Lite")
        .signal("awvalid", Input, 1)
        .signal("awready", Output, 1)
        .signal("awaddr", Input, address_w)
        .of("ADDR_W")
        .signal("awprot", Input, 3)
        .signal("wvalid", Input, 1)
        .signal("wready", Output, 1)
        .signal("wdata", Input, DATA_W)
        .signal("wstrb", Input, DATA_W / 8)
        .signal("bvalid", Output, 1)
        .signal("bready", Input, 1)
        .signal("bresp", Output, 2)
        .signal("arvalid", Input, 1)
        .signal("arready", Output, 1)
        .signal("araddr", Input, address_w)
        .of("ADDR_W")
        .signal("arprot", Input, 3)
        .signal("rvalid", Output, 1)
        .signal("rready", Input, 1)
        .signal("rdata", Output, DATA_W)
        .signal("rresp", Output, 2)
}

/// The ports of the fields, one each, grouped by what they are.
fn field_interfaces(map: &Map) -> Vec<Interface> {
    let groups = [
        ("settings", Role::Output, "What software has set", Access::ReadWrite),
        ("program", Role::Output, "What software had set when the program was started", Access::Program),
        ("commands", Role::Output, "Commands of software, one cycle each", Access::Pulse),
        ("state", Role::Status, "State that software reads", Access::Status),
        ("events", Role::Status, "Events that set a cause of interrupt", Access::WriteOneToClear),
        ("counts", Role::Status, "Counters, taken by a snapshot", Access::Snapshot),
    ];
    let group = |(name, role, summary, access): (&str, Role, &str, Access)| {
        let direction = if role == Role::Output { Output } else { Input };
        map.fields()
            .filter(|(_, field)| field.access == access)
            .fold(Interface::new(name, role, summary), |interface, (register, field)| {
                interface.port(&register.stem(field), direction, field.bits, Payload::Bits)
            })
    };
    let interrupt = Interface::new("interrupt", Role::Output, "Interrupt, high while an enabled cause is set");
    let interrupt = interrupt.plain_output("interrupt", 1, Payload::Bits);
    groups.into_iter().map(group).chain([interrupt]).collect()
}

/// The fields of these accesses.
fn held<'a>(map: &'a Map, accesses: &[Access]) -> Fields<'a> {
    let of = |register: &Register| -> Vec<Held> {
        let fields = register.fields.iter().filter(|field| accesses.contains(&field.access));
        fields.map(|field| Held::new(register, field)).collect()
    };
    map.registers
        .iter()
        .map(|register| (register.name, of(register)))
        .filter(|(_, fields)| !fields.is_empty())
        .collect()
}

/// One term for each cause that can be enabled.
fn interrupts(map: &Map) -> Vec<String> {
    let [causes, enables] = INTERRUPT.map(|name| map.register(name).map_or(&[][..], |register| &register.fields));
    let [cause, enable] = INTERRUPT;
    let terms =
        causes.iter().zip(enables).map(|(is, may)| format!("({cause}_{}_q && {enable}_{}_q)", is.name, may.name));
    terms.collect()
}

/// What a read gives: fields and the bits between them, highest first.
fn read(register: &Register) -> String {
    if register.fields.iter().all(|field| field.access == Access::Constant) {
        return format!("{DATA_W}'h{:08x}", register.reset());
    }
    let (mut parts, mut next) = (Vec::new(), DATA_W);
    let gap = |parts: &mut Vec<String>, from: u32, to: u32| {
        if from > to {
            parts.push(format!("{}'d0", from - to));
        }
    };
    for field in register.fields.iter().rev().filter(|field| field.access != Access::Pulse) {
        gap(&mut parts, next, field.high() + 1);
        let stem = register.stem(field);
        parts.push(match field.access {
            Access::Constant => format!("{}'h{:x}", field.bits, field.reset),
            Access::Status => format!("{stem}_i"),
            _ => format!("{stem}_q"),
        });
        next = field.low;
    }
    gap(&mut parts, next, 0);
    const INDENT: &str = "                ";
    match parts.as_slice() {
        [whole] => whole.clone(),
        [_, _] => format!("{{{}}}", parts.join(", ")),
        _ => format!("{{\n{INDENT}{}\n            }}", parts.join(&format!(",\n{INDENT}"))),
    }
}

impl Held {
    fn new(register: &Register, field: &Field) -> Self {
        let slice = match field.bits {
            1 => format!("[{}]", field.low),
            DATA_W => String::new(),
            _ => format!("[{}:{}]", field.high(), field.low),
        };
        Self { stem: register.stem(field), range: range(field.bits), slice, bits: field.bits, reset: field.reset }
    }
}
