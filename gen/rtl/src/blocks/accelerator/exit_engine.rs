//! `exit_engine`: whether logits of the wide memory are sure enough to end the program.

use super::{
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, kind, reads},
    reader,
    wires::{Wires, clocked, commanded, reading},
};
use crate::{
    blocks::{Library, entropy, geometry::clog2},
    emit::Shell,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/exit_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    row_w: u32,
    class_w: u32,
    count_w: u32,
    addr_w: u32,
}

/// The engine; `None` where the design has no accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let (n, latency) = (design.datapath.n, super::latency(design));
    let unit = entropy::elaborate(library)?;
    let (row_w, bits) = (n * NUMBER_W, Payload::Bits);
    let reader = reader::elaborate(library, "exit", 1, row_w, bits);
    let width = |port: &str| unit.port(port).map(|port| port.width);
    let (class_w, threshold_w) = (width("row_classes_i")?, width("row_threshold_i")?);

    let mut module = Module::new("exit_engine", None, "decides whether logits end the program", "units.entropy");
    module.contract = Contract {
        latency: format!("{} cycles more than the unit takes", latency + 1),
        interval: "one instruction at a time".into(),
        numbers: unit.contract.numbers.clone(),
    };
    module.set_parameters(&[("n", n)]);
    // The layer is the sequencer's.
    let fields = kind("exit").fields.iter().filter(|field| field.name != "layer");
    let instructions = fields.fold(Interface::sink("exit", "Instructions: exit"), |stream, field| {
        stream.input(field.name, field.bits, bits)
    });
    module.interfaces = vec![
        Interface::clock(),
        Interface::new("threshold", Role::Configuration, "Entropy in bits, Q6.10, below which the program ends")
            .plain_input("threshold", threshold_w, bits),
        instructions,
        reads("wide_read", "Logits: wide memory", row_w, bits),
        Interface::source("decision", "Whether it ends").output("exit", 1, bits),
    ];
    module.add_nets(&[("start", 1), ("clear", 1), ("tiles", ADDRESS_W), ("step", ADDRESS_W), ("classes", class_w)]);
    module.combinational(&["start"], &["exit_valid_i", "exit_ready_o"]);
    module.combinational(&["tiles", "classes"], &["exit_classes_i"]);
    module.combinational(&["step"], &["exit_source_tile_i"]);
    module.combinational(&["clear"], &[]);
    let logit_fields = [("data", row_w)];
    let logit = Wires::new(&mut module, "logit", &logit_fields);
    module.add_nets(&[("logit_last", 1)]);

    let walk = [("base", "exit_source_base_i"), ("count0", "tiles"), ("step0", "step")];
    let read = commanded(clocked(Instance::new("u_tiles", &reader)), "start", &walk);
    let read = reading(read, "wide_read", ["_o", "_i"]).open(&[("row_end_o", 1)]).wire(&[("row_last_o", "logit_last")]);
    let mut placed = clocked(Instance::new("u_entropy", &unit)).wire(&[
        ("row_valid_i", "exit_valid_i"),
        ("row_ready_o", "exit_ready_o"),
        ("row_classes_i", "classes"),
        ("row_threshold_i", "threshold_i"),
        ("logit_last_i", "logit_last"),
        ("decision_valid_o", "decision_valid_o"),
        ("decision_ready_i", "decision_ready_i"),
        ("decision_exit_o", "decision_exit_o"),
        ("clear_i", "clear"),
    ]);
    for open in ["decision_sum_o", "decision_weighted_o", "decision_log_o", "length_error_count_o"] {
        placed = placed.open(&[(open, width(open)?)]);
    }
    module.instances = vec![logit.out_of(read, "row"), logit.feeding(placed, "logit")];
    Some(library.add(module, |shell| {
        Body { shell, row_w: clog2(n.into()), class_w, count_w: COUNT_W, addr_w: ADDRESS_W }.render()
    }))
}
