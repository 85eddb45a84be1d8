//! `activation`: a function on rows of sums, between accumulator and requantiser.

use crate::{
    blocks::{Assembly, Geometry, Library, geometry::SHIFT_W, leaf},
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::{Activation, ActivationSet, Domain, Lack, Limit, NUMBER_BITS, NUMBER_FRACTION_BITS};
use askama::Template;
use std::sync::Arc;

/// Bits of a table's lines below their point.
const FRACTION_W: u32 = 8;
/// Booth digits of a place in a segment.
const DIGITS: u32 = 3;

#[derive(Template)]
#[template(path = "rtl/activation.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    acc_w: u32,
    shift_w: u32,
    latency: u32,
}

#[derive(Template)]
#[template(path = "rtl/activation_lane.v")]
struct LaneBody<'a> {
    shell: &'a Shell,
    acc_w: u32,
    shift_w: u32,
    function_w: u32,
    value_w: u32,
    table_w: u32,
    fraction_w: u32,
    middle_w: u32,
    slope_w: u32,
    digits: u32,
    offset: String,
    /// Whether a row's function is one of numbers.
    is_number: String,
    /// The functions that have a table, those before which others come last.
    lines: Vec<Line>,
    /// Whether a row's function comes to its sign, where one does.
    is_sign: Option<String>,
    /// The same of the row in the second stage.
    sign: Option<String>,
    one: i64,
    /// The bits of a magnitude that are the place in a segment.
    place: String,
    /// What has to hold for a table to cover a magnitude of less than `table_w` bits.
    within: Vec<String>,
    /// The nets that the template's own text uses.
    nets: String,
}

/// A function with a table.
struct Line {
    word: &'static str,
    /// Whether a row's function is this one, where that is kept.
    is_it: Option<String>,
    /// The bits of a magnitude that number its segments.
    segment: String,
    /// Its middle in the width of the widest.
    middle: String,
    /// What the nets of its line begin with: nothing where there is no other.
    of: String,
}

/// What `functions` are called in a text, the forms of one by one name.
fn names(functions: impl Iterator<Item = Activation>) -> String {
    let mut names: Vec<_> = functions.map(|function| function.facts().name).collect();
    names.dedup();
    names.join(" or ")
}

/// What the codes of a row's function stand for: `0 identity, 1 ReLU, 2 and 3 GELU`. Codes past the last
/// function mean the last.
fn codes(set: ActivationSet) -> String {
    let title = |function: Activation| {
        let alike = set.iter().filter(|of| of.facts().name == function.facts().name).count();
        if alike == 1 { function.facts().name.to_owned() } else { function.title() }
    };
    let last = set.count() - 1;
    let code = |code: u32| match (1 << set.code_bits()) - 1 {
        highest if code == last && highest > last => format!("{code} and {highest}"),
        _ => code.to_string(),
    };
    let all: Vec<_> = (0..).zip(set.iter()).map(|(of, function)| format!("{} {}", code(of), title(function))).collect();
    all.join(", ")
}

/// Verilog that says whether `function_i` is one of numbers: those stand after the functions of sums.
fn is_number(set: ActivationSet) -> String {
    let (bits, first) = (set.code_bits(), set.of_domain(Domain::Sums).count());
    if 1 << (bits - 1) == first {
        return format!("function_i[{}]", bits - 1);
    }
    format!("function_i >= {bits}'d{first}")
}

/// Verilog that says whether `function_i` is a function. Codes past the last one mean the last.
fn is(set: ActivationSet, function: Activation) -> Option<String> {
    let (bits, code) = (set.code_bits(), set.code(function)?);
    let past = code + 1 == set.count() && code + 1 != 1 << bits;
    Some(format!("function_i {} {bits}'d{code}", if past { ">=" } else { "==" }))
}

