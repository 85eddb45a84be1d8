//! `layernorm`: rows of residual sums to normalised rows, a vector a cycle in each of two passes.

use crate::{
    blocks::{
        Library,
        geometry::{COUNT_W, SHIFT_W, clog2},
        leaf, sram,
    },
    emit::Shell,
    leaves,
    netlist::{Contract, Direction, Instance, Interface, Module, Payload, Role},
};
use alberti_arith::{Fixed, Format};
use askama::Template;
use std::sync::Arc;

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
    held: Vec<(String, u32)>,
}

#[derive(Template)]
#[template(path = "rtl/layernorm_constants.v")]
struct ConstantsBody<'a> {
    shell: &'a Shell,
    factor_w: u32,
    triple_w: u32,
    term_w: u32,
    high_w: u32,
}

#[derive(Template)]
#[template(path = "rtl/layernorm_scale.v")]
struct ScaleBody<'a> {
    shell: &'a Shell,
    channels_w: u32,
    sum_w: u32,
    squares_w: u32,
    variance_w: u32,
    factor_w: u32,
    term_w: u32,
    total_w: u32,
    root_w: u32,
    steps: u32,
    step_w: u32,
    half: u32,
    sum_digits: &'a str,
    first_digit: &'a str,
    variance: String,
}

/// Cycles from the last vector of a row's first pass to the first of its second, the sums' way and the scale's steps.
#[must_use]
pub fn turn(n: u32, length_max: u32) -> u32 {
    Widths::new(n, length_max).steps() + ROOT_W / 2 + 8
}

