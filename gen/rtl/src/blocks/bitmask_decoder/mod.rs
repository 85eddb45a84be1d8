//! `bitmask_decoder`: expands packed values by their masks into vectors, one a cycle at any density.

use crate::{
    blocks::{Assembly, Geometry, Library, geometry::clog2, stream_fifo},
    design::ValueMemory,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/bitmask_decoder.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    op_w: u32,
    row_w: u32,
    lane_w: u32,
    latency: u32,
    room_w: u32,
    depth: u32,
    forgets: bool,
}

/// Vectors between the masks and the output buffer: the buffer must hold them all to keep the full rate.
#[must_use]
pub fn depth(latency: u32) -> u32 {
    latency + 4
}

/// The decoder that reads from one of the design's value memories.
pub fn elaborate(library: &mut Library, label: &str, source: &str, memory: ValueMemory) -> Arc<Module> {
    build(library, label, source, memory, false)
}

/// The decoder of records in an accelerator, whose memory may be written between two of them: it can be told
/// to forget.
pub fn of_records(library: &mut Library) -> Arc<Module> {
    let memory = library.design().memories.weight;
    build(library, "record", "memories.weight", memory, true)
}

fn build(library: &mut Library, label: &str, source: &str, memory: ValueMemory, forgets: bool) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let (row_w, latency) = (g.value_row_w(memory), memory.latency);
    let depth = depth(latency);
    let buffer = stream_fifo::elaborate(
        library,
        Some(&format!("{label}_vector")),
        source,
        g.vector_w() + 1,
        depth,
        Payload::Codes(g.operand),
    );

    let mut module = Module::new(
        "bitmask_decoder",
        Some(label),
        &format!(
            "expands bitmask-compressed values into vectors of {}: where the mask has a one the next packed value, else zero",
            g.n
        ),
        source,
    );
    module.contract = Contract {
        latency: format!("{} cycles from a mask to its vector", latency + 3),
        interval: "one vector a cycle at any density; a segment may take one more where it begins inside a row".into(),
        numbers: format!("codes pass unchanged ({})", g.operand),
    };
    module.set_parameters(&[("n", g.n), ("row_w", row_w), ("latency", latency)]);
    let codes = Payload::Codes(g.operand);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("base", "Where a segment's values begin, one for each segment")
            .input("row", row_w, Payload::Bits)
            .of("ROW_W")
            .input("lane", g.lane_w(), Payload::Bits)
            .of("LANE_W"),
        Interface::sink("mask", "Masks; last ends a segment").input("data", g.n, Payload::Mask).of("N").input(
            "last",
            1,
            Payload::Bits,
        ),
        Interface::source("vector", "Vectors, one for each mask")
            .output("data", g.vector_w(), codes)
            .of("N*OP_W")
            .output("last", 1, Payload::Bits),
        Interface::new("value", Role::Memory, "Rows of n values: value v lies in lane v mod n of row v div n")
            .output("enable", 1, Payload::Bits)
            .output("address", row_w, Payload::Bits)
            .of("ROW_W")
            .input("data", g.vector_w(), codes)
            .of("N*OP_W"),
    ];
    if forgets {
        module.interfaces.push(
            Interface::new("forget", Role::Input, "The row that is kept, begun and not used up, is to be read anew")
                .plain_input("forget", 1, Payload::Bits),
        );
    }
    let mut unit = Assembly::new(module);
    unit.place("buffer", &buffer);
    unit.open("buffer", "in_ready_o");
    let expanded = unit.bundle(("buffer", "in"), "expanded");
    unit.net("oldest", g.vector_w() + 1);
    unit.fields(("buffer", "out"), &[("data", "oldest")]);
    unit.attach(("buffer", "out"), "vector");

    let [base, mask, vector, value] = ["base", "mask", "vector", "value"].map(|name| unit.own(name));
    unit.registers(
        [value.driven(), expanded.driven()].concat(),
        [base.read(), mask.read(), value.read(), vector.nets(["valid", "ready"])].concat(),
    );
    unit.combinational(mask.driven(), base.read());
    unit.combinational(base.driven(), [base.nets(["row", "lane"]), vec![mask.net("valid")]].concat());
    unit.combinational(vector.nets(["data", "last"]), ["oldest"]);
    if forgets {
        unit.state(["forget_i"]);
    }
    library.add(unit.finish(), |shell| {
        Body {
            shell,
            n: g.n,
            op_w: g.op_w(),
            row_w,
            lane_w: g.lane_w(),
            latency,
            room_w: clog2(u64::from(depth) + 1),
            depth,
            forgets,
        }
        .render()
    })
}
