//! One channel of the vectors.

use super::{CHANNEL_W, CODE_W, HIGH_W, LOW_W, POINT, SCALED_W, SOURCE, VALUE_W, Widths};
use crate::{
    blocks::{Assembly, Library, geometry::SHIFT_W, leaf},
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/layernorm_lane.v")]
struct LaneBody<'a> {
    shell: &'a Shell,
    value_w: u32,
    square_w: u32,
    factor_w: u32,
    term_w: u32,
    low_w: u32,
    high_w: u32,
    scaled_w: u32,
    point: u32,
    shift_w: u32,
    channel_w: u32,
    booth_offset: String,
    saturates: bool,
    held: Vec<leaf::Passed>,
}

/// One channel of the vectors.
pub fn elaborate(library: &mut Library, w: Widths, saturates: bool) -> Arc<Module> {
    let normalise = leaves::float_normalise(VALUE_W).expect("the leaf has this width");
    let mut unit = Assembly::new(outside(w, saturates));
    unit.place("normalise", &leaf::elaborate(library, &*normalise, SOURCE));
    unit.place("round", &leaf::elaborate(library, &*leaves::float_round(), SOURCE));

    let (sums, row, channel) = (unit.own("sums"), unit.own("row"), unit.own("channel"));
    unit.registers(sums.driven(), sums.read());
    unit.net("sum", SCALED_W - POINT);
    unit.registers(["sum"], [row.read(), channel.nets(["back", "gamma", "beta"])].concat());
    unit.derived("z", VALUE_W, ["sum".into(), channel.net("used")]);
    unit.register("shift_q", SHIFT_W, channel.nets(["back", "channel", "bias"]));
    unit.fields(("normalise", "in"), &[("sum", "z")]);
    let held = leaf::join_registered(&mut unit, "normalise", "round", "aligned");
    unit.fields(("round", "in"), &[("shift", "shift_q")]);
    unit.net("code", CODE_W);
    unit.fields(("round", "out"), &[("code", "code")]);
    unit.registers(["wide_o"], ["z"]);
    unit.registers(["code_o"], ["code"]);
    library.add(unit.finish(), |shell| {
        LaneBody {
            shell,
            value_w: VALUE_W,
            square_w: 2 * VALUE_W,
            factor_w: w.factor(),
            term_w: w.term(),
            low_w: LOW_W,
            high_w: HIGH_W,
            scaled_w: SCALED_W,
            point: POINT,
            shift_w: SHIFT_W,
            channel_w: CHANNEL_W,
            booth_offset: format!("{SCALED_W}'h{:x}", affine_offset()),
            saturates,
            held,
        }
        .render()
    })
}

/// Name, contract and ports.
fn outside(w: Widths, saturates: bool) -> Module {
    let mut module = Module::new("layernorm_lane", None, "one channel of the vectors of layer norm", SOURCE);
    module.contract = Contract {
        latency: "first pass 1 cycle; second pass 2 to y, 5 to the norm".into(),
        interval: "one channel a cycle in each pass".into(),
        numbers: format!(
            "y = sat16(rhu((N*r - S1) * R, 13 + k)) in Q6.10{}; z = sat16(rhu(y * gamma, 14) + beta) in Q6.10; code of z / \
             2^shift rounds half to even; the last vector's lanes beyond the row are 0",
            if saturates { "" } else { ", which never saturates in rows this short" }
        ),
    };
    let bits = Payload::Bits;
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("sums", Role::Input, "First pass: a value, offset by half its range; its square a cycle later")
            .plain_input("value", VALUE_W, bits)
            .of("VALUE_W")
            .plain_output("square", 2 * VALUE_W, bits)
            .of("SQUARE_W"),
        Interface::new(
            "row",
            Role::Input,
            "Second pass: a value; its row's N*R, three times N*R, half - R*S1, and shift",
        )
        .plain_input("front", 1, bits)
        .plain_input("raw", VALUE_W, bits)
        .of("VALUE_W")
        .plain_input("factor", w.factor(), bits)
        .of("FACTOR_W")
        .plain_input("triple", w.triple(), bits)
        .of("TRIPLE_W")
        .plain_input("offset", w.term(), bits)
        .of("TERM_W")
        .plain_input("distance", HIGH_W, bits)
        .of("HIGH_W"),
        Interface::new(
            "channel",
            Role::Input,
            "Its channel's parameters; whether the row has it; the bias of its code",
        )
        .plain_input("back", 1, bits)
        .plain_input("gamma", VALUE_W, bits)
        .of("VALUE_W")
        .plain_input("beta", VALUE_W, bits)
        .of("VALUE_W")
        .plain_input("channel", CHANNEL_W, bits)
        .of("CHANNEL_W")
        .plain_input("used", 1, bits)
        .plain_input("bias", SHIFT_W, bits)
        .of("SHIFT_W"),
        Interface::new("norm", Role::Output, "Normalised, and as a code")
            .plain_output("wide", VALUE_W, bits)
            .of("VALUE_W")
            .plain_output("code", CODE_W, Payload::Codes(Format::AF8_3)),
    ];
    module
}

/// Half a place of the result, less 2^VALUE_W for each digit of γ: the inverted signs of the rows.
fn affine_offset() -> u32 {
    (0..VALUE_W / 2).fold(1 << (POINT - 1), |offset: u32, digit| offset.wrapping_sub(1 << (VALUE_W + 2 * digit)))
}
