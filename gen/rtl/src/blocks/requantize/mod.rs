//! `requantize`: rounds a row of sums to codes, in two stages of leaves with a register between.

use crate::{
    blocks::{
        Geometry, Library,
        geometry::{SHIFT_W, WIDE_W},
        leaf,
    },
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
    wide_w: u32,
    wide: bool,
    /// What the register between the stages holds: name, localparam of the width, width.
    held: Vec<(String, String, u32)>,
    late_shift: bool,
}

/// A pair of leaves and the register between them.
struct Stages {
    first: Instance,
    second: Instance,
    held: Vec<(String, String, u32)>,
    late_shift: bool,
}

/// Joins two leaves, for each column, with a register for all that passes from one to the other; names begin with `prefix`.
fn stages(module: &mut Module, g: &Geometry, prefix: &str, scale: &str, [first, second]: [&Module; 2]) -> Stages {
    let n = g.n;
    let label = |name: &str| format!("{prefix}{name}");
    let instance =
        |leaf: &Module, what: &str| Instance::replicated(&format!("u_{}", label(what)), leaf, &label(what), n);
    let mut stage1 = instance(first, "first").lane("sum_i", "sum_i", g.acc_w, "ACC_W");
    let mut stage2 = instance(second, "second");
    let late_shift = second.port("shift_i").is_some();
    if late_shift {
        let register = label("scale_q");
        module.add_register(&register, n * SHIFT_W, &["clk_i", scale]);
        stage2 = stage2.lane("shift_i", &register, SHIFT_W, "SHIFT_W");
    } else {
        stage1 = stage1.lane("shift_i", scale, SHIFT_W, "SHIFT_W");
    }
    let mut held = Vec::new();
    for port in first.ports().filter(|port| port.direction == Direction::Output) {
        let field = port.name.trim_end_matches("_o");
        let name = label(field);
        let symbol = format!("{}_W", name.to_uppercase());
        let register = format!("{name}_q");
        module.add_nets(&[(&name, n * port.width)]);
        module.add_register(&register, n * port.width, &["clk_i", &name]);
        stage1 = stage1.lane(&port.name, &name, port.width, &symbol);
        stage2 = stage2.lane(&format!("{field}_i"), &register, port.width, &symbol);
        held.push((name, symbol, port.width));
    }
    Stages { first: stage1, second: stage2, held, late_shift }
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

    let wide = g.accelerator.then(|| {
        [leaves::fixed_shift(g.acc_w), leaves::fixed_round(WIDE_W)]
            .map(|leaf| leaf::elaborate(library, &*leaf.expect("designs keep to the leaves' widths"), source))
    });

    let mut module = Module::new(
        "requantize",
        None,
        &format!("rounds rows of {} sums to codes of {}, each column by its own shift", g.n, g.result),
        source,
    );
    module.contract = Contract {
        latency: format!("{LATENCY} cycles"),
        interval: "one row a cycle, without stalling".into(),
        numbers: format!(
            "{} bits to {}, value sum * 2^-shift: {rules}{}",
            g.acc_w,
            g.result,
            if g.accelerator { "; wide: to 16 bits by shift + wide shift, rounds half up, saturates" } else { "" }
        ),
    };
    module.set_parameters(&[("n", g.n), ("acc_w", g.acc_w), ("code_w", code_w)]);
    let mut sums = Interface::new("sum", Role::Input, "A row of sums, and each column's shift")
        .input("valid", 1, Payload::Bits)
        .plain_input("sum", g.sums_w(), Payload::Sums)
        .plain_input("scale", g.n * SHIFT_W, Payload::Bits);
    let mut codes = Interface::new("code", Role::Output, "Its codes").output("valid", 1, Payload::Bits).plain_output(
        "code",
        g.n * code_w,
        Payload::Codes(g.result),
    );
    if g.accelerator {
        sums.summary = "A row of sums, each column's shift, and what that of the wide results is more".into();
        sums = sums.plain_input("wide_shift", g.wide_shift_w(), Payload::Bits);
        codes.summary = "Its codes, and its numbers of 16 bits".into();
        codes = codes.plain_output("wide", g.wides_w(), Payload::Bits);
    }
    module.interfaces =
        vec![Interface::clock(), sums.input("last", 1, Payload::Bits), codes.output("last", 1, Payload::Bits)];
    module.registers(&["code_valid_o", "code_last_o"], &["clk_i", "rst_ni", "sum_valid_i", "sum_last_i"]);

    let Stages { first, second, mut held, late_shift } = stages(&mut module, &g, "", "scale_i", [&first, &second]);
    module.add_nets(&[("code", g.n * code_w)]);
    module.instances = vec![first, second.lane("code_o", "code", code_w, "CODE_W")];
    module.registers(&["code_o"], &["clk_i", "code"]);
    if let Some([shift, round]) = &wide {
        module.add_nets(&[("wide_scale", g.scales_w()), ("wide", g.wides_w())]);
        module.combinational(&["wide_scale"], &["scale_i", "wide_shift_i"]);
        let stages = stages(&mut module, &g, "wide_", "wide_scale", [shift, round]);
        held.extend(stages.held);
        module.instances.extend([stages.first, stages.second.lane("code_o", "wide", WIDE_W, "WIDE_W")]);
        module.registers(&["wide_o"], &["clk_i", "wide"]);
    }
    library.add(module, |shell| {
        Body {
            shell,
            n: g.n,
            acc_w: g.acc_w,
            code_w,
            shift_w: SHIFT_W,
            wide_w: WIDE_W,
            wide: g.accelerator,
            held,
            late_shift,
        }
        .render()
    })
}
