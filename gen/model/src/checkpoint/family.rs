//! Families of encoders: what each calls its tensors and its settings, and the few ways in which they compute
//! differently. Facts alone: everything else about a family follows from its entry.

use super::site::Site;
use alberti_arith::Activation;

/// A family of encoders, by its `model_type` in Hugging Face's config.json.
#[derive(Debug, PartialEq)]
pub struct Family {
    /// `model_type`.
    pub name: &'static str,
    /// What stands before the names of its tensors in models with heads.
    pub prefix: &'static str,
    /// Keys of config.json that it calls otherwise than BERT does: BERT's, its own.
    keys: &'static [(&'static str, &'static str)],
    /// A layer with weights of its own; `{group}` and `{inner}` are its numbers.
    layer: &'static str,
    /// The linear layers in the order of [`Site::ALL`].
    sites: [&'static str; 6],
    /// The layer norms after the attention and after the feed-forward net.
    norms: [&'static str; 2],
    /// Where AdapterHub's `adapters` stores those of both halves.
    adapters: [&'static str; 2],
    /// Whether AdapterHub's `adapters` exchanges the dense layer's result and the half's input for the adapter
    /// after the attention.
    pub(crate) exchanged: bool,
    /// What makes a sentence's vector of token 0, with tanh after it.
    pub(crate) pooler: Option<&'static str>,
    /// The classifier of its class for sequences.
    pub(super) classifier: SequenceClassifier,
    /// Whether layers share weights by groups.
    pub(crate) shares: bool,
    /// What widens its embeddings.
    pub(crate) widening: Widening,
    /// Id of the padding token where config.json does not say, in families that count positions from the
    /// number after it.
    pub(crate) padding: Option<usize>,
    /// Segment types where config.json does not say; none in families without such a table.
    pub(crate) segments: Option<usize>,
    /// ε of the layer norms where config.json does not say.
    pub(crate) epsilon: f32,
}

/// A linear layer from the embeddings' width to the layers'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Widening {
    /// There is none.
    Never,
    /// Always there, by this name.
    Always(&'static str),
    /// There where the widths differ.
    WhereNeeded(&'static str),
}

/// A linear layer of token 0, a function, and a linear layer to logits; their names beside the encoder's
/// prefix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SequenceClassifier {
    /// The first layer and the function; without it the encoder's pooler.
    pub first: Option<(&'static str, Activation)>,
    /// The last layer.
    pub last: &'static str,
}

const BERT_SITES: [&str; 6] = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
];

/// BERT, whose names and settings most others have.
pub static BERT: Family = Family {
    name: "bert",
    prefix: "bert",
    keys: &[],
    layer: "encoder.layer.{group}",
    sites: BERT_SITES,
    norms: ["attention.output.LayerNorm", "output.LayerNorm"],
    adapters: ["attention.output", "output"],
    exchanged: false,
    pooler: Some("pooler.dense"),
    classifier: SequenceClassifier { first: None, last: "classifier" },
    shares: false,
    widening: Widening::Never,
    padding: None,
    segments: Some(2),
    epsilon: 1e-12,
};

/// ALBERT: layers share weights by groups, a linear layer widens the embeddings.
pub static ALBERT: Family = Family {
    name: "albert",
    prefix: "albert",
    layer: "encoder.albert_layer_groups.{group}.albert_layers.{inner}",
    sites: ["attention.query", "attention.key", "attention.value", "attention.dense", "ffn", "ffn_output"],
    norms: ["attention.LayerNorm", "full_layer_layer_norm"],
    adapters: ["attention.attention_adapters", "output_adapters"],
    exchanged: true,
    pooler: Some("pooler"),
    shares: true,
    widening: Widening::Always("encoder.embedding_hidden_mapping_in"),
    ..BERT
};

/// RoBERTa: positions count from the number after the padding token's.
static ROBERTA: Family = Family {
    name: "roberta",
    prefix: "roberta",
    classifier: SequenceClassifier { first: Some(("classifier.dense", Activation::Tanh)), last: "classifier.out_proj" },
    padding: Some(1),
    ..BERT
};

/// The same encoder over the words of a hundred languages.
static XLM_ROBERTA: Family = Family { name: "xlm-roberta", ..ROBERTA };

/// The same encoder over French words.
static CAMEMBERT: Family = Family { name: "camembert", ..ROBERTA };

/// DistilBERT: no segment types.
static DISTILBERT: Family = Family {
    name: "distilbert",
    prefix: "distilbert",
    keys: &[
        ("hidden_size", "dim"),
        ("num_hidden_layers", "n_layers"),
        ("num_attention_heads", "n_heads"),
        ("intermediate_size", "hidden_dim"),
        ("hidden_act", "activation"),
    ],
    layer: "transformer.layer.{group}",
    sites: ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2"],
    norms: ["sa_layer_norm", "output_layer_norm"],
    adapters: ["attention_adapters", "output_adapters"],
    pooler: None,
    classifier: SequenceClassifier { first: Some(("pre_classifier", Activation::Relu)), last: "classifier" },
    segments: None,
    ..BERT
};

/// ELECTRA: narrow embeddings are widened.
static ELECTRA: Family = Family {
    name: "electra",
    prefix: "electra",
    pooler: None,
    classifier: SequenceClassifier {
        first: Some(("classifier.dense", Activation::GeluErf)),
        last: "classifier.out_proj",
    },
    widening: Widening::WhereNeeded("embeddings_project"),
    ..BERT
};

/// Every family whose encoder runs.
static FAMILIES: [&Family; 7] = [&ALBERT, &BERT, &CAMEMBERT, &DISTILBERT, &ELECTRA, &ROBERTA, &XLM_ROBERTA];

/// Families that no accelerator runs, and what it lacks for them.
const REFUSED: [(&str, &str); 8] = [
    ("deberta", "its attention adds scores of relative positions"),
    ("deberta-v2", "its attention adds scores of relative positions"),
    ("longformer", "its attention is sparse, with projections of their own for global tokens"),
    ("mobilebert", "its layers have bottlenecks, stacked feed-forward nets and norms without mean and deviation"),
    ("modernbert", "it rotates queries and keys by position, and its feed-forward nets are gated"),
    ("mpnet", "its attention adds a bias for each distance"),
    ("squeezebert", "its linear layers are convolutions in groups"),
    ("xlnet", "its attention adds scores of relative positions"),
];

impl Family {
    /// The family of a `model_type`.
    ///
    /// # Errors
    /// Why it does not run, and which ones do.
    pub(super) fn of(model_type: &str) -> Result<&'static Self, String> {
        FAMILIES.into_iter().find(|family| family.name == model_type).ok_or_else(|| {
            let known = FAMILIES.map(|family| format!("`{}`", family.name)).join(", ");
            let why = REFUSED.iter().find(|(name, _)| *name == model_type);
            let why = why.map_or_else(String::new, |(_, why)| format!("{why}, which no accelerator has; "));
            format!("model_type is `{model_type}`: {why}known are {known}")
        })
    }

    /// What it calls a key of config.json that BERT has.
    pub(crate) fn key(&self, bert: &'static str) -> &'static str {
        self.keys.iter().find(|(theirs, _)| *theirs == bert).map_or(bert, |(_, own)| own)
    }

    /// What the names of a stored layer begin with: layer `inner` of a group.
    pub(super) fn layer(&self, (group, inner): (usize, usize)) -> String {
        self.layer.replace("{group}", &group.to_string()).replace("{inner}", &inner.to_string())
    }

    /// The group, and the layer in it, that a tensor belongs to.
    pub(super) fn layer_of(&self, name: &str) -> Option<(usize, usize)> {
        let mut own = self.layer.split('.');
        let mut numbers = [0, 0];
        let mut parts = name.split('.');
        own.try_for_each(|own| {
            let part = parts.next()?;
            match own {
                "{group}" => numbers[0] = part.parse().ok()?,
                "{inner}" => numbers[1] = part.parse().ok()?,
                _ if own == part => {}
                _ => return None,
            }
            Some(())
        })?;
        Some((numbers[0], numbers[1]))
    }

    /// A linear layer of a stored layer.
    pub(super) fn site(&self, layer: (usize, usize), site: Site) -> String {
        format!("{}.{}", self.layer(layer), self.sites[site as usize])
    }

    /// Its layer norm after the attention, or after the feed-forward net.
    pub(super) fn norm(&self, layer: (usize, usize), half: usize) -> String {
        format!("{}.{}", self.layer(layer), self.norms[half])
    }

    /// A part of a task's adapter after the attention, or after the feed-forward net, as AdapterHub's
    /// `adapters` stores it.
    pub(super) fn adapter(&self, layer: (usize, usize), half: usize, task: &str, part: &str) -> String {
        format!("{}.{}.adapters.{task}.{part}", self.layer(layer), self.adapters[half])
    }

    /// A part of a task's memory after the layer.
    pub(super) fn memory(&self, layer: (usize, usize), part: &str) -> String {
        format!("{}.spartan.{part}", self.layer(layer))
    }

    /// What widens embeddings of a width for layers of another, where there is such.
    pub(super) fn projection(&self, embedding: usize, hidden: usize) -> Option<&'static str> {
        match self.widening {
            Widening::Always(name) => Some(name),
            Widening::WhereNeeded(name) if embedding != hidden => Some(name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_known_by_the_names_that_it_gives() {
        for family in FAMILIES {
            let inner = if family.layer.contains("{inner}") { 2 } else { 0 };
            for name in [family.site((3, inner), Site::Key), family.norm((3, inner), 1)] {
                assert_eq!(family.layer_of(&name), Some((3, inner)), "{name}");
            }
            assert_eq!(family.layer_of("encoder.highway.0.weight"), None);
        }
    }

    #[test]
    fn families_are_sorted_by_name_and_none_is_refused_as_well() {
        assert!(FAMILIES.is_sorted_by_key(|family| family.name) && REFUSED.is_sorted());
        assert!(FAMILIES.iter().all(|family| REFUSED.iter().all(|(name, _)| *name != family.name)));
    }
}
