//! Writing models with their tasks.

use super::{
    super::{ActivatedLinear, Adapted, AdaptedHalf, Adapter, Reads, Task},
    ADAPTER, ADAPTER_CONFIG, HEAD, HEAD_CONFIG, MEMORY, MEMORY_CONFIG, TASK, TASKS, memory, span,
};
use crate::{
    Checkpoint, Linear, Matrix, ModelConfig, ModelError, Site,
    checkpoint::{Norm, names},
};
use alberti_arith::Activation;
use safetensors::{Dtype, serialize, tensor::TensorView};
use serde_json::{Value, json};
use std::{borrow::Cow, collections::BTreeMap};

/// Files of a folder by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of a model with all of its tasks but its tokenizer, as [`super::load`] reads them. The adapters
/// of a half are of one kind and one activation in all layers.
///
/// # Errors
/// AE0711 when a matrix does not have the elements of its shape, and when the layers of a head are not those
/// that files describe: with one function between them, of an off-ramp one layer, or two with tanh between.
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
            let mut tensors = Tensors::default();
            let settings = tensors.classifier(task, heads.classifier(), &backbone.config)?;
            files.insert(at(HEAD_CONFIG), text(&settings));
            for (name, ramp) in heads.named_off_ramps() {
                tensors.off_ramp(&name, ramp)?;
            }
            files.insert(at(HEAD), tensors.bytes()?);
        }
        let config = &backbone.config;
        files.extend(memories(task, backbone)?.into_iter().map(|(file, bytes)| (at(file), bytes)));
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

/// Settings of adapters as AdapterHub has them, and the tensors.
fn adapters<'a>(task: &'a Task, backbone: &Checkpoint) -> (Value, Tensors<'a>) {
    let config = &backbone.config;
    let mut tensors = Tensors { prefix: format!("{}.", config.family.prefix), ..Tensors::default() };
    let layers: Vec<_> = (0..config.stored()).map(|stored| &task.layers[config.first(stored)]).collect();
    for (group, layer) in layers.iter().enumerate() {
        for (half, AdaptedHalf { adapter, norm }) in layer.halves.iter().enumerate() {
            tensors.norm(&config.norm(group, half), norm);
            if let Some(adapter) = adapter {
                tensors.linear(&config.adapter(group, half, &task.name, names::DOWN), &adapter.down);
                tensors.linear(&config.adapter(group, half, &task.name, names::UP), &adapter.up);
            }
        }
    }
    let halves = [0, 1].map(|half| {
        let adapters: Vec<_> = layers.iter().map(|layer| layer.halves[half].adapter.as_ref()).collect();
        bottleneck(config, half, &adapters)
    });
    let of = |settings: &Value, halves: [bool; 2]| {
        let mut settings = settings.clone();
        settings["mh_adapter"] = json!(halves[0]);
        settings["output_adapter"] = json!(halves[1]);
        settings
    };
    let settings = match &halves {
        [Some(one), Some(other)] if one == other => of(one, [true, true]),
        [Some(one), Some(other)] => {
            json!({"architecture": "union", "configs": [of(one, [true, false]), of(other, [false, true])]})
        }
        [Some(one), None] => of(one, [true, false]),
        [None, Some(other)] => of(other, [false, true]),
        [None, None] => {
            json!({"mh_adapter": false, "output_adapter": false, "non_linearity": "relu", "reduction_factor": 1.0})
        }
    };
    let settings = json!({
        "config": settings,
        "hidden_size": config.hidden_size,
        "model_type": config.family.name,
        "name": task.name,
    });
    (settings, tensors)
}

/// Settings and tensors of a task's memories; none where a layer has none.
fn memories(task: &Task, backbone: &Checkpoint) -> Result<Vec<(&'static str, Vec<u8>)>, ModelError> {
    let config = &backbone.config;
    let all = (0..config.stored()).map(|stored| Some((stored, task.layers[config.first(stored)].memory.as_ref()?)));
    let Some(all) = all.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty()) else { return Ok(Vec::new()) };
    let mut tensors = Tensors { prefix: format!("{}.", config.family.prefix), ..Tensors::default() };
    for (stored, memory) in &all {
        for (part, matrix) in [("parents", &memory.parents), ("keys", &memory.keys), ("values", &memory.values)] {
            tensors.matrix(&config.memory(*stored, part), matrix);
        }
    }
    let of = all[0].1.hierarchy();
    if all.iter().any(|(_, memory)| memory.hierarchy() != of) {
        return Err(unwritten("memories of different shapes"));
    }
    Ok(vec![(MEMORY_CONFIG, text(&memory::store(of))), (MEMORY, tensors.bytes()?)])
}

