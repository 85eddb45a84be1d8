//! Reading heads: classifiers of AdapterHub and of Hugging Face's own classes, and off-ramps.

use super::{
    super::{ActivatedLinear, CLASSES_MAX, Classifier, Heads, plain},
    HEAD, HEAD_CONFIG, OFF_RAMP,
    read::{Reader, Settings},
};
use crate::{
    Linear, ModelError,
    checkpoint::{Tensors, names},
};
use alberti_arith::Activation;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// More layers than any head has.
const LAYERS_MAX: u64 = 16;

impl Reader<'_> {
    /// Names of classes, classifier and off-ramps.
    pub(super) fn heads(&mut self) -> Result<(Vec<String>, Option<Heads<Classifier>>), ModelError> {
        let settings = self.settings(HEAD_CONFIG)?;
        let Some(bytes) = self.bytes(HEAD)? else {
            if settings.is_some() {
                self.missing(HEAD, "pytorch_model_head.bin");
            }
            return Ok(Default::default());
        };
        let mut tensors = Tensors::parse(&self.folder.join(HEAD), &bytes)?;
        let Some(Settings { name, keys, whole }) = settings else {
            if self.bytes(HEAD_CONFIG)?.is_none() {
                self.problem(HEAD_CONFIG, format!("it is missing, {HEAD} is there"));
            }
            return Ok(Default::default());
        };
        // A head of a model's own class has its settings at the top.
        let settings = keys.as_ref().unwrap_or(&whole);
        let Some(classes) = self.classes(settings) else { return Ok(Default::default()) };
        let labels = labels(settings.get("label2id").filter(|ids| !ids.is_null()), classes).unwrap_or_else(|problem| {
            self.problem(HEAD_CONFIG, problem);
            Vec::new()
        });
        let classifier = match &keys {
            Some(settings) => self.flexible(&name, settings, classes, &mut tensors),
            None => self.of_class(&whole, classes, &mut tensors),
        };
        let heads = self.off_ramps(Heads::new(classifier), &mut tensors, classes);
        tensors.finish_complete().iter().for_each(|problem| self.problem(HEAD, problem));
        Ok((labels, Some(heads)))
    }

    fn classes(&mut self, settings: &Map<String, Value>) -> Option<usize> {
        let classes = settings.get("num_labels").and_then(Value::as_u64).unwrap_or(2);
        let fits = usize::try_from(classes).ok().filter(|classes| (1..=CLASSES_MAX).contains(classes));
        if fits.is_none() {
            self.problem(HEAD_CONFIG, format!("num_labels is {classes}, it must be 1 to {CLASSES_MAX}"));
        }
        fits
    }

    /// AdapterHub's `ClassificationHead`: dropout, linear layer, function, and so on, numbered from 0.
    fn flexible(
        &mut self,
        name: &str,
        settings: &Map<String, Value>,
        classes: usize,
        tensors: &mut Tensors,
    ) -> Classifier {
        self.require(HEAD_CONFIG, settings, &[("head_type", json!("classification"))]);
        let hidden = self.backbone.config.hidden_size;
        // The library's own defaults.
        let layers = settings.get("layers").map_or(Some(2), Value::as_u64);
        let Some(layers) = layers.filter(|layers| (1..=LAYERS_MAX).contains(layers)) else {
            self.problem(HEAD_CONFIG, format!("layers must be 1 to {LAYERS_MAX}"));
            return Classifier::new();
        };
        let activation = match settings.get("activation_function") {
            None => Activation::Tanh,
            Some(Value::Null) => Activation::Identity,
            Some(_) if layers == 1 => Activation::Identity,
            Some(function) => self.function(HEAD_CONFIG, "activation_function", function),
        };
        let mut classifier = Classifier::new();
        if settings.get("use_pooler").and_then(Value::as_bool).unwrap_or_default() {
            classifier.extend(self.pooler("use_pooler is true"));
        }
        let step = if activation == Activation::Identity { 2 } else { 3 };
        for layer in 1..layers {
            let linear = tensors.linear(&format!("heads.{name}.{}", 1 + step * (layer - 1)), hidden, hidden);
            classifier.push(ActivatedLinear { linear, activation });
        }
        let at = format!("heads.{name}.{}", 1 + step * (layers - 1));
        let last = match settings.get("bias").and_then(Value::as_bool) {
            Some(false) => {
                Linear { weight: tensors.matrix(&format!("{at}.weight"), classes, hidden), bias: vec![0.0; classes] }
            }
            _ => tensors.linear(&at, classes, hidden),
        };
        classifier.extend(plain(last));
        classifier
    }

    /// The head of a model's own class for sequences: a linear layer of what the pooler gives, or of a layer of
    /// the head's own.
    fn of_class(&mut self, settings: &Map<String, Value>, classes: usize, tensors: &mut Tensors) -> Classifier {
        let class = settings.get("model_class").and_then(Value::as_str).unwrap_or_default();
        if !class.ends_with(names::OF_SEQUENCES) {
            let problem = format!("it has no settings under `config`, and model_class is `{class}`");
            self.problem(HEAD_CONFIG, format!("{problem}: known are AdapterHub's heads and *{}", names::OF_SEQUENCES));
        }
        let (hidden, own) = (self.backbone.config.hidden_size, self.backbone.config.family.classifier);
        let first = match own.first {
            Some((at, activation)) => Some(ActivatedLinear { linear: tensors.linear(at, hidden, hidden), activation }),
            None => self.pooler(&format!("model_class is `{class}`")),
        };
        first.into_iter().chain(plain(tensors.linear(own.last, classes, hidden))).collect()
    }

    /// The model's pooler, which something asks for.
    fn pooler(&mut self, why: &str) -> Option<ActivatedLinear> {
        let pooler = self.backbone.own.pooler.clone();
        if pooler.is_none() {
            self.problem(HEAD_CONFIG, format!("{why}, and the model's own file has no pooler"));
        }
        pooler.map(|linear| ActivatedLinear { linear, activation: Activation::Tanh })
    }

    /// The same heads with the off-ramps: `off_ramp` after every layer, or `off_ramp.<i>` after layer i,
    /// counted from 0, each a linear layer, or `pooler` and `classifier` with tanh between. One after the
    /// last layer is read, and does not answer.
    fn off_ramps(&mut self, heads: Heads<Classifier>, tensors: &mut Tensors, classes: usize) -> Heads<Classifier> {
        let depth = self.backbone.config.num_hidden_layers;
        let names = tensors.behind(&format!("{OFF_RAMP}."));
        if !names.is_empty() && classes < 2 {
            self.problem(HEAD, format!("{OFF_RAMP}: the entropy of one class decides nothing"));
        }
        let number = |name: &String| name.split_once('.').and_then(|(number, _)| number.parse().ok());
        let numbers: BTreeSet<usize> = names.iter().filter_map(number).collect();
        let shared = names.iter().any(|name| PARTS.contains(&name.split('.').next().unwrap_or_default()));
        if shared && !numbers.is_empty() {
            let problem = "after all layers, or one after each layer, not both";
            self.problem(HEAD, format!("{OFF_RAMP}.weight and {OFF_RAMP}.<layer>.weight: one off-ramp {problem}"));
        }
        for layer in numbers.iter().filter(|&&layer| layer >= depth) {
            self.problem(
                HEAD,
                format!("{OFF_RAMP}.{layer}: the encoder's layers are 0 to {}", depth.saturating_sub(1)),
            );
        }
        let hidden = self.backbone.config.hidden_size;
        let mut ramp = |at: String| off_ramp(&at, tensors, classes, hidden);
        let ramps: BTreeMap<usize, Classifier> =
            numbers.into_iter().map(|layer| (layer + 1, ramp(format!("{OFF_RAMP}.{layer}")))).collect();
        match shared {
            true => heads.with_shared(ramp(OFF_RAMP.to_owned()), depth),
            false => heads.with_own(ramps, depth),
        }
    }
}

