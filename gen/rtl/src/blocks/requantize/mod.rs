//! `requantize`: rounds a row of sums to codes, in two stages of leaves with a register between.

use crate::{
    blocks::{Geometry, Library, geometry::SHIFT_W, leaf},
    emit::Shell,
    leaves,
    netlist::{Contract, Direction, Instance, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/requantize.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    acc_w: u32,
    code_w: u32,
    shift_w: u32,
    /// What the register between the stages holds: name, localparam of the width, width.
    held: Vec<(String, String, u32)>,
    late_shift: bool,
}

/// Cycles from a row of sums to its codes.
pub const LATENCY: u32 = 2;

/// The requantiser of the processing unit.
///
/// # Panics
/// When the design's widths are none that the leaves have, which its validation excludes.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let code_w = g.result.bits();
    let source = "datapath.result";
    let (first, second, rules) = match g.result {
        Format::AdaptivFloat(_) => (
            leaves::float_normalise(g.acc_w),
            Ok(leaves::float_round()),
            "rounds half to even, saturates to the largest code; the octave below the smallest code rounds up to it, \
             smaller magnitudes to zero",
        ),
        Format::Fixed(_) => (leaves::fixed_shift(g.acc_w), leaves::fixed_round(code_w), "rounds half up, saturates"),
    };
    let first = leaf::elaborate(library, &*first.expect("designs keep to the leaves' widths"), source);
    let second = leaf::elaborate(library, &*second.expect("designs keep to the leaves' widths"), source);

    let mut module = Module::new(
        "requantize",
        None,
        &format!("rounds rows of {} sums to codes of {}, each column by its own shift", g.n, g.result),
        source,
    );
    module.contract = Contract {
        latency: format!("{LATENCY} cycles"),
        interval: "one row a cycle, without stalling".into(),
        numbers: format!("{} bits to {}, value sum * 2^-shift: {rules}", g.acc_w, g.result),
    };
    module.set_parameters(&[("n", g.n), ("acc_w", g.acc_w), ("code_w", code_w)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::new("sum", Role::Input, "A row of sums, and each column's shift")
            .input("valid", 1, Payload::Bits)
            .plain_input("sum", g.sums_w(), Payload::Sums)
            .plain_input("scale", g.n * SHIFT_W, Payload::Bits)
            .input("last", 1, Payload::Bits),
        Interface::new("code", Role::Output, "Its codes")
            .output("valid", 1, Payload::Bits)
            .plain_output("code", g.n * code_w, Payload::Codes(g.result))
            .output("last", 1, Payload::Bits),
    ];
    module.registers(&["code_valid_o", "code_last_o"], &["clk_i", "rst_ni", "sum_valid_i", "sum_last_i"]);

    let mut stage1 = Instance::replicated("u_first", &first, "first", g.n).lane("sum_i", "sum_i", g.acc_w, "ACC_W");
    let mut stage2 = Instance::replicated("u_second", &second, "second", g.n).lane("code_o", "code", code_w, "CODE_W");
    let late_shift = second.port("shift_i").is_some();
    if late_shift {
        module.add_register("scale_q", g.n * SHIFT_W, &["clk_i", "scale_i"]);
        stage2 = stage2.lane("shift_i", "scale_q", SHIFT_W, "SHIFT_W");
    } else {
        stage1 = stage1.lane("shift_i", "scale_i", SHIFT_W, "SHIFT_W");
    }
    let mut held = Vec::new();
    for port in first.ports().filter(|port| port.direction == Direction::Output) {
        let name = port.name.trim_end_matches("_o");
        let symbol = format!("{}_W", name.to_uppercase());
        let register = format!("{name}_q");
        module.add_nets(&[(name, g.n * port.width)]);
        module.add_register(&register, g.n * port.width, &["clk_i", name]);
        stage1 = stage1.lane(&port.name, name, port.width, &symbol);
        stage2 = stage2.lane(&format!("{name}_i"), &register, port.width, &symbol);
        held.push((name.to_owned(), symbol, port.width));
    }
    module.add_nets(&[("code", g.n * code_w)]);
    module.instances = vec![stage1, stage2];
    module.registers(&["code_o"], &["clk_i", "code"]);
    library.add(module, |shell| {
        Body { shell, n: g.n, acc_w: g.acc_w, code_w, shift_w: SHIFT_W, held, late_shift }.render()
    })
}
