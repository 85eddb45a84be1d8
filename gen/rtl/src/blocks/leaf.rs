//! A leaf of the rust-hdl library as a module of the netlist.

use crate::{
    blocks::Library,
    emit::Shell,
    leaves::Leaf,
    netlist::{Contract, Direction, Interface, Module, Port, Role},
};
use askama::Template;
use std::sync::Arc;

/// The block name that leaves go by.
pub const BLOCK: &str = "leaf";

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
    let mut module = Module::new(BLOCK, None, &leaf.summary(), source);
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

fn names(interface: &Interface) -> Vec<String> {
    interface.ports.iter().map(|port| port.name.clone()).collect()
}

fn as_strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
