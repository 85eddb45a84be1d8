//! Area and frequency of every block of pu16 against what was accepted: `BLESS=1` accepts what is measured.

mod common;

use std::path::{Path, PathBuf};

use alberti_rtl::{
    Design,
    blocks::{BLOCKS, Block},
};
use alberti_synth::{Baseline, Cache, Figures, Library, Recipe, SynthJob, synthesise, time};

fn measure(design: &Design, block: &Block, library: &Library, recipe: &Recipe) -> Option<(Figures, String)> {
    let (top, sources) = common::sources(design, block)?;
    let period_ps = 1e6 / design.clock.frequency_mhz;
    let job = SynthJob::new(&top, &sources, library, recipe, period_ps);
    let report =
        synthesise(&Cache::open().expect("a cache"), &job).unwrap_or_else(|error| panic!("{}: {error}", block.name));
    let timing = time(&Cache::open().expect("a cache"), &report, library, &report.top, 0.0);
    let timing = timing.unwrap_or_else(|error| panic!("{}: {error}", block.name));
    Some((Figures::new(&report, &timing), report.tools))
}

#[test]
fn area_and_frequency_are_within_tolerance_of_what_was_accepted() {
    let library = Library::open_default().expect("the package qflow-tech-osu018");
    let recipe = Recipe::named("area", &library).expect("a recipe");
    let mut measured = Baseline::new(&library.technology.name, &recipe.name, "");
    // A memory is a macro of the technology: no area is claimed for one.
    let blocks = || BLOCKS.iter().filter(|block| block.name != "sram");
    let lanes = || blocks().filter(|block| ["vmac", "block_select"].contains(&block.name));
    let dense = common::design("pu16");
    let fixed = common::variant("pu16", &[("operand", "q3.5")]);
    let sparse = common::design("pu16_8of16");
    let accelerator = common::design("accelerator4");
    let guards = || blocks().filter(|block| ["secded", "record_reader"].contains(&block.name));
    let all = blocks().map(|block| ("pu16", &dense, block));
    let all = all.chain(lanes().map(|block| ("pu16_q3_5", &fixed, block)));
    let all = all.chain(lanes().map(|block| ("pu16_8of16", &sparse, block)));
    let all = all.chain(guards().map(|block| ("pu16_8of16", &sparse, block)));
    // The parts of an accelerator, which pu16 is not.
    let parts = || blocks().filter(|block| block.netlist(&dense).is_none() && block.netlist(&sparse).is_none());
    let all = all.chain(parts().map(|block| ("accelerator4", &accelerator, block)));
    // What tiles by columns and wide results cost, beside pu4 without them.
    let array = || blocks().filter(|block| ["vmac", "vmac_array", "requantize", "matrix_unit"].contains(&block.name));
    let small = common::design("pu4");
    let all = all.chain(array().map(|block| ("accelerator4", &accelerator, block)));
    let all = all.chain(array().map(|block| ("pu4", &small, block)));
    for (name, design, block) in all {
        if let Some((figures, tools)) = measure(design, block, &library, &recipe) {
            measured.tools = tools;
            measured.blocks.insert(format!("{name}.{}", block.name), figures);
        }
    }
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines").join(measured.file_name());
    // `alberti synth --bless` accepts other designs in the same file.
    if std::env::var_os("BLESS").is_some() {
        let empty = Baseline::new(&measured.library, &measured.recipe, "");
        let mut accepted = Baseline::load(&path).unwrap_or(empty);
        accepted.accept(measured, true);
        accepted.bless(&path).expect("a file");
        return;
    }
    let accepted = Baseline::load(&path).unwrap_or_else(|error| panic!("{error}; BLESS=1 makes it"));
    let accepted = accepted.of_the_designs_in(&measured);
    let differences: Vec<String> = accepted.compare(&measured).iter().map(ToString::to_string).collect();
    let tools = accepted
        .other_tools(&measured)
        .map_or_else(String::new, |(before, now)| format!("\naccepted with {before}, measured with {now}"));
    assert!(
        differences.is_empty(),
        "left the tolerance of {} (BLESS=1 accepts):\n{}{tools}",
        path.display(),
        differences.join("\n")
    );
}

/// What lies beside the array, as parts of it. GELU at the array's full rate is half as much again as all the
/// rest.
#[test]
fn units_beside_the_array_take_less_than_two_fifths_of_it_and_three_with_gelu() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines/osu018-area.json");
    let accepted = Baseline::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let area = |block: &str| accepted.blocks[&format!("pu16.{block}")].area_um2;
    let units: f64 = ["softmax", "layernorm", "elementwise", "entropy", "top_k"].map(area).iter().sum();
    let (part, with_gelu) = (units / area("vmac_array"), (units + area("activation")) / area("vmac_array"));
    assert!(part < 0.40 && with_gelu < 0.60, "{part:.3} of the array, {with_gelu:.3} with GELU");
}
