//! `bitmask_encoder`: packs the codes of a vector that are not zero and keeps a mask of where they stood.

use crate::{
    blocks::{Geometry, Library},
    design::ValueMemory,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/bitmask_encoder.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    code_w: u32,
    row_w: u32,
    lane_w: u32,
    signed_zero: bool,
}

/// The encoder that writes to one of the design's value memories.
pub fn elaborate(library: &mut Library, label: Option<&str>, source: &str, memory: ValueMemory) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let code_w = g.result.bits();
    let row_w = g.value_row_w(memory);
    let signed_zero = matches!(g.result, Format::AdaptivFloat(_));
    let mut module = Module::new(
        "bitmask_encoder",
        label,
        &format!("compresses vectors of {}: a mask of the codes that are not zero, and those codes packed", g.n),
        source,
    );
    module.contract = Contract {
        latency: "2 cycles from a vector to its mask, and one more to the last row of its segment".into(),
        interval: "one vector a cycle at any density, and at most one row".into(),
        numbers: if signed_zero {
            format!("codes pass unchanged ({}); both codes of zero are dropped", g.result)
        } else {
            format!("codes pass unchanged ({})", g.result)
        },
    };
    module.set_parameters(&[("n", g.n), ("row_w", row_w)]);
    let codes = Payload::Codes(g.result);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("base", "The row where a segment's values begin, one for each segment")
            .input("row", row_w, Payload::Bits)
            .of("ROW_W"),
        Interface::sink("vector", "Vectors; last ends a segment")
            .input("data", g.n * code_w, codes)
            .of("N*CODE_W")
            .input("last", 1, Payload::Bits),
        Interface::source("mask", "Masks, one for each vector").output("data", g.n, Payload::Mask).of("N").output(
            "last",
            1,
            Payload::Bits,
        ),
        Interface::new("value", Role::Memory, "Rows of n values: value v lies in lane v mod n of row v div n")
            .output("enable", 1, Payload::Bits)
            .output("address", row_w, Payload::Bits)
            .of("ROW_W")
            .output("data", g.n * code_w, codes)
            .of("N*CODE_W"),
    ];
    module.registers(
        &["mask_valid_o", "mask_data_o", "mask_last_o", "value_enable_o", "value_address_o", "value_data_o"],
        &[
            "clk_i",
            "rst_ni",
            "base_valid_i",
            "base_row_i",
            "vector_valid_i",
            "vector_data_i",
            "vector_last_i",
            "mask_ready_i",
        ],
    );
    module.combinational(&["vector_ready_o"], &["mask_ready_i", "base_valid_i"]);
    module.combinational(&["base_ready_o"], &["mask_ready_i", "vector_valid_i"]);
    library.add(module, |shell| Body { shell, n: g.n, code_w, row_w, lane_w: g.lane_w(), signed_zero }.render())
}
