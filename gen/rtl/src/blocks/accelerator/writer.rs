//! `row_writer`: a stream of pieces into the rows of a shared memory whose addresses are generated.

use super::{address_generator, pieces, ports::writes};
use crate::{
    blocks::{Assembly, Library},
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
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
        address_generator::commands(levels).elsewhere().input("keep", 1, Payload::Bits),
        Interface::sink(
            "piece",
            "Pieces of the rows of a command that is kept, else of nothing; last: of a run of rows",
        )
        .input("data", width, payload)
        .input("last", 1, Payload::Bits),
        writes("memory", "The memory that rows are written to", row_w, payload).elsewhere(),
        Interface::new("done", Role::Status, "The last row of a command leaves").plain_output("done", 1, Payload::Bits),
    ];
    let mut a = Assembly::new(module);
    a.place("address_generator", &generator);
    a.attach(("address_generator", "command"), "command");
    a.open("address_generator", "address_end_o");
    a.bundle(("address_generator", "address"), "address");
    a.place("join", &join);
    a.attach(("join", "piece"), "piece");
    a.bundle(("join", "row"), "row");

    let both = ["address_valid", "row_valid"];
    a.state(["command_valid_i", "command_ready_o", "command_keep_i"]);
    a.combinational(["memory_valid_o"], both);
    a.combinational(["memory_address_o"], ["address_row"]);
    a.combinational(["memory_data_o"], ["row_data"]);
    a.combinational(["row_ready"], ["address_valid", "memory_ready_i"]);
    a.combinational(["address_ready"], ["row_valid", "memory_ready_i"]);
    a.combinational(["done_o"], both.into_iter().chain(["address_last", "memory_ready_i"]));
    let module = a.finish();
    library.add(module, |shell| Body { shell }.render())
}
