//! `softmax`: rows of scores to attention probabilities.

use crate::{
    blocks::{
        Library,
        geometry::{COUNT_W, SHIFT_W, clog2},
        leaf, sram, stream_fifo,
    },
    design::{Maximum, SoftmaxUnit},
    emit::Shell,
    leaves,
    netlist::{Contract, Direction, Instance, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

/// Bits of a score, Q8.8.
const SCORE_W: u32 = 16;

/// Bits of a power, Q1.15.
const POWER_W: u32 = 16;

/// Bits of a power at the end of its segment, of how much less it is at the other, and of the place between them.
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

/// Rows between the pass that they are in and the next: what is found of a row waits in a buffer of as many entries.
const ROWS: u32 = 3;

/// Lanes whose maximum is found in one cycle.
const GROUP: u32 = 4;

/// Where a row waits between two passes.
struct Store {
    name: &'static str,
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
    let mut module = face(unit, widths);
    let stores = if unit.row_buffer { stores(running) } else { Vec::new() };
    let paths = paths(unit.row_buffer, running);
    buffers(library, &mut module, &stores, widths, n, running);
    lanes(library, &mut module, &paths, unit.row_buffer, n, running);
    logarithm(library, &mut module);
    codes(library, &mut module, n);
    flow(&mut module, unit.row_buffer, running);

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
    Some(library.add(module, |shell| {
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
fn face(unit: SoftmaxUnit, widths: Widths) -> Module {
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
    let row = row.input("length", widths.length, Payload::Bits).input("count", widths.length + 1, Payload::Bits);
    module.interfaces = vec![
        Interface::clock(),
        if unit.row_buffer { row } else { row.input("last", 1, Payload::Bits) },
        Interface::sink("score", sent).input("data", n * SCORE_W, Payload::Bits).input("last", 1, Payload::Bits),
        Interface::sink("mask", "Attention span, one vector for each vector of codes").input(
            "data",
            n * MASK_W,
            Payload::Bits,
        ),
        Interface::source("code", "Probabilities; last ends a row")
            .output("data", n * CODE_W, Payload::Codes(Format::AF8_3))
            .output("last", 1, Payload::Bits),
        Interface::new("counts", Role::Status, "Since clear: vectors whose last contradicts the row's length")
            .plain_input("clear", 1, Payload::Bits)
            .plain_output("length_error_count", COUNT_W, Payload::Bits),
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
        comment: "Rows that wait for their maximum: a queue of vectors, their lanes and ends.",
    };
    let out =
        Store { name: "out_store", comment: "Rows that wait for their sum: a queue of vectors, their lanes and ends." };
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
    };
    if row_buffer { vec![sum, out] } else { vec![lane] }
}

/// Memories of the rows, and buffers of what is found of them.
fn buffers(library: &mut Library, module: &mut Module, stores: &[Store], widths: Widths, n: u32, running: bool) {
    let (source, bits) = ("units.softmax.length_max", Payload::Bits);
    let word_w = n * SCORE_W + n + 1;
    let address_w = clog2(widths.words.into());
    for Store { name, .. } in stores {
        let label = format!("softmax_{}", name.trim_end_matches("_store"));
        let memory = sram::elaborate(library, Some(&label), source, widths.words, word_w, bits);
        let [read, write, word, data, head, tail] =
            ["read", "write", "word", "data", "head_q", "tail_q"].map(|part| format!("{name}_{part}"));
        module.add_nets(&[(&read, 1), (&write, 1), (&word, word_w), (&data, word_w)]);
        module.add_register(&head, address_w, &["clk_i", "rst_ni", &read]);
        module.add_register(&tail, address_w, &["clk_i", "rst_ni", &write]);
        module.instances.push(Instance::new(&format!("u_{name}"), &memory).wire(&[
            ("clk_i", "clk_i"),
            ("read_enable_i", &read),
            ("read_address_i", &head),
            ("read_data_o", &word),
            ("write_enable_i", &write),
            ("write_address_i", &tail),
            ("write_data_i", &data),
        ]));
    }
    let mut buffer = |name: &str, width: u32, [done, data, valid, taken, out]: [&str; 5]| {
        let fifo =
            stream_fifo::elaborate(library, Some(&format!("softmax_{name}")), "units.softmax", width, ROWS, bits);
        module.add_nets(&[(done, 1), (data, width), (valid, 1), (taken, 1), (out, width)]);
        let wired = Instance::new(&format!("u_{name}"), &fifo).wire(&[
            ("clk_i", "clk_i"),
            ("rst_ni", "rst_ni"),
            ("in_valid_i", done),
            ("in_data_i", data),
            ("out_valid_o", valid),
            ("out_ready_i", taken),
            ("out_data_o", out),
        ]);
        module.instances.push(wired.open(&[("in_ready_o", 1)]));
    };
    if !running {
        let nets = ["maximum_done", "maximum_new", "maximum_valid", "maximum_taken", "maximum"];
        buffer("maximum", SCORE_W, nets);
    }
    let nets = ["reference_done", "reference_in", "reference_valid", "reference_taken", "reference"];
    buffer("reference", REFERENCE_W, nets);
}

/// The powers of every path, n to each.
fn lanes(library: &mut Library, module: &mut Module, paths: &[Path], row_buffer: bool, n: u32, running: bool) {
    let segment_leaf = leaf::elaborate(library, &*leaves::exp2_segment(), "units.softmax");
    let power_leaf = leaf::elaborate(library, &*leaves::exp2_interpolate(), "units.softmax");
    for Path { name, .. } in paths {
        let [segment, base, step, power] = ["segment", "base", "step", "power"].map(|part| format!("{name}_{part}"));
        let [base_q, step_q, place_q] = ["base_q", "step_q", "place_q"].map(|part| format!("{name}_{part}"));
        module.add_nets(&[(&segment, n * PLACE_W), (&base, n * BASE_W), (&step, n * STEP_W), (&power, n * POWER_W)]);
        module.add_register(&base_q, n * BASE_W, &["clk_i", &base]);
        module.add_register(&step_q, n * STEP_W, &["clk_i", &step]);
        module.add_register(&place_q, n * PLACE_W, &["clk_i"]);
        module.instances.extend([
            Instance::replicated(&format!("u_{name}_segment"), &segment_leaf, &format!("{name}_line"), n)
                .lane("segment_i", &segment, PLACE_W, "PLACE_W")
                .lane("base_o", &base, BASE_W, "BASE_W")
                .lane("step_o", &step, STEP_W, "STEP_W"),
            Instance::replicated(&format!("u_{name}_power"), &power_leaf, &format!("{name}_lane"), n)
                .lane("base_i", &base_q, BASE_W, "BASE_W")
                .lane("step_i", &step_q, STEP_W, "STEP_W")
                .lane("place_i", &place_q, PLACE_W, "PLACE_W")
                .lane("power_o", &power, POWER_W, "POWER_W"),
        ]);
        let reads: &[&str] = match (*name, row_buffer, running) {
            ("out", ..) => &["out_store_word", "reference"],
            (_, true, false) => &["sum_store_word", "maximum"],
            (_, true, true) => &["score_data_i"],
            (_, false, _) => &["score_data_i", "reference"],
        };
        module.combinational(&[&segment], reads);
    }
}

/// The logarithm of a row's sum.
fn logarithm(library: &mut Library, module: &mut Module) {
    let log = leaf::elaborate(library, &*leaves::log2_octave(), "units.softmax");
    module.add_register("mantissa_q", 12, &["clk_i"]);
    module.add_nets(&[("log", 11)]);
    module.instances.push(Instance::new("u_log", &log).wire(&[("mantissa_i", "mantissa_q"), ("log_o", "log")]));
}

/// From masked shares to codes, by the leaves of the requantiser.
fn codes(library: &mut Library, module: &mut Module, n: u32) {
    let source = "units.softmax";
    let normalise = leaf::elaborate(library, &*leaves::float_normalise(SIGNIFICAND_W).expect("24 bits"), source);
    let round = leaf::elaborate(library, &*leaves::float_round(), source);
    module.add_nets(&[("significand", n * SIGNIFICAND_W), ("code_scale", SHIFT_W), ("code", n * CODE_W)]);
    let mut first = Instance::replicated("u_normalise", &normalise, "normalise", n).lane(
        "sum_i",
        "significand",
        SIGNIFICAND_W,
        "SIGNIF_W",
    );
    let mut second = Instance::replicated("u_round", &round, "round", n)
        .lane("code_o", "code", CODE_W, "CODE_W")
        .wire(&[("shift_i", "code_scale")]);
    for port in normalise.ports().filter(|port| port.direction == Direction::Output) {
        let name = format!("code_{}", port.name.trim_end_matches("_o"));
        let symbol = format!("{}_W", port.name.trim_end_matches("_o").to_uppercase());
        module.add_nets(&[(&name, n * port.width)]);
        first = first.lane(&port.name, &name, port.width, &symbol);
        second = second.lane(&port.name.replace("_o", "_i"), &name, port.width, &symbol);
    }
    module.instances.extend([first, second]);
    module.registers(&["significand", "code_scale"], &["clk_i", "mask_data_i", "mask_valid_i"]);
    module.registers(&["code_data_o"], &["code"]);
}

/// What the handshakes depend on.
fn flow(module: &mut Module, row_buffer: bool, running: bool) {
    module.registers(
        &["code_valid_o", "code_last_o", "length_error_count_o"],
        &["clk_i", "rst_ni", "clear_i", "row_length_i", "row_count_i", "score_last_i"],
    );
    module.combinational(&["mask_ready_o"], &["code_ready_i"]);
    module.registers(&["reference_done", "reference_in"], &["log"]);
    if !row_buffer {
        module.combinational(&["score_ready_o"], &["mask_valid_i", "code_ready_i", "reference_valid"]);
        module.combinational(
            &["row_ready_o", "reference_taken"],
            &["score_valid_i", "mask_valid_i", "code_ready_i", "reference_valid"],
        );
        module.registers(&[], &["lane_power", "row_last_i", "row_valid_i"]);
        return;
    }
    module.registers(&["score_ready_o"], &["row_valid_i", "reference_valid", "sum_power"]);
    module.combinational(&["row_ready_o"], &["score_valid_i"]);
    module.combinational(
        &["out_store_read", "reference_taken"],
        &["reference_valid", "mask_valid_i", "code_ready_i", "out_store_word"],
    );
    module.registers(&[], &["out_power"]);
    if running {
        module.combinational(&["out_store_write", "out_store_data"], &["score_valid_i", "score_data_i"]);
    } else {
        module.combinational(&["sum_store_write", "sum_store_data"], &["score_valid_i", "score_data_i"]);
        module.combinational(
            &["out_store_write", "out_store_data", "sum_store_read", "maximum_taken"],
            &["maximum_valid", "sum_store_word"],
        );
        module.registers(&["maximum_done", "maximum_new"], &["score_data_i"]);
    }
}
