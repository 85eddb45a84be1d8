//! Sentences through the trained encoder on the accelerator of a design.
#![allow(missing_docs)]

mod common;

use common::{fails, json, text, well};

const MODEL: &str = "build/models/minilm";
const ACCELERATOR16: &str = "designs/accelerator16.yaml";

#[test]
fn sentences_are_answered_and_compared_with_f32() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, out) = (folder.path().join("sentences.txt"), folder.path().join("out.json"));
    std::fs::write(&file, "Is it safe to eat mushrooms?\n\nThe last bus had left.\n").expect("a file");
    let arguments = ["run", ACCELERATOR16, "--model", MODEL, "--text", "Yes.", "--file", text(&file), "--compare"];
    let said = well(&[&arguments[..], &["--json", text(&out)]].concat());
    assert!(said.contains("3 sentences on the interpreter") && said.contains("bit for bit"), "{said}");
    let result = &json(&out)["result"];
    let sentences = result["sentences"].as_array().expect("sentences");
    let texts: Vec<_> = sentences.iter().map(|sentence| sentence["text"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["Yes.", "Is it safe to eat mushrooms?", "The last bus had left."]);
    for sentence in sentences {
        assert!(sentence["embedding_cosine"].as_f64() > Some(0.985), "{sentence}");
        assert_eq!(sentence["embedding"].as_array().map(Vec::len), Some(384));
    }
    assert!(result["summary"]["mean_embedding_cosine"].as_f64() > Some(0.99));
}

#[test]
fn a_model_or_a_text_that_is_too_large_is_refused_with_the_numbers() {
    let said = fails(&["run", "designs/accelerator4.yaml", "--model", MODEL, "--text", "Yes."], 1, "error[AE0713]");
    for key in ["memories.weight.values: ", "units.layernorm.length_max: 384 needed, 256 more than 128", "help: "] {
        assert!(said.contains(key), "{key}\n{said}");
    }
    let long = "word ".repeat(200);
    let said = fails(&["run", ACCELERATOR16, "--model", MODEL, "--text", &long], 1, "error[AE0713]");
    assert!(said.contains("units.softmax.length_max: 208 needed, 80 more than 128"), "{said}");
    fails(&["run", ACCELERATOR16, "--model", MODEL, "--text", &"word ".repeat(600)], 1, "error[AE0705]: 602 tokens");
}

#[test]
fn a_program_is_listed_with_its_memory_map() {
    let arguments = ["dump", ACCELERATOR16, "--stage", "program", "--model", MODEL, "--tokens", "20"];
    let said = well(&arguments);
    for part in ["# Where everything lies", "# Set up, once", "# 20 tokens, padded to 32", "softmax rows=32", "halt"] {
        assert!(said.contains(part), "{part}");
    }
    let data: serde_json::Value =
        serde_json::from_str(&well(&[&arguments[..], &["-f", "json"]].concat())).expect("JSON");
    assert_eq!(data["padded_tokens"], 32);
    assert_eq!(
        data["program"].as_array().map(|program| program.len() * 64),
        data["program_bytes"].as_u64().map(|b| b as usize)
    );
}
