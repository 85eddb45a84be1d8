//! `alberti faults`.

mod report;
mod state;
mod whole;
mod words;

use crate::{
    commands::sim::model::target,
    encoder::{Given, Layers, OneTask, pruning},
    exit::{Failure, Result},
    output::Answer,
    progress, source,
};
use alberti_cost::configuration;
use alberti_golden::{
    cells::{Coding, Placing},
    storage::Variant,
};
use alberti_model::{
    ModelError,
    demo::{Gemm, Model},
    faults::{Campaign, CellForm, Defects, Level, Misreads, Outcome, Point, Retention, Settings, Stress, Target},
    prune::Pruning,
};
use alberti_random::Seed;
use alberti_rtl::{
    Design,
    design::{self, Ecc, MemoryKind, Storage},
    memory::Cell,
};
use rayon::prelude::*;
use report::{Finding, Technical};
use sha2::{Digest, Sha256};
use state::State;
use std::path::PathBuf;

/// Measures what faulty memory cells cost a trained encoder's layers, by place and layout
///
/// Weights are pruned, quantised, bitmask-encoded and stored in a layout (docs/faults.md). In each trial,
/// random cells err; the weights are decoded from what is read and multiplied by the activations of a sentence,
/// and the results are compared with those without faults. A rate is the rate of wrong bits in Gray-coded cells
/// that read a neighbouring level. Besides the given rates, the rate of the technology's cell levels is run.
///
/// A trial draws the same numbers at every target, layout and rate, whatever the other arguments and the number
/// of threads are.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS, mut_arg("task", |task| task.requires("whole")))]
pub struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Bit error rates, separated by commas
    #[arg(long, value_name = "RATES", value_delimiter = ',', default_value = "1e-6,1e-5,1e-4,1e-3", value_parser = words::share)]
    rates: Vec<f64>,
    /// Trials for each target, layout and rate
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    trials: u64,
    /// The seed of all random numbers, decimal or 0x…
    #[arg(long, value_name = "SEED")]
    seed: Option<Seed>,
    /// Layouts of the stored weights, separated by commas: stream, row, tile, block, n:m (for weights pruned n:m)
    /// [default: all that the pruning allows]
    #[arg(long, value_name = "LAYOUTS", value_delimiter = ',', value_parser = words::layout)]
    layouts: Vec<Variant>,
    /// Targets of faults, separated by commas: values, exponents (with signs), mantissas, masks (and offsets and
    /// pointers), pointers, both (values and masks)
    #[arg(long, value_name = "TARGETS", value_delimiter = ',', default_value = "values,masks", value_parser = words::target)]
    target: Vec<Target>,
    /// Coding of a cell's bits as levels, in both memories: gray or binary [default: the design's]
    #[arg(long, value_name = "CODING", value_parser = words::coding)]
    coding: Option<Coding>,
    /// Placing of a word's bits in cells, in both memories: adjacent or spread [default: the design's]
    #[arg(long, value_name = "PLACING", value_parser = words::placing)]
    placing: Option<Placing>,
    /// Bits per cell of the value memory [default: the design's, 2 if its weights are in SRAM]
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=4))]
    value_cell_bits: Option<u32>,
    /// Bits per cell of the mask memory [default: the design's, 1 if it has no memory for masks]
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=4))]
    mask_cell_bits: Option<u32>,
    /// Error correction of the mask memory: none, or secded, which corrects one error per word and detects two
    /// [default: the design's]
    #[arg(long, value_name = "CODE", value_parser = words::ecc)]
    ecc: Option<Ecc>,
    /// Share of cells that are stuck at a level, at every rate
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = words::share)]
    stuck: f64,
    #[command(flatten)]
    macros: source::Macros,
    /// Retention time before the technology's levels are read, in decades (docs/faults.md)
    #[arg(long, value_name = "DECADES", default_value = "0", value_parser = words::amount)]
    retention_decades: f64,
    /// Share of a level's mean lost per decade
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = words::amount)]
    retention_loss: f64,
    /// Growth of a level's standard deviation per decade, as a share of it
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = words::amount)]
    retention_widening: f64,
    #[command(flatten)]
    layers: Layers,
    /// Prune the weights by magnitude: a share such as 0.5, blocks such as 8:16, or none
    #[arg(long, value_name = "HOW", default_value = "0.5", value_parser = pruning)]
    prune: Pruning,
    /// Run the complete encoder on the interpreter of a design with an accelerator and compare its answers with
    /// f32: all weights are stored as the accelerator stores them, and every sentence passes all layers
    #[arg(long, conflicts_with_all = ["layouts", "layers", "state"])]
    whole: bool,
    #[command(flatten)]
    task: OneTask,
    /// With --whole, a file with one sentence per line [default: a built-in sentence]
    #[arg(long, value_name = "FILE", requires = "whole", conflicts_with = "sentence")]
    file: Option<PathBuf>,
    /// Keep finished trials in this file, and resume from them
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

