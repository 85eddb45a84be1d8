//! `matrix_unit`: MAC array → accumulator → activation → requantise, and the control that keeps them in step.

use crate::{
    blocks::{
        Assembly, Bundle, Geometry, Library, accumulator, activation,
        geometry::{COUNT_W, MIN_PASS, SHIFT_W, clog2},
        requantize, stream_fifo, vmac_array,
    },
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
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
    activation_shift_w: u32,
    wide_shift_w: u32,
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

/// The stream of jobs; `wide` where a job says how wide results are rounded.
#[must_use]
pub fn jobs(g: &Geometry, wide: bool) -> Interface {
    let summary = match g.function_w() {
        0 => "One tile of results: rows - 1, passes - 1, end of a result segment, bias and shift of every column",
        _ => "One tile of results: rows - 1, passes - 1, end of a segment, each column's bias and shift, function",
    };
    let mut job = Interface::sink("job", summary)
        .input("rows", g.row_w(), Payload::Bits)
        .of("ROW_W")
        .input("passes", g.pass_w(), Payload::Bits)
        .of("PASS_W")
        .input("close", 1, Payload::Bits)
        .input("bias", g.n * g.bias_w, Payload::Bits)
        .input("scale", g.scales_w(), Payload::Bits);
    if g.function_w() + g.wide_shift_w() != 0 {
        job = job.of("SCALES_W");
    }
    if g.function_w() != 0 {
        job = job.input("function", g.function_w(), Payload::Bits).of("FUNC_W");
    }
    if g.activation_shift_w() != 0 {
        job = job.input("activation_shift", g.activation_shift_w(), Payload::Bits).of("ACTIVATION_SHIFT_W");
    }
    if wide {
        job = job.input("wide_shift", g.wide_shift_w(), Payload::Bits).of("WIDE_SHIFT_W");
    }
    job
}

/// The status ports of the counters.
#[must_use]
pub fn counts(g: &Geometry) -> Interface {
    let summary = "Events since clear: vectors, vectors of zeros, weight rows with a wrong mask";
    let mut counts = Interface::new("counts", Role::Status, summary)
        .plain_input("clear", 1, Payload::Bits)
        .plain_output("vector_count", COUNT_W, Payload::Bits)
        .of("COUNT_W");
    if g.zero_skip {
        counts = counts.plain_output("held_count", COUNT_W, Payload::Bits).of("COUNT_W");
    }
    if g.sparsity.is_some() {
        counts = counts.plain_output("mask_error_count", COUNT_W, Payload::Bits).of("COUNT_W");
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
        weight = weight
            .input("block", 1, Payload::Bits)
            .input("select", g.n * g.select_w(), Payload::Bits)
            .of("N*SELECT_W")
            .input("error", g.n / sparsity.nonzeros, Payload::Bits)
            .of("N/NONZEROS");
    }
    let mut result =
        Interface::source("result", "Rows of results").output("code", g.n * g.result.bits(), code).of("N*CODE_W");
    if g.accelerator {
        weight.summary.push_str(match g.sparsity {
            None => "; with a tile's first item: whether it comes by columns",
            Some(_) => "; whether by columns",
        });
        weight = weight.input("columns", 1, Payload::Bits);
        result = result.output("wide", g.wides_w(), Payload::Bits).of("WIDES_W");
    }
    let mut interfaces = vec![Interface::clock(), jobs(g, g.accelerator), weight];
    interfaces.extend(slots(g).iter().map(|slot| {
        let stream = Interface::sink(slot, "Activations, pass by pass, row by row").one_of("activation");
        let stream = stream.input("data", g.vector_w(), operand);
        if g.sparsity.is_some() { stream.of("N*OP_W") } else { stream }
    }));
    interfaces.extend([result.output("last", 1, Payload::Bits), counts(g)]);
    interfaces
}

/// The matrix unit.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let mut unit = Assembly::new(outside(&g));
    unit.place("array", &vmac_array::elaborate(library));
    unit.place("accumulator", &accumulator::elaborate(library));
    let function = activation::elaborate(library);
    if let Some(function) = &function {
        unit.place("activation", function);
    }
    unit.place("requantize", &requantize::elaborate(library));
    unit.place("results", &result_buffer(library));

    control(&mut unit, &g);
    weights(&mut unit, &g);
    sums(&mut unit, &g);
    travelling(&mut unit, &g);
    results(&mut unit, &g);

    let (room, sparsity) = (result_depth(&g), g.sparsity);
    library.add(unit.finish(), |shell| {
        Body {
            shell,
            n: g.n,
            op_w: g.op_w(),
            code_w: g.result.bits(),
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
            activation_shift_w: g.activation_shift_w(),
            wide_shift_w: g.wide_shift_w(),
            activation_latency: g.activation_latency(),
            zero_skip: g.zero_skip,
            nonzeros: sparsity.map_or(0, |s| s.nonzeros),
            block: sparsity.map_or(0, |s| s.block),
        }
        .render()
    })
}

/// Name, contract and ports.
fn outside(g: &Geometry) -> Module {
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
    module.interfaces = interfaces(g);
    module
}

