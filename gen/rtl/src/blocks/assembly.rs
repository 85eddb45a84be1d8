//! A module while it is put together: parts placed once, and joined interface to interface.
//!
//! Interfaces are joined field by field. What differs between two of them is said first, port by port
//! ([`Assembly::wire`], [`Assembly::open`]): a port that is connected already stays as it is, and all others
//! of the interface must fit.

use crate::netlist::{Contract, Direction, Instance, Interface, Module, Net, Port};
use std::sync::Arc;

/// An interface of a part: the part's name, without `u_`, and the interface's.
pub type End<'a> = (&'a str, &'a str);

/// A module while it is put together.
pub struct Assembly {
    /// The module.
    pub module: Module,
    parts: Vec<Part>,
}

struct Part {
    instance: Instance,
    module: Arc<Module>,
}

/// The nets, or ports, of an interface, as the module's own logic sees them.
#[derive(Clone, Debug)]
pub struct Bundle {
    stem: String,
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    net: String,
    driven: bool,
}

impl Bundle {
    fn new<'a>(
        stem: &str,
        ports: impl IntoIterator<Item = (&'a Port, String)>,
        driven: impl Fn(&Port) -> bool,
    ) -> Self {
        let field = |(port, net): (&Port, String)| Field { name: port.field.clone(), net, driven: driven(port) };
        Self { stem: stem.to_owned(), fields: ports.into_iter().map(field).collect() }
    }

    /// What the names begin with: a template lists the nets by it.
    #[must_use]
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// The net of a field.
    ///
    /// # Panics
    /// When there is no such field.
    #[must_use]
    pub fn net(&self, field: &str) -> String {
        let found = self.fields.iter().find(|of| of.name == field);
        found.unwrap_or_else(|| panic!("{self:?} has a field {field}")).net.clone()
    }

    /// All fields with their nets.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (field.name.as_str(), field.net.as_str()))
    }

    /// The nets of some fields.
    #[must_use]
    pub fn nets<'a>(&self, fields: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        fields.into_iter().map(|field| self.net(field)).collect()
    }

    /// What the module's own logic reads of it: what a part drives, or an input of the module.
    #[must_use]
    pub fn read(&self) -> Vec<String> {
        self.side(false)
    }

    /// What the module's own logic drives of it: what a part reads, or an output of the module.
    #[must_use]
    pub fn driven(&self) -> Vec<String> {
        self.side(true)
    }

    fn side(&self, driven: bool) -> Vec<String> {
        self.fields.iter().filter(|field| field.driven == driven).map(|field| field.net.clone()).collect()
    }
}

/// Places.
impl Assembly {
    /// A module without parts.
    #[must_use]
    pub fn new(module: Module) -> Self {
        Self { module, parts: Vec::new() }
    }

    /// A module without parts: its contract, its parameters and its interfaces.
    #[must_use]
    pub fn of(mut module: Module, contract: Contract, parameters: &[(&str, u32)], interfaces: Vec<Interface>) -> Self {
        module.contract = contract;
        module.set_parameters(parameters);
        module.interfaces = interfaces;
        Self::new(module)
    }

    /// Places a part; the module's clock and reset reach it, as far as it has these ports.
    pub fn place(&mut self, name: &str, part: &Arc<Module>) {
        self.place_under(name, part, "rst_ni");
    }

    /// Places a part that a net of the module resets.
    pub fn place_under(&mut self, name: &str, part: &Arc<Module>, reset: &str) {
        self.add(Instance::new(&format!("u_{name}"), part), part, reset);
    }

    /// Places a row of equal parts in the generate block `gen_<what>`. Ports have their slices of nets:
    /// [`Assembly::lanes`].
    pub fn place_row(&mut self, name: &str, part: &Arc<Module>, what: &str, count: u32) {
        self.add(Instance::replicated(&format!("u_{name}"), part, what, count), part, "rst_ni");
    }

    fn add(&mut self, mut instance: Instance, part: &Arc<Module>, reset: &str) {
        for (port, net) in [("clk_i", "clk_i"), ("rst_ni", reset)] {
            if part.port(port).is_some() {
                instance = instance.wire(&[(port, net)]);
            }
        }
        self.parts.push(Part { instance, module: Arc::clone(part) });
    }

    fn part(&mut self, name: &str) -> &mut Part {
        let found = self.parts.iter_mut().find(|part| part.instance.name.strip_prefix("u_") == Some(name));
        found.unwrap_or_else(|| panic!("{name} is placed"))
    }