const COLUMNS: &str = "\
Columns:
  rate        of wrong bits, asked for; `technology`: that of its levels
  wrong bits  read in a trial, all layers, before any correction
  weights     that are others than they were
  seen        masks that showed an error: an offset that does not fit, a block with a wrong number of ones
  cosine      of a layer's results to those without faults, mean over layers; over trials: mean, 5 % quantile, least
  rms         root of sum (x - e)^2 / sum e^2, e without faults; mean and 95 % quantile

Columns with --whole:
  embedding   cosine of the answer to f32's, mean over sentences; over trials: mean, least; hidden: of the last layer's output
  logits      of a task with a classifier, instead: greatest difference of a sentence's logits to f32's, mean over sentences
  labels      share of sentences that f32 answers alike";

/// A rate that was asked for, or the technology's, and how often cells err at it.
type Rate = (Option<f64>, Stress);

/// Where a campaign's points come from: a target, a layout, and an index of [`Plan::stresses`].
type Place = (Target, Variant, usize);

/// A campaign put together from arguments and design.
struct Plan {
    settings: Settings,
    /// Rates asked for, and that of the technology last.
    stresses: Vec<Rate>,
    points: Vec<Place>,
    technical: Technical,
    gemms: Vec<Gemm>,
}

/// Runs a campaign.
///
/// # Errors
/// The design's problems, a model, technology or state file that cannot be used, or arguments that do not go together.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.given.design)?;
    if arguments.whole {
        return whole::run(arguments, &design);
    }
    let plan = Plan::new(arguments, &design)?;
    let mut variants: Vec<_> = plan.points.iter().map(|point| point.1).collect();
    variants.sort_unstable();
    variants.dedup();
    let campaign = Campaign::new(&plan.gemms, &variants, plan.settings)?;
    let parameters = plan.parameters(arguments, &design);
    let state = arguments.state.as_deref().map(|path| State::open(path, &parameters)).transpose()?;
    let outcomes = trials(arguments, &plan, &campaign, state)?;
    let layers: Vec<_> = plan.gemms.iter().map(|gemm| gemm.linear.name.clone()).collect();
    let findings: Vec<Finding> = plan
        .points
        .iter()
        .zip(&outcomes)
        .map(|(&(target, variant, stress), outcomes)| {
            Finding::new(target, variant, &plan.stresses[stress], &plan.settings, &layers, outcomes)
        })
        .collect();
    let text = report::text(arguments, &design.name, &plan, &findings);
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "parameters": parameters, "trials": arguments.trials,
        "technology": plan.technical, "points": findings,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// The outcomes of every point, trial after trial: those of the state file, and the others run.
fn trials(
    arguments: &Arguments,
    plan: &Plan,
    campaign: &Campaign,
    state: Option<State>,
) -> Result<Vec<Vec<Vec<Outcome>>>> {
    let all = (0..plan.points.len()).flat_map(|point| (0..arguments.trials).map(move |trial| (point, trial)));
    let finished = state.as_ref().map(State::finished).cloned().unwrap_or_default();
    let bar = progress::bar(plan.points.len() * arguments.trials as usize);
    let run = |(point, trial): (usize, u64)| -> Result<Vec<Outcome>> {
        let outcome = match finished.get(&(point, trial)) {
            Some(outcome) => outcome.clone(),
            None => {
                let (target, variant, stress) = plan.points[point];
                let stress = &plan.stresses[stress].1;
                let outcome = campaign.trial(Point { target, variant, stress }, trial)?;
                state.as_ref().map_or(Ok(()), |state| state.append(point, trial, &outcome))?;
                outcome
            }
        };
        bar.inc(1);
        Ok(outcome)
    };
    // Collected in the order of the trials, whichever is done first.
    let outcomes = all.collect::<Vec<_>>().into_par_iter().map(run).collect::<Result<Vec<_>>>();
    bar.finish_and_clear();
    Ok(outcomes?.chunks(arguments.trials as usize).map(<[_]>::to_vec).collect())
}

