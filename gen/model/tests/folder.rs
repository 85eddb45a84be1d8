//! Models and tasks on disk: what is written is read back, and every way in which a task can be broken.
#![allow(missing_docs)]

use alberti_arith::Activation;
use alberti_golden::encoder::Span;
use alberti_model::{
    ModelError,
    adapted::{Adapted, AdapterKind, OffRamps, Shape, TaskShape, folder, synthetic},
    sentence::Tokenizer,
};
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const SEED: u64 = 7;

fn write(model: &Adapted) -> TempDir {
    let target = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in folder::files(model).expect("a sound model") {
        let path = target.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, bytes).expect("a writable folder");
    }
    target
}

fn names(model: &Adapted) -> Vec<PathBuf> {
    model.tasks.iter().map(|task| task.name.clone().into()).collect()
}

fn small() -> Adapted {
    synthetic(&Shape::small(32), SEED)
}

/// A written model whose first task was changed.
fn broken(change: impl FnOnce(&Path)) -> ModelError {
    let target = write(&small());
    change(&target.path().join("tasks/task1"));
    folder::load(target.path(), &["task1".into()]).expect_err("a broken task")
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
    change(&mut value);
    fs::write(path, value.to_string()).expect("a writable file");
}

/// The settings of each adapter: one for both halves, or a union of two.
fn each(adapter: &mut Value, change: impl FnMut(&mut serde_json::Map<String, Value>)) {
    let settings = &mut adapter["config"];
    let of_union = settings["configs"].is_array();
    let all =
        if of_union { settings["configs"].as_array_mut().expect("a list") } else { std::slice::from_mut(settings) };
    all.iter_mut().map(|settings| settings.as_object_mut().expect("settings")).for_each(change);
}

type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

fn retensor(path: &Path, change: impl FnOnce(&mut Tensors)) {
    let bytes = fs::read(path).expect("a file");
    let file = SafeTensors::deserialize(&bytes).expect("tensors");
    let mut all: Tensors =
        file.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), view.data().to_vec()))).collect();
    change(&mut all);
    let views = all
        .iter()
        .map(|(name, (shape, data))| (name, TensorView::new(Dtype::F32, shape.clone(), data).expect("a valid tensor")));
    fs::write(path, serialize(views, None).expect("tensors")).expect("a writable file");
}

fn says(error: &ModelError, lines: &[&str]) {
    assert_eq!(error.code().as_str(), "AE0717", "{error}");
    assert!(!error.help().is_empty());
    let message = error.to_string();
    lines.iter().for_each(|line| assert!(message.contains(line), "no `{line}` in\n{message}"));
}

#[test]
fn what_is_drawn_and_what_is_read_back_are_the_same_bits() {
    let spans = |span| vec![span; 4];
    let ramp = Span::Limited { span: 300, ramp: 7 };
    let bert = Shape {
        embedding: 64,
        shared: false,
        activation: Activation::Relu,
        tasks: vec![
            TaskShape {
                adapters: [0, 12],
                kind: AdapterKind::Houlsby,
                classes: 0,
                off_ramps: OffRamps::None,
                head_layers: 1,
                spans: spans(Span::Whole),
            },
            TaskShape {
                adapters: [0, 0],
                kind: AdapterKind::Houlsby,
                classes: 1,
                off_ramps: OffRamps::None,
                head_layers: 1,
                spans: spans(ramp),
            },
        ],
        ..Shape::small(20)
    };
    let grouped = Shape { shared: false, activation: Activation::Gelu, ..Shape::small(20) };
    let equal = Shape { embedding: 64, ..Shape::small(20) };
    let mut own = Shape::small(20);
    own.tasks[1].off_ramps = OffRamps::Own;
    let mut kinds = Shape::small(20);
    kinds.tasks[0].kind = AdapterKind::Pfeiffer;
    (kinds.tasks[1].kind, kinds.tasks[1].off_ramps) = (AdapterKind::Parallel, OffRamps::Own);
    kinds.tasks.iter_mut().for_each(|task| task.head_layers = 2);
    let mut wired = Shape { shared: false, ..Shape::small(20) };
    wired.tasks.iter_mut().for_each(|task| (task.kind, task.head_layers) = (AdapterKind::HoulsbyOfInput, 2));
    let wired_bert = Shape { embedding: 64, ..wired.clone() };
    for (shape, kind) in [
        (Shape::small(32), ("albert", 32, 1)),
        (bert, ("bert", 64, 3)),
        (grouped, ("albert", 32, 3)),
        (equal, ("albert", 64, 1)),
        (own, ("albert", 32, 1)),
        (kinds, ("albert", 32, 1)),
        (wired, ("albert", 32, 3)),
        (wired_bert, ("bert", 64, 3)),
    ] {
        let model = synthetic(&shape, SEED);
        let config = &model.backbone.config;
        assert_eq!((config.family.name, config.embedding_size, config.groups), kind);
        let target = write(&model);
        assert_eq!(folder::load(target.path(), &names(&model)).expect("a sound folder"), model);
        assert_eq!(
            folder::files(&model).expect("a sound model"),
            folder::files(&synthetic(&shape, SEED)).expect("again")
        );
        // Folders by their paths are the same tasks; without any the model is the encoder alone.
        let second = target.path().join("tasks/task2");
        let tasks = folder::load(target.path(), &[second, "task1".into()]).expect("a sound folder").tasks;
        assert_eq!(tasks, [model.tasks[1].clone(), model.tasks[0].clone()]);
        assert_eq!(folder::load(target.path(), &[]).expect("a sound folder"), Adapted::from(model.backbone));
    }
}