/// The layer norm unit. `None` where the design has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let unit = library.design().units.layernorm?;
    let n = unit.lanes;
    let w = Widths::new(n, unit.length_max);
    let source = "units.layernorm";
    let lane = lane(library, w, unit.length_max > SATURATES);
    let (constants, scale) = (constants(library, w), scale(library, w));
    let groups = n.div_ceil(GROUP);
    let residuals = Payload::Codes(Format::Fixed(Fixed::new(9, 7).expect("a format of 16 bits")));
    let words = 2 * unit.length_max.div_ceil(n);
    let address_w = clog2(words.into());
    let rows =
        unit.row_buffer.then(|| sram::elaborate(library, Some("layernorm"), source, words, n * VALUE_W, residuals));

    let mut module = Module::new(
        "layernorm",
        None,
        &format!("normalises rows of 2 to {} channels in vectors of {n}: mean, variance, gamma, beta", unit.length_max),
        source,
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
        numbers: lane.contract.numbers.clone(),
    };
    module.set_parameters(&[("n", n), ("length_max", unit.length_max), ("row_buffer", unit.row_buffer.into())]);
    let bits = Payload::Bits;
    let row = Interface::sink("row", if unit.row_buffer {
        "One item a row: its channels, less one; the exponent bias of its codes"
    } else {
        "One item a row: its channels, less one; the exponent bias of its codes; whether its passes end a run of rows"
    })
        .input("length", w.length_w, bits)
        .input("exponent_bias", SHIFT_W, bits);
    module.interfaces = vec![
        Interface::clock(),
        if unit.row_buffer { row } else { row.input("last", 1, bits) },
        Interface::sink(
            "residual",
            if unit.row_buffer {
                "Rows; last goes with the vector that holds the last channel"
            } else {
                "Rows, each twice: the first pass of a row comes before the second of the row before; last ends a pass"
            },
        )
        .input("data", n * VALUE_W, residuals)
        .input("last", 1, bits),
        Interface::sink(
            "parameter",
            "Gamma in Q2.14, beta in Q6.10 and the shift of each channel, one item a vector of the norm",
        )
        .input("gamma", n * VALUE_W, bits)
        .input("beta", n * VALUE_W, bits)
        .input("shift", n * CHANNEL_W, bits),
        Interface::source("norm", "Normalised rows in Q6.10, and their codes, divided by 2^shift")
            .output("wide", n * VALUE_W, bits)
            .output("code", n * CODE_W, Payload::Codes(Format::AF8_3))
            .output("last", 1, bits),
        Interface::new("count", Role::Status, "Vectors whose last is not where the row's length says, since clear")
            .plain_input("clear", 1, bits)
            .plain_output("length_error_count", COUNT_W, bits),
    ];

    let control = [
        "clk_i",
        "rst_ni",
        "row_valid_i",
        "row_length_i",
        "row_exponent_bias_i",
        "residual_valid_i",
        "parameter_valid_i",
        "norm_ready_i",
        "done",
        "scale_distance",
    ];
    module.add_nets(&[
        ("front", 1),
        ("back", 1),
        ("start", 1),
        ("done", 1),
        ("hand_over", 1),
        ("channels", w.channels()),
        ("scale_factor", w.factor()),
        ("scale_triple", w.triple()),
        ("scale_offset", w.term()),
        ("scale_distance", HIGH_W),
        ("square", n * 2 * VALUE_W),
        ("factor", n * w.factor()),
        ("triple", n * w.triple()),
        ("offset", n * w.term()),
        ("distance", n * HIGH_W),
        ("group_factor", groups * w.factor()),
        ("group_triple", groups * w.triple()),
        ("group_offset", groups * w.term()),
        ("group_distance", groups * HIGH_W),
        ("used_at_z", n),
        ("bias", SHIFT_W),
    ]);
    module.add_register("value_q", n * VALUE_W, &["clk_i", "residual_data_i"]);
    module.add_register("sum_q", w.sum(), &["clk_i", "value_q"]);
    module.add_register("squares_q", w.squares(), &["clk_i", "square"]);
    module.registers(&["start", "channels", "used_at_z", "bias", "norm_valid_o", "norm_last_o"], &control);
    module.combinational(&["factor"], &["group_factor"]);
    module.combinational(&["triple"], &["group_triple"]);
    module.combinational(&["offset"], &["group_offset"]);
    module.combinational(&["distance"], &["group_distance"]);
    module.registers(&["length_error_count_o"], &["clear_i", "residual_last_i"]);
    module.combinational(&["back"], &["norm_ready_i"]);
    module.combinational(&["front"], &["norm_ready_i", "parameter_valid_i"]);
    module.combinational(&["hand_over"], &["front", "done"]);
    module.combinational(&["parameter_ready_o"], &["norm_ready_i"]);
    if unit.row_buffer {
        module.registers(&["residual_ready_o"], &["clk_i"]);
        module.combinational(&["row_ready_o"], &["residual_valid_i"]);
    } else {
        module.registers(&[], &["row_last_i"]);
        module.combinational(&["residual_ready_o"], &["norm_ready_i", "parameter_valid_i"]);
        module.combinational(&["row_ready_o"], &["residual_valid_i", "norm_ready_i", "parameter_valid_i"]);
    }

    let raw = if unit.row_buffer { "read_data" } else { "value_q" };
    let mut instances = Vec::new();
    if let Some(rows) = &rows {
        module.add_nets(&[
            ("read", 1),
            ("read_address", address_w),
            ("read_data", n * VALUE_W),
            ("write", 1),
            ("write_address", address_w),
        ]);
        module.combinational(&["read"], &["front", "done"]);
        module.registers(&["read_address", "write", "write_address"], &control);
        instances.push(Instance::new("u_rows", rows).wire(&[
            ("clk_i", "clk_i"),
            ("read_enable_i", "read"),
            ("read_address_i", "read_address"),
            ("read_data_o", "read_data"),
            ("write_enable_i", "write"),
            ("write_address_i", "write_address"),
            ("write_data_i", "value_q"),
        ]));
    }
    instances.push(Instance::new("u_scale", &scale).wire(&[
        ("clk_i", "clk_i"),
        ("rst_ni", "rst_ni"),
        ("start_i", "start"),
        ("channels_i", "channels"),
        ("sum_i", "sum_q"),
        ("squares_i", "squares_q"),
        ("done_o", "done"),
        ("taken_i", "hand_over"),
        ("factor_o", "scale_factor"),
        ("triple_o", "scale_triple"),
        ("offset_o", "scale_offset"),
        ("distance_o", "scale_distance"),
    ]));
    instances.push(
        Instance::replicated("u_constants", &constants, "group", groups)
            .wire(&[
                ("clk_i", "clk_i"),
                ("load_i", "hand_over"),
                ("front_i", "front"),
                ("factor_i", "scale_factor"),
                ("triple_i", "scale_triple"),
                ("offset_i", "scale_offset"),
                ("distance_i", "scale_distance"),
            ])
            .lane("factor_o", "group_factor", w.factor(), "FACTOR_W")
            .lane("triple_o", "group_triple", w.triple(), "TRIPLE_W")
            .lane("offset_o", "group_offset", w.term(), "TERM_W")
            .lane("distance_o", "group_distance", HIGH_W, "HIGH_W"),
    );
    instances.push(
        Instance::replicated("u_lane", &lane, "lane", n)
            .wire(&[("clk_i", "clk_i"), ("front_i", "front"), ("back_i", "back"), ("bias_i", "bias")])
            .lane("value_i", "value_q", VALUE_W, "VALUE_W")
            .lane("square_o", "square", 2 * VALUE_W, "SQUARE_W")
            .lane("raw_i", raw, VALUE_W, "VALUE_W")
            .lane("factor_i", "factor", w.factor(), "FACTOR_W")
            .lane("triple_i", "triple", w.triple(), "TRIPLE_W")
            .lane("offset_i", "offset", w.term(), "TERM_W")
            .lane("distance_i", "distance", HIGH_W, "HIGH_W")
            .lane("gamma_i", "parameter_gamma_i", VALUE_W, "VALUE_W")
            .lane("beta_i", "parameter_beta_i", VALUE_W, "VALUE_W")
            .lane("channel_i", "parameter_shift_i", CHANNEL_W, "CHANNEL_W")
            .lane("used_i", "used_at_z", 1, "1")
            .lane("wide_o", "norm_wide_o", VALUE_W, "VALUE_W")
            .lane("code_o", "norm_code_o", CODE_W, "CODE_W"),
    );
    module.instances = instances;
    Some(library.add(module, |shell| {
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
            row_buffer: unit.row_buffer,
            words,
            address_w,
            level_w: clog2(u64::from(words) + 1),
            row_left: w.left("row_length_i"),
            scale_left: w.left("scale_length_q"),
            rest: if unit.row_buffer { "rest" } else { "rest_q" },
        }
        .render()
    }))
}

