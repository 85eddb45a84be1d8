//! `softmax_engine`: rows of scores of the wide memory to probabilities in the activation memory.

use super::{
    CODE_W,
    address_generator::begin,
    pieces,
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, operations, reads, writes},
    reader, writer,
};
use crate::{
    blocks::{Assembly, Library, geometry::clog2, softmax},
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

/// Bits of a mask.
const MASK_W: u32 = 8;

#[derive(Template)]
#[template(path = "rtl/softmax_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    lanes: u32,
    lane_w: u32,
    row_w: u32,
    count_w: u32,
    addr_w: u32,
    mask_w: u32,
    length_w: u32,
    tail: String,
}

/// The engine; `None` where the design has no accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let (n, lanes) = (design.datapath.n, design.units.softmax?.lanes);
    let (count, bits, codes) = (n / lanes, Payload::Bits, Payload::Codes(Format::AF8_3));
    let unit = softmax::elaborate(library)?;
    let reader = reader::elaborate(library, "softmax", 2, n * NUMBER_W, bits);
    let split = pieces::split(library, "softmax", count, lanes * NUMBER_W, bits);
    let writer = writer::elaborate(library, "softmax", 2, count, lanes * CODE_W, codes);
    let length_w = unit.port("row_length_i")?.width;

    let mut module =
        Module::new("softmax_engine", None, "makes rows of scores attention probabilities", "units.softmax");
    module.contract = Contract {
        latency: format!("{} cycles more than the unit takes", super::overhead(library.design())),
        interval: "one instruction at a time".into(),
        numbers: unit.contract.numbers.clone(),
    };
    module.set_parameters(&[("n", n), ("lanes", lanes)]);
    module.interfaces = vec![
        Interface::clock(),
        operations(design, "softmax"),
        reads("wide_read", "Scores: wide memory", n * NUMBER_W, bits),
        writes("code_write", "Probabilities: activation memory", n * CODE_W, codes),
        Interface::new("done", Role::Status, "The last row of an instruction leaves").plain_output("done", 1, bits),
    ];
    let mut a = Assembly::new(module);
    let tiles_of_rows = |tile, row| [("softmax_tiles_i", tile), ("softmax_rows_i", row)];
    a.place("tiles", &reader);
    begin(&mut a, "tiles", "start", "softmax_source_base_i", &tiles_of_rows("source_tile", "source_row"));
    a.attach(("tiles", "memory"), "wide_read");
    a.open("tiles", "row_last_o");
    a.place("scores", &split);
    a.wire("scores", "tail_i", "tail");
    a.join_as(("tiles", "row"), ("scores", "row"), "tile");
    a.place("softmax", &unit);
    a.join_as(("scores", "piece"), ("softmax", "score"), "score");
    let row = a.bundle(("softmax", "row"), "row");
    let mask = a.bundle(("softmax", "mask"), "mask");
    a.wire("softmax", "clear_i", "clear");
    a.open("softmax", "length_error_count_o");
    a.place("results", &writer);
    begin(&mut a, "results", "start", "softmax_result_base_i", &tiles_of_rows("result_tile", "result_row"));
    a.wire("results", "command_keep_i", "keep");
    a.join_as(("softmax", "code"), ("results", "piece"), "code");
    a.attach(("results", "memory"), "code_write");
    a.attach(("results", "done"), "done");

    let operation = a.own("softmax");
    a.derived("start", 1, ["softmax_valid_i"]);
    a.registers(["softmax_ready_o"], ["done_o"]);
    a.constants(&[("keep", 1), ("clear", 1), ("tail", pieces::piece_w(count))]);
    for step in ["source_tile", "source_row", "result_tile", "result_row"] {
        a.derived(step, ADDRESS_W, [operation.net(step)]);
    }
    a.registers(row.driven(), ["start", "row_ready", "softmax_rows_i", "softmax_tiles_i", "softmax_count_i"]);
    let span = ["limit", "span", "ramp", "first_row", "first_column", "rows", "tiles"];
    a.registers(mask.driven(), [vec!["start".into()], mask.read(), operation.nets(span)].concat());
    let module = a.finish();
    let piece_w = pieces::piece_w(count);
    Some(library.add(module, |shell| {
        Body {
            shell,
            lanes,
            lane_w: clog2(lanes.into()),
            row_w: clog2(n.into()),
            count_w: COUNT_W,
            addr_w: ADDRESS_W,
            mask_w: MASK_W,
            length_w,
            tail: format!("{piece_w}'d{}", count - 1),
        }
        .render()
    }))
}
