//! `alberti report`.

use super::{
    sim::{self, model},
    synth::{Cost, MemoryCost, Setup},
};
use crate::{
    exit::{Failure, Result},
    output::{self, Answer},
    progress,
    source::{self, Selection},
    table::{count, decimals},
};
use alberti_arith::Activation;
use alberti_diagnostic::Code;
use alberti_harness::Seed;
use alberti_rtl::{
    Design,
    netlist::{Module, Netlist},
};
use askama::Template;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// One HTML page: structure, area, timing, cycles, what was simulated.
///
/// The page stands by itself: no script, no style and no picture from elsewhere. What a missing tool would measure is
/// left out, and the page says so.
#[derive(clap::Args)]
pub struct Arguments {
    /// The design, a YAML file
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    /// The page [default: <name of the design>.html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The folder of a trained encoder, to run layers of it as `alberti sim --model` does
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Another standard-cell library, .lib or .lib.gz [default: osu018]
    #[arg(long, value_name = "FILE")]
    liberty: Option<PathBuf>,
    /// The way to map: area or speed
    #[arg(long, value_name = "RECIPE", default_value = "area")]
    recipe: String,
    #[command(flatten)]
    macros: source::Macros,
}

/// A measurement, or why there is none.
enum Measured<T> {
    Done(T),
    Missing(String),
}

impl<T> Measured<T> {
    /// A missing tool leaves a gap in the page; all else is a failure.
    fn of(result: Result<T>) -> Result<Self> {
        match result {
            Ok(value) => Ok(Self::Done(value)),
            Err(failure) => {
                let missing = failure.problems.iter().find(|problem| problem.code == Code::MissingTool);
                match missing {
                    Some(problem) => Ok(Self::Missing(format!("{}: {}", problem.message, problem.help))),
                    None => Err(failure),
                }
            }
        }
    }

    fn done(&self) -> Option<&T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Missing(_) => None,
        }
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    design: &'a Design,
    parameters: Vec<(&'static str, String)>,
    tree: String,
    library: String,
    costs: Measured<Vec<Cost>>,
    dense: Vec<Ratio>,
    technology: String,
    memories: Vec<MemoryCost>,
    cycles: Vec<CyclesRow>,
    simulated: Measured<Vec<sim::Simulated>>,
    seed: String,
    layers: Option<Measured<(String, Vec<model::LayerReport>)>>,
}

impl Page<'_> {
    fn integer(number: &u64) -> String {
        count(*number)
    }

    fn number(number: &f64, places: usize) -> String {
        decimals(*number, places)
    }

    fn maybe(number: &Option<f64>, places: usize) -> String {
        number.map_or_else(|| "–".to_owned(), |number| decimals(number, places))
    }

    fn maybe_percent(share: &Option<f64>) -> String {
        share.as_ref().map_or_else(|| "–".to_owned(), Self::percent)
    }

    fn percent(share: &f64) -> String {
        format!("{:.1} %", 100.0 * share)
    }
}

#[derive(Serialize)]
struct Ratio {
    block: String,
    area: f64,
}

#[derive(Serialize)]
struct CyclesRow {
    rows: u64,
    reduction: u64,
    columns: u64,
    kind: &'static str,
    cycles: u64,
    utilisation: f64,
}

