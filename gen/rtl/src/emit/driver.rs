//! The driver in C for software that starts programs on the accelerator.

use crate::{
    design::Design,
    registers::{Access, Map},
};
use alberti_isa::Fault;
use askama::Template;

/// A counter: its register, and what the driver calls it.
struct Counter {
    name: &'static str,
    short: &'static str,
    summary: &'static str,
}

#[derive(Template)]
#[template(path = "driver/alberti.h")]
struct Header<'a> {
    design: &'a Design,
    address_max: u64,
    faults: &'static [(Fault, &'static str, &'static str)],
    counters: &'a [Counter],
}

#[derive(Template)]
#[template(path = "driver/alberti.c")]
struct Source<'a> {
    design: &'a Design,
    address_max: u64,
    counters: &'a [Counter],
}

#[derive(Template)]
#[template(path = "driver/example.c")]
struct Example;

/// The files of a package, by path.
///
/// # Panics
/// Never: a template can fail only by writing to a string, which cannot fail.
pub(super) fn files(design: &Design, map: &Map) -> [(String, String); 3] {
    let address_bits = design.csr.map_or(32, |csr| csr.program_address_bits);
    let address_max = u64::MAX >> (64 - address_bits);
    let snapshots = map.fields().filter(|(_, field)| field.access == Access::Snapshot);
    let counters: Vec<Counter> = snapshots
        .map(|(register, _)| Counter {
            name: register.name,
            short: register.name.trim_start_matches("count_"),
            summary: register.summary,
        })
        .collect();
    let header = Header { design, address_max, faults: &Fault::ALL, counters: &counters };
    let source = Source { design, address_max, counters: &counters };
    let file = |name: &str, text: askama::Result<String>| {
        (format!("driver/{name}"), text.expect("templates write to strings") + "\n")
    };
    [file("alberti.h", header.render()), file("alberti.c", source.render()), file("example.c", Example.render())]
}
