//! One module as the checks see it: its signals, and its instances beside the modules that they place.

use crate::netlist::{
    graph::Netlist,
    interface::{Direction, Payload, Port},
    module::{Expr, Instance, Module},
};
use std::{collections::BTreeMap, ops::Range};

/// A net or port of the module.
pub(super) struct Signal {
    pub width: u32,
    /// Direction and payload, if it is a port.
    pub port: Option<(Direction, Payload)>,
}

/// An instance, its module, and its connections to ports that the module has.
pub(super) struct Child<'a> {
    pub instance: &'a Instance,
    pub module: &'a Module,
    pub joints: Vec<Joint<'a>>,
}

/// A port of an instance and what it is joined to.
pub(super) struct Joint<'a> {
    pub port: &'a Port,
    pub expr: &'a Expr,
}

/// A module with everything that a check looks up.
pub(super) struct Scope<'a> {
    pub module: &'a Module,
    pub signals: BTreeMap<&'a str, Signal>,
    pub children: Vec<Child<'a>>,
}

impl<'a> Scope<'a> {
    pub fn new(netlist: &'a Netlist, module: &'a Module) -> Self {
        let nets = module.nets.iter().map(|net| (net.name.as_str(), Signal { width: net.width, port: None }));
        let ports = module
            .ports()
            .map(|port| (port.name.as_str(), Signal { width: port.width, port: Some((port.direction, port.payload)) }));
        let child = |instance: &'a Instance| {
            let placed = netlist.module(&instance.module)?;
            let joint = |port: &'a Port| Some(Joint { port, expr: instance.connections.get(&port.name)? });
            Some(Child { instance, module: placed, joints: placed.ports().filter_map(joint).collect() })
        };
        Self {
            module,
            signals: nets.chain(ports).collect(),
            children: module.instances.iter().filter_map(child).collect(),
        }
    }

    /// Every joint with its child.
    pub fn joints(&self) -> impl Iterator<Item = (&Child<'a>, &Joint<'a>)> {
        self.children.iter().flat_map(|child| child.joints.iter().map(move |joint| (child, joint)))
    }
}

impl Child<'_> {
    /// How often the instance stands there.
    pub fn count(&self) -> u32 {
        self.instance.replicate.as_ref().map_or(1, |(_, count)| *count)
    }

    /// `u_fifo.in_data_i`, for messages.
    pub fn name(&self, joint: &Joint<'_>) -> String {
        format!("`{}.{}`", self.instance.name, joint.port.name)
    }
}

impl Joint<'_> {
    /// The net or port that is joined, if there is one.
    pub fn net(&self) -> Option<&str> {
        match self.expr {
            Expr::Whole(net) | Expr::Lane { net, .. } => Some(net),
            Expr::Open(_) => None,
        }
    }

    /// The bits of a net of so many that copy number `copy` of the instance is joined to.
    pub fn span(&self, copy: u32, width: u32) -> Range<u32> {
        match self.expr {
            Expr::Lane { width: lane, .. } => {
                let bit = |copy: u32| lane.saturating_mul(copy).min(width);
                bit(copy)..bit(copy.saturating_add(1))
            }
            _ => 0..width,
        }
    }

    /// Whether each copy of a replicated instance has its own slice.
    pub fn is_sliced(&self) -> bool {
        matches!(self.expr, Expr::Lane { .. })
    }
}
