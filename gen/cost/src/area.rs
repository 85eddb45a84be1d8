//! Area and timing of a design: its logic by yosys and OpenSTA, the macros of its memories by the
//! technology's figures.

use alberti_rtl::{BuiltMemory, Design, blocks::Block, design::MemoryKind, netlist::Netlist};
use alberti_synth::{
    Baseline, Cache, Figures, Library, Recipe, Result, Source, SynthJob, SynthReport, Timing, synthesise, time,
};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// How to synthesise.
pub struct Synthesis {
    /// The cells.
    pub library: Library,
    /// The way to map.
    pub recipe: Recipe,
    /// The frequency to map for; none for that of each design.
    pub frequency_mhz: Option<f64>,
    /// Whether the longest paths are timed as well.
    pub timing: bool,
    /// From a memory's clock edge to its data, for the longest paths.
    pub memory_access_ps: f64,
    cache: Cache,
}

/// What a block costs.
#[derive(Clone, Debug, Serialize)]
pub struct BlockCost {
    /// Its name.
    pub block: String,
    /// Instances of cells.
    pub cells: u64,
    /// Their area.
    pub area_um2: f64,
    /// The same in areas of the library's smallest 2-input NAND.
    pub gate_equivalents: f64,
    /// Flip-flops among them.
    pub flip_flops: u64,
    /// Bits in memories, which have no area here.
    pub memory_bits: u64,
    /// Area for each multiplier, where there are any.
    pub area_per_mac_um2: Option<f64>,
    /// Area as a part of the array's, where that is among what was asked for.
    pub area_of_array: Option<f64>,
    /// The longest path.
    pub min_period_ps: Option<f64>,
    /// The highest frequency.
    pub fmax_mhz: Option<f64>,
    /// Modules within, those that are synthesised by themselves.
    pub modules: Vec<ModuleCost>,
    #[serde(skip)]
    figures: Option<Figures>,
    #[serde(skip)]
    tools: String,
}

/// A module within a block.
#[derive(Clone, Debug, Serialize)]
pub struct ModuleCost {
    /// Its name.
    pub module: String,
    /// How often the block holds it.
    pub instances: u64,
    /// Cells of its own in one instance, those of modules within it left out.
    pub own_area_um2: f64,
    /// The share of all its instances in the block's area.
    pub share: f64,
}

/// What a memory costs, all of its banks together.
#[derive(Clone, Debug, Serialize)]
pub struct MemoryCost {
    /// Its name.
    pub memory: String,
    /// What it is made of.
    pub kind: MemoryKind,
    /// How many of each macro.
    pub macros: BTreeMap<String, u64>,
    /// Capacity in bits, check bits included.
    pub bits: u64,
    /// Area of the macros.
    pub area_um2: f64,
    /// Leakage of the macros.
    pub leakage_uw: f64,
    /// Energy of an access to a word of every bank.
    pub access_energy_pj: f64,
    /// Bits that it gives or takes in a second, at the design's clock.
    pub bandwidth_gbps: f64,
    /// Latency of its slowest macro.
    pub latency_ns: f64,
    /// Cycles from a read to its word.
    pub latency_cycles: u32,
    /// Bits of the memory to bits of its macros.
    pub utilisation: f64,
    /// The logic around the macros of all banks: decode, choice of words, ports, programming. `None` where no
    /// tool counted it.
    pub logic: Option<MemoryLogic>,
}

/// Logic in cells of the library, which may be of another process than the macros.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MemoryLogic {
    /// Its area.
    pub area_um2: f64,
    /// The same in areas of the library's smallest 2-input NAND.
    pub gate_equivalents: f64,
    /// Flip-flops in it.
    pub flip_flops: u64,
}

/// The area of a block beside that of the same block in another design.
#[derive(Clone, Debug, Serialize)]
pub struct AreaRatio {
    /// The block.
    pub block: String,
    /// The quotient.
    pub area: f64,
}

impl Synthesis {
    /// The library that is named, or the default one, mapped by a recipe.
    ///
    /// # Errors
    /// A library that cannot be used, and a recipe that there is not.
    pub fn new(liberty: Option<&Path>, recipe: &str, frequency_mhz: Option<f64>, timing: bool) -> Result<Self> {
        let library = match liberty {
            Some(path) => Library::load(path)?,
            None => Library::open_default()?,
        };
        let recipe = Recipe::named(recipe, &library)?;
        Ok(Self { recipe, library, cache: Cache::open()?, frequency_mhz, timing, memory_access_ps: 0.0 })
    }

