//! `row_writer`: a stream of pieces into the rows of a shared memory that a walk names.

use super::{
    address_generator::{self, fields},
    pieces,
    ports::{ADDRESS_W, writes},
    wires::{Wires, clocked},
};
use crate::{
    blocks::Library,
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/row_writer.v")]
struct Body<'a> {
    shell: &'a Shell,
}

/// A writer over so many levels, of rows that come in pieces of `width` bits; `label` tells it from others.
pub fn elaborate(
    library: &mut Library,
    label: &str,
    levels: u32,
    pieces: u32,
    width: u32,
    payload: Payload,
) -> Arc<Module> {
    let generator = address_generator::elaborate(library, levels);
    let join = pieces::join(library, label, pieces, width, payload);
    let row_w = pieces * width;
    let mut module =
        Module::new("row_writer", Some(label), "a stream of pieces into rows of a shared memory", "accelerator");
    module.contract = Contract {
        latency: "1 cycle from the last piece of a row to its write".into(),
        interval: "one piece a cycle".into(),
        numbers: String::new(),
    };
    module.set_parameters(&[("width", width), ("pieces", pieces), ("levels", levels)]);
    module.interfaces = vec![
        Interface::clock(),
        address_generator::commands(levels).input("keep", 1, Payload::Bits),
        Interface::sink("piece", "Pieces of the rows of a walk that is kept, else of nothing; last: of a run of rows")
            .input("data", width, payload)
            .input("last", 1, Payload::Bits),
        writes("memory", "The memory that rows are written to", row_w, payload),
        Interface::new("done", Role::Status, "The last row of a walk leaves").plain_output("done", 1, Payload::Bits),
    ];
    let row_fields = [("data", row_w)];
    let address_fields = [("row", ADDRESS_W), ("last", 1)];
    let row = Wires::new(&mut module, "row", &row_fields);
    let address = Wires::new(&mut module, "address", &address_fields);
    let commands: Vec<String> = (fields(levels).into_iter().map(|(field, _)| format!("command_{field}_i")))
        .chain(["command_valid_i", "command_ready_o"].map(str::to_owned))
        .collect();
    let commands: Vec<(&str, &str)> = commands.iter().map(|port| (port.as_str(), port.as_str())).collect();
    let pieces = ["piece_valid_i", "piece_ready_o", "piece_data_i", "piece_last_i"].map(|port| (port, port));
    module.instances = vec![
        address
            .out_of(clocked(Instance::new("u_address_generator", &generator)), "address")
            .wire(&commands)
            .open(&[("address_end_o", 1)]),
        row.out_of(clocked(Instance::new("u_join", &join)), "row").wire(&pieces),
    ];
    module.registers(&[], &["clk_i", "rst_ni", "command_valid_i", "command_ready_o", "command_keep_i"]);
    module.combinational(&["memory_valid_o"], &["address_valid", "row_valid"]);
    module.combinational(&["memory_address_o"], &["address_row"]);
    module.combinational(&["memory_data_o"], &["row_data"]);
    module.combinational(&["row_ready"], &["memory_ready_i", "address_valid"]);
    module.combinational(&["address_ready"], &["memory_ready_i", "row_valid"]);
    module.combinational(&["done_o"], &["memory_ready_i", "address_valid", "row_valid", "address_last"]);
    library.add(module, |shell| Body { shell }.render())
}
