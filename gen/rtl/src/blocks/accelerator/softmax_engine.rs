//! `softmax_engine`: rows of scores of the wide memory to probabilities in the activation memory.

use super::{
    CODE_W, pieces,
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, operations, reads, writes},
    reader,
    wires::{Wires, clocked, commanded, reading, writing},
    writer,
};
use crate::{
    blocks::{Library, geometry::clog2, softmax},
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
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
    module.add_nets(&[("start", 1), ("keep", 1), ("clear", 1), ("tail", pieces::piece_w(count))]);
    let steps = ["source_tile", "source_row", "result_tile", "result_row"];
    for step in steps {
        module.add_nets(&[(step, ADDRESS_W)]);
        module.combinational(&[step], &[&format!("softmax_{step}_i")]);
    }
    let row_fields = [("length", length_w), ("count", length_w + 1)];
    let tile_fields = [("data", n * NUMBER_W), ("end", 1)];
    let score_fields = [("data", lanes * NUMBER_W), ("last", 1)];
    let mask_fields = [("data", lanes * MASK_W)];
    let code_fields = [("data", lanes * CODE_W), ("last", 1)];
    let row = Wires::new(&mut module, "row", &row_fields);
    let tile = Wires::new(&mut module, "tile", &tile_fields);
    let score = Wires::new(&mut module, "score", &score_fields);
    let mask = Wires::new(&mut module, "mask", &mask_fields);
    let code = Wires::new(&mut module, "code", &code_fields);

    module.registers(&["softmax_ready_o"], &["clk_i", "rst_ni", "done_o"]);
    module.combinational(&["start"], &["softmax_valid_i"]);
    module.combinational(&["keep", "clear", "tail"], &[]);
    module.registers(&["row_valid", "row_length", "row_count"], &["start", "row_ready", "softmax_count_i"]);
    let span = ["limit", "span", "ramp", "first_row", "first_column", "rows", "tiles"];
    let span: Vec<String> = span.iter().map(|field| format!("softmax_{field}_i")).collect();
    let span: Vec<&str> = span.iter().map(String::as_str).chain(["start", "mask_ready"]).collect();
    module.registers(&["mask_valid", "mask_data"], &span);

    let walk = |base, tile, row| {
        [("base", base), ("count0", "softmax_tiles_i"), ("step0", tile), ("count1", "softmax_rows_i"), ("step1", row)]
    };
    let read = walk("softmax_source_base_i", "source_tile", "source_row");
    let read = commanded(clocked(Instance::new("u_tiles", &reader)), "start", &read);
    let read = reading(read, "wide_read", ["_o", "_i"]).open(&[("row_last_o", 1)]);
    let parts = clocked(Instance::new("u_scores", &split)).wire(&[("tail_i", "tail")]);
    let placed =
        clocked(Instance::new("u_softmax", &unit)).wire(&[("clear_i", "clear")]).open(&[("length_error_count_o", 32)]);
    let placed = mask.feeding(score.feeding(row.feeding(placed, "row"), "score"), "mask");
    let write = walk("softmax_result_base_i", "result_tile", "result_row");
    let write = commanded(clocked(Instance::new("u_results", &writer)), "start", &write);
    let write = writing(write, "code_write").wire(&[("command_keep_i", "keep"), ("done_o", "done_o")]);
    module.instances = vec![
        tile.out_of(read, "row"),
        score.out_of(tile.feeding(parts, "row"), "piece"),
        code.out_of(placed, "code"),
        code.feeding(write, "piece"),
    ];
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