impl Plan {
    fn new(arguments: &Arguments, design: &Design) -> Result<Self> {
        let target = target(design)?;
        let settings = settings(arguments, design, &target)?;
        let variants = layouts(arguments, settings.sparsity.is_some())?;
        let (technical, stresses) = stresses(arguments, &settings)?;
        let targets = targets(arguments);
        let mut points = Vec::new();
        for &of in &targets {
            for &variant in &variants {
                points.extend((0..stresses.len()).map(|stress| (of, variant, stress)));
            }
        }
        let model = Model::load(&arguments.given.model)?;
        let forward = model.forward(arguments.layers.sentence())?;
        let gemm = |layer: &String| model.gemm(&forward, layer, arguments.prune, &target);
        let gemms = arguments.layers.of(&model).iter().map(gemm).collect::<Result<_, ModelError>>()?;
        Ok(Self { settings, stresses, points, technical, gemms })
    }

    /// Everything that outcomes depend on but the number of trials.
    fn parameters(&self, arguments: &Arguments, design: &Design) -> serde_json::Value {
        let mut hash = Sha256::new();
        for gemm in &self.gemms {
            let l = &gemm.linear;
            let codes = l.weight.data.iter().chain(&gemm.activations.data).flat_map(|code| code.to_le_bytes());
            hash.update(codes.collect::<Vec<_>>());
            // Biases of an accelerator have 32 bits.
            let biases = l.bias.iter().map(|&bias| bias as i32);
            let shifts = biases.chain(l.requantise_shift.iter().copied()).flat_map(i32::to_le_bytes);
            hash.update(shifts.collect::<Vec<_>>());
        }
        let layers: Vec<_> = self.gemms.iter().map(|gemm| gemm.linear.name.as_str()).collect();
        let settings = &self.settings;
        let stress = |stress: &Stress| {
            let of = |defects: &Defects| serde_json::json!({"misreads": defects.misreads, "stuck": defects.stuck});
            serde_json::json!({"values": of(&stress.values), "masks": of(&stress.masks)})
        };
        let point = |&(target, variant, stress): &Place| {
            let rate = words::rate_name(self.stresses[stress].0);
            format!("{} {} {rate}", words::target_name(target), words::layout_name(variant))
        };
        serde_json::json!({
            "design": design.name,
            "n": settings.n,
            "weight_values": settings.capacity,
            "layers": layers,
            "pruning": arguments.prune.to_string(),
            "codes_sha256": hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            "value_cell_bits": settings.values.bits,
            "value_placing": words::placing_name(settings.values.placing),
            "value_coding": words::coding_name(settings.values.coding),
            "mask_cell_bits": settings.masks.bits,
            "mask_placing": words::placing_name(settings.masks.placing),
            "mask_coding": words::coding_name(settings.masks.coding),
            "secded": settings.secded,
            "seed": Seed(settings.seed).to_string(),
            "stresses": self.stresses.iter().map(|(_, of)| stress(of)).collect::<Vec<_>>(),
            "points": self.points.iter().map(point).collect::<Vec<_>>(),
        })
    }
}

/// The cells of masks where the design has no memory for them.
const ONE_BIT: Storage = Storage {
    kind: MemoryKind::Rram,
    bits_per_cell: 1,
    coding: design::Coding::Gray,
    placing: design::Placing::Adjacent,
    optimise: design::Optimise::Area,
};

