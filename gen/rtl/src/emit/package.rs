//! The folder that an engineer takes on: Verilog, file lists, constraints, registers, driver, manifest.

use super::{
    cores::{self, Lists},
    driver,
    verilog::LICENCE,
};
use crate::{
    design::Design,
    netlist::{Contract, Interface, Module, ModuleKind, Netlist},
    prefix::Prefix,
    registers::Map,
};
use alberti_files::{Folder, MANIFEST, WriteError};
use askama::Template;
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// What made the package; a manifest begins with it.
pub(super) const GENERATOR: &str = concat!("alberti ", env!("CARGO_PKG_VERSION"));

/// Files by their path within the package, complete and in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Contents by path with forward slashes.
    pub files: BTreeMap<String, Vec<u8>>,
}

#[derive(Template)]
#[template(path = "constraints.sdc")]
struct Constraints<'a> {
    design: &'a str,
    top: &'a str,
    period_ns: String,
    uncertainty_ns: String,
    io_ns: String,
    clocked: bool,
    reset: bool,
}

#[derive(Serialize)]
struct Manifest<'a> {
    generator: &'static str,
    design: &'a str,
    description: &'a str,
    source: &'a str,
    hash: &'a str,
    /// What all global names begin with.
    prefix: String,
    top: &'a str,
    /// Modules of the design's memories, beside the top.
    memories: Vec<&'a str>,
    /// Files that stand for macros of the technology.
    models: &'a [String],
    clock: Clock,
    files: Vec<&'a str>,
    modules: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Clock {
    port: &'static str,
    frequency_mhz: f64,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    block: &'a str,
    summary: &'a str,
    source: &'a str,
    file: String,
    #[serde(flatten)]
    contract: &'a Contract,
    parameters: &'a BTreeMap<String, u64>,
    interfaces: &'a [Interface],
    instances: BTreeMap<&'a str, Placed<'a>>,
}

#[derive(Serialize)]
struct Placed<'a> {
    module: &'a str,
    count: u32,
}

/// Path of a module's file within a package.
fn file_of(module: &Module) -> String {
    format!("rtl/{}.v", module.name)
}

impl Package {
    /// Renders a checked netlist to files, with the design's memories beside it: their decode and ports in a
    /// list of their own, and the models of their macros in another, which a foundry's wrappers replace. All
    /// global names begin with the prefix.
    ///
    /// # Errors
    /// When the manifest cannot be written as JSON, which no netlist of ours makes happen.
    pub fn new(
        prefix: &Prefix,
        design: &Design,
        netlist: &Netlist,
        memories: &[&Netlist],
    ) -> Result<Self, serde_json::Error> {
        let memories: Vec<Netlist> = memories.iter().map(|memory| prefix.verilog(memory, netlist.top())).collect();
        let netlist = &prefix.verilog(netlist, netlist.top());
        let mut order = netlist.order();
        let of_top = order.len();
        for module in memories.iter().flat_map(Netlist::order) {
            if !order.iter().any(|known| known.name == module.name) {
                order.push(module);
            }
        }
        let is_model = |module: &Module| module.kind == ModuleKind::Model;
        let has = |kind| order.iter().any(|module| module.kind == kind);
        let paths = |group: &[&Module], models: bool| -> Vec<String> {
            group.iter().filter(|module| is_model(module) == models).map(|module| file_of(module)).collect()
        };
        let (top, beside) = order.split_at(of_top);
        let lists = Lists { rtl: paths(top, false), memories: paths(beside, false), models: paths(&order, true) };
        let mut files: BTreeMap<String, Vec<u8>> =
            order.iter().map(|module| (file_of(module), module.text.clone().into_bytes())).collect();

        for (suffix, list) in [("", &lists.rtl), ("_memories", &lists.memories), ("_models", &lists.models)] {
            if !list.is_empty() {
                let text = format!("// {LICENCE}\n{}\n", list.join("\n"));
                files.insert(format!("{prefix}{suffix}.f"), text.into_bytes());
            }
        }

        // A map of registers that the top does not have would be a map of nothing.
        if let Some(map) = Map::of(design).filter(|_| has(ModuleKind::Registers)) {
            files.extend(map.files(prefix, design).map(|(path, text)| (path, text.into_bytes())));
            if has(ModuleKind::Accelerator) {
                files.extend(driver::files(prefix, design).map(|(path, text)| (path, text.into_bytes())));
            }
        }

        let period_ns = 1000.0 / design.clock.frequency_mhz;
        let constraints = Constraints {
            design: &design.name,
            top: netlist.top(),
            period_ns: format!("{period_ns:.3}"),
            uncertainty_ns: format!("{:.3}", period_ns * 0.05),
            io_ns: format!("{:.3}", period_ns * 0.3),
            clocked: netlist.top_module().port("clk_i").is_some(),
            reset: netlist.top_module().port("rst_ni").is_some(),
        };
        // A template can fail only by writing to a string, which cannot fail.
        let text = constraints.render().expect("templates write to strings");
        files.insert(format!("{prefix}.sdc"), (text + "\n").into_bytes());

        files.extend(cores::files(prefix, design, &lists)?.map(|(path, text)| (path, text.into_bytes())));

        let mut names: Vec<_> = files.keys().map(String::as_str).chain([MANIFEST]).collect();
        names.sort_unstable();
        let manifest = Manifest {
            generator: GENERATOR,
            design: &design.name,
            description: design.description.as_deref().unwrap_or_default(),
            source: design.file_name(),
            hash: &design.hash,
            prefix: prefix.to_string(),
            top: netlist.top(),
            memories: memories.iter().map(|memory| memory.top()).collect(),
            models: &lists.models,
            clock: Clock { port: "clk_i", frequency_mhz: design.clock.frequency_mhz },
            files: names,
            modules: order
                .iter()
                .map(|module| Entry {
                    name: &module.name,
                    block: &module.block,
                    summary: &module.summary,
                    source: &module.source,
                    file: file_of(module),
                    contract: &module.contract,
                    parameters: &module.parameters,
                    interfaces: &module.interfaces,
                    instances: module
                        .instances
                        .iter()
                        .map(|instance| {
                            let count = instance.replicate.as_ref().map_or(1, |(_, count)| *count);
                            (instance.name.as_str(), Placed { module: &instance.module, count })
                        })
                        .collect(),
                })
                .collect(),
        };
        let mut manifest = serde_json::to_string_pretty(&manifest)?;
        manifest.push('\n');
        files.insert(MANIFEST.into(), manifest.into_bytes());
        Ok(Self { files })
    }

    /// Writes the package as a folder, in place of an earlier package.
    ///
    /// # Errors
    /// When the folder holds other files, or the disk refuses.
    pub fn write(&self, target: &Path) -> Result<(), WriteError> {
        Folder::at(target)?.write(&self.files).map(drop)
    }
}
