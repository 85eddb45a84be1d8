//! `alberti synth`.

mod memories;

use super::lint::sources;
use crate::{
    exit::{Failure, Result},
    output::Answer,
    progress, source,
    table::{Table, count, decimals},
};
use alberti_diagnostic::Code;
use alberti_rtl::Design;
use alberti_synth::{Baseline, Cache, Figures, Library, Recipe, SynthJob, SynthReport, Timing, synthesise, time};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

pub use memories::MemoryCost;

/// Measures area by yosys and timing by OpenSTA, per block and in total.
///
/// Every module is synthesised once and cached by its content, so an unchanged block costs no time. Memories
/// within blocks (alb_sram_*) are counted in bits and not included in the area. Those of the design are listed
/// separately: their macros by the figures of the technology, the logic around them by yosys. Exit code 1 if a
/// figure differs from its baseline (--check).
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: source::Selection,
    /// Another standard-cell library, .lib or .lib.gz [default: osu018]
    #[arg(long, value_name = "FILE")]
    liberty: Option<PathBuf>,
    /// The recipe of the mapping: area or speed
    #[arg(long, value_name = "RECIPE", default_value = "area")]
    recipe: String,
    /// The frequency to map for [default: the design's]
    #[arg(long, value_name = "MHZ", value_parser = frequency)]
    frequency: Option<f64>,
    /// Also time the longest paths
    #[arg(long)]
    timing: bool,
    /// Delay from a memory's clock edge to its data, for --timing
    #[arg(long, value_name = "PS", default_value_t = 0.0, value_parser = access)]
    memory_access: f64,
    /// Another design: print its figures as ratios to this one's
    #[arg(long, value_name = "DESIGN")]
    against: Option<PathBuf>,
    /// Compare with the accepted figures
    #[arg(long, conflicts_with_all = ["bless", "against"])]
    check: bool,
    /// Accept the figures
    #[arg(long, conflicts_with = "against")]
    bless: bool,
    /// The folder of the accepted figures
    #[arg(long, value_name = "DIR", default_value = "synth/baselines")]
    baselines: PathBuf,
}

fn frequency(text: &str) -> std::result::Result<f64, String> {
    let valid = text.parse().ok().filter(|mhz: &f64| (0.1..=100_000.0).contains(mhz));
    valid.ok_or_else(|| format!("`{text}` is no frequency: give megahertz, from 0.1 to 100000"))
}

fn access(text: &str) -> std::result::Result<f64, String> {
    let valid = text.parse().ok().filter(|ps: &f64| (0.0..=1e6).contains(ps));
    valid.ok_or_else(|| format!("`{text}` is no access time: give picoseconds, from 0 to 1000000"))
}

/// How to synthesise.
pub struct Setup {
    /// The cells.
    pub library: Library,
    recipe: Recipe,
    cache: Cache,
    frequency_mhz: Option<f64>,
    timing: bool,
    memory_access_ps: f64,
}

impl Setup {
    /// The library that is named, or the default one, mapped by a recipe.
    pub fn new(liberty: Option<&Path>, recipe: &str, frequency_mhz: Option<f64>, timing: bool) -> Result<Self> {
        let library = match liberty {
            Some(path) => Library::load(path)?,
            None => Library::open_default()?,
        };
        let recipe = Recipe::named(recipe, &library)?;
        Ok(Self { recipe, library, cache: Cache::open(), frequency_mhz, timing, memory_access_ps: 0.0 })
    }

    /// Figures of each block of a design.
    pub fn blocks(&self, selection: &source::Selection, design: &Design, bar: &ProgressBar) -> Result<Vec<Cost>> {
        let period_ps = 1e6 / self.frequency_mhz.unwrap_or(design.clock.frequency_mhz);
        let mut costs = Vec::new();
        for (block, netlist) in selection.logic(design)? {
            bar.set_message(format!("{}: {}", design.name, block.name));
            let sources = sources(&netlist);
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
            costs.push(Cost::new(block.name, &report, timing.as_ref(), macs));
            bar.inc(1);
        }
        if let Some(array) = costs.iter().find(|cost| cost.block == "vmac_array").map(|array| array.area_um2) {
            costs.iter_mut().for_each(|cost| cost.area_of_array = Some(cost.area_um2 / array));
        }
        Ok(costs)
    }
}

