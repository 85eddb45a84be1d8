//! `activation`: a function on rows of sums, between accumulator and requantiser.

use crate::{
    blocks::{Assembly, Geometry, Library, geometry::SHIFT_W, leaf},
    design::Activation,
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::tables::Gelu;
use askama::Template;
use std::sync::Arc;

/// Width of what GELU takes: Q14.10.
const INPUT_W: u32 = 24;
/// Width of a magnitude that the table covers: less than 4 in Q.10.
const TABLE_W: u32 = 12;
/// Bits of the table's lines below their point.
const FRACTION_W: u32 = 8;
/// Width of a line's middle.
const MIDDLE_W: u32 = 12;
/// Width of its slope.
const SLOPE_W: u32 = 9;
/// Width of what a line comes to, with a sign.
const PRODUCT_W: u32 = TABLE_W + FRACTION_W + 1;
/// Booth digits of a place in a segment.
const DIGITS: u32 = 3;

#[derive(Template)]
#[template(path = "rtl/activation.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    acc_w: u32,
    shift_w: u32,
    latency: u32,
}

#[derive(Template)]
#[template(path = "rtl/activation_lane.v")]
struct LaneBody<'a> {
    shell: &'a Shell,
    acc_w: u32,
    shift_w: u32,
    function_w: u32,
    value_w: u32,
    table_w: u32,
    fraction_w: u32,
    middle_w: u32,
    slope_w: u32,
    digits: u32,
    offset: String,
}

impl Activation {
    /// Cycles from a row of sums to what the function makes of them.
    #[must_use]
    pub const fn latency(self) -> u32 {
        match self {
            Self::Relu => 1,
            Self::Gelu | Self::GeluErf => 2,
        }
    }

    /// Width of a row's function: 0 identity, 1 ReLU, 2 and 3 GELU.
    #[must_use]
    pub const fn function_w(self) -> u32 {
        match self {
            Self::Relu => 1,
            Self::Gelu | Self::GeluErf => 2,
        }
    }
}

/// The activation of the processing unit. `None` where the design has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let activation = library.design().datapath.activation?;
    let g = Geometry::new(library.design());
    let lane = activation.gelu().map(|form| lane(library, form));
    let functions = if lane.is_some() { "ReLU or GELU" } else { "ReLU" };
    let mut module = Module::new(
        "activation",
        None,
        &format!("applies {functions} to rows of {} sums, or nothing", g.n),
        "datapath.activation",
    );
    let latency = activation.latency();
    module.contract = Contract {
        latency: format!("{latency} {}", if latency == 1 { "cycle" } else { "cycles" }),
        interval: "one row a cycle, without stalling, each with its own function".into(),
        numbers: match &lane {
            Some(lane) => lane.contract.numbers.clone(),
            None => format!("sums of {} bits, exact", g.acc_w),
        },
    };
    module.set_parameters(&[("n", g.n), ("acc_w", g.acc_w)]);
    let bits = Payload::Bits;
    let mut sums = Interface::new(
        "sum",
        Role::Input,
        match lane {
            Some(_) => "A row of sums, each column's shift; 0 identity, 1 ReLU, 2 and 3 GELU, and the shift after it",
            None => "A row of sums, each column's shift; 0 identity, 1 ReLU",
        },
    )
    .input("valid", 1, bits)
    .plain_input("sum", g.sums_w(), Payload::Sums)
    .plain_input("scale", g.scales_w(), bits)
    .plain_input("function", g.function_w(), bits);
    if lane.is_some() {
        sums = sums.plain_input("activation_shift", g.activation_shift_w(), bits);
    }
    module.interfaces = vec![
        Interface::clock(),
        sums.input("last", 1, bits),
        Interface::new("activated", Role::Output, "What the function makes of them, with each column's shift")
            .output("valid", 1, bits)
            .plain_output("activated", g.sums_w(), Payload::Sums)
            .plain_output("activated_scale", g.scales_w(), bits)
            .output("last", 1, bits),
    ];
    module.registers(&["activated_valid_o", "activated_last_o"], &["clk_i", "rst_ni", "sum_valid_i", "sum_last_i"]);
    let mut assembly = Assembly::new(module);
    match lane {
        None => assembly.registers(["activated_o", "activated_scale_o"], ["sum_i", "scale_i", "function_i"]),
        Some(lane) => {
            assembly.place_row("lane", &lane, "lane", g.n);
            assembly.register("activation_shift_q", SHIFT_W, ["activation_shift_i"]);
            let whole =
                [("valid", "sum_valid_i"), ("function", "function_i"), ("activation_shift", "activation_shift_q")];
            assembly.fields(("lane", "sum"), &whole);
            assembly.slices(("lane", "sum"), &[("sum", "sum_i", "ACC_W"), ("scale", "scale_i", "SHIFT_W")]);
            assembly.slices(
                ("lane", "activated"),
                &[("activated", "activated_o", "ACC_W"), ("scale", "activated_scale_o", "SHIFT_W")],
            );
        }
    }
    Some(
        library
            .add(assembly.finish(), |shell| Body { shell, n: g.n, acc_w: g.acc_w, shift_w: SHIFT_W, latency }.render()),
    )
}

