//! `hierarchical_softmax`: weights of the children of the largest parents, one element a cycle.

use crate::{
    blocks::{
        Assembly, Library,
        geometry::{COUNT_W, SHIFT_W, clog2},
        leaf,
    },
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

/// Bits of a score, Q8.8.
const SCORE_W: u32 = 16;
/// Bits of a code.
const CODE_W: u32 = 8;
/// Bits that the leaf takes that normalises weights.
const SIGNIFICAND_W: u32 = 24;
/// Cycles from a row's last score to its last vector of codes.
const LATENCY: u32 = 5;

#[derive(Template)]
#[template(path = "rtl/hierarchical_softmax.v")]
struct Body<'a> {
    shell: &'a Shell,
    lanes: u32,
    lane_w: u32,
    parent_w: u32,
    child_w: u32,
    sum_bits: u32,
    zeros_w: u32,
    count_w: u32,
}

/// Cycles of a row of so many parents with so many children each.
#[must_use]
pub fn cycles(parents: u32, children: u32) -> u32 {
    2 * parents * (1 + children) + children + 15
}

/// The unit; `None` where the design has none.
///
/// # Panics
/// When a leaf does not pass its checks, which its tests exclude.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    let unit = design.units.hierarchical_softmax?;
    let lanes = design.score_lanes();
    let (parent_w, child_w) = (clog2(unit.parents_max.into()), clog2(unit.children_max.into()));
    // S lies within so many octaves above one.
    let sum_bits = parent_w.max(child_w);
    let zeros_w = clog2(u64::from(sum_bits) + 1);
    let source = "units.hierarchical_softmax";
    let mut module = Module::new(
        "hierarchical_softmax",
        None,
        &format!("weighs up to {} children of each of the largest of {} parents", unit.children_max, unit.parents_max),
        source,
    );
    module.contract = Contract {
        latency: format!("{LATENCY} cycles from the last score of a row to its last vector of codes"),
        interval: format!("one element a cycle: 2P(1 + C) + C + {} cycles for P parents of C children", cycles(0, 0)),
        numbers: "scores Q8.8 of base 2, weights Q1.15, codes at bias -8; powers round half up, codes to nearest even"
            .into(),
    };
    module.set_parameters(&[("lanes", lanes), ("parents_max", unit.parents_max), ("children_max", unit.children_max)]);
    module.interfaces = interfaces(lanes, parent_w, child_w);
    let mut a = Assembly::new(module);
    for (name, of) in [
        ("segment", leaves::exp2_segment()),
        ("power", leaves::exp2_interpolate()),
        ("log", leaves::log2_octave()),
        ("normalise", leaves::float_normalise(SIGNIFICAND_W).expect("24 bits")),
        ("round", leaves::float_round()),
    ] {
        a.place(name, &leaf::elaborate(library, &*of, source));
    }
    for (net, width) in
        [("segment", 5), ("place", 5), ("power", 16), ("log", 11), ("significand", SIGNIFICAND_W), ("code", CODE_W)]
    {
        a.net(net, width);
    }
    a.fields(("segment", "in"), &[("segment", "segment")]);
    leaf::join(&mut a, "segment", "power", "power");
    a.fields(("power", "in"), &[("place", "place")]);
    a.fields(("power", "out"), &[("power", "power")]);
    a.register("mantissa_q", 12, ["power"]);
    a.fields(("log", "in"), &[("mantissa", "mantissa_q")]);
    a.fields(("log", "out"), &[("log", "log")]);
    a.fields(("normalise", "in"), &[("sum", "significand")]);
    leaf::join(&mut a, "normalise", "round", "aligned");
    a.constants(&[("code_scale", SHIFT_W)]);
    a.fields(("round", "in"), &[("shift", "code_scale")]);
    a.fields(("round", "out"), &[("code", "code")]);

    let [row, score, code, counts] = ["row", "score", "code", "counts"].map(|name| a.own(name));
    a.combinational([score.net("ready")], [code.net("ready")]);
    let inputs = [row.read(), score.read(), code.read(), counts.read()].concat();
    let outputs = [row.driven(), code.driven(), counts.driven()].concat();
    let to_leaves = ["segment", "place", "significand"].map(String::from).to_vec();
    let from_leaves = ["power", "log", "code"].map(String::from).to_vec();
    a.registers([outputs, to_leaves].concat(), [inputs, from_leaves].concat());
    let lane_w = clog2(lanes.into());
    Some(library.add(a.finish(), |shell| {
        Body { shell, lanes, lane_w, parent_w, child_w, sum_bits, zeros_w, count_w: COUNT_W }.render()
    }))
}

/// What the unit takes and gives.
fn interfaces(lanes: u32, parent_w: u32, child_w: u32) -> Vec<Interface> {
    let bits = Payload::Bits;
    vec![
        Interface::clock(),
        Interface::sink("row", "Rows: parents, children of each, and parents that are chosen, each minus 1")
            .input("parents", parent_w, bits)
            .of("PARENT_W")
            .input("children", child_w, bits)
            .of("CHILD_W")
            .input("largest", parent_w, bits)
            .of("PARENT_W"),
        Interface::sink(
            "score",
            "Scores of the parents, then of each one's children; every row twice; last ends a pass",
        )
        .input("data", lanes * SCORE_W, bits)
        .of("LANES*SCORE_W")
        .input("last", 1, bits),
        Interface::source("code", "Weights of the children, filled with zeros; last ends a row")
            .output("data", lanes * CODE_W, Payload::Codes(Format::AF8_3))
            .of("LANES*CODE_W")
            .output("last", 1, bits),
        Interface::new("counts", Role::Status, "Since clear: vectors whose last contradicts the row's numbers")
            .plain_input("clear", 1, bits)
            .plain_output("length_error_count", COUNT_W, bits)
            .of("COUNT_W"),
    ]
}
