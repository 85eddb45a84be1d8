//! The arguments of a campaign, and what they ask of a design.

use super::words;
use crate::{
    encoder::{EncoderArguments, Layers, OneTask, pruning},
    exit::{Failure, Result},
    source,
};
use alberti_cost::faults::{self, CellErrors};
use alberti_golden::{
    cells::{Coding, Placing},
    storage::RecordKind,
};
use alberti_model::{
    faults::{CellForm, FaultSite, Rate, Retention, Settings},
    prune::Pruning,
};
use alberti_random::Seed;
use alberti_rtl::{Design, design::Ecc};
use std::path::PathBuf;

/// Measures what faulty memory cells cost a trained encoder's layers, by place and layout
///
/// Weights are pruned, quantised, bitmask-encoded and stored in a layout (docs/faults.md). In each trial,
/// random cells err; the weights are decoded from what is read and multiplied by the activations of a
/// sentence, and the results are compared with those without faults. A rate is the rate of wrong bits in
/// Gray-coded cells that read a neighbouring level. Besides the given rates, the rate of the technology's
/// cell levels is run.
///
/// A trial draws the same numbers at every target, layout and rate, whatever the other arguments and the
/// number of threads are.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS, mut_arg("task", |task| task.requires("whole")))]
pub struct Arguments {
    #[command(flatten)]
    pub encoder: EncoderArguments,
    /// Bit error rates, separated by commas
    #[arg(long, value_name = "RATES", value_delimiter = ',', default_value = "1e-6,1e-5,1e-4,1e-3", value_parser = words::share)]
    pub rates: Vec<f64>,
    /// Trials for each target, layout and rate
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub trials: u64,
    /// The seed of all random numbers, decimal or 0x…
    #[arg(long, value_name = "SEED")]
    pub seed: Option<Seed>,
    /// Layouts of the stored weights, separated by commas: stream, row, tile, offset, n:m (for weights pruned
    /// n:m) [default: all that the pruning allows]
    #[arg(long, value_name = "LAYOUTS", value_delimiter = ',', value_parser = words::layout)]
    pub layouts: Vec<RecordKind>,
    /// Targets of faults, separated by commas: values, exponents (with signs), mantissas, masks (and offsets
    /// and pointers), pointers, both (values and masks)
    #[arg(long, value_name = "TARGETS", value_delimiter = ',', default_value = "values,masks", value_parser = words::target)]
    pub target: Vec<FaultSite>,
    /// Coding of a cell's bits as levels, in both memories: gray or binary [default: the design's]
    #[arg(long, value_name = "CODING", value_parser = words::coding)]
    pub coding: Option<Coding>,
    /// Placing of a word's bits in cells, in both memories: adjacent or spread [default: the design's]
    #[arg(long, value_name = "PLACING", value_parser = words::placing)]
    pub placing: Option<Placing>,
    /// Bits per cell of the value memory [default: the design's, 2 if its weights are in SRAM]
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=4))]
    pub value_cell_bits: Option<u32>,
    /// Bits per cell of the mask memory [default: the design's, 1 if it has no memory for masks]
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=4))]
    pub mask_cell_bits: Option<u32>,
    /// Error correction of the mask memory: none, or secded, which corrects one error per word and detects
    /// two [default: the design's]
    #[arg(long, value_name = "CODE", value_parser = words::ecc)]
    pub ecc: Option<Ecc>,
    /// Share of cells that are stuck at a level, at every rate
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = words::share)]
    pub stuck: f64,
    #[command(flatten)]
    pub macros: source::Macros,
    /// Retention time before the technology's levels are read, in decades (docs/faults.md)
    #[arg(long, value_name = "DECADES", default_value = "0", value_parser = words::amount)]
    pub retention_decades: f64,
    /// Share of a level's mean lost per decade
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = words::amount)]
    pub retention_loss: f64,
    /// Growth of a level's standard deviation per decade, as a share of it
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = words::amount)]
    pub retention_widening: f64,
    #[command(flatten)]
    pub layers: Layers,
    /// Prune the weights by magnitude: a share such as 0.5, blocks such as 8:16, or none
    #[arg(long, value_name = "HOW", default_value = "0.5", value_parser = pruning)]
    pub prune: Pruning,
    /// Run the complete encoder on the interpreter of a design with an accelerator and compare its answers
    /// with f32: all weights are stored as the accelerator stores them, and every sentence passes all layers
    #[arg(long, conflicts_with_all = ["layouts", "layers", "state"])]
    pub whole: bool,
    #[command(flatten)]
    pub task: OneTask,
    /// With --whole, a file with one sentence per line [default: a built-in sentence]
    #[arg(long, value_name = "FILE", requires = "whole", conflicts_with = "sentence")]
    pub file: Option<PathBuf>,
    /// Keep finished trials in this file, and resume from them
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
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

