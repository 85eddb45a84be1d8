//! A leaf of the rust-hdl library as a module of the netlist.

use crate::{
    blocks::{Assembly, Library},
    emit::Shell,
    leaves::Leaf,
    netlist::{Contract, Direction, Interface, Module, ModuleKind, Net, Port, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/leaf.v")]
struct Body<'a> {
    shell: &'a Shell,
    body: String,
}

/// Places a leaf in the library of modules.
///
/// # Panics
/// When the leaf's kernel does not pass its checks, which its tests exclude.
pub fn elaborate(library: &mut Library, leaf: &dyn Leaf, source: &str) -> Arc<Module> {
    let name = leaf.module_name();
    let mut module = Module::new("leaf", None, &leaf.summary(), source);
    module.kind = ModuleKind::Leaf;
    module.contract = Contract { latency: "combinational".into(), ..Contract::default() };
    let ports = leaf.ports().expect("the kernels of all leaves are tested");
    let side = |input: bool| {
        let direction = if input { Direction::Input } else { Direction::Output };
        let own = ports.iter().filter(move |port| port.input == input);
        own.map(move |port| Port::named(&port.name, direction, port.width))
    };
    let mut inputs = Interface::new("in", Role::Input, "In");
    inputs.ports.extend(side(true));
    let mut outputs = Interface::new("out", Role::Output, "Out");
    outputs.ports.extend(side(false));
    let (reads, drives) = (names(&inputs), names(&outputs));
    module.combinational(&as_strs(&drives), &as_strs(&reads));
    module.interfaces = vec![inputs, outputs];
    let body = leaf.body().expect("the kernels of all leaves are tested");
    let indented: Vec<_> =
        body.lines().map(|line| if line.is_empty() { String::new() } else { format!("    {line}") }).collect();
    module.name = name;
    library.add(module, |shell| Body { shell, body: indented.join("\n") }.render())
}

/// A value that passes from a leaf to the next.
pub struct Passed {
    /// The net; what holds it has `_q` at the end.
    pub name: String,
    /// What its width is called.
    pub symbol: String,
    /// Its width.
    pub width: u32,
}

/// Joins the outputs of a leaf to the inputs of the next that are called alike, by nets `<stem>_<field>`. Of
/// rows of leaves each has its slices.
pub fn join(unit: &mut Assembly, from: &str, to: &str, stem: &str) -> Vec<Passed> {
    join_by(unit, [from, to], stem, |_, passed| passed.name.clone())
}

/// The same through registers, which the template loads.
pub fn join_registered(unit: &mut Assembly, from: &str, to: &str, stem: &str) -> Vec<Passed> {
    let count = unit.count(from);
    let hold = |unit: &mut Assembly, Passed { name, width, .. }: &Passed| {
        let register = format!("{name}_q");
        unit.group_register(stem, &register, count * width, [name]);
        register
    };
    join_by(unit, [from, to], stem, hold)
}

fn join_by(
    unit: &mut Assembly,
    [from, to]: [&str; 2],
    stem: &str,
    pass: impl Fn(&mut Assembly, &Passed) -> String,
) -> Vec<Passed> {
    let (outputs, count) = (unit.interface((from, "out")), unit.count(from));
    unit.describe(stem, format!("u_{from} to u_{to}"));
    let mut all = Vec::new();
    for port in &outputs.ports {
        let name = format!("{stem}_{}", port.field);
        let symbol = format!("{}_W", name.to_uppercase());
        unit.declare(Net::wire(&name, count * port.width), stem);
        unit.slices((from, "out"), &[(&port.field, &name, &symbol)]);
        let passed = Passed { name, symbol, width: port.width };
        let taken = pass(unit, &passed);
        unit.slices((to, "in"), &[(&port.field, &taken, &passed.symbol)]);
        all.push(passed);
    }
    all
}

fn names(interface: &Interface) -> Vec<String> {
    interface.ports.iter().map(|port| port.name.clone()).collect()
}

fn as_strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
