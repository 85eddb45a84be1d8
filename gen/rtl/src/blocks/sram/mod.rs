//! `sram`: one read port, one write port. As buffers inside of blocks it is the behavioural model itself; as
//! a memory of the design it is tiled from macros.

use crate::{
    blocks::{
        Assembly, Library,
        geometry::clog2,
        tiles::{self, TiledMemory},
    },
    emit::Shell,
    netlist::{Contract, Direction, Interface, Module, ModuleKind, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/sram.v")]
struct Body<'a> {
    shell: &'a Shell,
    words: u32,
    width: u32,
    /// Whether it is made of macros; what follows is of these.
    tiled: bool,
    /// Whether reads never wait, and writes do.
    writes_wait: bool,
    /// Whether a read and a write meet at a port of a macro.
    shared: bool,
    /// Cycles after its own that a read keeps the macros.
    busy: u32,
    shift: String,
}

/// A memory of `words` words, `width` bits each, that carry `payload`.
pub fn elaborate(
    library: &mut Library,
    label: Option<&str>,
    source: &str,
    words: u32,
    width: u32,
    payload: Payload,
) -> Arc<Module> {
    let mut module = Module::new("sram", label, &format!("a memory of {words} words of {width} bits"), source);
    module.kind = ModuleKind::Memory;
    module.contract = Contract {
        latency: "read data one cycle after the enable, then held".into(),
        interval: "one read and one write a cycle; a read of the word being written returns the old one".into(),
        numbers: String::new(),
    };
    module.set_parameters(&[("words", words), ("width", width)]);
    let address_w = clog2(words.into());
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("read", Role::Memory, "Read port")
            .input("enable", 1, Payload::Bits)
            .input("address", address_w, Payload::Bits)
            .of("$clog2(WORDS)")
            .port("read_data", Direction::Output, width, payload)
            .of("WIDTH"),
        Interface::new("write", Role::Memory, "Write port")
            .input("enable", 1, Payload::Bits)
            .input("address", address_w, Payload::Bits)
            .of("$clog2(WORDS)")
            .input("data", width, payload)
            .of("WIDTH"),
    ];
    module.registers(
        &["read_data_o"],
        &["clk_i", "read_enable_i", "read_address_i", "write_enable_i", "write_address_i", "write_data_i"],
    );
    library.add(module, |shell| {
        let (tiled, writes_wait, shared, busy, shift) = (false, false, false, 0, String::new());
        Body { shell, words, width, tiled, writes_wait, shared, busy, shift }.render()
    })
}

/// A memory of a design, made of macros; `label` is its name. Where the accelerator reads it in any cycle,
/// writes wait for a free one; where the accelerator writes it in any cycle, reads do.
pub fn tiled(library: &mut Library, label: &str, memory: &TiledMemory<'_>) -> Arc<Module> {
    let tiles = tiles::elaborate(library, label, memory);
    let (writes_wait, shared, busy) = (memory.demand.writes_per_cycle == 0, memory.shared(), memory.stages() - 1);
    let resets = tiles.port("rst_ni").is_some() || writes_wait && busy > 0;
    let lanes = tiles.port("write_lanes_i").map(|port| port.width);
    let mut assembly = Assembly::new(outside(label, memory, lanes, resets));
    assembly.place("tiles", &tiles);
    assembly.pass_files("tiles", &[("IMAGE".to_owned(), "IMAGE".to_owned())]);
    let (waiting, ready, enable) = if writes_wait { ("write", "put", "read") } else { ("read", "get", "write") };
    let (waits, at_once) = (assembly.own(waiting), assembly.own(enable));
    let meet: Vec<String> = if shared || busy > 0 { vec![at_once.net("enable")] } else { Vec::new() };
    assembly.combinational([waits.net("ready")], meet);
    assembly.derived(ready, 1, waits.nets(["valid", "ready"]));
    assembly.fields(("tiles", waiting), &[("enable", ready)]);
    assembly.attach(("tiles", "read"), "read");
    assembly.attach(("tiles", "write"), "write");
    if resets {
        assembly.state(["read_enable_i"]);
    }
    let shift = match busy {
        1 => "read_enable_i".to_owned(),
        _ => format!("{{reading_q[{}:0], read_enable_i}}", busy.saturating_sub(2)),
    };
    let width = memory.demand.bits;
    library.add(assembly.finish(), |shell| {
        Body { shell, words: 0, width, tiled: true, writes_wait, shared, busy, shift }.render()
    })
}

/// Name, contract and ports of a memory that is made of macros.
fn outside(label: &str, memory: &TiledMemory<'_>, lanes: Option<u32>, resets: bool) -> Module {
    let demand = memory.demand;
    let (addr_w, width, latency) = (demand.address_bits(), demand.bits, memory.latency());
    let (writes_wait, meet) = (demand.writes_per_cycle == 0, memory.shared() || memory.stages() > 1);
    let summary = format!("the memory {label}: {} words of {width} bits in SRAM", demand.words);
    let mut module = Module::new("sram", Some(label), &summary, &demand.key);
    module.contract = Contract {
        latency: format!(
            "{} from a read to its word",
            if latency == 1 { "a cycle".into() } else { format!("{latency} cycles") }
        ),
        interval: match (writes_wait, meet) {
            (true, true) => "one read a cycle; a write waits until no read is on its way".into(),
            (false, true) => "one write a cycle; a read waits for a cycle without a write".into(),
            (_, false) => "one read and one write a cycle; a read of the word being written returns the old one".into(),
        },
        numbers: String::new(),
    };
    module.set_parameters(&[("words", demand.words as u32), ("width", width), ("latency", latency)]);
    let (read, write) = match writes_wait {
        true => (
            Interface::new("read", Role::Memory, "Read port").input("enable", 1, Payload::Bits),
            Interface::sink("write", "Words to be written"),
        ),
        false => (
            Interface::sink("read", "Words to be read"),
            Interface::new("write", Role::Memory, "Write port").input("enable", 1, Payload::Bits),
        ),
    };
    let mut write = write.input("address", addr_w, Payload::Bits).input("data", width, demand.payload);
    if let Some(lanes) = lanes {
        write = write.input("lanes", lanes, Payload::Bits);
    }
    module.interfaces = vec![
        if resets { Interface::clock() } else { Interface::clock_only() },
        read.input("address", addr_w, Payload::Bits).output("data", width, demand.payload),
        write,
    ];
    module
}
