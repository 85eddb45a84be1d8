//! Verilog to cells: a unit at a time, each kept by its content, summed over the hierarchy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cache::{self, Cache, hash};
use crate::elaborate::{Module, Modules, Source, elaborate};
use crate::error::{Error, Result};
use crate::flows::{self, Port};
use crate::liberty::{Library, models};
use crate::recipe::Recipe;
use crate::technology::matches;
use crate::tools::{YOSYS, yosys_version};

/// Where a design is cut into units that are synthesised apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Boundaries {
    /// Nowhere: one flat netlist. Slow above some ten thousand gates.
    Flat,
    /// At every module that holds a register, itself or below it; combinational modules dissolve in their
    /// parents.
    #[default]
    Registers,
    /// At modules whose names match these patterns.
    Named(Vec<String>),
}

/// What to synthesise, onto what, how.
#[derive(Debug, Clone)]
pub struct SynthJob<'a> {
    /// The top module.
    pub top: &'a str,
    /// Every file that it needs.
    pub sources: &'a [Source],
    /// The cells.
    pub library: &'a Library,
    /// The way.
    pub recipe: &'a Recipe,
    /// The clock's period in ps.
    pub period_ps: f64,
    /// The clock's port.
    pub clock: String,
    /// The port of the asynchronous reset, active low.
    pub reset: String,
    /// Patterns of modules left empty: memories, whose bits are counted and whose area is not claimed.
    pub black_boxes: Vec<String>,
    /// Where to cut.
    pub boundaries: Boundaries,
}

impl<'a> SynthJob<'a> {
    /// A job with the conventions of emitted Verilog: `clk_i`, `rst_ni`, memories called `alb_sram_*`,
    /// `alb_macro_*` and `alb_wear_*`.
    pub fn new(top: &'a str, sources: &'a [Source], library: &'a Library, recipe: &'a Recipe, period_ps: f64) -> Self {
        SynthJob {
            top,
            sources,
            library,
            recipe,
            period_ps,
            clock: "clk_i".into(),
            reset: "rst_ni".into(),
            black_boxes: vec!["alb_sram_*".into(), "alb_macro_*".into(), "alb_wear_*".into()],
            boundaries: Boundaries::default(),
        }
    }
}

/// Cells and their sums.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Instances of each cell.
    pub cells: BTreeMap<String, u64>,
    /// Area of the cells in µm², without routing and without memories.
    pub area_um2: f64,
    /// The same in areas of the library's smallest 2-input NAND.
    pub gate_equivalents: f64,
    /// The part of the flip-flops in µm².
    pub sequential_area_um2: f64,
    /// Flip-flops.
    pub flip_flops: u64,
    /// Leakage in nW.
    pub leakage_nw: f64,
}

impl Area {
    /// The sums of `cells`; names the first cell that the library has not.
    fn new(cells: BTreeMap<String, u64>, library: &Library) -> std::result::Result<Self, String> {
        let mut area = Area::default();
        for (name, count) in &cells {
            let cell = library.cells.get(name).ok_or_else(|| name.clone())?;
            let times = *count as f64;
            area.area_um2 += times * cell.area_um2;
            area.leakage_nw += times * cell.leakage_nw;
            if cell.flip_flop.is_some() {
                area.flip_flops += count;
                area.sequential_area_um2 += times * cell.area_um2;
            }
        }
        area.gate_equivalents = area.area_um2 / library.nand2_area_um2;
        area.cells = cells;
        Ok(area)
    }
}

/// One unit: a module that was synthesised by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitReport {
    /// The module's name.
    pub module: String,
    /// How often the design holds it.
    pub instances: u64,
    /// Its own cells, those of the units in it excluded.
    pub own: Area,
    /// Its cells and those of all units in it.
    pub total: Area,
    /// Units and memories directly in it.
    pub children: BTreeMap<String, u64>,
    #[serde(skip)]
    pub(crate) netlist: PathBuf,
    #[serde(skip)]
    pub(crate) ports: Vec<Port>,
}

/// A memory left empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryReport {
    /// The module's name.
    pub module: String,
    /// How often the design holds it.
    pub instances: u64,
    /// Bits in one of them, by its behavioural model.
    pub bits: u64,
    #[serde(skip)]
    pub(crate) ports: Vec<Port>,
}

