//! `matrix_unit`: MAC array → accumulator → activation → requantise, and the control that keeps them in step.

use crate::{
    blocks::{
        Geometry, Library, accumulator, activation,
        geometry::{COUNT_W, MIN_PASS, SHIFT_W, clog2},
        requantize, stream_fifo, vmac_array,
    },
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/matrix_unit.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    op_w: u32,
    code_w: u32,
    wides_w: u32,
    row_w: u32,
    pass_w: u32,
    lane_w: u32,
    select_w: u32,
    room: u32,
    room_w: u32,
    count_w: u32,
    min_pass: u32,
    shift_w: u32,
    function_w: u32,
    after_w: u32,
    offset_w: u32,
    activation_latency: u32,
    zero_skip: bool,
    nonzeros: u32,
    block: u32,
}

/// Rows between the array and the results' end: the result buffer must hold them all to keep the full rate.
#[must_use]
pub fn result_depth(g: &Geometry) -> u32 {
    g.pipeline + g.activation_latency() + requantize::LATENCY + 3
}

/// The buffer of result rows: codes, wide results above them, and the end of a segment on top.
pub fn result_buffer(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let width = g.n * g.result.bits() + g.wides_w() + 1;
    let codes = Payload::Codes(g.result);
    stream_fifo::elaborate(library, Some("result"), "datapath.pipeline", width, result_depth(&g), codes)
}

/// Names of the activation streams: one, or one a slot of block sparsity.
#[must_use]
pub fn slots(g: &Geometry) -> Vec<String> {
    match g.slots() {
        1 => vec!["activation".into()],
        slots => (0..slots).map(|slot| format!("activation{slot}")).collect(),
    }
}

/// The stream of jobs; `offset` where a job says how wide results are rounded.
#[must_use]
pub fn jobs(g: &Geometry, offset: bool) -> Interface {
    let summary = match g.function_w() {
        0 => "One tile of results: rows - 1, passes - 1, end of a result segment, bias and shift of every column",
        _ => "One tile of results: rows - 1, passes - 1, end of a segment, each column's bias and shift, function",
    };
    let mut job = Interface::sink("job", summary)
        .input("rows", g.row_w(), Payload::Bits)
        .input("passes", g.pass_w(), Payload::Bits)
        .input("close", 1, Payload::Bits)
        .input("bias", g.n * g.bias_w, Payload::Bits)
        .input("scale", g.scales_w(), Payload::Bits);
    if g.function_w() != 0 {
        job = job.input("function", g.function_w(), Payload::Bits);
    }
    if g.after_w() != 0 {
        job = job.input("after", g.after_w(), Payload::Bits);
    }
    if offset {
        job = job.input("offset", g.offset_w(), Payload::Bits);
    }
    job
}

/// The status ports of the counters.
#[must_use]
pub fn counts(g: &Geometry) -> Interface {
    let summary = "Events since clear: vectors, vectors of zeros, weight rows with a wrong mask";
    let mut counts = Interface::new("counts", Role::Status, summary)
        .plain_input("clear", 1, Payload::Bits)
        .plain_output("vector_count", COUNT_W, Payload::Bits);
    if g.zero_skip {
        counts = counts.plain_output("held_count", COUNT_W, Payload::Bits);
    }
    if g.sparsity.is_some() {
        counts = counts.plain_output("mask_error_count", COUNT_W, Payload::Bits);
    }
    counts
}

/// What the unit takes and gives.
fn interfaces(g: &Geometry) -> Vec<Interface> {
    let (operand, code) = (Payload::Codes(g.operand), Payload::Codes(g.result));
    let mut weight =
        Interface::sink("weight", "Weights, a lane an item, n a tile").input("data", g.vector_w(), operand);
    if let Some(sparsity) = g.sparsity {
        weight.summary =
            "Weights, a lane an item, n a tile; of a block tile the choices, and which masks were wrong".into();
        weight = weight.input("block", 1, Payload::Bits).input("select", g.n * g.select_w(), Payload::Bits).input(
            "error",
            g.n / sparsity.nonzeros,
            Payload::Bits,
        );
    }
    let mut result = Interface::source("result", "Rows of results").output("code", g.n * g.result.bits(), code);
    if g.accelerator {
        weight.summary.push_str(match g.sparsity {
            None => "; with a tile's first item: whether it comes by columns",
            Some(_) => "; whether by columns",
        });
        weight = weight.input("columns", 1, Payload::Bits);
        result = result.output("wide", g.wides_w(), Payload::Bits);
    }
    let mut interfaces = vec![Interface::clock(), jobs(g, g.accelerator), weight];
    interfaces.extend(slots(g).iter().map(|slot| {
        Interface::sink(slot, "Activations, pass by pass, row by row").input("data", g.vector_w(), operand)
    }));
    interfaces.extend([result.output("last", 1, Payload::Bits), counts(g)]);
    interfaces
}

