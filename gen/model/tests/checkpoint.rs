//! Loading checkpoints: whole ones, and every way in which one can be broken.
#![allow(missing_docs)]

mod common;

use alberti_model::{Checkpoint, ModelError, Site};
use safetensors::{Dtype, serialize, tensor::TensorView};
use std::collections::BTreeMap;
use tempfile::TempDir;

const CONFIG: &str = r#"{"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 6,
    "vocab_size": 5, "max_position_embeddings": 8, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12}"#;

struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl Tensor {
    fn new(shape: &[usize]) -> Self {
        let count = shape.iter().product::<usize>();
        let data = (0..count).flat_map(|i| (i as f32 / 8.0 - 1.0).to_le_bytes()).collect();
        Self { dtype: Dtype::F32, shape: shape.to_vec(), data }
    }
}

type Tensors = BTreeMap<String, Tensor>;

/// Every tensor of the encoder that CONFIG describes.
fn tensors(prefix: &str) -> Tensors {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![5, 4]),
        ("embeddings.position_embeddings.weight".into(), vec![8, 4]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, 4]),
    ];
    let layer = "encoder.layer.0";
    for (name, outputs, inputs) in [
        ("attention.self.query", 4, 4),
        ("attention.self.key", 4, 4),
        ("attention.self.value", 4, 4),
        ("attention.output.dense", 4, 4),
        ("intermediate.dense", 6, 4),
        ("output.dense", 4, 6),
    ] {
        shapes.push((format!("{layer}.{name}.weight"), vec![outputs, inputs]));
        shapes.push((format!("{layer}.{name}.bias"), vec![outputs]));
    }
    for norm in ["embeddings", &format!("{layer}.attention.output"), &format!("{layer}.output")] {
        shapes.push((format!("{norm}.LayerNorm.weight"), vec![4]));
        shapes.push((format!("{norm}.LayerNorm.bias"), vec![4]));
    }
    shapes.into_iter().map(|(name, shape)| (format!("{prefix}{name}"), Tensor::new(&shape))).collect()
}

fn folder(tensors: &Tensors, config: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let views = tensors.iter().map(|(name, tensor)| {
        (name, TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.data).expect("a valid tensor"))
    });
    let bytes = serialize(views, None).expect("tensors that can be written");
    std::fs::write(folder.path().join("model.safetensors"), bytes).expect("a writable folder");
    std::fs::write(folder.path().join("config.json"), config).expect("a writable folder");
    folder
}

fn load(tensors: &Tensors, config: &str) -> Result<Checkpoint, ModelError> {
    Checkpoint::load(folder(tensors, config).path())
}

fn failure(tensors: &Tensors, config: &str) -> (&'static str, String) {
    let error = load(tensors, config).expect_err("a broken checkpoint");
    assert!(!error.help().is_empty());
    (error.code(), error.to_string())
}

#[test]
fn a_checkpoint_loads_with_or_without_a_prefix() {
    let plain = load(&tensors(""), CONFIG).expect("a valid checkpoint");
    let prefixed = load(&tensors("bert."), CONFIG).expect("a valid checkpoint");
    assert_eq!(plain.linear_names().len(), 6);
    for name in plain.linear_names() {
        assert_eq!(plain.linear(&name).expect("it was listed"), prefixed.linear(&name).expect("it was listed"));
    }
    let (site, linear) = plain.linear("layer.0.intermediate").expect("a layer of that name");
    assert_eq!((site, linear.weight.rows, linear.weight.cols, linear.bias.len()), (Site::Intermediate, 6, 4, 6));
    assert_eq!(linear.weight.row(1), [-0.5, -0.375, -0.25, -0.125]);
}

#[test]
fn halves_and_brain_floats_are_widened() {
    let mut all = tensors("");
    let name = "encoder.layer.0.attention.self.query.bias";
    // 1, −2, the smallest subnormal, 65504 as halves.
    let halves = [0x3c00u16, 0xc000, 0x0001, 0x7bff].iter().flat_map(|h| h.to_le_bytes()).collect();
    all.insert(name.into(), Tensor { dtype: Dtype::F16, shape: vec![4], data: halves });
    let bias = |all: &Tensors| {
        load(all, CONFIG)
            .expect("a valid checkpoint")
            .linear("layer.0.attention.query")
            .expect("it is there")
            .1
            .bias
            .clone()
    };
    assert_eq!(bias(&all), [1.0, -2.0, 2f32.powi(-24), 65504.0]);
    let brains = [0x3f80u16, 0xc000, 0x0000, 0x4049].iter().flat_map(|h| h.to_le_bytes()).collect();
    all.insert(name.into(), Tensor { dtype: Dtype::BF16, shape: vec![4], data: brains });
    assert_eq!(bias(&all), [1.0, -2.0, 0.0, 3.140_625]);
}

#[test]
fn old_names_of_layer_norms_are_known() {
    let mut all = tensors("");
    for (new, old) in [("weight", "gamma"), ("bias", "beta")] {
        let tensor = all.remove(&format!("embeddings.LayerNorm.{new}")).expect("it is there");
        all.insert(format!("embeddings.LayerNorm.{old}"), tensor);
    }
    load(&all, CONFIG).expect("a valid checkpoint");
}

