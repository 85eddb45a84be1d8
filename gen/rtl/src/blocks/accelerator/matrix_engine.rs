//! `matrix_engine`: the array with all that it needs to work off `gemm` instructions.

use super::{
    address_generator,
    ports::{ADDRESS_W, NUMBER_W, PARAMETER_W, operations, reads, writes},
    reader,
    wires::{clocked, commanded, reading},
};
use crate::{
    blocks::{
        Geometry, Library, bitmask_decoder, block_select,
        geometry::{COUNT_W, SHIFT_W, clog2},
        matrix_unit, record_reader, stream_fifo,
    },
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/matrix_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    code_w: u32,
    addr_w: u32,
    column_w: u32,
    bias_w: u32,
    shift_w: u32,
    function_w: u32,
    activation_shift_w: u32,
    lane_w: u32,
    row_w: u32,
    pass_w: u32,
    word_w: u32,
    words: u32,
    /// Whether tiles may be of blocks.
    blocks: bool,
}

impl Body<'_> {
    /// Parts that an instruction goes to.
    fn parts(&self) -> &'static str {
        if self.blocks { "six" } else { "five" }
    }

    /// The tiles of a job.
    fn tiles(&self) -> &'static str {
        if self.blocks { "tiles_of_job" } else { "gemm_passes_i" }
    }
}

/// Rows that one of two streams may be ahead of the other: where they meet in a bank, one waits for a cycle, and other readers
/// go before either.
const AHEAD: u32 = 4;

