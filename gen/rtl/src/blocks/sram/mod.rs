//! `sram`: one read port, one write port. As buffers inside of blocks it is the behavioural model itself; as a memory of the
//! design it is tiled from macros.

use crate::{
    blocks::{
        Library,
        geometry::clog2,
        tiles::{self, TiledMemory},
    },
    emit::Shell,
    netlist::{Contract, Direction, Instance, Interface, Module, ModuleKind, Payload, Role},
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
            .port("read_data", Direction::Output, width, payload),
        Interface::new("write", Role::Memory, "Write port")
            .input("enable", 1, Payload::Bits)
            .input("address", address_w, Payload::Bits)
            .input("data", width, payload),
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

/// A memory of a design, made of macros; `label` is its name. Where the accelerator reads it in any cycle, writes wait for a free
/// one; where the accelerator writes it in any cycle, reads do.
pub fn tiled(library: &mut Library, label: &str, memory: &TiledMemory<'_>) -> Arc<Module> {
    let demand = memory.demand;
    let tiles = tiles::elaborate(library, label, memory);
    let (addr_w, width, lanes) =
        (demand.address_bits(), demand.bits, tiles.port("write_lanes_i").map(|port| port.width));
    let (writes_wait, shared, busy) = (demand.writes_per_cycle == 0, memory.shared(), memory.stages() - 1);
    let summary = format!("the memory {label}: {} words of {width} bits in SRAM", demand.words);
    let mut module = Module::new("sram", Some(label), &summary, &demand.key);
    module.contract = Contract {
        latency: format!(
            "{} from a read to its word",
            if memory.latency() == 1 { "a cycle".into() } else { format!("{} cycles", memory.latency()) }
        ),
        interval: match (writes_wait, shared || busy > 0) {
            (true, true) => "one read a cycle; a write waits until no read is on its way".into(),
            (false, true) => "one write a cycle; a read waits for a cycle without a write".into(),
            (_, false) => "one read and one write a cycle; a read of the word being written returns the old one".into(),
        },
        numbers: String::new(),
    };
    module.set_parameters(&[("words", demand.words as u32), ("width", width), ("latency", memory.latency())]);
    module.files = vec!["IMAGE".to_owned()];
    let resets = tiles.port("rst_ni").is_some() || writes_wait && busy > 0;
    let read = match writes_wait {
        true => Interface::new("read", Role::Memory, "Read port").input("enable", 1, Payload::Bits),
        false => Interface::sink("read", "Words to be read"),
    };
    let write = match writes_wait {
        true => Interface::sink("write", "Words to be written"),
        false => Interface::new("write", Role::Memory, "Write port").input("enable", 1, Payload::Bits),
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
    let (get, put) = if writes_wait { ("read_enable_i", "put") } else { ("get", "write_enable_i") };
    let meet = shared || busy > 0;
    if writes_wait {
        module.add_nets(&[("put", 1)]);
        let from: &[&str] = if meet { &["read_enable_i"] } else { &[] };
        module.combinational(&["write_ready_o"], from);
        module.combinational(&["put"], &["write_valid_i", "write_ready_o"]);
    } else {
        module.add_nets(&[("get", 1)]);
        let from: &[&str] = if meet { &["write_enable_i"] } else { &[] };
        module.combinational(&["read_ready_o"], from);
        module.combinational(&["get"], &["read_valid_i", "read_ready_o"]);
    }
    if resets {
        module.registers(&[], &["clk_i", "rst_ni", "read_enable_i"]);
    }
    let mut instance = Instance::new("u_tiles", &tiles).with_parameters(&[("IMAGE", "IMAGE")]).wire(&[
        ("clk_i", "clk_i"),
        ("read_enable_i", get),
        ("read_address_i", "read_address_i"),
        ("read_data_o", "read_data_o"),
        ("write_enable_i", put),
        ("write_address_i", "write_address_i"),
        ("write_data_i", "write_data_i"),
    ]);
    for port in ["rst_ni", "write_lanes_i"] {
        if tiles.port(port).is_some() {
            instance = instance.wire(&[(port, port)]);
        }
    }
    module.instances.push(instance);
    let shift = match busy {
        1 => "read_enable_i".to_owned(),
        _ => format!("{{reading_q[{}:0], read_enable_i}}", busy.saturating_sub(2)),
    };
    library.add(module, |shell| Body { shell, words: 0, width, tiled: true, writes_wait, shared, busy, shift }.render())
}
