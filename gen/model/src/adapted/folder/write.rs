//! Writing models with their tasks.

use super::{
    super::{Adapted, AdaptedHalf, Task},
    ADAPTER, ADAPTER_CONFIG, CLASSIFIER, HEAD, HEAD_CONFIG, TASK, TASKS, span,
};
use crate::{
    Checkpoint, Linear, Matrix, ModelConfig, ModelError, Site,
    checkpoint::{Norm, names},
};
use safetensors::{Dtype, serialize, tensor::TensorView};
use serde_json::{Value, json};
use std::{borrow::Cow, collections::BTreeMap};

/// Files of a folder by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of a model with all of its tasks but its tokenizer, as [`super::load`] reads them. Half of a
/// layer has an adapter in all layers or in none, of one activation.
///
/// # Errors
/// AE0711 when a matrix does not have the elements of its shape.
pub fn files(model: &Adapted) -> Result<Files, ModelError> {
    let backbone = &model.backbone;
    let mut files = Files::new();
    files.insert("config.json".into(), text(&config(&backbone.config)));
    files.insert("model.safetensors".into(), encoder(backbone).bytes()?);
    for task in &model.tasks {
        let at = |file: &str| format!("{TASKS}/{}/{file}", task.name);
        let (settings, adapters) = adapters(task, backbone);
        files.insert(at(ADAPTER_CONFIG), text(&settings));
        files.insert(at(ADAPTER), adapters.bytes()?);
        if let Some(heads) = &task.heads {
            files.insert(at(HEAD_CONFIG), text(&head(task, heads.classifier(), &backbone.config)));
            let mut tensors = Tensors::default();
            tensors.linear(&format!("heads.{}.{CLASSIFIER}", task.name), heads.classifier());
            heads.named_off_ramps().for_each(|(name, ramp)| tensors.linear(&name, ramp));
            files.insert(at(HEAD), tensors.bytes()?);
        }
        let config = &backbone.config;
        let spans: Vec<_> = (0..config.stored()).map(|group| task.layers[config.first(group)].spans.clone()).collect();
        files.extend(span::store(&spans).map(|spans| (at(TASK), text(&spans))));
    }
    Ok(files)
}

fn text(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn config(config: &ModelConfig) -> Value {
    let (family, first) = (config.family, config.first_position());
    let mut value = json!({
        "model_type": family.name,
        family.key("hidden_size"): config.hidden_size,
        family.key("num_hidden_layers"): config.num_hidden_layers / config.group_layers,
        family.key("num_attention_heads"): config.num_attention_heads,
        family.key("intermediate_size"): config.intermediate_size,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": first + config.max_position_embeddings,
        "type_vocab_size": config.type_vocab_size,
        "layer_norm_eps": f64::from(config.layer_norm_eps),
        family.key("hidden_act"): config.hidden_act.checkpoint_name(),
        "position_embedding_type": "absolute",
    });
    if family.shares {
        value["num_hidden_groups"] = json!(config.groups);
        value["inner_group_num"] = json!(config.group_layers);
    }
    if config.projection().is_some() {
        value["embedding_size"] = json!(config.embedding_size);
    }
    if let Some(padding) = config.padding {
        value["pad_token_id"] = json!(padding);
    }
    value
}

fn encoder(checkpoint: &Checkpoint) -> Tensors<'_> {
    let (config, embeddings) = (&checkpoint.config, &checkpoint.embeddings);
    let mut tensors = Tensors { prefix: format!("{}.", config.family.prefix), ..Tensors::default() };
    tensors.matrix(names::WORDS, &embeddings.word);
    // Rows of positions that belong to no token were not kept: none stands for them.
    let (position, first) = (&embeddings.position, config.first_position());
    let rows = [vec![0.0; first * position.cols], position.data.clone()].concat();
    tensors.put(names::POSITIONS.into(), vec![first + position.rows, position.cols], rows);
    if config.family.segments.is_some() {
        tensors.matrix(names::TYPES, &embeddings.token_type);
    }
    tensors.norm(names::EMBEDDING_NORM, &embeddings.norm);
    let projection = config.projection().zip(checkpoint.projection.as_ref());
    projection.iter().for_each(|(name, linear)| tensors.linear(name, linear));
    for (stored, layer) in groups(checkpoint).zip(&checkpoint.layers) {
        Site::ALL.into_iter().for_each(|site| tensors.linear(&config.site(stored, site), layer.linear(site)));
        tensors.norm(&config.norm(stored, 0), &layer.attention_norm);
        tensors.norm(&config.norm(stored, 1), &layer.output_norm);
    }
    tensors
}

