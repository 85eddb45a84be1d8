//! All modules of a design, and the hierarchy that they form.

use super::module::Module;
use petgraph::{
    algo::toposort,
    graph::{DiGraph, NodeIndex},
};
use std::{collections::BTreeMap, sync::Arc};

/// The modules below a top.
#[derive(Clone, Debug)]
pub struct Netlist {
    top: String,
    modules: BTreeMap<String, Arc<Module>>,
}

impl Netlist {
    /// The part of a set of modules that `top` reaches.
    ///
    /// # Panics
    /// When `top` or a module that it instantiates is not in the set: elaboration adds children before
    /// parents.
    #[must_use]
    pub fn new(top: &str, mut modules: BTreeMap<String, Arc<Module>>) -> Self {
        let mut reached = BTreeMap::new();
        let mut open = vec![top.to_owned()];
        while let Some(name) = open.pop() {
            if reached.contains_key(&name) {
                continue;
            }
            let module = modules.remove(&name).expect("children are elaborated before their parents");
            open.extend(module.instances.iter().map(|instance| instance.module.clone()));
            reached.insert(name, module);
        }
        Self { top: top.into(), modules: reached }
    }

    /// The same netlist with other names of modules, and with the Verilog that follows.
    #[must_use]
    pub fn renamed(&self, name: impl Fn(&str) -> String, text: impl Fn(&str) -> String) -> Self {
        let rename = |module: &Arc<Module>| {
            let mut module = Module::clone(module);
            module.name = name(&module.name);
            for instance in &mut module.instances {
                instance.module = name(&instance.module);
            }
            module.text = text(&module.text);
            (module.name.clone(), Arc::new(module))
        };
        Self { top: name(&self.top), modules: self.modules.values().map(rename).collect() }
    }

    /// Name of the top module.
    #[must_use]
    pub fn top(&self) -> &str {
        &self.top
    }

    /// The top module.
    #[must_use]
    pub fn top_module(&self) -> &Module {
        &self.modules[&self.top]
    }

    /// A module by name.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<&Module> {
        self.modules.get(name).map(AsRef::as_ref)
    }

    /// The hierarchy: an arrow from each module to each module that it instantiates, weighted by how often.
    #[must_use]
    pub fn hierarchy(&self) -> DiGraph<&Module, u32> {
        let mut graph = DiGraph::new();
        let nodes: BTreeMap<&str, NodeIndex> =
            self.modules.values().map(|module| (module.name.as_str(), graph.add_node(module.as_ref()))).collect();
        for module in self.modules.values() {
            for instance in &module.instances {
                let count = instance.replicate.as_ref().map_or(1, |(_, count)| *count);
                graph.add_edge(nodes[module.name.as_str()], nodes[instance.module.as_str()], count);
            }
        }
        graph
    }

    /// The modules, each after all that it instantiates; those of equal depth by name.
    ///
    /// # Panics
    /// When a module instantiates itself, which elaboration cannot build.
    #[must_use]
    pub fn order(&self) -> Vec<&Module> {
        let graph = self.hierarchy();
        let mut order = toposort(&graph, None).expect("children are elaborated before their parents");
        order.reverse();
        order.into_iter().map(|node| graph[node]).collect()
    }

    /// The Verilog files of the netlist: name and text, children first.
    #[must_use]
    pub fn sources(&self) -> Vec<(String, String)> {
        self.order().iter().map(|module| (format!("{}.v", module.name), module.text.clone())).collect()
    }
}
