//! The shape of an encoder: the part of `config.json` that we need.

use crate::ModelError;
use alberti_arith::Activation;
use serde_json::{Map, Value};
use std::path::Path;

/// The activation function that has this name in Hugging Face's configurations.
///
/// # Errors
/// What is known instead.
pub(crate) fn activation(name: &str) -> Result<Activation, String> {
    Activation::of_checkpoint(name).ok_or_else(|| {
        let mut known: Vec<_> = Activation::checkpoint_names().collect();
        known.sort_unstable();
        format!("`{name}`, known are `{}`", known.join("`, `"))
    })
}

/// Whose names the tensors have, and what follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelType {
    /// Every layer has weights of its own, embeddings are as wide as the layers.
    Bert,
    /// Layers share weights by groups, a linear layer widens the embeddings.
    Albert {
        /// Channels of the embeddings.
        embedding_size: usize,
        /// Groups of consecutive layers with the same weights.
        groups: usize,
    },
}

impl ModelType {
    /// `model_type` of config.json, which is also the prefix of tensors of models with heads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::Albert { .. } => "albert",
        }
    }
}

/// The shape of an encoder of the BERT family.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// Whose encoder it is.
    pub model_type: ModelType,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Number of encoder layers that are passed.
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
    pub type_vocab_size: usize,
    /// ε of the layer norms.
    pub layer_norm_eps: f32,
    /// Activation of the feed-forward net.
    pub hidden_act: Activation,
}

/// More layers than any encoder has; bounds the work on a broken file.
pub(crate) const MAX_LAYERS: usize = 256;

impl ModelConfig {
    /// Reads and checks a `config.json`; keys that do not bear on the encoder are ignored.
    ///
    /// # Errors
    /// AE0701 when it cannot be read, AE0702 with all that is wrong when it is malformed or describes an encoder that we cannot
    /// run.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ModelError::Unreadable { path: path.into(), source })?;
        Self::parse(&text).map_err(|problem| ModelError::Config { path: path.into(), problem })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let map = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut keys = Keys { map, problems: Vec::new() };
        let config = Self {
            model_type: keys.model_type(),
            hidden_size: keys.count("hidden_size", None),
            num_hidden_layers: keys.count("num_hidden_layers", None),
            num_attention_heads: keys.count("num_attention_heads", None),
            intermediate_size: keys.count("intermediate_size", None),
            vocab_size: keys.count("vocab_size", None),
            max_position_embeddings: keys.count("max_position_embeddings", None),
            type_vocab_size: keys.count("type_vocab_size", Some(2)),
            layer_norm_eps: keys.epsilon(),
            hidden_act: keys.activation(),
        };
        keys.refuse("position_embedding_type", "only `absolute` is known", |kind| kind == "absolute");
        for decoder in ["is_decoder", "add_cross_attention"] {
            keys.refuse(decoder, "an encoder has false", |given| given == &Value::Bool(false));
        }
        let none = |heads: &Value| heads.as_object().is_some_and(Map::is_empty);
        keys.refuse("pruned_heads", "write the checkpoint with all heads", none);
        keys.problems.extend(config.contradictions());
        if keys.problems.is_empty() { Ok(config) } else { Err(keys.problems.join("; ")) }
    }

    fn contradictions(&self) -> Vec<String> {
        let Self { hidden_size, num_hidden_layers: layers, num_attention_heads: heads, .. } = *self;
        let mut problems = Vec::new();
        if layers > MAX_LAYERS {
            problems.push(format!("num_hidden_layers is {layers}, at most {MAX_LAYERS} are taken"));
        }
        if heads > 0 && !hidden_size.is_multiple_of(heads) {
            problems.push(format!("hidden_size {hidden_size} is no multiple of num_attention_heads {heads}"));
        }
        if let ModelType::Albert { groups, .. } = self.model_type
            && groups > layers
            && layers > 0
        {
            problems.push(format!("num_hidden_groups {groups} is more than num_hidden_layers {layers}"));
        }
        problems
    }

    /// Channels of the embeddings.
    #[must_use]
    pub const fn embedding_size(&self) -> usize {
        match self.model_type {
            ModelType::Bert => self.hidden_size,
            ModelType::Albert { embedding_size, .. } => embedding_size,
        }
    }

    /// Groups of consecutive layers with the same weights, as the file has them.
    #[must_use]
    pub const fn groups(&self) -> usize {
        match self.model_type {
            ModelType::Bert => self.num_hidden_layers,
            ModelType::Albert { groups, .. } => groups,
        }
    }

    /// The group of each distinct layer as the accelerator runs them: one for all, or one for each, where groups of several layers are
    /// so often there.
    #[must_use]
    pub fn distinct(&self) -> Vec<usize> {
        match self.groups() {
            1 => vec![0],
            groups => (0..self.num_hidden_layers).map(|layer| layer * groups / self.num_hidden_layers).collect(),
        }
    }

    /// The first distinct layer of a group.
    pub(crate) fn first(&self, group: usize) -> usize {
        self.distinct().iter().position(|&distinct| distinct == group).unwrap_or_default()
    }
}

