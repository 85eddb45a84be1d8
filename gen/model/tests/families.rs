//! Small models of every family, as transformers writes them and answers with them
//! (`references/families.py`).
#![allow(missing_docs, clippy::print_stdout)]

use alberti_model::{
    Checkpoint,
    adapted::{Adapted, folder},
    checkpoint::OwnHeads,
    reference::forward,
    sentence::{Tokenizer, Tokens},
};
use safetensors::{SafeTensors, tensor::TensorView};
use serde::Deserialize;
use std::{fs, path::PathBuf};

/// What the f32 encoder may differ from the library's by, in any number of the last layer's output.
const MOST: f32 = 1e-5;

/// Folders of models, each with its family's name.
const KINDS: [(&str, &str); 10] = [
    ("albert", "albert"),
    ("albert_groups", "albert"),
    ("bert", "bert"),
    ("bert_cased", "bert"),
    ("camembert", "camembert"),
    ("distilbert", "distilbert"),
    ("electra", "electra"),
    ("electra_wide", "electra"),
    ("roberta", "roberta"),
    ("xlm_roberta", "xlm-roberta"),
];

fn at(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/references/families").join(kind)
}

/// What the library was asked.
#[derive(Deserialize)]
struct Texts {
    texts: Vec<(String, Option<String>)>,
    unusual: Vec<String>,
    longest: usize,
}

fn texts() -> Texts {
    serde_json::from_slice(&fs::read(at("texts.json")).expect("a file")).expect("texts")
}

fn integers(view: &TensorView) -> Vec<u32> {
    view.data().as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect()
}

