//! Loading checkpoints: whole ones, and every way in which one can be broken.
#![allow(missing_docs)]

mod common;

use alberti_model::{
    Checkpoint, ModelError, Site, Source,
    checkpoint::unused::{self, Unused, Why},
    reference::forward,
    sentence::Tokens,
};
use glob::Pattern;
use safetensors::{Dtype, serialize, tensor::TensorView};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};
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

const ALBERT: &str = r#"{"model_type": "albert", "embedding_size": 3, "hidden_size": 4, "num_hidden_layers": 6,
    "num_hidden_groups": 1, "inner_group_num": 1, "num_attention_heads": 2, "intermediate_size": 6, "vocab_size": 5,
    "max_position_embeddings": 8, "hidden_act": "gelu_new"}"#;

/// Every tensor of an ALBERT of so many groups, with the pooler and the classifier that a fine-tuned one has.
fn albert(groups: usize) -> Tensors {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("albert.embeddings.word_embeddings.weight".into(), vec![5, 3]),
        ("albert.embeddings.position_embeddings.weight".into(), vec![8, 3]),
        ("albert.embeddings.token_type_embeddings.weight".into(), vec![2, 3]),
        ("albert.embeddings.LayerNorm.weight".into(), vec![3]),
        ("albert.embeddings.LayerNorm.bias".into(), vec![3]),
    ];
    let mut linear = |name: &str, outputs, inputs| {
        shapes.push((format!("{name}.weight"), vec![outputs, inputs]));
        shapes.push((format!("{name}.bias"), vec![outputs]));
    };
    linear("albert.encoder.embedding_hidden_mapping_in", 4, 3);
    linear("albert.pooler", 4, 4);
    linear("classifier", 2, 4);
    for layer in (0..groups).map(|group| format!("albert.encoder.albert_layer_groups.{group}.albert_layers.0")) {
        for name in ["attention.query", "attention.key", "attention.value", "attention.dense"] {
            linear(&format!("{layer}.{name}"), 4, 4);
        }
        linear(&format!("{layer}.ffn"), 6, 4);
        linear(&format!("{layer}.ffn_output"), 4, 6);
    }
    for layer in (0..groups).map(|group| format!("albert.encoder.albert_layer_groups.{group}.albert_layers.0")) {
        for name in ["full_layer_layer_norm", "attention.LayerNorm"] {
            shapes.push((format!("{layer}.{name}.weight"), vec![4]));
            shapes.push((format!("{layer}.{name}.bias"), vec![4]));
        }
    }
    let numbers = |(i, (name, shape)): (usize, (String, Vec<usize>))| {
        let count: usize = shape.iter().product();
        let data = (0..count).flat_map(|k| (((i * 7 + k * 5) % 13) as f32 / 8.0 - 0.7).to_le_bytes()).collect();
        (name, Tensor { dtype: Dtype::F32, shape, data })
    };
    shapes.into_iter().enumerate().map(numbers).collect()
}

fn bytes(tensors: &Tensors) -> Vec<u8> {
    let views = tensors.iter().map(|(name, tensor)| {
        (name, TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.data).expect("a valid tensor"))
    });
    serialize(views, None).expect("tensors that can be written")
}

fn folder(tensors: &Tensors, config: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("model.safetensors"), bytes(tensors)).expect("a writable folder");
    std::fs::write(folder.path().join("config.json"), config).expect("a writable folder");
    folder
}

fn load(tensors: &Tensors, config: &str) -> Result<Checkpoint, ModelError> {
    Checkpoint::load(folder(tensors, config).path())
}

