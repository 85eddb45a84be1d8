//! `event_counters`: what happens in an accelerator, counted for software.

use crate::{
    blocks::{Assembly, Library, clog2, geometry::COUNT_W},
    emit::{Shell, range},
    netlist::{Contract, Interface, Module, Payload, Role},
    registers,
};
use alberti_isa::Memory;
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/event_counters.v")]
struct Body<'a> {
    shell: &'a Shell,
    count_w: u32,
    events: Vec<Input>,
}

/// Something that happens so often at most in a cycle, a bit for each.
struct Input {
    name: &'static str,
    sum_w: u32,
    range: String,
    sum: String,
}

impl Input {
    fn of(name: &'static str, most: u32) -> Self {
        let sum_w = clog2(u64::from(most) + 1);
        let bits = (0..most).map(|bit| format!("{{{}'d0, {name}_i[{bit}]}}", sum_w - 1));
        let sum = if most == 1 { format!("{name}_i") } else { bits.collect::<Vec<_>>().join("\n                + ") };
        Self { name, sum_w, range: range(sum_w), sum }
    }
}

/// Each event, and how often it happens in a cycle at most: in each bank of the activation memory a row is
/// read, and one written; each of n results saturates.
fn events(n: u32, banks: u32) -> impl Iterator<Item = (&'static str, u32)> {
    registers::events().map(move |(counter, event)| match event {
        registers::Event::Read(Memory::Activation) | registers::Event::Written(Memory::Activation) => {
            (counter.name, banks)
        }
        registers::Event::Saturated => (counter.name, n),
        _ => (counter.name, 1),
    })
}

/// The counters of an accelerator whose activation memory has so many banks: a row of each in a cycle. They
/// outlive programs.
pub fn elaborate(library: &mut Library, banks: u32) -> Arc<Module> {
    let n = library.design().datapath.n;
    let bits = Payload::Bits;
    let contract = Contract {
        latency: "2 cycles from an event to its counter".into(),
        interval: "every cycle".into(),
        numbers: format!("{COUNT_W} bits, which wrap"),
    };
    let inputs = Interface::new("events", Role::Input, "What happens, a bit each").plain_input("clear", 1, bits);
    let inputs = events(n, banks).fold(inputs, |all, (name, most)| all.plain_input(name, most, bits));
    let counts = Interface::new("counts", Role::Status, "Events since clear");
    let counts = events(n, banks)
        .fold(counts, |all, (name, _)| all.plain_output(&format!("{name}_count"), COUNT_W, bits).of("COUNT_W"));
    let module = Module::new("event_counters", None, "counts what happens in the accelerator", "accelerator");
    let mut a = Assembly::of(module, contract, &[("n", n), ("banks", banks)], vec![Interface::clock(), inputs, counts]);
    a.registers(a.own("counts").driven(), a.own("events").read());
    let events = events(n, banks).map(|(name, most)| Input::of(name, most)).collect();
    library.add(a.finish(), |shell| Body { shell, count_w: COUNT_W, events }.render())
}
