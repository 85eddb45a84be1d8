//! `alberti pack`.

use crate::{
    encoder::{Encoder, Given, Ranges, Sentences, Tasks},
    exit::Result,
    output::Answer,
    progress,
    table::{Table, count, decimals},
};
use alberti_model::{
    adapted::Adapted,
    compile::reals,
    pack::{Footprint, Packed, Part, Recipe, Tensor, images},
    sentence::Tokens,
    sweep::Cosines,
};
use alberti_rtl::emit::{MANIFEST, Package};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::PathBuf};

/// Packs a checkpoint into the images of an accelerator, and shows what each step costs
///
/// The backbone is pruned and quantised as a recipe says (docs/compression.md), and laid out for the design's
/// accelerator: one image for its RRAM, a small one for each task, and the programs for sentences. The folder
/// is written whole or not at all; the same model and recipe give the same bytes.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    tasks: Tasks,
    /// The recipe for pruning and quantising, a YAML file [default: all weights, a scale for each output]
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    #[command(flatten)]
    sentences: Sentences,
    /// Sentence lengths in tokens to write programs for, separated by commas [default: the longest that the design
    /// supports]
    #[arg(long, value_name = "TOKENS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    tokens: Vec<u16>,
    /// The output folder; without it nothing is written
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

const COLUMNS: &str = "\
Steps:
  bytes      of all weights, biases and layer norms, with the first of the tasks; from `pruned` on the backbone has a mask and non-zeros
  embedding  cosine of the answer to f32's with all weights: mean over sentences, and worst
  step       mean cosine to the step before

Tensors:
  zero       share of zeros in the checkpoint, when pruned, as codes
  pruned     root of sum (w - p)^2 / sum w^2, p the pruned weights; codes: the same of codes to these";

/// A step, and what it left.
#[derive(Clone, Debug, Serialize)]
struct Step {
    step: &'static str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cosines: Option<Spread>,
}

/// Of answers to f32 with all weights.
#[derive(Clone, Copy, Debug, Serialize)]
struct Spread {
    mean_embedding_cosine: f64,
    worst_embedding_cosine: f64,
    mean_hidden_cosine: f64,
    worst_hidden_cosine: f64,
    /// To the step before.
    mean_step_cosine: f64,
}

