//! `row_reader`: the rows of a shared memory whose addresses are generated, as a stream.

use super::{address_generator, ports::reads};
use crate::{
    blocks::{Assembly, Library, geometry::clog2, stream_fifo},
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/row_reader.v")]
struct Body<'a> {
    shell: &'a Shell,
    width: u32,
    latency: u32,
    depth: u32,
    room_w: u32,
}

/// A reader of rows of `width` bits over so many levels; `label` tells it from others.
pub fn elaborate(library: &mut Library, label: &str, levels: u32, width: u32, payload: Payload) -> Arc<Module> {
    ahead(library, label, levels, width, payload, 0)
}

/// The same for rows that are taken together with another reader's, of which it may be so many rows ahead.
pub fn ahead(library: &mut Library, label: &str, levels: u32, width: u32, payload: Payload, rows: u32) -> Arc<Module> {
    let latency = super::latency(library.design());
    // Rows on their way, one that is taken, one whose room is given back.
    let depth = latency + 2 + rows;
    let generator = address_generator::elaborate(library, levels);
    let buffer = stream_fifo::elaborate(library, Some(label), "accelerator", width + 2, depth, payload);
    let mut module = Module::new("row_reader", Some(label), "rows of a shared memory as a stream", "accelerator");
    module.contract = Contract {
        latency: format!("{} cycles from a command to its first row", latency + 2),
        interval: "one row a cycle".into(),
        numbers: String::new(),
    };
    module.set_parameters(&[("width", width), ("levels", levels), ("latency", latency)]);
    module.interfaces = vec![
        Interface::clock(),
        address_generator::commands(levels).elsewhere(),
        reads("memory", "The memory that rows are read from", width, payload).elsewhere().widths(&[("data", "WIDTH")]),
        Interface::source("row", "Rows; end: the last of an innermost run, last: of all")
            .output("data", width, payload)
            .of("WIDTH")
            .output("end", 1, Payload::Bits)
            .output("last", 1, Payload::Bits),
    ];
    let mut a = Assembly::new(module);
    a.place("address_generator", &generator);
    a.attach(("address_generator", "command"), "command");
    let address = a.bundle(("address_generator", "address"), "address");
    a.place("rows", &buffer);
    // There is room for every row that is asked for.
    a.open("rows", "in_ready_o");
    a.bundle(("rows", "in"), "answer");
    a.fields(("rows", "out"), &[("valid", "row_valid_o"), ("ready", "row_ready_i")]);
    a.bundle(("rows", "out"), "oldest");

    a.combinational(["memory_valid_o"], ["address_valid"]);
    a.combinational(["memory_address_o"], ["address_row"]);
    a.combinational(address.driven(), ["memory_ready_i"]);
    let asked = ["address_valid", "address_end", "address_last", "memory_ready_i"];
    a.registers(["answer_valid"], asked.into_iter().chain(["row_valid_o", "row_ready_i"]));
    a.combinational(["answer_data"], ["memory_data_i"]);
    a.combinational(["row_data_o", "row_end_o", "row_last_o"], ["oldest_data"]);
    let module = a.finish();
    library.add(module, |shell| Body { shell, width, latency, depth, room_w: clog2(u64::from(depth) + 1) }.render())
}