/// Targets of faults, separated by commas: values, exponents (with signs), mantissas, masks (and offsets and
/// pointers), pointers, both (values and masks)
fn targets(arguments: &Arguments) -> Vec<Target> {
    let mut targets = arguments.target.clone();
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// What is the same in every trial.
fn settings(arguments: &Arguments, design: &Design, target: &alberti_model::Target) -> Result<Settings> {
    let sparsity = match arguments.prune {
        Pruning::Block(blocks) => Some(blocks),
        Pruning::Dense | Pruning::Unstructured(_) | Pruning::Below(_) => None,
    };
    let (weight, masks) = (&design.memories.weight, design.memories.weight_masks);
    let of_design = if weight.storage.kind == MemoryKind::Rram { weight.storage.bits_per_cell } else { 2 };
    Ok(Settings {
        n: target.n,
        capacity: target.capacity.weight,
        sparsity,
        values: form(arguments, arguments.value_cell_bits, &Storage { bits_per_cell: of_design, ..weight.storage }),
        masks: form(arguments, arguments.mask_cell_bits, &masks.map_or(ONE_BIT, |masks| masks.storage)),
        secded: arguments.ecc.unwrap_or(masks.map_or(Ecc::None, |masks| masks.ecc)) == Ecc::Secded,
        seed: source::seed(arguments.seed)?.0,
    })
}

/// Rates that are asked for and what they are of each cell, and the technology's own last.
fn stresses(arguments: &Arguments, settings: &Settings) -> Result<(Technical, Vec<Rate>)> {
    let mut rates = arguments.rates.clone();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let largest = settings.values.bits.max(settings.masks.bits);
    if let Some(rate) = rates.iter().find(|&rate| rate * largest as f64 > 1.0) {
        return Err(Failure::usage(
            format!("a bit error rate of {rate} in cells of {largest} bits, of which a misread level changes one"),
            format!("give rates up to {}", 1.0 / largest as f64),
        ));
    }
    let mut stresses = Vec::new();
    for rate in rates {
        stresses.push((Some(rate), Stress::uniform(settings, rate, arguments.stuck)?));
    }
    let (technical, stress) = technical(arguments, settings)?;
    stresses.extend(stress.map(|stress| (None, stress)));
    Ok((technical, stresses))
}

/// Cells as the design has them, unless the arguments say otherwise.
fn form(arguments: &Arguments, bits: Option<u32>, storage: &Storage) -> CellForm {
    CellForm {
        bits: bits.unwrap_or(storage.bits_per_cell) as usize,
        placing: arguments.placing.unwrap_or_else(|| configuration::placing(storage.placing)),
        coding: arguments.coding.unwrap_or_else(|| configuration::coding(storage.coding)),
    }
}

/// The layouts asked for, or all that the pruning allows.
fn layouts(arguments: &Arguments, blocks: bool) -> Result<Vec<Variant>> {
    let mut variants = arguments.layouts.clone();
    if variants.is_empty() {
        variants = vec![Variant::Stream, Variant::Row, Variant::Tile, Variant::Block];
        variants.extend(blocks.then_some(Variant::Sparse));
    }
    variants.sort_unstable();
    variants.dedup();
    if variants.contains(&Variant::Sparse) && !blocks {
        return Err(Failure::usage(
            "the layout n:m holds weights that are pruned in blocks",
            "add `--prune 8:16`, or leave n:m out of --layouts",
        ));
    }
    Ok(variants)
}

/// What the technology says of the cells, and how often they err, where it knows.
fn technical(arguments: &Arguments, settings: &Settings) -> Result<(Technical, Option<Stress>)> {
    let technology = arguments.macros.load()?;
    let retention = Retention {
        decades: arguments.retention_decades,
        loss_per_decade: arguments.retention_loss,
        widening_per_decade: arguments.retention_widening,
    };
    let misreads = |bits: usize| -> Result<Option<Misreads>> {
        let serves = |cell: &&Cell| {
            cell.kind == MemoryKind::Rram && cell.bits_per_cell as usize == bits && !cell.level_distributions.is_empty()
        };
        let Some(cell) = technology.cells.values().find(serves) else { return Ok(None) };
        let level = |level: &alberti_rtl::memory::Level| Level { mean: level.mean, sigma: level.sigma };
        let levels: Vec<_> = cell.level_distributions.iter().map(level).collect();
        Ok(Some(Misreads::of_levels(&levels, &retention)?))
    };
    let (values, masks) = (misreads(settings.values.bits)?, misreads(settings.masks.bits)?);
    let rate = |misreads: &Option<Misreads>, of: &CellForm| misreads.as_ref().map(|m| m.bit_error_rate(of.coding));
    let technical = Technical {
        name: technology.name.clone(),
        retention,
        value_bit_error_rate: rate(&values, &settings.values),
        mask_bit_error_rate: rate(&masks, &settings.masks),
    };
    let defects = |misreads| Defects { misreads, stuck: arguments.stuck };
    let stress = values.zip(masks).map(|(values, masks)| Stress { values: defects(values), masks: defects(masks) });
    Ok((technical, stress))
}
