//! `processing_unit`: decoders → matrix unit → encoder, compressed operands to compressed results.

use crate::{
    blocks::{
        Assembly, Geometry, Library, bitmask_decoder, bitmask_encoder, block_select, geometry::MIN_PASS, matrix_unit,
        stream_fifo,
    },
    design::Design,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/processing_unit.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    block: u32,
    wide_shift_w: u32,
}

/// The processing unit.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let mut unit = Assembly::new(outside(library.design(), &g));
    place(library, &mut unit, &g);
    weights(&mut unit, &g);
    for slot in matrix_unit::slots(&g) {
        let decoder = format!("{slot}_decoder");
        unit.attach((&decoder, "base"), &format!("{slot}_base"));
        unit.attach((&decoder, "mask"), &slot);
        unit.attach((&decoder, "value"), &format!("{slot}_value"));
        unit.open(&decoder, "vector_last_o");
        unit.join((&decoder, "vector"), ("matrix", &slot));
    }
    if g.accelerator {
        unit.constants(&[("no_columns", 1), ("no_wide_shift", g.wide_shift_w())]);
        unit.wire("matrix", "job_wide_shift_i", "no_wide_shift");
        unit.open("matrix", "result_wide_o");
    }
    unit.attach(("matrix", "job"), "job");
    unit.attach(("matrix", "counts"), "counts");
    unit.join_fields(("matrix", "result"), ("encoder", "vector"), "matrix_result", &[("code", "data")]);
    unit.attach(("encoder", "base"), "result_base");
    unit.attach(("encoder", "mask"), "result");
    unit.attach(("encoder", "value"), "result_value");

    library.add(unit.finish(), |shell| {
        Body { shell, n: g.n, block: g.sparsity.map_or(0, |s| s.block), wide_shift_w: g.wide_shift_w() }.render()
    })
}

/// Name, contract and ports.
fn outside(design: &Design, g: &Geometry) -> Module {
    let mut module = Module::new(
        "processing_unit",
        None,
        &format!(
            "multiplies compressed activations by compressed weights, {} x {} products a cycle, and compresses the result",
            g.n, g.n
        ),
        "datapath",
    );
    module.contract = Contract {
        latency: format!(
            "{} cycles from the last activation vector of a row to its result mask",
            g.pipeline + g.activation_latency() + 6
        ),
        interval: format!(
            "a pass over r rows takes max(r, {}) cycles: one activation vector a cycle, the next weight tile loads meanwhile",
            g.n.max(MIN_PASS)
        ),
        numbers: format!(
            "{} operands, exact products, {}-bit sums that wrap, {} results by the requantiser's rules",
            g.operand, g.acc_w, g.result
        ),
    };
    module.set_parameters(&[
        ("n", g.n),
        ("acc_w", g.acc_w),
        ("rows", g.rows),
        ("passes", g.passes),
        ("pipeline", g.pipeline),
        ("choices", g.slots()),
    ]);
    module.interfaces = interfaces(design, g);
    module
}

/// What the unit takes and gives.
fn interfaces(design: &Design, g: &Geometry) -> Vec<Interface> {
    let (operand, code) = (Payload::Codes(g.operand), Payload::Codes(g.result));
    let [weight_row_w, activation_row_w, result_row_w] =
        [design.memories.weight, design.memories.activation, design.memories.result]
            .map(|memory| g.value_row_w(memory));
    let values = |name: &str, row_w: u32, what: &str| {
        let summary = format!("{what}, n a row: value v lies in lane v mod n of row v div n");
        Interface::new(name, Role::Memory, &summary).output("enable", 1, Payload::Bits).output(
            "address",
            row_w,
            Payload::Bits,
        )
    };
    let base = |name: &str, row_w: u32| {
        Interface::sink(name, "Where a segment's values begin, one for each segment")
            .input("row", row_w, Payload::Bits)
            .input("lane", g.lane_w(), Payload::Bits)
    };
    let mut weight = Interface::sink("weight", "Weight masks, one a lane, n a tile; last ends a segment").input(
        "data",
        g.weight_mask_w(),
        Payload::Mask,
    );
    if g.sparsity.is_some() {
        weight = weight.widths(&[("data", "2*N")]).input("block", 1, Payload::Bits);
    }
    let mut interfaces = vec![
        Interface::clock(),
        base("weight_base", weight_row_w),
        Interface::sink("result_base", "The row where a segment's values begin, one for each segment").input(
            "row",
            result_row_w,
            Payload::Bits,
        ),
        matrix_unit::jobs(g, false).elsewhere(),
        weight.input("last", 1, Payload::Bits),
        Interface::source("result", "Result masks, row by row").output("data", g.n, Payload::Mask).output(
            "last",
            1,
            Payload::Bits,
        ),
        values("weight_value", weight_row_w, "Weight values").input("data", g.vector_w(), operand),
        values("result_value", result_row_w, "Result values").output("data", g.n * g.result.bits(), code),
        matrix_unit::counts(g).elsewhere(),
    ];
    for slot in matrix_unit::slots(g) {
        interfaces.push(base(&format!("{slot}_base"), activation_row_w));
        interfaces.push(
            Interface::sink(&slot, "Activation masks, pass by pass, row by row; last ends a segment")
                .one_of("activation")
                .input("data", g.n, Payload::Mask)
                .input("last", 1, Payload::Bits),
        );
        let values = values(&format!("{slot}_value"), activation_row_w, "Activation values");
        interfaces.push(values.input("data", g.vector_w(), operand));
    }
    interfaces
}

