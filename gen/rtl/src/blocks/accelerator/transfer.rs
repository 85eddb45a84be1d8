//! `transfer_engine`: rows between external memory and the accelerator's memories.

use super::ports::{ADDRESS_W, operations, reads, writes};
use crate::{
    blocks::{Library, clog2},
    emit::Shell,
    memory::demands,
    netlist::{Contract, Direction, Interface, Module, Payload, Role},
};
use alberti_isa::{Fault, Memory as Named, Value};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/transfer_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    addr_w: u32,
    bus_w: u32,
    beat_w: u32,
    beats_w: u32,
    row_w: u32,
    latency: u32,
    shift: u32,
    programming: u8,
    memories: Vec<Memory>,
}

/// A memory that rows go to, and come from if it is stored.
struct Memory {
    name: &'static str,
    symbol: String,
    id: u32,
    bits: u32,
    beats: u32,
    rows: u64,
    stored: bool,
    /// What its rows lack to the widest.
    pad: u32,
}

impl Body<'_> {
    /// The fault of a response of the bus.
    #[allow(clippy::unused_self)]
    fn fault(&self, response: &str) -> String {
        let [slave, decode, alignment] = [Fault::BusSlave, Fault::BusDecode, Fault::Alignment].map(Fault::code);
        format!("{response} == 2'd2 ? 8'd{slave} : {response} == 2'd3 ? 8'd{decode} : 8'd{alignment}")
    }
}

/// The number by which the transfer engine knows the program memory, behind those of instructions.
const PROGRAM: u32 = Named::ALL.len() as u32;

/// Name of a memory in the instruction set, and in the design.
const NAMES: [(&str, &str); 7] = [
    ("activation", "activation"),
    ("wide", "wide"),
    ("parameter", "parameter"),
    ("index", "index"),
    ("weight_values", "weight"),
    ("weight_masks", "weight_masks"),
    ("program", "program"),
];

/// The engine; `None` in a design without an accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    let axi = design.accelerator?.axi;
    let all = demands(design);
    let beat_w = axi.data_bits;
    let id =
        |name: &str| Named::ALL.iter().find(|memory| memory.name() == name).map_or(PROGRAM, |memory| memory.to_bits());
    let mut memories: Vec<Memory> = NAMES
        .iter()
        .map(|&(name, of)| {
            let demand = all.iter().find(|demand| demand.memory == of).expect("an accelerator has its memories");
            let id = id(name);
            Memory {
                name,
                symbol: name.to_uppercase(),
                id,
                bits: demand.bits,
                beats: demand.bits.div_ceil(beat_w),
                rows: demand.words * u64::from(if of == "activation" { demand.banks } else { 1 }),
                stored: id < Named::WeightValues as u32,
                pad: 0,
            }
        })
        .collect();
    let beats = memories.iter().map(|memory| memory.beats).max().unwrap_or(1);
    let row_w = beats * beat_w;
    memories.iter_mut().for_each(|memory| memory.pad = row_w - memory.bits);
    let bits = Payload::Bits;

    let mut module = Module::new(
        "transfer_engine",
        None,
        "moves rows between external memory and the accelerator's memories",
        "accelerator.axi",
    );
    module.contract = Contract {
        latency: "that of external memory".into(),
        interval: format!("in: a beat a cycle; out: a row in its beats and {} cycles", super::latency(design) + 1),
        numbers: format!("a row begins with a beat of {beat_w} bits of its own, lane 0 lowest"),
    };
    let address = |interface: Interface| {
        interface.plain_input("program_base", axi.address_bits, bits).plain_input("data_base", axi.address_bits, bits)
    };
    module.interfaces = vec![
        Interface::clock(),
        address(Interface::new("bases", Role::Configuration, "What external addresses count from")),
        Interface::sink("fetch", "The program: so many instructions").input("rows", ADDRESS_W, bits),
        operations(design, "load"),
        operations(design, "store"),
        Interface::source("command", "What the bus is to do")
            .output("write", 1, bits)
            .output("address", axi.address_bits, bits)
            .output("bytes", 32, bits),
        Interface::sink("read", "Beats from external memory").input("data", beat_w, bits).input("last", 1, bits),
        Interface::source("write", "Beats to external memory").output("data", beat_w, bits),
        Interface::sink("done", "How a command has ended").input("response", 2, bits).input(
            "address",
            axi.address_bits,
            bits,
        ),
    ];
    for memory in &memories {
        let name = memory.name;
        module.interfaces.push(writes(&format!("{name}_write"), &format!("Rows to {name}"), memory.bits, bits));
        if memory.stored {
            module.interfaces.push(reads(&format!("{name}_read"), &format!("Rows from {name}"), memory.bits, bits));
        }
    }
    module.interfaces.push(
        Interface::new("events", Role::Status, "Resistive memory that is programmed; what has ended; what went wrong")
            .plain_input("weight_busy", 1, bits)
            .plain_input("weight_error", 1, bits)
            .plain_output("transfer_done", 1, bits)
            .plain_output("fetch_done", 1, bits)
            .plain_output("past", 1, bits)
            .plain_output("past_row", ADDRESS_W, bits)
            .plain_output("fault", 8, bits)
            .plain_output("fault_address", 32, bits),
    );
    let named = |direction, keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        module.names(direction).filter(|name| keep(name)).map(str::to_owned).collect()
    };
    let straight = |name: &str| name.contains("_write_valid") || name.contains("_write_data");
    let ready = named(Direction::Input, &|name| name.ends_with("_write_ready_i"));
    let through = named(Direction::Output, &straight);
    let others = named(Direction::Output, &|name| name != "read_ready_o" && !straight(name));
    let inputs = named(Direction::Input, &|_| true);
    let [ready, through, others, inputs] =
        [&ready, &through, &others, &inputs].map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
    module.combinational(&["read_ready_o"], &ready);
    module.combinational(&through, &["read_valid_i", "read_data_i"]);
    module.registers(&others, &inputs);
    Some(library.add(module, |shell| {
        Body {
            shell,
            addr_w: ADDRESS_W,
            bus_w: axi.address_bits,
            beat_w,
            beats_w: clog2(u64::from(beats) + 1),
            row_w,
            latency: super::latency(design),
            shift: (beat_w / 8).ilog2(),
            programming: Fault::Programming.code(),
            memories,
        }
        .render()
    }))
}
