//! `stream_fifo`: a first-in, first-out buffer between two streams, its output always in registers.

use crate::{
    blocks::Library,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/stream_fifo.v")]
struct Body<'a> {
    shell: &'a Shell,
    width: u32,
    depth: u32,
}

/// A buffer of `depth` entries, `width` bits each, that carry `payload`.
///
/// # Panics
/// When `depth` is below 2, which no caller asks for.
pub fn elaborate(
    library: &mut Library,
    label: Option<&str>,
    source: &str,
    width: u32,
    depth: u32,
    payload: Payload,
) -> Arc<Module> {
    assert!(depth >= 2, "a buffer of one entry cannot keep the full rate");
    let mut module =
        Module::new("stream_fifo", label, &format!("a stream buffer of {depth} entries of {width} bits"), source);
    module.contract = Contract {
        latency: "1 cycle".into(),
        interval: "1 cycle; neither side's valid or ready depends on the other side within a cycle".into(),
        numbers: String::new(),
    };
    module.set_parameters(&[("width", width), ("depth", depth)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("in", "What goes in").input("data", width, payload).of("WIDTH"),
        Interface::source("out", "What comes out, in the same order").output("data", width, payload).of("WIDTH"),
    ];
    module.registers(
        &["in_ready_o", "out_valid_o", "out_data_o"],
        &["in_valid_i", "in_data_i", "out_ready_i", "clk_i", "rst_ni"],
    );
    library.add(module, |shell| Body { shell, width, depth }.render())
}