/// What decides about vectors: passes over the rows of a job.
fn control(unit: &mut Assembly, g: &Geometry) {
    let slots: Vec<Bundle> = slots(g).iter().map(|slot| unit.own(slot)).collect();
    let valids: Vec<String> = slots.iter().map(|slot| slot.net("valid")).collect();
    let job = unit.own("job");
    unit.register("row_q", g.row_w(), [job.net("rows"), "go".into()]);
    let place_in_job = [job.nets(["rows", "passes"]), vec!["row_q".into()]].concat();
    let issue = [&[job.net("valid")], &place_in_job[..], &valids].concat();
    for net in ["go", "swap", "first_pass", "last_pass", "start"] {
        unit.derived(net, 1, &issue);
    }
    unit.derived("close", 1, [&[job.net("close")], &place_in_job[..]].concat());
    unit.derived("vector", g.choice_w(), slots.iter().map(|slot| slot.net("data")));
    unit.combinational(slots.iter().flat_map(Bundle::driven), &issue);
    unit.fields(("array", "vector"), &[("valid", "go"), ("data", "vector"), ("swap", "swap")]);
    unit.fields(
        ("accumulator", "token"),
        &[
            ("valid", "go"),
            ("row", "row_q"),
            ("first", "first_pass"),
            ("last", "last_pass"),
            ("start", "start"),
            ("close", "close"),
        ],
    );
    unit.registers(["vector_count_o"], ["clear_i", "go", "result_valid_o", "result_ready_i"]);
    if g.zero_skip {
        unit.net("held", 1);
        unit.fields(("array", "vector"), &[("held", "held")]);
        unit.registers(["held_count_o"], ["clear_i", "held"]);
    }
    // A weight row is taken when the tile is not full, or a vector swaps it in.
    let weight = unit.own("weight");
    unit.combinational(weight.driven(), &issue);
    unit.derived("load", 1, [issue, vec![weight.net("valid")]].concat());
}

/// Weights to the array.
fn weights(unit: &mut Assembly, g: &Geometry) {
    let weight = unit.own("weight");
    let ends = ("array", "load");
    unit.register("lane_q", g.lane_w(), ["load"]);
    unit.fields(ends, &[("valid", "load"), ("lane", "lane_q"), ("weight", &weight.net("data"))]);
    if g.sparsity.is_some() {
        unit.derived("select", g.n * g.select_w(), weight.nets(["block", "select"]));
        unit.fields(ends, &[("select", "select")]);
        let wrong = [weight.nets(["error", "block"]), vec!["clear_i".into(), "load".into()]].concat();
        unit.registers(["mask_error_count_o"], wrong);
    }
    if g.accelerator {
        unit.derived("columns", 1, ["lane_q".into(), weight.net("columns")]);
        unit.fields(ends, &[("columns", "columns")]);
    }
}

/// Sums between the array, the accumulator and what follows.
fn sums(unit: &mut Assembly, g: &Geometry) {
    unit.join(("accumulator", "addend"), ("array", "addend"));
    let sum = unit.expose("array", "sum_o");
    unit.wire("accumulator", "sum_i", &sum);
    let last_sums = unit.bundle(("accumulator", "final"), "final");
    let [valid, last] = ["valid", "last"].map(|field| last_sums.net(field));
    let scale = if g.beside_w() == 0 { last_sums.net("scale") } else { "final_shift".into() };
    let joints = [("valid", &*valid), ("sum", &sum), ("scale", &scale), ("last", &last)];
    if g.function_w() == 0 {
        unit.fields(("requantize", "sum"), &joints);
        return;
    }
    unit.fields(("activation", "sum"), &joints);
    unit.derived("final_function", g.function_w(), ["final_scale"]);
    unit.fields(("activation", "sum"), &[("function", "final_function")]);
    if g.activation_shift_w() != 0 {
        unit.derived("final_activation_shift", g.activation_shift_w(), ["final_scale"]);
        unit.fields(("activation", "sum"), &[("activation_shift", "final_activation_shift")]);
    }
}

/// What belongs to a job and travels to its last sums: shifts, and beside them whatever else a design's jobs
/// say.
fn travelling(unit: &mut Assembly, g: &Geometry) {
    let job = unit.own("job");
    unit.fields(("accumulator", "job"), &[("bias", &job.net("bias")), ("taken", &job.net("ready"))]);
    if g.beside_w() == 0 {
        unit.fields(("accumulator", "job"), &[("scale", &job.net("scale"))]);
    } else {
        let others = [
            (g.function_w(), "function"),
            (g.activation_shift_w(), "activation_shift"),
            (g.wide_shift_w(), "wide_shift"),
        ];
        let travels = others.into_iter().filter(|(width, _)| *width != 0).map(|(_, field)| field);
        let travels: Vec<String> = ["scale"].into_iter().chain(travels).map(|field| job.net(field)).collect();
        unit.derived("job_scale", g.scales_w() + g.beside_w(), travels);
        unit.fields(("accumulator", "job"), &[("scale", "job_scale")]);
        unit.derived("final_shift", g.scales_w(), ["final_scale"]);
    }
    if g.accelerator {
        unit.net("wide_shift", g.wide_shift_w());
        unit.fields(("requantize", "sum"), &[("wide_shift", "wide_shift")]);
        match g.activation_latency() {
            0 => unit.combinational(["wide_shift"], ["final_scale"]),
            _ => unit.registers(["wide_shift"], ["final_scale"]),
        }
    }
}

/// Results through their buffer.
fn results(unit: &mut Assembly, g: &Geometry) {
    if g.function_w() != 0 {
        unit.join_as(("activation", "activated"), ("requantize", "sum"), "activated");
    }
    let result_w = g.n * g.result.bits() + g.wides_w() + 1;
    let code = unit.bundle(("requantize", "code"), "code");
    let rounded: Vec<String> = code.read().into_iter().filter(|net| *net != code.net("valid")).collect();
    unit.derived("rounded", result_w, rounded);
    unit.net("oldest", result_w);
    unit.fields(("results", "in"), &[("valid", &code.net("valid")), ("data", "rounded")]);
    unit.open("results", "in_ready_o");
    unit.fields(("results", "out"), &[("valid", "result_valid_o"), ("ready", "result_ready_i"), ("data", "oldest")]);
    let result = unit.own("result").driven();
    unit.combinational(result.into_iter().filter(|port| port != "result_valid_o"), ["oldest"]);
}
