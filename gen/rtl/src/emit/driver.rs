//! The driver in C for software that starts programs on the accelerator.

use crate::{
    design::Design,
    prefix::Prefix,
    registers::{Counter, counters},
};
use alberti_isa::Fault;
use askama::Template;

#[derive(Template)]
#[template(path = "driver/alberti.h")]
struct Header<'a> {
    design: &'a Design,
    address_max: u64,
    faults: &'static [(Fault, &'static str, &'static str)],
    counters: &'a [&'static Counter],
}

#[derive(Template)]
#[template(path = "driver/alberti.c")]
struct Source<'a> {
    design: &'a Design,
    address_max: u64,
    counters: &'a [&'static Counter],
}

#[derive(Template)]
#[template(path = "driver/example.c")]
struct Example;

/// The files of a package, by path.
///
/// # Panics
/// Never: a template can fail only by writing to a string, which cannot fail.
pub(super) fn files(prefix: &Prefix, design: &Design) -> [(String, String); 3] {
    let address_bits = design.csr.map_or(32, |csr| csr.program_address_bits);
    let address_max = u64::MAX >> (64 - address_bits);
    let counters: Vec<&Counter> = counters(design).collect();
    let header = Header { design, address_max, faults: &Fault::ALL, counters: &counters };
    let source = Source { design, address_max, counters: &counters };
    let file = |name: &str, text: askama::Result<String>| {
        (format!("driver/{prefix}{name}"), prefix.c(&text.expect("templates write to strings")) + "\n")
    };
    [file(".h", header.render()), file(".c", source.render()), file("_example.c", Example.render())]
}