/// The activation of the processing unit. `None` where the design has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let g = Geometry::new(library.design());
    let set = g.activation;
    if set == ActivationSet::IDENTITY {
        return None;
    }
    let lane = set.of_domain(Domain::Numbers).next().map(|_| lane(library, set));
    let functions = names(set.iter().filter(|&function| function != Activation::Identity));
    let mut module = Module::new(
        "activation",
        None,
        &format!("applies {functions} to rows of {} sums, or nothing", g.n),
        "datapath.activation",
    );
    let latency = set.latency();
    module.contract = Contract {
        latency: format!("{latency} {}", if latency == 1 { "cycle" } else { "cycles" }),
        interval: "one row a cycle, without stalling, each with its own function".into(),
        numbers: match &lane {
            Some(lane) => lane.contract.numbers.clone(),
            None => format!("sums of {} bits, exact", g.acc_w),
        },
    };
    module.set_parameters(&[("n", g.n), ("acc_w", g.acc_w)]);
    let bits = Payload::Bits;
    let after = if lane.is_some() { ", and the shift after it" } else { "" };
    let about = format!("A row of sums, each column's shift; {}{after}", codes(set));
    let columns = |of: &str| format!("{}*{of}", g.n);
    let mut sums = Interface::new("sum", Role::Input, &about)
        .input("valid", 1, bits)
        .plain_input("sum", g.sums_w(), Payload::Sums)
        .of(columns("ACC_W"))
        .plain_input("scale", g.scales_w(), bits)
        .of(columns("SHIFT_W"))
        .plain_input("function", g.function_w(), bits);
    if lane.is_some() {
        sums = sums.plain_input("activation_shift", g.activation_shift_w(), bits).of("SHIFT_W");
    }
    module.interfaces = vec![
        Interface::clock(),
        sums.input("last", 1, bits),
        Interface::new("activated", Role::Output, "What the function makes of them, with each column's shift")
            .output("valid", 1, bits)
            .plain_output("activated", g.sums_w(), Payload::Sums)
            .of(columns("ACC_W"))
            .plain_output("activated_scale", g.scales_w(), bits)
            .of(columns("SHIFT_W"))
            .output("last", 1, bits),
    ];
    module.registers(&["activated_valid_o", "activated_last_o"], &["clk_i", "rst_ni", "sum_valid_i", "sum_last_i"]);
    let mut assembly = Assembly::new(module);
    match lane {
        None => assembly.registers(["activated_o", "activated_scale_o"], ["sum_i", "scale_i", "function_i"]),
        Some(lane) => {
            assembly.place_row("lane", &lane, "lane", g.n);
            assembly.register("activation_shift_q", SHIFT_W, ["activation_shift_i"]);
            let whole =
                [("valid", "sum_valid_i"), ("function", "function_i"), ("activation_shift", "activation_shift_q")];
            assembly.fields(("lane", "sum"), &whole);
            assembly.slices(("lane", "sum"), &[("sum", "sum_i", "ACC_W"), ("scale", "scale_i", "SHIFT_W")]);
            assembly.slices(
                ("lane", "activated"),
                &[("activated", "activated_o", "ACC_W"), ("scale", "activated_scale_o", "SHIFT_W")],
            );
        }
    }
    Some(
        library
            .add(assembly.finish(), |shell| Body { shell, n: g.n, acc_w: g.acc_w, shift_w: SHIFT_W, latency }.render()),
    )
}

