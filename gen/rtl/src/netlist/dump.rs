//! The netlist for a reader: as data, as a tree, as a graph.

use super::{graph::Netlist, module::Module};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::{collections::BTreeMap, fmt::Write as _};

/// As data: the top's name, and all modules by name with ports, nets, instances and what their logic reads
/// and drives.
impl Serialize for Netlist {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let modules: BTreeMap<&str, &Module> =
            self.order().into_iter().map(|module| (module.name.as_str(), module)).collect();
        let mut object = serializer.serialize_struct("Netlist", 2)?;
        object.serialize_field("top", self.top())?;
        object.serialize_field("modules", &modules)?;
        object.end()
    }
}

impl Netlist {
    /// The hierarchy as an indented tree, a line an instance: `u_vmac: alb_vmac x 16`.
    #[must_use]
    pub fn tree(&self) -> String {
        let mut text = format!("{}\n", self.top());
        self.branch(&mut text, self.top_module(), 1);
        text
    }

    fn branch(&self, text: &mut String, module: &Module, depth: usize) {
        for instance in &module.instances {
            let count = instance.replicate.as_ref().map_or_else(String::new, |(_, count)| format!(" x {count}"));
            let _ = writeln!(text, "{:indent$}{}: {}{count}", "", instance.name, instance.module, indent = 2 * depth);
            if let Some(placed) = self.module(&instance.module) {
                self.branch(text, placed, depth + 1);
            }
        }
    }

    /// The hierarchy for Graphviz: a box a module, an arrow to each that it places, labelled by how often.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut text =
            format!("digraph {} {{\n    rankdir=LR;\n    node [shape=box, fontname=monospace];\n", self.top());
        for module in self.order().into_iter().rev() {
            let _ = writeln!(text, "    {} [label=\"{}\"];", module.name, module.name);
            let mut placed: BTreeMap<&str, u32> = BTreeMap::new();
            for instance in &module.instances {
                *placed.entry(&instance.module).or_default() +=
                    instance.replicate.as_ref().map_or(1, |(_, count)| *count);
            }
            for (child, count) in placed {
                let label = if count == 1 { String::new() } else { format!(" [label=\"x {count}\"]") };
                let _ = writeln!(text, "    {} -> {child}{label};", module.name);
            }
        }
        text.push_str("}\n");
        text
    }
}
