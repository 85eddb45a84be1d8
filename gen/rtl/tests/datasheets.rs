//! The committed datasheets are what the blocks say of themselves.

use alberti_rtl::{Design, blocks::BLOCKS, datasheet::datasheet};
use std::{fs, path::Path};

/// The design that a datasheet takes its numbers from: the default, or the first that has the block.
const EXAMPLES: [&str; 4] = ["pu16", "pu16_8of16", "pu8_memories", "accelerator4"];

#[test]
fn every_block_has_the_datasheet_that_it_generates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for block in BLOCKS {
        let text = EXAMPLES
            .iter()
            .find_map(|name| {
                let design = Design::load(root.join(format!("designs/{name}.yaml"))).expect("the examples are valid");
                datasheet(block, &design)
            })
            .unwrap_or_else(|| panic!("no example has the block {}", block.name));
        let path = root.join(format!("docs/blocks/{}.md", block.name));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &text).expect("docs/blocks can be written");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{} is out of date: run `make bless` and read what changed", path.display());
    }
}