    fn change(&mut self, part: &str, how: impl FnOnce(Instance) -> Instance) {
        let part = self.part(part);
        part.instance = how(part.instance.clone());
    }

    fn port(&mut self, part: &str, port: &str) -> Port {
        let module = &self.part(part).module;
        module.port(port).unwrap_or_else(|| panic!("{} has a port {port}", module.name)).clone()
    }

    /// Whether a part has a port.
    pub fn has(&mut self, part: &str, port: &str) -> bool {
        self.part(part).module.port(port).is_some()
    }

    /// How often a part stands in its row; 1 where it stands alone.
    pub fn count(&mut self, part: &str) -> u32 {
        self.part(part).instance.replicate.as_ref().map_or(1, |(_, count)| *count)
    }

    /// The interface of a part.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn interface(&mut self, (part, interface): End) -> Interface {
        let module = &self.part(part).module;
        module.interface(interface).unwrap_or_else(|| panic!("{} has an interface {interface}", module.name)).clone()
    }

    /// The ports of an interface of a part that are not connected yet.
    fn unconnected(&mut self, end: End) -> (Interface, Vec<Port>) {
        let interface = self.interface(end);
        let known = &self.part(end.0).instance.connections;
        let left = interface.ports.iter().filter(|port| !known.contains_key(&port.name)).cloned().collect();
        (interface, left)
    }

    /// Names files of a part by parameters of the module: pairs of the part's and the module's name.
    pub fn pass_files(&mut self, part: &str, files: &[(String, String)]) {
        let pairs: Vec<(&str, &str)> = files.iter().map(|(own, name)| (own.as_str(), name.as_str())).collect();
        self.change(part, |instance| instance.with_parameters(&pairs));
        self.module.files.extend(files.iter().map(|(_, name)| name.clone()));
    }

    /// Sets Verilog parameters of a part: pairs of name and value.
    pub fn set_parameters(&mut self, part: &str, pairs: &[(&str, &str)]) {
        self.change(part, |instance| instance.with_parameters(pairs));
    }

    /// The module, put together.
    ///
    /// # Panics
    /// When an input of a part is not connected.
    #[must_use]
    pub fn finish(mut self) -> Module {
        for Part { instance, module } in &self.parts {
            let is_left = |port: &&Port| !instance.connections.contains_key(&port.name);
            let left: Vec<_> = module.ports().filter(is_left).map(|port| port.name.as_str()).collect();
            assert!(left.is_empty(), "{}: {left:?} of {} are not connected", module.name, instance.name);
        }
        self.module.instances = self.parts.into_iter().map(|part| part.instance).collect();
        self.module
    }
}

/// Joints.
impl Assembly {
    /// Joins two interfaces that face each other, by nets `<part>_<interface>_<field>` of the first.
    pub fn join(&mut self, a: End, b: End) -> Bundle {
        self.join_as(a, b, &format!("{}_{}", a.0, a.1))
    }

    /// Joins two interfaces that face each other, by nets `<stem>_<field>`, which the module's own logic may
    /// read. A field of the interface's own name is its data.
    ///
    /// # Panics
    /// When one lacks a field of the other, or has it facing the same way.
    pub fn join_as(&mut self, a: End, b: End, stem: &str) -> Bundle {
        self.join_fields(a, b, stem, &[])
    }

    /// The same where fields are called otherwise at the other end: pairs of the first's and the second's
    /// name.
    ///
    /// # Panics
    /// As [`join_as`](Self::join_as).
    pub fn join_fields(&mut self, a: End, b: End, stem: &str, same: &[(&str, &str)]) -> Bundle {
        let ((first, ports), (_, mut others)) = (self.unconnected(a), self.unconnected(b));
        let place = format!("{}.{} and {}.{}", a.0, a.1, b.0, b.1);
        self.describe(stem, format!("u_{}.{} to u_{}.{}", a.0, a.1, b.0, b.1));
        let data = |port: &Port, interface: &str| port.field == interface || port.field == "data";
        let mut nets = Vec::new();
        for port in &ports {
            let other_name =
                same.iter().find(|(field, _)| *field == port.field).map_or(&*port.field, |(_, other)| other);
            let fits = |other: &Port| other.field == other_name || (data(port, a.1) && data(other, b.1));
            let other = others.iter().position(fits).unwrap_or_else(|| panic!("{place} both have {}", port.field));
            let other = others.swap_remove(other);
            assert!(other.direction != port.direction, "{place} face each other by {}", port.field);
            let net = first.net(stem, &port.field);
            self.declare(Net::wire(&net, port.width), stem);
            self.wire(a.0, &port.name, &net);
            self.wire(b.0, &other.name, &net);
            nets.push(net);
        }
        assert!(others.is_empty(), "{place} both have {:?}", others.iter().map(|port| &port.field).collect::<Vec<_>>());
        Bundle::new(stem, ports.iter().zip(nets), |_| false)
    }

