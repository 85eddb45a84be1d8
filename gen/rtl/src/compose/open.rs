//! What the connections of a composition leave over: inputs that float, instances without use, rings without
//! a source.

use super::{
    Joined, Link, list,
    parts::{End, Parts},
};
use crate::netlist::{Direction, Interface, Role};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use petgraph::{algo::tarjan_scc, graph::DiGraph};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(parts: &Parts<'_>, joined: &Joined, problems: &mut Diagnostics) {
    let unused = unused(parts, joined);
    for (number, instance, _) in parts.placed().filter(|(number, ..)| unused.contains(number)) {
        let results = parts.ends_of(number).filter(|end| is_result(parts.interface(*end)));
        let message = format!("nothing that `{}` computes reaches a port of the top", instance.label);
        let help = format!("export or connect {}, or leave the instance out", list(results.map(|end| parts.name(end))));
        problems.push(Diagnostic::new(Code::UnusedInstance, message, help).at(instance.place.clone()));
    }
    floating(parts, joined, &unused, problems);
    rings(parts, joined, problems);
}

/// Whether an interface hands on what the block computes; a memory's read port only asks.
fn is_result(interface: &Interface) -> bool {
    match interface.role {
        Role::Output | Role::Status | Role::Bus => true,
        Role::Memory => interface.ports.iter().all(|port| port.direction == Direction::Output),
        Role::Clock | Role::Configuration | Role::Input => false,
    }
}

/// The instances whose results reach no port of the top. A block of memory ports alone hands on what is read
/// from it.
fn unused(parts: &Parts<'_>, joined: &Joined) -> BTreeSet<usize> {
    let has_result: BTreeSet<usize> =
        parts.ends().filter(|end| is_result(parts.interface(*end))).map(|end| end.instance).collect();
    let counts = |end: &End| is_result(parts.interface(*end)) || !has_result.contains(&end.instance);
    let mut used: BTreeSet<usize> = joined.exports.iter().filter(|end| counts(end)).map(|end| end.instance).collect();
    loop {
        let before = used.len();
        for Link { from, to, .. } in &joined.links {
            for (end, other) in [(from, to), (to, from)] {
                if counts(end) && used.contains(&other.instance) {
                    used.insert(end.instance);
                }
            }
        }
        if used.len() == before {
            return parts.placed().map(|(number, ..)| number).filter(|number| !used.contains(number)).collect();
        }
    }
}

/// Reports interfaces with inputs that are neither connected nor exported.
fn floating(parts: &Parts<'_>, joined: &Joined, unused: &BTreeSet<usize>, problems: &mut Diagnostics) {
    let joined_ends: BTreeSet<End> = joined.links.iter().flat_map(|link| [link.from, link.to]).collect();
    for end in parts.ends().filter(|end| !joined_ends.contains(end) && !joined.exports.contains(end)) {
        let interface = parts.interface(end);
        let inputs: Vec<&str> = interface
            .ports
            .iter()
            .filter(|port| port.direction == Direction::Input)
            .map(|port| port.name.as_str())
            .collect();
        // That nothing takes the results of an unused instance has been said.
        if inputs.is_empty() || unused.contains(&end.instance) && is_result(interface) {
            continue;
        }
        let name = parts.name(end);
        let message = format!("`{name}` is neither connected nor exported: nothing drives {}", list(inputs));
        let help = format!("add {name} to `exports`, connect it, or leave `exports` out to export all that is open");
        problems.push(Diagnostic::new(Code::OpenInput, message, help).at(parts.design.locate("exports")));
    }
}

/// Reports rings of streams in which every instance waits for the one before it.
fn rings(parts: &Parts<'_>, joined: &Joined, problems: &mut Diagnostics) {
    let is_stream = |end: End| parts.interface(end).is_stream();
    let streams: Vec<Link> =
        joined.links.iter().copied().filter(|link| is_stream(link.from) && is_stream(link.to)).collect();
    let fed = fed(parts, &streams);
    let mut graph: DiGraph<usize, Link> = DiGraph::new();
    let nodes: Vec<_> = (0..parts.composition.instances.len()).map(|instance| graph.add_node(instance)).collect();
    for link in &streams {
        if !fed.contains(&link.from.instance) && !fed.contains(&link.to.instance) {
            graph.add_edge(nodes[link.from.instance], nodes[link.to.instance], *link);
        }
    }
    for component in tarjan_scc(&graph) {
        let members: BTreeSet<usize> = component.iter().map(|node| graph[*node]).collect();
        let within = |link: &&Link| members.contains(&link.from.instance) && members.contains(&link.to.instance);
        let mut ring: Vec<usize> = graph.edge_weights().filter(within).map(|link| link.number).collect();
        ring.sort_unstable();
        let Some(last) = ring.last().map(|number| &parts.composition.connections[*number]) else { continue };
        let names = ring.iter().map(|number| format!("`{}`", parts.composition.connections[*number]));
        let message = format!("nothing ever enters the ring of {}: each of its blocks waits for another", list(names));
        let help =
            format!("open the ring, for instance by removing `{last}`; its two ends then become ports of the top");
        problems.push(Diagnostic::new(Code::UnfedRing, message, help).at(last.place.clone()));
    }
}

/// The instances that can ever give anything: those that need no stream of one that cannot.
fn fed(parts: &Parts<'_>, streams: &[Link]) -> BTreeSet<usize> {
    let source: BTreeMap<End, usize> = streams.iter().map(|link| (link.to, link.from.instance)).collect();
    let mut fed = BTreeSet::new();
    loop {
        let before = fed.len();
        for (number, ..) in parts.placed() {
            let mut needs: BTreeMap<&str, bool> = BTreeMap::new();
            for end in parts.ends_of(number) {
                let interface = parts.interface(end);
                if interface.role == Role::Input && interface.is_stream() {
                    let group = interface.one_of.as_ref().unwrap_or(&interface.name);
                    *needs.entry(group).or_default() |= source.get(&end).is_none_or(|from| fed.contains(from));
                }
            }
            if needs.values().all(|met| *met) {
                fed.insert(number);
            }
        }
        if fed.len() == before {
            return fed;
        }
    }
}
