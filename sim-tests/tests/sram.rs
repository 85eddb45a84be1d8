//! `sram` against its golden, and faults that this finds.

mod common;
use alberti_harness::Seed;
use alberti_rtl::{
    Design,
    blocks::Library,
    memory::{Demand, Technology, demands},
    netlist::Netlist,
};
use alberti_scenarios::{Subject, rram::MadeMemory, sram::tiled};
use common::{design, equals_its_golden, finds};

equals_its_golden! { "sram":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
}

finds! { "sram":
    an_sram_that_answers_with_the_word_being_written_is_found: design("pu4"), "alb_sram_accumulator.v",
        "read_data_q <= memory[read_address_i]"
        => "read_data_q <= write_enable_i && write_address_i == read_address_i ? write_data_i : memory[read_address_i]";
    an_sram_that_forgets_what_it_showed_is_found: design("pu4"), "alb_sram_accumulator.v",
        "if (read_enable_i) read_data_q" => "read_data_q";
    an_sram_that_ignores_the_top_address_bit_is_found: design("pu6"), "alb_sram_accumulator.v",
        "memory[write_address_i] <= write_data_i" => "memory[{1'b0, write_address_i[4:0]}] <= write_data_i";
}

/// A memory tiled from macros: words, bits, ports, write enable, read latency in ns; at 500 MHz a cycle has
/// 2.
struct Case {
    design: Design,
    made: MadeMemory,
}

type Of = (u32, u32, &'static str, u32, f64);

fn case(words: u64, (codes, bits): (u32, u32), latency: u32, written: bool, macros: &[Of]) -> Case {
    let mut text =
        "name: test\nprocess: none\nsources: {test: test}\ncells: {cell: {kind: sram}}\nmacros:\n".to_owned();
    for (i, (words, bits, ports, grain, read)) in macros.iter().enumerate() {
        text += &format!(
            "  - {{name: m{i}, cell: cell, source: test, words: {words}, bits: {bits}, ports: {ports}, area_um2: {}, \
             read_latency_ns: {read}, write_latency_ns: 1, read_energy_pj: 1, write_energy_pj: 1, leakage_uw: 1, \
             write_enable_bits: {grain}}}\n",
            words * bits + 10
        );
    }
    let technology = Technology::parse("test.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let design = design("pu4");
    let (reads_per_cycle, writes_per_cycle) = if written { (0, 1) } else { (1, 0) };
    let demand = demands(&design)[0].clone();
    let demand = Demand {
        words,
        bits: codes * bits,
        codes,
        reads_per_cycle,
        writes_per_cycle,
        latency_cycles: latency,
        ..demand
    };
    Case { design, made: MadeMemory::best(technology, demand).expect("a macro serves") }
}

impl Case {
    fn subject(&self) -> Subject<'_> {
        let mut library = Library::new(&self.design);
        let module = library.memory(&self.made.technology, &self.made.demand).expect("a macro serves");
        Subject::new(&self.design, &Netlist::new(&module.name, library.into_modules()))
    }

    fn holds(&self) {
        let outcome = tiled(&self.subject(), &self.made, Seed::from_env().expect("a seed"));
        assert!(outcome.unwrap_or_else(|error| panic!("{:?}: {error}", self.made.choice)).compared > 0);
    }

    fn finds(&self, file: &str, from: &str, to: &str) {
        let subject = self.subject().mutate(file, from, to).unwrap_or_else(|error| panic!("{error}"));
        match tiled(&subject, &self.made, Seed::from_env().expect("a seed")) {
            Ok(_) => panic!("`{to}` is not found"),
            Err(error) => assert!(error.is_difference(), "{error}"),
        }
    }
}

const ONE: Of = (32, 16, "1rw", 8, 1.0);
const SMALL: Of = (8, 8, "1rw", 8, 1.0);
const EACH: Of = (32, 24, "1r1w", 8, 1.0);
const TWO: Of = (16, 16, "2rw", 4, 1.0);
const SLOW: Of = (16, 16, "1rw", 8, 3.5);
const SLOW_TWO: Of = (16, 16, "2rw", 8, 5.0);

#[test]
fn tiled_memories_hold_at_every_latency() {
    for latency in 1..=8 {
        let macros = [&[ONE, SMALL][..], &[EACH], &[TWO, SMALL], &[ONE, EACH]][latency as usize % 4];
        case([100, 61, 37, 16][latency as usize / 2 % 4], (3, 8), latency, false, macros).holds();
    }
}

#[test]
fn tiled_memories_that_are_written_in_any_cycle_hold() {
    for macros in [&[ONE, SMALL][..], &[EACH], &[TWO]] {
        case(70, (2, 8), 1, true, macros).holds();
    }
}

fn folded() -> Case {
    case(120, (1, 8), 2, false, &[ONE])
}

#[test]
fn words_of_sram_that_share_one_of_the_macro_hold() {
    assert!(folded().made.choice.tiles.iter().all(|tile| tile.fold == 2));
    folded().holds();
}

#[test]
fn copies_of_slow_macros_hold() {
    for macros in [SLOW, SLOW_TWO] {
        let case = case(40, (2, 8), 4, false, &[macros]);
        assert!(case.made.choice.tiles.iter().all(|tile| tile.copies == 2));
        case.holds();
    }
}

#[test]
fn macros_without_write_enables_hold() {
    case(40, (2, 8), 2, false, &[(16, 16, "1rw", 16, 1.0)]).holds();
}

#[test]
fn a_write_that_does_not_wait_for_a_read_is_found() {
    folded().finds("alb_sram_weight.v", "write_ready_o = !read_enable_i", "write_ready_o = 1'b1");
}

#[test]
fn a_lane_that_writes_its_neighbour_is_found() {
    let case = case(40, (2, 8), 1, false, &[ONE]);
    case.finds(
        "alb_tiles_weight.v",
        "tile0_0_access_mask[1] = write_lanes_i[1]",
        "tile0_0_access_mask[1] = write_lanes_i[0]",
    );
}