fn floats(view: &TensorView) -> Vec<f32> {
    view.data().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

#[test]
fn every_family_gives_what_the_library_gives() {
    let Texts { texts, longest, .. } = texts();
    for (kind, family) in KINDS {
        let folder = at(kind);
        let checkpoint = Checkpoint::load(&folder).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(checkpoint.config.family.name, family);
        let tokenizer = Tokenizer::load_for(&folder, &checkpoint).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let short = tokenizer.cut(longest).expect("room for a text");
        let bytes = fs::read(folder.join("expected.safetensors")).expect("a file");
        let expected = SafeTensors::deserialize(&bytes).expect("tensors");
        let tensor = |name: &str, i: usize| expected.tensor(&format!("{name}.{i}")).ok();
        let (mut worst, mut cuts) = (0.0f32, 0);
        for (i, (text, second)) in texts.iter().enumerate() {
            let tokens = tokenizer.tokens(text, second.as_deref(), &checkpoint).expect("a short text");
            let Tokens { ids, types } = &tokens;
            assert_eq!(*ids, integers(&tensor("ids", i).expect("ids")), "{kind}: {text}");
            let none = vec![0; ids.len()];
            assert_eq!(*types, tensor("types", i).map_or(none, |view| integers(&view)), "{kind}: {text}");
            let (cut, was) = short.read(text, second.as_deref(), &checkpoint).expect("a short text");
            assert_eq!(cut.ids, integers(&tensor("cut", i).expect("ids")), "{kind}: {text}");
            assert_eq!(was, cut.ids.len() < ids.len());
            cuts += usize::from(was);
            let hidden = forward(&checkpoint, &tokens).expect("tokens that fit").hidden;
            let theirs = floats(&tensor("hidden", i).expect("hidden"));
            assert_eq!(hidden.data.len(), theirs.len());
            worst = hidden.data.iter().zip(&theirs).fold(worst, |worst, (a, b)| worst.max((a - b).abs()));
        }
        println!("{kind}: {worst:.1e} from the library");
        assert!(worst <= MOST, "{kind}: {worst}");
        assert!(cuts > 0, "{kind}");
    }
}

#[test]
fn unusual_texts_become_the_librarys_tokens() {
    let Texts { unusual, .. } = texts();
    for (kind, _) in KINDS {
        let folder = at(kind);
        let mut checkpoint = Checkpoint::load(&folder).unwrap_or_else(|error| panic!("{kind}: {error}"));
        // Some are longer than the small models read.
        checkpoint.config.max_position_embeddings = 512;
        let tokenizer = Tokenizer::load(&folder).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let bytes = fs::read(folder.join("unusual.safetensors")).expect("a file");
        let expected = SafeTensors::deserialize(&bytes).expect("tensors");
        for (i, text) in unusual.iter().enumerate() {
            let tokens = tokenizer.tokens(text, None, &checkpoint).unwrap_or_else(|error| panic!("{kind}: {error}"));
            let theirs = integers(&expected.tensor(&format!("ids.{i}")).expect("ids"));
            assert_eq!(tokens.ids, theirs, "{kind}: {text:?}");
        }
    }
}

/// Positions that belong to no token, and tables that a family lacks, are not lost on the way.
#[test]
fn what_is_written_again_is_the_same_model() {
    for (kind, _) in KINDS {
        // Poolers are not written.
        let read = Checkpoint::load(&at(kind)).expect("a model");
        let backbone = Checkpoint { unused: Vec::new(), own: OwnHeads::default(), ..read };
        let model = Adapted { backbone, tasks: Vec::new() };
        let target = tempfile::tempdir().expect("a temporary folder");
        for (name, bytes) in folder::files(&model).expect("a sound model") {
            fs::write(target.path().join(name), bytes).expect("a writable folder");
        }
        // Not as text: they are long.
        assert!(Checkpoint::load(target.path()).expect("a sound folder") == model.backbone, "{kind}");
    }
}

#[test]
fn a_roberta_refuses_the_token_that_it_counts_no_position_for() {
    let folder = at("roberta");
    let checkpoint = Checkpoint::load(&folder).expect("a model");
    assert_eq!((checkpoint.config.first_position(), checkpoint.config.max_position_embeddings), (2, 38));
    let tokenizer = Tokenizer::load(&folder).expect("a tokenizer");
    let error = tokenizer.tokens("A <pad> cat", None, &checkpoint).expect_err("padding");
    assert_eq!(error.code().as_str(), "AE0705");
    assert!(error.to_string().contains("is the padding token 1, for which the model counts no position"), "{error}");
}

/// Vocabularies are built by their settings: with others the words are others.
#[test]
fn settings_beside_a_vocabulary_are_used() {
    let read = |kind: &str, settings: &str, text: &str| {
        let target = tempfile::tempdir().expect("a temporary folder");
        for entry in fs::read_dir(at(kind)).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            fs::copy(&entry, target.path().join(entry.file_name().expect("a name"))).expect("a writable folder");
        }
        fs::write(target.path().join("tokenizer_config.json"), settings).expect("a writable folder");
        let checkpoint = Checkpoint::load(target.path()).expect("a model");
        Tokenizer::load(target.path()).map(|tokenizer| tokenizer.encode(text, &checkpoint).expect("a short text"))
    };
    for (kind, settings, text) in [
        ("bert", r#"{"do_lower_case": false}"#, "A CAT"),
        ("albert", r#"{"do_lower_case": false}"#, "A CAT"),
        ("albert", r#"{"keep_accents": true}"#, "é"),
        ("roberta", r#"{"add_prefix_space": true}"#, "cat"),
    ] {
        let [usual, other] = ["{}", settings].map(|settings| read(kind, settings, text).expect("a tokenizer"));
        assert_ne!(usual, other, "{kind}: {settings}");
    }
    let error = read("roberta", r#"{"add_prefix_space": 1}"#, "cat").expect_err("no truth value").to_string();
    assert!(error.contains("add_prefix_space is 1, it must be true or false"), "{error}");
}

#[test]
fn a_tokenizer_that_transformers_alone_can_read_is_told_with_what_converts_it() {
    let target = tempfile::tempdir().expect("a temporary folder");
    fs::write(target.path().join("sentencepiece.bpe.model"), "").expect("a writable folder");
    let error = Tokenizer::load(target.path()).expect_err("no tokenizer.json");
    assert_eq!(error.code().as_str(), "AE0701");
    assert!(error.to_string().contains("has sentencepiece.bpe.model, no tokenizer.json"), "{error}");
    assert!(error.help().contains("AutoTokenizer"), "{}", error.help());
    fs::write(target.path().join("spiece.model"), "no protocol buffer").expect("a writable folder");
    let error = Tokenizer::load(target.path()).expect_err("no model of SentencePiece");
    assert_eq!(error.code().as_str(), "AE0705");
    fs::write(target.path().join("vocab.json"), "{}").expect("a writable folder");
    let error = Tokenizer::load(target.path()).expect_err("no merges").to_string();
    assert!(error.contains("merges.txt"), "{error}");
}
