//! `softmax`: rows of scores to attention probabilities.

use crate::{
    blocks::{
        Assembly, Library,
        geometry::{COUNT_W, SHIFT_W, clog2},
        leaf, sram, stream_fifo,
    },
    design::{Maximum, SoftmaxUnit},
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

/// Bits of a score, Q8.8.
const SCORE_W: u32 = 16;

/// Bits of a power, Q1.15.
const POWER_W: u32 = 16;

/// Bits of a power at the end of its segment, of how much less it is at the other, and of the place between
/// them.
const BASE_W: u32 = 21;
const STEP_W: u32 = 10;
const PLACE_W: u32 = 5;

/// Bits of a mask, 0 to 128.
const MASK_W: u32 = 8;

/// Bits of a code.
const CODE_W: u32 = 8;

/// Bits of what a share's distance is taken from, 4X + L in Q.10.
const REFERENCE_W: u32 = 19;

/// Width of the narrowest normaliser.
const SIGNIFICAND_W: u32 = 24;

/// Rows between the pass that they are in and the next: what is found of a row waits in a buffer of as many
/// entries.
const ROWS: u32 = 3;

/// Lanes whose maximum is found in one cycle.
const GROUP: u32 = 4;

/// Where a row waits between two passes.
struct Store {
    name: &'static str,
    /// What the variant of the memory is called.
    label: &'static str,
    comment: &'static str,
}

/// n lanes from scores to shifted powers.
struct Path {
    name: &'static str,
    comment: &'static str,
    /// Bits of a distance in whole octaves, and the localparam that names them.
    distance_w: u32,
    symbol: &'static str,
    scores: &'static str,
    lanes: &'static str,
    reference: &'static str,
    low: &'static str,
    last: &'static str,
    /// What its distances are made of.
    operands: &'static [&'static str],
}

#[derive(Template)]
#[template(path = "rtl/softmax.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    row_buffer: bool,
    running: bool,
    length_w: u32,
    sum_w: u32,
    count_w: u32,
    words: u32,
    address_w: u32,
    used_w: u32,
    last_word: String,
    rows: u32,
    stores: &'a [Store],
    paths: &'a [Path],
    keyed_scores: &'static str,
    keyed_lanes: &'static str,
    keyed_take: &'static str,
    moving_first: &'static str,
    octave_base: String,
    group: u32,
    groups: u32,
    cut: u32,
}

/// Widths of a unit.
#[derive(Clone, Copy, Debug)]
struct Widths {
    /// Bits that number a row's elements; a vector's own number fits as well.
    length: u32,
    /// Bits of S: every row whose length fits.
    sum: u32,
    /// Vectors that a store holds: two of the longest rows, and any row whose length fits.
    words: u32,
}

impl Widths {
    fn new(n: u32, unit: SoftmaxUnit) -> Self {
        let length = clog2(u64::from(unit.length_max.max(n + 1)));
        Self { length, sum: POWER_W + length, words: 2 * unit.length_max / n }
    }
}

/// The softmax unit; `None` where the design has none.
///
/// # Panics
/// When a leaf has not the width that is asked for, which its tests exclude.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let unit = library.design().units.softmax?;
    let n = unit.lanes;
    let widths = Widths::new(n, unit);
    let running = unit.maximum == Maximum::Running;
    let mut assembly = Assembly::new(outside(unit, widths));
    let stores = if unit.row_buffer { stores(running) } else { Vec::new() };
    let paths = paths(unit.row_buffer, running);
    stored_rows(library, &mut assembly, &stores, widths, n);
    if !running {
        found_of_rows(library, &mut assembly, ("maximum", "new"), SCORE_W);
    }
    found_of_rows(library, &mut assembly, ("reference", "in"), REFERENCE_W);
    lanes(library, &mut assembly, &paths, n);
    logarithm(library, &mut assembly);
    codes(library, &mut assembly, n);
    flow(&mut assembly, unit.row_buffer, running);

    let address_w = clog2(widths.words.into());
    let shared = ("score_data_i", "lanes", "take", "lane_first_q");
    let apart = ("sum_scores", "sum_lanes", "sum_take", "moving_first_q");
    let (keyed_scores, keyed_lanes, keyed_take, moving_first) = if unit.row_buffer { apart } else { shared };
    let octave_base = if running {
        format!("total_octave_q + 9'd{}", 512 + widths.sum - 144)
    } else {
        format!("9'd{}", widths.sum - 16)
    };
    let group = if n > 16 { 2 * GROUP } else { GROUP };
    Some(library.add(assembly.finish(), |shell| {
        Body {
            shell,
            n,
            row_buffer: unit.row_buffer,
            running,
            length_w: widths.length,
            sum_w: widths.sum,
            count_w: COUNT_W,
            words: widths.words,
            address_w,
            used_w: clog2(u64::from(widths.words) + 1),
            last_word: format!("{address_w}'d{}", widths.words - 1),
            rows: ROWS,
            stores: &stores,
            paths: &paths,
            keyed_scores,
            keyed_lanes,
            keyed_take,
            moving_first,
            octave_base,
            group,
            groups: n.div_ceil(group),
            cut: if n < 4 { 1 } else { 3 },
        }
        .render()
    }))
}

