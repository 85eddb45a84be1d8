//! Instances of a module, joined interface to interface.

use crate::netlist::{Direction, Instance, Interface, Module};
use std::sync::Arc;

/// The inside of a module while it is put together.
pub struct Joints {
    /// The module.
    pub module: Module,
    parts: Vec<(Instance, Arc<Module>)>,
}

/// An interface of a part: the part's name, without `u_`, and the interface's.
pub type End<'a> = (&'a str, &'a str);

impl Joints {
    /// A module without parts.
    pub fn new(module: Module) -> Self {
        Self { module, parts: Vec::new() }
    }

    /// Places a part, clocked and reset by nets of the module, as far as it has these ports.
    pub fn place(&mut self, name: &str, part: &Arc<Module>, reset: &str) {
        let mut instance = Instance::new(&format!("u_{name}"), part);
        for (port, net) in [("clk_i", "clk_i"), ("rst_ni", reset)] {
            if part.port(port).is_some() {
                instance = instance.wire(&[(port, net)]);
            }
        }
        self.parts.push((instance, Arc::clone(part)));
    }

    /// The interface of a part.
    ///
    /// # Panics
    /// When there is none of that name.
    fn interface(&self, (part, interface): End) -> Interface {
        let (_, module) = self.part(part);
        module.interface(interface).unwrap_or_else(|| panic!("{} has an interface {interface}", module.name)).clone()
    }

    fn at(&self, name: &str) -> usize {
        let of = |(instance, _): &(Instance, _)| instance.name.trim_start_matches("u_") == name;
        self.parts.iter().position(of).unwrap_or_else(|| panic!("{name} is placed"))
    }

    fn part(&self, name: &str) -> &(Instance, Arc<Module>) {
        &self.parts[self.at(name)]
    }

    fn change(&mut self, part: &str, how: impl FnOnce(Instance) -> Instance) {
        let at = self.at(part);
        let instance = &mut self.parts[at].0;
        *instance = how(instance.clone());
    }

    /// Connects a port of a part to a net or port of the module.
    pub fn wire(&mut self, part: &str, port: &str, net: &str) {
        self.change(part, |instance| instance.wire(&[(port, net)]));
    }

    /// Joins two interfaces of the same fields, which face each other, by nets `<part>_<interface>_<field>` of the first.
    pub fn join(&mut self, a: End, b: End) {
        let (from, to) = (self.interface(a), self.interface(b));
        for port in &from.ports {
            let field = port.name.trim_start_matches(&format!("{}_", a.1));
            let (field, _) = field.rsplit_once('_').expect("ports end with their direction");
            let other = (to.ports.iter())
                .find(|other| other.name.rsplit_once('_').is_some_and(|(stem, _)| stem == format!("{}_{field}", b.1)))
                .unwrap_or_else(|| panic!("{} of {} has a field {field}", b.1, b.0));
            assert!(
                other.direction != port.direction,
                "{}.{} and {}.{} face each other",
                a.0,
                port.name,
                b.0,
                other.name
            );
            let net = format!("{}_{}_{field}", a.0, a.1);
            self.module.add_nets(&[(&net, port.width)]);
            self.wire(a.0, &port.name, &net);
            self.wire(b.0, &other.name, &net);
        }
    }

    /// A net for a port of a part, named `<part>_<stem>`.
    pub fn expose(&mut self, part: &str, port: &str) -> String {
        let width = self.part(part).1.port(port).unwrap_or_else(|| panic!("{part} has a port {port}")).width;
        let (stem, _) = port.rsplit_once('_').expect("ports end with their direction");
        let net = format!("{part}_{stem}");
        self.module.add_nets(&[(&net, width)]);
        self.wire(part, port, &net);
        net
    }

    /// Joins two ports, each a part's name and the port's, by the net that the first is exposed as.
    pub fn link(&mut self, from: (&str, &str), to: (&str, &str)) {
        let net = self.expose(from.0, from.1);
        self.wire(to.0, to.1, &net);
    }

    /// Gives the module an interface of a part.
    pub fn inherit(&mut self, end: End) {
        let interface = self.interface(end);
        for port in &interface.ports {
            self.wire(end.0, &port.name, &port.name);
        }
        self.module.interfaces.push(interface);
    }

    /// Names files of a part by parameters of the module: pairs of the part's and the module's name.
    pub fn pass_files(&mut self, part: &str, files: &[(String, String)]) {
        let pairs: Vec<(&str, &str)> = files.iter().map(|(own, name)| (own.as_str(), name.as_str())).collect();
        self.change(part, |instance| instance.with_parameters(&pairs));
        self.module.files.extend(files.iter().map(|(_, name)| name.clone()));
    }

    /// Whether a part has a port.
    pub fn has(&self, part: &str, port: &str) -> bool {
        self.part(part).1.port(port).is_some()
    }

    /// Leaves an output unread.
    pub fn open(&mut self, part: &str, port: &str) {
        let width = self.part(part).1.port(port).expect("the part has it").width;
        self.change(part, |instance| instance.open(&[(port, width)]));
    }

    /// The module, put together.
    pub fn finish(mut self) -> Module {
        for (instance, module) in &self.parts {
            let open: Vec<_> = module
                .ports()
                .filter(|port| port.direction == Direction::Input && !instance.connections.contains_key(&port.name))
                .map(|port| port.name.as_str())
                .collect();
            debug_assert!(open.is_empty(), "{}: {open:?} are not connected", instance.name);
        }
        self.module.instances = self.parts.into_iter().map(|(instance, _)| instance).collect();
        self.module
    }
}
