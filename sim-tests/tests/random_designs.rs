//! Random valid designs: all that is generated of them is read without a message by every reader, and what
//! is small is simulated.

#![allow(clippy::print_stdout)]

mod common;

use alberti_cost::area::sources;
use alberti_harness::Seed;
use alberti_rtl::{
    BuiltMemory, Design,
    blocks::BLOCKS,
    elaborate,
    memory::Technology,
    netlist::{self, Netlist},
};
use alberti_scenarios::{Subject, designs};
use alberti_synth::lint;

/// A design that is valid, and whose memories can be made, with all that is generated of it: its top, its
/// memories, and every block that the top does not hold.
struct Generated {
    text: String,
    design: Design,
    netlists: Vec<Netlist>,
    memories: Vec<BuiltMemory>,
}

/// Draws designs until one can be made; how many could not.
fn draw(number: u32, seed: Seed) -> (Generated, u32) {
    let name = format!("random_{number}");
    let mut rng = seed.rng(&name);
    for refused in 0..40 {
        let text = designs::random(&name, &mut rng);
        let design = Design::parse(&format!("{name}.yaml"), &text);
        let design = design.unwrap_or_else(|problems| panic!("the sections are valid: {problems}\n{text}"));
        let technology = Technology::shipped().expect("the technology that is built in");
        let (memories, problems) = alberti_rtl::memories(&design, &technology);
        let (Ok(top), true) = (elaborate(&design), problems.is_empty()) else { continue };
        assert_eq!(netlist::check(&top).to_string(), "", "{text}");
        let blocks = BLOCKS.iter().filter_map(|block| block.netlist(&design));
        let apart = memories.iter().map(|memory| memory.netlist.clone()).chain(blocks);
        let apart: Vec<_> = apart.filter(|netlist| top.module(netlist.top()).is_none()).collect();
        let netlists = [top].into_iter().chain(apart).collect();
        return (Generated { text, design, netlists, memories }, refused);
    }
    panic!("no memory of 40 designs can be made, seed {seed}");
}

/// Every message of the readers, with the design.
fn messages(generated: &Generated) -> Vec<String> {
    let of_netlist = |netlist: &Netlist| {
        let messages = lint(&sources(netlist), netlist.top()).expect("the readers");
        messages
            .into_iter()
            .map(|message| format!("{}: {}: {}", netlist.top(), message.tool, message.text))
            .collect::<Vec<_>>()
    };
    generated.netlists.iter().flat_map(of_netlist).collect()
}

/// Designs that are read, and the first `simulated` of them simulated: every block but the accelerator, whose
/// programs need room, and every memory.
fn hold(numbers: std::ops::Range<u32>, simulated: u32) {
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let (mut refused, first) = (0, numbers.start);
    for number in numbers {
        let (generated, others) = draw(number, seed);
        refused += others;
        let found = messages(&generated);
        assert!(found.is_empty(), "design {number}, seed {seed}:\n{}\n{}", found.join("\n"), generated.text);
        if number - first < simulated {
            simulate(&generated, seed);
        }
    }
    println!("{refused} designs had a memory that no macro serves");
}

fn simulate(generated: &Generated, seed: Seed) {
    let Generated { text, design, memories, .. } = generated;
    let technology = Technology::shipped().expect("the technology that is built in");
    let fails = |what: &str, error| panic!("{what} of {}, seed {seed}: {error}\n{text}", design.name);
    for memory in memories {
        let subject = Subject::new(design, &memory.netlist);
        let outcome = alberti_scenarios::run_memory(&subject, &technology, memory, seed);
        outcome.unwrap_or_else(|error| fails(memory.netlist.top(), error));
    }
    for block in BLOCKS.iter().filter(|block| !["accelerator", "rram"].contains(&block.name)) {
        let Some(subject) = Subject::of_block(design, block) else { continue };
        let outcome = alberti_scenarios::run(block.name, &subject, seed).expect("every block has a scenario");
        outcome.unwrap_or_else(|error| fails(block.name, error));
    }
}

macro_rules! random_designs {
    ($($(#[$attribute:meta])* $name:ident: $numbers:expr, $simulated:expr;)*) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            hold($numbers, $simulated);
        }
    )*};
}

random_designs! {
    designs_0_to_9_are_clean_and_hold: 0..10, 1;
    designs_10_to_19_are_clean_and_hold: 10..20, 1;
    designs_20_to_29_are_clean_and_hold: 20..30, 1;
    #[ignore = "a quarter of an hour: `make test-full` runs it"]
    designs_30_to_164_are_clean_and_hold: 30..165, 12;
    #[ignore = "a quarter of an hour: `make test-full` runs it"]
    designs_165_to_299_are_clean_and_hold: 165..300, 12;
}