/// What the names of a shared off-ramp's tensors begin with.
const PARTS: [&str; 4] = ["weight", "bias", names::RAMP_POOLER, names::RAMP_CLASSIFIER];

/// A linear layer, or two with tanh between.
fn off_ramp(at: &str, tensors: &mut Tensors, classes: usize, hidden: usize) -> Classifier {
    let [pooler, classifier] = [names::RAMP_POOLER, names::RAMP_CLASSIFIER].map(|part| format!("{at}.{part}"));
    if tensors.behind(&format!("{pooler}.")).is_empty() && tensors.behind(&format!("{classifier}.")).is_empty() {
        return plain(tensors.linear(at, classes, hidden));
    }
    let linear = tensors.linear(&pooler, hidden, hidden);
    let mut layers = vec![ActivatedLinear { linear, activation: Activation::Tanh }];
    layers.extend(plain(tensors.linear(&classifier, classes, hidden)));
    layers
}

/// The names of classes in the order of their ids.
fn labels(ids: Option<&Value>, classes: usize) -> Result<Vec<String>, String> {
    let Some(ids) = ids else { return Ok((0..classes).map(|class| format!("LABEL_{class}")).collect()) };
    let mut labels = vec![None; classes];
    for (label, id) in ids.as_object().into_iter().flatten() {
        let id = id.as_u64().and_then(|id| usize::try_from(id).ok());
        if let Some(place) = id.and_then(|id| labels.get_mut(id)) {
            *place = Some(label.clone());
        }
    }
    let count = ids.as_object().map(Map::len);
    let all: Option<Vec<String>> = labels.into_iter().collect();
    all.filter(|_| count == Some(classes))
        .ok_or_else(|| format!("label2id must name each of 0 to {} once", classes - 1))
}