/// Name, contract and ports.
fn outside(unit: SoftmaxUnit, widths: Widths) -> Module {
    let n = unit.lanes;
    let mut module = Module::new(
        "softmax",
        None,
        &format!(
            "rows of up to {} scores to attention probabilities, {} at a time, without a divider",
            unit.length_max, n
        ),
        "units.softmax",
    );
    module.contract = Contract {
        latency: match unit.maximum {
            Maximum::Running => format!("{LATENCY} cycles from a row's last scores to its first codes"),
            Maximum::Row => format!(
                "{} cycles from the last scores of a row of one vector to its codes, one more for each further vector",
                LATENCY + MAXIMUM_LATENCY
            ),
        },
        interval: if unit.row_buffer {
            "one vector a cycle, rows overlapped".into()
        } else {
            "two cycles a vector, the passes of neighbouring rows alternating".into()
        },
        numbers: "scores Q8.8 of base 2, masks Q1.7 (0 to 128), codes AF<8,3> at bias -8; powers round half up to \
                  Q1.15, S is exact, codes round half to even"
            .into(),
    };
    module.set_parameters(&[("n", n), ("length_max", unit.length_max), ("sum_w", widths.sum)]);
    let row = "Rows: elements minus 1, and how many of them take part; the others become zero";
    let (row, sent) = if unit.row_buffer {
        (Interface::sink("row", row), "Scores of a row; last ends it")
    } else {
        let row = format!("{row}. last: no row follows before its shares are asked for");
        let sent =
            "Scores of each row twice, for its sum before the row before it is sent for its shares; last ends each";
        (Interface::sink("row", &row), sent)
    };
    let row = row
        .input("length", widths.length, Payload::Bits)
        .of("LENGTH_W")
        .input("count", widths.length + 1, Payload::Bits)
        .of("VALID_W");
    module.interfaces = vec![
        Interface::clock(),
        if unit.row_buffer { row } else { row.input("last", 1, Payload::Bits) },
        Interface::sink("score", sent).input("data", n * SCORE_W, Payload::Bits).of("N*SCORE_W").input(
            "last",
            1,
            Payload::Bits,
        ),
        Interface::sink("mask", "Attention span, one vector for each vector of codes")
            .input("data", n * MASK_W, Payload::Bits)
            .of("N*MASK_W"),
        Interface::source("code", "Probabilities; last ends a row")
            .output("data", n * CODE_W, Payload::Codes(Format::AF8_3))
            .of("N*CODE_W")
            .output("last", 1, Payload::Bits),
        Interface::new("counts", Role::Status, "Since clear: vectors whose last contradicts the row's length")
            .plain_input("clear", 1, Payload::Bits)
            .plain_output("length_error_count", COUNT_W, Payload::Bits)
            .of("COUNT_W"),
    ];
    module
}

/// Cycles from a row's last scores to its first codes, with the running maximum.
pub const LATENCY: u32 = 12;

/// What the row's maximum adds to it.
pub const MAXIMUM_LATENCY: u32 = 3;

fn stores(running: bool) -> Vec<Store> {
    let sum = Store {
        name: "sum_store",
        label: "softmax_sum",
        comment: "Rows that wait for their maximum: a queue of vectors, their lanes and ends.",
    };
    let out = Store {
        name: "out_store",
        label: "softmax_out",
        comment: "Rows that wait for their sum: a queue of vectors, their lanes and ends.",
    };
    if running { vec![out] } else { vec![sum, out] }
}