/// The matrix unit.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let room = result_depth(&g);
    let code_w = g.result.bits();
    let result_w = g.n * code_w + g.wides_w() + 1;

    let array = vmac_array::elaborate(library);
    let sums = accumulator::elaborate(library);
    let function = activation::elaborate(library);
    let rounder = requantize::elaborate(library);
    let buffer = result_buffer(library);

    let mut module = Module::new(
        "matrix_unit",
        None,
        &format!("multiplies activations by weights, {} x {} products a cycle, and rounds the result", g.n, g.n),
        "datapath",
    );
    module.contract = Contract {
        latency: format!(
            "{} cycles from the last activation vector of a row to its results",
            g.pipeline + g.activation_latency() + 4
        ),
        interval: format!(
            "a pass over r rows takes max(r, {}) cycles: one activation vector a cycle, the next weight tile loads meanwhile",
            g.n.max(MIN_PASS)
        ),
        numbers: format!(
            "{} operands, exact products, {}-bit sums that wrap, {} results by the requantiser's rules{}",
            g.operand,
            g.acc_w,
            g.result,
            if g.accelerator { ", 16-bit wide ones at a shift of their own" } else { "" }
        ),
    };
    module.set_parameters(&[
        ("n", g.n),
        ("acc_w", g.acc_w),
        ("rows", g.rows),
        ("passes", g.passes),
        ("pipeline", g.pipeline),
        ("choices", g.slots()),
    ]);
    module.interfaces = interfaces(&g);

    // Wires, and the instances that they join.
    module.add_nets(&[
        ("load", 1),
        ("swap", 1),
        ("go", 1),
        ("vector", g.choice_w()),
        ("first_pass", 1),
        ("last_pass", 1),
        ("start", 1),
        ("close", 1),
        ("addend", g.sums_w()),
        ("sum", g.sums_w()),
        ("final_valid", 1),
        ("final_scale", g.scales_w() + g.beside_w()),
        ("final_last", 1),
        ("code_valid", 1),
        ("code", g.n * code_w),
        ("code_last", 1),
        ("rounded", result_w),
        ("oldest", result_w),
    ]);
    module.add_register("lane_q", g.lane_w(), &["clk_i", "rst_ni", "load"]);
    module.add_register("row_q", g.row_w(), &["clk_i", "rst_ni", "go", "job_rows_i"]);

    let clocked = [("clk_i", "clk_i"), ("rst_ni", "rst_ni")];
    let mut in_array =
        Instance::new("u_array", &array).wire(if g.zero_skip { &clocked } else { &clocked[..1] }).wire(&[
            ("load_valid_i", "load"),
            ("load_lane_i", "lane_q"),
            ("load_weight_i", "weight_data_i"),
            ("swap_i", "swap"),
            ("vector_valid_i", "go"),
            ("vector_data_i", "vector"),
            ("addend_i", "addend"),
            ("sum_o", "sum"),
        ]);
    if g.zero_skip {
        module.add_nets(&[("held", 1)]);
        in_array = in_array.wire(&[("held_o", "held")]);
        module.registers(&["held_count_o"], &["clk_i", "rst_ni", "clear_i", "held"]);
    }
    if g.sparsity.is_some() {
        module.add_nets(&[("select", g.n * g.select_w())]);
        in_array = in_array.wire(&[("load_select_i", "select")]);
        module.combinational(&["select"], &["weight_block_i", "weight_select_i"]);
        module.registers(
            &["mask_error_count_o"],
            &["clk_i", "rst_ni", "clear_i", "load", "weight_error_i", "weight_block_i"],
        );
    }
    if g.accelerator {
        module.add_nets(&[("columns", 1)]);
        in_array = in_array.wire(&[("load_columns_i", "columns")]);
        module.combinational(&["columns"], &["lane_q", "weight_columns_i"]);
    }
    // What else belongs to a job travels with its shifts.
    let scale = if g.beside_w() == 0 { "job_scale_i" } else { "job_scale" };
    if g.beside_w() != 0 {
        module.add_nets(&[("job_scale", g.scales_w() + g.beside_w()), ("final_shift", g.scales_w())]);
        let travels: Vec<&str> = ["job_scale_i", "job_function_i", "job_after_i", "job_offset_i"]
            .into_iter()
            .filter(|port| module.port(port).is_some())
            .collect();
        module.combinational(&["job_scale"], &travels);
        module.combinational(&["final_shift"], &["final_scale"]);
    }
    let mut instances = vec![
        in_array,
        Instance::new("u_accumulator", &sums).wire(&clocked).wire(&[
            ("token_valid_i", "go"),
            ("token_row_i", "row_q"),
            ("token_first_i", "first_pass"),
            ("token_last_i", "last_pass"),
            ("token_start_i", "start"),
            ("token_close_i", "close"),
            ("job_bias_i", "job_bias_i"),
            ("job_scale_i", scale),
            ("job_taken_o", "job_ready_o"),
            ("sum_i", "sum"),
            ("addend_o", "addend"),
            ("final_valid_o", "final_valid"),
            ("final_scale_o", "final_scale"),
            ("final_last_o", "final_last"),
        ]),
    ];
    if let Some(function) = &function {
        module.add_nets(&[
            ("final_function", g.function_w()),
            ("activated_valid", 1),
            ("activated", g.sums_w()),
            ("activated_scale", g.scales_w()),
            ("activated_last", 1),
        ]);
        module.combinational(&["final_function"], &["final_scale"]);
        let mut active = Instance::new("u_activation", function).wire(&clocked).wire(&[
            ("sum_valid_i", "final_valid"),
            ("sum_i", "sum"),
            ("scale_i", "final_shift"),
            ("function_i", "final_function"),
            ("sum_last_i", "final_last"),
            ("activated_valid_o", "activated_valid"),
            ("activated_o", "activated"),
            ("activated_scale_o", "activated_scale"),
            ("activated_last_o", "activated_last"),
        ]);
        if g.after_w() != 0 {
            module.add_nets(&[("final_after", g.after_w())]);
            module.combinational(&["final_after"], &["final_scale"]);
            active = active.wire(&[("after_i", "final_after")]);
        }
        instances.push(active);
    }
    let [valid, sums, scales, last] = match function {
        None if g.beside_w() == 0 => ["final_valid", "sum", "final_scale", "final_last"],
        None => ["final_valid", "sum", "final_shift", "final_last"],
        Some(_) => ["activated_valid", "activated", "activated_scale", "activated_last"],
    };
    let mut rounding = Instance::new("u_requantize", &rounder).wire(&clocked).wire(&[
        ("sum_valid_i", valid),
        ("sum_i", sums),
        ("scale_i", scales),
        ("sum_last_i", last),
        ("code_valid_o", "code_valid"),
        ("code_o", "code"),
        ("code_last_o", "code_last"),
    ]);
    let mut results = vec!["code", "code_last"];
    if g.accelerator {
        module.add_nets(&[("offset", g.offset_w()), ("wide", g.wides_w())]);
        rounding = rounding.wire(&[("offset_i", "offset"), ("wide_o", "wide")]);
        match g.activation_latency() {
            0 => module.combinational(&["offset"], &["final_scale"]),
            _ => module.registers(&["offset"], &["clk_i", "final_scale"]),
        }
        module.combinational(&["result_wide_o"], &["oldest"]);
        results.push("wide");
    }
    instances.extend([
        rounding,
        Instance::new("u_results", &buffer)
            .wire(&clocked)
            .wire(&[
                ("in_valid_i", "code_valid"),
                ("in_data_i", "rounded"),
                ("out_valid_o", "result_valid_o"),
                ("out_ready_i", "result_ready_i"),
                ("out_data_o", "oldest"),
            ])
            .open(&[("in_ready_o", 1)]),
    ]);
    module.instances = instances;

    // The control's own logic.
    let ports = |field: &str| slots(&g).iter().map(|slot| format!("{slot}_{field}")).collect::<Vec<_>>();
    let (valids, readies, data) = (ports("valid_i"), ports("ready_o"), ports("data_i"));
    let valids: Vec<&str> = valids.iter().map(String::as_str).collect();
    let issue: Vec<&str> = [&["job_valid_i", "job_rows_i", "job_passes_i", "row_q"], valids.as_slice()].concat();
    module.combinational(&["go", "swap", "first_pass", "last_pass", "start", "weight_ready_o"], &issue);
    module.combinational(&readies.iter().map(String::as_str).collect::<Vec<_>>(), &issue);
    module.combinational(&["close"], &["job_close_i", "job_rows_i", "job_passes_i", "row_q"]);
    module.combinational(&["load"], &[issue.as_slice(), &["weight_valid_i"]].concat());
    module.combinational(&["vector"], &data.iter().map(String::as_str).collect::<Vec<_>>());
    module.combinational(&["rounded"], &results);
    module.combinational(&["result_code_o", "result_last_o"], &["oldest"]);
    module.registers(&["vector_count_o"], &["clk_i", "rst_ni", "clear_i", "go", "result_valid_o", "result_ready_i"]);

    let sparsity = g.sparsity;
    library.add(module, |shell| {
        Body {
            shell,
            n: g.n,
            op_w: g.op_w(),
            code_w,
            wides_w: g.wides_w(),
            row_w: g.row_w(),
            pass_w: g.pass_w(),
            lane_w: g.lane_w(),
            select_w: g.select_w(),
            room,
            room_w: clog2(u64::from(room) + 1),
            count_w: COUNT_W,
            min_pass: MIN_PASS,
            shift_w: SHIFT_W,
            function_w: g.function_w(),
            after_w: g.after_w(),
            offset_w: g.offset_w(),
            activation_latency: g.activation_latency(),
            zero_skip: g.zero_skip,
            nonzeros: sparsity.map_or(0, |s| s.nonzeros),
            block: sparsity.map_or(0, |s| s.block),
        }
        .render()
    })
}
