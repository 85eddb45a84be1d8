//! What can be wrong with a checkpoint, a sentence or a layer, and what to do about it.

use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use std::{borrow::Cow, path::PathBuf};

/// A problem with a model, with the code that `alberti explain` knows it by.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A problem whose code, message and help stand where it is found. New problems are of this kind, unless a
    /// caller has to tell them from others.
    #[error("{}", .0.message)]
    Diagnosed(Box<Diagnostic>),
    /// AE0701: a file of the model's folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// AE0702: config.json is no description of an encoder that we can run.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key and what is wrong with it.
        problem: String,
    },
    /// AE0703: a file of weights is cut off, no safetensors file, or not what the index says.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the sizes that show it.
        problem: String,
    },
    /// AE0704: tensors are missing, misshapen, of a wrong type or not finite: all of them, one a line.
    #[error("{}: {} of its tensors cannot be used\n  {}", path.display(), problems.len(), problems.join("\n  "))]
    Tensors {
        /// The file.
        path: PathBuf,
        /// One line per tensor, by name.
        problems: Vec<String>,
    },
    /// AE0705: a text cannot become token ids, or ids do not fit the model.
    #[error("{0}")]
    Sentence(String),
    /// AE0706: no linear layer has this name.
    #[error("there is no linear layer `{name}`; the model has {available}")]
    UnknownLayer {
        /// The name asked for.
        name: String,
        /// The names there are.
        available: String,
    },
    /// AE0707: a sparsity that cannot be.
    #[error("{0}")]
    Sparsity(String),
    /// AE0709: the accumulator can overflow.
    #[error(
        "{layer}: the accumulator can overflow: the sum of output {output} can reach {bound}, which needs {needed} bits, it has {bits}"
    )]
    Overflow {
        /// The layer.
        layer: String,
        /// The output channel with the largest bound.
        output: usize,
        /// `Σ|d_w|·max|d_a| + |bias|`.
        bound: u128,
        /// Bits that hold it, with the sign.
        needed: u32,
        /// Bits that there are.
        bits: u32,
    },
    /// AE0710: a requantise shift does not fit the 7 bits of its port.
    #[error("{layer}: output {output} needs a requantise shift of {shift}; the shift port holds -64 to 63")]
    ShiftRange {
        /// The layer.
        layer: String,
        /// The output channel.
        output: usize,
        /// The shift.
        shift: i32,
    },
    /// AE0711: shapes that do not belong together, or that the design does not take.
    #[error("{0}")]
    Shape(String),
    /// AE0712: a memory of the design is too small for a layer.
    #[error("{layer}: the {memory} memory needs {needed} values, it has {available}")]
    Capacity {
        /// The layer.
        layer: String,
        /// `weight`, `activation` or `result`.
        memory: &'static str,
        /// Values that the layer takes.
        needed: usize,
        /// Values that there are.
        available: usize,
    },
    /// AE0713: an accelerator lacks what a model takes: all of it, one a line.
    #[error("the accelerator does not hold the model at {tokens} tokens\n  {}", problems.join("\n  "))]
    Accelerator {
        /// The longest sentence that it was to read.
        tokens: usize,
        /// One line per key of the design.
        problems: Vec<String>,
    },
    /// AE0714: a parameter of a layer norm does not fit its 16 bits, by whatever power of two it is divided.
    #[error(
        "{norm}: the {what} of channel {channel} is {value}, the layer norm unit holds less than {most} either way"
    )]
    NormRange {
        /// The layer norm.
        norm: String,
        /// `gain` or `offset`.
        what: &'static str,
        /// The channel.
        channel: usize,
        /// The parameter as a real number.
        value: f32,
        /// The power of two that its magnitude must stay below.
        most: f64,
    },
    /// AE0717: a task's folder holds what is no task of the model, or what no accelerator runs: all of it,
    /// one a line.
    #[error("{}: it is no task that the accelerator can run\n  {}", path.display(), problems.join("\n  "))]
    Task {
        /// The folder.
        path: PathBuf,
        /// One line per problem, each with its file.
        problems: Vec<String>,
    },
    /// AE0718: labelled sentences that do not belong to a task: all of them, one a line.
    #[error("{}: these are no labelled sentences of the task\n  {}", path.display(), problems.join("\n  "))]
    Data {
        /// The file.
        path: PathBuf,
        /// One line per problem.
        problems: Vec<String>,
    },
    /// What runs the programs failed, for a reason of its own.
    #[error(transparent)]
    Engine(Box<dyn std::error::Error + Send + Sync>),
    /// AE0720: a recipe of compression cannot be used: all that is wrong with it.
    #[error("{problems}")]
    Recipe {
        /// Each at its key path.
        problems: Diagnostics,
    },
}