/// One column of a design with functions of numbers.
fn lane(library: &mut Library, set: ActivationSet) -> Arc<Module> {
    let source = "datapath.activation";
    let acc_w = library.design().datapath.accumulator_bits;
    let tables: Vec<_> = set.iter().filter_map(|function| Some((function, function.facts().lack?))).collect();
    let numbers = names(set.of_domain(Domain::Numbers));
    let mut module = Module::new("activation_lane", None, "one column of the activation", source);
    module.contract = Contract {
        latency: format!("sum in cycle t, the shift after {numbers} in t + 1, result in t + 2"),
        interval: "one sum a cycle".into(),
        numbers: format!(
            "sums of {acc_w} bits; for {numbers} shifted, rounded half up and saturated to {NUMBER_BITS} bits in Q14.10, {numbers} in Q.10"
        ),
    };
    let bits = Payload::Bits;
    let about = format!("Sum, its shift, its function; in the cycle after, the shift after {numbers}");
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("sum", Role::Input, &about)
            .plain_input("valid", 1, bits)
            .plain_input("sum", acc_w, Payload::Sums)
            .of("ACC_W")
            .plain_input("scale", SHIFT_W, bits)
            .of("SHIFT_W")
            .plain_input("function", set.code_bits(), bits)
            .of("FUNCTION_W")
            .plain_input("activation_shift", SHIFT_W, bits)
            .of("SHIFT_W"),
        Interface::new("activated", Role::Output, "Result and its shift")
            .plain_output("activated", acc_w, Payload::Sums)
            .of("ACC_W")
            .plain_output("activated_scale", SHIFT_W, bits)
            .of("SHIFT_W"),
    ];
    let of_all = |of: fn(&Lack) -> u32| tables.iter().map(move |(_, lack)| of(lack));
    let (table_w, middle_w) = (of_all(Lack::reach_bits).max(), of_all(leaves::middle_bits).max());
    let (table_w, middle_w) = (table_w.unwrap_or(0), middle_w.unwrap_or(0));
    let (least_reach, least_ignored) = (of_all(Lack::reach_bits).min(), of_all(|lack| lack.ignored).min());
    let mut assembly = Assembly::new(module);
    assembly.register("value_q", NUMBER_BITS - 1, ["valid_i", "sum_i", "scale_i", "function_i"]);
    assembly.net("middle", middle_w);
    assembly.net("slope", leaves::SLOPE_BITS);
    let mut nets = "value_q segment middle slope".to_owned();
    let mut lines = Vec::new();
    for &(function, lack) in &tables {
        let leaf = leaves::activation_line(function).map(|leaf| leaf::elaborate(library, &*leaf, source));
        let Some(leaf) = leaf else { continue };
        let word = function.word();
        // The first function is what remains where the row has no other.
        let kept = !lines.is_empty()
            || lack.limit == Limit::Sign
            || Some(lack.reach_bits()) != least_reach
            || Some(lack.ignored) != least_ignored;
        if kept {
            assembly.register(&format!("{word}_q"), 1, ["valid_i", "function_i"]);
            nets += &format!(" {word}_q");
        }
        let of = if tables.len() == 1 { String::new() } else { format!("{word}_") };
        let [segment, middle, slope] = ["segment", "middle", "slope"].map(|net| format!("{of}{net}"));
        assembly.derived(&segment, lack.segment_bits(), ["value_q"]);
        let width = leaves::middle_bits(lack);
        if !of.is_empty() {
            assembly.net(&middle, width);
            assembly.net(&slope, leaves::SLOPE_BITS);
            assembly.combinational(["middle"], [&middle]);
            assembly.combinational(["slope"], [&slope]);
            nets += &format!(" {segment} {middle} {slope}");
        }
        if kept && !of.is_empty() {
            assembly.combinational(["middle", "slope"], [&format!("{word}_q")]);
        }
        let table = format!("{of}table");
        assembly.place(&table, &leaf);
        assembly.fields((&table, "in"), &[("segment", &segment)]);
        assembly.fields((&table, "out"), &[("middle", &middle), ("slope", &slope)]);
        lines.push(Line {
            word,
            is_it: if kept { is(set, function) } else { None },
            segment: format!("value_q[{}:{}]", lack.reach_bits() - 1, 2 * DIGITS + lack.ignored),
            middle: match middle_w - width {
                0 => middle,
                missing => format!("{{{{{missing}{{{middle}[{}]}}}}, {middle}}}", width - 1),
            },
            of,
        });
    }
    let line = vec!["middle".to_owned(), "slope".to_owned()];
    assembly.registers(assembly.own("activated").driven(), [assembly.own("sum").read(), line].concat());
    let sign = tables.iter().find(|(_, lack)| lack.limit == Limit::Sign).map(|&(function, _)| function);
    let place_of = |ignored: u32| format!("value_q[{}:{ignored}]", 2 * DIGITS - 1 + ignored);
    let others = tables.iter().filter(|(_, lack)| Some(lack.ignored) != least_ignored);
    let place = others.fold(place_of(least_ignored.unwrap_or(0)), |rest, (function, lack)| {
        format!("{function}_q ? {} : {rest}", place_of(lack.ignored))
    });
    let mut reaches: Vec<u32> = of_all(Lack::reach_bits).collect();
    reaches.sort_unstable();
    reaches.dedup();
    let within = reaches.windows(2).map(|pair| {
        let further = tables.iter().filter(|(_, lack)| lack.reach_bits() > pair[0]);
        let further: Vec<_> = further.map(|(function, _)| format!("{function}_q")).collect();
        format!("({} || value_q[{}:{}] == {}'d0)", further.join(" || "), pair[1] - 1, pair[0], pair[1] - pair[0])
    });
    let within = within.collect();
    let product_w = table_w + FRACTION_W + 1;
    library.add(assembly.finish(), |shell| {
        LaneBody {
            shell,
            acc_w,
            shift_w: SHIFT_W,
            function_w: set.code_bits(),
            value_w: NUMBER_BITS - 1,
            table_w,
            fraction_w: FRACTION_W,
            middle_w,
            slope_w: leaves::SLOPE_BITS,
            digits: DIGITS,
            offset: format!("{product_w}'h{:x}", booth_offset(product_w)),
            is_number: is_number(set),
            is_sign: sign.and_then(|function| is(set, function)),
            sign: sign.map(|function| format!("{function}_q")),
            one: 1 << NUMBER_FRACTION_BITS,
            lines,
            place,
            within,
            nets,
        }
        .render()
    })
}

/// What takes off 2^SLOPE_BITS for each digit: the inverted signs of the rows.
fn booth_offset(product_w: u32) -> u32 {
    (0..DIGITS).fold(1 << product_w, |offset, digit| offset - (1 << (leaves::SLOPE_BITS + 2 * digit)))
}
