//! `layernorm`: rows of residual sums to normalised rows, a vector a cycle in each of two passes.

mod constants;
mod lane;
mod scale;

use crate::{
    blocks::{
        Assembly, Library,
        geometry::{COUNT_W, SHIFT_W, clog2},
        sram,
    },
    design::LayerNormUnit,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::{Fixed, Format};
use askama::Template;
use std::sync::Arc;

/// The key path that the unit comes from.
const SOURCE: &str = "units.layernorm";
/// Width of the values that go in, of γ, of β and of what comes out.
const VALUE_W: u32 = 16;
/// Fraction bits of γ.
const POINT: u32 = 14;
/// Fraction bits of what comes out, before its channel shift.
const FRACTION: u32 = 10;
/// Width of y·γ + β with γ's fraction bits.
const SCALED_W: u32 = 32;
/// Width of a channel shift.
const CHANNEL_W: u32 = 2;
/// Width of the codes.
const CODE_W: u32 = 8;
/// Width of the reciprocal root.
const ROOT_W: u32 = 16;
/// Width of the pair of bits that holds the leading one of V: the distance from `LOW_W` on.
const HIGH_W: u32 = 5;
/// The least distance that (N·r − S1)·R moves.
const LOW_W: u32 = 6;
/// Lanes that share a copy of a row's constants, so that no register drives all of them.
const GROUP: u32 = 4;
/// Channels from which on a single one can lie more than 32 deviations from the mean.
const SATURATES: u32 = 1024;
/// Width that the leaf of the root takes.
const ROOT_VARIANCE_W: u32 = 56;

/// Widths of the unit that depend on the longest row.
#[derive(Clone, Copy, Debug)]
struct Widths {
    length_w: u32,
    left_w: u32,
    lane_w: u32,
}

impl Widths {
    fn new(n: u32, length_max: u32) -> Self {
        let (length_w, lane_w) = (clog2(length_max.into()), clog2(n.into()));
        // A vector is never longer than a row.
        Self { length_w, left_w: length_w.max(lane_w + 1), lane_w }
    }

    fn channels(self) -> u32 {
        self.length_w + 1
    }

    fn sum(self) -> u32 {
        VALUE_W + self.left_w
    }

    fn squares(self) -> u32 {
        2 * VALUE_W + self.left_w
    }

    fn variance(self) -> u32 {
        (2 * VALUE_W - 2 + 2 * self.left_w).min(ROOT_VARIANCE_W)
    }

    fn factor(self) -> u32 {
        ROOT_W + self.left_w
    }

    fn triple(self) -> u32 {
        self.factor() + 2
    }

    fn term(self) -> u32 {
        VALUE_W + ROOT_W + 1 + self.left_w
    }

    fn total(self) -> u32 {
        self.variance().max(self.term())
    }

    /// What is found once a row: name, what its width is called, width.
    fn constants(self) -> [(&'static str, &'static str, u32); 4] {
        [
            ("factor", "FACTOR_W", self.factor()),
            ("triple", "TRIPLE_W", self.triple()),
            ("offset", "TERM_W", self.term()),
            ("distance", "HIGH_W", HIGH_W),
        ]
    }

    fn steps(self) -> u32 {
        self.sum().div_ceil(2)
    }

    /// An expression of `length_w` bits as one of `left_w`.
    fn left(self, length: &str) -> String {
        if self.left_w == self.length_w {
            length.into()
        } else {
            format!("{{{{(LEFT_W-LENGTH_W){{1'b0}}}}, {length}}}")
        }
    }
}

#[derive(Template)]
#[template(path = "rtl/layernorm.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    value_w: u32,
    square_w: u32,
    length_w: u32,
    left_w: u32,
    sum_w: u32,
    squares_w: u32,
    factor_w: u32,
    term_w: u32,
    high_w: u32,
    shift_w: u32,
    channel_w: u32,
    lane_w: u32,
    count_w: u32,
    fraction: u32,
    group: u32,
    row_buffer: bool,
    words: u32,
    address_w: u32,
    level_w: u32,
    row_left: String,
    scale_left: String,
    rest: &'a str,
}

/// Cycles from the last vector of a row's first pass to the first of its second, the sums' way and the
/// scale's steps.
#[must_use]
pub fn turn(n: u32, length_max: u32) -> u32 {
    Widths::new(n, length_max).steps() + ROOT_W / 2 + 8
}

