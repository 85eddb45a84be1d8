//! `requantize`: rounds a row of sums to codes, in two stages of leaves with a register between.

use crate::{
    blocks::{
        Assembly, Geometry, Library,
        geometry::{SHIFT_W, WIDE_W},
        leaf,
    },
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
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
    /// What the registers between the stages hold.
    held: Vec<leaf::Passed>,
    late_shift: bool,
}

/// Places two leaves for each column and joins them, with a register for all that passes from one to the
/// other, which is what it gives. Names begin with `prefix`; the codes are on the net `code`.
fn stages(
    unit: &mut Assembly,
    n: u32,
    prefix: &str,
    [scale, code, code_w]: [&str; 3],
    [first, second]: &[Arc<Module>; 2],
) -> Vec<leaf::Passed> {
    let [first_name, second_name] = ["first", "second"].map(|stage| format!("{prefix}{stage}"));
    unit.place_row(&first_name, first, &first_name, n);
    unit.place_row(&second_name, second, &second_name, n);
    unit.slices((&first_name, "in"), &[("sum", "sum_i", "ACC_W")]);
    if shifts_late(second) {
        let register = format!("{prefix}scale_q");
        unit.register(&register, n * SHIFT_W, [scale]);
        unit.slices((&second_name, "in"), &[("shift", &register, "SHIFT_W")]);
    } else {
        unit.slices((&first_name, "in"), &[("shift", scale, "SHIFT_W")]);
    }
    let held = leaf::join_registered(unit, &first_name, &second_name, &first_name);
    let width = second.port("code_o").map_or(0, |port| port.width);
    unit.net(code, n * width);
    unit.slices((&second_name, "out"), &[("code", code, code_w)]);
    held
}

/// Whether the second of two leaves takes the shift.
fn shifts_late(second: &Module) -> bool {
    second.port("shift_i").is_some()
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
    let leaves = [first, second]
        .map(|leaf| leaf::elaborate(library, &*leaf.expect("designs keep to the leaves' widths"), source));

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
        .of("N*ACC_W")
        .plain_input("scale", g.n * SHIFT_W, Payload::Bits)
        .of("N*SHIFT_W");
    let mut codes = Interface::new("code", Role::Output, "Its codes")
        .output("valid", 1, Payload::Bits)
        .plain_output("code", g.n * code_w, Payload::Codes(g.result))
        .of("N*CODE_W");
    if g.accelerator {
        sums.summary = "A row of sums, each column's shift, and what that of the wide results is more".into();
        sums = sums.plain_input("wide_shift", g.wide_shift_w(), Payload::Bits).of("SHIFT_W");
        codes.summary = "Its codes, and its numbers of 16 bits".into();
        codes = codes.plain_output("wide", g.wides_w(), Payload::Bits).of("N*WIDE_W");
    }
    module.interfaces =
        vec![Interface::clock(), sums.input("last", 1, Payload::Bits), codes.output("last", 1, Payload::Bits)];
    module.registers(&["code_valid_o", "code_last_o"], &["clk_i", "rst_ni", "sum_valid_i", "sum_last_i"]);

    let mut unit = Assembly::new(module);
    let late_shift = shifts_late(&leaves[1]);
    let mut held = stages(&mut unit, g.n, "", ["scale_i", "code", "CODE_W"], &leaves);
    unit.registers(["code_o"], ["code"]);
    if let Some(leaves) = &wide {
        unit.derived("wide_scale", g.scales_w(), ["scale_i", "wide_shift_i"]);
        held.extend(stages(&mut unit, g.n, "wide_", ["wide_scale", "wide", "WIDE_W"], leaves));
        unit.registers(["wide_o"], ["wide"]);
    }
    library.add(unit.finish(), |shell| {
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