/// The parts, in the order of the file.
fn place(library: &mut Library, unit: &mut Assembly, g: &Geometry) {
    let memories = &library.design().memories;
    let (weight, activation, result) = (memories.weight, memories.activation, memories.result);
    let matrix = matrix_unit::elaborate(library);
    unit.place("weight_decoder", &bitmask_decoder::elaborate(library, "weight", "memories.weight", weight));
    let activations = bitmask_decoder::elaborate(library, "activation", "memories.activation", activation);
    for slot in matrix_unit::slots(g) {
        unit.place(&format!("{slot}_decoder"), &activations);
    }
    if let Some(selector) = block_select::elaborate(library) {
        let (width, depth) = (g.weight_mask_w() + 1, bitmask_decoder::depth(weight.latency));
        let masks =
            stream_fifo::elaborate(library, Some("weight_mask"), "datapath.sparsity", width, depth, Payload::Mask);
        unit.place("weight_masks", &masks);
        unit.place("select", &selector);
    }
    unit.place("matrix", &matrix);
    unit.place("encoder", &bitmask_encoder::elaborate(library, None, "memories.result", result));
}

/// From weight masks to rows of weights.
fn weights(unit: &mut Assembly, g: &Geometry) {
    let sparse = g.sparsity.is_some();
    let own = unit.own("weight");
    unit.derived("weight_mask", g.n, own.nets(["data"].into_iter().chain(sparse.then_some("block"))));
    unit.fields(("weight_decoder", "mask"), &[("data", "weight_mask")]);
    unit.attach(("weight_decoder", "base"), "weight_base");
    unit.attach(("weight_decoder", "mask"), "weight");
    unit.attach(("weight_decoder", "value"), "weight_value");
    unit.open("weight_decoder", "vector_last_o");
    if g.accelerator {
        unit.wire("matrix", "weight_columns_i", "no_columns");
    }
    if !sparse {
        unit.join(("weight_decoder", "vector"), ("matrix", "weight"));
        return;
    }
    // The masks of block-sparse rows wait beside the decoder.
    unit.derived("row_block", 1, ["mask_read_data"]);
    unit.wire("matrix", "weight_block_i", "row_block");
    unit.link(("select", "select_o"), ("matrix", "weight_select_i"));
    unit.link(("select", "error_o"), ("matrix", "weight_error_i"));
    let row = unit.join_as(("weight_decoder", "vector"), ("matrix", "weight"), "row");
    unit.open("weight_masks", "in_ready_o");
    unit.open("weight_masks", "out_valid_o");
    let write = unit.bundle(("weight_masks", "in"), "mask_write");
    let read = unit.bundle(("weight_masks", "out"), "mask_read");
    let mask = unit.bundle(("select", "mask"), "row_mask");
    unit.combinational([write.net("data")], own.nets(["data", "block"]));
    unit.combinational([write.net("valid")], own.nets(["valid", "ready"]));
    unit.combinational([read.net("ready")], row.nets(["valid", "ready"]));
    unit.combinational(mask.driven(), [read.net("data")]);
}
