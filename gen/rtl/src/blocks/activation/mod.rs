//! `activation`: a function on rows of sums, between accumulator and requantiser.

use crate::{
    blocks::{Assembly, Geometry, Library, geometry::SHIFT_W, leaf},
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::{Activation, ActivationSet, Domain, NUMBER_BITS};
use askama::Template;
use std::sync::Arc;

/// Width of a magnitude that a table covers: less than 4 in Q.10.
const TABLE_W: u32 = 12;
/// Bits of a table's lines below their point.
const FRACTION_W: u32 = 8;
/// Width of a line's middle.
const MIDDLE_W: u32 = 12;
/// Width of its slope.
const SLOPE_W: u32 = 9;
/// Width of what a line comes to, with a sign.
const PRODUCT_W: u32 = TABLE_W + FRACTION_W + 1;
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
    /// The functions that have a table, when there are several.
    lines: Vec<Line>,
    /// The nets that the template's own text uses.
    nets: String,
}

/// A function whose table is one of several.
struct Line {
    word: &'static str,
    code: String,
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
    let lines: Vec<_> =
        set.iter().filter_map(|function| Some((function, leaves::activation_line(function)?))).collect();
    let lines: Vec<_> =
        lines.into_iter().map(|(function, line)| (function, leaf::elaborate(library, &*line, source))).collect();
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
    let several = lines.len() > 1;
    let mut assembly = Assembly::new(module);
    assembly.register("value_q", NUMBER_BITS - 1, ["valid_i", "sum_i", "scale_i", "function_i"]);
    assembly.derived("segment", TABLE_W - 2 * DIGITS, ["value_q"]);
    assembly.net("middle", MIDDLE_W);
    assembly.net("slope", SLOPE_W);
    if several {
        assembly.register("function_q", set.code_bits(), ["valid_i", "function_i"]);
    }
    for (function, line) in &lines {
        let (table, middle, slope) = if several {
            let (middle, slope) = (format!("{function}_middle"), format!("{function}_slope"));
            assembly.net(&middle, MIDDLE_W);
            assembly.net(&slope, SLOPE_W);
            assembly.combinational(["middle"], ["function_q", &middle]);
            assembly.combinational(["slope"], ["function_q", &slope]);
            (format!("{function}_table"), middle, slope)
        } else {
            ("table".to_owned(), "middle".to_owned(), "slope".to_owned())
        };
        assembly.place(&table, line);
        assembly.fields((&table, "in"), &[("segment", "segment")]);
        assembly.fields((&table, "out"), &[("middle", &middle), ("slope", &slope)]);
    }
    let line = vec!["middle".to_owned(), "slope".to_owned()];
    assembly.registers(assembly.own("activated").driven(), [assembly.own("sum").read(), line].concat());
    let bits = set.code_bits();
    let line = |function: Activation| {
        let code = set.code(function)?;
        Some(Line { word: function.word(), code: format!("{bits}'d{code}") })
    };
    let lines: Vec<Line> =
        if several { lines.iter().filter_map(|&(function, _)| line(function)).collect() } else { Vec::new() };
    let own = lines.iter().map(|Line { word, .. }| format!(" {word}_middle {word}_slope"));
    let nets = "value_q function_q segment middle slope".to_owned() + &own.collect::<String>();
    library.add(assembly.finish(), |shell| {
        LaneBody {
            shell,
            acc_w,
            shift_w: SHIFT_W,
            function_w: bits,
            value_w: NUMBER_BITS - 1,
            table_w: TABLE_W,
            fraction_w: FRACTION_W,
            middle_w: MIDDLE_W,
            slope_w: SLOPE_W,
            digits: DIGITS,
            offset: format!("{PRODUCT_W}'h{:x}", booth_offset()),
            is_number: is_number(set),
            lines,
            nets,
        }
        .render()
    })
}

/// What takes off 2^SLOPE_W for each digit: the inverted signs of the rows.
fn booth_offset() -> u32 {
    (0..DIGITS).fold(1 << PRODUCT_W, |offset, digit| offset - (1 << (SLOPE_W + 2 * digit)))
}