/// One column of a design with GELU.
fn lane(library: &mut Library, form: Gelu) -> Arc<Module> {
    let source = "datapath.activation";
    let acc_w = library.design().datapath.accumulator_bits;
    let table = leaf::elaborate(library, &*leaves::gelu_line(form), source);
    let mut module = Module::new("activation_lane", None, "one column of the activation", source);
    module.contract = Contract {
        latency: "sum in cycle t, the shift after GELU in t + 1, result in t + 2".into(),
        interval: "one sum a cycle".into(),
        numbers: format!(
            "sums of {acc_w} bits; for GELU shifted, rounded half up and saturated to {INPUT_W} bits in Q14.10, GELU in Q.10"
        ),
    };
    let bits = Payload::Bits;
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("sum", Role::Input, "Sum, its shift, its function; in the cycle after, the shift after GELU")
            .plain_input("valid", 1, bits)
            .plain_input("sum", acc_w, Payload::Sums)
            .plain_input("scale", SHIFT_W, bits)
            .plain_input("function", 2, bits)
            .plain_input("activation_shift", SHIFT_W, bits),
        Interface::new("activated", Role::Output, "Result and its shift")
            .plain_output("activated", acc_w, Payload::Sums)
            .plain_output("activated_scale", SHIFT_W, bits),
    ];
    let mut assembly = Assembly::new(module);
    assembly.place("table", &table);
    assembly.register("value_q", INPUT_W - 1, ["valid_i", "sum_i", "scale_i", "function_i"]);
    assembly.derived("segment", TABLE_W - 2 * DIGITS, ["value_q"]);
    assembly.net("middle", MIDDLE_W);
    assembly.net("slope", SLOPE_W);
    assembly.fields(("table", "in"), &[("segment", "segment")]);
    assembly.fields(("table", "out"), &[("middle", "middle"), ("slope", "slope")]);
    let line = vec!["middle".to_owned(), "slope".to_owned()];
    assembly.registers(assembly.own("activated").driven(), [assembly.own("sum").read(), line].concat());
    library.add(assembly.finish(), |shell| {
        LaneBody {
            shell,
            acc_w,
            shift_w: SHIFT_W,
            function_w: 2,
            value_w: INPUT_W - 1,
            table_w: TABLE_W,
            fraction_w: FRACTION_W,
            middle_w: MIDDLE_W,
            slope_w: SLOPE_W,
            digits: DIGITS,
            offset: format!("{PRODUCT_W}'h{:x}", booth_offset()),
        }
        .render()
    })
}

/// What takes off 2^SLOPE_W for each digit: the inverted signs of the rows.
fn booth_offset() -> u32 {
    (0..DIGITS).fold(1 << PRODUCT_W, |offset, digit| offset - (1 << (SLOPE_W + 2 * digit)))
}