/// The stored layer of each distinct one.
fn groups(checkpoint: &Checkpoint) -> impl Iterator<Item = usize> {
    checkpoint.config.distinct().into_iter()
}

/// What AdapterHub's DoubleSeqBnConfig is stored as, and the tensors.
fn adapters<'a>(task: &'a Task, backbone: &Checkpoint) -> (Value, Tensors<'a>) {
    let config = &backbone.config;
    let mut tensors = Tensors { prefix: format!("{}.", config.family.prefix), ..Tensors::default() };
    let halves = |half: usize| task.layers.iter().filter_map(move |layer| layer.halves[half].adapter.as_ref());
    for (group, layer) in groups(backbone).zip(&task.layers) {
        for (half, AdaptedHalf { adapter, norm }) in layer.halves.iter().enumerate() {
            tensors.norm(&config.norm(group, half), norm);
            if let Some(adapter) = adapter {
                tensors.linear(&config.adapter(group, half, &task.name, names::DOWN), &adapter.down);
                tensors.linear(&config.adapter(group, half, &task.name, names::UP), &adapter.up);
            }
        }
    }
    let one = halves(0).chain(halves(1)).next();
    let activation = one.map_or(config.hidden_act, |adapter| adapter.activation);
    let width = one.map_or(1, |adapter| adapter.down.weight.rows);
    let settings = json!({
        "config": {
            "architecture": null,
            "original_ln_before": false,
            "original_ln_after": true,
            "residual_before_ln": true,
            "adapter_residual_before_ln": false,
            "ln_before": false,
            "ln_after": false,
            "is_parallel": false,
            "use_gating": false,
            "phm_layer": false,
            "cross_adapter": false,
            "inv_adapter": null,
            "scaling": 1.0,
            "leave_out": [],
            "mh_adapter": halves(0).next().is_some(),
            "output_adapter": halves(1).next().is_some(),
            "non_linearity": activation.checkpoint_name(),
            "reduction_factor": config.hidden_size as f64 / width as f64,
        },
        "hidden_size": config.hidden_size,
        "model_type": config.family.name,
        "name": task.name,
    });
    (settings, tensors)
}

fn head(task: &Task, classifier: &Linear, config: &ModelConfig) -> Value {
    let ids: BTreeMap<&String, usize> = task.labels.iter().zip(0..).collect();
    json!({
        "config": {
            "head_type": "classification",
            "num_labels": classifier.weight.rows,
            "layers": 1,
            "activation_function": "tanh",
            "use_pooler": false,
            "bias": true,
            "label2id": ids,
        },
        "hidden_size": config.hidden_size,
        "model_type": config.family.name,
        "name": task.name,
    })
}

/// Tensors to be written, by name.
#[derive(Default)]
struct Tensors<'a> {
    prefix: String,
    all: BTreeMap<String, (Vec<usize>, Cow<'a, [f32]>)>,
}

impl<'a> Tensors<'a> {
    fn put(&mut self, name: String, shape: Vec<usize>, data: impl Into<Cow<'a, [f32]>>) {
        self.all.insert(format!("{}{name}", self.prefix), (shape, data.into()));
    }

    fn matrix(&mut self, name: &str, matrix: &'a Matrix) {
        self.put(name.to_owned(), vec![matrix.rows, matrix.cols], &matrix.data);
    }

    fn linear(&mut self, name: &str, linear: &'a Linear) {
        self.matrix(&format!("{name}.weight"), &linear.weight);
        self.put(format!("{name}.bias"), vec![linear.bias.len()], &linear.bias);
    }

    fn norm(&mut self, name: &str, norm: &'a Norm) {
        self.put(format!("{name}.weight"), vec![norm.gain.len()], &norm.gain);
        self.put(format!("{name}.bias"), vec![norm.offset.len()], &norm.offset);
    }

    /// The file, in f32.
    fn bytes(&self) -> Result<Vec<u8>, ModelError> {
        let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = (self.all.iter())
            .map(|(name, (shape, data))| (name, shape, data.iter().flat_map(|x| x.to_le_bytes()).collect()))
            .collect();
        let unfit =
            |error: safetensors::SafeTensorError| ModelError::Shape(format!("a tensor cannot be stored: {error}"));
        let views = bytes
            .iter()
            .map(|(name, shape, data)| TensorView::new(Dtype::F32, (*shape).clone(), data).map(|view| (*name, view)));
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(unfit)?;
        serialize(views, None).map_err(unfit)
    }
}
