//! `designs/bad_technology`: one broken technology file per code, and exactly what is said of it.

use super::*;
use crate::Design;
use alberti_diagnostic::{Code, Diagnostics, Origin};
use std::{collections::BTreeSet, fs, path::PathBuf};

fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|folder| folder.join("designs/bad").is_dir());
    root.expect("a folder above the crate has designs/bad").to_owned()
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(root().join("designs/bad_technology")).expect("the folder can be read");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("an ASCII name"));
    let mut stems: Vec<_> = names.filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned())).collect();
    stems.sort();
    stems
}

/// What is said of a technology file, or of the memories of designs/pu4.yaml when they are made of its
/// macros.
fn said(stem: &str) -> String {
    let file = format!("designs/bad_technology/{stem}.yaml");
    let text = fs::read_to_string(root().join(&file)).expect("it can be read");
    let technology = match Technology::parse(&file, &text) {
        Err(problems) => return problems.to_string(),
        Ok(technology) => technology,
    };
    let design = fs::read_to_string(root().join("designs/pu4.yaml")).expect("the design can be read");
    let design = Design::parse("designs/pu4.yaml", &design).expect("the design is valid");
    let choice = |demand: &Demand| choose(&technology, demand, &design.locate(&demand.key));
    demands(&design).iter().filter_map(|demand| choice(demand).err()).collect::<Diagnostics>().to_string()
}

#[test]
fn every_broken_technology_is_answered_by_exactly_its_expected_text() {
    let mut wrong = Vec::new();
    for stem in names() {
        let (said, file) = (said(&stem), root().join(format!("designs/bad_technology/{stem}.txt")));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &said).expect("the expected text can be written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if said != expected {
            wrong.push(format!("{stem}: expected\n{expected}\nbut what is said is\n{said}"));
        }
        if let Some(code) = stem.split('_').next().and_then(Code::parse) {
            assert!(said.contains(&format!("[{code}]: ")), "{stem} does not show its code:\n{said}");
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 accepts what is said", wrong.join("\n"));
}

#[test]
fn every_code_of_technologies_has_a_broken_one() {
    let shown: BTreeSet<_> = names().iter().filter_map(|stem| Code::parse(stem.split('_').next()?)).collect();
    let missing: Vec<_> =
        Code::all().filter(|code| code.origin() == Origin::Technology && !shown.contains(code)).collect();
    assert!(missing.is_empty(), "no broken technology for {missing:?}");
}

#[test]
fn a_technology_cut_anywhere_is_refused_or_read_but_never_a_panic() {
    let file = root().join("technology/memories/nvsim22.yaml");
    let text = fs::read_to_string(file).expect("the technology can be read");
    for end in (0..text.len()).step_by(7).filter(|&end| text.is_char_boundary(end)) {
        let _ = Technology::parse("x.yaml", &text[..end]);
    }
}
