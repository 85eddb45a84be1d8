//! A row's constants for a group of lanes.

use super::{HIGH_W, SOURCE, Widths};
use crate::{
    blocks::Library,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/layernorm_constants.v")]
struct ConstantsBody<'a> {
    shell: &'a Shell,
    factor_w: u32,
    triple_w: u32,
    term_w: u32,
    high_w: u32,
}

/// A row's constants for a group of lanes.
pub fn elaborate(library: &mut Library, w: Widths) -> Arc<Module> {
    let summary = "the constants of the row that a group of lanes multiplies";
    let mut module = Module::new("layernorm_constants", None, summary, SOURCE);
    module.contract = Contract {
        latency: "1 cycle from load; the distance one more that front is set".into(),
        interval: String::new(),
        numbers: String::new(),
    };
    let mut taken = Interface::new("scale", Role::Input, "N*R, three times N*R, half - R*S1, and the distance")
        .plain_input("load", 1, Payload::Bits)
        .plain_input("front", 1, Payload::Bits);
    let mut held = Interface::new("held", Role::Output, "The same, held");
    for (name, symbol, width) in w.constants() {
        taken = taken.plain_input(name, width, Payload::Bits).of(symbol);
        held = held.plain_output(name, width, Payload::Bits).of(symbol);
        module.registers(&[&format!("{name}_o")], &["clk_i", "load_i", "front_i", &format!("{name}_i")]);
    }
    module.interfaces = vec![Interface::clock_only(), taken, held];
    library.add(module, |shell| {
        ConstantsBody { shell, factor_w: w.factor(), triple_w: w.triple(), term_w: w.term(), high_w: HIGH_W }.render()
    })
}