/// `BnConfig` of the adapters of a half, by groups of layers, but for where they are; none without any.
fn bottleneck(config: &ModelConfig, half: usize, adapters: &[Option<&Adapter>]) -> Option<Value> {
    let one = adapters.iter().flatten().next()?;
    let exchanged = config.family.exchanged && half == 0;
    let parallel = match one.reads {
        Reads::Dense => exchanged,
        Reads::Input => !exchanged,
        Reads::Norm => false,
    };
    let factor = |adapter: &Adapter| json!(reduction_factor(config.hidden_size, adapter.down.bias.len()));
    let factors: Vec<_> = adapters.iter().map(|adapter| adapter.map(factor)).collect();
    let default = factors.iter().flatten().next()?;
    let reduction = match factors.iter().flatten().all(|factor| factor == default) {
        true => default.clone(),
        false => {
            let each = (factors.iter().enumerate()).filter_map(|(group, f)| Some((group.to_string(), f.clone()?)));
            Value::Object(each.chain([("default".to_owned(), default.clone())]).collect())
        }
    };
    let leave_out: Vec<usize> = (0..adapters.len()).filter(|&group| adapters[group].is_none()).collect();
    Some(json!({
        "architecture": null,
        "original_ln_before": one.reads == Reads::Norm,
        "original_ln_after": true,
        "residual_before_ln": true,
        "adapter_residual_before_ln": false,
        "ln_before": false,
        "ln_after": false,
        "is_parallel": parallel,
        "use_gating": false,
        "phm_layer": false,
        "cross_adapter": false,
        "inv_adapter": null,
        "scaling": 1.0,
        "leave_out": leave_out,
        "non_linearity": one.activation.checkpoint_name().unwrap_or("relu"),
        "reduction_factor": reduction,
    }))
}

/// A factor that the library divides by, rounding down, to the width: `hidden // factor` of Python.
fn reduction_factor(hidden: usize, width: usize) -> f64 {
    let hidden = hidden as f64;
    let exact = hidden / width.max(1) as f64;
    let floor = |factor: f64| ((hidden - hidden % factor) / factor).round() as usize;
    if floor(exact) == width { exact } else { exact.next_down() }
}

fn unwritten(what: &str) -> ModelError {
    ModelError::Shape(format!("{what} cannot be stored"))
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

    /// A classifier, under AdapterHub's names: numbers of dropout, linear layer, function, and so on. Gives
    /// its settings.
    fn classifier(
        &mut self,
        task: &Task,
        layers: &'a [ActivatedLinear],
        config: &ModelConfig,
    ) -> Result<Value, ModelError> {
        let (last, before) = layers.split_last().ok_or_else(|| unwritten("a classifier without layers"))?;
        let activation = before.first().map_or(Activation::Tanh, |layer| layer.activation);
        if last.activation != Activation::Identity || before.iter().any(|layer| layer.activation != activation) {
            return Err(unwritten("a classifier with several functions between its layers"));
        }
        let step = if activation == Activation::Identity { 2 } else { 3 };
        for (i, layer) in layers.iter().enumerate() {
            self.linear(&format!("heads.{}.{}", task.name, 1 + step * i), &layer.linear);
        }
        let ids: BTreeMap<&String, usize> = task.labels.iter().zip(0..).collect();
        Ok(json!({
            "config": {
                "head_type": "classification",
                "num_labels": last.linear.weight.rows,
                "layers": layers.len(),
                "activation_function": activation.checkpoint_name(),
                "use_pooler": false,
                "bias": true,
                "label2id": ids,
            },
            "hidden_size": config.hidden_size,
            "model_type": config.family.name,
            "name": task.name,
        }))
    }

    /// An off-ramp, under its name.
    fn off_ramp(&mut self, name: &str, layers: &'a [ActivatedLinear]) -> Result<(), ModelError> {
        match layers {
            [only] => self.linear(name, &only.linear),
            [first, last] if first.activation == Activation::Tanh => {
                self.linear(&format!("{name}.{}", names::RAMP_POOLER), &first.linear);
                self.linear(&format!("{name}.{}", names::RAMP_CLASSIFIER), &last.linear);
            }
            _ => return Err(unwritten("an off-ramp that is neither one layer nor two with tanh between")),
        }
        Ok(())
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
