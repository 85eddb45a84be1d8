//! Reading tasks.

use super::{
    super::{Adapted, AdaptedHalf, Adapter, CLASSES_MAX, Heads, Span, Task, TaskLayer},
    ADAPTER, ADAPTER_CONFIG, CLASSIFIER, HEAD, HEAD_CONFIG, OFF_RAMP, TASK, TASKS, span,
};
use crate::{
    Checkpoint, Linear, ModelError, Source,
    checkpoint::{self, Norm, Tensors, conversion, names},
};
use alberti_arith::Activation;
use alberti_diagnostic::{Code, Diagnostic, quote};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// A model with some of its tasks: paths of folders, or names of those in the model's own `tasks`; without
/// any the encoder itself.
///
/// # Errors
/// AE0701 to AE0704 of the model, AE0717 of a task.
pub fn load<'a>(model: impl Into<Source<'a>>, tasks: &[PathBuf]) -> Result<Adapted, ModelError> {
    let source = model.into();
    let (model, backbone) = (source.folder, Checkpoint::load(source)?);
    if tasks.is_empty() {
        return Ok(Adapted::from(backbone));
    }
    let folder = |name: &PathBuf| Some(model.join(TASKS).join(name)).filter(|own| own.is_dir()).unwrap_or(name.clone());
    let read = |name: &PathBuf| match folder(name) {
        folder if folder.is_dir() => task(&folder, &backbone),
        missing => Err(no_task(model, &missing)),
    };
    let tasks = tasks.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Adapted { backbone, tasks })
}

/// That there is no such task; the help names those that the model has.
fn no_task(model: &Path, task: &Path) -> ModelError {
    let own = model.join(TASKS);
    let entries = std::fs::read_dir(&own).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let message =
        format!("there is no task {}: it is neither a folder nor in {}", quote(&task.to_string_lossy()), own.display());
    let help = match names.as_slice() {
        [] => "the model has no tasks of its own: give the folder of one, with adapters, classifier or spans (docs/tasks.md)".to_owned(),
        names => format!("the model has {}; or give the folder of a task (docs/tasks.md)", names.join(", ")),
    };
    ModelError::Diagnosed(Box::new(Diagnostic::new(Code::ModelUnreadable, message, help)))
}

/// A task of a model.
///
/// # Errors
/// AE0701 when its folder or a file cannot be read, AE0703 when tensors are cut off, AE0717 with all else
/// that is wrong.
pub fn task(folder: &Path, backbone: &Checkpoint) -> Result<Task, ModelError> {
    let unreadable = |source| ModelError::Unreadable { path: folder.into(), source };
    std::fs::read_dir(folder).map_err(unreadable)?;
    let mut reader = Reader { folder, backbone, problems: Vec::new() };
    let name = reader.name();
    let spans = reader.spans()?;
    let halves = reader.halves()?;
    let (labels, heads) = reader.heads()?;
    if !reader.problems.is_empty() {
        return Err(ModelError::Task { path: folder.into(), problems: reader.problems });
    }
    let groups: Vec<TaskLayer> =
        spans.into_iter().zip(halves).map(|(spans, halves)| TaskLayer { spans, halves }).collect();
    let layers = backbone.config.distinct().into_iter().map(|group| groups[group].clone()).collect();
    Ok(Task { name, labels, layers, heads })
}

/// A file of settings.
struct Settings {
    /// Of the adapter, or of the head.
    name: String,
    keys: Map<String, Value>,
}

struct Reader<'a> {
    folder: &'a Path,
    backbone: &'a Checkpoint,
    problems: Vec<String>,
}

/// What `adapter_config.json` says.
#[derive(Clone, Copy)]
struct Adapters {
    /// After the attention, after the feed-forward net.
    halves: [bool; 2],
    activation: Activation,
}

