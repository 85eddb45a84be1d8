//! `dma`: moves bytes between external memory, on AXI4, and two streams.

use crate::{
    blocks::{
        Library,
        geometry::{COUNT_W, clog2},
        stream_fifo,
    },
    design::Axi,
    emit::Shell,
    netlist::{
        Contract,
        Direction::{Input, Output},
        Instance, Interface, Module, Payload, Role,
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

/// Bursts that are open at once: as many as make 128 beats, that a memory of some latency may answer at the full rate.
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
    module.add_nets(&[
        ("taken_valid", 1),
        ("taken_ready", 1),
        ("taken", item_w),
        ("given", item_w),
        ("pushed_valid", 1),
        ("pushed_ready", 1),
        ("pushed", beat_w),
        ("shown", beat_w),
    ]);
    module.instances = vec![
        Instance::new("u_read", &read).wire(&[
            ("clk_i", "clk_i"),
            ("rst_ni", "rst_ni"),
            ("in_valid_i", "taken_valid"),
            ("in_ready_o", "taken_ready"),
            ("in_data_i", "taken"),
            ("out_valid_o", "read_valid_o"),
            ("out_ready_i", "read_ready_i"),
            ("out_data_o", "given"),
        ]),
        Instance::new("u_write", &write).wire(&[
            ("clk_i", "clk_i"),
            ("rst_ni", "rst_ni"),
            ("in_valid_i", "pushed_valid"),
            ("in_ready_o", "pushed_ready"),
            ("in_data_i", "pushed"),
            ("out_valid_o", "m_axi_wvalid"),
            ("out_ready_i", "m_axi_wready"),
            ("out_data_o", "shown"),
        ]),
    ];
    module.combinational(&["taken_valid"], &["m_axi_rvalid", "m_axi_rresp"]);
    module.combinational(&["taken"], &["m_axi_rdata"]);
    module.combinational(&["m_axi_rready"], &["taken_ready"]);
    module.combinational(&["read_data_o", "read_last_o"], &["given"]);
    module.combinational(&["pushed_valid"], &["write_valid_i"]);
    module.combinational(&["pushed"], &["write_data_i"]);
    module.combinational(&["write_ready_o"], &["pushed_ready"]);
    module.combinational(&["m_axi_wdata", "m_axi_wstrb", "m_axi_wlast"], &["shown"]);
    let named = |direction| -> Vec<String> { module.names(direction).map(str::to_owned).collect() };
    let by_instances = |name: &String| {
        let combinational = ["read_valid_o", "read_data_o", "read_last_o", "write_ready_o"];
        name.starts_with("m_axi_w") || name == "m_axi_rready" || combinational.contains(&name.as_str())
    };
    let (drives, reads) = (named(Output), named(Input));
    let drives: Vec<&str> = drives.iter().filter(|name| !by_instances(name)).map(String::as_str).collect();
    let reads: Vec<&str> =
        reads.iter().map(String::as_str).chain(["taken_ready", "pushed_valid", "pushed_ready"]).collect();
    module.registers(&drives, &reads);
    Some(library.add(module, |shell| {
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
            .input("bytes", 32, Payload::Bits),
        Interface::sink("write", "Beats of a command that writes").input("data", data_w, Payload::Bits),
        Interface::source("read", "Beats of a command that reads; last only of one that was read whole")
            .output("data", data_w, Payload::Bits)
            .output("last", 1, Payload::Bits),
        Interface::source("done", "One item a command: its response, and the address of the first burst that failed")
            .output("response", 2, Payload::Bits)
            .output("address", addr_w, Payload::Bits),
        Interface::new("status", Role::Status, "Whether a command is under way; bytes moved")
            .plain_output("busy", 1, Payload::Bits)
            .plain_input("clear", 1, Payload::Bits)
            .plain_output("read_count", COUNT_W, Payload::Bits)
            .plain_output("written_count", COUNT_W, Payload::Bits),
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
        .signal("wstrb", Output, data_w / 8)
        .signal("wlast", Output, 1)
        .signal("bvalid", Input, 1)
        .signal("bready", Output, 1)
        .signal("bresp", Input, 2);
    address(interface, "ar")
        .signal("rvalid", Input, 1)
        .signal("rready", Output, 1)
        .signal("rdata", Input, data_w)
        .signal("rresp", Input, 2)
        .signal("rlast", Input, 1)
}