    /// Nets `<stem>_<field>` for an interface of a part, whose other side is the module's own logic.
    pub fn bundle(&mut self, end: End, stem: &str) -> Bundle {
        self.lanes(end, stem, &[])
    }

    /// The same for a row of equal parts: each has its slices, whose widths are called as said unless they
    /// are 1.
    pub fn lanes(&mut self, end: End, stem: &str, widths: &[(&str, &str)]) -> Bundle {
        let (interface, ports) = self.unconnected(end);
        let count = self.count(end.0);
        self.describe(stem, format!("u_{}.{}", end.0, end.1));
        let nets: Vec<_> = ports.iter().map(|port| interface.net(stem, &port.field)).collect();
        for (port, net) in ports.iter().zip(&nets) {
            self.declare(Net::wire(net, count * port.width), stem);
            let symbol = widths.iter().find(|(field, _)| *field == port.field).map_or("", |(_, symbol)| symbol);
            self.change(end.0, |instance| match instance.replicate {
                None => instance.wire(&[(&port.name, net)]),
                Some(_) => instance.lane(&port.name, net, port.width, symbol),
            });
        }
        Bundle::new(stem, ports.iter().zip(nets), |port| port.direction == Direction::Input)
    }

    /// Gives the module an interface of a part.
    pub fn export(&mut self, end: End) {
        let interface = self.interface(end).elsewhere();
        self.module.interfaces.push(interface);
        self.attach(end, end.1);
    }

    /// Joins an interface of a part to an interface of the module that has its fields, facing the same way.
    ///
    /// # Panics
    /// When the module's lacks one.
    pub fn attach(&mut self, end: End, own: &str) {
        let (_, ports) = self.unconnected(end);
        let outer = self.module.interface(own).unwrap_or_else(|| panic!("{} has {own}", self.module.name)).clone();
        for port in ports {
            let field = if port.field == end.1 { own } else { &port.field };
            let found = outer.field(field).unwrap_or_else(|| panic!("{own} of {} has {field}", self.module.name));
            assert!(found.direction == port.direction, "{own}.{field} of {} faces as its part", self.module.name);
            self.wire(end.0, &port.name, &found.name);
        }
    }

    /// Joins fields of an interface of a part, each to a net or port of the module.
    ///
    /// # Panics
    /// When there is no such field.
    pub fn fields(&mut self, end: End, pairs: &[(&str, &str)]) {
        let interface = self.interface(end);
        for (field, net) in pairs {
            let port = interface.field(field).unwrap_or_else(|| panic!("{}.{} has {field}", end.0, end.1));
            self.wire(end.0, &port.name, net);
        }
    }

    /// Joins fields of an interface of a row of equal parts, each to its slices of a net or port of the
    /// module: field, net, and what the width of a slice is called, unless it is 1. Of a part that stands
    /// alone the net is whole.
    ///
    /// # Panics
    /// When there is no such field.
    pub fn slices(&mut self, end: End, joints: &[(&str, &str, &str)]) {
        let interface = self.interface(end);
        for (field, net, symbol) in joints {
            let port = interface.field(field).unwrap_or_else(|| panic!("{}.{} has {field}", end.0, end.1));
            self.change(end.0, |instance| match instance.replicate {
                None => instance.wire(&[(&port.name, net)]),
                Some(_) => instance.lane(&port.name, net, port.width, symbol),
            });
        }
    }

    /// Connects a port of a part to a net or port of the module.
    pub fn wire(&mut self, part: &str, port: &str, net: &str) {
        self.change(part, |instance| instance.wire(&[(port, net)]));
    }

    /// A net for a port of a part, named `<part>_<port>` without the direction.
    pub fn expose(&mut self, part: &str, port: &str) -> String {
        let port = self.port(part, port);
        let net = format!("{part}_{}", port.stem());
        self.net(&net, port.width);
        self.wire(part, &port.name, &net);
        net
    }

    /// Joins two ports, each a part's name and the port's, by the net that the first is exposed as.
    pub fn link(&mut self, from: (&str, &str), to: (&str, &str)) {
        let net = self.expose(from.0, from.1);
        self.wire(to.0, to.1, &net);
    }