/// What a block costs.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
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

impl Cost {
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
}

/// Synthesises.
///
/// # Errors
/// The designs' problems, a missing tool, a library that cannot be used.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.selection.design)?;
    let other = arguments.against.as_deref().map(source::load).transpose()?;
    let timing = arguments.timing || arguments.check || arguments.bless;
    let setup = Setup {
        memory_access_ps: arguments.memory_access,
        ..Setup::new(arguments.liberty.as_deref(), &arguments.recipe, arguments.frequency, timing)?
    };
    let blocks = arguments.selection.logic(&design)?.len();
    let technology = arguments.selection.macros.load()?;
    let (made, unserved) = arguments.selection.memories(&design, &technology)?;
    let bar = progress::bar(made.len() + blocks * if other.is_some() { 2 } else { 1 });
    let costs = setup.blocks(&arguments.selection, &design, &bar)?;
    let mut memories = Vec::new();
    for memory in &made {
        bar.set_message(format!("{}: {}", design.name, memory.demand.memory));
        memories.push(setup.memory(memory)?);
        bar.inc(1);
    }
    let head = format!(
        "{} on {} ({}), recipe {}, for {} MHz",
        design.name,
        setup.library.technology.name,
        setup.library.technology.process,
        setup.recipe.name,
        decimals(arguments.frequency.unwrap_or(design.clock.frequency_mhz), 0)
    );
    let mut text = format!("{head}\n\n{}", table(&costs, timing).text());
    text += &memories::text(&memories, &technology);
    text += &breakdown(&costs);
    let mut data = json!({
        "design": design.name, "hash": design.hash, "library": setup.library.technology.name,
        "recipe": setup.recipe.name, "blocks": costs,
        "technology": technology.name, "memories": memories,
    });
    let mut warnings = design.warnings().clone();
    warnings.extend(unserved.iter().cloned());
    if let Some(other) = &other {
        let theirs = setup.blocks(&arguments.selection, other, &bar)?;
        text += &format!("\n{} against {}\n\n{}", other.name, design.name, ratios(&costs, &theirs).text());
        data["against"] = json!({"design": other.name, "hash": other.hash, "blocks": theirs});
        warnings.extend(other.warnings().iter().cloned());
    }
    bar.finish_and_clear();
    let mut answer = Answer::new(text, &data).with_warnings(&warnings);
    if arguments.check || arguments.bless {
        compare(arguments, &setup, &design, &costs, &mut answer)?;
    }
    Ok(answer)
}

/// The figures of blocks.
pub fn table(costs: &[Cost], timing: bool) -> Table {
    let mut heads = vec!["block", "cells", "area um2", "gates", "flip-flops", "memory bits", "um2 per MAC", "of array"];
    if timing {
        heads.extend(["period ps", "fmax MHz"]);
    }
    let mut table = Table::new(&heads);
    let maybe = |number: Option<f64>, places| number.map_or_else(|| "-".to_owned(), |number| decimals(number, places));
    for cost in costs {
        let mut row = vec![
            cost.block.clone(),
            count(cost.cells),
            decimals(cost.area_um2, 0),
            decimals(cost.gate_equivalents, 0),
            count(cost.flip_flops),
            count(cost.memory_bits),
            maybe(cost.area_per_mac_um2, 1),
            cost.area_of_array.map_or_else(|| "-".to_owned(), |part| format!("{:.1} %", 100.0 * part)),
        ];
        if timing {
            row.extend([maybe(cost.min_period_ps, 0), maybe(cost.fmax_mhz, 0)]);
        }
        table.row(row);
    }
    table
}

