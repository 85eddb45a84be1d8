//! `transfer_engine`: rows between external memory and the accelerator's memories.

use super::{
    memories::LocalMemory,
    ports::{ADDRESS_W, operations, out_of_range, reads, writes},
};
use crate::{
    blocks::{Assembly, Library, clog2},
    design::Axi,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_isa::Fault;
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
    number: u32,
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

/// The memories of an accelerator, in rows of whole beats.
fn memories(library: &Library, beat_w: u32) -> Vec<Memory> {
    let of = |memory: LocalMemory| {
        let demand = memory.demand(library);
        Memory {
            name: memory.name(),
            symbol: memory.name().to_uppercase(),
            number: memory.number(),
            bits: demand.bits,
            beats: demand.bits.div_ceil(beat_w),
            rows: memory.rows(&demand),
            stored: memory.is_stored(),
            pad: 0,
        }
    };
    let mut memories: Vec<Memory> = LocalMemory::all().map(of).collect();
    let widest = memories.iter().map(|memory| memory.beats).max().unwrap_or(1) * beat_w;
    memories.iter_mut().for_each(|memory| memory.pad = widest - memory.bits);
    memories
}

impl Memory {
    /// The ports that its rows are written through, and read, if it is stored.
    fn interfaces(&self) -> impl Iterator<Item = Interface> {
        let width = if self.pad == 0 { "ROW_W".to_owned() } else { format!("ROW_W-{}", self.pad) };
        let written = writes(&self.port("write"), &format!("Rows to {}", self.name), self.bits, Payload::Bits);
        let read = self
            .stored
            .then(|| reads(&self.port("read"), &format!("Rows from {}", self.name), self.bits, Payload::Bits));
        [written].into_iter().chain(read).map(move |interface| interface.widths(&[("data", &width)]))
    }

    fn port(&self, way: &str) -> String {
        format!("{}_{way}", self.name)
    }
}

/// The engine; `None` in a design without an accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    let axi = design.accelerator?.axi;
    let (beat_w, latency) = (axi.data_bits, super::latency(design));
    let memories = memories(library, beat_w);
    let row_w = memories.iter().map(|memory| memory.bits + memory.pad).max()?;
    let contract = Contract {
        latency: "that of external memory".into(),
        interval: format!("in: a beat a cycle; out: a row in its beats and {} cycles", latency + 1),
        numbers: format!("a row begins with a beat of {beat_w} bits of its own, lane 0 lowest"),
    };
    let summary = "moves rows between external memory and the accelerator's memories";
    let module = Module::new("transfer_engine", None, summary, "accelerator.axi");
    let interfaces = [
        interfaces(axi, [operations(design, "load"), operations(design, "store")]),
        memories.iter().flat_map(Memory::interfaces).collect(),
        reports(),
    ];
    let mut a = Assembly::of(module, contract, &[], interfaces.concat());
    logic(&mut a, &memories);
    Some(library.add(a.finish(), |shell| {
        Body {
            shell,
            addr_w: ADDRESS_W,
            bus_w: axi.address_bits,
            beat_w,
            beats_w: clog2(u64::from(row_w / beat_w) + 1),
            row_w,
            latency,
            shift: (beat_w / 8).ilog2(),
            programming: Fault::Programming.code(),
            memories,
        }
        .render()
    }))
}

/// What it is told to do, and the bus.
fn interfaces(axi: Axi, [load, store]: [Interface; 2]) -> Vec<Interface> {
    let (address_w, beat_w, bits) = (axi.address_bits, axi.data_bits, Payload::Bits);
    vec![
        Interface::clock(),
        Interface::new("bases", Role::Configuration, "What external addresses count from")
            .plain_input("program_base", address_w, bits)
            .of("BUS_W")
            .plain_input("data_base", address_w, bits)
            .of("BUS_W"),
        Interface::sink("fetch", "The program: so many instructions").input("rows", ADDRESS_W, bits).of("ADDR_W"),
        load,
        store,
        Interface::source("command", "What the bus is to do")
            .output("write", 1, bits)
            .output("address", address_w, bits)
            .of("BUS_W")
            .output("bytes", 32, bits),
        Interface::sink("read", "Beats from external memory")
            .input("data", beat_w, bits)
            .of("BEAT_W")
            .input("last", 1, bits),
        Interface::source("write", "Beats to external memory").output("data", beat_w, bits).of("BEAT_W"),
        Interface::sink("done", "How a command has ended")
            .input("response", 2, bits)
            .input("address", address_w, bits)
            .of("BUS_W"),
    ]
}

/// What it hears of resistive memories, and says of its own work.
fn reports() -> Vec<Interface> {
    let bits = Payload::Bits;
    vec![
        Interface::new("weight", Role::Status, "Resistive memory that is programmed: goes on, has failed")
            .input("busy", 1, bits)
            .input("error", 1, bits),
        Interface::new("ended", Role::Status, "What has ended: an instruction, the fetch of a program")
            .plain_output("transfer_done", 1, bits)
            .plain_output("fetch_done", 1, bits),
        out_of_range("A transfer past the end of its memory"),
        Interface::new("fault", Role::Status, "What went wrong on the bus, or in programming, and where")
            .plain_output("fault", 8, bits)
            .output("address", 32, bits),
    ]
}

/// The last beat of a row goes straight on; all else comes from registers.
fn logic(a: &mut Assembly, memories: &[Memory]) {
    let written: Vec<_> = memories.iter().map(|memory| a.own(&memory.port("write"))).collect();
    a.combinational(["read_ready_o"], written.iter().map(|memory| memory.net("ready")).collect::<Vec<_>>());
    let straight = written.iter().flat_map(|memory| memory.nets(["valid", "data"]));
    a.combinational(straight.collect::<Vec<_>>(), ["read_valid_i", "read_data_i"]);
    let read = memories.iter().filter(|memory| memory.stored).flat_map(|memory| a.own(&memory.port("read")).driven());
    let addresses = written.iter().map(|memory| memory.net("address"));
    let own = ["fetch", "load", "store", "command", "write", "done", "ended", "out_of_range", "fault"];
    let others = own.iter().flat_map(|interface| a.own(interface).driven()).chain(addresses).chain(read);
    a.registers(others.collect::<Vec<_>>(), a.inputs());
}
