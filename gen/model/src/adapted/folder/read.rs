//! Reading tasks.

use super::{
    super::{Adapted, Heads, Span, Task, TaskLayer},
    ADAPTER_CONFIG, TASK, TASKS,
    adapters::Updates,
    span,
};
use crate::{
    Checkpoint, ModelError, Source,
    checkpoint::{
        self, conversion,
        names::HIGHWAY,
        unused::{Unused, Why},
    },
};
use alberti_arith::Activation;
use alberti_diagnostic::{Code, Diagnostic, quote};
use serde_json::{Map, Value, json};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// A model with some of its tasks: paths of folders, or names of those in the model's own `tasks`; without
/// any the encoder itself, with its own classifier where it has one.
///
/// # Errors
/// AE0701 to AE0704 of the model, AE0717 of a task.
pub fn load<'a>(model: impl Into<Source<'a>>, tasks: &[PathBuf]) -> Result<Adapted, ModelError> {
    let source = model.into();
    let (model, mut backbone) = (source.folder, Checkpoint::load(source)?);
    if tasks.is_empty() {
        return Ok(Adapted::from(backbone));
    }
    let folder = |name: &PathBuf| Some(model.join(TASKS).join(name)).filter(|own| own.is_dir()).unwrap_or(name.clone());
    let mut read = Vec::with_capacity(tasks.len());
    for name in tasks {
        let folder = folder(name);
        if !folder.is_dir() {
            return Err(no_task(model, &folder));
        }
        let (own, updates) = task(&folder, &backbone)?;
        if !updates.is_empty() && tasks.len() > 1 {
            let problem = "low rank changes the encoder's own weights, which all tasks share: give this task alone";
            let problems = vec![format!("{ADAPTER_CONFIG}: {problem}")];
            return Err(ModelError::Task { path: folder, problems });
        }
        read.push((own, updates));
    }
    let (tasks, updates): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    updates.iter().for_each(|updates| merge(&mut backbone, updates));
    let mut adapted = Adapted { backbone, tasks };
    name_unused(&mut adapted);
    Ok(adapted)
}

/// Of a checkpoint's own heads, tasks may read the pooler, and nothing else.
fn name_unused(Adapted { backbone, tasks }: &mut Adapted) {
    let mut heads = tasks.iter().filter_map(|task| task.heads.as_ref()).flat_map(Heads::named);
    let pooler = backbone.own.pooler.as_ref();
    let reads = heads.any(|(_, head)| pooler.is_some() && head.first().map(|layer| &layer.linear) == pooler);
    if reads {
        backbone.unused.retain(|unused| unused.why != Why::Pooler);
    }
    let own = std::mem::take(&mut backbone.own.tensors).into_iter();
    let at = backbone.config.family.pooler.unwrap_or_default();
    let is_pooler = |tensor: &str| tensor.contains(&format!("{at}.")) && !tensor.contains(HIGHWAY);
    let left = own.filter(|tensor| !(reads && is_pooler(tensor)));
    backbone.unused.extend(left.map(|tensor| Unused { tensor, why: Why::OwnHead }));
}

/// Adds to the weights of all layers of a group.
fn merge(backbone: &mut Checkpoint, updates: &Updates) {
    for (layer, group) in backbone.config.distinct().into_iter().enumerate() {
        for (&(_, site), added) in updates.iter().filter(|&(&(of, _), _)| of == group) {
            let weight = &mut backbone.layers[layer].linear_mut(site).weight;
            weight.data.iter_mut().zip(&added.data).for_each(|(weight, added)| *weight += added);
        }
    }
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

/// A task of a model, and what it adds to the model's weights.
///
/// # Errors
/// AE0701 when its folder or a file cannot be read, AE0703 when tensors are cut off, AE0717 with all else
/// that is wrong.
fn task(folder: &Path, backbone: &Checkpoint) -> Result<(Task, Updates), ModelError> {
    let unreadable = |source| ModelError::Unreadable { path: folder.into(), source };
    std::fs::read_dir(folder).map_err(unreadable)?;
    let mut reader = Reader { folder, backbone, problems: Vec::new() };
    let name = reader.name();
    let spans = reader.spans()?;
    let (halves, updates) = reader.halves()?;
    let memories = reader.memories()?;
    let (labels, heads) = reader.heads()?;
    if !reader.problems.is_empty() {
        return Err(ModelError::Task { path: folder.into(), problems: reader.problems });
    }
    let parts = spans.into_iter().zip(halves).zip(memories);
    let groups: Vec<TaskLayer> = parts.map(|((spans, halves), memory)| TaskLayer { spans, halves, memory }).collect();
    let layers = backbone.config.distinct().into_iter().map(|group| groups[group].clone()).collect();
    Ok((Task { name, labels, layers, heads }, updates))
}

/// A file of settings.
pub(super) struct Settings {
    /// Of the adapter, or of the head.
    pub name: String,
    /// Those under `config`; none of a head of a model's own class.
    pub keys: Option<Map<String, Value>>,
    /// The whole file.
    pub whole: Map<String, Value>,
}

/// Reads a task's files and notes what is wrong with them.
pub(super) struct Reader<'a> {
    pub folder: &'a Path,
    pub backbone: &'a Checkpoint,
    problems: Vec<String>,
}

impl Reader<'_> {
    /// The bytes of a file; none when it is not there.
    pub(super) fn bytes(&self, file: &str) -> Result<Option<Vec<u8>>, ModelError> {
        let path = self.folder.join(file);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ModelError::Unreadable { path, source }),
        }
    }

    pub(super) fn problem(&mut self, file: &str, problem: impl AsRef<str>) {
        self.problems.push(format!("{file}: {}", problem.as_ref()));
    }

    /// That a file of tensors is missing, and what makes it of PyTorch's where that is there.
    pub(super) fn missing(&mut self, file: &str, foreign: &str) {
        let problem = match self.folder.join(foreign).exists() {
            true => format!("it is missing, {foreign} is there; in that folder run: {}", conversion(foreign, file)),
            false => "it is missing".to_owned(),
        };
        self.problem(file, problem);
    }

    /// A file of settings, checked for whose they are; none when it is not there, or no such file.
    pub(super) fn settings(&mut self, file: &str) -> Result<Option<Settings>, ModelError> {
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
        let name = whole.get("name").and_then(Value::as_str).map_or_else(|| self.name(), str::to_owned);
        let keys = whole.get("config").and_then(Value::as_object).cloned();
        Ok(Some(Settings { name, keys, whole }))
    }

    /// A function by its name, which AdapterHub reads in any case.
    pub(super) fn function(&mut self, file: &str, key: &str, name: &Value) -> Activation {
        let function = match name {
            Value::String(name) => checkpoint::activation(&name.to_lowercase()),
            other => Err(format!("{other}, it must be a name")),
        };
        function.unwrap_or_else(|problem| {
            self.problem(file, format!("{key} is {problem}"));
            Activation::Identity
        })
    }

    /// Refuses settings that mean something else than the values given; a key that is not there means those.
    pub(super) fn require(&mut self, file: &str, settings: &Map<String, Value>, required: &[(&str, Value)]) {
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

    /// The folder's name, which the adapter and the head have unless their settings say otherwise.
    pub(super) fn name(&self) -> String {
        self.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}
