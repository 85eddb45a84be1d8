//! `processing_unit`: decoder → MAC array → accumulator → requantise → encoder, and the control that keeps them in step.

use crate::{
    blocks::{
        Geometry, Library, accumulator, activation, bitmask_decoder, bitmask_encoder, block_select,
        geometry::{COUNT_W, MIN_PASS, SHIFT_W, clog2},
        requantize, stream_fifo, vmac_array,
    },
    emit::Shell,
    netlist::{Contract, Direction, Instance, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/processing_unit.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    op_w: u32,
    code_w: u32,
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
    zero_skip: bool,
    nonzeros: u32,
    block: u32,
}

/// Rows between the array and the encoder: the result buffer must hold them all to keep the full rate.
#[must_use]
pub fn result_depth(g: &Geometry) -> u32 {
    g.pipeline + g.activation_latency() + requantize::LATENCY + 3
}

/// The processing unit.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let design = library.design();
    let g = Geometry::new(design);
    let (weight, activation, result) = (design.memories.weight, design.memories.activation, design.memories.result);
    let room = result_depth(&g);
    let code_w = g.result.bits();
    let mask_w = g.weight_mask_w();
    let sparse = g.sparsity.is_some();
    let operand = Payload::Codes(g.operand);
    let code = Payload::Codes(g.result);

    let array = vmac_array::elaborate(library);
    let sums = accumulator::elaborate(library);
    let function = activation::elaborate(library);
    let rounder = requantize::elaborate(library);
    let weights = bitmask_decoder::elaborate(library, "weight", "memories.weight", weight);
    let activations = bitmask_decoder::elaborate(library, "activation", "memories.activation", activation);
    let buffer = stream_fifo::elaborate(library, Some("result"), "datapath.pipeline", g.n * code_w + 1, room, code);
    let encoder = bitmask_encoder::elaborate(library, None, "memories.result", result);

    let mut module = Module::new(
        "processing_unit",
        None,
        &format!(
            "multiplies compressed activations by compressed weights, {} x {} products a cycle, and compresses the result",
            g.n, g.n
        ),
        "datapath",
    );
    module.contract = Contract {
        latency: format!(
            "{} cycles from the last activation vector of a row to its result mask",
            g.pipeline + g.activation_latency() + 6
        ),
        interval: format!(
            "a pass over r rows takes max(r, {}) cycles: one activation vector a cycle, the next weight tile loads meanwhile",
            g.n.max(MIN_PASS)
        ),
        numbers: format!(
            "{} operands, exact products, {}-bit sums that wrap, {} results by the requantiser's rules",
            g.operand, g.acc_w, g.result
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

    let value_port = |name: &str, row_w: u32, width: u32, payload: Payload, what: &str| {
        let port = Interface::new(
            name,
            Role::Memory,
            &format!("{what}, n a row: value v lies in lane v mod n of row v div n"),
        )
        .output("enable", 1, Payload::Bits)
        .output("address", row_w, Payload::Bits);
        if name.starts_with("result") {
            port.output("data", width, payload)
        } else {
            port.input("data", width, payload)
        }
    };
    let base = |name: &str, row_w: u32| {
        Interface::sink(name, "Where a segment's values begin, one for each segment")
            .input("row", row_w, Payload::Bits)
            .input("lane", g.lane_w(), Payload::Bits)
    };
    let (weight_row_w, activation_row_w, result_row_w) =
        (g.value_row_w(weight), g.value_row_w(activation), g.value_row_w(result));
    let slots: Vec<String> = if sparse {
        (0..g.slots()).map(|slot| format!("activation{slot}")).collect()
    } else {
        vec!["activation".into()]
    };

    let mut weight_stream = Interface::sink("weight", "Weight masks, one a lane, n a tile; last ends a segment").input(
        "data",
        mask_w,
        Payload::Mask,
    );
    if sparse {
        weight_stream = weight_stream.input("block", 1, Payload::Bits);
    }
    let mut job = Interface::sink(
        "job",
        match g.activation {
            None => {
                "One tile of results: rows - 1, passes - 1, end of a result segment, bias and shift of every column"
            }
            Some(_) => {
                "One tile of results: rows - 1, passes - 1, end of a segment, each column's bias and shift, function"
            }
        },
    )
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
    let mut interfaces = vec![
        Interface::clock(),
        base("weight_base", weight_row_w),
        Interface::sink("result_base", "The row where a segment's values begin, one for each segment").input(
            "row",
            result_row_w,
            Payload::Bits,
        ),
        job,
        weight_stream.input("last", 1, Payload::Bits),
        Interface::source("result", "Result masks, row by row").output("data", g.n, Payload::Mask).output(
            "last",
            1,
            Payload::Bits,
        ),
        value_port("weight_value", weight_row_w, g.vector_w(), operand, "Weight values"),
        value_port("result_value", result_row_w, g.n * code_w, code, "Result values"),
        Interface::new(
            "counts",
            Role::Status,
            "Events since clear: vectors, vectors of zeros, weight rows with a wrong mask",
        )
        .plain_input("clear", 1, Payload::Bits)
        .plain_output("vector_count", COUNT_W, Payload::Bits),
    ];
    let counts = interfaces.last_mut().expect("the list has entries");
    if g.zero_skip {
        counts.ports.push(crate::netlist::Port {
            name: "held_count_o".into(),
            direction: Direction::Output,
            width: COUNT_W,
            payload: Payload::Bits,
        });
    }
    if sparse {
        counts.ports.push(crate::netlist::Port {
            name: "mask_error_count_o".into(),
            direction: Direction::Output,
            width: COUNT_W,
            payload: Payload::Bits,
        });
    }
    for slot in &slots {
        interfaces.push(base(&format!("{slot}_base"), activation_row_w));
        interfaces.push(
            Interface::sink(slot, "Activation masks, pass by pass, row by row; last ends a segment")
                .input("data", g.n, Payload::Mask)
                .input("last", 1, Payload::Bits),
        );
        interfaces.push(value_port(
            &format!("{slot}_value"),
            activation_row_w,
            g.vector_w(),
            operand,
            "Activation values",
        ));
    }
    module.interfaces = interfaces;

    // Wires, and the instances that they join.
    module.add_nets(&[
        ("weight_mask", g.n),
        ("row_valid", 1),
        ("row_ready", 1),
        ("row_weight", g.vector_w()),
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
        ("final_scale", g.scales_w() + g.function_w() + g.after_w()),
        ("final_last", 1),
        ("code_valid", 1),
        ("code", g.n * code_w),
        ("code_last", 1),
        ("rounded", g.n * code_w + 1),
        ("oldest_valid", 1),
        ("oldest_ready", 1),
        ("oldest", g.n * code_w + 1),
        ("oldest_code", g.n * code_w),
        ("oldest_last", 1),
    ]);
    module.add_register("lane_q", g.lane_w(), &["clk_i", "rst_ni", "load"]);
    module.add_register("row_q", g.row_w(), &["clk_i", "rst_ni", "go", "job_rows_i"]);

    let clocked = [("clk_i", "clk_i"), ("rst_ni", "rst_ni")];
    let mut instances = vec![
        Instance::new("u_weight_decoder", &weights)
            .wire(&clocked)
            .wire(&[
                ("base_valid_i", "weight_base_valid_i"),
                ("base_ready_o", "weight_base_ready_o"),
                ("base_row_i", "weight_base_row_i"),
                ("base_lane_i", "weight_base_lane_i"),
                ("mask_valid_i", "weight_valid_i"),
                ("mask_ready_o", "weight_ready_o"),
                ("mask_data_i", "weight_mask"),
                ("mask_last_i", "weight_last_i"),
                ("value_enable_o", "weight_value_enable_o"),
                ("value_address_o", "weight_value_address_o"),
                ("value_data_i", "weight_value_data_i"),
                ("vector_valid_o", "row_valid"),
                ("vector_ready_i", "row_ready"),
                ("vector_data_o", "row_weight"),
            ])
            .open(&[("vector_last_o", 1)]),
    ];
    let mut vectors = Vec::new();
    for slot in &slots {
        let net = |field: &str| format!("{slot}_{field}");
        let (valid, ready, data) = (net("vector_valid"), net("vector_ready"), net("vector"));
        module.add_nets(&[(&valid, 1), (&ready, 1), (&data, g.vector_w())]);
        instances.push(
            Instance::new(&format!("u_{slot}_decoder"), &activations)
                .wire(&clocked)
                .wire(&[
                    ("base_valid_i", &net("base_valid_i")),
                    ("base_ready_o", &net("base_ready_o")),
                    ("base_row_i", &net("base_row_i")),
                    ("base_lane_i", &net("base_lane_i")),
                    ("mask_valid_i", &net("valid_i")),
                    ("mask_ready_o", &net("ready_o")),
                    ("mask_data_i", &net("data_i")),
                    ("mask_last_i", &net("last_i")),
                    ("value_enable_o", &net("value_enable_o")),
                    ("value_address_o", &net("value_address_o")),
                    ("value_data_i", &net("value_data_i")),
                    ("vector_valid_o", &valid),
                    ("vector_ready_i", &ready),
                    ("vector_data_o", &data),
                ])
                .open(&[("vector_last_o", 1)]),
        );
        vectors.push((valid, ready, data));
    }

    let mut in_array =
        Instance::new("u_array", &array).wire(if g.zero_skip { &clocked } else { &clocked[..1] }).wire(&[
            ("load_valid_i", "load"),
            ("load_lane_i", "lane_q"),
            ("load_weight_i", "row_weight"),
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
    if let Some(selector) = block_select::elaborate(library) {
        let masks = stream_fifo::elaborate(
            library,
            Some("weight_mask"),
            "datapath.sparsity",
            mask_w + 1,
            bitmask_decoder::depth(weight.latency),
            Payload::Mask,
        );
        module.add_nets(&[
            ("weight_taken", 1),
            ("weight_side", mask_w + 1),
            ("row_side", mask_w + 1),
            ("row_mask", mask_w),
            ("row_select", g.n * g.select_w()),
            ("row_error", g.n / g.sparsity.map_or(1, |s| s.nonzeros)),
            ("select", g.n * g.select_w()),
        ]);
        instances.push(
            Instance::new("u_weight_masks", &masks)
                .wire(&clocked)
                .wire(&[
                    ("in_valid_i", "weight_taken"),
                    ("in_data_i", "weight_side"),
                    ("out_ready_i", "load"),
                    ("out_data_o", "row_side"),
                ])
                .open(&[("in_ready_o", 1), ("out_valid_o", 1)]),
        );
        instances.push(Instance::new("u_select", &selector).wire(&[
            ("mask_i", "row_mask"),
            ("select_o", "row_select"),
            ("error_o", "row_error"),
        ]));
        in_array = in_array.wire(&[("load_select_i", "select")]);
        module.combinational(&["weight_mask", "weight_side"], &["weight_data_i", "weight_block_i"]);
        module.combinational(&["weight_taken"], &["weight_valid_i", "weight_ready_o"]);
        module.combinational(&["row_mask"], &["row_side"]);
        module.combinational(&["select"], &["row_side", "row_select"]);
        module.registers(&["mask_error_count_o"], &["clk_i", "rst_ni", "clear_i", "load", "row_error", "row_side"]);
    } else {
        module.combinational(&["weight_mask"], &["weight_data_i"]);
    }
    // A job's function travels with its shifts.
    let scale = if function.is_some() { "job_scale" } else { "job_scale_i" };
    instances.extend([
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
    ]);
    if let Some(function) = &function {
        module.add_nets(&[
            ("job_scale", g.scales_w() + g.function_w() + g.after_w()),
            ("final_function", g.function_w()),
            ("final_shift", g.scales_w()),
            ("activated_valid", 1),
            ("activated", g.sums_w()),
            ("activated_scale", g.scales_w()),
            ("activated_last", 1),
        ]);
        let travels: Vec<&str> = ["job_scale_i", "job_function_i", "job_after_i"]
            .into_iter()
            .filter(|port| module.port(port).is_some())
            .collect();
        module.combinational(&["job_scale"], &travels);
        module.combinational(&["final_function", "final_shift"], &["final_scale"]);
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
        None => ["final_valid", "sum", "final_scale", "final_last"],
        Some(_) => ["activated_valid", "activated", "activated_scale", "activated_last"],
    };
    instances.extend([
        Instance::new("u_requantize", &rounder).wire(&clocked).wire(&[
            ("sum_valid_i", valid),
            ("sum_i", sums),
            ("scale_i", scales),
            ("sum_last_i", last),
            ("code_valid_o", "code_valid"),
            ("code_o", "code"),
            ("code_last_o", "code_last"),
        ]),
        Instance::new("u_results", &buffer)
            .wire(&clocked)
            .wire(&[
                ("in_valid_i", "code_valid"),
                ("in_data_i", "rounded"),
                ("out_valid_o", "oldest_valid"),
                ("out_ready_i", "oldest_ready"),
                ("out_data_o", "oldest"),
            ])
            .open(&[("in_ready_o", 1)]),
        Instance::new("u_encoder", &encoder).wire(&clocked).wire(&[
            ("base_valid_i", "result_base_valid_i"),
            ("base_ready_o", "result_base_ready_o"),
            ("base_row_i", "result_base_row_i"),
            ("vector_valid_i", "oldest_valid"),
            ("vector_ready_o", "oldest_ready"),
            ("vector_data_i", "oldest_code"),
            ("vector_last_i", "oldest_last"),
            ("mask_valid_o", "result_valid_o"),
            ("mask_ready_i", "result_ready_i"),
            ("mask_data_o", "result_data_o"),
            ("mask_last_o", "result_last_o"),
            ("value_enable_o", "result_value_enable_o"),
            ("value_address_o", "result_value_address_o"),
            ("value_data_o", "result_value_data_o"),
        ]),
    ]);
    module.instances = instances;

    // The control's own logic.
    let valids: Vec<&str> = vectors.iter().map(|(valid, _, _)| valid.as_str()).collect();
    let readies: Vec<&str> = vectors.iter().map(|(_, ready, _)| ready.as_str()).collect();
    let data: Vec<&str> = vectors.iter().map(|(_, _, data)| data.as_str()).collect();
    let issue: Vec<&str> = [&["job_valid_i", "job_rows_i", "job_passes_i", "row_q"], valids.as_slice()].concat();
    module.combinational(&["go", "swap", "first_pass", "last_pass", "start"], &issue);
    module.combinational(&readies, &issue);
    module.combinational(&["close"], &["job_close_i", "job_rows_i", "job_passes_i", "row_q"]);
    module.combinational(&["load", "row_ready"], &[issue.as_slice(), &["row_valid"]].concat());
    module.combinational(&["vector"], &data);
    module.combinational(&["rounded"], &["code", "code_last"]);
    module.combinational(&["oldest_code", "oldest_last"], &["oldest"]);
    module.registers(&["vector_count_o"], &["clk_i", "rst_ni", "clear_i", "go", "oldest_valid", "oldest_ready"]);

    let sparsity = g.sparsity;
    library.add(module, |shell| {
        Body {
            shell,
            n: g.n,
            op_w: g.op_w(),
            code_w,
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
            zero_skip: g.zero_skip,
            nonzeros: sparsity.map_or(0, |s| s.nonzeros),
            block: sparsity.map_or(0, |s| s.block),
        }
        .render()
    })
}
