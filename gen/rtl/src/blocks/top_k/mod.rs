//! `top_k`: the largest values of a row with their positions, by insertion.

use crate::{
    blocks::{
        Geometry, Library,
        geometry::{COUNT_W, clog2},
    },
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

/// Bits of a value.
const VALUE_W: u32 = 16;

/// Cycles from a row's length to its first element, and from its last to its first entry.
pub const LATENCY: u32 = 2;

#[derive(Template)]
#[template(path = "rtl/top_k.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    k: u32,
    value_w: u32,
    lane_w: u32,
    position_w: u32,
    count_w: u32,
}

/// The unit that finds the largest of a row; `None` where the design has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let unit = library.design().units.top_k?;
    let g = Geometry::new(library.design());
    let position_w = clog2(unit.length_max.into());
    let what = if unit.k == 1 { "largest".to_owned() } else { format!("{} largest", unit.k) };
    let mut module = Module::new(
        "top_k",
        None,
        &format!("finds the {what} of a row of up to {} values, with their positions", unit.length_max),
        "units.top_k",
    );
    module.contract = Contract {
        latency: format!("{LATENCY} cycles from a row's last element to its first entry"),
        interval: format!(
            "one element a cycle, then one entry a cycle: L + min({}, L) cycles for a row of L elements",
            unit.k
        ),
        numbers: "values of 16 bits in two's complement, unchanged; of equals the lower position comes first".into(),
    };
    module.set_parameters(&[("n", g.n), ("length_max", unit.length_max), ("k", unit.k)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("row", "Rows: elements minus 1").input("length", position_w, Payload::Bits).of("POS_W"),
        Interface::sink("value", "Values of a row; last ends it")
            .input("data", g.n * VALUE_W, Payload::Bits)
            .of(format!("{}*VALUE_W", g.n))
            .input("last", 1, Payload::Bits),
        Interface::source("entry", "The largest of a row, in descending order; last ends them")
            .output("value", VALUE_W, Payload::Bits)
            .of("VALUE_W")
            .output("position", position_w, Payload::Bits)
            .of("POS_W")
            .output("last", 1, Payload::Bits),
        Interface::new("counts", Role::Status, "Since clear: vectors whose last contradicts the row's length")
            .plain_input("clear", 1, Payload::Bits)
            .plain_output("length_error_count", COUNT_W, Payload::Bits)
            .of("COUNT_W"),
    ];
    module.registers(
        &[
            "row_ready_o",
            "value_ready_o",
            "entry_valid_o",
            "entry_value_o",
            "entry_position_o",
            "entry_last_o",
            "length_error_count_o",
        ],
        &[
            "clk_i",
            "rst_ni",
            "row_valid_i",
            "row_length_i",
            "value_valid_i",
            "value_data_i",
            "value_last_i",
            "entry_ready_i",
            "clear_i",
        ],
    );
    let (k, lane_w) = (unit.k, g.lane_w());
    Some(library.add(module, |shell| {
        Body { shell, n: g.n, k, value_w: VALUE_W, lane_w, position_w, count_w: COUNT_W }.render()
    }))
}
