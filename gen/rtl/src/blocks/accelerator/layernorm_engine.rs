//! `layernorm_engine`: rows of the wide memory normalised, into the activation memory, the wide memory, or
//! both.

use super::{
    CODE_W,
    address_generator::begin,
    pieces,
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, PARAMETER_W, operations, reads, writes},
    reader, writer,
};
use crate::{
    blocks::{
        Assembly, Library,
        geometry::{SHIFT_W, clog2},
        layernorm,
    },
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
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
    /// Of the last channel's number, the bits below these that neither the length nor the tail has; 0 for
    /// none.
    unused: u32,
}

/// The engine; `None` where the design has no accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let (n, lanes) = (design.datapath.n, design.units.layernorm?.lanes);
    let (count, bits, codes) = (n / lanes, Payload::Bits, Payload::Codes(Format::AF8_3));
    let parts = Parts::of(library, n, lanes)?;
    let (unit, tail_w) = (&parts.unit, pieces::piece_w(count));
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
    let mut a = Assembly::new(module);
    parts.place(&mut a);
    logic(&mut a, tail_w);
    let module = a.finish();
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

/// What the engine consists of.
struct Parts {
    unit: Arc<Module>,
    /// Reads rows, and parameters; each is given in pieces.
    rows: [Arc<Module>; 2],
    parameters: [Arc<Module>; 2],
    code_writer: Arc<Module>,
    wide_writer: Arc<Module>,
}

impl Parts {
    fn of(library: &mut Library, n: u32, lanes: u32) -> Option<Self> {
        let (count, bits, codes) = (n / lanes, Payload::Bits, Payload::Codes(Format::AF8_3));
        Some(Self {
            unit: layernorm::elaborate(library)?,
            rows: [
                reader::elaborate(library, "layernorm", 2, n * NUMBER_W, bits),
                pieces::split(library, "layernorm", count, lanes * NUMBER_W, bits),
            ],
            parameters: [
                reader::elaborate(library, "parameter", 2, n * PARAMETER_W, bits),
                pieces::split(library, "parameter", count, lanes * PARAMETER_W, bits),
            ],
            code_writer: writer::elaborate(library, "layernorm_code", 2, count, lanes * CODE_W, codes),
            wide_writer: writer::elaborate(library, "layernorm_wide", 2, count, lanes * NUMBER_W, bits),
        })
    }

    fn place(&self, a: &mut Assembly) {
        let tiles_of_rows = |tile, row| [("tiles", tile), ("layernorm_rows_i", row)];
        let [reader, split] = &self.rows;
        a.place("tiles", reader);
        begin(a, "tiles", "start", "layernorm_source_base_i", &tiles_of_rows("source_tile", "source_row"));
        a.attach(("tiles", "memory"), "wide_read");
        a.open("tiles", "row_last_o");
        a.place("residuals", split);
        a.wire("residuals", "tail_i", "tail");
        a.join_as(("tiles", "row"), ("residuals", "row"), "tile");

        let [reader, split] = &self.parameters;
        a.place("columns", reader);
        begin(a, "columns", "start", "layernorm_parameter_base_i", &tiles_of_rows("one", "stay"));
        a.attach(("columns", "memory"), "parameter_read");
        a.open("columns", "row_last_o");
        a.place("parameters", split);
        a.wire("parameters", "tail_i", "tail");
        a.open("parameters", "piece_last_o");
        a.join_as(("columns", "row"), ("parameters", "row"), "columns");
        a.bundle(("parameters", "piece"), "piece");

        a.place("layernorm", &self.unit);
        a.bundle(("layernorm", "row"), "row");
        a.join_as(("residuals", "piece"), ("layernorm", "residual"), "residual");
        a.bundle(("layernorm", "parameter"), "parameter");
        a.wire("layernorm", "clear_i", "clear");
        a.open("layernorm", "length_error_count_o");
        a.bundle(("layernorm", "norm"), "norm");
        for (kind, base, writer) in [
            ("code", "layernorm_result_base_i", &self.code_writer),
            ("wide", "layernorm_wide_base_i", &self.wide_writer),
        ] {
            let results = format!("{kind}_results");
            a.place(&results, writer);
            begin(a, &results, "start", base, &tiles_of_rows("result_tile", "result_row"));
            a.wire(&results, "command_keep_i", &format!("layernorm_{kind}_i"));
            a.fields((&results, "piece"), &[("data", &format!("norm_{kind}")), ("last", "norm_last")]);
            a.bundle((&results, "piece"), kind);
            a.attach((&results, "memory"), &format!("{kind}_write"));
            a.bundle((&results, "done"), &format!("{kind}_done"));
        }
    }
}

/// What the template does itself.
fn logic(a: &mut Assembly, tail_w: u32) {
    let operation = a.own("layernorm");
    a.derived("start", 1, ["layernorm_valid_i"]);
    a.registers(["layernorm_ready_o"], ["start", "code_done", "wide_done"]);
    a.constants(&[("clear", 1), ("one", ADDRESS_W), ("stay", ADDRESS_W)]);
    for step in ["source_tile", "source_row", "result_tile", "result_row"] {
        a.derived(step, ADDRESS_W, [operation.net(step)]);
    }
    a.derived("tiles", COUNT_W, [operation.net("channels")]);
    a.net("tail", tail_w);
    a.registers(["tail"], ["start", "layernorm_channels_i"]);
    let row =
        [vec!["start".into(), "row_ready".into()], operation.nets(["rows", "channels", "exponent_bias", "plain"])];
    a.registers(["row_valid", "row_length", "row_exponent_bias", "row_plain"], row.concat());
    a.combinational(["parameter_valid"], ["piece_valid"]);
    a.combinational(["piece_ready"], ["parameter_ready"]);
    a.combinational(["parameter_gamma", "parameter_beta", "parameter_shift"], ["piece_data"]);
    a.combinational(["norm_ready"], ["code_ready", "wide_ready"]);
    a.combinational(["code_valid"], ["norm_valid", "wide_ready"]);
    a.combinational(["wide_valid"], ["norm_valid", "code_ready"]);
    a.combinational(["done_o"], ["code_done", "wide_done"]);
}