/// Packs.
///
/// # Errors
/// The design's problems, a model, recipe or sentence that cannot be used, an accelerator that does not hold the model, a folder that cannot
/// take the images.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let (design, config) = arguments.given.accelerator()?;
    let recipe = arguments.recipe.as_deref().map_or_else(|| Ok(Recipe::default()), Recipe::load)?;
    let of = Encoder::load(&arguments.given.model, &arguments.tasks.tasks)?;
    let read = of.all_tokens(&arguments.sentences.texts(&[])?)?;
    let sequences = match recipe.sentences.as_slice() {
        [] => of.calibration(Ranges::Single)?,
        sentences => of.all_tokens(sentences)?,
    };
    let longest = arguments.tokens.iter().copied().max().map_or(config.softmax_max, usize::from);
    let packed = Packed::new(&of.model, &recipe, &sequences, &config, longest)?;
    let steps = steps(&of.model, &packed, &read)?;
    let files = match arguments.tokens.is_empty() {
        true => images(&packed, &[longest])?,
        false => images(&packed, &arguments.tokens.iter().map(|&tokens| tokens.into()).collect::<Vec<_>>())?,
    };
    let files = with_manifest(&design.name, &design.hash, &recipe, files);
    let sizes: Vec<_> = files.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect();
    if let Some(folder) = &arguments.output {
        Package { files }.write(folder)?;
    }
    let text = format!(
        "{}: embeddings {}, encoder {}; {} sentences\n\n{}\n{}\n{}\n{}{}",
        design.name,
        recipe.embeddings,
        recipe.encoder,
        read.len(),
        step_table(&steps).text(),
        tensor_table(&packed.tensors).text(),
        footprint(&packed.footprint),
        file_table(&sizes).text(),
        arguments.output.as_ref().map_or_else(String::new, |folder| format!("\nwritten to {}\n", folder.display())),
    );
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "recipe": recipe, "sentences": read.len(), "steps": steps,
        "tensors": packed.tensors, "footprint": packed.footprint,
        "files": sizes.iter().map(|(name, bytes)| serde_json::json!({"file": name, "size_bytes": bytes})).collect::<Vec<_>>(),
        "folder": arguments.output.as_ref().map(|folder| folder.display().to_string()),
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// What is left of the model, with the first of its tasks, after each step.
fn steps(model: &Adapted, packed: &Packed, sentences: &[Tokens]) -> Result<Vec<Step>> {
    let bar = progress::bar(sentences.len());
    let encoder = &packed.quantised.encoder;
    let of = |tokens: &Tokens| -> Result<[[Cosines; 2]; 2]> {
        let exact = model.forward(0, tokens)?.forward.hidden;
        let pruned = packed.pruned.forward(0, tokens)?.forward.hidden;
        let codes = encoder.run(&packed.quantised.arithmetic, &encoder.tasks[0], tokens, 0)?;
        let codes = reals(&codes.hidden, encoder.width());
        bar.inc(1);
        let first = Cosines::between(&pruned, &exact);
        Ok([[first; 2], [Cosines::between(&codes, &exact), Cosines::between(&codes, &pruned)]])
    };
    let cosines = sentences.par_iter().map(of).collect::<Result<Vec<_>>>()?;
    bar.finish_and_clear();
    let spread = |step: usize| {
        let mean = |of: &dyn Fn(&[Cosines; 2]) -> f64| {
            cosines.iter().map(|cosines| of(&cosines[step])).sum::<f64>() / cosines.len() as f64
        };
        let worst = |of: &dyn Fn(&[Cosines; 2]) -> f64| {
            cosines.iter().map(|cosines| of(&cosines[step])).fold(f64::INFINITY, f64::min)
        };
        Spread {
            mean_embedding_cosine: mean(&|[all, _]| all.embedding),
            worst_embedding_cosine: worst(&|[all, _]| all.embedding),
            mean_hidden_cosine: mean(&|[all, _]| all.hidden),
            worst_hidden_cosine: worst(&|[all, _]| all.hidden),
            mean_step_cosine: mean(&|[_, before]| before.embedding),
        }
    };
    let shares = &packed.footprint.shares;
    let tensors = || packed.tensors.iter().filter(|tensor| tensor.with_one_task());
    let sum = |of: fn(&Tensor) -> u64| tensors().map(of).sum::<u64>();
    let float = 4 * packed.footprint.parameters;
    let weights = sum(|tensor| tensor.float_bytes);
    let numbers = shares.iter().map(|share| share.number_bytes).sum::<u64>();
    let (values, masks) = packed.compiled.weights();
    let records = (masks.words() * masks.width()).div_ceil(8) as u64;
    let loaded = [packed.compiled.setup(), &packed.compiled.task(0)].map(|bundle| bundle.bytes().len() as u64);
    let memories = values.len() as u64 + records + loaded.iter().sum::<u64>();
    Ok(vec![
        Step { step: "checkpoint, f32", bytes: float, cosines: None },
        Step { step: "pruned", bytes: float - weights + sum(|tensor| tensor.pruned_bytes), cosines: Some(spread(0)) },
        Step {
            step: "codes and masks",
            bytes: numbers + sum(|tensor| tensor.mask_bytes + tensor.code_bytes),
            cosines: Some(spread(1)),
        },
        Step { step: "in memories, with pointers and programs", bytes: memories, cosines: None },
    ])
}