#[test]
fn names_are_those_of_hugging_face_and_adapterhub() {
    let files = folder::files(&small()).expect("a sound model");
    let tensors = |name: &str| -> Vec<String> {
        let file = SafeTensors::deserialize(&files[name]).expect("tensors");
        file.names().into_iter().map(str::to_owned).collect()
    };
    let layer = "albert.encoder.albert_layer_groups.0.albert_layers.0";
    let model = tensors("model.safetensors");
    for name in ["attention.query.weight", "attention.dense.bias", "ffn_output.weight", "full_layer_layer_norm.bias"] {
        assert!(model.contains(&format!("{layer}.{name}")), "{name}");
    }
    let adapter = tensors("tasks/task2/adapter.safetensors");
    for name in [
        "attention.attention_adapters.adapters.task2.adapter_down.0.weight",
        "output_adapters.adapters.task2.adapter_up.bias",
        "attention.LayerNorm.weight",
    ] {
        assert!(adapter.contains(&format!("{layer}.{name}")), "{name}");
    }
    let head = tensors("tasks/task2/model_head.safetensors");
    assert!(head.contains(&"heads.task2.1.weight".to_owned()) && head.contains(&"off_ramp.bias".to_owned()));
    let spans: Value = serde_json::from_slice(&files["tasks/task1/task.json"]).expect("JSON");
    assert_eq!(spans, json!({"attention_span": [null, 6, 0, null], "attention_span_ramp": 8}));
}

#[test]
fn labels_and_activations_are_those_of_the_files() {
    let target = write(&small());
    let task = target.path().join("tasks/task1");
    edit(&task.join("head_config.json"), |head| {
        head["config"]["label2id"] = json!({"entailment": 1, "neutral": 2, "contradiction": 0});
    });
    edit(&task.join("adapter_config.json"), |adapter| {
        each(adapter, |settings| settings["non_linearity"] = json!("relu"));
    });
    fs::remove_file(task.join("task.json")).expect("it was written");
    let read = folder::load(target.path(), &["task1".into()]).expect("a sound folder").tasks.remove(0);
    assert_eq!(read.labels, ["contradiction", "entailment", "neutral"]);
    let adapter = read.layers[0].halves[1].adapter.as_ref().expect("an adapter");
    assert_eq!(adapter.activation, Activation::Relu);
    assert_eq!(read.layers[0].spans, [Span::Whole; 4]);
    // Without layer norms of its own, a task has the model's.
    retensor(&task.join("adapter.safetensors"), |tensors| tensors.retain(|name, _| name.contains("adapters")));
    let model = folder::load(target.path(), &["task1".into()]).expect("a sound folder");
    assert_eq!(model.tasks[0].layers[0].halves[0].norm, model.backbone.layers[0].attention_norm);
}