/// What a synthesis gave. The same job gives the same report, byte for byte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SynthReport {
    /// The top module.
    pub top: String,
    /// The library's short name.
    pub library: String,
    /// One gate equivalent in µm².
    pub nand2_area_um2: f64,
    /// The recipe's name.
    pub recipe: String,
    /// The period asked for in ps.
    pub period_ps: f64,
    /// yosys and abc.
    pub tools: String,
    /// The whole design.
    pub total: Area,
    /// Its units, by name.
    pub units: Vec<UnitReport>,
    /// Its memories, by name.
    pub memories: Vec<MemoryReport>,
    /// Bits of all instances of all memories.
    pub memory_bits: u64,
    /// What a reader must know of the figures.
    pub notes: Vec<String>,
    #[serde(skip)]
    pub(crate) clock: String,
    #[serde(skip)]
    pub(crate) reset: String,
}

impl SynthReport {
    /// A unit by its module's name.
    pub fn unit(&self, module: &str) -> Option<&UnitReport> {
        self.units.iter().find(|unit| unit.module == module)
    }

    /// The units at and below `module`, itself first.
    pub(crate) fn below(&self, module: &str) -> Vec<&UnitReport> {
        let mut found: Vec<&UnitReport> = self.unit(module).into_iter().collect();
        let mut next = 0;
        while let Some(unit) = found.get(next).copied() {
            for child in unit.children.keys().filter_map(|name| self.unit(name)) {
                if !found.iter().any(|known| known.module == child.module) {
                    found.push(child);
                }
            }
            next += 1;
        }
        found
    }

    /// The netlist of the whole design as Verilog: a module per unit, instances of cells and of memories.
    pub fn netlist(&self) -> Result<String> {
        let texts = self.units.iter().map(|unit| cache::read(&unit.netlist));
        Ok(format!("{}{}", models::LINT_OFF, texts.collect::<Result<Vec<_>>>()?.join("\n")))
    }

    /// Simulation models of the cells that the netlist instantiates.
    pub fn cell_models(&self, library: &Library) -> String {
        models::verilog(library, self.total.cells.keys().map(String::as_str))
    }
}

/// Synthesise a design.
///
/// Checked before and after mapping by yosys' `check -assert`: undriven and multiply driven wires,
/// combinational loops, cells left unmapped.
///
/// # Errors
/// A missing tool; whatever yosys refuses; cells that the library has not (latches, three-state drivers).
pub fn synthesise(cache: &Cache, job: &SynthJob) -> Result<SynthReport> {
    for name in [job.top, &job.clock, &job.reset] {
        if !flows::is_identifier(name) {
            return Err(Error::invalid(name, "names of modules and ports are letters, digits and '_'"));
        }
    }
    if !(job.period_ps.is_finite() && job.period_ps > 0.0) {
        return Err(Error::invalid(job.top, format!("the period is {} ps; it must be positive", job.period_ps)));
    }
    let modules = elaborate(cache, job.top, job.sources)?;
    let cut = Cut::new(&modules, job);
    let liberty = job.library.file_in(cache)?;
    let names: Vec<&str> = cut.units.iter().map(String::as_str).collect();
    let made = names.par_iter().map(|name| cut.unit(cache, &liberty, name)).collect::<Result<Vec<UnitNetlist>>>()?;
    let made: BTreeMap<&str, UnitNetlist> = names.into_iter().zip(made).collect();

    let mut instances = BTreeMap::new();
    count(&made, job.top, 1, &mut instances);
    let total_of = |top: &str| {
        let mut instances = BTreeMap::new();
        count(&made, top, 1, &mut instances);
        let mut cells: BTreeMap<String, u64> = BTreeMap::new();
        for (name, times) in &instances {
            for (cell, number) in made.get(name.as_str()).into_iter().flat_map(|unit| &unit.cells) {
                *cells.entry(cell.clone()).or_default() += times * number;
            }
        }
        area(top, cells, job.library)
    };
    let mut units = Vec::new();
    for (name, unit) in &made {
        // What optimisation found unused is in nobody's netlist.
        let Some(&times) = instances.get(*name) else { continue };
        units.push(UnitReport {
            module: name.to_string(),
            instances: times,
            own: area(name, unit.cells.clone(), job.library)?,
            total: total_of(name)?,
            children: unit.children.clone(),
            netlist: unit.netlist.clone(),
            ports: modules[*name].ports.clone(),
        });
    }
    let memories: Vec<MemoryReport> = cut
        .boxes
        .iter()
        .filter_map(|name| {
            let (module, instances) = (&modules[name], *instances.get(name)?);
            Some(MemoryReport {
                module: name.clone(),
                instances,
                bits: module.memory_bits,
                ports: module.ports.clone(),
            })
        })
        .collect();
    let mut notes = Vec::new();
    if !job.library.has_asynchronous_reset() {
        notes.push("registers are reset at the clock's edge: the library has no asynchronous reset".to_string());
    }
    if !memories.is_empty() {
        notes.push("memories are left empty: their bits are counted, no area is claimed for them".to_string());
    }
    Ok(SynthReport {
        top: job.top.into(),
        library: job.library.technology.name.clone(),
        nand2_area_um2: job.library.nand2_area_um2,
        recipe: job.recipe.name.clone(),
        period_ps: job.period_ps,
        tools: yosys_version()?,
        total: total_of(job.top)?,
        units,
        memory_bits: memories.iter().map(|memory| memory.instances * memory.bits).sum(),
        memories,
        notes,
        clock: job.clock.clone(),
        reset: job.reset.clone(),
    })
}

