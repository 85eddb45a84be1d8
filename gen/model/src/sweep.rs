//! What a choice of formats, scales, sparsities or adapters costs a whole encoder: its equations in integers
//! against f32.

mod choices;
mod compare;

pub use choices::Group;
pub use compare::Comparison;

use crate::{
    Matrix, Metrics, ModelError,
    adapted::{self, Adapted, largest},
    compile::{Quantised, outputs, quantise_encoder_by, reals},
    prune::Pruning,
    quantise::Rules,
    reference::mean_embedding,
    sentence,
};
use alberti_arith::Format;
use alberti_golden::{
    accelerator::AcceleratorConfig,
    encoder::{self, Sequence},
};
use serde::Serialize;

/// Bits of the widest accumulator that there is: what a choice costs is not the accumulator's fault.
const ACCUMULATOR_BITS: u32 = 48;

/// A choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// In a few words.
    pub name: String,
    /// How the encoder is quantised.
    pub rules: Rules,
    /// What becomes of the layers' weights.
    pub weights: Pruning,
    /// What becomes of the tables of words and positions.
    pub embeddings: Pruning,
    /// Width of adapters, drawn from a seed; none for 0.
    pub adapter: usize,
}

impl Choice {
    /// The accelerator's own, with all weights.
    #[must_use]
    pub fn accelerator(name: impl Into<String>) -> Self {
        let (weights, embeddings) = (Pruning::Dense, Pruning::Dense);
        Self { name: name.into(), rules: Rules::default(), weights, embeddings, adapter: 0 }
    }

    /// The accelerator's own by other rules.
    #[must_use]
    pub fn by(name: impl Into<String>, rules: Rules) -> Self {
        Self { rules, ..Self::accelerator(name) }
    }
}

/// Cosines of an answer to f32's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cosines {
    /// Of the mean over tokens.
    pub embedding: f64,
    /// Of the last layer's output, all tokens.
    pub hidden: f64,
}

impl Cosines {
    /// Of two outputs of the last layer, tokens × channels.
    ///
    /// # Panics
    /// When the shapes differ.
    #[must_use]
    pub fn between(hidden: &Matrix, exact: &Matrix) -> Self {
        let row = |hidden: &Matrix| Matrix { rows: 1, cols: hidden.cols, data: mean_embedding(hidden) };
        let embedding = Metrics::between(&row(hidden), &row(exact)).cosine;
        Self { embedding, hidden: Metrics::between(hidden, exact).cosine }
    }
}

/// What becomes of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// The greatest difference of a logit to f32's, without its sign.
    pub difference: f64,
    /// Whether both decide for the same class.
    pub alike: bool,
}

impl Decision {
    /// Of logits in Q6.10 beside f32's; none where there are none.
    #[must_use]
    pub fn between(logits: &[i16], exact: &[f32]) -> Option<Self> {
        let logits = reals(logits, logits.len().max(1)).data;
        let differences = logits.iter().zip(exact).map(|(a, b)| f64::from((a - b).abs()));
        let alike = largest(&logits) == largest(exact);
        differences.reduce(f64::max).map(|difference| Self { difference, alike })
    }
}

/// Bits that frozen weights take as codes with a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Weights.
    pub weights: u64,
    /// Codes other than zero.
    pub nonzero: u64,
    /// Bits of a code.
    pub code_bits: u32,
}

impl Stored {
    /// Of an encoder whose codes are of a format.
    #[must_use]
    pub fn count(encoder: &encoder::Encoder, arithmetic: &encoder::Arithmetic) -> Self {
        let tables = encoder.embedding.tables.iter().map(|table| &table.codes);
        let mut stored = Self { code_bits: arithmetic.operand.bits(), ..Self::default() };
        for codes in encoder.frozen().map(|linear| &linear.weight).chain(tables) {
            stored.weights += codes.len() as u64;
            stored.nonzero += codes.iter().filter(|&&code| !arithmetic.operand.is_zero(code)).count() as u64;
        }
        stored
    }

    /// A mask for all, and the codes that are not zero.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        (self.weights + self.nonzero * self.code_bits as u64).div_ceil(8)
    }
}

/// An encoder as a choice makes it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// In f32, pruned as the choice is.
    pub model: Adapted,
    /// In integers.
    pub encoder: encoder::Encoder,
    /// And theirs.
    pub arithmetic: encoder::Arithmetic,
    /// What the frozen weights take.
    pub stored: Stored,
}

impl Candidate {
    /// Prunes, takes ranges from sequences of tokens, and quantises.
    ///
    /// # Errors
    /// AE0705 to AE0711, AE0714.
    pub fn new<T>(
        model: &Adapted,
        sequences: &[T],
        choice: &Choice,
        config: &AcceleratorConfig,
        seed: u64,
    ) -> Result<Self, ModelError>
    where
        for<'a> &'a T: Into<Sequence<'a>>,
    {
        let mut adapted = model.pruned(choice.weights, choice.embeddings)?;
        if choice.adapter > 0 {
            adapted = adapted.with_adapters(choice.adapter, seed);
        }
        let calibration = adapted.calibrate(sequences)?;
        let config = AcceleratorConfig { accumulator_bits: ACCUMULATOR_BITS, ..config.clone() };
        // Nor that of the accelerator's port for biases.
        let rules = Rules { wide_bias: true, ..choice.rules };
        let Quantised { encoder, arithmetic, .. } = quantise_encoder_by(&adapted, &calibration, &config, &rules)?;
        let stored = Stored::count(&encoder, &arithmetic);
        Ok(Self { model: adapted, encoder, arithmetic, stored })
    }

    /// Bytes of the task's own parameters: adapters as codes with bias and shift of each output, layer norms
    /// as numbers.
    #[must_use]
    pub fn task_bytes(&self) -> u64 {
        task_bytes(&self.encoder.tasks[0], self.arithmetic.operand)
    }

    /// The first task's answer in integers: the last layer's output as reals, and logits in Q6.10.
    ///
    /// # Errors
    /// AE0705 when the tokens do not fit, AE0711 when parts do not belong together.
    pub fn answer<'a>(&self, sequence: impl Into<Sequence<'a>>) -> Result<(Matrix, Vec<i16>), ModelError> {
        let sequence = sequence.into();
        sentence::check(sequence, &self.model.backbone)?;
        let answer = self.encoder.run(&self.arithmetic, &self.encoder.tasks[0], sequence, 0);
        let answer = answer.map_err(|error| ModelError::Shape(error.to_string()))?;
        Ok((outputs(&self.encoder, &answer.hidden), answer.logits))
    }

    /// The same in f32.
    ///
    /// # Errors
    /// AE0705 when the tokens do not fit.
    pub fn exact<'a>(&self, sequence: impl Into<Sequence<'a>>) -> Result<adapted::Answer, ModelError> {
        self.model.forward(0, sequence)
    }
}

/// Bytes of the rows of n columns that the array and the layer norm take beside codes: 32 bits and 8, 16, 16
/// and 8.
const PARAMETER_BYTES: usize = 5;

/// Bytes of a task's own parameters.
fn task_bytes(task: &encoder::Task, operand: Format) -> u64 {
    let codes = |count: usize| (count * operand.bits() as usize).div_ceil(8);
    let linear = |linear: &encoder::Linear| codes(linear.weight.len()) + PARAMETER_BYTES * linear.outputs();
    let norms = task.halves().map(|half| PARAMETER_BYTES * half.norm.gamma.len());
    task.linears().map(linear).chain(norms).sum::<usize>() as u64
}
