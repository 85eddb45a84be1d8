//! A trained encoder from the command line: its folder, its tasks, what becomes of its weights, and what it
//! reads.

use crate::{
    exit::{Failure, Result},
    source,
};
use alberti_cost::configuration;
use alberti_golden::accelerator::AcceleratorConfig;
use alberti_model::{
    BlockSparsity, Checkpoint, Source, TextEncoder, demo,
    prune::Pruning,
    sentence::{Reading, Tokenizer},
};
use alberti_rtl::Design;
use glob::Pattern;
use std::path::{Path, PathBuf};

/// A design, and an encoder for it.
#[derive(clap::Args)]
pub struct EncoderArguments {
    /// The design, a YAML file; a complete encoder needs one with a section `accelerator`
    #[arg(value_name = "DESIGN")]
    pub design: PathBuf,
    /// The folder of an encoder: safetensors, config.json and a tokenizer (docs/models.md); `make model`
    /// fetches one, `alberti model` generates one
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    #[command(flatten)]
    pub import: Import,
}

/// How a model is read.
#[derive(clap::Args, Default)]
pub struct Import {
    #[command(flatten)]
    ignored: Ignored,
    /// Cut texts to so many tokens, special tokens among them, as transformers does; of a pair the longer
    /// text first [default: a text that is too long is refused]
    #[arg(long, value_name = "TOKENS", requires = "model")]
    max_length: Option<usize>,
}

/// What of a model is left out.
#[derive(clap::Args, Default)]
pub struct Ignored {
    /// Leave out tensors of the encoder that are not known, whose names match a pattern such as `*.lora_*`:
    /// the encoder is another one without them; repeat for more
    #[arg(long, value_name = "PATTERN", requires = "model", value_parser = Pattern::new)]
    ignore: Vec<Pattern>,
}

/// Tasks of a model.
#[derive(clap::Args)]
pub struct Tasks {
    /// A task: a folder with adapters, classifier and off-ramp, or the name of one in the model's `tasks`;
    /// repeat for more
    #[arg(long = "task", value_name = "TASK", requires = "model")]
    pub tasks: Vec<PathBuf>,
}

/// One task of a model, or none.
#[derive(clap::Args)]
pub struct OneTask {
    /// The task whose adapters, layer norms, spans and classifier the encoder uses: a folder, or the name of
    /// one in the model's `tasks` [default: none, the encoder by itself]
    #[arg(long, value_name = "TASK")]
    pub task: Option<PathBuf>,
}

/// Layers of a model, and what it reads.
#[derive(clap::Args, Default)]
pub struct Layers {
    /// A linear layer, such as layer.0.attention.query; repeat for more, or `all` [default: three of the
    /// first layer]
    #[arg(long = "layer", value_name = "NAME", requires = "model")]
    layers: Vec<String>,
    /// The text that the model reads; every token is a row of the multiplies [default: a built-in sentence]
    #[arg(long, value_name = "TEXT", requires = "model")]
    sentence: Option<String>,
}

/// A file of sentences.
#[derive(clap::Args)]
pub struct Sentences {
    /// A file with one sentence per line [default: the built-in sentences]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What becomes of a model's weights.
#[derive(clap::Args)]
pub struct Prunings {
    /// Prune the layers' weights by magnitude, each matrix by itself: a share such as 0.5, blocks such as
    /// 8:16, or none
    #[arg(long, value_name = "HOW", requires = "model", default_value = "none", value_parser = pruning)]
    pub prune: Pruning,
    /// The same for the tables of words and positions
    #[arg(long, value_name = "HOW", requires = "model", default_value = "none", value_parser = pruning)]
    pub prune_embeddings: Pruning,
}

/// `none`, `0.5`, `8:16`.
pub fn pruning(text: &str) -> std::result::Result<Pruning, String> {
    if text == "none" {
        return Ok(Pruning::Dense);
    }
    if let Some((nonzeros, block)) = text.split_once(':') {
        let parts = nonzeros.parse().ok().zip(block.parse().ok());
        let (nonzeros, block) = parts.ok_or_else(|| format!("`{text}` is not of the form 8:16"))?;
        return BlockSparsity::new(nonzeros, block).map(Pruning::Block).map_err(|error| error.to_string());
    }
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(Pruning::Unstructured(share)),
        _ => Err(format!("`{text}` is neither a share from 0 to 1, nor blocks such as 8:16, nor none")),
    }
}

