//! The committed datasheets are what the blocks say of themselves.

use alberti_rtl::{Design, blocks::BLOCKS, datasheet::datasheet};
use std::{fs, path::Path};

/// The designs that datasheets take their numbers from: the first that has the block, these before all others
/// of the folder.
const FIRST: [&str; 4] = ["pu16", "pu16_8of16", "pu8_memories", "accelerator4"];

fn designs(root: &Path) -> Vec<Design> {
    let entries = fs::read_dir(root.join("designs")).expect("the folder of designs");
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.expect("it can be listed").file_name().to_str()?.strip_suffix(".yaml").map(Into::into)
        })
        .collect();
    names.sort_by_key(|name| (FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()), name.clone()));
    let load = |name| Design::load(root.join(format!("designs/{name}.yaml"))).expect("the designs are valid");
    names.into_iter().map(load).collect()
}

#[test]
fn every_block_has_the_datasheet_that_it_generates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let designs = designs(&root);
    for block in BLOCKS {
        let text = designs.iter().find_map(|design| datasheet(block, design));
        let text = text.unwrap_or_else(|| panic!("no design has the block {}", block.name));
        let path = root.join(format!("docs/blocks/{}.md", block.name));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &text).expect("docs/blocks can be written");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{} is out of date: run `make bless` and read what changed", path.display());
    }
}
