//! The blocks that a composition places, and the interfaces that it names.

use super::list;
use crate::{
    blocks::{BLOCKS, Block, Library},
    design::{Composition, Design, Endpoint, Instance, nearest},
    memory::{Demand, demands},
    netlist::{Direction, Interface, Module, Port, Role},
};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics, Location, quote};
use std::{collections::BTreeMap, sync::Arc};

/// An interface of an instance: their numbers in the composition and in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    pub instance: usize,
    pub interface: usize,
}

/// The instances of a composition with their modules; those whose block there is not have none.
pub(super) struct Parts<'a> {
    pub design: &'a Design,
    pub composition: &'a Composition,
    modules: Vec<Option<Arc<Module>>>,
    labels: BTreeMap<&'a str, usize>,
}

impl<'a> Parts<'a> {
    /// Elaborates every block that is placed; reports those that there are not.
    pub fn new(library: &mut Library<'a>, composition: &'a Composition, problems: &mut Diagnostics) -> Self {
        let mut known: BTreeMap<&str, Option<Arc<Module>>> = BTreeMap::new();
        let modules = composition.instances.iter().map(|instance| {
            let Some(block) = Block::named(&instance.block) else {
                match library.memory_named(&instance.block) {
                    Ok(Some(memory)) => return Some(memory),
                    Ok(None) => problems.push(unknown_block(instance, library.design())),
                    Err(found) => problems.extend(found),
                }
                return None;
            };
            let module = known.entry(block.name).or_insert_with(|| block.module(library)).clone();
            if module.is_none() {
                let message = format!("this design has no use for the block `{}`: {}", block.name, block.summary);
                let help = format!("leave `{}` out, or ask for what the block serves", instance.label);
                problems.push(Diagnostic::new(Code::UnknownBlock, message, help).at(instance.place.clone()));
            }
            module
        });
        let modules = modules.collect();
        let labels = composition.instances.iter().map(|instance| instance.label.as_str()).zip(0..).collect();
        Self { design: library.design(), composition, modules, labels }
    }

    /// All interfaces that can be connected, of all instances.
    pub fn ends(&self) -> impl Iterator<Item = End> {
        (0..self.modules.len()).flat_map(|instance| self.ends_of(instance))
    }

    /// Those of an instance.
    pub fn ends_of(&self, instance: usize) -> impl Iterator<Item = End> {
        let interfaces = self.modules[instance].as_ref().map_or(&[][..], |module| &module.interfaces);
        let joinable = interfaces.iter().enumerate().filter(|(_, interface)| interface.role != Role::Clock);
        joinable.map(move |(interface, _)| End { instance, interface })
    }

    /// The instances whose block there is, by number.
    pub fn placed(&self) -> impl Iterator<Item = (usize, &Instance, &Module)> {
        let all = self.composition.instances.iter().zip(&self.modules).enumerate();
        all.filter_map(|(number, (instance, module))| Some((number, instance, module.as_deref()?)))
    }

    pub fn interface(&self, end: End) -> &Interface {
        let module = self.modules[end.instance].as_ref().expect("an end is of an instance whose block there is");
        &module.interfaces[end.interface]
    }

    pub fn label(&self, end: End) -> &str {
        &self.composition.instances[end.instance].label
    }

    /// `label.interface`.
    pub fn name(&self, end: End) -> String {
        format!("{}.{}", self.label(end), self.interface(end).name)
    }

    /// The interface that an endpoint names. Reports one that there is not; an unknown block has been
    /// reported.
    pub fn find(&self, endpoint: &Endpoint, place: &Location, problems: &mut Diagnostics) -> Option<End> {
        let instances = &self.composition.instances;
        let Some(&instance) = self.labels.get(&*endpoint.instance) else {
            problems.push(self.unknown_instance(endpoint).at(place.clone()));
            return None;
        };
        let module = self.modules[instance].as_ref()?;
        let joinable = |interface: &Interface| interface.role != Role::Clock;
        let found = module.interfaces.iter().position(|i| joinable(i) && i.name == endpoint.interface);
        if found.is_none() {
            let Instance { label, block, .. } = &instances[instance];
            let message = format!("`{label}` is a {block}, which has no interface {}", quote(&endpoint.interface));
            let names: Vec<_> = module.interfaces.iter().filter(|i| joinable(i)).map(|i| i.name.as_str()).collect();
            let has_port =
                |interface: &&Interface| interface.ports.iter().any(|port| port.stem() == endpoint.interface);
            let of_port = || module.interfaces.iter().filter(|i| joinable(i)).find(has_port).map(|i| i.name.as_str());
            let meant = nearest(&endpoint.interface, names.iter().copied()).or_else(of_port);
            let help = match meant {
                Some(name) => format!("did you mean `{label}.{name}`? Its interfaces are {}", list(names)),
                None => format!("its interfaces are {}", list(names)),
            };
            problems.push(Diagnostic::new(Code::UnknownInterface, message, help).at(place.clone()));
        }
        Some(End { instance, interface: found? })
    }

    fn unknown_instance(&self, endpoint: &Endpoint) -> Diagnostic {
        let instances = &self.composition.instances;
        let message = format!("there is no instance {}", quote(&endpoint.instance));
        let labels = instances.iter().map(|instance| instance.label.as_str());
        let of_block = instances.iter().find(|instance| instance.block == endpoint.instance);
        let meant = of_block.map(|i| i.label.as_str()).or_else(|| nearest(&endpoint.instance, labels.clone()));
        let help = match meant {
            Some(label) if instances.len() == 1 => format!("did you mean `{label}`? There is no other"),
            Some(label) => format!("did you mean `{label}`? The instances are {}", list(labels)),
            None => format!("name one that is listed under `instances`: {}", list(labels)),
        };
        Diagnostic::new(Code::UnknownInstance, message, help)
    }
}

fn unknown_block(instance: &Instance, design: &Design) -> Diagnostic {
    let memories: Vec<String> = demands(design).iter().map(Demand::instance).collect();
    let names = || BLOCKS.iter().map(|block| block.name).chain(memories.iter().map(String::as_str));
    let message = format!("there is no block {}", quote(&instance.block));
    let all = format!(
        "the blocks are {}; the memories {}",
        list(BLOCKS.iter().map(|block| block.name)),
        list(memories.iter().map(String::as_str))
    );
    let help = match nearest(&instance.block, names()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => all,
    };
    Diagnostic::new(Code::UnknownBlock, message, help).at(instance.place.clone())
}

/// Whether data leave the block through an interface. A memory port and a bus go the way of their requests.
pub(super) fn drives(interface: &Interface) -> bool {
    match interface.role {
        Role::Output | Role::Status => true,
        Role::Clock | Role::Configuration | Role::Input => false,
        Role::Memory | Role::Bus => interface.ports.first().is_some_and(|port| port.direction == Direction::Output),
    }
}

/// The ports of an interface by field; the field of the interface's own name is `data`.
pub(super) fn fields(interface: &Interface) -> BTreeMap<&str, &Port> {
    let name = |port: &'_ Port| port.field == interface.name;
    interface.ports.iter().map(|port| (if name(port) { "data" } else { port.field.as_str() }, port)).collect()
}