/// The layer norm unit. `None` where the design has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let unit = library.design().units.layernorm?;
    let (n, row_buffer) = (unit.lanes, unit.row_buffer);
    let w = Widths::new(n, unit.length_max);
    let lane = lane::elaborate(library, w, unit.length_max > SATURATES);
    let mut assembly = Assembly::new(outside(unit, w, &lane.contract.numbers));
    if row_buffer {
        let rows = sram::elaborate(library, Some("layernorm"), SOURCE, words(unit), n * VALUE_W, residuals());
        assembly.place("rows", &rows);
    }
    assembly.place("scale", &scale::elaborate(library, w));
    assembly.place_row("constants", &constants::elaborate(library, w), "group", n.div_ceil(GROUP));
    assembly.place_row("lane", &lane, "lane", n);

    flow(&mut assembly, row_buffer);
    sums(&mut assembly, w, n);
    constants_of_rows(&mut assembly, w);
    let values = if row_buffer { rows(&mut assembly) } else { "value_q".to_owned() };
    second_pass(&mut assembly, &values, n);

    Some(library.add(assembly.finish(), |shell| {
        Body {
            shell,
            n,
            value_w: VALUE_W,
            square_w: 2 * VALUE_W,
            length_w: w.length_w,
            left_w: w.left_w,
            sum_w: w.sum(),
            squares_w: w.squares(),
            factor_w: w.factor(),
            term_w: w.term(),
            high_w: HIGH_W,
            shift_w: SHIFT_W,
            channel_w: CHANNEL_W,
            lane_w: w.lane_w,
            count_w: COUNT_W,
            fraction: FRACTION,
            group: GROUP,
            row_buffer,
            words: words(unit),
            address_w: clog2(words(unit).into()),
            level_w: clog2(u64::from(words(unit)) + 1),
            row_left: w.left("row_length_i"),
            scale_left: w.left("scale_length_q"),
            rest: if row_buffer { "rest" } else { "rest_q" },
        }
        .render()
    }))
}

/// What the values of a row are.
fn residuals() -> Payload {
    Payload::Codes(Format::Fixed(Fixed::new(9, 7).expect("a format of 16 bits")))
}

/// Vectors that the row buffer holds: those of two of the longest rows.
fn words(unit: LayerNormUnit) -> u32 {
    2 * unit.length_max.div_ceil(unit.lanes)
}

/// Name, contract and ports.
fn outside(unit: LayerNormUnit, w: Widths, numbers: &str) -> Module {
    let n = unit.lanes;
    let mut module = Module::new(
        "layernorm",
        None,
        &format!("normalises rows of 2 to {} channels in vectors of {n}: mean, variance, gamma, beta", unit.length_max),
        SOURCE,
    );
    let turn = turn(n, unit.length_max);
    module.contract = Contract {
        latency: format!(
            "{turn} cycles from the last vector of a row to the first of its second pass, 6 from there to the norm"
        ),
        interval: format!(
            "one vector a cycle in both passes{}; a row at least every {} cycles",
            if unit.row_buffer { ", which overlap" } else { "" },
            turn + 1
        ),
        numbers: numbers.to_owned(),
    };
    module.set_parameters(&[("n", n), ("length_max", unit.length_max), ("row_buffer", unit.row_buffer.into())]);
    module.interfaces = interfaces(n, unit.row_buffer, w);
    module
}

/// What the unit takes and gives.
fn interfaces(n: u32, row_buffer: bool, w: Widths) -> Vec<Interface> {
    let bits = Payload::Bits;
    let (rows, vectors) = if row_buffer {
        (
            "One item a row: its channels, less one; the exponent bias of its codes; whether it is not normalised",
            "Rows; last goes with the vector that holds the last channel",
        )
    } else {
        (
            "One item a row: its channels, less one; the exponent bias of its codes; whether it is not normalised; whether \
             its passes end a run of rows",
            "Rows, each twice: the first pass of a row comes before the second of the row before; last ends a pass",
        )
    };
    let row = Interface::sink("row", rows)
        .input("length", w.length_w, bits)
        .of("LENGTH_W")
        .input("exponent_bias", SHIFT_W, bits)
        .of("SHIFT_W")
        .input("plain", 1, bits);
    vec![
        Interface::clock(),
        if row_buffer { row } else { row.input("last", 1, bits) },
        Interface::sink("residual", vectors)
            .input("data", n * VALUE_W, residuals())
            .of("N*VALUE_W")
            .input("last", 1, bits),
        Interface::sink(
            "parameter",
            "Gamma in Q2.14, beta in Q6.10 and the shift of each channel, one item a vector of the norm",
        )
        .input("gamma", n * VALUE_W, bits)
        .of("N*VALUE_W")
        .input("beta", n * VALUE_W, bits)
        .of("N*VALUE_W")
        .input("shift", n * CHANNEL_W, bits)
        .of("N*CHANNEL_W"),
        Interface::source("norm", "Normalised rows in Q6.10, and their codes, divided by 2^shift")
            .output("wide", n * VALUE_W, bits)
            .of("N*VALUE_W")
            .output("code", n * CODE_W, Payload::Codes(Format::AF8_3))
            .of("N*CODE_W")
            .output("last", 1, bits),
        Interface::new("count", Role::Status, "Vectors whose last is not where the row's length says, since clear")
            .plain_input("clear", 1, bits)
            .plain_output("length_error_count", COUNT_W, bits)
            .of("COUNT_W"),
    ]
}

