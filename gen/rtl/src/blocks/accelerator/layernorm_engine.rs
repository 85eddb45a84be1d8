//! `layernorm_engine`: rows of the wide memory normalised, into the activation memory, the wide memory, or both.

use super::{
    CODE_W, pieces,
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, PARAMETER_W, operations, reads, writes},
    reader,
    wires::{Wires, clocked, commanded, reading, writing},
    writer,
};
use crate::{
    blocks::{
        Library,
        geometry::{SHIFT_W, clog2},
        layernorm,
    },
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

/// Bits of a channel's shift.
const CHANNEL_W: u32 = 2;

#[derive(Template)]
#[template(path = "rtl/layernorm_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    lanes: u32,
    lane_w: u32,
    row_w: u32,
    number_w: u32,
    column_w: u32,
    channel_w: u32,
    shift_w: u32,
    count_w: u32,
    addr_w: u32,
    length_w: u32,
    pieces: u32,
    /// Of the last channel's number, the bits below these that neither the length nor the tail has; 0 for none.
    unused: u32,
}

/// The engine; `None` where the design has no accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let (n, lanes) = (design.datapath.n, design.units.layernorm?.lanes);
    let (count, bits, codes) = (n / lanes, Payload::Bits, Payload::Codes(Format::AF8_3));
    let unit = layernorm::elaborate(library)?;
    let reader = reader::elaborate(library, "layernorm", 2, n * NUMBER_W, bits);
    let split = pieces::split(library, "layernorm", count, lanes * NUMBER_W, bits);
    let parameter_reader = reader::elaborate(library, "parameter", 2, n * PARAMETER_W, bits);
    let parameter_split = pieces::split(library, "parameter", count, lanes * PARAMETER_W, bits);
    let code_writer = writer::elaborate(library, "layernorm_code", 2, count, lanes * CODE_W, codes);
    let wide_writer = writer::elaborate(library, "layernorm_wide", 2, count, lanes * NUMBER_W, bits);
    let length_w = unit.port("row_length_i")?.width;
    let (lane_w, row_w) = (clog2(lanes.into()), clog2(n.into()));

    let mut module = Module::new("layernorm_engine", None, "normalises rows", "units.layernorm");
    module.contract = Contract {
        latency: format!("{} cycles more than the unit takes", super::overhead(library.design())),
        interval: "one instruction at a time".into(),
        numbers: unit.contract.numbers.clone(),
    };
    module.set_parameters(&[("n", n), ("lanes", lanes)]);
    module.interfaces = vec![
        Interface::clock(),
        operations(design, "layernorm"),
        reads("wide_read", "What is normalised: wide memory", n * NUMBER_W, bits),
        reads("parameter_read", "Gamma, beta and shifts: parameter memory", n * PARAMETER_W, bits),
        writes("code_write", "Codes: activation memory", n * CODE_W, codes),
        writes("wide_write", "Numbers: wide memory", n * NUMBER_W, bits),
        Interface::new("done", Role::Status, "The last row of an instruction leaves").plain_output("done", 1, bits),
    ];
    module.add_nets(&[
        ("start", 1),
        ("clear", 1),
        ("tail", pieces::piece_w(count)),
        ("tiles", COUNT_W),
        ("one", ADDRESS_W),
        ("stay", ADDRESS_W),
        ("code_done", 1),
        ("wide_done", 1),
    ]);
    for step in ["source_tile", "source_row", "result_tile", "result_row"] {
        module.add_nets(&[(step, ADDRESS_W)]);
        module.combinational(&[step], &[&format!("layernorm_{step}_i")]);
    }
    let row_fields = [("length", length_w), ("exponent_bias", SHIFT_W)];
    let tile_fields = [("data", n * NUMBER_W), ("end", 1)];
    let number_fields = [("data", lanes * NUMBER_W), ("last", 1)];
    let column_fields = [("data", n * PARAMETER_W), ("end", 1)];
    let piece_fields = [("data", lanes * PARAMETER_W)];
    let parameter_fields = [("gamma", lanes * NUMBER_W), ("beta", lanes * NUMBER_W), ("shift", lanes * CHANNEL_W)];
    let norm_fields = [("wide", lanes * NUMBER_W), ("code", lanes * CODE_W), ("last", 1)];
    let row = Wires::new(&mut module, "row", &row_fields);
    let tile = Wires::new(&mut module, "tile", &tile_fields);
    let residual = Wires::new(&mut module, "residual", &number_fields);
    let columns = Wires::new(&mut module, "columns", &column_fields);
    let piece = Wires::new(&mut module, "piece", &piece_fields);
    let parameter = Wires::new(&mut module, "parameter", &parameter_fields);
    let norm = Wires::new(&mut module, "norm", &norm_fields);
    module.add_nets(&[("code_valid", 1), ("code_ready", 1), ("wide_valid", 1), ("wide_ready", 1)]);

    module.registers(&["layernorm_ready_o"], &["clk_i", "rst_ni"]);
    module.combinational(&["start"], &["layernorm_valid_i"]);
    module.combinational(&["clear", "one", "stay"], &[]);
    module.combinational(&["tiles"], &["layernorm_channels_i"]);
    module.registers(&["tail"], &["start", "layernorm_channels_i"]);
    module.registers(
        &["row_valid", "row_length", "row_exponent_bias"],
        &["start", "row_ready", "layernorm_rows_i", "layernorm_channels_i", "layernorm_exponent_bias_i"],
    );
    module.combinational(&["parameter_valid"], &["piece_valid"]);
    module.combinational(&["piece_ready"], &["parameter_ready"]);
    module.combinational(&["parameter_gamma", "parameter_beta", "parameter_shift"], &["piece_data"]);
    module.combinational(&["norm_ready"], &["code_ready", "wide_ready"]);
    module.combinational(&["code_valid"], &["norm_valid", "wide_ready"]);
    module.combinational(&["wide_valid"], &["norm_valid", "code_ready"]);
    module.combinational(&["done_o"], &["code_done", "wide_done"]);

    let walk = |base, tile, row| {
        [("base", base), ("count0", "tiles"), ("step0", tile), ("count1", "layernorm_rows_i"), ("step1", row)]
    };
    let begin = |name: &str, module: &Arc<Module>, walk: [(&str, &str); 5]| {
        commanded(clocked(Instance::new(name, module)), "start", &walk)
    };
    let read = begin("u_tiles", &reader, walk("layernorm_source_base_i", "source_tile", "source_row"));
    let read = reading(read, "wide_read", ["_o", "_i"]).open(&[("row_last_o", 1)]);
    let again = begin("u_columns", &parameter_reader, walk("layernorm_parameter_base_i", "one", "stay"));
    let again = reading(again, "parameter_read", ["_o", "_i"]).open(&[("row_last_o", 1)]);
    let parts = clocked(Instance::new("u_residuals", &split)).wire(&[("tail_i", "tail")]);
    let parameters = clocked(Instance::new("u_parameters", &parameter_split))
        .wire(&[("tail_i", "tail")])
        .open(&[("piece_last_o", 1)]);
    let placed = clocked(Instance::new("u_layernorm", &unit))
        .wire(&[("clear_i", "clear")])
        .open(&[("length_error_count_o", 32)]);
    let placed = parameter.feeding(residual.feeding(row.feeding(placed, "row"), "residual"), "parameter");
    let mut instances = vec![
        tile.out_of(read, "row"),
        residual.out_of(tile.feeding(parts, "row"), "piece"),
        columns.out_of(again, "row"),
        piece.out_of(columns.feeding(parameters, "row"), "piece"),
        norm.out_of(placed, "norm"),
    ];
    let results = [("code", "layernorm_result_base_i", code_writer), ("wide", "layernorm_wide_base_i", wide_writer)];
    for (kind, base, writer) in results {
        let write = begin(&format!("u_{kind}_results"), &writer, walk(base, "result_tile", "result_row"));
        let of = |part: &str| format!("{kind}_{part}");
        instances.push(writing(write, &of("write")).wire(&[
            ("command_keep_i", &format!("layernorm_{kind}_i")),
            ("piece_valid_i", &of("valid")),
            ("piece_ready_o", &of("ready")),
            ("piece_data_i", &format!("norm_{kind}")),
            ("piece_last_i", "norm_last"),
            ("done_o", &of("done")),
        ]));
    }
    module.instances = instances;
    let tail_from = if count > 1 { lane_w } else { row_w };
    let unused = if length_w < tail_from { tail_from } else { 0 };
    Some(library.add(module, |shell| {
        Body {
            shell,
            lanes,
            lane_w,
            row_w,
            number_w: NUMBER_W,
            column_w: PARAMETER_W,
            channel_w: CHANNEL_W,
            shift_w: SHIFT_W,
            count_w: COUNT_W,
            addr_w: ADDRESS_W,
            length_w,
            pieces: count,
            unused,
        }
        .render()
    }))
}
