//! `elementwise_engine`: runs of rows added, or one scaled, into the wide memory.

use super::{
    CODE_W, pieces,
    ports::{ADDRESS_W, NUMBER_W, operations, reads, writes},
    reader,
    wires::{Wires, clocked, commanded, reading, writing},
    writer,
};
use crate::{
    blocks::{Library, elementwise},
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/elementwise_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    number_w: u32,
    code_w: u32,
    tail: String,
}

/// The operands.
const OPERANDS: [&str; 2] = ["a", "b"];

/// The engine; `None` where the design has no accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let (n, lanes) = (design.datapath.n, design.units.elementwise?.lanes);
    let (count, bits) = (n / lanes, Payload::Bits);
    let (row_w, piece_w) = (n * NUMBER_W, lanes * NUMBER_W);
    let unit = elementwise::elaborate(library)?;
    let reader = reader::elaborate(library, "elementwise", 1, row_w, bits);
    let split = pieces::split(library, "elementwise", count, piece_w, bits);
    let writer = writer::elaborate(library, "elementwise", 1, count, piece_w, bits);

    let mut module = Module::new("elementwise_engine", None, "adds runs of rows, or scales one", "units.elementwise");
    module.contract = Contract {
        latency: format!("{} cycles more than the unit takes", super::overhead(library.design())),
        interval: "one instruction at a time".into(),
        numbers: unit.contract.numbers.clone(),
    };
    module.set_parameters(&[("n", n), ("lanes", lanes)]);
    let codes = Payload::Codes(Format::AF8_3);
    module.interfaces = vec![Interface::clock(), operations(design, "elementwise")];
    for operand in OPERANDS {
        let [code, wide] = ["code", "wide"].map(|kind| format!("{operand}_{kind}"));
        module.interfaces.push(reads(&code, &format!("Operand {operand}: activation memory"), n * CODE_W, codes));
        module.interfaces.push(reads(&wide, &format!("Operand {operand}: wide memory"), row_w, bits));
    }
    module.interfaces.extend([
        writes("wide_write", "Results: wide memory", row_w, bits),
        Interface::new("done", Role::Status, "The last row of an instruction leaves").plain_output("done", 1, bits),
    ]);
    module.add_nets(&[("start", 1), ("one", ADDRESS_W), ("keep", 1), ("clear", 1), ("tail", pieces::piece_w(count))]);
    let control = ["clk_i", "rst_ni", "elementwise_valid_i", "done_o"];
    module.registers(&["elementwise_ready_o"], &control);
    module.combinational(&["start"], &["elementwise_valid_i"]);
    module.combinational(&["one", "keep", "clear", "tail"], &[]);

    let sum_fields = [("data", piece_w), ("last", 1)];
    let sum = Wires::new(&mut module, "sum", &sum_fields);
    let mut placed = Instance::new("u_elementwise", &unit)
        .wire(&[
            ("job_valid_i", "start"),
            ("job_scale_i", "elementwise_scale_i"),
            ("job_a_float_i", "elementwise_a_code_i"),
            ("job_b_float_i", "elementwise_b_code_i"),
            ("job_a_shift_i", "elementwise_a_shift_i"),
            ("job_b_shift_i", "elementwise_b_shift_i"),
            ("job_gain_i", "elementwise_gain_i"),
            ("clear_i", "clear"),
        ])
        .open(&[("job_ready_o", 1), ("length_error_count_o", 32)]);
    let mut instances = Vec::new();
    for operand in OPERANDS {
        let of = |name: &str| format!("{operand}_{name}");
        let [row_name, piece_name] = ["row", "piece"].map(of);
        let row_fields = [("data", row_w), ("end", 1)];
        let row = Wires::new(&mut module, &row_name, &row_fields);
        let piece = Wires::new(&mut module, &piece_name, &sum_fields);
        let [start, valid, ready, address, data] =
            ["start", "memory_valid", "memory_ready", "memory_address", "memory_data"].map(of);
        module.add_nets(&[(&start, 1), (&valid, 1), (&ready, 1), (&address, ADDRESS_W), (&data, row_w)]);
        let port = |kind: &str, part: &str| format!("{operand}_{kind}_{part}");
        for kind in ["code", "wide"] {
            module.combinational(&[&port(kind, "valid_o")], &[&valid]);
            module.combinational(&[&port(kind, "address_o")], &[&address]);
        }
        module.combinational(&[&ready], &[&port("code", "ready_i"), &port("wide", "ready_i")]);
        module.combinational(&[&data], &[&port("code", "data_i"), &port("wide", "data_i")]);
        module.combinational(&[&start], &["start", "elementwise_scale_i"]);
        module.registers(&[], &[&format!("elementwise_{operand}_code_i")]);

        let base = format!("elementwise_{operand}_base_i");
        let fields = [("base", base.as_str()), ("count0", "elementwise_vectors_i"), ("step0", "one")];
        let read = clocked(Instance::new(&format!("u_{operand}_rows"), &reader));
        let read = commanded(read, &start, &fields);
        let read = reading(read, &of("memory"), ["", ""]).open(&[("row_last_o", 1)]);
        instances.push(row.out_of(read, "row"));
        let parts = clocked(Instance::new(&format!("u_{operand}_pieces"), &split)).wire(&[("tail_i", "tail")]);
        instances.push(piece.out_of(row.feeding(parts, "row"), "piece"));
        placed = piece.feeding(placed, operand);
    }
    instances.push(sum.out_of(clocked(placed), "sum"));
    let fields = [
        ("base", "elementwise_result_base_i"),
        ("count0", "elementwise_vectors_i"),
        ("step0", "one"),
        ("keep", "keep"),
    ];
    let write = commanded(clocked(Instance::new("u_results", &writer)), "start", &fields);
    let write = writing(write, "wide_write").wire(&[("done_o", "done_o")]);
    instances.push(sum.feeding(write, "piece"));
    module.instances = instances;
    let piece_w = pieces::piece_w(count);
    Some(library.add(module, |shell| {
        let tail = format!("{piece_w}'d{}", count - 1);
        Body { shell, n, number_w: NUMBER_W, code_w: CODE_W, tail }.render()
    }))
}
