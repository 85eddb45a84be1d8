//! `address_generator`: addresses of runs within runs of rows.

use super::ports::{ADDRESS_W, COUNT_W};
use crate::{
    blocks::{Assembly, Library},
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/address_generator.v")]
struct Body<'a> {
    shell: &'a Shell,
    addr_w: u32,
    count_w: u32,
    levels: Vec<u32>,
    ends: String,
    from: String,
    step: String,
}

impl Body<'_> {
    /// Whether all runs within a level's end.
    fn below(&self, level: &u32) -> String {
        (0..*level).map(|level| format!("end{level}")).collect::<Vec<_>>().join(" && ")
    }
}

/// Bits of the counts of a address generator: a single run may be as long as a memory.
pub fn count_w(levels: u32) -> u32 {
    if levels == 1 { ADDRESS_W } else { COUNT_W }
}

/// Commands of an address generator of so many levels.
pub fn commands(levels: u32) -> Interface {
    let summary = "Where addresses begin; how often and how far each level steps, the innermost first";
    let stream = Interface::sink("command", summary).input("base", ADDRESS_W, Payload::Bits).of("ADDR_W");
    (0..levels).fold(stream, |stream, level| {
        stream
            .input(&format!("count{level}"), count_w(levels), Payload::Bits)
            .of("COUNT_W")
            .input(&format!("step{level}"), ADDRESS_W, Payload::Bits)
            .of("ADDR_W")
    })
}

/// Commands a part with an address generator, which is idle whenever it is to start, as [`address`] does.
pub fn begin(a: &mut Assembly, part: &str, start: &str, base: &str, levels: &[(&str, &str)]) {
    a.wire(part, "command_valid_i", start);
    a.open(part, "command_ready_o");
    address(a, part, base, levels);
}

/// Says of the commands of a part with an address generator where they begin, and the count and the step of
/// each level, the innermost first: nets or ports of the module.
pub fn address(a: &mut Assembly, part: &str, base: &str, levels: &[(&str, &str)]) {
    let end = (part, "command");
    a.fields(end, &[("base", base)]);
    for (level, (count, step)) in levels.iter().enumerate() {
        a.fields(end, &[(&format!("count{level}"), count), (&format!("step{level}"), step)]);
    }
}

/// The address generator of one to three levels.
pub fn elaborate(library: &mut Library, levels: u32) -> Arc<Module> {
    let label = ["run", "rows", "tiles"][levels as usize - 1];
    let mut module = Module::new(
        "address_generator",
        Some(label),
        &format!("addresses of rows, {levels} runs within each other"),
        "accelerator",
    );
    module.contract = Contract {
        latency: "1 cycle from a command to its first address".into(),
        interval: "one address a cycle, from one command to the next as well".into(),
        numbers: format!("addresses of {ADDRESS_W} bits, which wrap"),
    };
    module.set_parameters(&[("levels", levels)]);
    module.interfaces = vec![
        Interface::clock(),
        commands(levels),
        Interface::source("address", "Rows; end: the last of an innermost run, last: of all")
            .output("row", ADDRESS_W, Payload::Bits)
            .of("ADDR_W")
            .output("end", 1, Payload::Bits)
            .output("last", 1, Payload::Bits),
    ];
    let inputs: Vec<String> = module.names(crate::netlist::Direction::Input).map(str::to_owned).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    module.registers(&["address_valid_o", "address_row_o", "address_end_o", "address_last_o"], &inputs);
    module.combinational(&["command_ready_o"], &["address_ready_i"]);
    // The step of the innermost run that has not ended.
    let choose = |inner: &str, outer: &str| match levels {
        1 => inner.to_owned(),
        2 => format!("end0 ? {outer}1_q : {inner}"),
        _ => format!("end0 ? (end1 ? {outer}2_q : {outer}1_q) : {inner}"),
    };
    library.add(module, |shell| {
        let levels: Vec<u32> = (0..levels).collect();
        let ends = levels.iter().map(|level| format!("end{level}")).collect::<Vec<_>>().join(" && ");
        let (from, step) = (choose("row_q", "start"), choose("step0_q", "step"));
        Body { shell, addr_w: ADDRESS_W, count_w: count_w(levels.len() as u32), levels, ends, from, step }.render()
    })
}