impl From<alberti_golden::Error> for ModelError {
    /// The golden model refuses what it was given.
    fn from(error: alberti_golden::Error) -> Self {
        Self::Shape(error.to_string())
    }
}

impl From<Diagnostic> for ModelError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Diagnosed(Box::new(diagnostic))
    }
}

impl ModelError {
    /// The diagnostic's code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.explained().0
    }

    /// What to do instead.
    #[must_use]
    pub fn help(&self) -> String {
        self.explained().1.into()
    }

    /// Code and help of each problem.
    fn explained(&self) -> (Code, Cow<'_, str>) {
        let (code, help) = match self {
            Self::Diagnosed(diagnostic) => return (diagnostic.code, diagnostic.help.as_str().into()),
            Self::Overflow { needed, .. } => {
                return (Code::LayerOverflow, format!("set accumulator_bits to {needed}").into());
            }
            Self::Capacity { memory, needed, .. } => {
                return (Code::CapacityOfLayer, format!("set memories.{memory}.values to {needed} or more").into());
            }
            Self::Unreadable { .. } => (
                Code::ModelUnreadable,
                "a model is a folder with safetensors, config.json and a tokenizer (docs/models.md); `make model` fetches one",
            ),
            Self::Config { .. } => (Code::ModelConfig, "give the config.json that the checkpoint was published with"),
            Self::Damaged { .. } => (Code::ModelDamaged, "fetch the file again; `make model` fetches the demo's"),
            Self::Tensors { .. } => (
                Code::ModelTensors,
                "the checkpoint must hold an encoder of config.json's family and shape; --ignore leaves out what is not known",
            ),
            Self::Sentence(_) => (
                Code::SentenceUnusable,
                "give a shorter text, cut it (--max-length), or give the tokenizer that belongs to the checkpoint",
            ),
            Self::UnknownLayer { .. } => (Code::UnknownLayer, "name one of the layers above"),
            Self::Sparsity(_) => (
                Code::SparsityUnusable,
                "give a share between 0 and 1, or blocks that the design's datapath.sparsity has",
            ),
            Self::ShiftRange { .. } => {
                (Code::ShiftRange, "the layer's values lie too far from 1; rescale the checkpoint")
            }
            Self::Shape(_) => (Code::ShapeMismatch, "check that matrix, layer and design belong together"),
            Self::Accelerator { .. } => (
                Code::AcceleratorTooSmall,
                "enlarge what is named, prune the weights (--prune), or give shorter sentences",
            ),
            Self::NormRange { .. } => {
                (Code::NormRange, "gains and offsets of such a size are no trained ones: fetch the checkpoint again")
            }
            Self::Task { .. } => (
                Code::TaskUnusable,
                "give a folder of AdapterHub's for this model; `alberti explain AE0717` lists what is read",
            ),
            Self::Data { .. } => (
                Code::DataUnusable,
                "give GLUE's .tsv, a .csv or a .jsonl, whose labels are those of the task's head_config.json",
            ),
            Self::Engine(_) => (Code::SimulationDiffers, ""),
            Self::Recipe { .. } => (Code::RecipeUnusable, "write what is named as docs/compression.md has it"),
        };
        (code, help.into())
    }
}