#[test]
fn every_unusable_tensor_is_named_at_once_with_the_shape_expected() {
    let mut all = tensors("bert.");
    let at = |name: &str| format!("bert.encoder.layer.0.{name}");
    all.remove(&at("output.dense.weight"));
    all.insert(at("attention.self.key.bias"), Tensor::new(&[7]));
    let infected = all.get_mut(&at("intermediate.dense.weight")).expect("it is there");
    infected.data[12..16].copy_from_slice(&f32::NAN.to_le_bytes());
    infected.data[20..24].copy_from_slice(&f32::INFINITY.to_le_bytes());
    all.insert(at("output.dense.bias"), Tensor { dtype: Dtype::I32, shape: vec![4], data: vec![0; 16] });
    let (code, message) = failure(&all, CONFIG);
    assert_eq!(code, "AE0704");
    for line in [
        "4 of its tensors cannot be used",
        "bert.encoder.layer.0.output.dense.weight: it is missing, expected 4 × 6",
        "bert.encoder.layer.0.attention.self.key.bias: its shape is 7, expected 4",
        "bert.encoder.layer.0.intermediate.dense.weight: 2 of its 24 values not finite, the first is NaN at index 3",
        "bert.encoder.layer.0.output.dense.bias: its type is I32, expected F32, F16 or BF16 of 4",
    ] {
        assert!(message.contains(line), "no `{line}` in\n{message}");
    }
}

#[test]
fn a_file_cut_off_anywhere_is_called_truncated() {
    let folder = folder(&tensors(""), CONFIG);
    let path = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&path).expect("it was written");
    for length in [0, 5, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).expect("a writable folder");
        let error = Checkpoint::load(folder.path()).expect_err("a truncated file");
        assert_eq!(error.code(), "AE0703", "cut at {length}: {error}");
        let message = error.to_string();
        assert!(message.contains("truncated") && message.contains(&format!("{length} bytes")), "{message}");
    }
}

#[test]
fn a_file_of_something_else_is_no_safetensors_file() {
    let folder = folder(&tensors(""), CONFIG);
    let path = folder.path().join("model.safetensors");
    let mut bytes = vec![4, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(b"oops and more");
    std::fs::write(&path, bytes).expect("a writable folder");
    let error = Checkpoint::load(folder.path()).expect_err("no safetensors file");
    assert_eq!(error.code(), "AE0703");
    assert!(error.to_string().contains("no valid safetensors file"), "{error}");
}

#[test]
fn a_folder_without_files_says_which_is_missing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Checkpoint::load(folder.path()).expect_err("an empty folder");
    assert_eq!(error.code(), "AE0701");
    assert!(error.to_string().contains("config.json"), "{error}");
    std::fs::write(folder.path().join("config.json"), CONFIG).expect("a writable folder");
    let error = Checkpoint::load(folder.path()).expect_err("a folder without weights");
    assert_eq!(error.code(), "AE0701");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
}

#[test]
fn a_configuration_that_cannot_run_says_why() {
    for (from, to, expected) in [
        ("\"hidden_size\": 4", "\"hidden_size\": \"4\"", "invalid type"),
        ("\"hidden_size\": 4, ", "", "missing field `hidden_size`"),
        ("\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "no multiple of num_attention_heads 3"),
        ("\"num_attention_heads\": 2", "\"num_attention_heads\": 0", "num_attention_heads is 0"),
        ("\"num_hidden_layers\": 1", "\"num_hidden_layers\": 100000000", "at most 256"),
        ("\"gelu\"", "\"swish\"", "unknown variant `swish`"),
        ("\"vocab_size\"", "\"position_embedding_type\": \"relative_key\", \"vocab_size\"", "only `absolute`"),
        ("{", "", "expected"),
    ] {
        let config = CONFIG.replacen(from, to, 1);
        assert_ne!(config, CONFIG);
        let (code, message) = failure(&tensors(""), &config);
        assert_eq!(code, "AE0702");
        assert!(message.contains("config.json") && message.contains(expected), "no `{expected}` in {message}");
    }
}

#[test]
fn an_unknown_layer_is_answered_with_those_there_are() {
    let checkpoint = load(&tensors(""), CONFIG).expect("a valid checkpoint");
    for name in ["layer.1.output", "layer.0.outputs", ""] {
        let error = checkpoint.linear(name).expect_err("no such layer");
        assert_eq!(error.code(), "AE0706");
        assert!(error.to_string().contains("attention.query"), "{error}");
    }
}

#[test]
fn ids_that_do_not_fit_the_checkpoint_are_refused() {
    use alberti_model::reference::forward;
    let checkpoint = load(&tensors(""), CONFIG).expect("a valid checkpoint");
    assert_eq!(forward(&checkpoint, &[0, 4]).expect("ids that fit").traces.len(), 6);
    for ids in [vec![], vec![5], vec![0; 9]] {
        assert_eq!(forward(&checkpoint, &ids).map(|_| ()).map_err(|e| e.code()), Err("AE0705"));
    }
}
