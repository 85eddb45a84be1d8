//! The shape of an encoder: the part of `config.json` that we need.

use super::{
    family::{BERT, Family, Widening},
    site::Site,
};
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

/// The shape of an encoder of the BERT family.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// Whose encoder it is.
    pub family: &'static Family,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Channels of the embeddings.
    pub embedding_size: usize,
    /// Number of encoder layers that are passed.
    pub num_hidden_layers: usize,
    /// Groups of layers with the same weights; as many as layers where none are shared.
    pub groups: usize,
    /// Layers of a group, passed one after the other.
    pub group_layers: usize,
    /// Heads of each attention.
    pub num_attention_heads: usize,
    /// Width of the feed-forward net.
    pub intermediate_size: usize,
    /// Token ids.
    pub vocab_size: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Id of the padding token, in families that count positions from the number after it: as many rows of
    /// their table, and one, belong to no token.
    pub padding: Option<usize>,
    /// Segment types; 1 where there is no table of them.
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
    /// AE0701 when it cannot be read, AE0702 with all that is wrong when it is malformed or describes an
    /// encoder that we cannot run.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ModelError::Unreadable { path: path.into(), source })?;
        Self::parse(&text).map_err(|problem| ModelError::Config { path: path.into(), problem })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let map = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut keys = Keys { map, family: &BERT, problems: Vec::new() };
        // The keys of a family that is not known mean nothing.
        keys.family = Family::of(&keys.model_type())?;
        let family = keys.family;
        let hidden_size = keys.count("hidden_size", None);
        let layers = keys.count("num_hidden_layers", None);
        let (groups, group_layers) = match family.shares {
            true => (keys.count("num_hidden_groups", Some(1)), keys.count("inner_group_num", Some(1))),
            false => (layers, 1),
        };
        let padding = family.padding.map(|default| keys.padding(default));
        let positions = keys.count("max_position_embeddings", None);
        let mut config = Self {
            family,
            hidden_size,
            embedding_size: match family.widening {
                Widening::Never => hidden_size,
                // Hugging Face's own default.
                _ => keys.count("embedding_size", Some(128)),
            },
            num_hidden_layers: layers.saturating_mul(group_layers),
            groups,
            group_layers,
            num_attention_heads: keys.count("num_attention_heads", None),
            intermediate_size: keys.count("intermediate_size", None),
            vocab_size: keys.count("vocab_size", None),
            max_position_embeddings: positions,
            padding,
            type_vocab_size: family.segments.map_or(1, |default| keys.count("type_vocab_size", Some(default))),
            layer_norm_eps: keys.epsilon(),
            hidden_act: keys.activation(),
        };
        let first = config.first_position();
        if first >= positions {
            let problem = format!("max_position_embeddings is {positions}, the first position is {first}");
            keys.problems.push(problem);
        }
        config.max_position_embeddings = positions.saturating_sub(first);
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
        let Self { family, hidden_size, num_hidden_layers: layers, num_attention_heads: heads, groups, .. } = *self;
        let mut problems = Vec::new();
        if layers > MAX_LAYERS {
            let key = family.key("num_hidden_layers");
            problems.push(format!("{key} is {}, at most {MAX_LAYERS} layers are taken", layers / self.group_layers));
        }
        if heads > 0 && !hidden_size.is_multiple_of(heads) {
            let [width, count] = ["hidden_size", "num_attention_heads"].map(|key| family.key(key));
            problems.push(format!("{width} {hidden_size} is not a multiple of {count} {heads}"));
        }
        if groups > layers / self.group_layers && layers > 0 {
            let layers = layers / self.group_layers;
            problems.push(format!("num_hidden_groups {groups} is more than num_hidden_layers {layers}"));
        }
        problems
    }

    /// The row of the table of positions that the first token takes.
    #[must_use]
    pub fn first_position(&self) -> usize {
        self.padding.map_or(0, |padding| padding.saturating_add(1))
    }

    /// Layers with weights of their own, as the file has them: those of the first group, of the second, …
    #[must_use]
    pub const fn stored(&self) -> usize {
        self.groups * self.group_layers
    }

    /// The group of a stored layer, and its number there.
    const fn place(&self, stored: usize) -> (usize, usize) {
        (stored / self.group_layers, stored % self.group_layers)
    }

    /// The name of a linear layer of a stored layer.
    pub(crate) fn site(&self, stored: usize, site: Site) -> String {
        self.family.site(self.place(stored), site)
    }

    /// The name of its layer norm after the attention, or after the feed-forward net.
    pub(crate) fn norm(&self, stored: usize, half: usize) -> String {
        self.family.norm(self.place(stored), half)
    }

    /// The name of a part of a task's adapter after either.
    pub(crate) fn adapter(&self, stored: usize, half: usize, task: &str, part: &str) -> String {
        self.family.adapter(self.place(stored), half, task, part)
    }

    /// The name of a part of a task's memory after a stored layer.
    pub(crate) fn memory(&self, stored: usize, part: &str) -> String {
        self.family.memory(self.place(stored), part)
    }

    /// The name of what widens the embeddings, where there is such.
    pub(crate) fn projection(&self) -> Option<&'static str> {
        self.family.projection(self.embedding_size, self.hidden_size)
    }

    /// The key of config.json that a stored layer is past, with its value.
    pub(crate) fn layers_key(&self, (group, _): (usize, usize)) -> (&'static str, usize) {
        match self.family.shares {
            true if group < self.groups => ("inner_group_num", self.group_layers),
            true => ("num_hidden_groups", self.groups),
            false => (self.family.key("num_hidden_layers"), self.groups),
        }
    }

    /// The stored layer of each distinct layer as the accelerator runs them: those of one group again and
    /// again, or one for each layer that is passed, where groups of several layers are so often there.
    #[must_use]
    pub fn distinct(&self) -> Vec<usize> {
        let passes = self.num_hidden_layers / self.group_layers;
        match self.groups {
            1 => (0..self.group_layers).collect(),
            groups => (0..passes)
                .flat_map(|pass| (0..self.group_layers).map(move |layer| (pass * groups / passes, layer)))
                .map(|(group, layer)| group * self.group_layers + layer)
                .collect(),
        }
    }

    /// The first distinct layer of a stored one.
    pub(crate) fn first(&self, stored: usize) -> usize {
        self.distinct().iter().position(|&distinct| distinct == stored).unwrap_or_default()
    }
}

