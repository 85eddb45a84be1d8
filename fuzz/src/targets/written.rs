//! Files that `alberti` wrote itself and reads again: anybody may have changed them.

use crate::{Reader, Target, bundle};
use alberti_files::Folder;
use alberti_model::faults::Journal;
use serde_json::json;

/// The manifest of an earlier package, in the folder of `--output`.
pub const MANIFESTS: Target = Target {
    name: "manifests",
    words: &[
        "@@ manifest.json\n",
        "@@ top.v\n",
        "\"generator\": ",
        "\"alberti ",
        "\"files\": [",
        "\"../top.v\"",
        "\"top.v\"",
    ],
    seeds: Vec::new,
    reader: manifest,
};

/// The finished trials of `alberti faults --state`.
pub const JOURNALS: Target = Target {
    name: "journals",
    words: &["\"codes_sha256\": ", "\"point\": ", "\"trial\": ", "\"layers\": [", "\n", "null", "1e999"],
    seeds: journals,
    reader: journal,
};

fn manifest() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    Box::new(move |bytes| {
        bundle::unpack(bytes, &["manifest.json", "top.v"], folder.path());
        if let Err(problem) = Folder::at(folder.path()) {
            assert!(!problem.to_string().is_empty());
        }
    })
}

/// A campaign.
fn parameters() -> serde_json::Value {
    json!({"codes_sha256": "0", "seed": 1})
}

fn journals() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, &parameters()).expect("a journal");
    for trial in 0..2 {
        journal.append(0, trial, &[]).expect("a line");
    }
    vec![std::fs::read(path).expect("a file")]
}

fn journal() -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    Box::new(move |bytes| {
        let _owned = &folder;
        std::fs::write(&path, bytes).expect("a file");
        match Journal::open(&path, &parameters()) {
            Ok(journal) => drop(journal.finished().len()),
            Err(problem) => assert!(!problem.to_string().is_empty()),
        }
    })
}
