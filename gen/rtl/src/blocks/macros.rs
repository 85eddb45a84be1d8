//! A macro of a technology: the behavioural model that stands behind the ports of its wrapper. A foundry's
//! wrapper of the same name takes its place.

use crate::{
    blocks::{Library, geometry::clog2},
    design::MemoryKind,
    emit::Shell,
    memory::{Demand, Macro, Ports, Technology},
    netlist::{Contract, Direction, Interface, Module, ModuleKind, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

/// A port of a macro.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MacroPort {
    pub name: &'static str,
    pub reads: bool,
    pub writes: bool,
}

impl MacroPort {
    fn not_write(&self) -> String {
        if self.writes { format!(" && !{}_write_i", self.name) } else { String::new() }
    }

    fn written(&self) -> String {
        let name = self.name;
        if self.reads { format!("({name}_enable_i && {name}_write_i)") } else { format!("{name}_enable_i") }
    }
}

/// The ports of an arrangement.
pub(crate) fn ports(arrangement: Ports) -> Vec<MacroPort> {
    let port = |name, reads, writes| MacroPort { name, reads, writes };
    match arrangement {
        Ports::OneShared => vec![port("access", true, true)],
        Ports::OneEach => vec![port("read", true, false), port("write", false, true)],
        Ports::TwoShared => vec![port("a", true, true), port("b", true, true)],
    }
}

/// Groups of bits that are written alone; 0 where a word is written whole.
pub(crate) fn masks(hard_macro: &Macro, kind: MemoryKind) -> u32 {
    if kind == MemoryKind::Rram || hard_macro.write_enable_bits == hard_macro.bits {
        0
    } else {
        hard_macro.bits / hard_macro.write_enable_bits
    }
}

#[derive(Template)]
#[template(path = "rtl/macro.v")]
struct Body<'a> {
    shell: &'a Shell,
    ports: Vec<MacroPort>,
    words: u32,
    width: u32,
    rram: bool,
    cell_w: u32,
    levels: u32,
    read_cycles: u32,
    write_cycles: u32,
    masks: u32,
    grain: u32,
}

impl Body<'_> {
    /// Cycles of a read beyond its first.
    fn stages(&self) -> impl Iterator<Item = u32> {
        2..=self.read_cycles
    }

    /// What the record of a port's last reads becomes.
    fn recent(&self, port: &MacroPort) -> String {
        let read = format!("{}_enable_i{}", port.name, port.not_write());
        match self.read_cycles {
            2 => read,
            cycles => format!("{{{}_recent_q[{}:0], {read}}}", port.name, cycles - 3),
        }
    }

    fn word(&self, port: &str) -> String {
        match self.rram {
            true => format!("seen(memory[{port}_address_i], {port}_wrong)"),
            false => format!("memory[{port}_address_i]"),
        }
    }
}

/// The model of a macro, at the clock of the demand.
pub(crate) fn elaborate(
    library: &mut Library,
    technology: &Technology,
    hard_macro: &Macro,
    demand: &Demand,
) -> Arc<Module> {
    let cell = technology.cell(hard_macro);
    let rram = cell.kind == MemoryKind::Rram;
    let write_cycles = demand.cycles(hard_macro.write_latency_ns) as u32;
    let read_cycles = demand.cycles(hard_macro.read_latency_ns) as u32;
    let kind = cell.kind.word().to_uppercase();
    let what = if rram { format!(", {} bits a cell", cell.bits_per_cell) } else { String::new() };
    let summary = format!(
        "{kind} macro of {} words of {} bits{what}: a model, in whose place a wrapper around the technology's macro stands",
        hard_macro.words, hard_macro.bits
    );
    let mut module = Module::new("macro", Some(&hard_macro.name), &summary, &demand.key);
    module.kind = ModuleKind::Model;
    module.contract = Contract {
        latency: format!("data {read_cycles} cycles after the enable, then held to the next read"),
        interval: match rram {
            true => format!("a word is programmed by {write_cycles} cycles of enable, address and data held"),
            false => match hard_macro.ports {
                Ports::OneShared => "one read or write a cycle".into(),
                Ports::OneEach | Ports::TwoShared => "a write takes one cycle; a read of the word being written \
                    returns the old one: a wrapper around a macro with other data there has to keep the old one"
                    .into(),
            },
        },
        numbers: String::new(),
    };
    module.set_parameters(&[("words", hard_macro.words), ("width", hard_macro.bits)]);
    let (ports, masks, address_w) =
        (ports(hard_macro.ports), masks(hard_macro, cell.kind), clog2(hard_macro.words.into()));
    module.interfaces = vec![Interface::clock_only()];
    let mut inputs = vec!["clk_i".to_owned()];
    for port in &ports {
        let mut interface = Interface::new(port.name, Role::Memory, &format!("Port {}", port.name))
            .input("enable", 1, Payload::Bits)
            .input("address", address_w, Payload::Bits)
            .of("$clog2(WORDS)");
        if port.writes {
            if port.reads {
                interface = interface.input("write", 1, Payload::Bits);
            }
            let stem = format!("{}_data", port.name);
            interface = interface.port(&stem, Direction::Input, hard_macro.bits, Payload::Bits).of("WIDTH");
            if masks > 0 {
                interface =
                    interface.input("mask", masks, Payload::Bits).of(format!("WIDTH/{}", hard_macro.write_enable_bits));
            }
        }
        if port.reads {
            interface = interface.output("data", hard_macro.bits, Payload::Bits).of("WIDTH");
        }
        let is_input = |port: &&crate::netlist::Port| port.direction == Direction::Input;
        inputs.extend(interface.ports.iter().filter(is_input).map(|port| port.name.clone()));
        module.interfaces.push(interface);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    for port in ports.iter().filter(|port| port.reads) {
        module.registers(&[&format!("{}_data_o", port.name)], &inputs);
    }
    library.add(module, |shell| {
        Body {
            shell,
            ports,
            words: hard_macro.words,
            width: hard_macro.bits,
            rram,
            cell_w: cell.bits_per_cell,
            levels: 1 << cell.bits_per_cell,
            read_cycles,
            write_cycles,
            masks,
            grain: hard_macro.write_enable_bits,
        }
        .render()
    })
}
