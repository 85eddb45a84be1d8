//! Tokenizers as transformers reads them: `tokenizer_config.json` beside `tokenizer.json`, and pairs.
#![allow(missing_docs)]

use alberti_model::{
    ModelError,
    adapted::{Adapted, Shape, synthetic},
    sentence::{Cut, Reading, Tokenizer},
};
use serde_json::{Value, json};
use std::fs;

const UNKNOWN: u32 = 1;

fn model() -> Adapted {
    synthetic(&Shape { words: 2000, ..Shape::small(32) }, 1)
}

/// A synthetic tokenizer whose file was changed, with settings.
fn read(change: impl FnOnce(&mut Value), settings: Option<Value>) -> Result<Tokenizer, ModelError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = Tokenizer::synthetic(2000).expect("a tokenizer").to_json().expect("JSON");
    let mut tokenizer: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut tokenizer);
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).expect("a writable folder");
    if let Some(settings) = settings {
        fs::write(folder.path().join("tokenizer_config.json"), settings.to_string()).expect("a writable folder");
    }
    Tokenizer::load(folder.path())
}

fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(text, &model().backbone).expect("a short text")
}

fn refused(change: impl FnOnce(&mut Value), settings: Value, parts: &[&str]) {
    let error = read(change, Some(settings)).expect_err("a contradiction");
    assert_eq!(error.code().as_str(), "AE0705", "{error}");
    let said = error.to_string();
    assert!(said.contains("tokenizer_config.json: "), "{said}");
    parts.iter().for_each(|part| assert!(said.contains(part), "no `{part}` in {said}"));
}

#[test]
fn a_normaliser_of_bert_is_set_as_the_settings_say() {
    let cased = |tokenizer: &mut Value| tokenizer["normalizer"]["lowercase"] = json!(false);
    let small = ids(&read(|_| {}, None).expect("a tokenizer"), "tea");
    assert!(!small.contains(&UNKNOWN));
    let reads = |change: fn(&mut Value), settings: Option<Value>, text: &str| {
        ids(&read(change, settings).expect("a tokenizer"), text)
    };
    // Without the file tokenizer.json has the say.
    assert_eq!(reads(|_| {}, None, "TEA"), small);
    assert!(reads(cased, None, "TEA").contains(&UNKNOWN));
    assert!(reads(|_| {}, Some(json!({"do_lower_case": false})), "TEA").contains(&UNKNOWN));
    assert_eq!(reads(cased, Some(json!({"do_lower_case": true})), "TEA"), small);
    // The library's own where the file is there and does not say.
    assert_eq!(reads(cased, Some(json!({})), "TEA"), small);
    // Accents go as case does, unless the file says.
    assert_eq!(reads(|_| {}, Some(json!({"strip_accents": null})), "téa"), small);
    assert!(reads(|_| {}, Some(json!({"strip_accents": false})), "téa").contains(&UNKNOWN));
    assert_eq!(reads(|_| {}, Some(json!({"do_lower_case": false, "strip_accents": true})), "téa"), small);
    // Chinese characters are words of their own, or parts of one.
    let chinese = |given: bool| reads(|_| {}, Some(json!({"tokenize_chinese_chars": given})), "a字a").len();
    assert_eq!((chinese(true), chinese(false)), (5, 3));
}

#[test]
fn settings_that_contradict_the_tokenizer_are_named() {
    let plain = |tokenizer: &mut Value| {
        tokenizer["normalizer"] = json!({"type": "Sequence", "normalizers": [{"type": "NFKD"}]})
    };
    let lower = |tokenizer: &mut Value| {
        tokenizer["normalizer"] =
            json!({"type": "Sequence", "normalizers": [{"type": "StripAccents"}, {"type": "Lowercase"}]});
    };
    refused(plain, json!({"do_lower_case": true}), &["do_lower_case contradicts", "lacks Lowercase"]);
    let both = ["do_lower_case contradicts", "has Lowercase", "keep_accents contradicts", "has StripAccents"];
    refused(lower, json!({"do_lower_case": false, "keep_accents": true}), &both);
    read(lower, Some(json!({"do_lower_case": true, "keep_accents": false}))).expect("they agree");
    refused(|_| {}, json!({"cls_token": "<s>"}), &["cls_token is `<s>`, which tokenizer.json does not have"]);
    refused(
        |_| {},
        json!({"sep_token": {"content": "[PAD]"}}),
        &["sep_token is `[PAD]`, tokenizer.json puts `[SEP]` there"],
    );
    refused(|_| {}, json!({"unk_token": "[MASK]"}), &["unk_token is `[MASK]`, tokenizer.json puts `[UNK]` there"]);
    let added = json!({"added_tokens_decoder": {"0": {"content": "[PAD]"}, "7": {"content": "[MASK]"}, "9": {"content": "<x>"}}});
    refused(|_| {}, added, &["`[MASK]` id 7, tokenizer.json 4", "`<x>` id 9, tokenizer.json none"]);
    refused(
        |_| {},
        json!({"do_lower_case": 1, "model_max_length": 0}),
        &["do_lower_case is 1", "model_max_length is 0"],
    );
    refused(|_| {}, json!([]), &["invalid type"]);
    let whole = json!({"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]",
                       "mask_token": {"content": "[MASK]"}, "model_max_length": 1e30, "tokenizer_class": "BertTokenizer"});
    read(|_| {}, Some(whole)).expect("they agree");
}

#[test]
fn a_text_is_no_longer_than_the_settings_allow() {
    let checkpoint = model().backbone;
    let tokenizer = read(|_| {}, Some(json!({"model_max_length": 6}))).expect("a tokenizer");
    let text = "a b c d e";
    let error = tokenizer.tokens(text, None, &checkpoint).expect_err("seven tokens").to_string();
    assert!(error.contains("7 tokens: tokenizer_config.json allows 6 (model_max_length)"), "{error}");
    let reading = Reading::built_in(vec![text.into(), "a".into()], &tokenizer, &checkpoint, 100).expect("cut");
    assert_eq!((reading.longest(), reading.cut), (6, Cut { texts: 1, most: 6 }));
    assert!(reading.note().contains("1 of 2 texts cut to 6 tokens"), "{}", reading.note());
    // More than the model has positions for means nothing.
    let tokenizer = read(|_| {}, Some(json!({"model_max_length": 512}))).expect("a tokenizer");
    assert_eq!(tokenizer.longest(&checkpoint), 32);
}

/// The library's batches take an empty second text as a pair all the same.
#[test]
fn a_pair_with_an_empty_second_text_is_a_pair() {
    let (checkpoint, tokenizer) = (model().backbone, read(|_| {}, None).expect("a tokenizer"));
    let single = tokenizer.tokens("tea", None, &checkpoint).expect("a short text");
    let pair = tokenizer.tokens("tea", Some(""), &checkpoint).expect("a short pair");
    assert_eq!(pair.ids, [single.ids.as_slice(), &[3]].concat());
    assert_eq!(pair.types, [single.types.as_slice(), &[1]].concat());
}
