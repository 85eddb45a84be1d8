//! Designs, and the two ways in which a scenario is used: the Verilog as emitted passes, a fault in it is
//! found.

#![allow(clippy::unwrap_used)]
// Each test is a crate of its own, and none needs all of this.
#![allow(dead_code)]

use alberti_harness::{Error as Harness, Seed};
use alberti_rtl::{Design, blocks::Block};
use alberti_scenarios::{Error, Subject};

/// A design of `designs/`.
pub fn design(name: &str) -> Design {
    variant(name, &[])
}

/// All designs of `designs/`, in the order of their names.
pub fn designs() -> impl Iterator<Item = Design> {
    let entries = std::fs::read_dir(format!("{}/../designs", env!("CARGO_MANIFEST_DIR"))).expect("the folder");
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.expect("it can be listed").file_name().to_str()?.strip_suffix(".yaml").map(Into::into)
        })
        .collect();
    names.sort_unstable();
    names.into_iter().map(|name| design(&name))
}

/// A design of `designs/` with changes: text that stands there once, and what stands there instead.
pub fn variant(name: &str, changes: &[(&str, &str)]) -> Design {
    let path = format!("{}/../designs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{name}: `{from}` is to be replaced once");
        text = text.replace(from, to);
    }
    Design::parse(&format!("designs/{name}.yaml"), &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Four lanes with another number of registers between operands and sum.
pub fn pu4_with_pipeline(registers: u32) -> Design {
    variant("pu4", &[("datapath:\n  n: 4", &format!("datapath:\n  n: 4\n  pipeline: {registers}"))])
}

/// Four lanes with 2:4 block sparsity.
pub fn pu4_2of4() -> Design {
    variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 4\n  sparsity: {kind: block, nonzeros: 2, block: 4}")])
}

/// Eight lanes with 4:8 block sparsity.
pub fn pu8_4of8() -> Design {
    variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 8\n  sparsity: {kind: block, nonzeros: 4, block: 8}")])
}

/// An accelerator of four lanes with 2:4 block sparsity.
pub fn accelerator4_2of4() -> Design {
    accelerator4_2of4_with(&[])
}

/// The same with changes.
pub fn accelerator4_2of4_with(changes: &[(&str, &str)]) -> Design {
    let blocks = ("datapath:\n  n: 4", "datapath:\n  n: 4\n  sparsity: {kind: block, nonzeros: 2, block: 4}");
    variant("accelerator4", &[&[blocks], changes].concat())
}

/// A block of a design as it is emitted.
pub fn subject<'a>(block: &str, design: &'a Design) -> Subject<'a> {
    let block = Block::named(block).expect("the registry has every block");
    Subject::of_block(design, block).expect("the design has this block")
}

/// Runs a block's scenario on the emitted Verilog.
pub fn check(block: &str, design: &Design) {
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let outcome = alberti_scenarios::run(block, &subject(block, design), seed).expect("every block has a scenario");
    let outcome = outcome.unwrap_or_else(|error| panic!("{block} of {}, seed {seed}: {error}", design.name));
    assert!(outcome.compared > 0 && outcome.cycles > 0, "{block} of {}: nothing was compared", design.name);
}

/// Changes one place of the emitted Verilog, demands that the block's scenario fails on it, and says how.
pub fn failure(block: &str, design: &Design, mutation: &str, (file, from, to): (&str, &str, &str)) -> Error {
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let mutated = subject(block, design).mutate(file, from, to).unwrap_or_else(|error| panic!("{mutation}: {error}"));
    match alberti_scenarios::run(block, &mutated, seed).expect("every block has a scenario") {
        Ok(_) => panic!("{mutation} is not found ({}={seed})", Seed::VARIABLE),
        Err(error) => match error.harness() {
            Some(Harness::Tool { output, .. }) => panic!("{mutation} is no Verilog, so it proves nothing: {output}"),
            _ if error.is_difference() => error,
            _ => panic!("{mutation}: {error}"),
        },
    }
}

/// A change that makes streams stand still: the scenario must end, and say so.
pub fn hangs(block: &str, design: &Design, mutation: &str, change: (&str, &str, &str)) {
    let error = failure(block, design, mutation, change);
    assert!(matches!(error.harness(), Some(Harness::NoProgress { .. })), "{mutation} does not hang: {error}");
}

/// One test for each design that a block's scenario runs on.
#[allow(unused_macros)]
macro_rules! equals_its_golden {
    ($block:literal: $($(#[$attribute:meta])* $name:ident => $design:expr;)*) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            common::check($block, &$design);
        }
    )*};
}
#[allow(unused_imports)]
pub(crate) use equals_its_golden;

/// One test for each fault that a block's scenario must find: design, file, what stands there, what stands
/// there instead.
#[allow(unused_macros)]
macro_rules! finds {
    ($block:literal: $($name:ident: $design:expr, $file:literal, $from:literal => $to:literal;)*) => {$(
        #[test]
        fn $name() {
            common::failure($block, &$design, stringify!($name), ($file, $from, $to));
        }
    )*};
}
#[allow(unused_imports)]
pub(crate) use finds;