fn failure(tensors: &Tensors, config: &str) -> (&'static str, String) {
    let error = load(tensors, config).expect_err("a broken checkpoint");
    assert!(!error.help().is_empty());
    (error.code().as_str(), error.to_string())
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
fn an_albert_passes_the_layer_of_each_group_as_often_as_its_depth_says() {
    let shared = load(&albert(1), ALBERT).expect("a valid checkpoint");
    assert_eq!((shared.layers.len(), shared.config.num_hidden_layers), (1, 6));
    let projection = shared.projection.as_ref().expect("a projection");
    assert_eq!((projection.weight.rows, projection.weight.cols), (4, 3));
    let pass = forward(&shared, &[0, 4, 2]).expect("ids that fit");
    assert_eq!(pass.traces.len(), 6 * 6 + 1);
    // Groups are consecutive layers: 0 0 0 1 1 1.
    let two = ALBERT.replace("\"num_hidden_groups\": 1", "\"num_hidden_groups\": 2");
    let grouped = load(&albert(2), &two).expect("a valid checkpoint");
    assert_eq!(grouped.layers.len(), 6);
    for (layer, group) in [0, 0, 0, 1, 1, 1].into_iter().enumerate() {
        assert_eq!(grouped.layers[layer], grouped.layers[3 * group], "layer {layer}");
    }
    assert_ne!(grouped.layers[0], grouped.layers[3]);
    let six = ALBERT.replace("\"num_hidden_groups\": 1", "\"num_hidden_groups\": 6");
    let distinct = load(&albert(6), &six).expect("a valid checkpoint");
    assert!((1..6).all(|layer| distinct.layers[layer] != distinct.layers[0]));
    // The same weights in every group are one group.
    let mut copied = albert(1);
    for (name, tensor) in albert(1).into_iter().filter(|(name, _)| name.contains("albert_layer_groups.0.")) {
        for group in 1..6 {
            let name = name.replace("groups.0.", &format!("groups.{group}."));
            copied.insert(name, Tensor { dtype: tensor.dtype, shape: tensor.shape.clone(), data: tensor.data.clone() });
        }
    }
    let copied = load(&copied, &six).expect("a valid checkpoint");
    assert_eq!(forward(&copied, &[0, 4, 2]).expect("ids that fit").hidden, pass.hidden);
}

#[test]
fn an_albert_gives_the_numbers_of_an_independent_implementation() {
    // In double precision, from the equations of Hugging Face's modeling_albert, for ids 0 4 2 of types 0 0
    // 1.
    let expected = [
        [0.780_959, -0.432_643, -0.228_606, -0.799_587],
        [0.781_019, -0.431_912, -0.228_62, -0.799_685],
        [0.781_075, -0.431_223, -0.228_632, -0.799_777f32],
    ];
    let tokens = Tokens { ids: vec![0, 4, 2], types: vec![0, 0, 1] };
    let hidden = forward(&load(&albert(1), ALBERT).expect("a valid checkpoint"), &tokens).expect("tokens").hidden;
    for (actual, expected) in hidden.data.iter().zip(expected.as_flattened()) {
        assert!((actual - expected).abs() < 1e-5, "{hidden:?}");
    }
}

#[test]
fn tensors_of_an_albert_are_named_as_the_file_has_them() {
    let mut all = albert(1);
    all.remove("albert.encoder.embedding_hidden_mapping_in.bias");
    let layer = "albert.encoder.albert_layer_groups.0.albert_layers.0";
    all.insert(format!("{layer}.ffn.weight"), Tensor::new(&[4, 6]));
    all.remove(&format!("{layer}.full_layer_layer_norm.weight"));
    let (code, message) = failure(&all, ALBERT);
    assert_eq!(code, "AE0704");
    for line in [
        "3 of its tensors cannot be used".to_owned(),
        "albert.encoder.embedding_hidden_mapping_in.bias: it is missing, expected 4".to_owned(),
        format!("{layer}.ffn.weight: its shape is 4 × 6, expected 6 × 4"),
        format!("{layer}.full_layer_layer_norm.weight: it is missing, expected 4"),
    ] {
        assert!(message.contains(&line), "no `{line}` in\n{message}");
    }
}

#[test]
fn segment_types_choose_a_row_of_their_table() {
    let checkpoint = load(&albert(1), ALBERT).expect("a valid checkpoint");
    let ids = vec![0, 4, 2, 1];
    let pair = |types: &[u32]| forward(&checkpoint, &Tokens { ids: ids.clone(), types: types.to_vec() });
    let hidden = |types: &[u32]| pair(types).expect("tokens that fit").hidden;
    assert_eq!(hidden(&[0; 4]), forward(&checkpoint, &ids).expect("ids that fit").hidden);
    assert_ne!(hidden(&[0, 0, 1, 1]), hidden(&[0; 4]));
    let error = pair(&[0, 0, 2, 0]).expect_err("two types");
    assert_eq!(
        (error.code().as_str(), error.to_string()),
        ("AE0705", "token 2 is of type 2, the checkpoint has types 0 to 1".into())
    );
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
        "bert.encoder.layer.0.output.dense.bias: its type is I32, expected F64, F32, F16 or BF16 of 4",
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
        assert_eq!(error.code().as_str(), "AE0703", "cut at {length}: {error}");
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
    assert_eq!(error.code().as_str(), "AE0703");
    assert!(error.to_string().contains("no valid safetensors file"), "{error}");
}

#[test]
fn a_folder_without_files_says_which_is_missing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Checkpoint::load(folder.path()).expect_err("an empty folder");
    assert_eq!(error.code().as_str(), "AE0701");
    assert!(error.to_string().contains("config.json"), "{error}");
    std::fs::write(folder.path().join("config.json"), CONFIG).expect("a writable folder");
    let error = Checkpoint::load(folder.path()).expect_err("a folder without weights");
    assert_eq!(error.code().as_str(), "AE0701");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
}