/// Keys of the file, by BERT's names, and what is wrong with them.
struct Keys {
    map: Map<String, Value>,
    family: &'static Family,
    problems: Vec<String>,
}

impl Keys {
    /// The value of a key; `null` is as good as none.
    fn get(&self, key: &'static str) -> Option<&Value> {
        self.map.get(self.family.key(key)).filter(|value| !value.is_null())
    }

    /// A number of at least 1; 1 stands in for one that cannot be used.
    fn count(&mut self, key: &'static str, default: Option<usize>) -> usize {
        let value = self.get(key);
        let key = self.family.key(key);
        let problem = match (value, default) {
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

    fn model_type(&self) -> String {
        let kind = self.get("model_type").map(|kind| kind.as_str().map_or_else(|| kind.to_string(), str::to_owned));
        kind.unwrap_or_else(|| BERT.name.to_owned())
    }

    /// The id of the padding token.
    fn padding(&mut self, default: usize) -> usize {
        match self.get("pad_token_id").map(|value| (value.as_u64().map(usize::try_from), value)) {
            None => default,
            Some((Some(Ok(id)), _)) => id,
            Some((_, value)) => {
                self.problems.push(format!("pad_token_id is {value}, it must be the id of a token"));
                default
            }
        }
    }

    fn epsilon(&mut self) -> f32 {
        let default = self.family.epsilon;
        match self.get("layer_norm_eps").map(|value| (value.as_f64(), value)) {
            None => default,
            Some((Some(epsilon), _)) if (0.0..1.0).contains(&epsilon) => epsilon as f32,
            Some((_, value)) => {
                self.problems.push(format!("layer_norm_eps is {value}, it must be a number from 0 to 1"));
                default
            }
        }
    }

    fn activation(&mut self) -> Activation {
        let key = self.family.key("hidden_act");
        let problem = match self.get("hidden_act") {
            None => format!("{key} is missing"),
            Some(Value::String(name)) => match activation(name) {
                Ok(activation) => return activation,
                Err(problem) => format!("{key} is {problem}"),
            },
            Some(value) => format!("{key} is {value}, it must be a name"),
        };
        self.problems.push(problem);
        Activation::GeluErf
    }

    /// Refuses a key that has any but the one meaning that we know.
    fn refuse(&mut self, key: &'static str, instead: &str, known: impl Fn(&Value) -> bool) {
        if let Some(value) = self.get(key).filter(|value| !known(value)) {
            let shown = value.as_str().map_or_else(|| value.to_string(), |text| format!("`{text}`"));
            self.problems.push(format!("{key} is {shown}, {instead}"));
        }
    }
}