/// In any case, as AdapterHub reads them; without a name it is Houlsby's, swish.
#[test]
fn adapters_have_the_function_that_adapterhub_gives_them() {
    let target = write(&small());
    let settings = target.path().join("tasks/task1/adapter_config.json");
    let activation = |named: Option<Value>| {
        edit(&settings, |adapter| {
            each(adapter, |keys| {
                keys.remove("non_linearity");
                keys.extend(named.clone().map(|name| ("non_linearity".to_owned(), name)));
            });
        });
        let model = folder::load(target.path(), &["task1".into()]).map_err(|error| error.to_string())?;
        Ok::<_, String>(model.tasks[0].layers[0].halves[0].adapter.as_ref().expect("an adapter").activation)
    };
    for (name, function) in [
        ("swish", Activation::Silu),
        ("SiLU", Activation::Silu),
        ("Tanh", Activation::Tanh),
        ("relu", Activation::Relu),
        ("gelu", Activation::GeluErf),
        ("gelu_new", Activation::Gelu),
    ] {
        assert_eq!(activation(Some(json!(name))), Ok(function), "{name}");
    }
    assert_eq!(activation(None), Ok(Activation::Silu));
    for (name, told) in [
        (json!("leakyrelu"), "`leakyrelu`, known are `gelu`, `gelu_accurate`"),
        (json!(7), "7, it must be a name"),
        (Value::Null, "null, it must be a name"),
    ] {
        let error = activation(Some(name)).expect_err("no function of ours");
        assert!(error.contains(&format!("non_linearity is {told}")), "{error}");
    }
}

#[test]
fn adapters_that_compute_something_else_are_refused_all_at_once() {
    let error = broken(|task| {
        edit(&task.join("adapter_config.json"), |adapter| {
            adapter["hidden_size"] = json!(768);
            let settings = &mut adapter["config"]["configs"];
            settings[0]["ln_before"] = json!(true);
            settings[0]["non_linearity"] = json!("leakyrelu");
            settings[1]["scaling"] = json!("by ear");
            settings[1]["leave_out"] = json!("all");
            settings[1]["mh_adapter"] = json!(true);
            let prefix = json!({"architecture": "prefix_tuning"});
            settings.as_array_mut().expect("a union").push(prefix);
        });
        retensor(&task.join("adapter.safetensors"), |tensors| {
            let at = |name: &str| format!("albert.encoder.albert_layer_groups.0.albert_layers.0.{name}");
            tensors.remove(&at("output_adapters.adapters.task1.adapter_up.bias"));
            tensors.insert(at("output_adapters.adapters.task1.gate.weight"), (vec![1], vec![0; 4]));
            let down = at("attention.attention_adapters.adapters.task1.adapter_down.0.weight");
            tensors.get_mut(&down).expect("it is there").1[..4].copy_from_slice(&f32::NAN.to_le_bytes());
            tensors.insert(at("attention.LayerNorm.weight"), (vec![3], vec![0; 12]));
        });
    });
    says(
        &error,
        &[
            "adapter_config.json: hidden_size is 768, the model's is 64",
            "adapter_config.json: ln_before is true, the accelerator has false",
            "adapter_config.json: non_linearity is `leakyrelu`, known are `gelu`",
            "adapter_config.json: scaling is \"by ear\", it must be a number, learned or channel",
            "adapter_config.json: leave_out must be a list of layers",
            "adapter_config.json: mh_adapter is true in two settings",
            "adapter_config.json: architecture is \"prefix_tuning\", known are bottlenecks",
            "output_adapters.adapters.task1.adapter_up.bias: it is missing, expected 64",
            "gate.weight: it is not known what this tensor does",
            "adapter_down.0.weight: 1 of its 1024 values not finite",
            "attention.LayerNorm.weight: its shape is 3, expected 64",
        ],
    );
    assert_eq!(error.to_string().lines().count(), 12, "{error}");
}

