//! `exit_engine`: whether logits of the wide memory are sure enough to end the program.

use super::{
    address_generator::begin,
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, operations, reads},
    reader,
};
use crate::{
    blocks::{Assembly, Library, entropy, geometry::clog2},
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
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
    module.interfaces = vec![
        Interface::clock(),
        Interface::new("threshold", Role::Configuration, "Entropy in bits, Q6.10, below which the program ends")
            .plain_input("threshold", threshold_w, bits),
        operations(design, "exit"),
        reads("wide_read", "Logits: wide memory", row_w, bits),
        Interface::source("decision", "Whether it ends").output("exit", 1, bits),
    ];
    let mut a = Assembly::new(module);
    a.place("tiles", &reader);
    begin(&mut a, "tiles", "start", "exit_source_base_i", &[("tiles", "step")]);
    a.attach(("tiles", "memory"), "wide_read");
    a.open("tiles", "row_end_o");
    a.place("entropy", &unit);
    a.join_as(("tiles", "row"), ("entropy", "logit"), "logit");
    let row =
        [("valid", "exit_valid_i"), ("ready", "exit_ready_o"), ("classes", "classes"), ("threshold", "threshold_i")];
    a.fields(("entropy", "row"), &row);
    for number in ["decision_sum_o", "decision_weighted_o", "decision_log_o", "length_error_count_o"] {
        a.open("entropy", number);
    }
    a.attach(("entropy", "decision"), "decision");
    a.wire("entropy", "clear_i", "clear");

    a.derived("start", 1, ["exit_valid_i", "exit_ready_o"]);
    a.derived("tiles", ADDRESS_W, ["exit_classes_i"]);
    a.derived("step", ADDRESS_W, ["exit_source_tile_i"]);
    a.derived("classes", class_w, ["exit_classes_i"]);
    a.constants(&[("clear", 1)]);
    let module = a.finish();
    Some(library.add(module, |shell| {
        Body { shell, row_w: clog2(n.into()), class_w, count_w: COUNT_W, addr_w: ADDRESS_W }.render()
    }))
}
