//! `event_counters`: what happens in an accelerator, counted for software.

use crate::{
    blocks::{Library, clog2, geometry::COUNT_W},
    emit::{Shell, range},
    netlist::{Contract, Direction, Interface, Module, Payload, Role},
    registers::EVENTS,
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/event_counters.v")]
struct Body<'a> {
    shell: &'a Shell,
    count_w: u32,
    events: Vec<Event>,
}

/// Something that happens so often at most in a cycle, a bit for each.
struct Event {
    name: &'static str,
    sum_w: u32,
    range: String,
    sum: String,
}

/// What the register of a counter counts.
pub fn name(register: &'static str) -> &'static str {
    register.trim_start_matches("count_")
}

/// How many there are of an event in a cycle.
fn sum(name: &str, most: u32, sum_w: u32) -> String {
    if most == 1 {
        return format!("{name}_i");
    }
    let bits: Vec<String> = (0..most).map(|bit| format!("{{{}'d0, {name}_i[{bit}]}}", sum_w - 1)).collect();
    bits.join("\n                + ")
}

/// The counters of an accelerator whose activation memory has so many banks: a row of each in a cycle. They outlive programs.
pub fn elaborate(library: &mut Library, banks: u32) -> Arc<Module> {
    let bits = Payload::Bits;
    let mut module = Module::new("event_counters", None, "counts what happens in the accelerator", "accelerator");
    module.contract = Contract {
        latency: "2 cycles from an event to its counter".into(),
        interval: "every cycle".into(),
        numbers: format!("{COUNT_W} bits, which wrap"),
    };
    module.set_parameters(&[("banks", banks)]);
    let most = |name: &str| if name.starts_with("activation") { banks } else { 1 };
    let names = EVENTS.map(|(register, ..)| name(register));
    let events = Interface::new("events", Role::Input, "What happens, a bit each").plain_input("clear", 1, bits);
    let counts = Interface::new("counts", Role::Status, "Events since clear");
    module.interfaces = vec![
        Interface::clock(),
        names.iter().fold(events, |all, name| all.plain_input(name, most(name), bits)),
        names.iter().fold(counts, |all, name| all.plain_output(&format!("{name}_count"), COUNT_W, bits)),
    ];
    let named = |direction| module.names(direction).map(str::to_owned).collect::<Vec<_>>();
    let (inputs, outputs) = (named(Direction::Input), named(Direction::Output));
    let [inputs, outputs] = [&inputs, &outputs].map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
    module.registers(&outputs, &inputs);
    let event = |name| {
        let sum_w = clog2(u64::from(most(name)) + 1);
        Event { name, sum_w, range: range(sum_w), sum: sum(name, most(name), sum_w) }
    };
    let events = names.map(event).into();
    library.add(module, |shell| Body { shell, count_w: COUNT_W, events }.render())
}
