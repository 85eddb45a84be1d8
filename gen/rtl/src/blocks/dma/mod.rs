//! `dma`: moves bytes between external memory, on AXI4, and two streams.

use crate::{
    blocks::{
        Assembly, Library,
        geometry::{COUNT_W, clog2},
        stream_fifo,
    },
    design::Axi,
    emit::Shell,
    netlist::{
        Contract,
        Direction::{Input, Output},
        Interface, Module, Payload, Role,
    },
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/dma.v")]
struct Body<'a> {
    shell: &'a Shell,
    addr_w: u32,
    data_w: u32,
    byte_w: u32,
    /// Longest burst and bursts open at once, as sized constants.
    burst: String,
    open: String,
    open_w: u32,
    count_w: u32,
}

/// Bursts that are open at once: as many as make 128 beats, that a memory of some latency may answer at the
/// full rate.
#[must_use]
pub fn open_bursts(axi: Axi) -> u32 {
    (128 / axi.burst_beats).clamp(2, 16)
}

/// The port to external memory; `None` where the design is no accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let axi = library.design().accelerator?.axi;
    let Axi { address_bits: addr_w, data_bits: data_w, burst_beats } = axi;
    let (byte_w, open) = (clog2((data_w / 8).into()), open_bursts(axi));
    let open_w = clog2(u64::from(open) + 1);
    let source = "accelerator.axi";
    // Two entries each: a beat a cycle with neither side's ready in the other's cycle.
    let (item_w, beat_w) = (data_w + 1, data_w + data_w / 8 + 1);
    let mut buffer = |label, width| stream_fifo::elaborate(library, Some(label), source, width, 2, Payload::Bits);
    let (read, write) = (buffer("dma_read", item_w), buffer("dma_write", beat_w));

    let mut module = Module::new("dma", None, "moves bytes between external memory and two streams", source);
    module.contract = Contract {
        latency: "3 cycles from a command to its first address; a beat passes in one".into(),
        interval: format!("a beat a cycle, up to {open} bursts open"),
        numbers: format!(
            "beats of {data_w} bits, little-endian bytes; responses as on AXI, and 1 for a command that was refused"
        ),
    };
    module.set_parameters(&[
        ("address_bits", addr_w),
        ("data_bits", data_w),
        ("burst_beats", burst_beats),
        ("open_bursts", open),
    ]);
    module.interfaces = interfaces(addr_w, data_w);
    let mut unit = Assembly::new(module);
    unit.place("read", &read);
    unit.place("write", &write);
    let (taken, pushed) = (unit.bundle(("read", "in"), "taken"), unit.bundle(("write", "in"), "pushed"));
    unit.net("given", item_w);
    unit.fields(("read", "out"), &[("data", "given")]);
    unit.attach(("read", "out"), "read");
    unit.net("shown", beat_w);
    let [axi, read, write] = ["m_axi", "read", "write"].map(|name| unit.own(name));
    let beat = [("valid", &*axi.net("wvalid")), ("ready", &axi.net("wready")), ("data", "shown")];
    unit.fields(("write", "out"), &beat);

    unit.combinational([taken.net("valid")], axi.nets(["rvalid", "rresp"]));
    unit.combinational([taken.net("data")], [axi.net("rdata")]);
    unit.combinational([axi.net("rready")], [taken.net("ready")]);
    unit.combinational(read.nets(["data", "last"]), ["given"]);
    unit.combinational([pushed.net("valid")], [write.net("valid")]);
    unit.combinational([pushed.net("data")], [write.net("data")]);
    unit.combinational([write.net("ready")], [pushed.net("ready")]);
    unit.combinational(axi.nets(["wdata", "wstrb", "wlast"]), ["shown"]);
    let streams = [read.driven(), write.driven(), axi.nets(["wvalid", "wdata", "wstrb", "wlast", "rready"])].concat();
    let others = |port: &&str| !streams.iter().any(|stream| stream == port);
    let drives: Vec<String> = unit.module.names(Output).filter(others).map(str::to_owned).collect();
    let inputs: Vec<String> = unit.module.names(Input).map(str::to_owned).collect();
    unit.registers(drives, [inputs, vec![taken.net("ready")], pushed.nets(["valid", "ready"])].concat());
    Some(library.add(unit.finish(), |shell| {
        Body {
            shell,
            addr_w,
            data_w,
            byte_w,
            burst: format!("{}'d{burst_beats}", 13 - byte_w),
            open: format!("{open_w}'d{open}"),
            open_w,
            count_w: COUNT_W,
        }
        .render()
    }))
}

/// The ports.
fn interfaces(addr_w: u32, data_w: u32) -> Vec<Interface> {
    vec![
        Interface::clock(),
        bus(addr_w, data_w),
        Interface::new(
            "control",
            Role::Configuration,
            "Ends the command under way, and lets none begin, while it is high",
        )
        .plain_input("abort", 1, Payload::Bits),
        Interface::sink("command", "Commands: direction, byte address, number of bytes")
            .input("write", 1, Payload::Bits)
            .input("address", addr_w, Payload::Bits)
            .of("ADDR_W")
            .input("bytes", 32, Payload::Bits),
        Interface::sink("write", "Beats of a command that writes").input("data", data_w, Payload::Bits).of("DATA_W"),
        Interface::source("read", "Beats of a command that reads; last only of one that was read whole")
            .output("data", data_w, Payload::Bits)
            .of("DATA_W")
            .output("last", 1, Payload::Bits),
        Interface::source("done", "One item a command: its response, and the address of the first burst that failed")
            .output("response", 2, Payload::Bits)
            .output("address", addr_w, Payload::Bits)
            .of("ADDR_W"),
        Interface::new("status", Role::Status, "Whether a command is under way; bytes moved")
            .plain_output("busy", 1, Payload::Bits)
            .plain_input("clear", 1, Payload::Bits)
            .plain_output("read_count", COUNT_W, Payload::Bits)
            .of("COUNT_W")
            .plain_output("written_count", COUNT_W, Payload::Bits)
            .of("COUNT_W"),
    ]
}

/// The AXI4 port, its signals under the names of the standard; without identifiers, since all stays in order.
fn bus(addr_w: u32, data_w: u32) -> Interface {
    let address = |interface: Interface, channel: &str| {
        let name = |signal: &str| format!("{channel}{signal}");
        interface
            .signal(&name("valid"), Output, 1)
            .signal(&name("ready"), Input, 1)
            .signal(&name("addr"), Output, addr_w)
            .of("ADDR_W")
            .signal(&name("len"), Output, 8)
            .signal(&name("size"), Output, 3)
            .signal(&name("burst"), Output, 2)
            .signal(&name("cache"), Output, 4)
            .signal(&name("prot"), Output, 3)
    };
    let interface = address(Interface::new("m_axi", Role::Bus, "AXI4"), "aw")
        .signal("wvalid", Output, 1)
        .signal("wready", Input, 1)
        .signal("wdata", Output, data_w)
        .of("DATA_W")
        .signal("wstrb", Output, data_w / 8)
        .of("BYTES")
        .signal("wlast", Output, 1)
        .signal("bvalid", Input, 1)
        .signal("bready", Output, 1)
        .signal("bresp", Input, 2);
    address(interface, "ar")
        .signal("rvalid", Input, 1)
        .signal("rready", Output, 1)
        .signal("rdata", Input, data_w)
        .of("DATA_W")
        .signal("rresp", Input, 2)
        .signal("rlast", Input, 1)
}
