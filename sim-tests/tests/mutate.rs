//! A campaign of random faults in the emitted Verilog of all blocks: how many of them the scenarios find.
//! Leaves have tests of their own, which compare them with the arithmetic at every input, or at every boundary.

#![allow(clippy::print_stdout)]

mod common;

use alberti_harness::Seed;
use alberti_rtl::{
    Design,
    blocks::{BLOCKS, Block},
    netlist::{Module, ModuleKind, Netlist},
};
use alberti_scenarios::{
    Subject,
    mutations::{Mutation, Verdict, judge},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Faults that are tried where nobody asks for another number.
const FEW: usize = 24;

/// The share of faults that has to be found.
const LEAST: f64 = 0.95;

/// Changes that change nothing: part of the file's name, the line, and why. They are no faults.
const NO_FAULTS: [(&str, &str, &str); 6] = [
    (
        "alb_stream_fifo",
        "wire [DEPTH:0]             used = {1'b0, used_q};",
        "the last slot takes the input either way",
    ),
    ("alb_vmac_array", "if (!rst_ni) skip_q <= {ADD{1'b0}};", "nothing valid is on its way after a reset"),
    ("alb_accumulator", "start_q <= {ADD{1'b0}};", "nothing valid is on its way after a reset"),
    (
        "alb_activation_lane",
        "span = span & ~({SPAN_W{1'b1}} << (VALUE_W + (1 << s)));",
        "what it cuts off is lost already",
    ),
    ("alb_macro_rram", "if (access_pulse && access_pulse_q == PULSE / 2 - 1)", "in the middle of a pulse, or near it"),
    (
        "alb_block_select",
        "assign seen = mask[i-1] ? {below[NONZEROS+1] | below[NONZEROS], below[NONZEROS-1:0], 1'b0} : below;",
        "that there are too many ones shows by the absence of the mark below",
    ),
];

/// What became of a fault.
struct Tried {
    block: &'static str,
    mutation: Mutation,
    verdict: Verdict,
}

/// Tries a fault in a block of one of the designs that have it; the seed and the number decide which.
fn attempt(block: &'static Block, designs: &[Design], number: usize, seed: Seed) -> Option<Tried> {
    let mut rng = seed.rng(&format!("mutate.{}.{number}", block.name));
    let fitting: Vec<_> = designs.iter().filter_map(|design| Some((design, block.netlist(design)?))).collect();
    let (design, netlist) = rng.pick(&fitting);
    // Of a block that holds others, only what is its own; theirs are tried with them.
    let own: Vec<_> = own(block, netlist, design).map(|module| format!("{}.v", module.name)).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let subject = Subject::new(design, netlist).in_directory(folder.path().to_owned());
    for _ in 0..8 {
        let mutation = subject.draw(|file| own.iter().any(|name| name == file), &mut rng)?;
        let verdict = judge(block.name, &subject, &mutation, seed);
        let verdict = verdict.unwrap_or_else(|error| panic!("{}: {error}", block.name));
        let is_none =
            NO_FAULTS.iter().any(|(file, line, _)| mutation.file.starts_with(file) && mutation.before == *line);
        if verdict != Verdict::Refused && !(is_none && verdict == Verdict::Survived) {
            return Some(Tried { block: block.name, mutation, verdict });
        }
    }
    None
}

/// The modules of a block that no block within it has.
fn own<'n>(block: &Block, netlist: &'n Netlist, design: &Design) -> impl Iterator<Item = &'n Module> {
    let others = BLOCKS.iter().filter(|other| other.name != block.name).filter_map(|other| other.netlist(design));
    let within = others.filter(|other| netlist.module(other.top()).is_some());
    let theirs: BTreeSet<String> =
        within.flat_map(|other| other.order().iter().map(|module| module.name.clone()).collect::<Vec<_>>()).collect();
    let (leaf, name) = (ModuleKind::Leaf, block.name);
    let is_other = move |module: &Module| module.block != name && Block::named(&module.block).is_some();
    let is_own = move |module: &&Module| module.kind != leaf && !is_other(module) && !theirs.contains(&module.name);
    netlist.order().into_iter().filter(is_own)
}

#[test]
#[ignore = "minutes: `make mutate` runs it, `make test-full` with fewer faults"]
fn random_faults_are_found() {
    let count =
        std::env::var("ALBERTI_MUTATIONS").map_or(FEW, |text| text.parse().expect("ALBERTI_MUTATIONS: a number"));
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let designs =
        [common::design("pu4"), common::design("accelerator4"), common::accelerator4_2of4(), common::pu4_2of4()];
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let tried = attempt(&BLOCKS[number % BLOCKS.len()], &designs, number, seed);
                    all.lock().expect("no thread has failed").extend(tried);
                }
            });
        }
    });
    let all = all.into_inner().expect("no thread has failed");
    let mut blocks: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for Tried { block, verdict, .. } in &all {
        blocks.entry(block).or_default()[usize::from(*verdict == Verdict::Found)] += 1;
    }
    for (block, [survived, found]) in &blocks {
        println!("{block:<18} {found:>4} of {:>4}", found + survived);
    }
    for Tried { block, mutation, .. } in all.iter().filter(|tried| tried.verdict == Verdict::Survived) {
        println!(
            "survived in {block}, {}:{}:\n    {}\n    {}",
            mutation.file, mutation.line, mutation.before, mutation.after
        );
    }
    let found: usize = blocks.values().map(|[_, found]| found).sum();
    println!("{found} of {} faults found, {:.1} %, seed {seed}", all.len(), 100.0 * found as f64 / all.len() as f64);
    assert!(found as f64 >= LEAST * all.len() as f64, "too few are found");
}
