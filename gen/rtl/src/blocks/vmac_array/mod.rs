//! `vmac_array`: n vector MACs that share an activation vector, one row of n sums a cycle.

use crate::{
    blocks::{Assembly, Geometry, Library, leaf, vmac},
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

/// Widths of a decoded AdaptivFloat<8,3>, as the leaf has them.
const EXPONENT_W: u32 = 3;
const SIGNIFICAND_W: u32 = 5;

#[derive(Template)]
#[template(path = "rtl/vmac_array.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    op_w: u32,
    operand_w: u32,
    exponent_w: u32,
    significand_w: u32,
    decoded: bool,
    acc_w: u32,
    choices: u32,
    lane_w: u32,
    pipeline: u32,
    zero_skip: bool,
    signed_zero: bool,
    columns: bool,
}

/// The MAC array of the processing unit.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let lane = vmac::elaborate(library);
    let operand_w = vmac::activation_w(&g);
    // A dense AdaptivFloat array decodes each activation once, for all lanes.
    let decoded = operand_w != g.op_w();
    let codes = Payload::Codes(g.operand);
    let mut module = Module::new(
        "vmac_array",
        None,
        &format!("{0} vector MACs of {0} multipliers: every cycle one activation vector, {0} sums", g.n),
        "datapath",
    );
    module.contract = Contract {
        latency: format!("vector in cycle t, addend in t + {}, sums in t + {}", g.pipeline, g.pipeline + 1),
        interval: "one vector a cycle; one lane's weights a cycle, loaded while the tile before is at work".into(),
        numbers: format!("products of {} exact, sums wrap at {} bits", g.operand, g.acc_w),
    };
    module.set_parameters(&[("n", g.n), ("acc_w", g.acc_w), ("pipeline", g.pipeline), ("choices", g.slots())]);
    let mut load = Interface::new("load", Role::Input, "One lane's weights for the next tile")
        .input("valid", 1, Payload::Bits)
        .input("lane", g.lane_w(), Payload::Bits)
        .of("LANE_W")
        .input("weight", g.vector_w(), codes)
        .of("N*OP_W");
    if g.sparsity.is_some() {
        load = load.input("select", g.n * g.select_w(), Payload::Bits);
    }
    if g.accelerator {
        load.summary =
            "Weights for the next tile: one lane's, or by columns those of the place of that number in every lane"
                .into();
        load = load.input("columns", 1, Payload::Bits);
    }
    let mut vector = Interface::new(
        "vector",
        Role::Input,
        "Activations; swap makes the loaded tile the one that multiplies, from this vector on",
    )
    .input("valid", 1, Payload::Bits)
    .input("data", g.choice_w(), codes)
    .of("CHOICES*OP_W")
    .plain_input("swap", 1, Payload::Bits);
    if g.zero_skip {
        vector = vector.plain_output("held", 1, Payload::Bits);
    }
    module.interfaces = vec![
        // Only the zero skip has registers that control.
        if g.zero_skip { Interface::clock() } else { Interface::clock_only() },
        load,
        vector,
        Interface::new("addend", Role::Input, "What the row's sums are added to")
            .plain_input("addend", g.sums_w(), Payload::Sums)
            .of("N*ACC_W"),
        Interface::new("sum", Role::Output, "The row's sums")
            .plain_output("sum", g.sums_w(), Payload::Sums)
            .of("N*ACC_W"),
    ];
    let mut unit = Assembly::new(module);
    unit.place_row("vmac", &lane, "lane", g.n);
    loads(&mut unit, &g);
    if decoded {
        let decode = leaf::elaborate(library, &*leaves::float_decode(), "datapath.operand");
        unit.place_row("decode", &decode, "decode", g.n);
        decodes(&mut unit, g.n);
    }
    let operands: &[&str] = if decoded { &["sign", "exponent", "significand"] } else { &["vector_data_i"] };
    unit.net("activation", g.n * g.slots() * operand_w);
    unit.registers(["activation"], [&["vector_valid_i"], operands].concat());
    unit.fields(("vmac", "activation"), &[("activation", "activation")]);
    unit.slices(("vmac", "addend"), &[("addend", "addend_i", "ACC_W")]);
    unit.slices(("vmac", "sum"), &[("sum", "sum_o", "ACC_W")]);
    if g.zero_skip {
        let tested = ["vector_valid_i", if decoded { "significand" } else { "vector_data_i" }];
        unit.combinational(["held_o"], tested);
        unit.net("skip", 1);
        unit.registers(["skip"], tested);
        unit.fields(("vmac", "addend"), &[("skip", "skip")]);
    }
    library.add(unit.finish(), |shell| {
        Body {
            shell,
            n: g.n,
            op_w: g.op_w(),
            operand_w,
            exponent_w: EXPONENT_W,
            significand_w: SIGNIFICAND_W,
            decoded,
            acc_w: g.acc_w,
            choices: g.slots() * g.n,
            lane_w: g.lane_w(),
            pipeline: g.pipeline,
            zero_skip: g.zero_skip,
            signed_zero: matches!(g.operand, Format::AdaptivFloat(_)),
            columns: g.accelerator,
        }
        .render()
    })
}

/// Weights to the lanes.
fn loads(unit: &mut Assembly, g: &Geometry) {
    let load = unit.own("load");
    let addressed = load.nets(["valid", "lane"].into_iter().chain(g.accelerator.then_some("columns")));
    unit.derived("load", g.n, &addressed);
    unit.slices(("vmac", "load"), &[("load", "load", "")]);
    unit.fields(("vmac", "load"), &[("weight", &load.net("weight")), ("swap", "swap_i")]);
    if g.sparsity.is_some() {
        unit.fields(("vmac", "load"), &[("select", &load.net("select"))]);
    }
    if g.accelerator {
        unit.derived("place", g.n, &addressed);
        unit.fields(("vmac", "load"), &[("place", "place")]);
        unit.slices(("vmac", "load"), &[("code", &load.net("weight"), "OP_W")]);
    }
}

/// The activations, decoded once for all lanes.
fn decodes(unit: &mut Assembly, n: u32) {
    unit.slices(("decode", "in"), &[("code", "vector_data_i", "OP_W")]);
    let decoded =
        [("sign", 1, ""), ("exponent", EXPONENT_W, "EXPONENT_W"), ("significand", SIGNIFICAND_W, "SIGNIFICAND_W")];
    for (field, width, symbol) in decoded {
        unit.net(field, n * width);
        unit.slices(("decode", "out"), &[(field, field, symbol)]);
    }
}
