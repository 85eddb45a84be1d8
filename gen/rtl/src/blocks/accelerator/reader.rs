//! `row_reader`: the rows of a shared memory that a walk names, as a stream.

use super::{
    address_generator::{self, fields},
    ports::reads,
};
use crate::{
    blocks::{Library, geometry::clog2, stream_fifo},
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload},
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
        address_generator::commands(levels),
        reads("memory", "The memory that rows are read from", width, payload),
        Interface::source("row", "Rows; end: the last of an innermost run, last: of all")
            .output("data", width, payload)
            .output("end", 1, Payload::Bits)
            .output("last", 1, Payload::Bits),
    ];
    module.add_nets(&[
        ("address_valid", 1),
        ("address_ready", 1),
        ("address_row", super::ports::ADDRESS_W),
        ("address_end", 1),
        ("address_last", 1),
        ("answered", 1),
        ("answer", width + 2),
        ("oldest", width + 2),
    ]);
    let ports: Vec<String> = fields(levels)
        .into_iter()
        .map(|(field, _)| format!("command_{field}_i"))
        .chain(["command_valid_i", "command_ready_o", "clk_i", "rst_ni"].map(str::to_owned))
        .collect();
    let same: Vec<(&str, &str)> = ports.iter().map(|port| (port.as_str(), port.as_str())).collect();
    module.instances = vec![
        Instance::new("u_address_generator", &generator).wire(&same).wire(&[
            ("address_valid_o", "address_valid"),
            ("address_ready_i", "address_ready"),
            ("address_row_o", "address_row"),
            ("address_end_o", "address_end"),
            ("address_last_o", "address_last"),
        ]),
        Instance::new("u_rows", &buffer)
            .wire(&[
                ("clk_i", "clk_i"),
                ("rst_ni", "rst_ni"),
                ("in_valid_i", "answered"),
                ("in_data_i", "answer"),
                ("out_valid_o", "row_valid_o"),
                ("out_ready_i", "row_ready_i"),
                ("out_data_o", "oldest"),
            ])
            .open(&[("in_ready_o", 1)]),
    ];
    module.registers(
        &["answered"],
        &[
            "clk_i",
            "rst_ni",
            "address_valid",
            "memory_ready_i",
            "row_valid_o",
            "row_ready_i",
            "address_end",
            "address_last",
        ],
    );
    module.combinational(&["memory_valid_o"], &["address_valid"]);
    module.combinational(&["memory_address_o"], &["address_row"]);
    module.combinational(&["address_ready"], &["memory_ready_i"]);
    module.combinational(&["answer"], &["memory_data_i"]);
    module.combinational(&["row_data_o", "row_end_o", "row_last_o"], &["oldest"]);
    library.add(module, |shell| Body { shell, width, latency, depth, room_w: clog2(u64::from(depth) + 1) }.render())
}
