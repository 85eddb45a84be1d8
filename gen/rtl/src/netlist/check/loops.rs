//! Combinational loops, within a module and through its instances.
//!
//! The graph of a module has a node for each slice of a net (a bus as one node would show loops that are not
//! there), one for each piece of own combinational logic, and two for each connected port of each copy of an
//! instance. Inside an instance an input leads to the outputs that its module's summary says.

use super::scope::Scope;
use crate::netlist::{interface::Direction, module::Expr};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use petgraph::{
    algo::tarjan_scc,
    graph::{DiGraph, NodeIndex},
    visit::{Bfs, EdgeRef as _},
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// For each module, the pairs of an input and an output that it reaches without a register in between.
#[derive(Clone, Debug, Default)]
pub struct FeedThrough {
    modules: BTreeMap<String, BTreeSet<(String, String)>>,
}

impl FeedThrough {
    /// The pairs of input and output of a module.
    pub fn of(&self, module: &str) -> impl Iterator<Item = (&str, &str)> {
        self.modules.get(module).into_iter().flatten().map(|(input, output)| (input.as_str(), output.as_str()))
    }

    /// Adds a module, whose children have been added before, and reports its loops.
    pub(super) fn add(&mut self, scope: &Scope<'_>, problems: &mut Diagnostics) {
        let paths = Paths::new(scope, self);
        for ring in paths.rings() {
            let message = format!("a combinational loop in {}: {}", scope.module.name, ring.join(" -> "));
            let help = "put a register at one place of the loop: a stream_fifo cuts a stream's valid and ready";
            problems.push(Diagnostic::new(Code::CombinationalLoop, message, help));
        }
        self.modules.insert(scope.module.name.clone(), paths.summary());
    }
}

/// The combinational paths of a module.
struct Paths<'a> {
    scope: &'a Scope<'a>,
    /// Each node's name in a message; own logic has none.
    graph: DiGraph<String, ()>,
    /// The nodes of a net, slice by slice.
    slices: BTreeMap<&'a str, Vec<NodeIndex>>,
}

/// The width that all slices of a net have, of the nets that are sliced; `None` where they differ.
fn slice_widths<'a>(scope: &'a Scope<'a>) -> BTreeMap<&'a str, Option<u32>> {
    let mut widths = BTreeMap::new();
    for (_, joint) in scope.joints() {
        if let Expr::Lane { net, width, .. } = joint.expr {
            let width = Some((*width).max(1));
            let first = *widths.entry(net.as_str()).or_insert(width);
            if first != width {
                widths.insert(net, None);
            }
        }
    }
    widths
}

impl<'a> Paths<'a> {
    fn new(scope: &'a Scope<'a>, below: &FeedThrough) -> Self {
        let mut paths = Self { scope, graph: DiGraph::new(), slices: BTreeMap::new() };
        let slices = slice_widths(scope);
        for (&name, signal) in &scope.signals {
            let count = slices.get(name).copied().flatten().map_or(1, |slice| signal.width.div_ceil(slice));
            let nodes = (0..count).map(|_| paths.graph.add_node(format!("`{name}`"))).collect();
            paths.slices.insert(name, nodes);
        }
        for logic in scope.module.logic.iter().filter(|logic| !logic.combinational.is_empty()) {
            let node = paths.graph.add_node(String::new());
            for read in paths.all_of(&logic.combinational) {
                paths.graph.add_edge(read, node, ());
            }
            for driven in paths.all_of(&logic.drives) {
                paths.graph.add_edge(node, driven, ());
            }
        }
        for child in &scope.children {
            let through: Vec<_> = below.of(&child.module.name).collect();
            for copy in 0..child.count() {
                let mut ports = BTreeMap::new();
                for joint in &child.joints {
                    let port = joint.port.name.as_str();
                    if !through.iter().any(|&(input, output)| input == port || output == port) {
                        continue;
                    }
                    let node = paths.graph.add_node(child.name(joint));
                    ports.insert(port, node);
                    let Some(net) = joint.net() else { continue };
                    let nodes = paths.all(net);
                    // Nets whose slices differ in width are one node.
                    let own = nodes.get(copy as usize).filter(|_| joint.is_sliced() && nodes.len() > 1);
                    for &signal in own.map_or(nodes.as_slice(), std::slice::from_ref) {
                        match joint.port.direction {
                            Direction::Input => paths.graph.add_edge(signal, node, ()),
                            Direction::Output => paths.graph.add_edge(node, signal, ()),
                        };
                    }
                }
                for (input, output) in &through {
                    if let (Some(&from), Some(&to)) = (ports.get(input), ports.get(output)) {
                        paths.graph.add_edge(from, to, ());
                    }
                }
            }
        }
        paths
    }

    fn all(&self, name: &str) -> Vec<NodeIndex> {
        self.slices.get(name).cloned().unwrap_or_default()
    }

    fn all_of(&self, names: &[String]) -> Vec<NodeIndex> {
        names.iter().flat_map(|name| self.all(name)).collect()
    }

    /// A shortest way round in each strongly connected component, by names; the first is repeated at the end.
    fn rings(&self) -> Vec<Vec<String>> {
        let mut rings = Vec::new();
        for component in tarjan_scc(&self.graph) {
            let is_ring = component.len() > 1 || self.graph.contains_edge(component[0], component[0]);
            // Own logic has no name to begin with, but a ring cannot consist of it alone.
            let named = component.iter().filter(|node| !self.graph[**node].is_empty());
            if let Some(&start) = named.min().filter(|_| is_ring) {
                let mut ring: Vec<_> = self.round(start).into_iter().map(|node| self.graph[node].clone()).collect();
                ring.retain(|name| !name.is_empty());
                rings.push(ring);
            }
        }
        rings
    }

    /// The shortest path from a node back to itself.
    fn round(&self, start: NodeIndex) -> Vec<NodeIndex> {
        let mut before: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(node) = open.pop_front() {
            for edge in self.graph.edges(node) {
                let next = edge.target();
                if next == start {
                    let mut path = vec![start];
                    let mut at = Some(node);
                    while let Some(node) = at {
                        path.push(node);
                        at = before.get(&node).copied();
                    }
                    path.reverse();
                    return path;
                }
                before.entry(next).or_insert_with(|| {
                    open.push_back(next);
                    node
                });
            }
        }
        vec![start]
    }

    /// Which outputs each input reaches.
    fn summary(&self) -> BTreeSet<(String, String)> {
        let ports = |facing: Direction| {
            let faces =
                move |name: &&str| matches!(self.scope.signals[name].port, Some((direction, _)) if direction == facing);
            self.slices.keys().copied().filter(faces)
        };
        let outputs: BTreeMap<NodeIndex, &str> = ports(Direction::Output)
            .flat_map(|output| self.slices[output].iter().map(move |&node| (node, output)))
            .collect();
        let mut pairs = BTreeSet::new();
        for input in ports(Direction::Input) {
            for &slice in &self.slices[input] {
                let mut search = Bfs::new(&self.graph, slice);
                while let Some(node) = search.next(&self.graph) {
                    pairs.extend(outputs.get(&node).map(|output| (input.to_owned(), (*output).to_owned())));
                }
            }
        }
        pairs
    }
}