/// Where the area of the processing unit goes.
fn breakdown(costs: &[Cost]) -> String {
    let Some(unit) = costs.iter().find(|cost| cost.block == "processing_unit") else { return String::new() };
    let mut table = Table::new(&["module", "instances", "own area um2", "share"]);
    let mut modules = unit.modules.clone();
    modules.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.module.cmp(&b.module)));
    for module in modules {
        let share = format!("{:.1} %", 100.0 * module.share);
        table.row(vec![module.module, count(module.instances), decimals(module.own_area_um2, 0), share]);
    }
    format!("\nWithin processing_unit, {} um2 in all\n\n{}", decimals(unit.area_um2, 0), table.text())
}

fn ratios(ours: &[Cost], theirs: &[Cost]) -> Table {
    let mut table = Table::new(&["block", "area", "gates", "flip-flops", "memory bits", "per MAC", "fmax"]);
    let ratio = |ours: Option<f64>, theirs: Option<f64>| match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours != 0.0 => format!("{:.3}", theirs / ours),
        _ => "-".into(),
    };
    for cost in theirs {
        let Some(own) = ours.iter().find(|own| own.block == cost.block) else {
            table.row(vec![cost.block.clone(), "-".into(), "-".into(), "-".into(), "-".into(), "-".into(), "-".into()]);
            continue;
        };
        let of = |get: fn(&Cost) -> Option<f64>| ratio(get(own), get(cost));
        table.row(vec![
            cost.block.clone(),
            of(|cost| Some(cost.area_um2)),
            of(|cost| Some(cost.gate_equivalents)),
            of(|cost| Some(cost.flip_flops as f64)),
            of(|cost| Some(cost.memory_bits as f64)),
            of(|cost| cost.area_per_mac_um2),
            of(|cost| cost.fmax_mhz),
        ]);
    }
    table
}

/// Accepts the figures, or says which have left what was accepted.
fn compare(arguments: &Arguments, setup: &Setup, design: &Design, costs: &[Cost], answer: &mut Answer) -> Result<()> {
    let tools = costs.first().map_or("", |cost| cost.tools.as_str());
    let mut measured = Baseline::new(&setup.library.technology.name, &setup.recipe.name, tools);
    for cost in costs {
        if let Some(figures) = &cost.figures {
            measured.blocks.insert(format!("{}.{}", design.name, cost.block), figures.clone());
        }
    }
    let path = arguments.baselines.join(measured.file_name());
    let mut accepted = match path.exists() {
        true => Baseline::load(&path)?,
        false => Baseline::new(&measured.library, &measured.recipe, tools),
    };
    let whole = arguments.selection.blocks.is_empty();
    if arguments.bless {
        accepted.accept(measured, whole);
        std::fs::create_dir_all(&arguments.baselines).map_err(|error| Failure::output(&arguments.baselines, &error))?;
        accepted.bless(&path)?;
        answer.text += &format!("\nAccepted in {}\n", path.display());
        return Ok(());
    }
    let mut accepted = accepted.of_the_designs_in(&measured);
    // Blocks that were not asked for have their own turn.
    accepted.blocks.retain(|name, _| whole || measured.blocks.contains_key(name));
    let differences = accepted.compare(&measured);
    answer.data["differences"] = json!(differences);
    if differences.is_empty() {
        answer.text += &format!("\nEvery figure is within the tolerance of {}\n", path.display());
        return Ok(());
    }
    let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let mut message = format!("{} figures have left {}\n  {}", list.len(), path.display(), list.join("\n  "));
    if let Some((was, is)) = accepted.other_tools(&measured) {
        message += &format!("\n  accepted with other tools: {was}, now {is}");
    }
    let taken = std::mem::replace(answer, Answer::new("", &()));
    *answer = taken.with_failure(Failure::new(
        Code::BaselineLeft,
        message,
        "accept them with --bless, or find what changed them",
    ));
    Ok(())
}
