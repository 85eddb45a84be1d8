//! What tensors are called in Hugging Face's files, after the prefix of the encoder.

use super::{config::ModelType, site::Site};

/// The table of words, by which the prefix is found.
pub(crate) const WORDS: &str = "embeddings.word_embeddings.weight";
/// The table of positions.
pub(crate) const POSITIONS: &str = "embeddings.position_embeddings.weight";
/// The table of segment types.
pub(crate) const TYPES: &str = "embeddings.token_type_embeddings.weight";
/// The layer norm over their sum.
pub(crate) const EMBEDDING_NORM: &str = "embeddings.LayerNorm";
/// What widens the embeddings of ALBERT.
pub(crate) const PROJECTION: &str = "encoder.embedding_hidden_mapping_in";

/// The first of an adapter's linear layers.
pub(crate) const DOWN: &str = "adapter_down.0";
/// The second.
pub(crate) const UP: &str = "adapter_up";

/// The classifier of a model's own class, beside the encoder's prefix.
pub(crate) const CLASSIFIER: &str = "classifier";
/// What begins the names of DeeBERT's and EdgeBERT's off-ramps, a number after it.
pub(crate) const HIGHWAY: &str = "encoder.highway.";
/// What ends the names of classes whose classifier reads the pooler.
pub(crate) const OF_SEQUENCES: &str = "ForSequenceClassification";
/// The first layer of an off-ramp of two.
pub(crate) const RAMP_POOLER: &str = "pooler";
/// The second.
pub(crate) const RAMP_CLASSIFIER: &str = "classifier";

/// What begins the names of modules that read an encoder's output, where they stand beside it.
pub(crate) const HEADS: [&str; 6] =
    ["pooler.", "cls.", "predictions.", "sop_classifier.", "classifier.", "qa_outputs."];
/// Of these the ones that training the encoder leaves, which no task uses.
pub(crate) const OF_TRAINING: [&str; 4] = ["pooler", "cls", "predictions", "sop_classifier"];
/// Numbers in a row that older files hold.
pub(crate) const BUFFERS: [&str; 2] = ["embeddings.position_ids", "embeddings.token_type_ids"];

impl ModelType {
    /// What a layer's names begin with; ALBERT counts groups.
    pub(super) fn layer(self, group: usize) -> String {
        match self {
            Self::Bert => format!("encoder.layer.{group}"),
            Self::Albert { .. } => format!("encoder.albert_layer_groups.{group}.albert_layers.0"),
        }
    }

    /// The layer or group that a tensor belongs to.
    pub(super) fn group_of(self, name: &str) -> Option<usize> {
        let start = match self {
            Self::Bert => "encoder.layer.",
            Self::Albert { .. } => "encoder.albert_layer_groups.",
        };
        name.strip_prefix(start)?.split('.').next()?.parse().ok()
    }

    /// The key of config.json that says how many there are.
    pub(super) const fn groups_key(self) -> &'static str {
        match self {
            Self::Bert => "num_hidden_layers",
            Self::Albert { .. } => "num_hidden_groups",
        }
    }

    /// What reads token 0 for classifiers.
    pub(super) const fn pooler(self) -> &'static str {
        match self {
            Self::Bert => "pooler.dense",
            Self::Albert { .. } => "pooler",
        }
    }

    /// A linear layer.
    pub(crate) fn site(self, group: usize, site: Site) -> String {
        let (bert, albert) = match site {
            Site::Query => ("attention.self.query", "attention.query"),
            Site::Key => ("attention.self.key", "attention.key"),
            Site::Value => ("attention.self.value", "attention.value"),
            Site::AttentionOutput => ("attention.output.dense", "attention.dense"),
            Site::Intermediate => ("intermediate.dense", "ffn"),
            Site::Output => ("output.dense", "ffn_output"),
        };
        self.choose(group, bert, albert)
    }

    /// The layer norm after the attention, or after the feed-forward net.
    pub(crate) fn norm(self, group: usize, half: usize) -> String {
        let (bert, albert) =
            [("attention.output.LayerNorm", "attention.LayerNorm"), ("output.LayerNorm", "full_layer_layer_norm")]
                [half];
        self.choose(group, bert, albert)
    }

    /// A part of a task's adapter after the attention, or after the feed-forward net, as AdapterHub's
    /// `adapters` stores it.
    pub(crate) fn adapter(self, group: usize, half: usize, task: &str, part: &str) -> String {
        let (bert, albert) =
            [("attention.output", "attention.attention_adapters"), ("output", "output_adapters")][half];
        let at = |module: &str| format!("{module}.adapters.{task}.{part}");
        self.choose(group, &at(bert), &at(albert))
    }

    fn choose(self, group: usize, bert: &str, albert: &str) -> String {
        let name = if self == Self::Bert { bert } else { albert };
        format!("{}.{name}", self.layer(group))
    }
}