    /// What a block of a design costs.
    ///
    /// # Errors
    /// A missing tool, or one that fails.
    pub fn block(&self, design: &Design, block: &Block, netlist: &Netlist) -> Result<BlockCost> {
        let period_ps = 1e6 / self.frequency_mhz.unwrap_or(design.clock.frequency_mhz);
        let sources = sources(netlist);
        let job = SynthJob::new(netlist.top(), &sources, &self.library, &self.recipe, period_ps);
        let report = synthesise(&self.cache, &job)?;
        let timing = match self.timing {
            true => Some(time(&self.cache, &report, &self.library, netlist.top(), self.memory_access_ps)?),
            false => None,
        };
        let macs = match block.name {
            "vmac" => Some(design.datapath.n),
            "vmac_array" | "matrix_unit" | "processing_unit" => Some(design.datapath.n.pow(2)),
            _ => None,
        };
        Ok(BlockCost::new(block.name, &report, timing.as_ref(), macs))
    }

    /// What a memory costs, its logic counted.
    ///
    /// # Errors
    /// A missing tool, or one that fails.
    pub fn memory(&self, memory: &BuiltMemory) -> Result<MemoryCost> {
        let (netlist, demand) = (&memory.netlist, &memory.demand);
        let period_ps = 1e6 / self.frequency_mhz.unwrap_or(demand.frequency_mhz);
        let sources = sources(netlist);
        let job = SynthJob::new(netlist.top(), &sources, &self.library, &self.recipe, period_ps);
        let (total, banks) = (synthesise(&self.cache, &job)?.total, f64::from(demand.banks));
        let logic = MemoryLogic {
            area_um2: banks * total.area_um2,
            gate_equivalents: banks * total.gate_equivalents,
            flip_flops: u64::from(demand.banks) * total.flip_flops,
        };
        Ok(MemoryCost { logic: Some(logic), ..MemoryCost::new(memory) })
    }

    /// The figures of a design's blocks as a baseline; empty where nothing was timed.
    #[must_use]
    pub fn baseline(&self, design: &Design, costs: &[BlockCost]) -> Baseline {
        let tools = costs.first().map_or("", |cost| cost.tools.as_str());
        let mut measured = Baseline::new(&self.library.technology.name, &self.recipe.name, tools);
        for cost in costs {
            if let Some(figures) = &cost.figures {
                measured.blocks.insert(format!("{}.{}", design.name, cost.block), figures.clone());
            }
        }
        measured
    }
}

impl BlockCost {
    fn new(block: &str, report: &SynthReport, timing: Option<&Timing>, macs: Option<u32>) -> Self {
        let total = &report.total;
        let modules = report.units.iter().map(|unit| ModuleCost {
            module: unit.module.clone(),
            instances: unit.instances,
            own_area_um2: unit.own.area_um2,
            share: unit.instances as f64 * unit.own.area_um2 / total.area_um2.max(f64::MIN_POSITIVE),
        });
        Self {
            block: block.into(),
            cells: total.cells.values().sum(),
            area_um2: total.area_um2,
            gate_equivalents: total.gate_equivalents,
            flip_flops: total.flip_flops,
            memory_bits: report.memory_bits,
            area_per_mac_um2: macs.map(|macs| total.area_um2 / f64::from(macs)),
            area_of_array: None,
            min_period_ps: timing.and_then(|timing| timing.min_period_ps),
            fmax_mhz: timing.and_then(|timing| timing.fmax_mhz),
            modules: modules.collect(),
            figures: timing.map(|timing| Figures::new(report, timing)),
            tools: report.tools.clone(),
        }
    }

    /// Sets the area of each block beside that of the array, where the array is among them.
    pub fn relate_to_array(costs: &mut [Self]) {
        if let Some(array) = costs.iter().find(|cost| cost.block == "vmac_array").map(|array| array.area_um2) {
            costs.iter_mut().for_each(|cost| cost.area_of_array = Some(cost.area_um2 / array));
        }
    }

    /// The areas of `ours` beside those of the same blocks of `theirs`.
    #[must_use]
    pub fn against(ours: &[Self], theirs: &[Self]) -> Vec<AreaRatio> {
        let ratio = |theirs: &Self| {
            let own = ours.iter().find(|own| own.block == theirs.block && theirs.area_um2 > 0.0)?;
            Some(AreaRatio { block: theirs.block.clone(), area: own.area_um2 / theirs.area_um2 })
        };
        theirs.iter().filter_map(ratio).collect()
    }
}

impl MemoryCost {
    /// What the macros cost.
    #[must_use]
    pub fn new(BuiltMemory { demand, selection, .. }: &BuiltMemory) -> Self {
        Self {
            memory: demand.memory.clone(),
            kind: demand.storage.kind,
            macros: selection.macros.clone(),
            bits: u64::from(demand.banks) * demand.words * u64::from(demand.bits),
            area_um2: selection.area_um2,
            leakage_uw: selection.leakage_uw,
            access_energy_pj: selection.access_energy_pj,
            bandwidth_gbps: selection.bandwidth_gbps,
            latency_ns: selection.latency_ns,
            latency_cycles: demand.latency_cycles,
            utilisation: selection.utilisation,
            logic: None,
        }
    }
}

/// The Verilog of a netlist, for synthesis and lint.
#[must_use]
pub fn sources(netlist: &Netlist) -> Vec<Source> {
    netlist.sources().into_iter().map(|(file, text)| Source::new(file, text)).collect()
}