/// The engine; `None` in a design without an accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let g = Geometry::new(design);
    let masks = design.memories.weight_masks?;
    let (n, code, bits) = (g.n, Payload::Codes(g.operand), Payload::Bits);
    let word_w = clog2(masks.words.into());
    let unit = matrix_unit::elaborate(library);
    let records = record_reader::elaborate(library)?;
    let decoder = bitmask_decoder::of_records(library);
    let selector = block_select::elaborate(library);
    let tiles = reader::elaborate(library, "tiles", 3, g.vector_w(), code);
    let vectors = match selector {
        Some(_) => reader::ahead(library, "vectors", 3, g.vector_w(), code, AHEAD),
        None => Arc::clone(&tiles),
    };
    let columns = reader::elaborate(library, "parameters", 1, n * PARAMETER_W, bits);
    let list = reader::elaborate(library, "list", 2, 32, bits);
    let walk = address_generator::elaborate(library, 2);

    let mut module = Module::new("matrix_engine", None, "works off matrix multiplies of whole tensors", "accelerator");
    module.contract = Contract {
        latency: "vectors and weights of an instruction follow those of the one before; its results end it".into(),
        interval: "a pass over r rows takes max(r, n, 4) cycles".into(),
        numbers: "those of matrix_unit".into(),
    };
    module.set_parameters(&[("n", n)]);
    let inherit = |module: &Module, name: &str, rename: &str, summary: &str| {
        let mut interface = module.interface(name).expect("the part has it").clone();
        for port in &mut interface.ports {
            port.name = port.name.replacen(name, rename, 1);
        }
        Interface { name: rename.into(), summary: summary.into(), ..interface }
    };
    let guarded = records.port("corrected_count_o").is_some();
    let mut counts = Interface::new("counts", Role::Status, "Events since clear")
        .plain_input("clear", 1, bits)
        .plain_output("vector_count", COUNT_W, bits)
        .plain_output("misplaced_count", COUNT_W, bits);
    for (there, name) in [
        (g.zero_skip, "held_count"),
        (selector.is_some(), "mask_error_count"),
        (guarded, "corrected_count"),
        (guarded, "detected_count"),
    ] {
        if there {
            counts = counts.plain_output(name, COUNT_W, bits);
        }
    }
    module.interfaces = vec![
        Interface::clock(),
        operations(design, "gemm"),
        reads("stream", "Vectors", g.vector_w(), code),
        reads("row", "Weights from the activation memory", g.vector_w(), code),
        reads("column", "Parameters of columns", n * PARAMETER_W, bits),
        reads("list", "Addresses of records", 32, bits),
        inherit(&records, "word", "weight_word", "Mask memory"),
        inherit(&decoder, "value", "weight_value", "Weight values"),
        writes("code_write", "Results as codes", g.vector_w(), code),
        writes("wide_write", "Results as numbers", n * NUMBER_W, bits),
        Interface::new("done", Role::Status, "An instruction has ended; a record past the end of the masks")
            .plain_output("done", 1, bits)
            .plain_output("past", 1, bits)
            .plain_output("past_row", ADDRESS_W, bits),
        decoder.interface("forget").expect("a decoder of records has it").clone(),
        counts,
    ];
    if selector.is_some() {
        let odd = reads("odd", "Vectors of odd passes", g.vector_w(), code);
        module.interfaces.insert(3, odd);
    }
    let gemm = module.interface("gemm").expect("it was just added").clone();
    // Walks that are begun only when they are idle need not say that they are ready.
    for net in [
        "stream_valid",
        "stream_ready",
        "row_valid",
        "row_ready",
        "column_valid",
        "list_valid",
        "walk_valid",
        "step_valid",
    ] {
        module.add_nets(&[(net, 1)]);
    }
    module.add_nets(&[
        ("columns_long", ADDRESS_W),
        ("stream_pass", ADDRESS_W),
        ("stream_row", ADDRESS_W),
        ("row_pass", ADDRESS_W),
        ("row_lane", ADDRESS_W),
        ("list_base", ADDRESS_W),
        ("list_column", ADDRESS_W),
        ("column_step", ADDRESS_W),
        ("step_column", ADDRESS_W),
        ("step_row", ADDRESS_W),
        ("lanes", 16),
        ("one", ADDRESS_W),
        ("nothing", ADDRESS_W),
        ("activation_valid", 1),
        ("activation_ready", 1),
        ("activation", g.vector_w()),
        ("column_row_valid", 1),
        ("column_row_ready", 1),
        ("column_row", n * PARAMETER_W),
        ("column_row_last", 1),
        ("list_row_valid", 1),
        ("list_row_ready", 1),
        ("list_row", 32),
        ("list_row_last", 1),
        ("row_row_valid", 1),
        ("row_row_ready", 1),
        ("row_row", g.vector_w()),
        ("walk_address_valid", 1),
        ("walk_ready", 1),
        ("walk_row", ADDRESS_W),
        ("walk_last", 1),
        ("step_address_valid", 1),
        ("step_ready", 1),
        ("step_address", ADDRESS_W),
        ("step_last", 1),
        ("record_valid", 1),
        ("record_ready", 1),
        ("record_address", word_w),
        ("record_masks", g.lane_w()),
        ("mask_valid", 1),
        ("mask_ready", 1),
        ("mask", g.weight_mask_w()),
        ("mask_last", 1),
        ("base_valid", 1),
        ("base_ready", 1),
        ("base_row", g.value_row_w(design.memories.weight)),
        ("base_lane", g.lane_w()),
        ("vector_valid", 1),
        ("vector_ready", 1),
        ("vector", g.vector_w()),
        ("job_valid", 1),
        ("job_ready", 1),
        ("job_rows", g.row_w()),
        ("job_passes", g.pass_w()),
        ("job_bias", n * g.bias_w),
        ("job_scale", g.scales_w()),
        ("job_wide_shift", SHIFT_W),
        ("weight_valid", 1),
        ("weight_ready", 1),
        ("weight_data", g.vector_w()),
        ("weight_columns", 1),
        ("result_valid", 1),
        ("result_ready", 1),
        ("result_code", g.vector_w()),
        ("result_wide", n * NUMBER_W),
        ("close", 1),
    ]);
    module.combinational(&["close"], &[]);

    let ends = [("row_end_o", 1), ("row_last_o", 1)];
    let end = [("row_end_o", 1)];
    let of_engine = ["_o", "_i"];
    let (even_passes, tiles_of_job) = match selector {
        Some(_) => ("even_passes", "tiles_of_job"),
        None => ("gemm_passes_i", "gemm_passes_i"),
    };
    let vectors_of = |name: &str, valid: &str, base: &str, passes: &str| {
        let fields = [
            ("base", base),
            ("count0", "gemm_rows_i"),
            ("step0", "stream_row"),
            ("count1", passes),
            ("step1", "stream_pass"),
            ("count2", "gemm_columns_i"),
            ("step2", "nothing"),
        ];
        commanded(clocked(Instance::new(name, &vectors)), valid, &fields)
    };
    let stream = vectors_of("u_stream", "stream_valid", "gemm_stream_base_i", even_passes);
    let rows = commanded(
        clocked(Instance::new("u_rows", &tiles)),
        "row_valid",
        &[
            ("base", "gemm_stationary_base_i"),
            ("count0", "lanes"),
            ("step0", "row_lane"),
            ("count1", "gemm_passes_i"),
            ("step1", "row_pass"),
            ("count2", "gemm_columns_i"),
            ("step2", "gemm_stationary_column_i"),
        ],
    );
    let columns = commanded(
        clocked(Instance::new("u_columns", &columns)),
        "column_valid",
        &[("base", "gemm_parameter_base_i"), ("count0", "columns_long"), ("step0", "column_step")],
    );
    let list = commanded(
        clocked(Instance::new("u_list", &list)),
        "list_valid",
        &[
            ("base", "list_base"),
            ("count0", "gemm_passes_i"),
            ("step0", "one"),
            ("count1", "gemm_columns_i"),
            ("step1", "list_column"),
        ],
    );
    let records_walk = commanded(
        clocked(Instance::new("u_walk", &walk)),
        "walk_valid",
        &[
            ("base", "gemm_stationary_base_i"),
            ("count0", tiles_of_job),
            ("step0", "row_pass"),
            ("count1", "gemm_columns_i"),
            ("step1", "gemm_stationary_column_i"),
        ],
    );
    let steps = commanded(
        clocked(Instance::new("u_steps", &walk)),
        "step_valid",
        &[
            ("base", "nothing"),
            ("count0", "gemm_rows_i"),
            ("step0", "step_row"),
            ("count1", "gemm_columns_i"),
            ("step1", "step_column"),
        ],
    );
    let mut instances = vec![
        reading(stream, "stream", of_engine)
            .wire(&[
                ("command_ready_o", "stream_ready"),
                ("row_valid_o", "activation_valid"),
                ("row_ready_i", "activation_ready"),
                ("row_data_o", "activation"),
            ])
            .open(&ends),
        reading(rows, "row", of_engine)
            .wire(&[
                ("command_ready_o", "row_ready"),
                ("row_valid_o", "row_row_valid"),
                ("row_ready_i", "row_row_ready"),
                ("row_data_o", "row_row"),
            ])
            .open(&ends),
        reading(columns, "column", of_engine)
            .wire(&[
                ("row_valid_o", "column_row_valid"),
                ("row_ready_i", "column_row_ready"),
                ("row_data_o", "column_row"),
                ("row_last_o", "column_row_last"),
            ])
            .open(&end),
        reading(list, "list", of_engine)
            .wire(&[
                ("row_valid_o", "list_row_valid"),
                ("row_ready_i", "list_row_ready"),
                ("row_data_o", "list_row"),
                ("row_last_o", "list_row_last"),
            ])
            .open(&end),
        records_walk
            .wire(&[
                ("address_valid_o", "walk_address_valid"),
                ("address_ready_i", "walk_ready"),
                ("address_row_o", "walk_row"),
                ("address_last_o", "walk_last"),
            ])
            .open(&[("address_end_o", 1)]),
        steps
            .wire(&[
                ("address_valid_o", "step_address_valid"),
                ("address_ready_i", "step_ready"),
                ("address_row_o", "step_address"),
                ("address_last_o", "step_last"),
            ])
            .open(&[("address_end_o", 1)]),
    ];
    let mut fetch = clocked(Instance::new("u_records", &records)).wire(&[
        ("record_valid_i", "record_valid"),
        ("record_ready_o", "record_ready"),
        ("record_address_i", "record_address"),
        ("record_masks_i", "record_masks"),
        ("weight_valid_o", "mask_valid"),
        ("weight_ready_i", "mask_ready"),
        ("weight_data_o", "mask"),
        ("weight_last_o", "mask_last"),
        ("base_valid_o", "base_valid"),
        ("base_ready_i", "base_ready"),
        ("base_row_o", "base_row"),
        ("base_lane_o", "base_lane"),
        ("word_enable_o", "weight_word_enable_o"),
        ("word_address_o", "weight_word_address_o"),
        ("word_data_i", "weight_word_data_i"),
        ("clear_i", "clear_i"),
        ("misplaced_count_o", "misplaced_count_o"),
    ]);
    if guarded {
        fetch = fetch.wire(&[("corrected_count_o", "corrected_count_o"), ("detected_count_o", "detected_count_o")]);
    }
    let mut array = clocked(Instance::new("u_unit", &unit))
        .wire(&[
            ("job_valid_i", "job_valid"),
            ("job_ready_o", "job_ready"),
            ("job_rows_i", "job_rows"),
            ("job_passes_i", "job_passes"),
            ("job_close_i", "close"),
            ("job_bias_i", "job_bias"),
            ("job_scale_i", "job_scale"),
            ("job_wide_shift_i", "job_wide_shift"),
            ("weight_valid_i", "weight_valid"),
            ("weight_ready_o", "weight_ready"),
            ("weight_data_i", "weight_data"),
            ("weight_columns_i", "weight_columns"),
            ("result_valid_o", "result_valid"),
            ("result_ready_i", "result_ready"),
            ("result_code_o", "result_code"),
            ("result_wide_o", "result_wide"),
            ("clear_i", "clear_i"),
            ("vector_count_o", "vector_count_o"),
        ])
        .open(&[("result_last_o", 1)]);
    if g.zero_skip {
        array = array.wire(&[("held_count_o", "held_count_o")]);
    }
    for (slot, net) in matrix_unit::slots(&g).iter().zip(["activation", "odd_row"]) {
        array = array.wire(&[
            (&format!("{slot}_valid_i"), &format!("{net}_valid")),
            (&format!("{slot}_ready_o"), &format!("{net}_ready")),
            (&format!("{slot}_data_i"), net),
        ]);
    }
    for (width, field) in [(g.function_w(), "function"), (g.activation_shift_w(), "activation_shift")] {
        if width != 0 {
            let (port, net) = (format!("job_{field}_i"), format!("job_{field}"));
            module.add_nets(&[(&net, width)]);
            array = array.wire(&[(&port, &net)]);
            module.registers(&[&net], &["clk_i", &format!("gemm_{field}_i")]);
        }
    }
    let mask = if selector.is_some() { "value_mask" } else { "mask" };
    if let Some(selector) = selector {
        let mask_w = g.weight_mask_w();
        module.add_nets(&[
            ("odd_valid", 1),
            ("odd_ready", 1),
            ("odd_base", ADDRESS_W),
            ("even_passes", 16),
            ("odd_passes", 16),
            ("tiles_of_job", 16),
            ("odd_row_valid", 1),
            ("odd_row_ready", 1),
            ("odd_row", g.vector_w()),
            ("mask_block", 1),
            ("value_mask", n),
            ("mask_taken", 1),
            ("vector_taken", 1),
            ("vector_mask", mask_w),
            ("weight_block", 1),
            ("weight_select", n * g.select_w()),
            ("weight_error", g.blocks()),
        ]);
        let odd = vectors_of("u_odd", "odd_valid", "odd_base", "odd_passes");
        instances.insert(
            1,
            reading(odd, "odd", of_engine)
                .wire(&[
                    ("command_ready_o", "odd_ready"),
                    ("row_valid_o", "odd_row_valid"),
                    ("row_ready_i", "odd_row_ready"),
                    ("row_data_o", "odd_row"),
                ])
                .open(&ends),
        );
        // Masks wait beside the decoder for their values.
        let weight = design.memories.weight;
        let depth = bitmask_decoder::depth(weight.latency);
        let (label, key) = (Some("record_mask"), "datapath.sparsity");
        let masks = stream_fifo::elaborate(library, label, key, mask_w, depth, Payload::Mask);
        instances.push(
            clocked(Instance::new("u_masks", &masks))
                .wire(&[
                    ("in_valid_i", "mask_taken"),
                    ("in_data_i", "mask"),
                    ("out_ready_i", "vector_taken"),
                    ("out_data_o", "vector_mask"),
                ])
                .open(&[("in_ready_o", 1), ("out_valid_o", 1)]),
        );
        instances.push(Instance::new("u_select", &selector).wire(&[
            ("mask_i", "vector_mask"),
            ("select_o", "weight_select"),
            ("error_o", "weight_error"),
        ]));
        fetch = fetch.wire(&[("weight_block_o", "mask_block")]);
        array = array.wire(&[
            ("weight_block_i", "weight_block"),
            ("weight_select_i", "weight_select"),
            ("weight_error_i", "weight_error"),
            ("mask_error_count_o", "mask_error_count_o"),
        ]);
        module.combinational(&["odd_valid"], &["gemm_valid_i", "gemm_passes_i"]);
        module.combinational(
            &["odd_base", "even_passes", "odd_passes", "tiles_of_job"],
            &["gemm_passes_i", "gemm_blocks_i", "gemm_stream_base_i", "gemm_stream_pass_i"],
        );
        module.combinational(&["value_mask"], &["mask", "mask_block"]);
        module.combinational(&["mask_taken"], &["mask_valid", "mask_ready"]);
        module.combinational(&["vector_taken"], &["vector_valid", "vector_ready"]);
        module.registers(&["weight_block"], &["clk_i", "gemm_blocks_i"]);
    }
    instances.extend([
        fetch,
        clocked(Instance::new("u_decoder", &decoder))
            .wire(&[
                ("base_valid_i", "base_valid"),
                ("base_ready_o", "base_ready"),
                ("base_row_i", "base_row"),
                ("base_lane_i", "base_lane"),
                ("mask_valid_i", "mask_valid"),
                ("mask_ready_o", "mask_ready"),
                ("mask_data_i", mask),
                ("mask_last_i", "mask_last"),
                ("value_enable_o", "weight_value_enable_o"),
                ("value_address_o", "weight_value_address_o"),
                ("value_data_i", "weight_value_data_i"),
                ("forget_i", "forget_i"),
                ("vector_valid_o", "vector_valid"),
                ("vector_ready_i", "vector_ready"),
                ("vector_data_o", "vector"),
            ])
            .open(&[("vector_last_o", 1)]),
        array,
    ]);
    module.instances = instances;

    // What the control drives.
    let operation: Vec<&str> =
        gemm.ports.iter().map(|port| port.name.as_str()).filter(|name| name.ends_with("_i")).collect();
    let mut walks = vec!["stream_ready", "row_ready"];
    if g.sparsity.is_some() {
        walks.extend(["odd_ready", "gemm_passes_i"]);
    }
    let asked = [operation.as_slice(), &walks].concat();
    walks.push("gemm_source_i");
    module.combinational(&["gemm_ready_o"], &walks);
    module.combinational(&["stream_valid", "row_valid"], &["gemm_valid_i", "gemm_source_i"]);
    module.combinational(&["column_valid", "step_valid", "list_valid", "walk_valid"], &asked);
    module.combinational(
        &[
            "columns_long",
            "stream_pass",
            "stream_row",
            "row_pass",
            "row_lane",
            "list_base",
            "list_column",
            "column_step",
            "step_column",
            "step_row",
            "lanes",
            "one",
            "nothing",
        ],
        &operation,
    );
    module.combinational(&["job_valid"], &["column_row_valid"]);
    module.combinational(&["column_row_ready"], &["job_ready"]);
    module.combinational(&["job_bias", "job_scale"], &["column_row"]);
    module.registers(
        &["job_rows", "job_passes", "job_wide_shift"],
        &[operation.as_slice(), &["clk_i", "rst_ni", "column_row_last"]].concat(),
    );
    module.combinational(&["record_valid"], &["list_row_valid", "walk_address_valid"]);
    module.combinational(&["record_address"], &["list_row", "walk_row"]);
    module.combinational(&["list_row_ready", "walk_ready"], &["record_ready"]);
    module.registers(&["record_masks", "past_o", "past_row_o"], &["clk_i", "rst_ni", "list_row_last", "walk_last"]);
    module.combinational(&["weight_valid"], &["row_row_valid", "vector_valid"]);
    module.combinational(&["weight_data"], &["row_row", "vector"]);
    module.combinational(&["row_row_ready", "vector_ready"], &["weight_ready"]);
    module.registers(&["weight_columns", "done_o"], &["clk_i", "rst_ni"]);
    let here = ["result_valid", "step_address_valid"];
    module.combinational(&["code_write_valid_o", "wide_write_valid_o"], &here);
    module.combinational(&["code_write_address_o", "wide_write_address_o"], &["step_address"]);
    module.combinational(&["code_write_data_o"], &["result_code"]);
    module.combinational(&["wide_write_data_o"], &["result_wide"]);
    module.combinational(
        &["result_ready", "step_ready"],
        &[&here[..], &["code_write_ready_i", "wide_write_ready_i", "step_last"]].concat(),
    );
    Some(library.add(module, |shell| {
        Body {
            shell,
            n,
            code_w: g.op_w(),
            addr_w: ADDRESS_W,
            column_w: PARAMETER_W,
            bias_w: g.bias_w,
            shift_w: SHIFT_W,
            function_w: g.function_w(),
            activation_shift_w: g.activation_shift_w(),
            lane_w: g.lane_w(),
            row_w: g.row_w(),
            pass_w: g.pass_w(),
            word_w,
            words: masks.words,
            blocks: g.sparsity.is_some(),
        }
        .render()
    }))
}
