//! `processing_unit`: decoders → matrix unit → encoder, compressed operands to compressed results.

use crate::{
    blocks::{
        Geometry, Library, bitmask_decoder, bitmask_encoder, block_select, geometry::MIN_PASS, matrix_unit, stream_fifo,
    },
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/processing_unit.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    block: u32,
    wide_shift_w: u32,
}

/// The processing unit.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let design = library.design();
    let g = Geometry::new(design);
    let (weight, activation, result) = (design.memories.weight, design.memories.activation, design.memories.result);
    let code_w = g.result.bits();
    let mask_w = g.weight_mask_w();
    let sparse = g.sparsity.is_some();
    let operand = Payload::Codes(g.operand);
    let code = Payload::Codes(g.result);

    let matrix = matrix_unit::elaborate(library);
    let weights = bitmask_decoder::elaborate(library, "weight", "memories.weight", weight);
    let activations = bitmask_decoder::elaborate(library, "activation", "memories.activation", activation);
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
    let slots = matrix_unit::slots(&g);

    let mut weight_stream = Interface::sink("weight", "Weight masks, one a lane, n a tile; last ends a segment").input(
        "data",
        mask_w,
        Payload::Mask,
    );
    if sparse {
        weight_stream = weight_stream.input("block", 1, Payload::Bits);
    }
    let mut interfaces = vec![
        Interface::clock(),
        base("weight_base", weight_row_w),
        Interface::sink("result_base", "The row where a segment's values begin, one for each segment").input(
            "row",
            result_row_w,
            Payload::Bits,
        ),
        matrix_unit::jobs(&g, false),
        weight_stream.input("last", 1, Payload::Bits),
        Interface::source("result", "Result masks, row by row").output("data", g.n, Payload::Mask).output(
            "last",
            1,
            Payload::Bits,
        ),
        value_port("weight_value", weight_row_w, g.vector_w(), operand, "Weight values"),
        value_port("result_value", result_row_w, g.n * code_w, code, "Result values"),
        matrix_unit::counts(&g),
    ];
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
        ("code_valid", 1),
        ("code_ready", 1),
        ("code", g.n * code_w),
        ("code_last", 1),
    ]);

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
    let mut unit = Instance::new("u_matrix", &matrix).wire(&clocked).wire(&[
        ("weight_valid_i", "row_valid"),
        ("weight_ready_o", "row_ready"),
        ("weight_data_i", "row_weight"),
        ("result_valid_o", "code_valid"),
        ("result_ready_i", "code_ready"),
        ("result_code_o", "code"),
        ("result_last_o", "code_last"),
    ]);
    for port in [matrix_unit::jobs(&g, false), matrix_unit::counts(&g)].iter().flat_map(|interface| &interface.ports) {
        unit = unit.wire(&[(&port.name, &port.name)]);
    }
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
        unit = unit.wire(&[
            (&format!("{slot}_valid_i"), &valid),
            (&format!("{slot}_ready_o"), &ready),
            (&format!("{slot}_data_i"), &data),
        ]);
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
            ("row_taken", 1),
            ("row_side", mask_w + 1),
            ("row_block", 1),
            ("row_mask", mask_w),
            ("row_select", g.n * g.select_w()),
            ("row_error", g.n / g.sparsity.map_or(1, |s| s.nonzeros)),
        ]);
        instances.push(
            Instance::new("u_weight_masks", &masks)
                .wire(&clocked)
                .wire(&[
                    ("in_valid_i", "weight_taken"),
                    ("in_data_i", "weight_side"),
                    ("out_ready_i", "row_taken"),
                    ("out_data_o", "row_side"),
                ])
                .open(&[("in_ready_o", 1), ("out_valid_o", 1)]),
        );
        instances.push(Instance::new("u_select", &selector).wire(&[
            ("mask_i", "row_mask"),
            ("select_o", "row_select"),
            ("error_o", "row_error"),
        ]));
        unit = unit.wire(&[
            ("weight_block_i", "row_block"),
            ("weight_select_i", "row_select"),
            ("weight_error_i", "row_error"),
        ]);
        module.combinational(&["weight_mask", "weight_side"], &["weight_data_i", "weight_block_i"]);
        module.combinational(&["weight_taken"], &["weight_valid_i", "weight_ready_o"]);
        module.combinational(&["row_taken"], &["row_valid", "row_ready"]);
        module.combinational(&["row_block", "row_mask"], &["row_side"]);
    } else {
        module.combinational(&["weight_mask"], &["weight_data_i"]);
    }
    if g.accelerator {
        module.add_nets(&[("no_columns", 1), ("no_wide_shift", g.wide_shift_w())]);
        module.combinational(&["no_columns", "no_wide_shift"], &[]);
        unit = unit
            .wire(&[("weight_columns_i", "no_columns"), ("job_wide_shift_i", "no_wide_shift")])
            .open(&[("result_wide_o", g.wides_w())]);
    }
    instances.extend([
        unit,
        Instance::new("u_encoder", &encoder).wire(&clocked).wire(&[
            ("base_valid_i", "result_base_valid_i"),
            ("base_ready_o", "result_base_ready_o"),
            ("base_row_i", "result_base_row_i"),
            ("vector_valid_i", "code_valid"),
            ("vector_ready_o", "code_ready"),
            ("vector_data_i", "code"),
            ("vector_last_i", "code_last"),
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

    library.add(module, |shell| {
        Body { shell, n: g.n, block: g.sparsity.map_or(0, |s| s.block), wide_shift_w: g.wide_shift_w() }.render()
    })
}
