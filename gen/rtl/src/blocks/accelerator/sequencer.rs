//! `sequencer`: runs programs.

use super::ports::{self, ADDRESS_W, fields, is_sequencers, issued, operations, out_of_range, reads};
use crate::{
    blocks::{Assembly, Geometry, Library, clog2},
    design::Design,
    emit::Shell,
    netlist::{Contract, Direction, Interface, Module, Payload, Role},
};
use alberti_isa::{BYTES, Fault, Field, WORDS};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/sequencer.v")]
struct Body<'a> {
    shell: &'a Shell,
    addr_w: u32,
    count_w: u32,
    latency: u32,
    program_bytes: u64,
    faults: Vec<(String, u8)>,
    kinds: Vec<Kind>,
    units: Vec<Unit>,
    /// Kinds that no other part executes.
    sequenced: Vec<&'static str>,
}

/// A kind of instruction as the template writes it.
struct Kind {
    name: &'static str,
    symbol: String,
    opcode: String,
    /// Bits that mean something, the highest word first.
    used: Vec<String>,
    fields: Vec<Named>,
    /// What makes it illegal.
    rules: Vec<String>,
}

/// A field that leaves the decoder.
struct Named {
    name: &'static str,
    suffix: &'static str,
    range: String,
}

/// A unit and the instructions that it takes.
struct Unit {
    name: &'static str,
    kinds: Vec<&'static str>,
}

/// Faults that the sequencer finds; those of the bus come with their codes.
const FAULTS: [Fault; 6] =
    [Fault::Instruction, Fault::Address, Fault::Watchdog, Fault::ProgramEnd, Fault::ProgramSize, Fault::Loop];

/// What a field is called in the decoder.
fn net(kind: &str, field: &Field) -> String {
    let suffix = if is_sequencers(kind, field.name) { "" } else { "_o" };
    format!("{kind}_{}{suffix}", field.name)
}

/// What no legal instruction of a kind says, as the instruction set has it and as the design limits it.
fn rules(design: &Design, kind: &'static alberti_isa::Kind) -> Vec<String> {
    let g = Geometry::new(design);
    let mut rules = Vec::new();
    for field in fields(design, kind) {
        let (name, bits) = (net(kind.name, field), field.bits);
        if field.nonzero {
            rules.push(format!("{name} == {bits}'d0"));
        }
        let choices = field.choices.len() as u32;
        let choices = match (kind.name, field.name) {
            ("gemm", "function") => g.activation.count(),
            // Weights are not taken out.
            ("store", "memory") => alberti_isa::Memory::WeightValues as u32,
            _ => choices,
        };
        if choices != 0 && choices < 1 << bits {
            rules.push(format!("{name} >= {bits}'d{choices}"));
        }
    }
    let units = &design.units;
    let most = |field: &str, most: u32| format!("{}_{field}_o > 16'd{most}", kind.name);
    match kind.name {
        "gemm" => {
            rules.extend([
                most("rows", design.datapath.accumulator_rows),
                most("passes", g.passes),
                most("masks", g.n),
            ]);
            if g.sparsity.is_some() {
                rules.push(format!("gemm_blocks_o && gemm_source_o != 2'd{}", alberti_isa::Source::Records as u32));
            }
        }
        "softmax" => {
            let length = units.softmax.map_or(0, |unit| unit.length_max);
            rules.push(most("tiles", length / g.n));
            let bits = g.lane_w();
            rules.push(format!("{{{bits}'d0, softmax_count_o}} > {{softmax_tiles_o, {bits}'d0}}"));
        }
        "hierarchical_softmax" => {
            if let Some(unit) = units.hierarchical_softmax {
                let most = |field: &str, most: u32| format!("hierarchical_softmax_{field}_o > 8'd{most}");
                rules.extend([most("parents", unit.parents_max), most("children", unit.children_max)]);
                rules.push("hierarchical_softmax_largest_o > hierarchical_softmax_parents_o".into());
            }
        }
        "layernorm" => {
            rules.push(most("channels", units.layernorm.map_or(0, |unit| unit.length_max)));
            rules.push("layernorm_channels_o < 16'd2".into());
            // With 10 fraction bits and a channel's shift of 3 it is the largest shift.
            rules.push("(!layernorm_exponent_bias_o[6] && layernorm_exponent_bias_o[5:0] > 6'd50)".into());
        }
        "exit" => {
            rules.push(most("classes", units.entropy.map_or(0, |unit| unit.classes_max)));
            rules.push("exit_classes_o < 16'd2".into());
        }
        _ => {}
    }
    rules
}

/// Bits of each word that carry something in a design.
fn used(design: &Design, kind: &'static alberti_isa::Kind) -> alberti_isa::Words {
    let mut used = kind.used();
    let has = |field: &Field| fields(design, kind).any(|of| of == field);
    for field in kind.fields.iter().filter(|field| !has(field)) {
        used[field.word] &= !field.mask();
    }
    used
}

fn kinds(design: &Design) -> Vec<Kind> {
    let of = |kind: &'static alberti_isa::Kind| {
        let field = |field: &'static Field| {
            let low = 32 * field.word as u32 + field.low;
            let high = low + field.bits - 1;
            let range = if high == low { low.to_string() } else { format!("{high}:{low}") };
            Named { name: field.name, suffix: if is_sequencers(kind.name, field.name) { "" } else { "_o" }, range }
        };
        Kind {
            name: kind.name,
            symbol: format!("OP_{}", kind.name.to_uppercase()),
            opcode: format!("{:02x}", kind.opcode),
            used: used(design, kind).iter().rev().map(|word| format!("32'h{word:08x}")).collect(),
            fields: fields(design, kind).map(field).collect(),
            rules: rules(design, kind),
        }
    };
    ports::kinds(design).map(of).collect()
}

