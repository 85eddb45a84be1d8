//! `row_split` and `row_join`: rows of n elements to vectors of fewer, and back.

use crate::{
    blocks::{Library, geometry::clog2},
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/row_split.v")]
struct Split<'a> {
    shell: &'a Shell,
    width: u32,
    pieces: u32,
    piece_w: u32,
}

#[derive(Template)]
#[template(path = "rtl/row_join.v")]
struct Join<'a> {
    shell: &'a Shell,
    width: u32,
    pieces: u32,
    piece_w: u32,
}

/// Bits that number the pieces of a row.
pub fn piece_w(pieces: u32) -> u32 {
    clog2(pieces.into())
}

fn contract(latency: &str) -> Contract {
    Contract { latency: latency.into(), interval: "one piece a cycle".into(), numbers: String::new() }
}

/// Rows to pieces of `width` bits.
pub fn split(library: &mut Library, label: &str, pieces: u32, width: u32, payload: Payload) -> Arc<Module> {
    let mut module = Module::new("row_split", Some(label), "rows in pieces, the lowest first", "accelerator");
    module.contract = contract("none: a piece is seen in the cycle of its row");
    module.set_parameters(&[("width", width), ("pieces", pieces)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("row", "Rows; end: the last of a run, of which the pieces up to tail_i are given")
            .input("data", width * pieces, payload)
            .of(format!("{pieces}*WIDTH"))
            .input("end", 1, Payload::Bits)
            .plain_input("tail", piece_w(pieces), Payload::Bits)
            .of("PIECE_W"),
        Interface::source("piece", "Pieces; last: of a run").output("data", width, payload).of("WIDTH").output(
            "last",
            1,
            Payload::Bits,
        ),
    ];
    module.registers(&[], &["clk_i", "rst_ni"]);
    module.combinational(&["row_ready_o"], &["piece_ready_i", "row_end_i", "tail_i"]);
    module.combinational(&["piece_valid_o"], &["row_valid_i"]);
    module.combinational(&["piece_data_o"], &["row_data_i"]);
    module.combinational(&["piece_last_o"], &["row_end_i", "tail_i"]);
    library.add(module, |shell| Split { shell, width, pieces, piece_w: piece_w(pieces) }.render())
}

/// Pieces of `width` bits to rows.
pub fn join(library: &mut Library, label: &str, pieces: u32, width: u32, payload: Payload) -> Arc<Module> {
    let mut module = Module::new("row_join", Some(label), "pieces put together to rows", "accelerator");
    module.contract = contract("1 cycle from the last piece to the row");
    module.set_parameters(&[("width", width), ("pieces", pieces)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("piece", "Pieces, the lowest first; last: of a run, whose last row is filled with zeros")
            .input("data", width, payload)
            .of("WIDTH")
            .input("last", 1, Payload::Bits),
        Interface::source("row", "Rows").output("data", width * pieces, payload).of("PIECES*WIDTH"),
    ];
    module.registers(
        &["row_valid_o", "row_data_o"],
        &["clk_i", "rst_ni", "piece_valid_i", "piece_data_i", "piece_last_i", "row_ready_i"],
    );
    module.combinational(&["piece_ready_o"], &["row_ready_i"]);
    library.add(module, |shell| Join { shell, width, pieces, piece_w: piece_w(pieces) }.render())
}
