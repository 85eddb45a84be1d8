//! `alberti model`.

use crate::{
    exit::{Failure, Result},
    output::{self, Answer},
    table::{Table, count},
};
use alberti_arith::Activation;
use alberti_files::MANIFEST;
use alberti_golden::hierarchical_softmax::{CHILDREN_MAX, Hierarchy, PARENTS_MAX};
use alberti_model::{
    adapted::{AdapterKind, OffRamps, Shape, Span, TaskShape, folder, synthetic},
    sentence::Tokenizer,
};
use clap::{
    ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serde_json::json;
use std::path::PathBuf;

/// Writes a model with tasks whose weights are drawn from a seed.
///
/// For accelerators whose trained model is not available. The weights have the statistics of a trained
/// encoder, including outlier channels. The folder has the files that Hugging Face's and AdapterHub's have:
/// config.json, model.safetensors, tokenizer.json, and for each task its adapters, layer norms, head and
/// spans or memories in tasks/. It is written whole or not at all; the same shape and seed give the same bytes.
#[derive(clap::Args)]
pub struct Arguments {
    /// The shape to start from
    #[arg(long, value_name = "SHAPE")]
    synthetic: Preset,
    /// The seed of all weights
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The folder to write
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    changes: Changes,
}

/// Shapes by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    /// 3 shared layers of 64 channels, 50 words, two tasks: for tests
    Small,
    /// ALBERT-base: 12 shared layers of 768 channels, embeddings of 128, 30,000 words; two tasks with
    /// adapters of 64
    AlbertBase,
}

/// What differs from the preset.
#[derive(clap::Args)]
#[command(next_help_heading = "Shape")]
struct Changes {
    /// Channels of the embeddings
    #[arg(long, value_name = "CHANNELS")]
    embedding: Option<usize>,
    /// Channels of the layers
    #[arg(long, value_name = "CHANNELS")]
    hidden: Option<usize>,
    /// Heads of each attention
    #[arg(long, value_name = "HEADS")]
    heads: Option<usize>,
    /// Channels of the feed-forward net
    #[arg(long, value_name = "CHANNELS")]
    inner: Option<usize>,
    /// Layers that a sentence passes
    #[arg(long, value_name = "LAYERS")]
    layers: Option<usize>,
    /// Whether all layers share their weights
    #[arg(long, value_name = "YES")]
    shared: Option<bool>,
    /// Token ids of the vocabulary
    #[arg(long, value_name = "WORDS")]
    words: Option<usize>,
    /// Longest sequence
    #[arg(long, value_name = "TOKENS")]
    positions: Option<usize>,
    /// Activation of the feed-forward net and of adapters
    #[arg(long, value_name = "NAME", value_parser = activations())]
    activation: Option<Activation>,
    /// Number of tasks
    #[arg(long, value_name = "TASKS")]
    tasks: Option<usize>,
    /// Width of the adapters after the attention and after the feed-forward net, or of both; 0 for none
    #[arg(long, value_name = "WIDTH[,WIDTH]", value_delimiter = ',', num_args = 1..=2)]
    adapters: Option<Vec<usize>>,
    /// Where adapters are, and what they read
    #[arg(long, value_name = "KIND")]
    adapter_kind: Option<Adapters>,
    /// In place of adapters a SPARTAN memory after each layer: parents, children of each, parents that are
    /// chosen; 16,3,8 if nothing is given
    #[arg(long, value_name = "PARENTS,CHILDREN,LARGEST", num_args = 0..=1, default_missing_value = "16,3,8",
          value_parser = hierarchy, conflicts_with_all = ["adapters", "adapter_kind"])]
    spartan: Option<Hierarchy>,
    /// Classes of each task
    #[arg(long, value_name = "CLASSES")]
    classes: Option<usize>,
    /// Off-ramps of the tasks: none, one that all layers share, or one for each layer before the last
    #[arg(long, value_name = "WHICH")]
    off_ramps: Option<Ramps>,
    /// Linear layers of each classifier and off-ramp, with tanh between
    #[arg(long, value_name = "LAYERS")]
    head_layers: Option<usize>,
    /// Attention span of each head, 0 for a head that is skipped
    #[arg(long, value_name = "TOKENS,…", value_delimiter = ',')]
    spans: Option<Vec<u16>>,
    /// Logarithm of the length of the ramp after a span
    #[arg(long, value_name = "BITS", default_value = "5", value_parser = clap::value_parser!(u8).range(0..=7))]
    ramp: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ramps {
    None,
    Shared,
    Own,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Adapters {
    /// Houlsby's: after the attention and after the feed-forward net, of the dense layer's result
    Houlsby,
    /// The same as AdapterHub's library wires ALBERT: that of the attention reads the layer's input
    HoulsbyOfInput,
    /// Pfeiffer's: after the feed-forward net, of the normalised sum
    Pfeiffer,
    /// Beside the feed-forward net, of its input
    Parallel,
}

/// The shape of a memory.
fn hierarchy(text: &str) -> std::result::Result<Hierarchy, String> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[parents, children, largest])
            if (1..=PARENTS_MAX).contains(&parents)
                && (1..=CHILDREN_MAX).contains(&children)
                && (1..=parents).contains(&largest) =>
        {
            Ok(Hierarchy { parents, children, largest })
        }
        _ => Err(format!(
            "it takes 1 to {PARENTS_MAX} parents, 1 to {CHILDREN_MAX} children of each, and as many parents that are \
             chosen at most, such as 16,3,8"
        )),
    }
}