impl Import {
    /// A folder, read this way.
    pub fn source<'a>(&'a self, folder: &'a Path) -> Source<'a> {
        Source { max_length: self.max_length, ..self.ignored.source(folder) }
    }
}

impl Ignored {
    /// A folder, whose texts are read whole.
    pub fn source<'a>(&'a self, folder: &'a Path) -> Source<'a> {
        Source { ignore: &self.ignore, ..folder.into() }
    }
}

impl EncoderArguments {
    /// The model's folder, and how it is read.
    pub fn source(&self) -> Source<'_> {
        self.import.source(&self.model)
    }

    /// The design, and its accelerator.
    ///
    /// # Errors
    /// The design's problems, or that it has none.
    pub fn accelerator(&self) -> Result<(Design, AcceleratorConfig)> {
        let design = source::load(&self.design)?;
        let config = configuration::accelerator(&design)?;
        Ok((design, config))
    }
}

impl Sentences {
    /// The texts given, and those of the file, before a model is read.
    ///
    /// # Errors
    /// When there is no such file, or nothing in it.
    pub fn texts(&self, given: &[String]) -> Result<Vec<String>> {
        Ok([given, &self.file.as_deref().map(lines).transpose()?.unwrap_or_default()].concat())
    }
}

/// Texts as a model reads them, whole; without any those built in, each to `most` tokens and to as many as the
/// model takes.
///
/// # Errors
/// AE0705 when a text does not fit the model.
pub fn read_texts(texts: Vec<String>, encoder: &TextEncoder, most: usize) -> Result<Reading> {
    let (tokenizer, checkpoint) = (&encoder.tokenizer, &encoder.model.backbone);
    Ok(Reading::of(texts, demo::sentences(), tokenizer, checkpoint, most)?)
}

/// The sentences of a file, a line each: at least one.
///
/// # Errors
/// When there is no such file, or nothing in it.
pub fn lines(path: &Path) -> Result<Vec<String>> {
    let refused = |message: String| Failure::input(message, "give a text file in UTF-8 with a sentence on each line");
    let content = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, &error))?;
    let lines: Vec<_> = content.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.is_empty() { Err(refused(format!("{} has no sentence", path.display()))) } else { Ok(lines) }
}

impl Layers {
    /// What is taken of a model unless something else is said.
    const USUAL: [&str; 3] = ["layer.0.attention.query", "layer.0.attention.output", "layer.0.intermediate"];

    /// The names of those that are meant.
    pub fn names(&self, model: &demo::Model) -> Vec<String> {
        match &self.layers {
            none if none.is_empty() => Self::USUAL.map(str::to_owned).to_vec(),
            names if names.iter().any(|name| name == "all") => model.checkpoint.linear_names(),
            names => names.clone(),
        }
    }

    /// What the model reads: the text given, whole; or the built-in one, to `most` tokens and to as many as
    /// the model takes.
    ///
    /// # Errors
    /// AE0705 when the text does not fit the model.
    pub fn read(&self, tokenizer: &Tokenizer, checkpoint: &Checkpoint, most: usize) -> Result<Reading> {
        let chosen = self.sentence.iter().cloned().collect();
        Ok(Reading::of(chosen, vec![demo::SENTENCE.to_owned()], tokenizer, checkpoint, most)?)
    }
}

/// What a title says in front of the sentences: the first task, where it has a name.
pub fn task_prefix(encoder: &TextEncoder) -> String {
    match encoder.model.tasks[0].name.as_str() {
        "" => String::new(),
        task => format!("{task} on "),
    }
}

impl Prunings {
    /// Loads a model's folder with tasks and prunes.
    ///
    /// # Errors
    /// AE0701 to AE0707, and AE0717.
    pub fn load(&self, source: Source, tasks: &[PathBuf]) -> Result<TextEncoder> {
        Ok(TextEncoder::load_pruned(source, tasks, self.prune, self.prune_embeddings)?)
    }
}
