//! `alberti pack`, `alberti sweep` and `alberti faults --whole` on the trained encoder.
#![allow(missing_docs)]

mod common;

use common::{fails, files, json, run, text, well};
use std::fs;

const MODEL: &str = "build/models/minilm";
const ACCELERATOR16: &str = "designs/accelerator16.yaml";

#[test]
fn images_are_written_whole_and_the_same_every_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recipe, sentences) = (folder.path().join("recipe.yaml"), folder.path().join("sentences.txt"));
    fs::write(&recipe, "prune: {embeddings: 0.6, encoder: 0.5}\n").expect("a file");
    fs::write(&sentences, "The last bus had left.\n").expect("a file");
    let (out, data) = (folder.path().join("out"), folder.path().join("out.json"));
    let mut arguments = vec!["pack", ACCELERATOR16, "--model", MODEL, "--recipe", text(&recipe)];
    arguments.extend(["--file", text(&sentences), "--tokens", "7,16", "-o", text(&out), "--json", text(&data)]);
    let said = well(&arguments);
    for part in
        ["checkpoint, f32", "worst of pruning", "worst of codes", "cumulative sparsity 55.3 %", "tokens_016.bin"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let result = &json(&data)["result"];
    assert!(result["steps"][2]["cosines"]["mean_step_cosine"].as_f64() > Some(0.995));
    let first = files(&out);
    assert_eq!(first.len(), 8);
    // An earlier package is replaced; a folder with other files is left alone.
    well(&arguments);
    assert!(first == files(&out), "another run gives other bytes");
    fs::write(out.join("mine.txt"), "mine").expect("a file");
    let ran = run(&arguments);
    assert!(ran.code == 3 && ran.err.contains("AE0804") && ran.err.contains("mine.txt"), "{}", ran.err);
    assert_eq!(files(&out).len(), 9);
    fs::write(&recipe, "prune: {encoder: 50 %}\nformat: q3.5\n").expect("a file");
    let said = fails(&["pack", ACCELERATOR16, "--model", MODEL, "--recipe", text(&recipe)], 1, "error[AE0720]");
    assert!(said.contains("`50 %`") && said.contains("no key `format`"), "{said}");
}

#[test]
fn a_sweep_is_a_table_and_a_plot() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sentences, plot, data) =
        (folder.path().join("sentences.txt"), folder.path().join("plot.svg"), folder.path().join("out.json"));
    fs::write(&sentences, "The last bus had left.\nYes, we are open.\n").expect("a file");
    let mut arguments = vec!["sweep", ACCELERATOR16, "--model", MODEL, "--file", text(&sentences)];
    arguments.extend(["--of", "pruning,adapters", "--sparsities", "0.5,8:16", "--adapters", "16"]);
    arguments.extend(["--plot", text(&plot), "--json", text(&data)]);
    let said = well(&arguments);
    let choices = json(&data)["result"]["choices"].as_array().expect("choices").clone();
    assert_eq!(choices.len(), 4);
    for choice in &choices {
        assert!(said.contains(choice["choice"].as_str().expect("a name")), "{choice}");
        assert!(choice["mean_embedding_cosine"].as_f64() > Some(0.985), "{choice}");
    }
    assert!(choices[0]["mean_unpruned_embedding_cosine"].as_f64() < Some(0.9));
    assert!(choices[3]["task_bytes"].as_u64() > choices[0]["task_bytes"].as_u64());
    let svg = fs::read_to_string(&plot).expect("a plot");
    assert!(svg.starts_with("<svg") && svg.contains("8:16") && svg.trim_end().ends_with("</svg>"));
}

#[test]
fn faults_cost_the_whole_encoder_what_they_cost_its_layers() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("out.json");
    let mut arguments =
        vec!["faults", ACCELERATOR16, "--model", MODEL, "--whole", "--sentence", "The last bus had left."];
    arguments.extend(["--rates", "1e-3", "--target", "values,pointers", "--trials", "1", "--seed", "3"]);
    arguments.extend(["--ecc", "none", "--json", text(&data)]);
    let said = well(&arguments);
    assert!(said.contains("1 sentences on the interpreter") && said.contains("pointers"), "{said}");
    let points = json(&data)["result"]["points"].as_array().expect("points").clone();
    let cosine = |at: usize| points[at]["embedding_cosine"]["mean"].as_f64().expect("a number");
    assert_eq!((points[0]["rate"].as_str(), points[0]["wrong_bits"].as_f64()), (Some("0"), Some(0.0)));
    assert!(cosine(0) > 0.995 && cosine(1) < cosine(0), "{points:?}");
    // A word of 16 codes or a mask word in a thousand bits: codes first, then pointers, and what the
    // technology makes of both.
    let technology: Vec<_> = points.iter().filter(|point| point["rate"] == "technology").collect();
    assert_eq!((points.len(), technology.len()), (5, 2));
    assert!(technology.iter().all(|point| point["embedding_cosine"]["mean"].as_f64() > Some(cosine(0) - 1e-3)));
}