fn paths(row_buffer: bool, running: bool) -> Vec<Path> {
    let (distance_w, symbol) = if running { (9, "OCTAVE") } else { (5, "SHIFT") };
    let sum = Path {
        name: "sum",
        comment: if running {
            "Powers for the sum: of the part of a score below its octave, whatever the octave of the maximum will be."
        } else {
            "Powers for the sum, of each score's distance from the maximum."
        },
        distance_w,
        symbol,
        scores: "sum_scores",
        lanes: "sum_lanes",
        reference: if running { "17'd0" } else { "{maximum[15], maximum}" },
        low: "2'b00",
        last: "sum_last",
        operands: if running { &["score_data_i"] } else { &["sum_store_word", "maximum"] },
    };
    let out = Path {
        name: "out",
        comment: "Powers for the shares, of each score's distance from 4X + L.",
        distance_w: 4,
        symbol: "FADE",
        scores: "out_scores",
        lanes: "out_lanes",
        reference: "reference[REFER_W-1:2]",
        low: "reference[1:0]",
        last: "out_last",
        operands: &["out_store_word", "reference"],
    };
    let lane = Path {
        name: "lane",
        comment: "Powers, of each score's distance from what its pass takes them from.",
        distance_w,
        symbol,
        scores: "score_data_i",
        lanes: "lanes",
        reference: "lane_reference[REFER_W-1:2]",
        low: "lane_reference[1:0]",
        last: "last",
        operands: &["score_data_i", "reference"],
    };
    if row_buffer { vec![sum, out] } else { vec![lane] }
}

/// Memories of the rows.
fn stored_rows(library: &mut Library, unit: &mut Assembly, stores: &[Store], widths: Widths, n: u32) {
    let (source, word_w) = ("units.softmax.length_max", n * SCORE_W + n + 1);
    let address_w = clog2(widths.words.into());
    for Store { name, label, .. } in stores {
        unit.place(name, &sram::elaborate(library, Some(label), source, widths.words, word_w, Payload::Bits));
        let [read, write, word, data, head, tail] =
            ["read", "write", "word", "data", "head_q", "tail_q"].map(|part| format!("{name}_{part}"));
        unit.group(name, &format!("u_{name}"), &[(&read, 1), (&write, 1), (&word, word_w), (&data, word_w)]);
        unit.group_register(name, &head, address_w, [&read]);
        unit.group_register(name, &tail, address_w, [&write]);
        unit.fields((name, "read"), &[("enable", &read), ("address", &head), ("data", &word)]);
        unit.fields((name, "write"), &[("enable", &write), ("address", &tail), ("data", &data)]);
    }
}

/// A buffer of what is found of rows: its name and what the net of what goes in ends with.
fn found_of_rows(library: &mut Library, unit: &mut Assembly, (name, new): (&str, &str), width: u32) {
    let label = format!("softmax_{name}");
    unit.place(name, &stream_fifo::elaborate(library, Some(&label), "units.softmax", width, ROWS, Payload::Bits));
    let [done, new, valid, taken] = ["done", new, "valid", "taken"].map(|part| format!("{name}_{part}"));
    let nets: [(&str, u32); 5] = [(&done, 1), (&new, width), (&valid, 1), (&taken, 1), (name, width)];
    unit.group(name, &format!("u_{name}"), &nets);
    unit.fields((name, "in"), &[("valid", &done), ("data", &new)]);
    unit.open(name, "in_ready_o");
    unit.fields((name, "out"), &[("valid", &valid), ("ready", &taken), ("data", name)]);
}

