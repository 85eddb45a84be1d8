//! The shape of an encoder: the part of `config.json` that we need.

use crate::ModelError;
use serde::Deserialize;
use std::path::Path;

/// What stands between the two halves of the feed-forward net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum HiddenActivation {
    /// x·Φ(x).
    #[serde(rename = "gelu")]
    Gelu,
    /// The tanh form of GELU.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh")]
    GeluTanh,
    /// max(x, 0).
    #[serde(rename = "relu")]
    Relu,
}

/// The shape of a BERT-style encoder; other keys of the file are ignored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Config {
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Number of encoder layers.
    pub num_hidden_layers: usize,
    /// Heads of each attention.
    pub num_attention_heads: usize,
    /// Width of the feed-forward net.
    pub intermediate_size: usize,
    /// Token ids.
    pub vocab_size: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Segment types.
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    /// ε of the layer norms.
    #[serde(default = "epsilon")]
    pub layer_norm_eps: f32,
    /// Activation of the feed-forward net.
    pub hidden_act: HiddenActivation,
    /// How positions enter; absent in old files.
    #[serde(default)]
    pub(crate) position_embedding_type: Option<String>,
}

const fn two() -> usize {
    2
}

const fn epsilon() -> f32 {
    1e-12
}

/// More layers than any encoder has; bounds the work on a broken file.
const MAX_LAYERS: usize = 256;

impl Config {
    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// AE0701 when it cannot be read, AE0702 when it is malformed or describes an encoder that we cannot run.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ModelError::Unreadable { path: path.into(), source })?;
        let broken = |problem| ModelError::Config { path: path.into(), problem };
        let config: Self = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(broken(problems.join("; "))) }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, value) in [
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            if value == 0 {
                problems.push(format!("{key} is 0, it must be at least 1"));
            }
        }
        if self.num_hidden_layers > MAX_LAYERS {
            problems.push(format!("num_hidden_layers is {}, at most {MAX_LAYERS} are taken", self.num_hidden_layers));
        }
        if self.num_attention_heads > 0 && !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            problems.push(format!(
                "hidden_size {} is no multiple of num_attention_heads {}",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if !(self.layer_norm_eps.is_finite() && self.layer_norm_eps >= 0.0) {
            problems.push(format!("layer_norm_eps is {}, it must not be negative", self.layer_norm_eps));
        }
        if let Some(kind) = self.position_embedding_type.as_deref().filter(|kind| *kind != "absolute") {
            problems.push(format!("position_embedding_type is `{kind}`, only `absolute` is known"));
        }
        problems
    }
}