/// Where faults are asked for, each once.
pub fn sites(arguments: &Arguments) -> Vec<FaultSite> {
    let mut sites = arguments.target.clone();
    sites.sort_unstable();
    sites.dedup();
    sites
}

/// What is the same in every trial: as the design has it, unless the arguments say otherwise.
///
/// # Errors
/// A variable of the seed that holds none, and a golden model that refuses what the design allows.
pub fn settings(arguments: &Arguments, design: &Design) -> Result<Settings> {
    let sparsity = match arguments.prune {
        Pruning::Block(blocks) => Some(blocks),
        Pruning::Dense | Pruning::Unstructured(_) | Pruning::Below(_) => None,
    };
    let settings = faults::settings(design, sparsity, source::seed(arguments.seed)?.0)?;
    let form = |form: CellForm, bits: Option<u32>| CellForm {
        bits: bits.map_or(form.bits, |bits| bits as usize),
        placing: arguments.placing.unwrap_or(form.placing),
        coding: arguments.coding.unwrap_or(form.coding),
    };
    Ok(Settings {
        values: form(settings.values, arguments.value_cell_bits),
        masks: form(settings.masks, arguments.mask_cell_bits),
        secded: arguments.ecc.map_or(settings.secded, |ecc| ecc == Ecc::Secded),
        ..settings
    })
}

/// Rates that are asked for, and the technology's own.
///
/// # Errors
/// A rate that no cells can have, and a technology that cannot be used.
pub fn rates(arguments: &Arguments, settings: &Settings) -> Result<(CellErrors, Vec<Rate>)> {
    let largest = settings.values.bits.max(settings.masks.bits);
    if let Some(rate) = arguments.rates.iter().find(|&rate| rate * largest as f64 > 1.0) {
        return Err(Failure::usage(
            format!("a bit error rate of {rate} in cells of {largest} bits, of which a misread level changes one"),
            format!("give rates up to {}", 1.0 / largest as f64),
        ));
    }
    let retention = Retention {
        decades: arguments.retention_decades,
        loss_per_decade: arguments.retention_loss,
        widening_per_decade: arguments.retention_widening,
    };
    Ok(faults::rates(settings, &arguments.rates, arguments.stuck, &arguments.macros.load()?, retention)?)
}

/// The layouts asked for, or all that the pruning allows.
///
/// # Errors
/// Blocks for weights that are not pruned so.
pub fn layouts(arguments: &Arguments, blocks: bool) -> Result<Vec<RecordKind>> {
    let mut kinds = arguments.layouts.clone();
    if kinds.is_empty() {
        kinds = vec![RecordKind::Stream, RecordKind::Row, RecordKind::Tile, RecordKind::Offset];
        kinds.extend(blocks.then_some(RecordKind::Blocks));
    }
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.contains(&RecordKind::Blocks) && !blocks {
        return Err(Failure::usage(
            "the layout n:m holds weights that are pruned in blocks",
            "add `--prune 8:16`, or leave n:m out of --layouts",
        ));
    }
    Ok(kinds)
}