fn area(unit: &str, cells: BTreeMap<String, u64>, library: &Library) -> Result<Area> {
    Area::new(cells, library).map_err(|cell| {
        Error::invalid(unit, format!("{cell} is left in its netlist, which {} has no cell for", library.name))
    })
}

/// Instances of every unit and memory at and below `name`.
fn count(made: &BTreeMap<&str, UnitNetlist>, name: &str, times: u64, instances: &mut BTreeMap<String, u64>) {
    *instances.entry(name.to_string()).or_default() += times;
    for (child, number) in made.get(name).into_iter().flat_map(|unit| &unit.children) {
        count(made, child, times * number, instances);
    }
}

/// A unit's netlist.
struct UnitNetlist {
    netlist: PathBuf,
    cells: BTreeMap<String, u64>,
    children: BTreeMap<String, u64>,
}

/// A design cut into units and black boxes.
struct Cut<'a> {
    modules: &'a Modules,
    job: &'a SynthJob<'a>,
    units: BTreeSet<String>,
    boxes: BTreeSet<String>,
}

impl<'a> Cut<'a> {
    fn new(modules: &'a Modules, job: &'a SynthJob<'a>) -> Self {
        let boxed = |name: &str| name != job.top && job.black_boxes.iter().any(|pattern| matches(pattern, name));
        let boxes: BTreeSet<String> = modules.keys().filter(|name| boxed(name)).cloned().collect();
        let mut states = BTreeMap::new();
        for name in modules.keys() {
            holds_state(modules, &boxes, name, &mut states);
        }
        let is_unit = |name: &str| match &job.boundaries {
            Boundaries::Flat => false,
            Boundaries::Registers => states.get(name) == Some(&true),
            Boundaries::Named(patterns) => patterns.iter().any(|pattern| matches(pattern, name)),
        };
        // Only what the top reaches without entering a box.
        let mut reached = BTreeSet::new();
        let mut open = vec![job.top.to_string()];
        while let Some(name) = open.pop() {
            if !boxes.contains(&name) && reached.insert(name.clone()) {
                open.extend(modules.get(&name).into_iter().flat_map(|module| module.children.keys().cloned()));
            }
        }
        let units = reached.into_iter().filter(|name| name == job.top || is_unit(name)).collect();
        Cut { modules, job, units, boxes }
    }

