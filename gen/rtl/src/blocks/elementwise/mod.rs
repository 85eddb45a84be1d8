//! `elementwise`: adds two streams of integers, or scales one, a vector a cycle.

use crate::{
    blocks::{
        Assembly, Library,
        geometry::{COUNT_W, SHIFT_W},
    },
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

/// Width of the integers that go in and come out.
const VALUE_W: u32 = 16;
/// Width of a product.
const PRODUCT_W: u32 = 2 * VALUE_W;
/// Digits of the gain.
const DIGITS: u32 = VALUE_W / 2;
/// Width that a shifted operand saturates to.
const SUMMAND_W: u32 = 24;
/// Width of the distance that an operand moves right after it was moved left by `SUMMAND_W`.
const DISTANCE_W: u32 = 6;

/// Registers from a vector to its sum.
pub const LATENCY: u32 = 4;

#[derive(Template)]
#[template(path = "rtl/elementwise.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    value_w: u32,
    shift_w: u32,
    summand_w: u32,
    distance_w: u32,
    count_w: u32,
    stages: u32,
}

#[derive(Template)]
#[template(path = "rtl/elementwise_lane.v")]
struct LaneBody<'a> {
    shell: &'a Shell,
    value_w: u32,
    product_w: u32,
    summand_w: u32,
    distance_w: u32,
    offset: String,
}

/// The elementwise unit. `None` where the design has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let unit = library.design().units.elementwise?;
    let n = unit.lanes;
    let lane = lane(library);
    let mut module = Module::new(
        "elementwise",
        None,
        &format!("adds two streams of vectors of {n}, or scales one, as integers of {VALUE_W} bits"),
        "units.elementwise",
    );
    module.contract = Contract {
        latency: format!("{LATENCY} cycles from a vector to its sum"),
        interval: "one vector a cycle, from one segment to the next as well".into(),
        numbers: lane.contract.numbers.clone(),
    };
    module.set_parameters(&[("n", n)]);
    let width = n * VALUE_W;
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink(
            "job",
            "What is done with a segment: a sum or, with scale, a times the gain; whether operands are AF<8,3> codes",
        )
        .input("scale", 1, Payload::Bits)
        .input("a_float", 1, Payload::Bits)
        .input("b_float", 1, Payload::Bits)
        .input("a_shift", SHIFT_W, Payload::Bits)
        .of("SHIFT_W")
        .input("b_shift", SHIFT_W, Payload::Bits)
        .of("SHIFT_W")
        .input("gain", VALUE_W, Payload::Bits)
        .of("VALUE_W"),
        Interface::sink("a", "First operand; last ends a segment")
            .input("data", width, Payload::Bits)
            .of("N*VALUE_W")
            .input("last", 1, Payload::Bits),
        Interface::sink("b", "Second operand, left alone by scale; its last must be that of a")
            .input("data", width, Payload::Bits)
            .of("N*VALUE_W")
            .input("last", 1, Payload::Bits),
        Interface::source("sum", "Sums or products, one vector for each of a")
            .output("data", width, Payload::Bits)
            .of("N*VALUE_W")
            .output("last", 1, Payload::Bits),
        Interface::new(
            "count",
            Role::Status,
            "Vectors at which a and b disagree on the end of the segment, since clear",
        )
        .plain_input("clear", 1, Payload::Bits)
        .plain_output("length_error_count", COUNT_W, Payload::Bits)
        .of("COUNT_W"),
    ];
    let mut assembly = Assembly::new(module);
    assembly.place_row("lane", &lane, "lane", n);
    let [job, a, b, sum] = ["job", "a", "b", "sum"].map(|name| assembly.own(name));
    let [taken, a_valid, b_valid] = [sum.net("ready"), a.net("valid"), b.net("valid")];
    assembly.derived("enable", 1, [&taken]);
    assembly.derived("other", width, [b.net("data")]);
    let settings = job.nets(["scale", "a_float", "b_float", "a_shift", "b_shift", "gain"]);
    let held = [
        ("operands", "a_float", 1),
        ("operands", "b_float", 1),
        ("job", "one", DIGITS),
        ("job", "two", DIGITS),
        ("job", "negative", DIGITS),
    ];
    for (interface, net, width) in held {
        assembly.net(net, width);
        assembly.registers([net], &settings);
        assembly.fields(("lane", interface), &[(net, net)]);
    }
    for (distance, register) in [("a_distance", "a_distance_q"), ("b_distance", "b_distance_q")] {
        assembly.register(register, DISTANCE_W, ["enable"]);
        assembly.fields(("lane", "job"), &[(distance, register)]);
    }
    assembly.fields(("lane", "enable"), &[("enable", "enable")]);
    assembly.slices(("lane", "operands"), &[("a", &a.net("data"), "VALUE_W"), ("b", "other", "VALUE_W")]);
    assembly.slices(("lane", "sum"), &[("sum", &sum.net("data"), "VALUE_W")]);
    let control =
        [vec![job.net("valid")], [&a_valid, &b_valid, &taken].map(String::clone).to_vec(), vec![a.net("last")]];
    assembly.registers(sum.nets(["valid", "last"]), control.concat());
    assembly.registers(["length_error_count_o"], ["clear_i", &b.net("last")]);
    assembly.combinational(a.driven(), [&taken, &b_valid]);
    assembly.combinational(b.driven(), [&taken, &a_valid]);
    assembly.combinational(job.driven(), [&taken, &a_valid, &b_valid, &a.net("last")]);
    Some(library.add(assembly.finish(), |shell| {
        Body {
            shell,
            n,
            value_w: VALUE_W,
            shift_w: SHIFT_W,
            summand_w: SUMMAND_W,
            distance_w: DISTANCE_W,
            count_w: COUNT_W,
            stages: LATENCY,
        }
        .render()
    }))
}

