//! `elementwise_engine`: runs of rows added, or one scaled, into the wide memory.

use super::{
    CODE_W,
    address_generator::begin,
    pieces,
    ports::{ADDRESS_W, NUMBER_W, operations, reads, writes},
    reader, writer,
};
use crate::{
    blocks::{Assembly, Library, elementwise},
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
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

/// Reads an operand, from one of two memories, and gives it in pieces.
fn operand(a: &mut Assembly, operand: &str, reader: &Arc<Module>, split: &Arc<Module>) {
    let of = |name: &str| format!("{operand}_{name}");
    let [rows, pieces, start, memory] = ["rows", "pieces", "start", "memory"].map(of);
    a.place(&rows, reader);
    begin(a, &rows, &start, &format!("elementwise_{operand}_base_i"), &[("elementwise_vectors_i", "one")]);
    let memory = a.bundle((&rows, "memory"), &memory);
    a.open(&rows, "row_last_o");
    a.place(&pieces, split);
    a.wire(&pieces, "tail_i", "tail");
    a.join_as((&rows, "row"), (&pieces, "row"), &of("row"));

    a.derived(&start, 1, ["start", "elementwise_scale_i"]);
    a.state([format!("elementwise_{operand}_code_i")]);
    let choices = ["code", "wide"].map(|kind| a.own(&of(kind)));
    for choice in &choices {
        a.combinational([choice.net("valid")], [memory.net("valid")]);
        a.combinational([choice.net("address")], [memory.net("address")]);
    }
    for field in ["ready", "data"] {
        a.combinational([memory.net(field)], choices.iter().map(|choice| choice.net(field)));
    }
}

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
    module.interfaces = vec![Interface::clock(), operations(design, "elementwise").elsewhere()];
    for operand in OPERANDS {
        let [code, wide] = ["code", "wide"].map(|kind| format!("{operand}_{kind}"));
        module.interfaces.push(
            reads(&code, &format!("Operand {operand}: activation memory"), n * CODE_W, codes)
                .elsewhere()
                .widths(&[("data", "N*CODE_W")]),
        );
        module.interfaces.push(
            reads(&wide, &format!("Operand {operand}: wide memory"), row_w, bits)
                .elsewhere()
                .widths(&[("data", "N*NUMBER_W")]),
        );
    }
    module.interfaces.extend([
        writes("wide_write", "Results: wide memory", row_w, bits).elsewhere().widths(&[("data", "N*NUMBER_W")]),
        Interface::new("done", Role::Status, "The last row of an instruction leaves").plain_output("done", 1, bits),
    ]);
    let mut a = Assembly::new(module);
    for operand in OPERANDS {
        self::operand(&mut a, operand, &reader, &split);
    }
    a.place("elementwise", &unit);
    for operand in OPERANDS {
        let piece = format!("{operand}_piece");
        a.join_as((&format!("{operand}_pieces"), "piece"), ("elementwise", operand), &piece);
    }
    let job = [
        ("valid", "start"),
        ("scale", "elementwise_scale_i"),
        ("a_float", "elementwise_a_code_i"),
        ("b_float", "elementwise_b_code_i"),
        ("a_shift", "elementwise_a_shift_i"),
        ("b_shift", "elementwise_b_shift_i"),
        ("gain", "elementwise_gain_i"),
    ];
    a.fields(("elementwise", "job"), &job);
    a.open("elementwise", "job_ready_o");
    a.wire("elementwise", "clear_i", "clear");
    a.open("elementwise", "length_error_count_o");
    a.place("results", &writer);
    begin(&mut a, "results", "start", "elementwise_result_base_i", &[("elementwise_vectors_i", "one")]);
    a.wire("results", "command_keep_i", "keep");
    a.join_as(("elementwise", "sum"), ("results", "piece"), "sum");
    a.attach(("results", "memory"), "wide_write");
    a.attach(("results", "done"), "done");

    a.derived("start", 1, ["elementwise_valid_i"]);
    a.registers(["elementwise_ready_o"], ["elementwise_valid_i", "done_o"]);
    a.constants(&[("one", ADDRESS_W), ("keep", 1), ("clear", 1), ("tail", pieces::piece_w(count))]);
    let module = a.finish();
    let piece_w = pieces::piece_w(count);
    Some(library.add(module, |shell| {
        let tail = format!("{piece_w}'d{}", count - 1);
        Body { shell, n, number_w: NUMBER_W, code_w: CODE_W, tail }.render()
    }))
}
