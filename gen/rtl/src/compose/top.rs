//! The module of a composition: instances, the nets between them, and the exported ports.

use super::{
    Joined, Link, list,
    parts::{Parts, fields},
};
use crate::{
    blocks::Library,
    emit::Shell,
    netlist::{Expr, Instance, Interface, Module, ModuleKind, Net, Payload, Port},
};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use askama::Template;
use std::{collections::BTreeMap, sync::Arc};

#[derive(Template)]
#[template(path = "rtl/composition.v")]
struct Body<'a> {
    shell: &'a Shell,
    files: &'a [String],
}

/// Builds the top of instances whose blocks there all are; reports names that two things of it would have.
pub(super) fn build(parts: &Parts<'_>, joined: &Joined, library: &Library<'_>, problems: &mut Diagnostics) -> Module {
    let design = library.design();
    let blocks = list(parts.composition.instances.iter().map(|i| format!("{} ({})", i.label, i.block)));
    let mut module = Module::new("composition", None, &format!("joins {blocks}, stream to stream"), "instances");
    module.kind = ModuleKind::Composition;
    module.name = format!("alb_{}", design.name);
    module.interfaces.extend(clock(parts));
    let mut instances = Vec::new();
    for (_, instance, placed) in parts.placed() {
        let label = instance.label.to_uppercase();
        let mut instance = Instance::new(&format!("u_{}", instance.label), placed);
        for file in &placed.files {
            let name = format!("{label}_{file}");
            instance = instance.with_parameters(&[(file, &name)]);
            module.files.push(name);
        }
        for port in placed.ports() {
            let expr = match port.payload {
                Payload::Clock => Expr::Whole("clk_i".into()),
                Payload::Reset => Expr::Whole("rst_ni".into()),
                _ => Expr::Open(port.width),
            };
            instance.connections.insert(port.name.clone(), expr);
        }
        instances.push(instance);
    }
    let mut names = Names::default();
    for Link { from, to, .. } in &joined.links {
        let (label, interface) = (parts.label(*from), parts.interface(*from));
        let ends = fields(parts.interface(*to));
        let stem = format!("{label}_{}", interface.name);
        module.bundles.insert(stem.clone(), format!("u_{} to u_{}", parts.name(*from), parts.name(*to)));
        for (field, port) in fields(interface) {
            let name = format!("{stem}_{field}");
            let whole = || Expr::Whole(name.clone());
            instances[from.instance].connections.insert(port.name.clone(), whole());
            if let Some(other) = ends.get(field) {
                instances[to.instance].connections.insert(other.name.clone(), whole());
            }
            names.add(&name, from.instance, parts.name(*from));
            module.nets.push(Net { bundle: Some(stem.clone()), ..Net::wire(&name, port.width) });
        }
    }
    for &end in &joined.exports {
        let (label, interface) = (parts.label(end), parts.interface(end).clone().elsewhere());
        let prefixed = |port: &Port| Port { name: format!("{label}_{}", port.name), ..port.clone() };
        let exported = Interface {
            name: format!("{label}_{}", interface.name),
            role: interface.role,
            summary: format!("{label}: {}", interface.summary),
            ports: interface.ports.iter().map(prefixed).collect(),
            one_of: interface.one_of.clone(),
        };
        for (port, outer) in interface.ports.iter().zip(&exported.ports) {
            instances[end.instance].connections.insert(port.name.clone(), Expr::Whole(outer.name.clone()));
            names.add(&outer.name, end.instance, parts.name(end));
        }
        module.interfaces.push(exported);
    }
    for (number, instance) in instances.iter().enumerate() {
        let label = &parts.composition.instances[number].label;
        names.add(&instance.name, number, label.clone());
        for (port, _) in instance.connections.iter().filter(|(_, expr)| matches!(expr, Expr::Open(_))) {
            names.add(&instance.unused(port), number, label.clone());
        }
    }
    names.report(parts, problems);
    if library.contains(&module.name) {
        let message = format!("the top would be the module `{}`, and so would a block of the design", module.name);
        let help = format!("choose another name of the design, such as `{}_top`", design.name);
        problems.push(Diagnostic::new(Code::NameClash, message, help).at(design.locate("name")));
    }
    module.instances = instances;
    module
}

/// Renders the top.
pub(super) fn add(library: &mut Library<'_>, module: Module) -> Arc<Module> {
    let files = module.files.clone();
    library.add(module, |shell| Body { shell, files: &files }.render())
}

/// Clock and reset, as far as an instance has them.
fn clock(parts: &Parts<'_>) -> Option<Interface> {
    let has = |payload| parts.placed().any(|(_, _, module)| module.ports().any(|port| port.payload == payload));
    match (has(Payload::Clock), has(Payload::Reset)) {
        (true, true) => Some(Interface::clock()),
        (true, false) => Some(Interface::clock_only()),
        _ => None,
    }
}

/// The names within the top, with the instance and the words for who has them.
#[derive(Default)]
struct Names {
    taken: BTreeMap<String, (usize, String)>,
    /// Pairs of who would share a name, with the later instance and the first such name.
    clashes: BTreeMap<(String, String), (usize, String)>,
}

impl Names {
    fn add(&mut self, name: &str, instance: usize, owner: String) {
        match self.taken.get(name) {
            None => _ = self.taken.insert(name.to_owned(), (instance, owner)),
            Some((_, first)) if *first == owner => {}
            Some((other, first)) => {
                let pair = (first.clone().min(owner.clone()), first.clone().max(owner));
                self.clashes.entry(pair).or_insert(((*other).max(instance), name.to_owned()));
            }
        }
    }

    fn report(self, parts: &Parts<'_>, problems: &mut Diagnostics) {
        for ((one, other), (instance, name)) in self.clashes {
            let place = parts.composition.instances[instance].place.clone();
            let message = format!("`{one}` and `{other}` would both have the name `{name}` in the top");
            let label = &parts.composition.instances[instance].label;
            let help = format!("change the label `{label}`: none may be another's followed by an interface's name");
            problems.push(Diagnostic::new(Code::PortClash, message, help).at(place));
        }
    }
}
