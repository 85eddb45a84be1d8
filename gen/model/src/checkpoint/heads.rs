//! What a checkpoint answers with by itself: the classifier of Hugging Face's `BertForSequenceClassification`
//! and its like, and the off-ramps that DeeBERT and EdgeBERT add to it.
//!
//! ```text
//! logits = last·f(first·x) of token 0, for BERT classifier·tanh(pooler·x)
//! ```

use super::{Linear, ModelConfig, Tensors, names};
use alberti_arith::Activation;
use glob::Pattern;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The heads in a checkpoint's own file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnHeads {
    /// Reads token 0; tanh follows it.
    pub pooler: Option<Linear>,
    /// What answers where no task is asked for, if the file is of a class that has it.
    pub classifier: Option<OwnClassifier>,
    /// The names of its tensors.
    pub tensors: Vec<String>,
}

/// The classifier of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnClassifier {
    /// Reads token 0, with a function after it.
    pub first: (Linear, Activation),
    /// From that to logits.
    pub logits: Linear,
    /// What its classes are called.
    pub labels: Vec<String>,
    /// Pooler and classifier of each off-ramp, by the layer that it follows, counted from 1.
    pub off_ramps: BTreeMap<usize, [Linear; 2]>,
    /// The off-ramp after every layer, where all share one.
    pub shared: Option<[Linear; 2]>,
}

impl OwnHeads {
    /// Takes the tensors of heads; `config` is the text of config.json. A classifier that a pattern leaves out
    /// does not answer.
    pub(super) fn take(tensors: &mut Tensors, shape: &ModelConfig, config: &str, ignore: &[Pattern]) -> Self {
        let family = shape.family;
        let pooler = family.pooler.and_then(|at| tensors.peek(|all| square(all, at, shape.hidden_size)));
        let settings: Map<String, Value> = serde_json::from_str(config).unwrap_or_default();
        if !classifies_sequences(&settings) {
            return Self { pooler, ..Self::default() };
        }
        let before = tensors.taken();
        let first = match family.classifier.first {
            Some((at, function)) => tensors.whole(|all| Some((square(all, at, shape.hidden_size)?, function))),
            None => family.pooler.and_then(|at| Some((square(tensors, at, shape.hidden_size)?, Activation::Tanh))),
        };
        let classifier = first.and_then(|first| OwnClassifier::take(tensors, shape, &settings, first));
        let own = tensors.taken().difference(&before).cloned().collect();
        let own: Vec<String> = own;
        let left_out = own.iter().any(|tensor| ignore.iter().any(|pattern| pattern.matches(tensor)));
        match classifier {
            Some(_) if !left_out => Self { pooler, classifier, tensors: own },
            _ => {
                tensors.give_back(&own);
                Self { pooler, ..Self::default() }
            }
        }
    }
}

/// A linear layer of as many outputs as inputs, if there is one of this width.
fn square(tensors: &mut Tensors, at: &str, width: usize) -> Option<Linear> {
    let fits = |part: &str, shape: &[usize]| tensors.shape(&format!("{at}.{part}")).is_some_and(|own| own == shape);
    (fits("weight", &[width, width]) && fits("bias", &[width])).then(|| tensors.linear(at, width, width))
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
    fn take(
        tensors: &mut Tensors,
        shape: &ModelConfig,
        settings: &Map<String, Value>,
        first: (Linear, Activation),
    ) -> Option<Self> {
        let (hidden, depth) = (shape.hidden_size, shape.num_hidden_layers);
        let at = shape.family.classifier.last;
        let classes = tensors.whole(|all| all.shape(&format!("{at}.weight")))?.first().copied()?;
        let logits = tensors.whole(|all| all.linear(at, classes, hidden));
        let numbers: BTreeSet<usize> = (tensors.behind(names::HIGHWAY).iter())
            .filter_map(|name| name.split_once('.')?.0.parse().ok())
            // The entropy of one class decides nothing.
            .filter(|&layer| layer < depth && classes > 1)
            .collect();
        let pooler = ["pooler.dense", "pooler"];
        let mut ramp = |layer: usize| {
            let at = format!("{}{layer}", names::HIGHWAY);
            let has = |part: &&str| tensors.shape(&format!("{at}.{part}.weight")).is_some();
            let part = pooler.iter().copied().find(has).unwrap_or(pooler[0]);
            [
                tensors.linear(&format!("{at}.{part}"), hidden, hidden),
                tensors.linear(&format!("{at}.{}", names::RAMP_CLASSIFIER), classes, hidden),
            ]
        };
        // EdgeBERT's `one_class`: an off-ramp for each group of layers.
        let by_group = settings.get("one_class").and_then(Value::as_bool).unwrap_or_default();
        let groups = shape.groups;
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
        Some(Self { first, logits, labels: labels(settings, classes), off_ramps, shared })
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