fn units(design: &Design) -> Vec<Unit> {
    let kinds = |unit| ports::kinds(design).filter(|kind| kind.unit == Some(unit)).map(|kind| kind.name).collect();
    alberti_isa::Unit::ALL.into_iter().map(|unit| Unit { name: unit.name(), kinds: kinds(unit) }).collect()
}

fn sequenced(design: &Design) -> Vec<&'static str> {
    let issued = |kind: &alberti_isa::Kind| issued(design).any(|other| other.opcode == kind.opcode);
    ports::kinds(design).filter(|kind| !issued(kind)).map(|kind| kind.name).collect()
}

/// The sequencer; `None` in a design without an accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    let instructions = design.accelerator?.program.instructions;
    let contract = Contract {
        latency: "9 cycles from an instruction to the next one that waits for nothing".into(),
        interval: "one instruction at a time is issued; units work on while others are".into(),
        numbers: String::new(),
    };
    let summary = "runs programs: fetches, decodes and issues instructions";
    let module = Module::new("sequencer", None, summary, "accelerator.program");
    let mut a = Assembly::of(module, contract, &[("instructions", instructions)], interfaces(design));
    // The fetch is ordered as software says at that time.
    let ordered = a.own("fetch").nets(["valid", "rows"]);
    a.combinational(ordered.clone(), ["program_length_i"]);
    let outputs = a.module.names(Direction::Output).map(str::to_owned);
    let mut drives: Vec<String> = outputs.filter(|output| !ordered.contains(output)).collect();
    for (kind, field) in ports::kinds(design).flat_map(|kind| kind.fields.iter().map(move |field| (kind.name, field))) {
        if is_sequencers(kind, field.name) {
            a.net(&net(kind, field), field.bits);
            drives.push(net(kind, field));
        }
    }
    a.registers(drives, a.inputs());
    let latency = super::latency(design);
    Some(library.add(a.finish(), |shell| {
        Body {
            shell,
            addr_w: ADDRESS_W,
            count_w: clog2(u64::from(instructions) + 1),
            latency,
            program_bytes: u64::from(instructions) * BYTES as u64,
            faults: FAULTS.map(|fault| (format!("FAULT_{}", fault.name().to_uppercase()), fault.code())).to_vec(),
            kinds: kinds(design),
            units: units(design),
            sequenced: sequenced(design),
        }
        .render()
    }))
}

/// What it takes and gives.
fn interfaces(design: &Design) -> Vec<Interface> {
    let bits = Payload::Bits;
    let mut interfaces = vec![
        Interface::clock(),
        Interface::new("control", Role::Configuration, "Commands and settings of software")
            .plain_input("start", 1, bits)
            .plain_input("soft_reset", 1, bits)
            .plain_input("program_length", 32, bits)
            .plain_input("watchdog_limit", 32, bits),
        Interface::source("fetch", "The program: so many instructions").output("rows", ADDRESS_W, bits).of("ADDR_W"),
        reads("program", "Program memory", 8 * BYTES as u32, bits),
        Interface::sink("decision", "Whether the program ends early").input("exit", 1, bits),
    ];
    let stream = |kind: &'static alberti_isa::Kind| operations(design, kind.name).flipped();
    interfaces.extend(issued(design).map(|kind| Interface { role: Role::Output, ..stream(kind) }));
    interfaces.extend(reports());
    interfaces
}

/// What units report, and what the sequencer reports in turn.
fn reports() -> [Interface; 6] {
    let bits = Payload::Bits;
    let units = |interface: Interface, port: &dyn Fn(Interface, &str) -> Interface| {
        alberti_isa::Unit::ALL.iter().fold(interface, |interface, unit| port(interface, unit.name()))
    };
    let done =
        Interface::new("done", Role::Status, "What has ended: the fetch of the program, an instruction of a unit")
            .plain_input("fetch_done", 1, bits);
    let busy = Interface::new("busy", Role::Status, "Units that have unfinished instructions");
    [
        out_of_range("A row past the end of a memory").flipped(),
        Interface::new("bus_fault", Role::Status, "What went wrong on the bus, and where")
            .plain_input("bus_fault", 8, bits)
            .input("address", 32, bits),
        Interface::new("flow", Role::Status, "Whether anything moves; whether the bus is given back")
            .plain_input("progress", 1, bits)
            .plain_input("drained", 1, bits),
        units(done, &|done, unit| done.plain_input(&format!("{unit}_done"), 1, bits)),
        state(),
        units(busy, &|busy, unit| busy.plain_output(&format!("{unit}_busy"), 1, bits)),
    ]
}

fn state() -> Interface {
    let bits = Payload::Bits;
    let summary = "State of the accelerator; low while units are reset; high while the bus is given back";
    Interface::new("state", Role::Status, summary)
        .port("units_rst", Direction::Output, 1, Payload::Reset)
        .plain_output("abort", 1, bits)
        .plain_output("busy", 1, bits)
        .plain_output("done", 1, bits)
        .plain_output("error_code", 8, bits)
        .plain_output("error_address", 32, bits)
        .plain_output("program_counter", 32, bits)
        .plain_output("exit_layer", 8, bits)
        .plain_output("issued", 1, bits)
        .plain_output("ended", 1, bits)
        .plain_output("exited", 1, bits)
        .plain_output("failed", 1, bits)
}

const _: () = assert!(WORDS == 16, "the decoder is of 512 bits");
