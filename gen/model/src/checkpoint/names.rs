//! What tensors are called in Hugging Face's files of every family, after the prefix of the encoder. What
//! differs is a fact of the [family](super::Family).

/// The table of words, by which the prefix is found.
pub(crate) const WORDS: &str = "embeddings.word_embeddings.weight";
/// The table of positions.
pub(crate) const POSITIONS: &str = "embeddings.position_embeddings.weight";
/// The table of segment types.
pub(crate) const TYPES: &str = "embeddings.token_type_embeddings.weight";
/// The layer norm over their sum.
pub(crate) const EMBEDDING_NORM: &str = "embeddings.LayerNorm";

/// The first of an adapter's linear layers.
pub(crate) const DOWN: &str = "adapter_down.0";
/// The second.
pub(crate) const UP: &str = "adapter_up";

/// What begins the names of DeeBERT's and EdgeBERT's off-ramps, a number after it.
pub(crate) const HIGHWAY: &str = "encoder.highway.";
/// What ends the names of classes whose classifier is one of several.
pub(crate) const OF_SEQUENCES: &str = "ForSequenceClassification";
/// The first layer of an off-ramp of two.
pub(crate) const RAMP_POOLER: &str = "pooler";
/// The second.
pub(crate) const RAMP_CLASSIFIER: &str = "classifier";

/// Numbers in a row that older files hold.
pub(super) const BUFFERS: [&str; 2] = ["embeddings.position_ids", "embeddings.token_type_ids"];
/// What makes a sentence's vector of token 0.
pub(super) const POOLERS: [&str; 1] = ["pooler."];
/// Heads that pre-training leaves.
pub(super) const PRETRAINING: [&str; 10] = [
    "cls.",
    "discriminator_predictions.",
    "generator_lm_head.",
    "generator_predictions.",
    "lm_head.",
    "predictions.",
    "sop_classifier.",
    "vocab_layer_norm.",
    "vocab_projector.",
    "vocab_transform.",
];
/// Heads of tasks: what reads an encoder's output.
pub(super) const CLASSIFIERS: [&str; 3] = ["classifier.", "pre_classifier.", "qa_outputs."];