/// Measures and writes the page.
///
/// # Errors
/// The design's problems, a simulation that differs, a page that cannot be written.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.design)?;
    let netlist = source::netlist(&design, None, &arguments.macros)?;
    let selection =
        Selection { design: arguments.design.clone(), blocks: Vec::new(), macros: arguments.macros.clone() };
    let technology = arguments.macros.load()?;
    let (made, warnings) = selection.memories(&design, &technology)?;
    let seed = Seed::from_env().map_err(|error| Failure::usage(error.to_string(), "unset ALBERTI_SEED"))?;

    let setup = Measured::of(Setup::new(arguments.liberty.as_deref(), &arguments.recipe, None, true))?;
    let library = setup.done().map_or_else(String::new, |setup| {
        format!("{} ({}), recipe {}", setup.library.technology.name, setup.library.technology.process, arguments.recipe)
    });
    let (costs, dense) = match &setup {
        Measured::Missing(why) => (Measured::Missing(why.clone()), Vec::new()),
        Measured::Done(setup) => costs(setup, &selection, &design)?,
    };
    let memories = made.iter().map(|memory| match &setup {
        Measured::Missing(_) => Ok(MemoryCost::new(memory)),
        Measured::Done(setup) => match Measured::of(setup.memory(memory))? {
            Measured::Done(cost) => Ok(cost),
            Measured::Missing(_) => Ok(MemoryCost::new(memory)),
        },
    });
    let memories = memories.collect::<Result<Vec<_>>>()?;
    let simulated = Measured::of(sim::simulate(&selection, &design, (&technology, &made), seed, None, false))?;
    let layers = match &arguments.model {
        None => None,
        Some(folder) => {
            let plan = model::Plan::new(&model::Trained::default(), folder, &design)?;
            let layers = model::simulate(&plan, &design, seed, None).map(|layers| (plan.pruning.to_string(), layers));
            Some(Measured::of(layers)?)
        }
    };
    let page = Page {
        parameters: parameters(&design),
        tree: tree(&netlist, netlist.top_module()),
        library,
        costs,
        dense,
        technology: format!("{}: {}", technology.name, technology.process),
        memories,
        cycles: cycles(&design),
        simulated,
        seed: seed.to_string(),
        layers,
        design: &design,
    };
    let path = arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.html", design.name)));
    // A template can fail only by writing to a string, which cannot fail.
    let html = page.render().expect("templates write to strings");
    output::write(&path, html.as_bytes())?;
    let data = data(&page, &path.display().to_string());
    Ok(Answer::new(format!("{}\n", path.display()), &data).with_warnings(design.warnings()).with_warnings(&warnings))
}

fn data(page: &Page, path: &str) -> Value {
    json!({
        "design": page.design.name,
        "hash": page.design.hash,
        "page": path,
        "library": page.library,
        "blocks": page.costs.done(),
        "area_against_dense": page.dense,
        "memories": page.memories,
        "gemms": page.cycles,
        "simulated": page.simulated.done(),
        "layers": page.layers.as_ref().and_then(Measured::done).map(|(_, layers)| layers),
    })
}

/// Figures of every block, and for a block-sparse design the ratio to the same design without block sparsity.
fn costs(setup: &Setup, selection: &Selection, design: &Design) -> Result<(Measured<Vec<Cost>>, Vec<Ratio>)> {
    let dense = dense(design)?;
    let blocks = selection.logic(design)?.len();
    let bar = progress::bar(blocks * if dense.is_some() { 2 } else { 1 });
    let costs = Measured::of(setup.blocks(selection, design, &bar))?;
    let mut ratios = Vec::new();
    if let (Some(ours), Some(dense)) = (costs.done(), &dense) {
        for theirs in setup.blocks(selection, dense, &bar)? {
            if let Some(own) = ours.iter().find(|own| own.block == theirs.block && theirs.area_um2 > 0.0) {
                ratios.push(Ratio { block: theirs.block, area: own.area_um2 / theirs.area_um2 });
            }
        }
    }
    bar.finish_and_clear();
    Ok((costs, ratios))
}

/// The design without its block sparsity.
fn dense(design: &Design) -> Result<Option<Design>> {
    if design.datapath.sparsity.is_none() {
        return Ok(None);
    }
    let name = &design.source;
    let text = std::fs::read_to_string(name).map_err(|error| Failure::unreadable(Path::new(name), &error))?;
    let mut spec = serde_json::to_value(Design::raw(name, &text)?).unwrap_or(Value::Null);
    if let Some(datapath) = spec.get_mut("datapath").and_then(Value::as_object_mut) {
        datapath.remove("sparsity");
    }
    let text = serde_yaml::to_string(&spec).unwrap_or_default();
    Ok(Some(Design::parse(name, &text)?))
}