#[test]
fn heads_that_cannot_be_are_refused() {
    let settings = |change: fn(&mut Value)| move |task: &Path| edit(&task.join("head_config.json"), change);
    says(&broken(settings(|head| head["config"]["layers"] = json!(0))), &["layers must be 1 to 16"]);
    // Without `layers` a head has two, as in the library.
    let default = |head: &mut Value| {
        head["config"].as_object_mut().expect("settings").remove("layers");
    };
    says(&broken(settings(default)), &["heads.task1.1.weight: its shape is 3 × 64, expected 64 × 64", "heads.task1.4"]);
    let function = |head: &mut Value| {
        head["config"]["layers"] = json!(2);
        head["config"]["activation_function"] = json!("mish");
    };
    says(&broken(settings(function)), &["activation_function is `mish`, known are"]);
    says(
        &broken(settings(|head| head["config"]["use_pooler"] = json!(true))),
        &["use_pooler is true, and the model's own file has no pooler"],
    );
    says(
        &broken(settings(|head| head["config"] = Value::Null)),
        &[
            "no settings under `config`, and model_class is ``: known are AdapterHub's heads and *ForSequenceClassification",
        ],
    );
    says(&broken(settings(|head| head["config"]["head_type"] = json!("tagging"))), &["head_type is \"tagging\""]);
    says(&broken(settings(|head| head["config"]["num_labels"] = json!(0))), &["num_labels is 0"]);
    says(&broken(settings(|head| head["config"]["label2id"] = json!({"a": 0, "b": 0, "c": 1}))), &["0 to 2 once"]);
    let classifier = |task: &Path| {
        retensor(&task.join("model_head.safetensors"), |tensors| {
            tensors.insert("classifier.weight".into(), (vec![3, 64], vec![0; 4 * 3 * 64]));
        });
    };
    says(&broken(classifier), &["classifier.weight: it is not known what this tensor does"]);
    says(
        &broken(|task| fs::remove_file(task.join("head_config.json")).expect("it was written")),
        &["head_config.json: it is missing"],
    );
}

#[test]
fn spans_that_cannot_be_are_refused() {
    let spans = |value: Value| broken(|task| fs::write(task.join("task.json"), value.to_string()).expect("a file"));
    says(&spans(json!({"attention_span": [1, 2]})), &["a list of 4 distances"]);
    says(&spans(json!({"attention_span": [1, 2, 3, -1]})), &["a list of 4 distances"]);
    says(&spans(json!({"attention_span": [[1, 2, 3, 4], [1, 2, 3, 4]]})), &["or 1 such lists"]);
    says(&spans(json!({"attention_span_ramp": 48})), &["attention_span_ramp is 48, it must be a power of two"]);
    says(&spans(json!({"span": [1, 2, 3, 4]})), &["span is not known"]);
    says(&broken(|task| fs::write(task.join("task.json"), "[").expect("a file")), &["task.json: "]);
}

#[test]
fn a_task_that_is_not_there_or_cut_off_says_so() {
    let target = write(&small());
    let error = folder::load(target.path(), &["task3".into()]).expect_err("no such task");
    assert_eq!((error.code().as_str(), error.to_string().contains("task3")), ("AE0701", true));
    let error = broken(|task| {
        let path = task.join("adapter.safetensors");
        let bytes = fs::read(&path).expect("it was written");
        fs::write(path, &bytes[..bytes.len() - 5]).expect("a writable file");
    });
    assert_eq!(error.code().as_str(), "AE0703", "{error}");
    let gone = |task: &Path| fs::remove_file(task.join("adapter.safetensors")).expect("it was written");
    says(&broken(gone), &["adapter.safetensors: it is missing"]);
    let [adapter, pickle] = ["adapter.safetensors", "pytorch_adapter.bin"];
    let told = broken(|task| fs::rename(task.join(adapter), task.join(pickle)).expect("it was written"));
    says(
        &told,
        &["it is missing, pytorch_adapter.bin is there; in that folder run: python -c", "'adapter.safetensors')"],
    );
}

#[test]
fn a_synthetic_tokenizer_cuts_english_into_words_from_all_over_its_vocabulary() {
    let model = synthetic(&Shape { words: 30_000, ..Shape::small(64) }, SEED);
    let tokenizer = Tokenizer::synthetic(30_000).expect("a tokenizer");
    assert_eq!(tokenizer.to_json().ok(), Tokenizer::synthetic(30_000).expect("a tokenizer").to_json().ok());
    let target = tempfile::tempdir().expect("a temporary folder");
    fs::write(target.path().join("tokenizer.json"), tokenizer.to_json().expect("JSON")).expect("a writable folder");
    let read = Tokenizer::load(target.path()).expect("what was written");
    read.check(&model.backbone).expect("it fits");
    let pair = read.tokens("The last bus had left.", Some("Is it safe?"), &model.backbone).expect("a short pair");
    assert_eq!((pair.ids[0], pair.ids.last(), pair.types.last()), (2, Some(&3), Some(&1)));
    let second = pair.types.iter().position(|&kind| kind == 1).expect("two sentences");
    assert_eq!(pair.ids[second - 1], 3);
    assert!(pair.ids.iter().any(|&id| id > 10_000) && !pair.ids.contains(&1), "{pair:?}");
    // A tokenizer of another model is found before any text is read.
    let error = read.check(&small().backbone).expect_err("50 words");
    assert_eq!(error.code().as_str(), "AE0705");
    assert!(error.to_string().contains("id 50, the checkpoint's vocabulary ends at 49"), "{error}");
    Tokenizer::synthetic(50).expect("a tokenizer").check(&small().backbone).expect("it fits");
}

