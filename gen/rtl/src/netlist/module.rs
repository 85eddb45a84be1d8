//! A Verilog module as the netlist knows it.

use super::interface::{Direction, Interface, Port};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a user may rely on, for the header of the module and the manifest.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Contract {
    /// Cycles from an input to the output that depends on it.
    pub latency: String,
    /// Cycles between two inputs.
    pub interval: String,
    /// Formats in and out, and where values round, saturate or wrap.
    pub numbers: String,
}

/// An inner wire or register of a module that an instance is connected to.
#[derive(Clone, Debug, Serialize)]
pub struct Net {
    /// Verilog name.
    pub name: String,
    /// Width in bits.
    pub width: u32,
    /// Whether the module's own logic holds it in a register.
    pub register: bool,
    /// The nets that it was declared with: one of [`Module::bundles`].
    #[serde(skip)]
    pub bundle: Option<String>,
}

impl Net {
    /// A wire.
    #[must_use]
    pub fn wire(name: &str, width: u32) -> Self {
        Self { name: name.into(), width, register: false, bundle: None }
    }

    /// A register.
    #[must_use]
    pub fn register(name: &str, width: u32) -> Self {
        Self { register: true, ..Self::wire(name, width) }
    }
}

/// What a port of an instance is connected to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A net or port of the enclosing module, whole.
    Whole(String),
    /// Of a replicated instance: slice number `lane` of a net, each `width` bits wide and named `symbol`.
    Lane {
        /// The net that is sliced.
        net: String,
        /// Bits of a slice.
        width: u32,
        /// The localparam that names the width.
        symbol: String,
    },
    /// An output that nobody reads, of so many bits.
    Open(u32),
}

/// A module placed inside another.
#[derive(Clone, Debug, Serialize)]
pub struct Instance {
    /// Verilog name, `u_<what>`.
    pub name: String,
    /// The module placed.
    pub module: String,
    /// How often, and the name of the generate block, for a row of equal instances.
    pub replicate: Option<(String, u32)>,
    /// Verilog parameters and their values, where the module has such: names of files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
    /// What each port is connected to.
    pub connections: BTreeMap<String, Expr>,
}

impl Instance {
    /// An instance without connections yet.
    #[must_use]
    pub fn new(name: &str, module: &Module) -> Self {
        Self {
            name: name.into(),
            module: module.name.clone(),
            replicate: None,
            parameters: Vec::new(),
            connections: BTreeMap::new(),
        }
    }

    /// A row of `count` instances in the generate block `gen_<what>`.
    #[must_use]
    pub fn replicated(name: &str, module: &Module, what: &str, count: u32) -> Self {
        Self { replicate: Some((what.into(), count)), ..Self::new(name, module) }
    }

    /// Sets Verilog parameters: pairs of name and value.
    #[must_use]
    pub fn with_parameters(mut self, pairs: &[(&str, &str)]) -> Self {
        self.parameters.extend(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        self
    }

    /// Connects ports to whole nets: pairs of port and net.
    #[must_use]
    pub fn wire(mut self, pairs: &[(&str, &str)]) -> Self {
        for (port, net) in pairs {
            self.connections.insert((*port).into(), Expr::Whole((*net).into()));
        }
        self
    }

    /// Connects a port of a replicated instance to its slice of a net.
    #[must_use]
    pub fn lane(mut self, port: &str, net: &str, width: u32, symbol: &str) -> Self {
        self.connections.insert(port.into(), Expr::Lane { net: net.into(), width, symbol: symbol.into() });
        self
    }

    /// Leaves outputs unread, on purpose: pairs of port and width.
    #[must_use]
    pub fn open(mut self, ports: &[(&str, u32)]) -> Self {
        for (port, width) in ports {
            self.connections.insert((*port).into(), Expr::Open(*width));
        }
        self
    }

    /// Name of the wire that an unread output ends in.
    #[must_use]
    pub fn unused(&self, port: &str) -> String {
        let stem = |name: &'_ str| name.trim_start_matches("u_").trim_end_matches("_o").to_owned();
        format!("unused_{}_{}", stem(&self.name), stem(port))
    }
}

/// The part of a module's behaviour that is its own and not an instance's: which nets it drives from which.
#[derive(Clone, Debug, Serialize)]
pub struct Logic {
    /// Nets and output ports driven.
    pub drives: Vec<String>,
    /// Nets and input ports that reach them without a register in between.
    pub combinational: Vec<String>,
    /// Nets and input ports that reach registers alone.
    pub registered: Vec<String>,
}

/// What a module is to whoever treats all modules of a design alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModuleKind {
    /// A block, or a part of one.
    #[default]
    Logic,
    /// A combinational leaf: one `always` block assigns all of its outputs.
    Leaf,
    /// A memory inside a block, which synthesis infers.
    Memory,
    /// A behavioural model, which a wrapper around a technology's macro replaces.
    Model,
    /// The registers that software sees.
    Registers,
    /// The whole accelerator.
    Accelerator,
    /// The top of a composition.
    Composition,
}

