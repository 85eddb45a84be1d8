//! A campaign of random faults in the emitted Verilog of all blocks: how many of them the scenarios find.

mod common;

use alberti_harness::Seed;
use alberti_rtl::{
    Design,
    blocks::{BLOCKS, Block},
};
use alberti_scenarios::{
    Subject,
    mutations::{Mutation, Verdict, judge},
};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Faults that are tried where nobody asks for another number.
const FEW: usize = 24;

/// The share of faults that has to be found.
const LEAST: f64 = 0.95;

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
    let is_other = |name: &str| name != block.name && Block::named(name).is_some();
    let own: Vec<_> = netlist
        .order()
        .iter()
        .filter(|module| !is_other(&module.block))
        .map(|module| format!("{}.v", module.name))
        .collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let subject = Subject::new(design, netlist).in_directory(folder.path().to_owned());
    for _ in 0..8 {
        let mutation = subject.draw(|file| own.iter().any(|name| name == file), &mut rng)?;
        let verdict = judge(block.name, &subject, &mutation, seed);
        let verdict = verdict.unwrap_or_else(|error| panic!("{}: {error}", block.name));
        if verdict != Verdict::Refused {
            return Some(Tried { block: block.name, mutation, verdict });
        }
    }
    None
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