/// One element of the vectors.
fn lane(library: &mut Library) -> Arc<Module> {
    let mut module = Module::new("elementwise_lane", None, "one element of the elementwise unit", "units.elementwise");
    module.contract = Contract {
        latency: format!("operands in cycle t, gain in t, distances in t + 1, sum in t + {LATENCY}"),
        interval: "one element a cycle, as long as it is enabled".into(),
        numbers: format!(
            "operands are integers of {VALUE_W} bits, or AF<8,3> codes in the lower 8; shifts round half up and saturate \
             to {SUMMAND_W} bits, the sum to {VALUE_W}"
        ),
    };
    let bits = Payload::Bits;
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("enable", Role::Input, "Moves all stages").plain_input("enable", 1, bits),
        Interface::new("operands", Role::Input, "Operands; whether they are AF<8,3> codes")
            .plain_input("a", VALUE_W, bits)
            .of("VALUE_W")
            .plain_input("b", VALUE_W, bits)
            .of("VALUE_W")
            .plain_input("a_float", 1, bits)
            .plain_input("b_float", 1, bits),
        Interface::new("job", Role::Input, "Digits of the gain; how far product and second operand move")
            .plain_input("one", DIGITS, bits)
            .of("DIGITS")
            .plain_input("two", DIGITS, bits)
            .of("DIGITS")
            .plain_input("negative", DIGITS, bits)
            .of("DIGITS")
            .plain_input("a_distance", DISTANCE_W, bits)
            .of("DISTANCE_W")
            .plain_input("b_distance", DISTANCE_W, bits)
            .of("DISTANCE_W"),
        Interface::new("sum", Role::Output, "Sum").plain_output("sum", VALUE_W, bits).of("VALUE_W"),
    ];
    let reads: Vec<String> = module.names(crate::netlist::Direction::Input).map(str::to_owned).collect();
    module.registers(&["sum_o"], &reads.iter().map(String::as_str).collect::<Vec<_>>());
    library.add(module, |shell| {
        LaneBody {
            shell,
            value_w: VALUE_W,
            product_w: PRODUCT_W,
            summand_w: SUMMAND_W,
            distance_w: DISTANCE_W,
            offset: format!("{PRODUCT_W}'h{:x}", booth_offset()),
        }
        .render()
    })
}

/// What takes off 2^VALUE_W for each digit: the inverted signs of the rows.
fn booth_offset() -> u32 {
    (0..DIGITS).fold(0u32, |offset, digit| offset.wrapping_sub(1 << (VALUE_W + 2 * digit)))
}
