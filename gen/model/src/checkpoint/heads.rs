//! What a checkpoint answers with by itself: the classifier of Hugging Face's `BertForSequenceClassification`
//! and its like, and the off-ramps that DeeBERT and EdgeBERT add to it.
//!
//! ```text
//! logits = classifier·tanh(pooler·x) of token 0
//! ```

use super::{Linear, ModelConfig, Tensors, names};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The heads in a checkpoint's own file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnHeads {
    /// Reads token 0; tanh follows it.
    pub pooler: Option<Linear>,
    /// What reads the pooler, where the file is of a class that has it.
    pub classifier: Option<OwnClassifier>,
}

/// The classifier of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnClassifier {
    /// From the pooler's outputs to logits.
    pub logits: Linear,
    /// What its classes are called.
    pub labels: Vec<String>,
    /// Pooler and classifier of each off-ramp, by the layer that it follows, counted from 1.
    pub off_ramps: BTreeMap<usize, [Linear; 2]>,
    /// The off-ramp after every layer, where all share one.
    pub shared: Option<[Linear; 2]>,
}

impl OwnHeads {
    /// Takes the tensors of heads; `config` is the text of config.json.
    pub(super) fn take(tensors: &mut Tensors, shape: &ModelConfig, config: &str) -> Self {
        let hidden = shape.hidden_size;
        let at = shape.model_type.pooler();
        let fits = tensors.shape(&format!("{at}.weight")).is_some_and(|shape| shape == [hidden, hidden]);
        let pooler = fits.then(|| tensors.linear(at, hidden, hidden));
        let settings: Map<String, Value> = serde_json::from_str(config).unwrap_or_default();
        let classifier = (pooler.is_some() && classifies_sequences(&settings))
            .then(|| OwnClassifier::take(tensors, shape, &settings))
            .flatten();
        Self { pooler, classifier }
    }
}

/// Whether the file is of a class whose classifier reads the pooler, one class of several.
fn classifies_sequences(settings: &Map<String, Value>) -> bool {
    let of_sequences = |class: &Value| class.as_str().is_some_and(|class| class.ends_with(names::OF_SEQUENCES));
    let class = match settings.get("architectures").and_then(Value::as_array) {
        Some(classes) => classes.iter().any(of_sequences),
        None => true,
    };
    class && settings.get("problem_type").and_then(Value::as_str) != Some("multi_label_classification")
}

impl OwnClassifier {
    fn take(tensors: &mut Tensors, shape: &ModelConfig, settings: &Map<String, Value>) -> Option<Self> {
        let (hidden, depth) = (shape.hidden_size, shape.num_hidden_layers);
        let at = names::CLASSIFIER;
        let classes = tensors.whole(|all| all.shape(&format!("{at}.weight")))?.first().copied()?;
        let logits = tensors.whole(|all| all.linear(at, classes, hidden));
        let numbers: BTreeSet<usize> = (tensors.behind(names::HIGHWAY).iter())
            .filter_map(|name| name.split_once('.')?.0.parse().ok())
            .filter(|&layer| layer < depth)
            .collect();
        let pooler = ["pooler.dense", "pooler"];
        let mut ramp = |layer: usize| {
            let at = format!("{}{layer}", names::HIGHWAY);
            let has = |part: &&str| tensors.shape(&format!("{at}.{part}.weight")).is_some();
            let part = pooler.iter().copied().find(has).unwrap_or(pooler[0]);
            [
                tensors.linear(&format!("{at}.{part}"), hidden, hidden),
                tensors.linear(&format!("{at}.{}", names::CLASSIFIER), classes, hidden),
            ]
        };
        // EdgeBERT's `one_class`: an off-ramp for each group of layers.
        let by_group = settings.get("one_class").and_then(Value::as_bool).unwrap_or_default();
        let groups = shape.groups();
        let (mut off_ramps, mut shared) = (BTreeMap::new(), None);
        match (by_group, groups) {
            (true, 1) => shared = numbers.first().map(|&group| ramp(group)),
            (true, _) => {
                let group = |layer: usize| layer * groups / depth;
                let of_layer = (0..depth).filter(|&layer| numbers.contains(&group(layer)));
                off_ramps.extend(of_layer.map(|layer| (layer + 1, ramp(group(layer)))));
            }
            (false, _) => off_ramps.extend(numbers.into_iter().map(|layer| (layer + 1, ramp(layer)))),
        }
        Some(Self { logits, labels: labels(settings, classes), off_ramps, shared })
    }
}

/// The names of classes, by `id2label`; Hugging Face's own where there are no such for all of them.
fn labels(settings: &Map<String, Value>, classes: usize) -> Vec<String> {
    let names = settings.get("id2label").and_then(Value::as_object);
    let name = |class: usize| Some(names?.get(&class.to_string())?.as_str()?.to_owned());
    let known = names.is_some_and(|names| names.len() == classes);
    let all: Option<Vec<String>> = (0..classes).map(name).collect();
    all.filter(|_| known).unwrap_or_else(|| (0..classes).map(|class| format!("LABEL_{class}")).collect())
}