    fn module(&self, name: &str) -> Result<&'a Module> {
        self.modules.get(name).ok_or_else(|| Error::invalid(name, "no such module in the elaborated design"))
    }

    /// RTLIL of a unit, of what dissolves in it, and empty boxes for what does not.
    fn text(&self, unit: &str) -> Result<String> {
        let mut text = self.module(unit)?.text.clone();
        let mut seen = BTreeSet::from([unit]);
        let mut open = vec![unit];
        while let Some(name) = open.pop() {
            for child in self.module(name)?.children.keys() {
                if !seen.insert(child) {
                    continue;
                }
                let module = self.module(child)?;
                if self.units.contains(child) || self.boxes.contains(child) {
                    text.push_str(&module.stub(child));
                } else {
                    text.push_str(&module.text);
                    open.push(child);
                }
            }
        }
        Ok(text)
    }

    fn unit(&self, cache: &Cache, liberty: &Path, name: &str) -> Result<UnitNetlist> {
        let SynthJob { library, recipe, .. } = self.job;
        let text = self.text(name)?;
        let delay_ps = recipe.delay_ps.map_or(self.job.period_ps, |delay| delay as f64);
        let abc_script = recipe.abc.as_ref().map(|script| script.replace("{D}", &format!("-D {delay_ps}")));
        let adder = library.full_adder.as_ref().filter(|_| recipe.full_adders);
        let tie = library.tie_high.as_ref().zip(library.tie_low.as_ref());
        let script = flows::Unit {
            top: name,
            liberty: "LIBERTY",
            full_adders: adder.is_some(),
            synchronous_reset: !library.has_asynchronous_reset(),
            abc_options: format!(" -D {delay_ps}{}", if abc_script.is_some() { " -script abc.script" } else { "" }),
            isolate: (recipe.isolate_inputs && name != self.job.top).then(|| {
                let (cell, pin, input) = (&library.driving_cell, &library.driving_pin, &library.driving_input);
                let SynthJob { clock, reset, .. } = self.job;
                format!(
                    "setattr -set iopad_external_pin 1 w:{clock} w:{reset}\niopadmap -bits -inpad {cell} {pin}:{input}"
                )
            }),
            hilomap: tie.map(|(high, low)| {
                format!("hilomap -singleton -hicell {} {} -locell {} {}", high.cell, high.pin, low.cell, low.pin)
            }),
        }
        .text()?;
        let constraint =
            format!("set_driving_cell {}\nset_load {} [all_outputs]\n", library.driving_cell, library.load_ff);
        let adder = adder.map(flows::full_adder).transpose()?.unwrap_or_default();
        let abc_script = abc_script.unwrap_or_default();
        let tools = yosys_version()?;
        let key = [&text, &library.hash, &tools, &script, &constraint, &adder, &abc_script].map(String::as_str);
        let entry = cache.get("units", &hash(&key), |folder| {
            let work = tempfile::tempdir().map_err(Error::io(folder))?;
            let put = |file: &str, text: &str| cache::write(&work.path().join(file), text);
            let liberty = liberty.to_string_lossy();
            if liberty.contains(char::is_whitespace) {
                return Err(Error::invalid(
                    liberty,
                    "yosys reads no path with blanks: set ALBERTI_CACHE to one without",
                ));
            }
            put("unit.il", &text)?;
            put("cells.v", &models::stubs(library))?;
            put("abc.constr", &constraint)?;
            put("abc.script", &abc_script)?;
            put("full_adder.v", &adder)?;
            put("synchronous_reset.v", flows::SYNCHRONOUS_RESET)?;
            put("run.ys", &script.replace("LIBERTY", &liberty))?;
            YOSYS.run(work.path(), ["-q", "run.ys"], &format!("synthesising {name}"))?.checked()?;
            for file in ["netlist.v", "cells.json"] {
                cache::write(&folder.join(file), cache::read(&work.path().join(file))?)?;
            }
            Ok(())
        })?;
        let counts = cell_counts(name, &cache::read(&entry.join("cells.json"))?)?;
        let is_child = |cell: &String| self.units.contains(cell) || self.boxes.contains(cell);
        let (children, cells) = counts.into_iter().partition(|(cell, _)| is_child(cell));
        Ok(UnitNetlist { netlist: entry.join("netlist.v"), cells, children })
    }
}

/// Does the module, or one below it, hold a register or a memory? Black boxes do.
fn holds_state(modules: &Modules, boxes: &BTreeSet<String>, name: &str, known: &mut BTreeMap<String, bool>) -> bool {
    if let Some(&state) = known.get(name) {
        return state;
    }
    let module = modules.get(name);
    let mut state = boxes.contains(name) || module.is_some_and(|module| module.state);
    for child in module.into_iter().flat_map(|module| module.children.keys()) {
        state |= holds_state(modules, boxes, child, known);
    }
    known.insert(name.to_string(), state);
    state
}

fn cell_counts(unit: &str, json: &str) -> Result<BTreeMap<String, u64>> {
    #[derive(Deserialize)]
    struct Stat {
        modules: BTreeMap<String, Counts>,
    }
    #[derive(Deserialize)]
    struct Counts {
        num_cells_by_type: BTreeMap<String, u64>,
    }
    let doing = || format!("counting the cells of {unit}");
    let stat: Stat = serde_json::from_str(json)
        .map_err(|error| Error::tool("yosys", doing(), format!("its statistics cannot be read: {error}")))?;
    let counts = stat.modules.into_iter().find(|(name, _)| name.trim_start_matches('\\') == unit);
    counts
        .map(|(_, counts)| counts.num_cells_by_type)
        .ok_or_else(|| Error::tool("yosys", doing(), "its statistics do not name the module"))
}
