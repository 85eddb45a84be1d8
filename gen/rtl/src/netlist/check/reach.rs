//! Everything that an instance computes ends, sooner or later, in an output of its module.

use super::scope::Scope;
use crate::netlist::interface::Direction;
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use petgraph::{
    graph::{DiGraph, NodeIndex},
    visit::Bfs,
};
use std::collections::BTreeMap;

/// Arrows run from what reads to what it reads, so that a search from the outputs finds all that is of use.
pub(super) fn check(scope: &Scope<'_>, problems: &mut Diagnostics) {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let outputs = graph.add_node(());
    let signals: BTreeMap<&str, NodeIndex> = scope.signals.keys().map(|name| (*name, graph.add_node(()))).collect();
    for (name, signal) in &scope.signals {
        if matches!(signal.port, Some((Direction::Output, _))) {
            graph.add_edge(outputs, signals[name], ());
        }
    }
    for logic in &scope.module.logic {
        let node = graph.add_node(());
        if logic.drives.is_empty() {
            // State that other logic of the module reads without saying so.
            graph.add_edge(outputs, node, ());
        }
        for driven in logic.drives.iter().filter_map(|name| signals.get(name.as_str())) {
            graph.add_edge(*driven, node, ());
        }
        for read in logic.combinational.iter().chain(&logic.registered).filter_map(|name| signals.get(name.as_str())) {
            graph.add_edge(node, *read, ());
        }
    }
    let children: Vec<NodeIndex> = scope
        .children
        .iter()
        .map(|child| {
            let node = graph.add_node(());
            for joint in &child.joints {
                let Some(signal) = joint.net().and_then(|net| signals.get(net)) else { continue };
                match joint.port.direction {
                    Direction::Input => graph.add_edge(node, *signal, ()),
                    Direction::Output => graph.add_edge(*signal, node, ()),
                };
            }
            node
        })
        .collect();

    let mut reached = vec![false; graph.node_count()];
    let mut search = Bfs::new(&graph, outputs);
    while let Some(node) = search.next(&graph) {
        reached[node.index()] = true;
    }
    for (child, node) in scope.children.iter().zip(children) {
        if !reached[node.index()] {
            let message = format!(
                "nothing reads what `{}` ({}) in {} computes",
                child.instance.name, child.module.name, scope.module.name
            );
            let help = "connect one of its outputs, or leave the instance out";
            problems.push(Diagnostic::new(Code::UnusedInstance, message, help));
        }
    }
}