impl Reader<'_> {
    /// The bytes of a file; none when it is not there.
    fn bytes(&self, file: &str) -> Result<Option<Vec<u8>>, ModelError> {
        let path = self.folder.join(file);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ModelError::Unreadable { path, source }),
        }
    }

    fn problem(&mut self, file: &str, problem: impl AsRef<str>) {
        self.problems.push(format!("{file}: {}", problem.as_ref()));
    }

    /// That a file of tensors is missing, and what makes it of PyTorch's where that is there.
    fn missing(&mut self, file: &str, foreign: &str) {
        let problem = match self.folder.join(foreign).exists() {
            true => format!("it is missing, {foreign} is there; in that folder run: {}", conversion(foreign, file)),
            false => "it is missing".to_owned(),
        };
        self.problem(file, problem);
    }

    /// A file of settings, checked for whose they are; none when it is not there, or no such file.
    fn settings(&mut self, file: &str) -> Result<Option<Settings>, ModelError> {
        let Some(bytes) = self.bytes(file)? else { return Ok(None) };
        let whole: Map<String, Value> = match serde_json::from_slice(&bytes) {
            Ok(whole) => whole,
            Err(error) => {
                self.problem(file, error.to_string());
                return Ok(None);
            }
        };
        let config = &self.backbone.config;
        for (key, ours) in [("hidden_size", json!(config.hidden_size)), ("model_type", json!(config.family.name))] {
            if let Some(theirs) = whole.get(key).filter(|theirs| **theirs != ours) {
                self.problem(file, format!("{key} is {theirs}, the model's is {ours}"));
            }
        }
        match whole.get("config").and_then(Value::as_object).cloned() {
            Some(keys) => {
                let name = whole.get("name").and_then(Value::as_str).map_or_else(|| self.name(), str::to_owned);
                Ok(Some(Settings { name, keys }))
            }
            None => {
                self.problem(
                    file,
                    "it has no settings under `config`: a head or adapter of a model's own class is not known",
                );
                Ok(None)
            }
        }
    }

    /// Refuses settings that mean something else than the values given; a key that is not there means those.
    fn require(&mut self, file: &str, settings: &Map<String, Value>, required: &[(&str, Value)]) {
        let same = |a: &Value, b: &Value| a == b || (a.is_number() && a.as_f64() == b.as_f64());
        for (key, known) in required {
            if let Some(given) = settings.get(*key).filter(|given| !same(given, known)) {
                self.problem(file, format!("{key} is {given}, the accelerator has {known}"));
            }
        }
    }

    fn spans(&mut self) -> Result<Vec<Vec<Span>>, ModelError> {
        let config = &self.backbone.config;
        let (heads, groups) = (config.num_attention_heads, config.stored());
        let text = self.bytes(TASK)?.unwrap_or_else(|| b"{}".to_vec());
        Ok(span::parse(&text, heads, groups).unwrap_or_else(|problems| {
            problems.iter().for_each(|problem| self.problem(TASK, problem));
            vec![vec![Span::Whole; heads]; groups]
        }))
    }

    /// What `adapter_config.json` says, and the adapters' name.
    fn adapters(&mut self) -> Result<Option<(Adapters, String)>, ModelError> {
        let Some(Settings { name, keys: settings }) = self.settings(ADAPTER_CONFIG)? else { return Ok(None) };
        // Those of AdapterHub's DoubleSeqBnConfig, Houlsby's adapter.
        let required = [
            ("architecture", Value::Null),
            ("original_ln_before", json!(false)),
            ("original_ln_after", json!(true)),
            ("residual_before_ln", json!(true)),
            ("ln_before", json!(false)),
            ("ln_after", json!(false)),
            ("is_parallel", json!(false)),
            ("use_gating", json!(false)),
            ("phm_layer", json!(false)),
            ("cross_adapter", json!(false)),
            ("inv_adapter", Value::Null),
            ("scaling", json!(1.0)),
            ("leave_out", json!([])),
        ];
        self.require(ADAPTER_CONFIG, &settings, &required);
        let halves =
            ["mh_adapter", "output_adapter"].map(|key| settings.get(key).and_then(Value::as_bool).unwrap_or(true));
        // Houlsby's adapters have swish where nothing else is said; AdapterHub reads names in any case.
        let activation = match settings.get("non_linearity").unwrap_or(&json!("swish")) {
            Value::String(name) => checkpoint::activation(&name.to_lowercase()),
            other => Err(format!("{other}, it must be a name")),
        };
        let activation = activation.unwrap_or_else(|problem| {
            self.problem(ADAPTER_CONFIG, format!("non_linearity is {problem}"));
            Activation::GeluErf
        });
        Ok(Some((Adapters { halves, activation }, name)))
    }

    /// Adapters and layer norms of each group of layers.
    fn halves(&mut self) -> Result<Vec<[AdaptedHalf; 2]>, ModelError> {
        let (config, backbone) = (&self.backbone.config, self.backbone);
        let hidden = config.hidden_size;
        let own = |group: usize, half: usize| -> Norm {
            let layer = &backbone.layers[config.first(group)];
            [&layer.attention_norm, &layer.output_norm][half].clone()
        };
        let settings = self.adapters()?;
        let Some(bytes) = self.bytes(ADAPTER)? else {
            if settings.is_some() {
                self.missing(ADAPTER, "pytorch_adapter.bin");
            }
            let bare = |group| [0, 1].map(|half| AdaptedHalf { adapter: None, norm: own(group, half) });
            return Ok((0..config.stored()).map(bare).collect());
        };
        let mut tensors = Tensors::parse(&self.folder.join(ADAPTER), &bytes)?;
        tensors.strip_prefix_of("encoder.");
        let none = Adapters { halves: [false; 2], activation: config.hidden_act };
        let (adapters, name) = settings.unwrap_or_else(|| (none, self.name()));
        let mut problems = Vec::new();
        let groups = (0..config.stored()).map(|group| {
            [0, 1].map(|half| {
                let norm = config.norm(group, half);
                let has = ["weight", "gamma", "bias", "beta"]
                    .iter()
                    .any(|part| tensors.shape(&format!("{norm}.{part}")).is_some());
                let norm = if has { tensors.norm(&norm, hidden) } else { own(group, half) };
                let adapter = adapters.halves[half].then(|| {
                    let [down, up] = [names::DOWN, names::UP].map(|part| config.adapter(group, half, &name, part));
                    let width = tensors.shape(&format!("{down}.weight")).and_then(|shape| shape.first().copied());
                    if width.is_none_or(|width| width == 0) {
                        problems.push(format!("{down}.weight: it is missing, expected its width × {hidden}"));
                    }
                    let width = width.unwrap_or_default();
                    Adapter {
                        down: tensors.linear(&down, width, hidden),
                        activation: adapters.activation,
                        up: tensors.linear(&up, hidden, width),
                    }
                });
                AdaptedHalf { adapter, norm }
            })
        });
        let groups = groups.collect();
        problems.extend(tensors.finish_complete());
        problems.iter().for_each(|problem| self.problem(ADAPTER, problem));
        Ok(groups)
    }

    /// The folder's name, which the adapter and the head have unless their settings say otherwise.
    fn name(&self) -> String {
        self.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Names of classes, classifier and off-ramps.
    fn heads(&mut self) -> Result<(Vec<String>, Option<Heads<Linear>>), ModelError> {
        let settings = self.settings(HEAD_CONFIG)?;
        let Some(bytes) = self.bytes(HEAD)? else {
            if settings.is_some() {
                self.missing(HEAD, "pytorch_model_head.bin");
            }
            return Ok(Default::default());
        };
        let mut tensors = Tensors::parse(&self.folder.join(HEAD), &bytes)?;
        for pooled in ["classifier", "pooler", "albert.pooler", "bert.pooler"] {
            if !tensors.behind(&format!("{pooled}.")).is_empty() {
                self.problem(HEAD, format!("{pooled}.*: {POOLED}"));
            }
        }
        let Some(Settings { name, keys: settings }) = settings else {
            if self.bytes(HEAD_CONFIG)?.is_none() {
                self.problem(HEAD_CONFIG, format!("it is missing, {HEAD} is there"));
            }
            return Ok(Default::default());
        };
        let required = [("head_type", json!("classification")), ("layers", json!(1)), ("use_pooler", json!(false))];
        self.require(HEAD_CONFIG, &settings, &required);
        if settings.get("layers").and_then(Value::as_u64) != Some(1) {
            self.problem(HEAD_CONFIG, format!("layers must be 1: {POOLED}"));
        }
        let classes = settings.get("num_labels").and_then(Value::as_u64).unwrap_or(2);
        let Some(classes) = usize::try_from(classes).ok().filter(|classes| (1..=CLASSES_MAX).contains(classes)) else {
            self.problem(HEAD_CONFIG, format!("num_labels is {classes}, it must be 1 to {CLASSES_MAX}"));
            return Ok(Default::default());
        };
        let labels = labels(settings.get("label2id").filter(|ids| !ids.is_null()), classes).unwrap_or_else(|problem| {
            self.problem(HEAD_CONFIG, problem);
            Vec::new()
        });
        let hidden = self.backbone.config.hidden_size;
        let at = format!("heads.{name}.{CLASSIFIER}");
        let classifier = match settings.get("bias").and_then(Value::as_bool) {
            Some(false) => {
                Linear { weight: tensors.matrix(&format!("{at}.weight"), classes, hidden), bias: vec![0.0; classes] }
            }
            _ => tensors.linear(&at, classes, hidden),
        };
        let heads = self.off_ramps(Heads::new(classifier), &mut tensors, classes);
        tensors.finish_complete().iter().for_each(|problem| self.problem(HEAD, problem));
        Ok((labels, Some(heads)))
    }

    /// The same heads with the off-ramps: `off_ramp` after every layer, or `off_ramp.<i>` after layer i,
    /// counted from 0. One after the last layer is read, and does not answer.
    fn off_ramps(&mut self, heads: Heads<Linear>, tensors: &mut Tensors, classes: usize) -> Heads<Linear> {
        let (hidden, depth) = (self.backbone.config.hidden_size, self.backbone.config.num_hidden_layers);
        let names = tensors.behind(&format!("{OFF_RAMP}."));
        if !names.is_empty() && classes < 2 {
            self.problem(HEAD, format!("{OFF_RAMP}: the entropy of one class decides nothing"));
        }
        let numbers: BTreeSet<usize> = names.iter().filter_map(|name| name.split_once('.')?.0.parse().ok()).collect();
        let shared = names.iter().any(|name| !name.contains('.'));
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
        let own = |layer: usize| (layer + 1, tensors.linear(&format!("{OFF_RAMP}.{layer}"), classes, hidden));
        let ramps: BTreeMap<usize, Linear> = numbers.into_iter().map(own).collect();
        match shared {
            true => heads.with_shared(tensors.linear(OFF_RAMP, classes, hidden), depth),
            false => heads.with_own(ramps, depth),
        }
    }
}

/// What is said of classifiers that read more than token 0.
const POOLED: &str = "Hugging Face's classifiers, and AdapterHub's of two layers, read tanh of a linear layer of token 0, which the accelerator \
                      does not have; train a head with layers 1 and use_pooler false";

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
