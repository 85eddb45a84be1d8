//! `alberti report`.

use super::{
    sim::{blocks, model},
    synth,
};
use crate::{
    encoder::Ignored,
    exit::{Failure, Result},
    output::{self, Answer},
    progress,
    source::{self, Selection},
    table::{count, decimals},
};
use alberti_arith::Activation;
use alberti_cost::{
    area::{AreaRatio, BlockCost, MemoryCost, Synthesis},
    variants::without_sparsity,
    workloads::{GemmCycles, usual_gemms},
};
use alberti_diagnostic::Code;
use alberti_rtl::{
    Design,
    netlist::{Module, Netlist},
};
use askama::Template;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Writes one HTML page: structure, area, timing, cycles and simulation results.
///
/// The page is self-contained: no external script, style or picture. If a tool is missing, its measurements
/// are left out, and the page says so.
#[derive(clap::Args)]
pub struct Arguments {
    /// The design, a YAML file
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    /// The output file [default: the design's name and .html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The folder of a trained encoder; runs layers of it like `alberti sim --model`
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    #[command(flatten)]
    ignored: Ignored,
    /// Another standard-cell library, .lib or .lib.gz [default: osu018]
    #[arg(long, value_name = "FILE")]
    liberty: Option<PathBuf>,
    /// The recipe of the mapping: area or speed
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
    fn or_gap(result: Result<T>) -> Result<Self> {
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
    costs: Measured<Vec<BlockCost>>,
    dense: Vec<AreaRatio>,
    technology: String,
    memories: Vec<MemoryCost>,
    cycles: Vec<GemmCycles>,
    simulated: Measured<Vec<blocks::Simulated>>,
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

    fn macros(memory: &MemoryCost) -> String {
        synth::macros(memory)
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

/// Measures and writes the page.
///
/// # Errors
/// The design's problems, a simulation that differs, a page that cannot be written.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.design)?;
    let path = arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.html", design.name)));
    let file = output::File::at(&path)?;
    let netlist = source::netlist(&design, None, &arguments.macros)?;
    let selection =
        Selection { design: arguments.design.clone(), blocks: Vec::new(), macros: arguments.macros.clone() };
    let technology = arguments.macros.load()?;
    let (made, warnings) = selection.memories(&design, &technology)?;
    let seed = source::seed(None)?;

    let synthesis = Synthesis::new(arguments.liberty.as_deref(), &arguments.recipe, None, true);
    let synthesis = Measured::or_gap(synthesis.map_err(Failure::from))?;
    let library = synthesis.done().map_or_else(String::new, |synthesis| {
        let technology = &synthesis.library.technology;
        format!("{} ({}), recipe {}", technology.name, technology.process, arguments.recipe)
    });
    let (costs, dense) = match &synthesis {
        Measured::Missing(why) => (Measured::Missing(why.clone()), Vec::new()),
        Measured::Done(synthesis) => costs(synthesis, &selection, &design)?,
    };
    let memories = made.iter().map(|memory| match &synthesis {
        Measured::Missing(_) => Ok(MemoryCost::new(memory)),
        Measured::Done(synthesis) => match Measured::or_gap(synthesis.memory(memory).map_err(Failure::from))? {
            Measured::Done(cost) => Ok(cost),
            Measured::Missing(_) => Ok(MemoryCost::new(memory)),
        },
    });
    let memories = memories.collect::<Result<Vec<_>>>()?;
    let simulated = Measured::or_gap(blocks::simulate(&selection, &design, (&technology, &made), seed, None, false))?;
    let usual = model::Trained::default();
    let plan = |folder| model::Plan::new(&usual, arguments.ignored.source(folder), &design);
    let plan = arguments.model.as_deref().map(plan).transpose()?;
    let layers = plan.as_ref().map(|plan| {
        let layers = model::simulate(plan, &design, seed, None).map(|layers| (plan.pruning.to_string(), layers));
        Measured::or_gap(layers)
    });
    let layers = layers.transpose()?;
    let page = Page {
        parameters: parameters(&design),
        tree: tree(&netlist, netlist.top_module()),
        library,
        costs,
        dense,
        technology: format!("{}: {}", technology.name, technology.process),
        memories,
        cycles: usual_gemms(&design),
        simulated,
        seed: seed.to_string(),
        layers,
        design: &design,
    };
    // A template can fail only by writing to a string, which cannot fail.
    let html = page.render().expect("templates write to strings");
    let data = data(&page, &path.display().to_string());
    let answer = Answer::new(format!("{}\n", path.display()), &data).with_file(&file, html.as_bytes());
    let answer = answer.with_warnings(design.warnings()).with_warnings(&warnings);
    Ok(match &plan {
        Some(plan) => answer.with_unused(plan.checkpoint()),
        None => answer,
    })
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
fn costs(
    synthesis: &Synthesis,
    selection: &Selection,
    design: &Design,
) -> Result<(Measured<Vec<BlockCost>>, Vec<AreaRatio>)> {
    let dense = without_sparsity(design)?;
    let number = selection.logic(design)?.len();
    let bar = progress::bar(number * if dense.is_some() { 2 } else { 1 });
    let costs = Measured::or_gap(synth::blocks(synthesis, selection, design, &bar))?;
    let ratios = match (costs.done(), &dense) {
        (Some(ours), Some(dense)) => BlockCost::against(ours, &synth::blocks(synthesis, selection, dense, &bar)?),
        _ => Vec::new(),
    };
    bar.finish_and_clear();
    Ok((costs, ratios))
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
        units.hierarchical_softmax.map(|u| {
            (
                "hierarchical softmax",
                format!("up to {} parents, up to {} children of each", u.parents_max, u.children_max),
            )
        }),
    ];
    parameters.extend(special.into_iter().flatten());
    parameters
}

/// The hierarchy as nested lists. Names are Verilog identifiers, summaries are ours: both are escaped all the
/// same.
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
