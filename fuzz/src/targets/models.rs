//! Models: the files of an encoder, of its tokenizer and of its tasks, and recipes.

use crate::{Reader, Target, bundle};
use alberti_model::{
    Checkpoint,
    adapted::{OffRamps, Shape, Span, TaskShape, folder, synthetic},
    pack::Recipe,
    reference,
    sentence::Tokenizer,
};

/// `config.json` and `model.safetensors`; what was read is run.
pub const MODELS: Target = Target {
    name: "models",
    words: &[
        "@@ config.json\n",
        "@@ model.safetensors\n",
        "\"hidden_size\": ",
        "\"num_hidden_layers\": ",
        "256",
        "\"num_attention_heads\": ",
        "\"model_type\": ",
        "\"albert\"",
        "\"bert\"",
        "\"num_hidden_groups\": ",
        "\"embedding_size\": ",
        "\"layer_norm_eps\": ",
        "1e-300",
        "\"hidden_act\": ",
        "\"gelu_new\"",
        "\"relu\"",
        "\"dtype\":\"F16\"",
        "\"dtype\":\"BF16\"",
        "\"shape\":[",
        "\"data_offsets\":[",
        "gamma",
        "beta",
        "null",
    ],
    seeds: models,
    reader: model,
};

/// `tokenizer.json` and `tokenizer_config.json`; what was read reads sentences.
pub const TOKENIZERS: Target = Target {
    name: "tokenizers",
    words: &[
        "@@ tokenizer.json\n",
        "@@ tokenizer_config.json\n",
        "\"type\": ",
        "\"WordPiece\"",
        "\"BPE\"",
        "\"Unigram\"",
        "\"WordLevel\"",
        "\"merges\": [",
        "\"vocab\": {",
        "\"Sequence\"",
        "\"Lowercase\"",
        "\"StripAccents\"",
        "\"Replace\"",
        "\"Regex\": ",
        "\"Precompiled\"",
        "\"Split\"",
        "\"ByteLevel\"",
        "\"Metaspace\"",
        "\"Punctuation\"",
        "\"TemplateProcessing\"",
        "\"BertProcessing\"",
        "\"SpecialToken\": ",
        "\"added_tokens\": [",
        "\"do_lower_case\": ",
        "\"model_max_length\": ",
        "\"cls_token\": ",
        "null",
        "true",
    ],
    seeds: Vec::new,
    reader: tokenizer,
};

/// The folder of a task.
pub const TASKS: Target = Target {
    name: "tasks",
    words: &[
        "@@ adapter_config.json\n",
        "@@ adapter.safetensors\n",
        "@@ head_config.json\n",
        "@@ model_head.safetensors\n",
        "@@ task.json\n",
        "\"config\": {",
        "\"name\": ",
        "\"mh_adapter\": ",
        "\"output_adapter\": ",
        "\"non_linearity\": ",
        "\"num_labels\": ",
        "\"label2id\": {",
        "\"bias\": ",
        "\"attention_span\": [",
        "\"attention_span_ramp\": ",
        "\"data_offsets\":[",
        "\"shape\":[",
        "off_ramp.",
        "heads.",
        "null",
        "false",
    ],
    seeds: tasks,
    reader: task,
};

/// The file of `--recipe`.
pub const RECIPES: Target = Target {
    name: "recipes",
    words: &[
        "prune:",
        "embeddings: ",
        "encoder: ",
        "{below: 0.02}",
        "8:16",
        "none",
        "quantise:",
        "weight_scale: ",
        "matrix",
        "output",
        "channel_shifts: ",
        "clip_gelu: ",
        "calibrate: [",
        "true",
        ".nan",
        "&a ",
        "*a",
        "<<: ",
        "? ",
        "!!x ",
    ],
    seeds: Vec::new,
    reader: || {
        Box::new(|bytes| {
            if let Err(problem) = Recipe::parse("changed.yaml", bytes) {
                assert!(!problem.to_string().is_empty());
            }
        })
    },
};

/// An encoder of one of everything, as small as can be.
fn shape() -> Shape {
    let spans = vec![Span::Limited { span: 2, ramp: 1 }, Span::Skipped];
    let task = TaskShape { adapters: [2, 0], classes: 2, off_ramps: OffRamps::Shared, spans };
    Shape { embedding: 2, hidden: 4, heads: 2, inner: 4, depth: 2, words: 5, tasks: vec![task], ..Shape::small(8) }
}

/// The files of models: with shared layers and without.
fn written() -> [folder::Files; 2] {
    let own = Shape { embedding: 4, shared: false, ..shape() };
    [shape(), own].map(|shape| folder::files(&synthetic(&shape, 1)).expect("a model"))
}

fn models() -> Vec<Vec<u8>> {
    let bundle = |files: &folder::Files| {
        bundle::join(["config.json", "model.safetensors"].map(|name| (name, files[name].as_slice())))
    };
    written().iter().map(bundle).collect()
}

fn model() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    Box::new(move |bytes| {
        bundle::unpack(bytes, &["config.json", "model.safetensors"], folder.path());
        if let Ok(checkpoint) = Checkpoint::load(folder.path()) {
            drop(checkpoint.warnings());
            // What was accepted can be run.
            let ids = [0, checkpoint.config.vocab_size.min(5) as u32 - 1];
            drop(reference::forward(&checkpoint, &ids));
        }
    })
}

fn tokenizer() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    let checkpoint = synthetic(&shape(), 1).backbone;
    Box::new(move |bytes| {
        bundle::unpack(bytes, &["tokenizer.json", "tokenizer_config.json"], folder.path());
        if let Ok(tokenizer) = Tokenizer::load(folder.path()) {
            drop(tokenizer.check(&checkpoint));
            drop(tokenizer.tokens("A b, abc 12 \u{e9}x!", Some("b"), &checkpoint));
            drop(tokenizer.beginning("", None, &checkpoint, 4));
        }
    })
}

/// Where tasks are in a model.
const TASK: &str = "tasks/task1/";

/// The files of a task.
const FILES: [&str; 5] =
    ["adapter_config.json", "adapter.safetensors", "head_config.json", "model_head.safetensors", "task.json"];

fn tasks() -> Vec<Vec<u8>> {
    let of_task = |files: &folder::Files| {
        let task: Vec<_> =
            files.iter().filter_map(|(name, content)| Some((name.strip_prefix(TASK)?, &**content))).collect();
        assert_eq!(task.len(), FILES.len(), "a task has one of everything");
        bundle::join(task)
    };
    written().iter().map(of_task).collect()
}

fn task() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    let backbone = synthetic(&shape(), 1).backbone;
    Box::new(move |bytes| {
        bundle::unpack(bytes, &FILES, folder.path());
        drop(folder::task(folder.path(), &backbone));
    })
}
