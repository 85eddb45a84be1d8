//! `alberti sim --model`: layers of a trained encoder through the processing unit.

use crate::{
    encoder::{Import, Layers, pruning},
    exit::{Failure, Result},
    output::Answer,
    progress, source,
    table::{Table, count, decimals},
};
use alberti_arith::Activation;
use alberti_cost::configuration;
use alberti_cost::{block_gemm_cycles, gemm_cycles};
use alberti_diagnostic::Code;
use alberti_golden::processing_unit;
use alberti_harness::{Library, Seed, Stall};
use alberti_model::{
    Checkpoint, Metrics, ModelError, ProcessingUnitTarget, Source,
    demo::{Gemm, Model},
    prune::Pruning,
    sentence::Reading,
};
use alberti_rtl::Design;
use alberti_scenarios::Subject;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What of a trained model is simulated.
#[derive(clap::Args, Default)]
#[command(next_help_heading = "Trained model")]
pub struct Trained {
    /// The folder of a trained encoder: safetensors, config.json and a tokenizer (docs/models.md); `make
    /// model` fetches one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["timing", "technology"])]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    import: Import,
    #[command(flatten)]
    layers: Layers,
    /// Prune the weights by magnitude: a share such as 0.5, blocks such as 8:16, or none [default: the
    /// design's blocks, else 0.5]
    #[arg(long, value_name = "HOW", requires = "model", value_parser = pruning)]
    prune: Option<Pruning>,
}

/// What a layer came to. Everything is the same on every run.
#[derive(Clone, Debug, Serialize)]
pub struct LayerReport {
    /// Its name.
    pub layer: String,
    /// What stands between sums and results.
    pub activation: &'static str,
    /// M, K, N.
    pub rows: usize,
    pub reduction: usize,
    pub columns: usize,
    /// Shares of codes that are not zero.
    pub weight_density: f64,
    pub activation_density: f64,
    /// Cycles measured in simulation, streams never pausing, and equal to what the cost model says.
    pub cycles: u64,
    /// Products with a weight that the format keeps, by those that the array could make in that time.
    pub utilisation: f64,
    /// Values compared with the golden model: result codes, masks and counters apart.
    pub compared_values: usize,
    /// Activation vectors that passed the array, and those for which it held still.
    pub vectors: u64,
    pub held_vectors: u64,
    /// Results against f32 with the same pruned weights.
    pub quantisation_error: Metrics,
    /// Results against f32 with all weights.
    pub total_error: Metrics,
}

/// What is simulated, put together from arguments and design.
pub struct Plan {
    model: Model,
    layers: Vec<String>,
    reading: Reading,
    /// What becomes of the weights.
    pub pruning: Pruning,
}

impl Plan {
    /// The model, and defaults for what was not said.
    pub fn new(arguments: &Trained, source: Source, design: &Design) -> Result<Self> {
        let model = Model::load(source)?;
        let blocks = configuration::processing_unit(design)?.sparsity;
        let layers = arguments.layers.names(&model);
        let reading = arguments.layers.read(&model.tokenizer, &model.checkpoint, usize::MAX)?;
        // A layer that the model lacks is told before any work is done.
        for layer in &layers {
            model.checkpoint.linear(layer)?;
        }
        Ok(Self {
            layers,
            model,
            reading,
            pruning: arguments.prune.unwrap_or_else(|| blocks.map_or(Pruning::Unstructured(0.5), Pruning::Block)),
        })
    }

    /// The model's weights.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.model.checkpoint
    }
}

/// Simulates the layers.
pub fn run(arguments: &Trained, folder: &Path, design: &Design, seed: Seed, waveform: Option<&Path>) -> Result<Answer> {
    let plan = Plan::new(arguments, arguments.import.source(folder), design)?;
    let layers = simulate(&plan, design, seed, waveform)?;
    let text = format!(
        "{} on {} tokens, weights {}: {} values, every bit as the golden model has it\n{}\n{}",
        design.name,
        layers.first().map_or(0, |layer| layer.rows),
        plan.pruning,
        count(layers.iter().map(|layer| layer.compared_values as u64).sum()),
        plan.reading.note(),
        table(&layers).text()
    );
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "sentence": plan.reading.texts[0], "texts_cut": plan.reading.cut.texts, "pruning": plan.pruning.to_string(), "layers": layers,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_unused(plan.checkpoint()))
}