#[test]
fn a_configuration_that_cannot_run_says_why() {
    for (from, to, expected) in [
        ("\"hidden_size\": 4", "\"hidden_size\": \"4\"", "hidden_size is \"4\", it must be a number of at least 1"),
        ("\"hidden_size\": 4, ", "", "hidden_size is missing"),
        ("\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "not a multiple of num_attention_heads 3"),
        ("\"num_attention_heads\": 2", "\"num_attention_heads\": 0", "num_attention_heads is 0"),
        ("\"num_hidden_layers\": 1", "\"num_hidden_layers\": 100000000", "at most 256"),
        ("\"gelu\"", "\"quick_gelu\"", "hidden_act is `quick_gelu`, known are `gelu`"),
        ("\"vocab_size\"", "\"position_embedding_type\": \"relative_key\", \"vocab_size\"", "only `absolute`"),
        (
            "\"vocab_size\"",
            "\"model_type\": \"gpt2\", \"vocab_size\"",
            "`gpt2`: known are `albert`, `bert`, `camembert`",
        ),
        (
            "\"vocab_size\"",
            "\"model_type\": \"mpnet\", \"vocab_size\"",
            "a bias for each distance, which no accelerator",
        ),
        ("\"vocab_size\"", "\"is_decoder\": true, \"vocab_size\"", "is_decoder is true"),
        ("\"vocab_size\"", "\"pruned_heads\": {\"0\": [1]}, \"vocab_size\"", "with all heads"),
        ("1e-12", "-1e-12", "layer_norm_eps is -1e-12"),
        ("{", "", "expected"),
        ("{", "[{", "expected a map"),
    ] {
        let config = CONFIG.replacen(from, to, 1);
        assert_ne!(config, CONFIG);
        let (code, message) = failure(&tensors(""), &config);
        assert_eq!(code, "AE0702");
        assert!(message.contains("config.json") && message.contains(expected), "no `{expected}` in {message}");
    }
    let many = ALBERT
        .replace("\"inner_group_num\": 1", "\"inner_group_num\": 0, \"is_decoder\": true")
        .replace("\"num_hidden_groups\": 1", "\"num_hidden_groups\": 7")
        .replace("\"vocab_size\": 5,", "")
        .replace("gelu_new", "mish");
    let (_, message) = failure(&albert(1), &many);
    for part in ["inner_group_num is 0", "is_decoder", "num_hidden_groups 7", "vocab_size is missing", "`mish`"] {
        assert!(message.contains(part), "no `{part}` in {message}");
    }
}

#[test]
fn an_unknown_layer_is_answered_with_those_there_are() {
    let checkpoint = load(&tensors(""), CONFIG).expect("a valid checkpoint");
    for name in ["layer.1.output", "layer.0.outputs", ""] {
        let error = checkpoint.linear(name).expect_err("no such layer");
        assert_eq!(error.code().as_str(), "AE0706");
        assert!(error.to_string().contains("attention.query"), "{error}");
    }
}

#[test]
fn ids_that_do_not_fit_the_checkpoint_are_refused() {
    let checkpoint = load(&tensors(""), CONFIG).expect("a valid checkpoint");
    assert_eq!(forward(&checkpoint, &[0, 4]).expect("ids that fit").traces.len(), 6);
    for ids in [vec![], vec![5u32], vec![0; 9]] {
        assert_eq!(forward(&checkpoint, &ids).map(|_| ()).map_err(|e| e.code().as_str()), Err("AE0705"));
    }
}

/// A tensor of the encoder that nothing takes would be another encoder's.
#[test]
fn a_tensor_of_the_encoder_that_is_not_known_is_refused_by_its_name() {
    let layer = "encoder.layer.0";
    for name in [
        format!("{layer}.attention.self.query.lora_A.default.weight"),
        format!("{layer}.output.adapters.sst2.adapter_down.0.weight"),
        format!("{layer}.attention.self.adaptive_span.current_val"),
        "encoder.highway.0.classifier.weight".into(),
        "embeddings.span_mask".into(),
        "span_masks".into(),
    ] {
        for prefix in ["", "bert."] {
            let mut all = tensors(prefix);
            all.insert(format!("{prefix}{name}"), Tensor::new(&[4]));
            let (code, message) = failure(&all, CONFIG);
            assert_eq!(code, "AE0704", "{message}");
            assert!(message.contains(&format!("{prefix}{name}: it is not known what")), "{message}");
        }
    }
    let mut deeper = tensors("bert.");
    for (name, _) in tensors("bert.").into_iter().filter(|(name, _)| name.contains("layer.0.")) {
        deeper.insert(name.replace("layer.0", "layer.3"), Tensor::new(&[4]));
    }
    let (code, message) = failure(&deeper, CONFIG);
    assert_eq!(code, "AE0704", "{message}");
    assert!(message.contains("bert.encoder.layer.3: 16 tensors; num_hidden_layers is 1"), "{message}");
    let (_, message) = failure(&albert(2), ALBERT);
    assert!(message.contains("albert_layer_groups.1.albert_layers.0: 16 tensors; num_hidden_groups is 1"), "{message}");
}

#[test]
fn every_tensor_that_is_not_used_is_told_once_with_the_reason() {
    let told = |name: &str, prefix: &str| {
        let mut all = tensors(prefix);
        all.insert(name.to_owned(), Tensor::new(&[4]));
        let unused = load(&all, CONFIG).expect("an encoder").unused;
        assert_eq!(unused.iter().map(|one| one.tensor.as_str()).collect::<Vec<_>>(), [name]);
        (unused[0].why, unused::note(&unused), unused::warnings(&unused).to_string())
    };
    for (name, prefix) in [
        ("classifier.weight", ""),
        ("classifier.weight", "bert."),
        ("qa_outputs.bias", "bert."),
        ("span_masks.weight", "bert."),
    ] {
        let (why, note, warning) = told(name, prefix);
        assert!(matches!(why, Why::Classifier | Why::Beside) && note.is_empty(), "{name}: {note}");
        assert!(warning.contains("warning[AE0719]") && warning.contains(&format!("`{name}`")), "{name}: {warning}");
    }
    for (name, prefix, reason) in [
        ("pooler.dense.weight", "", Why::Pooler),
        ("bert.pooler.dense.weight", "bert.", Why::Pooler),
        ("cls.predictions.bias", "bert.", Why::Pretraining),
        ("lm_head.bias", "", Why::Pretraining),
        ("embeddings.position_ids", "", Why::Buffer),
        ("bert.embeddings.position_ids", "bert.", Why::Buffer),
    ] {
        let (why, note, warning) = told(name, prefix);
        assert_eq!((why, warning.as_str()), (reason, ""), "{name}");
        assert_eq!(note, format!("not used, {}: {name}\n", reason.text()));
    }
}

#[test]
fn a_pattern_leaves_out_what_is_not_known_and_nothing_else() {
    let name = "bert.encoder.layer.0.attention.self.query.lora_A.default.weight";
    let mut all = tensors("bert.");
    all.insert(name.to_owned(), Tensor::new(&[4]));
    let folder = folder(&all, CONFIG);
    let read = |patterns: &[&str]| {
        let ignore: Vec<_> = patterns.iter().map(|pattern| Pattern::new(pattern).expect("a pattern")).collect();
        Checkpoint::load(Source { ignore: &ignore, ..folder.path().into() })
    };
    let unused = read(&["*.lora_?.*"]).expect("an encoder").unused;
    assert_eq!(unused, [Unused { tensor: name.to_owned(), why: Why::Ignored }]);
    assert!(unused::note(&unused).contains("as --ignore says"));
    // What the encoder needs is used all the same, and a pattern that leaves nothing out is a slip.
    for pattern in ["*.query.weight", "lora"] {
        let message = read(&["*.lora_?.*", pattern]).expect_err("a slip").to_string();
        assert!(message.contains(&format!("--ignore {pattern}: no tensor")), "{message}");
    }
}

#[test]
fn doubles_are_narrowed_and_refused_where_they_do_not_fit() {
    let mut all = tensors("");
    let name = "encoder.layer.0.attention.self.query.bias";
    let mut put = |values: [f64; 4]| {
        let data = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        all.insert(name.into(), Tensor { dtype: Dtype::F64, shape: vec![4], data });
        load(&all, CONFIG)
    };
    let checkpoint = put([0.1, -2.0, 1e-300, 3.0]).expect("a valid checkpoint");
    assert_eq!(checkpoint.linear("layer.0.attention.query").expect("it is there").1.bias, [0.1, -2.0, 0.0, 3.0]);
    let error = put([0.0, 1e300, 0.0, 0.0]).expect_err("no f32").to_string();
    assert!(error.contains("1 of its 4 values not finite, the first is inf at index 1"), "{error}");
}

/// A model in two files, and every way in which these can be wrong.
#[test]
fn shards_are_one_checkpoint() {
    let write = |folder: &Path, change: &dyn Fn(&mut [Tensors; 2], &mut Value)| {
        let (first, second) = tensors("").into_iter().partition(|(name, _)| name.starts_with("embeddings"));
        let mut shards: [Tensors; 2] = [first, second];
        let mut map = serde_json::Map::new();
        for (number, shard) in (1..).zip(&shards) {
            map.extend(shard.keys().map(|name| (name.clone(), json!(format!("{number}.safetensors")))));
        }
        let mut index = json!({"metadata": {}, "weight_map": map});
        change(&mut shards, &mut index);
        for (number, shard) in (1..).zip(&shards) {
            std::fs::write(folder.join(format!("{number}.safetensors")), bytes(shard)).expect("a writable folder");
        }
        std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).expect("a writable folder");
        std::fs::write(folder.join("config.json"), CONFIG).expect("a writable folder");
    };
    let read = |change: &dyn Fn(&mut [Tensors; 2], &mut Value)| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), change);
        Checkpoint::load(folder.path())
    };
    assert_eq!(read(&|_, _| {}).expect("shards"), load(&tensors(""), CONFIG).expect("one file"));
    const WORDS: &str = "embeddings.word_embeddings.weight";
    type Change = dyn Fn(&mut [Tensors; 2], &mut Value);
    let broken: [(&Change, &str, &str); 5] = [
        (&|shards, _| drop(shards[0].remove(WORDS)), "AE0703", "is not in 1.safetensors, the index says so"),
        (
            &|_, index| drop(index["weight_map"].as_object_mut().expect("a map").remove(WORDS)),
            "AE0703",
            "is in 1.safetensors, the index does not say so",
        ),
        (&|_, index| index["weight_map"][WORDS] = json!("../1.safetensors"), "AE0703", "`../1.safetensors` is no name"),
        (&|_, index| index["weight_map"][WORDS] = json!("3.safetensors"), "AE0701", "3.safetensors"),
        (&|_, index| *index = json!({"weight_map": {}}), "AE0703", "names no tensor"),
    ];
    for (change, code, text) in broken {
        let error = read(change).expect_err("broken shards");
        assert_eq!(error.code().as_str(), code, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn weights_in_another_format_are_told_with_what_converts_them() {
    for (file, how) in [
        ("pytorch_model.bin", "glob.glob('pytorch_model.bin')"),
        ("pytorch_model.bin.index.json", "glob.glob('pytorch_model-*.bin')"),
        ("tf_model.h5", "from_tf=True"),
        ("flax_model.msgpack", "from_flax=True"),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("config.json"), CONFIG).expect("a writable folder");
        std::fs::write(folder.path().join(file), "").expect("a writable folder");
        let error = Checkpoint::load(folder.path()).expect_err("no safetensors");
        assert_eq!(error.code().as_str(), "AE0701");
        assert!(error.to_string().contains(&format!("has {file}, no model.safetensors")), "{error}");
        assert!(error.help().contains("python -c") && error.help().contains(how), "{}", error.help());
    }
}
