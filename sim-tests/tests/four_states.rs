//! Every block from power-up in four states: what its scenario makes it do is repeated by Icarus, where what
//! no reset and no write has set is unknown.

mod common;

use alberti_harness::Seed;
use alberti_rtl::{Design, blocks::Block};
use alberti_scenarios::{SCENARIOS, Scenario, accelerator};
use std::collections::BTreeSet;

/// Evaluations of a run that are repeated: two a cycle.
const EVENTS: u64 = 20_000;

/// Evaluations of the program of every instruction, at most.
const PROGRAM: u64 = 100_000;

/// Runs a scenario of a block, and repeats its runs in four states. Over all runs, each output is known at
/// some time. Gives the evaluations of the longest recording.
fn is_known_from_power_up(block: &str, design: &Design, events: u64, scenario: Scenario) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let subject = common::subject(block, design).with_recordings(folder.path().to_owned(), events);
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    scenario(&subject, seed).unwrap_or_else(|error| panic!("{block} of {}: {error}", design.name));
    let replay = subject.replay().unwrap_or_else(|error| panic!("{block} of {}: {error}", design.name));
    let (mut known, mut longest) = (BTreeSet::new(), 0);
    for file in folder.path().read_dir().expect("the folder") {
        let recording = file.expect("a recording").path();
        let name = recording.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let replayed = replay.run(&recording).unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}"));
        assert!(replayed.compared >= 64, "{name}: {} values were known", replayed.compared);
        known.extend(replayed.known);
        longest = longest.max(replayed.events);
    }
    let unknown: Vec<_> = subject.outputs().filter(|output| !known.contains(*output)).collect();
    assert!(unknown.is_empty(), "{block} of {}: never known: {unknown:?}", design.name);
    longest
}

#[test]
fn every_block_is_known_from_power_up() {
    let designs = [common::design("accelerator4"), common::design("pu4"), common::pu4_2of4()];
    for (block, scenario) in SCENARIOS {
        let design =
            designs.iter().find(|design| Block::named(block).is_some_and(|block| block.netlist(design).is_some()));
        let design = design.unwrap_or_else(|| panic!("no small design has the block {block}"));
        is_known_from_power_up(block, design, EVENTS, *scenario);
    }
}

#[test]
fn a_program_of_every_instruction_is_known_from_power_up_to_its_end() {
    let design = common::design("accelerator4");
    let events = is_known_from_power_up("accelerator", &design, PROGRAM, accelerator::every_instruction);
    assert!(events < PROGRAM, "the program is longer than {PROGRAM} evaluations");
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