/// The functions that a checkpoint can ask for, by their usual names there.
fn activations() -> impl TypedValueParser<Value = Activation> {
    let names = Activation::ALL.iter().filter_map(|function| function.checkpoint_name());
    PossibleValuesParser::new(names)
        .try_map(|name| Activation::of_checkpoint(&name).ok_or("there is no function of this name"))
}

/// Positions of the preset `small`: those of accelerators in tests.
const POSITIONS: usize = 64;

/// BERT's special tokens, and a character.
const WORDS_MIN: usize = 6;

impl Changes {
    fn apply(&self, mut shape: Shape) -> Shape {
        let heads = shape.heads;
        for (given, place) in [
            (self.embedding, &mut shape.embedding),
            (self.hidden, &mut shape.hidden),
            (self.heads, &mut shape.heads),
            (self.inner, &mut shape.inner),
            (self.layers, &mut shape.depth),
            (self.words, &mut shape.words),
            (self.positions, &mut shape.positions),
        ] {
            *place = given.unwrap_or(*place);
        }
        shape.shared = self.shared.unwrap_or(shape.shared);
        shape.activation = self.activation.unwrap_or(shape.activation);
        // More tasks than the preset has are like its own, one after the other.
        let tasks: Vec<TaskShape> =
            shape.tasks.iter().cycle().take(self.tasks.unwrap_or(shape.tasks.len())).cloned().collect();
        shape.tasks = tasks.into_iter().map(|task| self.task(task, shape.heads, heads)).collect();
        shape
    }

    fn task(&self, mut task: TaskShape, heads: usize, before: usize) -> TaskShape {
        if let Some(widths) = &self.adapters {
            task.adapters = [widths.first(), widths.last()].map(|width| width.copied().unwrap_or_default());
        }
        task.kind = match self.adapter_kind {
            None => task.kind,
            Some(Adapters::Houlsby) => AdapterKind::Houlsby,
            Some(Adapters::HoulsbyOfInput) => AdapterKind::HoulsbyOfInput,
            Some(Adapters::Pfeiffer) => AdapterKind::Pfeiffer,
            Some(Adapters::Parallel) => AdapterKind::Parallel,
        };
        task.head_layers = self.head_layers.unwrap_or(task.head_layers);
        task.classes = self.classes.unwrap_or(task.classes);
        task.off_ramps = match self.off_ramps {
            None => task.off_ramps,
            Some(Ramps::None) => OffRamps::None,
            Some(Ramps::Shared) => OffRamps::Shared,
            Some(Ramps::Own) => OffRamps::Own,
        };
        let span = |&span| if span == 0 { Span::Skipped } else { Span::Limited { span, ramp: self.ramp } };
        match &self.spans {
            Some(spans) => task.spans = spans.iter().map(span).collect(),
            // Those of the preset are of its own heads.
            None if heads != before => task.spans = vec![Span::Whole; heads],
            None => {}
        }
        task
    }
}

/// Draws and writes.
///
/// # Errors
/// A shape that cannot be drawn, and a folder that cannot be written.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let preset = match arguments.synthetic {
        Preset::Small => Shape::small(POSITIONS),
        Preset::AlbertBase => Shape::albert_base(),
    };
    let shape = arguments.changes.apply(preset);
    let mut problems = shape.problems();
    if shape.words < WORDS_MIN {
        problems.push(format!("{} words: at least {WORDS_MIN}, of which five are special tokens", shape.words));
    }
    if !problems.is_empty() {
        let help = "`alberti model --help` lists what can be set";
        return Err(Failure::usage(format!("no such model can be drawn: {}", problems.join("; ")), help));
    }
    let folder = output::Folder::at(&arguments.output)?;
    let seed = arguments.seed;
    let mut model = synthetic(&shape, seed);
    if let Some(memory) = arguments.changes.spartan {
        model = (0..shape.tasks.len()).fold(model, |model, task| model.with_memories(task, memory, seed));
    }
    let tokenizer = Tokenizer::synthetic(shape.words)?;
    let mut files = folder::files(&model)?;
    files.insert("tokenizer.json".into(), tokenizer.to_json()?.into_bytes());
    let mut names: Vec<String> = files.keys().cloned().collect();
    names.push(MANIFEST.into());
    names.sort();
    let manifest = json!({
        "generator": concat!("alberti ", env!("CARGO_PKG_VERSION")),
        "seed": seed,
        "shape": format!("{shape:?}"),
        "spartan": arguments.changes.spartan.map(|of| [of.parents, of.children, of.largest]),
        "files": names,
    });
    files.insert(MANIFEST.into(), format!("{manifest:#}\n").into_bytes());
    let sizes: Vec<(String, u64)> = files.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
    let replaced = folder.write(&files)?;
    let mut table = Table::new(&["file", "bytes"]);
    sizes.iter().for_each(|(name, bytes)| table.row(vec![name.clone(), count(*bytes)]));
    let config = &model.backbone.config;
    let text = format!(
        "{}: {} of {} layers of {} heads, {} channels, {} words, {} tasks, drawn with seed {seed}\n\n{}",
        arguments.output.display(),
        config.family.name,
        config.num_hidden_layers,
        config.num_attention_heads,
        config.hidden_size,
        count(config.vocab_size as u64),
        model.tasks.len(),
        table.text(),
    );
    let files: serde_json::Map<_, _> = sizes.into_iter().map(|(name, bytes)| (name, json!(bytes))).collect();
    let tasks: Vec<&str> = model.tasks.iter().map(|task| task.name.as_str()).collect();
    Ok(Answer::new(
        text,
        &json!({"seed": seed, "model_type": config.family.name, "tasks": tasks, "files_bytes": files}),
    )
    .with_warnings(&replaced))
}