/// Keys of the file, and what is wrong with them.
struct Keys {
    map: Map<String, Value>,
    problems: Vec<String>,
}

impl Keys {
    /// The value of a key; `null` is as good as none.
    fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// A number of at least 1; 1 stands in for one that cannot be used.
    fn count(&mut self, key: &str, default: Option<usize>) -> usize {
        let problem = match (self.get(key), default) {
            (None, Some(default)) => return default,
            (None, None) => format!("{key} is missing"),
            (Some(value), _) => match value.as_u64().map(usize::try_from) {
                Some(Ok(count @ 1..)) => return count,
                _ => format!("{key} is {value}, it must be a number of at least 1"),
            },
        };
        self.problems.push(problem);
        1
    }

    fn model_type(&mut self) -> ModelType {
        match self.get("model_type").map(|kind| kind.as_str().map_or_else(|| kind.to_string(), str::to_owned)) {
            None => ModelType::Bert,
            Some(kind) if kind == "bert" => ModelType::Bert,
            Some(kind) if kind == "albert" => {
                let inner = self.count("inner_group_num", Some(1));
                if inner != 1 {
                    self.problems.push(format!("inner_group_num is {inner}, only groups of 1 layer are known"));
                }
                // Hugging Face's own defaults.
                let embedding_size = self.count("embedding_size", Some(128));
                ModelType::Albert { embedding_size, groups: self.count("num_hidden_groups", Some(1)) }
            }
            Some(kind) => {
                self.problems.push(format!("model_type is `{kind}`, known are `albert` and `bert`"));
                ModelType::Bert
            }
        }
    }

    fn epsilon(&mut self) -> f32 {
        const DEFAULT: f32 = 1e-12;
        match self.get("layer_norm_eps").map(|value| (value.as_f64(), value)) {
            None => DEFAULT,
            Some((Some(epsilon), _)) if (0.0..1.0).contains(&epsilon) => epsilon as f32,
            Some((_, value)) => {
                self.problems.push(format!("layer_norm_eps is {value}, it must be a number from 0 to 1"));
                DEFAULT
            }
        }
    }

    fn activation(&mut self) -> Activation {
        let problem = match self.get("hidden_act") {
            None => "hidden_act is missing".to_owned(),
            Some(Value::String(name)) => match activation(name) {
                Ok(activation) => return activation,
                Err(problem) => format!("hidden_act is {problem}"),
            },
            Some(value) => format!("hidden_act is {value}, it must be a name"),
        };
        self.problems.push(problem);
        Activation::GeluErf
    }

    /// Refuses a key that has any but the one meaning that we know.
    fn refuse(&mut self, key: &str, instead: &str, known: impl Fn(&Value) -> bool) {
        if let Some(value) = self.get(key).filter(|value| !known(value)) {
            let shown = value.as_str().map_or_else(|| value.to_string(), |text| format!("`{text}`"));
            self.problems.push(format!("{key} is {shown}, {instead}"));
        }
    }
}
