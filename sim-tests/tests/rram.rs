//! `rram` against its golden, and faults that this finds.

mod common;
use alberti_harness::Seed;
use alberti_rtl::{
    Design,
    blocks::Library,
    memory::{Demand, Technology, demands},
    netlist::Netlist,
};
use alberti_scenarios::{
    Error, Outcome, Subject,
    rram::{MadeMemory, run_faulty, traffic},
};

/// A memory and the macros that it is made of: small ones, so that tilings are of many kinds.
struct Case {
    design: Design,
    made: MadeMemory,
}

/// `macros` are words, bits, read and write latency in ns; at 500 MHz a cycle has 2.
fn case(words: u64, bits: u32, latency: u32, cells: &str, macros: &[(u32, u32, f64, f64)], endurance: u32) -> Case {
    let mut text = format!(
        "name: test\nprocess: none\nsources: {{test: test}}\ncells:\n  cell: {{kind: rram, bits_per_cell: {}, \
         endurance_cycles: {endurance}, endurance_source: test}}\nmacros:\n",
        cells.split("bits_per_cell: ").nth(1).map_or("1", |rest| &rest[..1])
    );
    for (i, (words, bits, read, write)) in macros.iter().enumerate() {
        text += &format!(
            "  - {{name: m{i}, cell: cell, source: test, words: {words}, bits: {bits}, ports: 1rw, area_um2: {}, \
             read_latency_ns: {read}, write_latency_ns: {write}, read_energy_pj: 1, write_energy_pj: 1, leakage_uw: 1}}\n",
            words * bits + 10
        );
    }
    let technology = Technology::parse("test.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let weight = format!("weight: {{values: 4096, latency: {latency}, kind: rram{cells}}}");
    let design = common::variant("pu4", &[("weight: {values: 16384, latency: 1}", &weight)]);
    let demand = Demand { words, bits, codes: 1, ..demands(&design)[0].clone() };
    let made = MadeMemory::best(technology, demand).expect("a macro serves");
    Case { design, made }
}

impl Case {
    fn subject(&self) -> Subject<'_> {
        let mut library = Library::new(&self.design);
        let module = library.memory(&self.made.technology, &self.made.demand).expect("a macro serves");
        Subject::new(&self.design, &Netlist::new(&module.name, library.into_modules()))
    }

    fn run(&self) -> Result<Outcome, Error> {
        traffic(&self.subject(), &self.made, self.made.golden()?, Seed::from_env().expect("a seed"))
    }

    fn holds(&self) {
        let outcome = self.run().unwrap_or_else(|error| panic!("{:?}: {error}", self.made.choice));
        assert!(outcome.compared > 0);
    }

    fn finds(&self, file: &str, from: &str, to: &str) {
        let subject = self.subject().mutate(file, from, to).unwrap_or_else(|error| panic!("{error}"));
        let golden = self.made.golden().expect("a golden");
        match traffic(&subject, &self.made, golden, Seed::from_env().expect("a seed")) {
            Ok(_) => panic!("`{to}` is not found"),
            Err(error) => assert!(error.is_difference(), "{error}"),
        }
    }
}

const TWO: &str = ", bits_per_cell: 2";
const SPREAD: &str = ", bits_per_cell: 3, placing: spread";

fn narrow_and_deep() -> Case {
    case(300, 5, 2, "", &[(64, 8, 1.5, 9.0)], 5)
}

#[test]
fn narrow_and_deep_words_are_kept() {
    narrow_and_deep().holds();
}

#[test]
fn wide_and_shallow_words_are_kept() {
    case(20, 70, 1, TWO, &[(16, 32, 1.5, 5.0), (4, 16, 1.0, 3.0)], 3).holds();
}

fn folded() -> Case {
    case(1500, 3, 3, SPREAD, &[(256, 24, 1.5, 7.0)], 4)
}

#[test]
fn words_that_share_one_of_the_macro_are_kept() {
    let case = folded();
    assert!(case.made.choice.tiles.iter().any(|tile| tile.fold > 1));
    case.holds();
}

fn copies() -> Case {
    case(40, 10, 3, TWO, &[(32, 8, 5.0, 9.0), (16, 4, 2.5, 6.0)], 9)
}

#[test]
fn copies_share_the_reads() {
    let case = copies();
    assert!(case.made.choice.tiles.iter().any(|tile| tile.copies > 1));
    case.holds();
}

#[test]
fn every_latency_holds_for_words_of_odd_sizes() {
    for latency in 1..=8 {
        let cells = [TWO, ", bits_per_cell: 3, coding: binary", SPREAD, ""][latency as usize % 4];
        case(37, 13, latency, cells, &[(16, 9, 1.5, 4.0), (7, 4, 1.0, 2.0)], 2).holds();
    }
}

#[test]
fn a_memory_that_starts_from_an_image_and_reads_wrong_is_as_its_golden() {
    for case in [folded(), copies(), case(37, 13, 4, TWO, &[(16, 9, 1.5, 4.0)], 100)] {
        let seed = Seed::from_env().expect("a seed");
        run_faulty(case.subject(), &case.made, seed).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_word_that_is_programmed_without_its_neighbours_is_found() {
    folded().finds("alb_tiles_weight.v", "tile0_0_merged = tile0_0_access_out", "tile0_0_merged = 24'd0");
}

#[test]
fn a_lock_that_is_not_kept_is_found() {
    narrow_and_deep().finds("alb_rram_weight.v", "locked_q ? LOCKED : ", "");
}

#[test]
fn wear_that_is_not_counted_is_found() {
    narrow_and_deep().finds("alb_rram_weight.v", "again ? count +", "look ? count +");
}

#[test]
fn a_read_during_programming_without_a_flag_is_found() {
    narrow_and_deep().finds("alb_rram_weight.v", "read_error_o = refused_q[LATENCY-1]", "read_error_o = 1'b0");
}

#[test]
fn a_read_that_programs_is_found() {
    let slow = case(300, 5, 2, "", &[(64, 8, 1.5, 100.0)], 5);
    slow.finds("alb_macro_m0.v", "access_enable_i && access_write_i", "access_enable_i || access_write_i");
}

#[test]
fn a_pulse_that_is_too_short_is_found() {
    narrow_and_deep().finds("alb_rram_weight.v", "step_q >= PULSE &&", "step_q > PULSE &&");
}

#[test]
fn a_tile_that_ends_a_word_too_late_is_found() {
    narrow_and_deep().finds("alb_tiles_weight.v", "wire tile0_shows = ", "wire tile0_shows = 1'b1 || ");
}

#[test]
fn copies_that_do_not_take_turns_are_found() {
    copies().finds("alb_tiles_weight.v", "else if (read_enable_i) turn", "else if (read_address_i[0]) turn");
}
