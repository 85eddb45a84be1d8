//! One block, one room: every block of the registry has all of its parts, under its own name.

use alberti_rtl::blocks::BLOCKS;
use alberti_scenarios::SCENARIOS;
use std::path::Path;

#[test]
fn every_block_has_its_room_golden_template_scenario_and_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut missing = Vec::new();
    for block in &BLOCKS {
        let name = block.name;
        let files = [
            format!("gen/rtl/src/blocks/{name}/mod.rs"),
            format!("gen/golden/src/{name}.rs"),
            format!("templates/rtl/{name}.v"),
            format!("sim-tests/scenarios/src/{name}.rs"),
            format!("sim-tests/tests/{name}.rs"),
        ];
        missing.extend(files.into_iter().filter(|file| !root.join(file).is_file()));
        if !SCENARIOS.iter().any(|(scenario, _)| *scenario == name) {
            missing.push(format!("the scenario of {name} in alberti_scenarios::SCENARIOS"));
        }
    }
    assert!(missing.is_empty(), "missing: {}", missing.join(", "));
}

#[test]
fn every_scenario_is_that_of_a_block() {
    let strangers: Vec<_> = SCENARIOS.iter().filter(|(name, _)| !BLOCKS.iter().any(|b| b.name == *name)).collect();
    assert!(strangers.is_empty(), "scenarios without a block: {strangers:?}");
}