fn table(layers: &[LayerReport]) -> Table {
    let mut table = Table::new(&[
        "layer",
        "then",
        "M x K x N",
        "weights",
        "inputs",
        "cycles",
        "utilisation",
        "held",
        "values",
        "cosine",
        "rms",
        "max",
        "cosine (unpruned f32)",
    ]);
    for layer in layers {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let error = &layer.quantisation_error;
        table.row(vec![
            layer.layer.clone(),
            layer.activation.into(),
            format!("{} x {} x {}", layer.rows, layer.reduction, layer.columns),
            percent(layer.weight_density),
            percent(layer.activation_density),
            count(layer.cycles),
            percent(layer.utilisation),
            count(layer.held_vectors),
            count(layer.compared_values as u64),
            decimals(error.cosine, 5),
            decimals(error.relative_rms, 4),
            decimals(error.max_abs, 4),
            decimals(layer.total_error.cosine, 5),
        ]);
    }
    table
}

/// Every layer of the plan, in order.
pub fn simulate(plan: &Plan, design: &Design, seed: Seed, waveform: Option<&Path>) -> Result<Vec<LayerReport>> {
    let target = configuration::unit_target(design)?;
    let forward = plan.model.read(&plan.reading.tokens[0])?;
    let netlist = source::netlist(design, Some("processing_unit"), &source::Macros::default())?;
    let mut subject = Subject::new(design, &netlist);
    if let Some(folder) = waveform {
        subject = subject.with_waveforms(folder.to_owned());
    }
    let bar = progress::bar(plan.layers.len());
    bar.set_message("building the simulation");
    // What a model gets wrong is said before the first build.
    let gemms: Vec<Gemm> = plan
        .layers
        .iter()
        .map(|layer| plan.model.gemm(&forward, layer, plan.pruning, &target))
        .collect::<Result<_, ModelError>>()?;
    let library = subject.build()?;
    let mut layers = Vec::new();
    for gemm in &gemms {
        bar.set_message(gemm.linear.name.clone());
        layers.push(layer(gemm, design, &target, (&subject, &library), seed)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(layers)
}

fn layer(
    gemm: &Gemm,
    design: &Design,
    target: &ProcessingUnitTarget,
    (subject, library): (&Subject, &Library),
    seed: Seed,
) -> Result<LayerReport> {
    let name = &gemm.linear.name;
    let workload = gemm.workload(design.datapath.zero_skip, target)?;
    let output = processing_unit::run(&workload.config, &workload.input)?;
    let results = workload.results(&output)?;
    // Two ways to the same integers: the unit's streams, and the layer as a product of two matrices.
    if results != gemm.results()? {
        return Err(Failure::new(
            Code::SimulationDiffers,
            format!("{name}: the golden model's unit and its matrix multiply differ"),
            "please report this with the design and the model",
        ));
    }
    let report = alberti_scenarios::processing_unit::drive(
        subject,
        library,
        &workload.input,
        &output,
        (Stall::None, Stall::None),
        name,
        seed,
    )?;
    let errors = gemm.errors(&results)?;
    let (rows, reduction, columns) = (workload.gemm.rows, workload.gemm.reduction, workload.gemm.columns);
    let density = |codes: &[u16]| {
        codes.iter().filter(|&&code| !target.operand.is_zero(code)).count() as f64 / codes.len().max(1) as f64
    };
    let (m, k, n) = (rows as u64, reduction as u64, columns as u64);
    let blocks = matches!(gemm.pruning, Pruning::Block(_)).then(|| block_gemm_cycles(design, m, k, n)).flatten();
    let predicted = blocks.unwrap_or_else(|| gemm_cycles(design, m, k, n));
    if report.cycles != predicted.total {
        return Err(Failure::new(
            Code::SimulationDiffers,
            format!("{name}: {} cycles were simulated, the cost model says {}", report.cycles, predicted.total),
            "please report this with the design and the model",
        ));
    }
    Ok(LayerReport {
        layer: name.clone(),
        activation: match gemm.linear.function {
            Activation::Identity => "-",
            function => function.word(),
        },
        rows,
        reduction,
        columns,
        weight_density: density(&workload.gemm.weights),
        activation_density: density(&workload.gemm.activations),
        cycles: report.cycles,
        utilisation: predicted.utilisation,
        compared_values: results.data.len(),
        vectors: output.counters.vectors,
        held_vectors: output.counters.held,
        quantisation_error: errors.quantisation,
        total_error: errors.total,
    })
}
