//! `alberti faults` on the trained model: what it finds, and that it finds it again.
#![allow(missing_docs)]

mod common;

use common::{command, fails, json, text};
use serde_json::Value;
use std::fs;

const DESIGN: &str = "designs/pu16.yaml";

fn model() -> String {
    std::env::var("ALBERTI_MODEL").unwrap_or_else(|_| "build/models/minilm".into())
}

/// Runs a campaign on one matrix and gives its JSON, and that as bytes.
fn campaign(folder: &std::path::Path, more: &[&str], threads: &str) -> (Value, Vec<u8>) {
    let (model, out) = (model(), folder.join("out.json"));
    let mut arguments = vec!["faults", DESIGN, "--model", &model, "--layer", "layer.0.attention.query"];
    arguments.extend(more);
    arguments.extend(["--json", text(&out)]);
    let ran: common::Ran =
        command(&arguments).env("RAYON_NUM_THREADS", threads).output().expect("the binary runs").into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    (json(&out)["result"].clone(), fs::read(&out).expect("a file"))
}

/// Mean cosine of a point.
fn cosine(result: &Value, target: &str, layout: &str, rate: &str) -> f64 {
    let points = result["points"].as_array().expect("points");
    let point = points.iter().find(|p| p["target"] == target && p["layout"] == layout && p["rate"] == rate);
    point.unwrap_or_else(|| panic!("{target} {layout} {rate}"))["cosine"]["mean"].as_f64().expect("a number")
}

#[test]
fn where_the_encoding_resynchronises_decides_what_a_fault_in_a_mask_costs() {
    let folder = tempfile::tempdir().expect("a folder");
    let more = ["--target", "values,exponents,mantissas,masks", "--rates", "1e-5,1e-4,1e-3", "--trials", "12"];
    let (result, _) = campaign(folder.path(), &more, "2");
    let at = |target, layout, rate| cosine(&result, target, layout, rate);
    assert!(at("masks", "stream", "1e-5") < 0.95, "one stream loses everything after the fault");
    assert!(at("masks", "row", "1e-3") < 0.9 && at("masks", "tile", "1e-3") < 0.95);
    assert!(at("masks", "offset", "1e-4") > 0.98);
    for rate in ["1e-4", "1e-3"] {
        let masks = ["stream", "row", "tile", "offset"].map(|layout| at("masks", layout, rate));
        assert!(masks.is_sorted(), "{rate}: {masks:?}");
    }
    assert!(at("mantissas", "offset", "1e-3") > 0.999);
    let (all, high) = (at("values", "offset", "1e-3"), at("exponents", "offset", "1e-3"));
    assert!((all - high).abs() < 0.1 * (1.0 - all), "nearly all is lost in sign and exponent: {all}, {high}");
    for target in ["values", "masks"] {
        assert_eq!(at(target, "offset", "technology"), 1.0, "2 bits a cell and 1 bit a cell practically never err");
    }
}

#[test]
fn a_campaign_goes_on_where_it_was_stopped_and_threads_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state.jsonl");
    let plain = ["--target", "both", "--rates", "1e-4", "--layouts", "row,offset", "--trials", "6", "--ecc", "secded"];
    let (_, one) = campaign(folder.path(), &plain, "1");
    let (_, three) = campaign(folder.path(), &plain, "3");
    assert!(one == three, "threads change the result");
    let kept = [&plain[..], &["--state", text(&state)]].concat();
    let (_, written) = campaign(folder.path(), &kept, "2");
    assert!(one == written, "the state file changes the result");
    // Cut off within a line, as a power failure leaves it.
    let all = fs::read_to_string(&state).expect("a file");
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 2 * 6);
    fs::write(&state, format!("{}\n{}", lines[..9].join("\n"), &lines[9][..20])).expect("a file");
    let (_, resumed) = campaign(folder.path(), &kept, "2");
    assert!(one == resumed, "a resumed campaign differs");
    assert_eq!(fs::read_to_string(&state).expect("a file").lines().count(), lines.len());
    // More trials are no other parameters.
    let more: Vec<_> = kept.iter().map(|&word| if word == "6" { "7" } else { word }).collect();
    campaign(folder.path(), &more, "2");
    let model = model();
    let refused = |changed: &[&str], code: i32, said: &str| {
        let base = ["faults", DESIGN, "--model", &model, "--layer", "layer.0.attention.query"];
        fails(&[&base, changed, &["--state", text(&state)]].concat(), code, said);
    };
    refused(&[&plain[..], &["--seed", "5"]].concat(), 2, "its trials have other parameters: seed");
    refused(&[&plain[..], &["--coding", "binary"]].concat(), 2, "other parameters: mask_coding, value_coding");
    refused(&["--trials", "1"], 2, "other parameters: points, secded, stresses");
    fs::write(&state, "{}\n").expect("a file");
    refused(&plain, 1, "no state of a fault campaign");
    fs::write(&state, format!("{}\n{{\"point\": 0}}\n", lines[0])).expect("a file");
    refused(&plain, 1, "line 2: missing field `trial`");
}
