//! The technologies that come with the generator, and choices that can be followed by hand.

use super::*;
use crate::Design;
use std::collections::BTreeMap;

fn memories() -> Vec<(String, Technology)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../technology/memories");
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut all: Vec<_> = paths
        .map(|path| {
            let technology = Technology::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
            (path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned(), technology)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn every_technology_that_comes_along_can_be_read_and_is_named_after_its_file() {
    let all = memories();
    assert!(all.len() >= 5);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/memories.md")).expect("a page");
    for (file, technology) in &all {
        assert_eq!(file, &technology.name);
        let listed = page.lines().any(|line| line.starts_with("| `") && line.contains(&format!("`{file}`")));
        assert!(listed, "docs/memories.md does not list {file}");
        for source in technology.sources.keys() {
            let cited = |cell: &Cell| [&cell.endurance_source, &cell.level_source].contains(&&Some(source.clone()));
            let used = technology.macros.iter().any(|of| &of.source == source) || technology.cells.values().any(cited);
            assert!(used, "{file}: nothing is from {source}");
        }
    }
    let shipped = Technology::shipped().expect("it can be read");
    assert!(all.iter().any(|(_, technology)| technology == &shipped));
}

#[test]
fn a_memory_of_rows_is_one_macro_wide_and_pu16_keeps_its_weights_in_rram() {
    let design = Design::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../designs/pu16.yaml")).expect("valid");
    let technology = Technology::shipped().expect("it can be read");
    let demands = demands(&design);
    let weight = &demands[0];
    assert_eq!((weight.banks, weight.words, weight.bits), (1, 65536, 128));
    let best = &chosen(&technology, weight)[0];
    assert_eq!(best.macros, BTreeMap::from([("rram2_1m".to_owned(), 1)]));
    assert_eq!((best.tiles[0].fold, best.tiles[0].words, best.tiles[0].bits), (1, (0, 65535), (0, 127)));
    assert_eq!((best.utilisation, best.latency_cycles, best.bandwidth_gbps), (1.0, 1, 64.0));
    assert!((best.area_um2 - 146_000.0).abs() < 1e-6 && (best.access_energy_pj - 3.11).abs() < 1e-9);
    // 16 bits of mask and an offset below 256; a pointer has 20.
    assert_eq!((demands[1].memory.as_str(), demands[1].bits), ("weight_masks", 24));
}

#[test]
fn a_bank_is_folded_where_words_are_narrow() {
    let technology = Technology::shipped().expect("it can be read");
    let best = &chosen(&technology, &demand(65536, 8, Optimise::Area))[0];
    // 4096 words of 128 bits hold 65536 words of 8.
    assert_eq!(best.macros, BTreeMap::from([("sram_64k".to_owned(), 1)]));
    assert_eq!((best.tiles[0].fold, best.tiles[0].words, best.tiles[0].bits), (16, (0, 65535), (0, 7)));
}

#[test]
fn two_reads_a_cycle_take_two_copies_of_a_macro_with_one_port() {
    let technology = Technology::shipped().expect("it can be read");
    let one = demand(4096, 128, Optimise::Area);
    let two = Demand { reads_per_cycle: 2, ..one.clone() };
    let (one, two) = (&chosen(&technology, &one)[0], &chosen(&technology, &two)[0]);
    assert_eq!((one.tiles[0].copies, two.tiles[0].copies), (1, 2));
    assert_eq!((two.area_um2, two.utilisation), (2.0 * one.area_um2, 0.5));
    // Each read goes to one copy.
    assert_eq!((two.access_energy_pj, two.bandwidth_gbps), (one.access_energy_pj, 2.0 * one.bandwidth_gbps));
}

#[test]
fn a_read_that_takes_two_cycles_keeps_two_copies_busy() {
    let technology = Technology::shipped().expect("it can be read");
    let demand = rram(demand(131_072, 128, Optimise::Area), 1);
    // 2.191 ns at 500 MHz; the macro of 1 MiB answers in 1.98 ns.
    let slow = chosen(&technology, &demand).into_iter().find(|choice| choice.macros.keys().eq(["rram1_2m"]));
    let slow = slow.expect("it is among the best");
    assert_eq!((slow.latency_cycles, slow.tiles[0].copies), (2, 2));
}

#[test]
fn a_memory_that_is_written_by_the_word_is_folded_no_finer_than_the_write_enables() {
    let technology = Technology::shipped().expect("it can be read");
    let demand = Demand { reads_per_cycle: 0, writes_per_cycle: 1, ..demand(65536, 4, Optimise::Area) };
    assert!(chosen(&technology, &demand).iter().flat_map(|choice| &choice.tiles).all(|tile| tile.fold <= 16));
}