/// One channel of the vectors.
fn lane(library: &mut Library, w: Widths, saturates: bool) -> Arc<Module> {
    let source = "units.layernorm";
    let normalise = leaves::float_normalise(VALUE_W).expect("the leaf has this width");
    let normalise = leaf::elaborate(library, &*normalise, source);
    let round = leaf::elaborate(library, &*leaves::float_round(), source);
    let mut module = Module::new("layernorm_lane", None, "one channel of the vectors of layer norm", source);
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
            .plain_output("square", 2 * VALUE_W, bits),
        Interface::new(
            "row",
            Role::Input,
            "Second pass: a value; its row's N*R, three times N*R, half - R*S1, and shift",
        )
        .plain_input("front", 1, bits)
        .plain_input("raw", VALUE_W, bits)
        .plain_input("factor", w.factor(), bits)
        .plain_input("triple", w.triple(), bits)
        .plain_input("offset", w.term(), bits)
        .plain_input("distance", HIGH_W, bits),
        Interface::new(
            "channel",
            Role::Input,
            "Its channel's parameters; whether the row has it; the bias of its code",
        )
        .plain_input("back", 1, bits)
        .plain_input("gamma", VALUE_W, bits)
        .plain_input("beta", VALUE_W, bits)
        .plain_input("channel", CHANNEL_W, bits)
        .plain_input("used", 1, bits)
        .plain_input("bias", SHIFT_W, bits),
        Interface::new("norm", Role::Output, "Normalised, and as a code")
            .plain_output("wide", VALUE_W, bits)
            .plain_output("code", CODE_W, Payload::Codes(Format::AF8_3)),
    ];
    module.add_nets(&[("sum", SCALED_W - POINT), ("z", VALUE_W), ("code", CODE_W)]);
    module.add_register("shift_q", SHIFT_W, &["clk_i", "back_i", "channel_i", "bias_i"]);
    let row = ["clk_i", "front_i", "raw_i", "factor_i", "triple_i", "offset_i"];
    module.registers(&["square_o"], &["value_i"]);
    module.registers(&["sum"], &[&row[..], &["distance_i", "back_i", "gamma_i", "beta_i"]].concat());
    module.combinational(&["z"], &["sum", "used_i"]);
    module.registers(&["wide_o"], &["z"]);
    module.registers(&["code_o"], &["code"]);
    let mut first = Instance::new("u_normalise", &normalise).wire(&[("sum_i", "z")]);
    let mut second = Instance::new("u_round", &round).wire(&[("shift_i", "shift_q"), ("code_o", "code")]);
    let mut held = Vec::new();
    for port in normalise.ports().filter(|port| port.direction == Direction::Output) {
        let name = port.name.trim_end_matches("_o");
        let register = format!("{name}_q");
        module.add_nets(&[(name, port.width)]);
        module.add_register(&register, port.width, &["clk_i", name]);
        first = first.wire(&[(&port.name, name)]);
        second = second.wire(&[(&format!("{name}_i"), &register)]);
        held.push((name.to_owned(), port.width));
    }
    module.instances = vec![first, second];
    library.add(module, |shell| {
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

/// Half a place of the result, less 2^VALUE_W for each digit of γ: the inverted signs of the rows.
fn affine_offset() -> u32 {
    (0..VALUE_W / 2).fold(1 << (POINT - 1), |offset: u32, digit| offset.wrapping_sub(1 << (VALUE_W + 2 * digit)))
}

/// A row's constants for a group of lanes.
fn constants(library: &mut Library, w: Widths) -> Arc<Module> {
    let source = "units.layernorm";
    let summary = "the constants of the row that a group of lanes multiplies";
    let mut module = Module::new("layernorm_constants", None, summary, source);
    module.contract = Contract {
        latency: "1 cycle from load; the distance one more that front is set".into(),
        interval: String::new(),
        numbers: String::new(),
    };
    let constants = [("factor", w.factor()), ("triple", w.triple()), ("offset", w.term()), ("distance", HIGH_W)];
    let mut taken = Interface::new("scale", Role::Input, "N*R, three times N*R, half - R*S1, and the distance")
        .plain_input("load", 1, Payload::Bits)
        .plain_input("front", 1, Payload::Bits);
    let mut held = Interface::new("held", Role::Output, "The same, held");
    for (name, width) in constants {
        taken = taken.plain_input(name, width, Payload::Bits);
        held = held.plain_output(name, width, Payload::Bits);
        module.registers(&[&format!("{name}_o")], &["clk_i", "load_i", "front_i", &format!("{name}_i")]);
    }
    module.interfaces = vec![Interface::clock_only(), taken, held];
    library.add(module, |shell| {
        ConstantsBody { shell, factor_w: w.factor(), triple_w: w.triple(), term_w: w.term(), high_w: HIGH_W }.render()
    })
}

/// What is found once a row.
fn scale(library: &mut Library, w: Widths) -> Arc<Module> {
    let source = "units.layernorm";
    let normalise = leaf::elaborate(library, &leaves::RsqrtNormalise::new(), source);
    let segment = leaf::elaborate(library, &leaves::RsqrtSegment::new(), source);
    let interpolate = leaf::elaborate(library, &leaves::RsqrtInterpolate::new(), source);
    let mut module = Module::new(
        "layernorm_scale",
        None,
        "from the sums of a row to what its channels are multiplied by and moved by, in small steps",
        source,
    );
    module.contract = Contract {
        latency: format!("{} cycles", w.steps() + ROOT_W / 2 + 4),
        interval: "one row after the other".into(),
        numbers: "V = N*S2 - S1^2 exact; R = 1/sqrt(V) by table and interpolation; N*R and half - R*S1 exact".into(),
    };
    let bits = Payload::Bits;
    module.interfaces = vec![
        Interface::clock(),
        Interface::new(
            "sums",
            Role::Input,
            "Channels, their sum and the sum of their squares, taken with start when idle",
        )
        .plain_input("start", 1, bits)
        .plain_input("channels", w.channels(), bits)
        .plain_input("sum", w.sum(), bits)
        .plain_input("squares", w.squares(), bits),
        Interface::new("scale", Role::Output, "N*R, three times N*R, half - R*S1, and the distance; held until taken")
            .plain_output("done", 1, bits)
            .plain_input("taken", 1, bits)
            .plain_output("factor", w.factor(), bits)
            .plain_output("triple", w.triple(), bits)
            .plain_output("offset", w.term(), bits)
            .plain_output("distance", HIGH_W, bits),
    ];
    module.add_nets(&[
        ("variance", ROOT_VARIANCE_W),
        ("pair", HIGH_W),
        ("mantissa", VALUE_W),
        ("segment", 7),
        ("fraction", 9),
        ("base", ROOT_W),
        ("rise", 10),
        ("root", ROOT_W),
    ]);
    module.add_register("base_q", ROOT_W, &["clk_i", "base"]);
    module.add_register("rise_q", 10, &["clk_i", "rise"]);
    module.registers(
        &["variance", "factor_o", "triple_o", "offset_o", "done_o"],
        &["clk_i", "rst_ni", "start_i", "channels_i", "sum_i", "squares_i", "taken_i", "root"],
    );
    module.registers(&["distance_o"], &["pair"]);
    module.registers(&["segment", "fraction"], &["mantissa"]);
    module.instances = vec![
        Instance::new("u_normalise", &normalise).wire(&[
            ("variance_i", "variance"),
            ("pair_o", "pair"),
            ("mantissa_o", "mantissa"),
        ]),
        Instance::new("u_segment", &segment).wire(&[("segment_i", "segment"), ("base_o", "base"), ("step_o", "rise")]),
        Instance::new("u_interpolate", &interpolate).wire(&[
            ("base_i", "base_q"),
            ("step_i", "rise_q"),
            ("fraction_i", "fraction"),
            ("root_o", "root"),
        ]),
    ];
    let even = w.sum().is_multiple_of(2);
    library.add(module, |shell| {
        ScaleBody {
            shell,
            channels_w: w.channels(),
            sum_w: w.sum(),
            squares_w: w.squares(),
            variance_w: w.variance(),
            factor_w: w.factor(),
            term_w: w.term(),
            total_w: w.total(),
            root_w: ROOT_W,
            steps: w.steps(),
            step_w: clog2(w.steps().into()),
            half: LOW_W - 1,
            sum_digits: if even { "sum_q" } else { "{1'b0, sum_q}" },
            first_digit: if even { "sum_i[SUM_W-1 -: 2]" } else { "{1'b0, sum_i[SUM_W-1]}" },
            variance: match ROOT_VARIANCE_W - w.variance() {
                0 => "total_q".into(),
                pad => format!("{{{pad}'d0, total_q[VARIANCE_W-1:0]}}"),
            },
        }
        .render()
    })
}
