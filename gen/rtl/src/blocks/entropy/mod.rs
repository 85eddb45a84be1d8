//! `entropy`: the entropy of a classifier's logits against a threshold.

use crate::{
    blocks::{
        Assembly, Geometry, Library,
        geometry::{COUNT_W, clog2},
        leaf,
    },
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

/// Bits of a logit, Q6.10.
const LOGIT_W: u32 = 16;

/// Bits of a threshold, Q.10.
const THRESHOLD_W: u32 = 16;

#[derive(Template)]
#[template(path = "rtl/entropy.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    lane_w: u32,
    class_w: u32,
    zeros_w: u32,
    timer_w: u32,
    count_w: u32,
}

/// Cycles from a row of so many classes to its decision, in a unit for at most `classes_max`.
#[must_use]
pub fn latency(classes: u32, classes_max: u32) -> u32 {
    classes + classes_max.next_power_of_two() + 27
}

/// The early exit unit; `None` where the design has none.
///
/// # Panics
/// When a leaf does not pass its checks, which its tests exclude.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let unit = library.design().units.entropy?;
    let g = Geometry::new(library.design());
    let class_w = clog2(unit.classes_max.into());
    // S lies within class_w octaves above one.
    let zeros_w = clog2(u64::from(class_w) + 1);
    let (sum_w, weighted_w, log_w) = (16 + class_w, 25 + class_w, 10 + zeros_w);
    let source = "units.entropy";
    let mut module = Module::new(
        "entropy",
        None,
        &format!("decides whether the entropy of up to {} logits is below a threshold", unit.classes_max),
        source,
    );
    module.contract = Contract {
        latency: format!("C + {} cycles from a row of C classes to its decision", latency(0, unit.classes_max)),
        interval: "one logit a cycle; a row when the decision before it is taken".into(),
        numbers:
            "logits Q6.10, threshold and log Q.10 of base 2, sum Q.15, weighted Q.25; scores and powers round half \
                  up, sums and the comparison are exact"
                .into(),
    };
    module.set_parameters(&[("n", g.n), ("classes_max", unit.classes_max), ("sum_w", sum_w)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("row", "Rows: classes minus 1, and the entropy below which to exit")
            .input("classes", class_w, Payload::Bits)
            .of("CLASS_W")
            .input("threshold", THRESHOLD_W, Payload::Bits),
        Interface::sink("logit", "Logits of a row; last ends it")
            .input("data", g.n * LOGIT_W, Payload::Bits)
            .of(format!("{}*LOGIT_W", g.n))
            .input("last", 1, Payload::Bits),
        Interface::source("decision", "Whether to exit, and the entropy: log + weighted / sum")
            .output("exit", 1, Payload::Bits)
            .output("sum", sum_w, Payload::Bits)
            .of("SUM_W")
            .output("weighted", weighted_w, Payload::Bits)
            .of("WEIGHTED_W")
            .output("log", log_w, Payload::Bits)
            .of("LOG_W"),
        Interface::new("counts", Role::Status, "Since clear: vectors whose last contradicts the row's classes")
            .plain_input("clear", 1, Payload::Bits)
            .plain_output("length_error_count", COUNT_W, Payload::Bits)
            .of("COUNT_W"),
    ];
    let mut assembly = Assembly::new(module);
    assembly.place("segment", &leaf::elaborate(library, &*leaves::exp2_segment(), source));
    assembly.place("power", &leaf::elaborate(library, &*leaves::exp2_interpolate(), source));
    assembly.place("log", &leaf::elaborate(library, &*leaves::log2_octave(), source));
    for (net, width) in [("segment", 5), ("place", 5), ("power", 16), ("log", 11)] {
        assembly.net(net, width);
    }
    assembly.fields(("segment", "in"), &[("segment", "segment")]);
    leaf::join(&mut assembly, "segment", "power", "power");
    assembly.fields(("power", "in"), &[("place", "place")]);
    assembly.fields(("power", "out"), &[("power", "power")]);
    assembly.register("mantissa_q", 12, ["power"]);
    assembly.fields(("log", "in"), &[("mantissa", "mantissa_q")]);
    assembly.fields(("log", "out"), &[("log", "log")]);
    let [row, logit, decision, counts] = ["row", "logit", "decision", "counts"].map(|name| assembly.own(name));
    let leaves = [["segment", "place"], ["power", "log"]].map(|nets| nets.map(String::from).to_vec());
    let [to_leaves, from_leaves] = leaves;
    assembly.registers(
        [row.driven(), logit.driven(), decision.driven(), counts.driven(), to_leaves].concat(),
        [row.read(), logit.read(), decision.read(), counts.read(), from_leaves].concat(),
    );
    let (n, lane_w, timer_w) = (g.n, g.lane_w(), (class_w + 1).max(5));
    Some(library.add(assembly.finish(), |shell| {
        Body { shell, n, lane_w, class_w, zeros_w, timer_w, count_w: COUNT_W }.render()
    }))
}
