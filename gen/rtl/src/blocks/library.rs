//! The modules of a design while it is elaborated, by name.

use crate::{
    blocks::{rram, sram, tiles::TiledMemory},
    design::{Design, MemoryKind},
    emit::Shell,
    memory::{Demand, Technology, choose, demands},
    netlist::Module,
};
use alberti_diagnostic::Diagnostics;
use std::{collections::BTreeMap, sync::Arc};

/// Collects the modules of a design; a module that is asked for twice is made once.
pub struct Library<'a> {
    design: &'a Design,
    technology: Option<&'a Technology>,
    modules: BTreeMap<String, Arc<Module>>,
}

impl<'a> Library<'a> {
    /// An empty library for a design.
    #[must_use]
    pub fn new(design: &'a Design) -> Self {
        Self { design, technology: None, modules: BTreeMap::new() }
    }

    /// The same, with the macros that the design's memories are made of; without, those that come with the
    /// generator.
    #[must_use]
    pub fn with_technology(design: &'a Design, technology: &'a Technology) -> Self {
        Self { technology: Some(technology), ..Self::new(design) }
    }

    /// The module of a memory of the design, made of the best of the library's macros.
    ///
    /// # Errors
    /// As [`memory`](Self::memory), or faults of the technology file.
    pub fn memory_of_design(&mut self, demand: &Demand) -> Result<Arc<Module>, Diagnostics> {
        match self.technology {
            Some(technology) => self.memory(technology, demand),
            None => self.memory(&Technology::shipped()?, demand),
        }
    }

    /// The module of a memory, made of the best macros of a technology.
    ///
    /// # Errors
    /// That no macro serves it, or that there are too many ways to make it.
    pub fn memory(&mut self, technology: &Technology, demand: &Demand) -> Result<Arc<Module>, Diagnostics> {
        let selections = choose(technology, demand, &self.design.locate(&demand.key))?;
        Ok(self.tiled_memory(&TiledMemory { technology, demand, selection: &selections[0] }))
    }

    /// The module of a memory, made of chosen macros.
    pub fn tiled_memory(&mut self, memory: &TiledMemory<'_>) -> Arc<Module> {
        match memory.demand.storage.kind {
            MemoryKind::Rram => rram::elaborate(self, &memory.demand.memory, memory),
            MemoryKind::Sram => sram::tiled(self, &memory.demand.memory, memory),
        }
    }

    /// The memory that a composition calls `<memory>_memory`; `None` where the design has none of that name.
    ///
    /// # Errors
    /// As [`memory_of_design`](Self::memory_of_design).
    pub fn memory_named(&mut self, name: &str) -> Result<Option<Arc<Module>>, Diagnostics> {
        let Some(demand) = demands(self.design).into_iter().find(|demand| demand.instance() == name) else {
            return Ok(None);
        };
        self.memory_of_design(&demand).map(Some)
    }

    /// The design that is elaborated.
    #[must_use]
    pub fn design(&self) -> &'a Design {
        self.design
    }

    /// Whether there is a module of that name.
    #[must_use]
    pub fn contains(&self, module: &str) -> bool {
        self.modules.contains_key(module)
    }

    /// Renders a module by its template and keeps it.
    pub fn add(&mut self, mut module: Module, render: impl FnOnce(&Shell) -> askama::Result<String>) -> Arc<Module> {
        if let Some(known) = self.modules.get(&module.name) {
            debug_assert_eq!(known.parameters, module.parameters, "two variants of {} need labels", module.name);
            return Arc::clone(known);
        }
        let shell = Shell::new(self.design, &module, |name| self.modules.get(name).map(AsRef::as_ref));
        // A template can fail only by writing to a string, which cannot fail.
        module.text = Shell::file(&render(&shell).expect("templates write to strings"));
        let module = Arc::new(module);
        self.modules.insert(module.name.clone(), Arc::clone(&module));
        module
    }

    /// The modules, by name.
    #[must_use]
    pub fn into_modules(self) -> BTreeMap<String, Arc<Module>> {
        self.modules
    }
}
