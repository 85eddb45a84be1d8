//! Every block from power-up in four states: what its scenario makes it do is repeated by Icarus, where what
//! no reset and no write has set is unknown.

mod common;

use alberti_harness::Seed;
use alberti_rtl::{Design, blocks::BLOCKS};
use std::collections::BTreeSet;

/// Evaluations of a run that are repeated: two a cycle.
const EVENTS: u64 = 20_000;

/// Runs the scenario of a block, and repeats its runs in four states. Over all runs, each output is known at
/// some time.
fn is_known_from_power_up(block: &str, design: &Design, events: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let subject = common::subject(block, design).with_recordings(folder.path().to_owned(), events);
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let outcome = alberti_scenarios::run(block, &subject, seed).expect("every block has a scenario");
    outcome.unwrap_or_else(|error| panic!("{block} of {}: {error}", design.name));
    let replay = subject.replay().unwrap_or_else(|error| panic!("{block} of {}: {error}", design.name));
    let mut known = BTreeSet::new();
    for file in folder.path().read_dir().expect("the folder") {
        let recording = file.expect("a recording").path();
        let name = recording.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let replayed = replay.run(&recording).unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}"));
        assert!(replayed.compared >= 64, "{name}: {} values were known", replayed.compared);
        known.extend(replayed.known);
    }
    let unknown: Vec<_> = subject.outputs().filter(|output| !known.contains(*output)).collect();
    assert!(unknown.is_empty(), "{block} of {}: never known: {unknown:?}", design.name);
}

#[test]
fn every_block_is_known_from_power_up() {
    let designs = [common::design("accelerator4"), common::design("pu4"), common::pu4_2of4()];
    for block in BLOCKS.iter().filter(|block| block.name != "accelerator") {
        let design = designs.iter().find(|design| block.netlist(design).is_some());
        let design = design.unwrap_or_else(|| panic!("no small design has the block {}", block.name));
        is_known_from_power_up(block.name, design, EVENTS);
    }
}

#[test]
fn an_accelerator_is_known_from_power_up() {
    is_known_from_power_up("accelerator", &common::design("accelerator4"), EVENTS);
}

/// The register that used to be multiplied by zero, and so was unknown in four states alone.
#[test]
fn a_product_of_an_unknown_number_and_zero_is_found() {
    let design = common::design("accelerator4");
    let subject = common::subject("entropy", &design);
    let unset = ("alb_entropy.v", "distance[FACTOR_W-1:0] & {FACTOR_W{counts}}", "distance[FACTOR_W-1:0]");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let subject = subject.mutate(unset.0, unset.1, unset.2).expect("the line is there");
    let subject = subject.with_recordings(folder.path().to_owned(), EVENTS);
    let outcome = alberti_scenarios::run("entropy", &subject, Seed(1)).expect("a scenario");
    outcome.expect("two states do not show it");
    let replay = subject.replay().expect("Icarus takes it");
    let mut recordings = folder.path().read_dir().expect("the folder").map(|file| file.expect("a recording").path());
    assert!(recordings.any(|recording| replay.run(&recording).is_err()), "it is not found");
}