#[test]
fn shapes_that_cannot_be_drawn_name_all_that_is_wrong() {
    assert!(Shape::small(32).problems().is_empty());
    assert!(Shape::albert_base().problems().is_empty());
    let mut shape = Shape { hidden: 770, words: 0, depth: 1000, ..Shape::albert_base() };
    shape.tasks[0].spans.pop();
    shape.tasks[1].classes = 1;
    let problems = shape.problems().join("\n");
    for part in ["words must be", "770 is not a multiple", "1000 layers", "11 spans for 12", "task 2 has 1 classes"] {
        assert!(problems.contains(part), "no `{part}` in {problems}");
    }
}

/// Off-ramps as DeeBERT and EdgeBERT have them: one for each layer, or for some.
#[test]
fn off_ramps_are_one_for_all_layers_or_one_for_each() {
    let head = "tasks/task1/model_head.safetensors";
    let layers = |change: &dyn Fn(&mut Tensors)| {
        let target = write(&small());
        retensor(&target.path().join(head), |tensors| change(tensors));
        let read = folder::load(target.path(), &["task1".into()]);
        read.map(|model| model.tasks[0].heads.as_ref().expect("heads").layers().collect::<Vec<_>>())
    };
    let rename = |tensors: &mut Tensors, layers: &[usize]| {
        for part in ["weight", "bias"] {
            let tensor = tensors.remove(&format!("off_ramp.{part}")).expect("it was written");
            layers.iter().for_each(|layer| {
                tensors.insert(format!("off_ramp.{layer}.{part}"), tensor.clone());
            });
        }
    };
    assert_eq!(layers(&|_| {}).expect("a shared one"), [1, 2]);
    assert_eq!(layers(&|tensors| rename(tensors, &[0, 1])).expect("one for each"), [1, 2]);
    assert_eq!(layers(&|tensors| rename(tensors, &[1])).expect("one for some"), [2]);
    // One after the last layer comes with DeeBERT's checkpoints: the classifier answers there.
    assert_eq!(layers(&|tensors| rename(tensors, &[1, 2])).expect("one for some"), [2]);
    let refused = |change: &dyn Fn(&mut Tensors), lines: &[&str]| says(&layers(change).expect_err("refused"), lines);
    refused(&|tensors| rename(tensors, &[0, 3]), &["off_ramp.3: the encoder's layers are 0 to 2"]);
    // Each may have a pooler of its own, as DeeBERT's have.
    let pooled = |tensors: &mut Tensors| {
        let [weight, bias] = ["weight", "bias"].map(|part| tensors.remove(&format!("off_ramp.{part}")).expect("there"));
        tensors.insert("off_ramp.1.pooler.weight".into(), (vec![64, 64], vec![0; 4 * 64 * 64]));
        tensors.insert("off_ramp.1.pooler.bias".into(), (vec![64], vec![0; 4 * 64]));
        tensors.insert("off_ramp.1.classifier.weight".into(), weight);
        tensors.insert("off_ramp.1.classifier.bias".into(), bias);
    };
    assert_eq!(layers(&pooled).expect("one of two layers"), [2]);
    refused(
        &|tensors| {
            pooled(tensors);
            tensors.remove("off_ramp.1.pooler.bias");
        },
        &["off_ramp.1.pooler.bias: it is missing, expected 64"],
    );
    let both = |tensors: &mut Tensors| {
        let bias = tensors["off_ramp.bias"].clone();
        tensors.insert("off_ramp.1.bias".into(), bias);
    };
    refused(&both, &["or one after each layer, not both", "off_ramp.1.weight: it is missing"]);
    let odd = |tensors: &mut Tensors| {
        rename(tensors, &[1]);
        tensors.insert("off_ramp.last.bias".into(), (vec![3], vec![0; 12]));
    };
    refused(&odd, &["off_ramp.last.bias: it is not known what this tensor does"]);
}
