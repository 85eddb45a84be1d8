//! Every block of the registry has a scenario, and no other has one.

use alberti_rtl::blocks::BLOCKS;
use alberti_scenarios::SCENARIOS;
use std::collections::BTreeSet;

#[test]
fn blocks_and_scenarios_have_the_same_names() {
    let blocks: BTreeSet<_> = BLOCKS.iter().map(|block| block.name).collect();
    let scenarios: BTreeSet<_> = SCENARIOS.iter().map(|(name, _)| *name).collect();
    assert_eq!((blocks.len(), scenarios.len()), (BLOCKS.len(), SCENARIOS.len()), "a name stands twice");
    assert_eq!(blocks, scenarios);
}