    /// The same by a net of another name, which the module's own logic may read.
    pub fn link_as(&mut self, from: (&str, &str), to: (&str, &str), net: &str) {
        let width = self.port(from.0, from.1).width;
        self.net(net, width);
        self.wire(from.0, from.1, net);
        self.wire(to.0, to.1, net);
    }

    /// Leaves an output unread.
    pub fn open(&mut self, part: &str, port: &str) {
        let width = self.port(part, port).width;
        self.change(part, |instance| instance.open(&[(port, width)]));
    }

    /// Leaves all outputs of an interface unread that are not connected yet.
    pub fn open_all(&mut self, end: End) {
        for port in self.unconnected(end).1 {
            self.open(end.0, &port.name);
        }
    }

    /// Begins a bundle: what its names begin with, and what it joins.
    pub(super) fn describe(&mut self, stem: &str, joins: String) {
        let before = self.module.bundles.insert(stem.to_owned(), joins);
        assert!(before.is_none(), "{} has one bundle {stem}", self.module.name);
    }

    /// Adds a net to a bundle.
    pub(super) fn declare(&mut self, net: Net, stem: &str) {
        self.module.nets.push(Net { bundle: Some(stem.to_owned()), ..net });
    }
}

/// Own logic.
impl Assembly {
    /// A net of its own.
    pub fn net(&mut self, name: &str, width: u32) {
        self.module.add_nets(&[(name, width)]);
    }

    /// A register of its own that parts read, and what it loads from beside clock and reset.
    pub fn register(&mut self, name: &str, width: u32, reads: impl IntoIterator<Item = impl Into<String>>) {
        self.module.nets.push(Net::register(name, width));
        self.registers([name], reads);
    }

    /// Nets of its own that belong together; `stem` is what a template lists them by.
    pub fn group(&mut self, stem: &str, what: &str, nets: &[(&str, u32)]) {
        self.describe(stem, what.to_owned());
        for (net, width) in nets {
            self.declare(Net::wire(net, *width), stem);
        }
    }

    /// A register that belongs to such a group, and what it loads from beside clock and reset.
    pub fn group_register(
        &mut self,
        stem: &str,
        name: &str,
        width: u32,
        reads: impl IntoIterator<Item = impl Into<String>>,
    ) {
        self.declare(Net::register(name, width), stem);
        self.registers([name], reads);
    }

    /// The ports of an interface of the module, as its own logic sees them.
    ///
    /// # Panics
    /// When there is no such interface.
    #[must_use]
    pub fn own(&self, interface: &str) -> Bundle {
        let of = self.module.interface(interface);
        let of = of.unwrap_or_else(|| panic!("{} has an interface {interface}", self.module.name));
        Bundle::new(interface, of.ports.iter().map(|port| (port, port.name.clone())), |port| {
            port.direction == Direction::Output
        })
    }

    /// All inputs of the module.
    #[must_use]
    pub fn inputs(&self) -> Vec<String> {
        self.module.names(Direction::Input).map(str::to_owned).collect()
    }

    /// Nets and output ports that own logic drives, and what reaches them without a register in between.
    pub fn combinational(
        &mut self,
        drives: impl IntoIterator<Item = impl Into<String>>,
        reads: impl IntoIterator<Item = impl Into<String>>,
    ) {
        self.module.combinational(&borrowed(&strings(drives)), &borrowed(&strings(reads)));
    }

    /// Nets and output ports that come from registers, and what these load from beside clock and reset.
    pub fn registers(
        &mut self,
        drives: impl IntoIterator<Item = impl Into<String>>,
        reads: impl IntoIterator<Item = impl Into<String>>,
    ) {
        let clock = ["clk_i", "rst_ni"].into_iter().filter(|port| self.module.port(port).is_some());
        let reads: Vec<String> = clock.map(str::to_owned).chain(strings(reads)).collect();
        self.module.registers(&borrowed(&strings(drives)), &borrowed(&reads));
    }

    /// What registers load that only other logic of the module reads.
    pub fn state(&mut self, reads: impl IntoIterator<Item = impl Into<String>>) {
        self.registers(Vec::<String>::new(), reads);
    }

    /// Nets of one value for ever, each with its width.
    pub fn constants(&mut self, nets: &[(&str, u32)]) {
        self.module.add_nets(nets);
        self.combinational(nets.iter().map(|(net, _)| *net), Vec::<String>::new());
    }

    /// A net that own logic makes of others without a register.
    pub fn derived(&mut self, net: &str, width: u32, reads: impl IntoIterator<Item = impl Into<String>>) {
        self.net(net, width);
        self.combinational([net], reads);
    }
}

fn strings(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