/// What moves the vectors, and what the handshakes depend on.
fn flow(unit: &mut Assembly, row_buffer: bool) {
    let [row, residual, parameter, norm] = ["row", "residual", "parameter", "norm"].map(|name| unit.own(name));
    let (taken, given) = (norm.net("ready"), parameter.net("valid"));
    unit.derived("back", 1, [&taken]);
    unit.derived("front", 1, [&taken, &given]);
    unit.net("done", 1);
    unit.derived("hand_over", 1, ["front", "done"]);
    unit.combinational([parameter.net("ready")], [&taken]);
    unit.registers(["length_error_count_o"], ["clear_i", &residual.net("last")]);
    unit.registers(norm.nets(["valid", "last"]), control(unit));
    let waits = [residual.net("valid"), taken, given];
    if row_buffer {
        unit.registers([residual.net("ready")], Vec::<String>::new());
        unit.combinational([row.net("ready")], &waits[..1]);
    } else {
        unit.state([row.net("last")]);
        unit.combinational([residual.net("ready")], &waits[1..]);
        unit.combinational([row.net("ready")], &waits);
    }
}

/// What the control's registers load.
fn control(unit: &Assembly) -> Vec<String> {
    let valids = ["residual", "parameter"].map(|name| unit.own(name).net("valid"));
    let row = unit.own("row").nets(["valid", "length", "exponent_bias", "plain"]);
    let others = ["norm_ready_i", "done", "scale_distance"].map(String::from);
    [row, valids.to_vec(), others.to_vec()].concat()
}

/// The first pass: the sums of a row, to the scale.
fn sums(unit: &mut Assembly, w: Widths, n: u32) {
    unit.register("value_q", n * VALUE_W, ["residual_data_i"]);
    unit.net("square", n * 2 * VALUE_W);
    unit.slices(("lane", "sums"), &[("value", "value_q", "VALUE_W"), ("square", "square", "SQUARE_W")]);
    unit.register("sum_q", w.sum(), ["value_q"]);
    unit.register("squares_q", w.squares(), ["square"]);
    for (net, width) in [("start", 1), ("channels", w.channels())] {
        unit.net(net, width);
        let reads = control(unit);
        unit.registers([net], reads);
    }
    unit.register("scale_plain_q", 1, ["row_plain_i"]);
    unit.fields(
        ("scale", "sums"),
        &[
            ("start", "start"),
            ("plain", "scale_plain_q"),
            ("channels", "channels"),
            ("sum", "sum_q"),
            ("squares", "squares_q"),
        ],
    );
}

/// What the scale finds, held for each group of lanes and copied for each lane of it.
fn constants_of_rows(unit: &mut Assembly, w: Widths) {
    unit.fields(("scale", "scale"), &[("done", "done"), ("taken", "hand_over")]);
    unit.fields(("constants", "scale"), &[("load", "hand_over"), ("front", "front")]);
    unit.join_as(("scale", "scale"), ("constants", "scale"), "scale");
    let widths = w.constants().map(|(field, symbol, _)| (field, symbol));
    let held = unit.lanes(("constants", "held"), "group", &widths);
    for (field, symbol, width) in w.constants() {
        let lanes = unit.count("lane");
        unit.derived(field, lanes * width, [held.net(field)]);
        unit.slices(("lane", "row"), &[(field, field, symbol)]);
    }
}

/// The buffer in which rows wait for their second pass; the net that holds its vectors.
fn rows(unit: &mut Assembly) -> String {
    unit.fields(("rows", "write"), &[("data", "value_q")]);
    let (read, write) = (unit.bundle(("rows", "read"), "read"), unit.bundle(("rows", "write"), "write"));
    unit.combinational([read.net("enable")], ["front", "done"]);
    let reads = control(unit);
    unit.registers([read.net("address"), write.net("enable"), write.net("address")], reads);
    read.net("data")
}

/// The second pass: from the values of a row to its norm.
fn second_pass(unit: &mut Assembly, values: &str, n: u32) {
    for (net, width) in [("used_at_z", n), ("bias", SHIFT_W)] {
        unit.net(net, width);
        let reads = control(unit);
        unit.registers([net], reads);
    }
    unit.fields(("lane", "row"), &[("front", "front")]);
    unit.slices(("lane", "row"), &[("raw", values, "VALUE_W")]);
    unit.fields(("lane", "channel"), &[("back", "back"), ("bias", "bias")]);
    unit.slices(
        ("lane", "channel"),
        &[
            ("gamma", "parameter_gamma_i", "VALUE_W"),
            ("beta", "parameter_beta_i", "VALUE_W"),
            ("channel", "parameter_shift_i", "CHANNEL_W"),
            ("used", "used_at_z", "1"),
        ],
    );
    unit.slices(("lane", "norm"), &[("wide", "norm_wide_o", "VALUE_W"), ("code", "norm_code_o", "CODE_W")]);
}