/// The powers of every path, n to each.
fn lanes(library: &mut Library, unit: &mut Assembly, paths: &[Path], n: u32) {
    let segment_leaf = leaf::elaborate(library, &*leaves::exp2_segment(), "units.softmax");
    let power_leaf = leaf::elaborate(library, &*leaves::exp2_interpolate(), "units.softmax");
    for Path { name, operands, .. } in paths {
        let [first, second] = ["segment", "power"].map(|part| format!("{name}_{part}"));
        unit.place_row(&first, &segment_leaf, &format!("{name}_line"), n);
        unit.place_row(&second, &power_leaf, &format!("{name}_lane"), n);
        let [base, step] = ["base", "step"].map(|part| format!("{name}_{part}"));
        let nets: [(&str, u32); 4] =
            [(&first, n * PLACE_W), (&base, n * BASE_W), (&step, n * STEP_W), (&second, n * POWER_W)];
        unit.group(name, &format!("u_{first}, u_{second}"), &nets);
        unit.combinational([&first], operands.iter().copied());
        unit.slices((&first, "in"), &[("segment", &first, "PLACE_W")]);
        for (field, net, width, symbol) in [("base", &base, BASE_W, "BASE_W"), ("step", &step, STEP_W, "STEP_W")] {
            let register = format!("{net}_q");
            unit.group_register(name, &register, n * width, [net]);
            unit.slices((&first, "out"), &[(field, net, symbol)]);
            unit.slices((&second, "in"), &[(field, &register, symbol)]);
        }
        let place = format!("{name}_place_q");
        unit.group_register(name, &place, n * PLACE_W, Vec::<String>::new());
        unit.slices((&second, "in"), &[("place", &place, "PLACE_W")]);
        unit.slices((&second, "out"), &[("power", &second, "POWER_W")]);
    }
}

/// The logarithm of a row's sum.
fn logarithm(library: &mut Library, unit: &mut Assembly) {
    unit.place("log", &leaf::elaborate(library, &*leaves::log2_octave(), "units.softmax"));
    unit.register("mantissa_q", 12, Vec::<String>::new());
    unit.net("log", 11);
    unit.fields(("log", "in"), &[("mantissa", "mantissa_q")]);
    unit.fields(("log", "out"), &[("log", "log")]);
}

/// From masked shares to codes, by the leaves of the requantiser.
fn codes(library: &mut Library, unit: &mut Assembly, n: u32) {
    let source = "units.softmax";
    let normalise = leaves::float_normalise(SIGNIFICAND_W).expect("24 bits");
    unit.place_row("normalise", &leaf::elaborate(library, &*normalise, source), "normalise", n);
    unit.place_row("round", &leaf::elaborate(library, &*leaves::float_round(), source), "round", n);
    for (net, width) in [("significand", n * SIGNIFICAND_W), ("code_scale", SHIFT_W)] {
        unit.net(net, width);
        unit.registers([net], ["mask_data_i", "mask_valid_i"]);
    }
    unit.slices(("normalise", "in"), &[("sum", "significand", "SIGNIF_W")]);
    leaf::join(unit, "normalise", "round", "aligned");
    unit.fields(("round", "in"), &[("shift", "code_scale")]);
    unit.net("code", n * CODE_W);
    unit.slices(("round", "out"), &[("code", "code", "CODE_W")]);
    unit.registers(["code_data_o"], ["code"]);
}

/// What the handshakes depend on.
fn flow(unit: &mut Assembly, row_buffer: bool, running: bool) {
    unit.registers(
        ["code_valid_o", "code_last_o", "length_error_count_o"],
        ["clear_i", "row_length_i", "row_count_i", "score_last_i"],
    );
    unit.combinational(["mask_ready_o"], ["code_ready_i"]);
    unit.registers(["reference_done", "reference_in"], ["log"]);
    if !row_buffer {
        let waits = ["mask_valid_i", "code_ready_i", "reference_valid"];
        unit.combinational(["score_ready_o"], waits);
        unit.combinational(["row_ready_o", "reference_taken"], [&["score_valid_i"], &waits[..]].concat());
        unit.state(["lane_power", "row_last_i", "row_valid_i"]);
        return;
    }
    unit.registers(["score_ready_o"], ["row_valid_i", "reference_valid", "sum_power"]);
    unit.combinational(["row_ready_o"], ["score_valid_i"]);
    unit.combinational(
        ["out_store_read", "reference_taken"],
        ["reference_valid", "mask_valid_i", "code_ready_i", "out_store_word"],
    );
    unit.state(["out_power"]);
    let scores = ["score_valid_i", "score_data_i"];
    if running {
        unit.combinational(["out_store_write", "out_store_data"], scores);
    } else {
        unit.combinational(["sum_store_write", "sum_store_data"], scores);
        unit.combinational(
            ["out_store_write", "out_store_data", "sum_store_read", "maximum_taken"],
            ["maximum_valid", "sum_store_word"],
        );
        unit.registers(["maximum_done", "maximum_new"], ["score_data_i"]);
    }
}
