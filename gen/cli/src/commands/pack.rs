//! `alberti pack`.

use crate::{
    encoder::{EncoderArguments, Sentences, Tasks, read_texts},
    exit::{Failure, Result},
    output::{self, Answer},
    progress, source,
    table::{Table, count, decimals},
};
use alberti_diagnostic::{Diagnostic, Diagnostics};
use alberti_files::MANIFEST;
use alberti_model::{
    Ranges, TextEncoder,
    answers::saturation_note,
    compile,
    pack::{Footprint, Packed, Part, Recipe, Step, Steps, Tensor, images, steps},
    sentence::Reading,
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Packs a checkpoint into the images of an accelerator, and shows what each step costs
///
/// The backbone is pruned and quantised as a recipe says (docs/compression.md), and laid out for the design's
/// accelerator: one image for its RRAM, a small one for each task, and the programs for sentences. The folder
/// is written whole or not at all; the same model and recipe give the same bytes.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    #[command(flatten)]
    encoder: EncoderArguments,
    #[command(flatten)]
    tasks: Tasks,
    /// The recipe for pruning and quantising, a YAML file [default: all weights, a scale for each output]
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    #[command(flatten)]
    sentences: Sentences,
    /// Sentence lengths in tokens to write programs for, separated by commas [default: the longest that the
    /// design and the model support]
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

/// Packs.
///
/// # Errors
/// The design's problems, a model, recipe or sentence that cannot be used, an accelerator that does not hold
/// the model, a folder that cannot take the images.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let (design, config) = arguments.encoder.accelerator()?;
    let folder = arguments.output.as_deref().map(output::Folder::at).transpose()?;
    let recipe = arguments.recipe.as_deref().map_or_else(|| Ok(Recipe::default()), recipe)?;
    // A file that cannot be read is known before the model is.
    let texts = arguments.sentences.texts(&[])?;
    let encoder = TextEncoder::load(arguments.encoder.source(), &arguments.tasks.tasks)?;
    let most = compile::longest(&encoder.model.backbone.config, &config);
    let reading = read_texts(texts, &encoder, most)?;
    let read = &reading.tokens;
    let ranges = Reading::whole(recipe.sentences.clone(), &encoder.tokenizer, &encoder.model.backbone)?;
    let note = reading.note() + &ranges.cut.note(ranges.texts.len(), "sentences of the recipe");
    let sequences = if ranges.texts.is_empty() { encoder.calibration(Ranges::Single)? } else { ranges.tokens };
    let longest = arguments.tokens.iter().copied().max().map_or(most, usize::from);
    let packed = Packed::new(&encoder.model, &recipe, &sequences, &config, longest)?;
    let bar = progress::bar(read.len());
    let Steps { steps, saturated } = steps(&encoder.model, &packed, read, &|| bar.inc(1))?;
    bar.finish_and_clear();
    let files = match arguments.tokens.is_empty() {
        true => images(&packed, &[longest])?,
        false => images(&packed, &arguments.tokens.iter().map(|&tokens| tokens.into()).collect::<Vec<_>>())?,
    };
    let files = with_manifest(&design.name, &design.hash, &recipe, files);
    let sizes: Vec<_> = files.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect();
    let replaced = folder.map_or_else(|| Ok(Diagnostics::new()), |folder| folder.write(&files))?;
    let text = format!(
        "{}: embeddings {}, encoder {}; {} sentences\n{}\n{}\n{}\n{}\n{}{}",
        design.name,
        recipe.embeddings,
        recipe.encoder,
        read.len(),
        note + &saturation_note(saturated),
        step_table(&steps).text(),
        tensor_table(&packed.tensors).text(),
        footprint(&packed.footprint),
        file_table(&sizes).text(),
        arguments.output.as_ref().map_or_else(String::new, |folder| format!("\nwritten to {}\n", folder.display())),
    );
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "recipe": recipe, "sentences": read.len(), "texts_cut": reading.cut.texts, "steps": steps, "saturated": saturated,
        "tensors": packed.tensors, "footprint": packed.footprint,
        "files": sizes.iter().map(|(name, bytes)| serde_json::json!({"file": name, "size_bytes": bytes})).collect::<Vec<_>>(),
        "folder": arguments.output.as_ref().map(|folder| folder.display().to_string()),
    });
    let answer = Answer::new(text, &data).with_warnings(design.warnings()).with_warnings(&replaced);
    Ok(answer.with_unused(&encoder.model.backbone))
}

/// Reads a recipe. Its reader knows key paths; lines and columns are those of the text.
fn recipe(path: &Path) -> Result<Recipe> {
    Recipe::load(path).map_err(|error| {
        let problems = Failure::from(error).problems;
        let file = path.display().to_string();
        let Some(places) = source::text(&file).and_then(|text| alberti_rtl::design::places(&file, &text)) else {
            return problems.into();
        };
        let placed = |problem: Diagnostic| match &problem.place {
            Some(place) if place.position.is_none() => Diagnostic { place: Some(places(&place.key_path)), ..problem },
            _ => problem,
        };
        Failure { problems: problems.into_iter().map(placed).collect() }
    })
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
    for step in steps {
        let mut row = vec![step.step.to_owned(), count(step.bytes)];
        row.extend(step.cosines.iter().flat_map(|c| {
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
    let largest = |get: fn(&Tensor) -> f64| tensors.iter().map(get).fold(0.0, f64::max);
    let (pruning, codes) = (largest(|tensor| tensor.pruning_error), largest(|tensor| tensor.code_error));
    for tensor in tensors {
        let share = |zeros: u64| format!("{:.1} %", 100.0 * zeros as f64 / tensor.weights.max(1) as f64);
        let worst = [(tensor.pruning_error, pruning, "worst of pruning"), (tensor.code_error, codes, "worst of codes")];
        let marks = worst.iter().filter(|(error, most, _)| *error > 0.0 && error == most).map(|(_, _, mark)| *mark);
        table.row(vec![
            tensor.name.clone(),
            count(tensor.weights),
            share(tensor.zeros),
            share(tensor.zeros_pruned),
            share(tensor.zeros_stored),
            count(tensor.float_bytes),
            count(tensor.mask_bytes),
            count(tensor.code_bytes),
            decimals(tensor.pruning_error, 4),
            decimals(tensor.code_error, 4),
            marks.collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}

fn footprint(footprint: &Footprint) -> String {
    let mut table =
        Table::new(&["part", "parameters", "share", "zero", "f32", "masks (SLC)", "codes", "numbers (SRAM)", ""]);
    for share in footprint.shares.iter().filter(|share| share.parameters > 0) {
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
        count(footprint.parameters),
        count(footprint.trainable),
        100.0 * (footprint.parameters as f64 / footprint.without_adapters.max(1) as f64 - 1.0),
        100.0 * footprint.cumulative_sparsity,
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
