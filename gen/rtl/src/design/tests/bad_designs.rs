//! `designs/bad`: one broken design per code, and exactly what is said of it.

use super::{root, stems};
use crate::{
    design::{Design, MAX_BYTES, source, subject::DESIGN},
    elaborate,
};
use alberti_diagnostic::{Code, Origin};
use std::{collections::BTreeSet, fs};

/// The code that a broken design is named after; none for those that mix many.
fn code(stem: &str) -> Option<Code> {
    Code::parse(stem.split('_').next()?)
}

/// What is said of a broken design, by the reader or in elaboration, with its name as seen from the root of
/// the repository.
fn outcome(stem: &str) -> String {
    let design = match read(stem) {
        Ok(design) => design,
        Err(said) => return said,
    };
    match elaborate(&design) {
        Ok(_) => design.warnings().to_string(),
        Err(problems) => problems.to_string(),
    }
}

fn read(stem: &str) -> Result<Design, String> {
    let name = format!("designs/bad/{stem}.yaml");
    let path = root().join(&name);
    let mut bytes = match source::read(&DESIGN, &path) {
        Ok(bytes) => bytes,
        Err(problem) => return Err(format!("{problem}\n").replace(&path.display().to_string(), &name)),
    };
    if code(stem) == Some(Code::FileTooLarge) {
        bytes.resize(MAX_BYTES + 1, b'\n');
    }
    Design::parse_bytes(&name, &bytes).map_err(|problems| problems.to_string())
}

#[test]
fn every_broken_design_is_answered_by_exactly_its_expected_text() {
    let all: BTreeSet<_> = stems("designs/bad", "yaml").into_iter().chain(stems("designs/bad", "txt")).collect();
    let mut wrong = Vec::new();
    for stem in &all {
        let (said, file) = (outcome(stem), root().join(format!("designs/bad/{stem}.txt")));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &said).expect("the expected text can be written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if said != expected {
            wrong.push(format!("{stem}: expected\n{expected}\nbut what is said is\n{said}"));
        }
        if let Some(code) = code(stem) {
            assert!(said.contains(&format!("[{code}]: ")), "{stem} does not show its code:\n{said}");
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 accepts what is said", wrong.join("\n"));
}

#[test]
fn every_code_that_a_design_can_show_has_a_broken_design() {
    let shown: BTreeSet<_> = stems("designs/bad", "yaml")
        .into_iter()
        .chain(stems("designs/bad", "txt"))
        .filter_map(|stem| code(&stem))
        .collect();
    let missing: Vec<_> = Code::all()
        .filter(|code| {
            !matches!(code.origin(), Origin::Netlist | Origin::Technology | Origin::External) && !shown.contains(code)
        })
        .collect();
    assert!(missing.is_empty(), "no broken design for {missing:?}");
}

#[test]
fn designs_that_break_only_in_elaboration_are_read_without_complaint() {
    let is_elaborated = |stem: &String| code(stem).is_some_and(|code| code.origin() == Origin::Elaboration);
    let elaborated: Vec<_> = stems("designs/bad", "yaml").into_iter().filter(is_elaborated).collect();
    assert!(!elaborated.is_empty());
    for stem in elaborated {
        assert_eq!(read(&stem).err(), None, "{stem}");
    }
}

#[test]
fn every_file_beside_the_broken_designs_is_a_design_or_its_expected_text() {
    let count = fs::read_dir(root().join("designs/bad")).expect("the folder can be read").count();
    assert_eq!(count, stems("designs/bad", "yaml").len() + stems("designs/bad", "txt").len());
}