/// A module: its face, its inside, its text.
#[derive(Clone, Debug, Serialize)]
pub struct Module {
    /// Verilog name.
    pub name: String,
    /// The block that it is a variant of.
    pub block: String,
    /// What sort of module it is.
    #[serde(skip)]
    pub kind: ModuleKind,
    /// What it does, in a sentence.
    pub summary: String,
    /// The key path of the design that it comes from.
    pub source: String,
    /// What a user may rely on.
    pub contract: Contract,
    /// Named numbers of this variant.
    pub parameters: BTreeMap<String, u64>,
    /// Verilog parameters that name files to begin with, empty by default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Its ports.
    pub interfaces: Vec<Interface>,
    /// Its inner wires and registers that connect instances.
    pub nets: Vec<Net>,
    /// The interfaces that inner wires carry: what a bundle's names begin with, and what it joins.
    #[serde(skip)]
    pub bundles: BTreeMap<String, String>,
    /// Its instances.
    pub instances: Vec<Instance>,
    /// Its own logic. Empty for a module that is nothing but structure.
    pub logic: Vec<Logic>,
    /// The Verilog, complete. Empty until it is rendered.
    #[serde(skip)]
    pub text: String,
}

impl Module {
    /// A module without ports or inside yet.
    #[must_use]
    pub fn new(block: &str, label: Option<&str>, summary: &str, source: &str) -> Self {
        let name = label.map_or_else(|| format!("alb_{block}"), |label| format!("alb_{block}_{label}"));
        Self {
            name,
            block: block.into(),
            kind: ModuleKind::default(),
            summary: summary.into(),
            source: source.into(),
            contract: Contract::default(),
            parameters: BTreeMap::new(),
            files: Vec::new(),
            interfaces: Vec::new(),
            nets: Vec::new(),
            bundles: BTreeMap::new(),
            instances: Vec::new(),
            logic: Vec::new(),
            text: String::new(),
        }
    }

    /// All ports, in the order of the port list.
    pub fn ports(&self) -> impl Iterator<Item = &Port> {
        self.interfaces.iter().flat_map(|interface| &interface.ports)
    }

    /// The port of a name.
    #[must_use]
    pub fn port(&self, name: &str) -> Option<&Port> {
        self.ports().find(|port| port.name == name)
    }

    /// The interface of a name.
    #[must_use]
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.name == name)
    }

    /// Width of a net or port of this module.
    #[must_use]
    pub fn width_of(&self, name: &str) -> Option<u32> {
        self.nets
            .iter()
            .find(|net| net.name == name)
            .map(|net| net.width)
            .or_else(|| self.port(name).map(|port| port.width))
    }

    /// Adds inner wires: pairs of name and width.
    pub fn add_nets(&mut self, nets: &[(&str, u32)]) {
        self.nets.extend(nets.iter().map(|(name, width)| Net::wire(name, *width)));
    }

    /// Adds a register that feeds instances, and what it loads from.
    pub fn add_register(&mut self, name: &str, width: u32, from: &[&str]) {
        self.nets.push(Net::register(name, width));
        self.registers(&[name], from);
    }

    /// Declares own logic whose outputs all come from registers.
    pub fn registers(&mut self, drives: &[&str], reads: &[&str]) {
        self.logic.push(Logic { drives: owned(drives), combinational: Vec::new(), registered: owned(reads) });
    }

    /// Declares own combinational logic.
    pub fn combinational(&mut self, drives: &[&str], reads: &[&str]) {
        self.logic.push(Logic { drives: owned(drives), combinational: owned(reads), registered: Vec::new() });
    }

    /// Sets named numbers of this variant.
    pub fn set_parameters(&mut self, parameters: &[(&str, u32)]) {
        self.parameters.extend(parameters.iter().map(|(name, value)| ((*name).into(), u64::from(*value))));
    }

    /// Names of the ports that face one way.
    pub fn names(&self, direction: Direction) -> impl Iterator<Item = &str> {
        self.ports().filter(move |port| port.direction == direction).map(|port| port.name.as_str())
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).into()).collect()
}