fn parameters(design: &Design) -> Vec<(&'static str, String)> {
    let d = &design.datapath;
    let memory = |memory: alberti_rtl::design::ValueMemory| {
        format!("{} codes, latency {}", count(memory.values.into()), memory.latency)
    };
    let sparsity = d.sparsity.map_or_else(|| "none".to_owned(), |s| format!("blocks of {}:{}", s.nonzeros, s.block));
    let functions = d.activation.iter().filter(|&function| function != Activation::Identity);
    let functions: Vec<_> = functions.map(Activation::title).collect();
    let activation = if functions.is_empty() { "none".to_owned() } else { functions.join(", ") };
    let mut parameters = vec![
        ("n: lanes, and multipliers of a lane", d.n.to_string()),
        ("operands", d.operand.to_string()),
        ("results", d.result.to_string()),
        ("accumulator", format!("{} bits, {} rows", d.accumulator_bits, d.accumulator_rows)),
        ("longest reduction", count(d.reduction_max.into())),
        ("pipeline registers", d.pipeline.to_string()),
        ("holds still on zero vectors", if d.zero_skip { "yes" } else { "no" }.into()),
        ("sparsity", sparsity),
        ("activation before results", activation),
        ("weight memory", memory(design.memories.weight)),
        ("activation memory", memory(design.memories.activation)),
        ("result memory", memory(design.memories.result)),
        ("clock", format!("{} MHz", design.clock.frequency_mhz)),
    ];
    let units = &design.units;
    let buffered = |kept: bool| if kept { "kept" } else { "sent twice" };
    let special = [
        units.softmax.map(|u| {
            ("softmax", format!("{} lanes, rows of up to {}, {}", u.lanes, u.length_max, buffered(u.row_buffer)))
        }),
        units.layernorm.map(|u| {
            ("layernorm", format!("{} lanes, rows of up to {}, {}", u.lanes, u.length_max, buffered(u.row_buffer)))
        }),
        units.elementwise.map(|u| ("elementwise", format!("{} lanes", u.lanes))),
        units.entropy.map(|u| ("entropy", format!("up to {} classes", u.classes_max))),
        units.top_k.map(|u| ("top_k", format!("{} of up to {}", u.k, u.length_max))),
    ];
    parameters.extend(special.into_iter().flatten());
    parameters
}

/// The hierarchy as nested lists. Names are Verilog identifiers, summaries are ours: both are escaped all the same.
fn tree(netlist: &Netlist, module: &Module) -> String {
    let mut items = String::new();
    for instance in &module.instances {
        let count = instance.replicate.as_ref().map_or_else(String::new, |(_, count)| format!(" × {count}"));
        let inner = netlist.module(&instance.module).map_or_else(String::new, |inner| tree(netlist, inner));
        items += &format!("<li><code>{}</code>{count} {inner}</li>", escape(&instance.name));
    }
    let list = if items.is_empty() { String::new() } else { format!("<ul>{items}</ul>") };
    format!("<code>{}</code>: {}{list}", escape(&module.name), escape(&module.summary))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Multiplies of a base-sized encoder, and some that fill the array less well.
fn cycles(design: &Design) -> Vec<CyclesRow> {
    let shapes = [(128, 768, 768), (128, 768, 3072), (128, 3072, 768), (128, 384, 384), (32, 768, 768), (1, 768, 768)];
    let mut rows = Vec::new();
    for (m, k, n) in shapes.into_iter().filter(|&(_, k, _)| k <= u64::from(design.datapath.reduction_max)) {
        let plain = Some(alberti_cost::gemm_cycles(design, m, k, n));
        let blocks = alberti_cost::block_gemm_cycles(design, m, k, n);
        for (kind, cycles) in [("plain", plain), ("blocks", blocks)] {
            rows.extend(cycles.map(|cycles| CyclesRow {
                rows: m,
                reduction: k,
                columns: n,
                kind,
                cycles: cycles.total,
                utilisation: cycles.utilisation,
            }));
        }
    }
    rows
}