/// The files with a manifest that names them all.
fn with_manifest(
    design: &str,
    hash: &str,
    recipe: &Recipe,
    mut files: BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Vec<u8>> {
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hashes: BTreeMap<_, _> = files.iter().map(|(name, bytes)| (name.clone(), hex(bytes))).collect();
    let names: Vec<&str> = hashes.keys().map(String::as_str).chain([MANIFEST]).collect();
    let manifest = serde_json::json!({
        "generator": concat!("alberti ", env!("CARGO_PKG_VERSION")),
        "design": design, "hash": hash, "recipe": recipe, "files": names, "sha256": hashes,
    });
    files.insert(MANIFEST.into(), format!("{manifest:#}\n").into_bytes());
    files
}

fn step_table(steps: &[Step]) -> Table {
    let mut table = Table::new(&["step", "bytes", "embedding", "worst", "hidden", "worst", "step"]);
    for of in steps {
        let mut row = vec![of.step.to_owned(), count(of.bytes)];
        row.extend(of.cosines.iter().flat_map(|c| {
            let cosines = [
                c.mean_embedding_cosine,
                c.worst_embedding_cosine,
                c.mean_hidden_cosine,
                c.worst_hidden_cosine,
                c.mean_step_cosine,
            ];
            cosines.map(|cosine| decimals(cosine, 5))
        }));
        table.row(row);
    }
    table
}

fn tensor_table(tensors: &[Tensor]) -> Table {
    let heads = ["tensor", "weights", "zero", "pruned", "codes", "f32", "masks", "codes", "pruned", "codes", ""];
    let mut table = Table::new(&heads);
    let largest = |of: fn(&Tensor) -> f64| tensors.iter().map(of).fold(0.0, f64::max);
    let (pruning, codes) = (largest(|tensor| tensor.pruning_error), largest(|tensor| tensor.code_error));
    for of in tensors {
        let share = |zeros: u64| format!("{:.1} %", 100.0 * zeros as f64 / of.weights.max(1) as f64);
        let worst = [(of.pruning_error, pruning, "worst of pruning"), (of.code_error, codes, "worst of codes")];
        let marks = worst.iter().filter(|(error, most, _)| *error > 0.0 && error == most).map(|(_, _, mark)| *mark);
        table.row(vec![
            of.name.clone(),
            count(of.weights),
            share(of.zeros),
            share(of.zeros_pruned),
            share(of.zeros_stored),
            count(of.float_bytes),
            count(of.mask_bytes),
            count(of.code_bytes),
            decimals(of.pruning_error, 4),
            decimals(of.code_error, 4),
            marks.collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}

fn footprint(of: &Footprint) -> String {
    let mut table =
        Table::new(&["part", "parameters", "share", "zero", "f32", "masks (SLC)", "codes", "numbers (SRAM)", ""]);
    for share in of.shares.iter().filter(|share| share.parameters > 0) {
        table.row(vec![
            share.part.name().to_owned(),
            count(share.parameters),
            format!("{:.1} %", 100.0 * share.share),
            format!("{:.1} %", 100.0 * share.sparsity),
            count(share.float_bytes),
            count(share.mask_bytes),
            count(share.code_bytes),
            count(share.number_bytes),
            match share.part {
                Part::Embeddings | Part::Encoder => "frozen; codes in MLC",
                Part::Adapters | Part::Classifier => "a task's; codes in SRAM",
                Part::Norms => "a task's, but those over embeddings",
            }
            .to_owned(),
        ]);
    }
    format!(
        "{} parameters with one task, {} of them its own; adapters add {:.1} %; cumulative sparsity {:.1} %\n{}",
        count(of.parameters),
        count(of.trainable),
        100.0 * (of.parameters as f64 / of.without_adapters.max(1) as f64 - 1.0),
        100.0 * of.cumulative_sparsity,
        table.text()
    )
}

fn file_table(sizes: &[(String, usize)]) -> Table {
    let mut table = Table::new(&["file", "bytes"]);
    for (name, bytes) in sizes {
        table.row(vec![name.clone(), count(*bytes as u64)]);
    }
    table
}
