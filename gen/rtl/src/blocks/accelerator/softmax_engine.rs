//! `softmax_engine`: rows of scores of the wide memory to probabilities in the activation memory, or to the
//! weights of a sparse hierarchical memory.

use super::{
    CODE_W,
    address_generator::begin,
    pieces,
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, operations, reads, writes},
    reader, writer,
};
use crate::{
    blocks::{Assembly, Library, geometry::clog2, hierarchical_softmax, softmax},
    design::HierarchicalSoftmaxUnit,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::sync::Arc;

/// Bits of a mask.
const MASK_W: u32 = 8;

#[derive(Template)]
#[template(path = "rtl/softmax_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    lanes: u32,
    lane_w: u32,
    row_w: u32,
    count_w: u32,
    addr_w: u32,
    mask_w: u32,
    length_w: u32,
    last_piece: String,
    hierarchy: Option<Hierarchy>,
    /// Nets that it has then.
    shared: &'static str,
}

/// What the template has beside softmax where there is a hierarchical one.
struct Hierarchy {
    /// Bits that number parents and children.
    parent_w: u32,
    child_w: u32,
    /// Bits that count them.
    parents_w: u32,
    children_w: u32,
    /// Pieces of a row of a memory.
    pieces: u32,
}

impl Hierarchy {
    fn of(unit: HierarchicalSoftmaxUnit, pieces: u32) -> Self {
        let (parents, children) = (u64::from(unit.parents_max), u64::from(unit.children_max));
        Self {
            parent_w: clog2(parents),
            child_w: clog2(children),
            parents_w: clog2(parents + 1),
            children_w: clog2(children + 1),
            pieces,
        }
    }
}

/// Nets between reader, writer and two units.
const SHARED: &str = "passes again piece score code result tree_row tree_score tree_code";

/// Where scores come from and where results go to, as whichever instruction begins says.
const PLACES: [(&str, u32); 9] = [
    ("rows", COUNT_W),
    ("source_base", ADDRESS_W),
    ("source_tiles", COUNT_W),
    ("source_tile", ADDRESS_W),
    ("source_row", ADDRESS_W),
    ("result_base", ADDRESS_W),
    ("result_tiles", COUNT_W),
    ("result_tile", ADDRESS_W),
    ("result_row", ADDRESS_W),
];

/// The engine; `None` where the design has no accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let (n, lanes) = (design.datapath.n, design.units.softmax?.lanes);
    let (count, bits, codes) = (n / lanes, Payload::Bits, Payload::Codes(Format::AF8_3));
    let unit = softmax::elaborate(library)?;
    let hierarchy = design.units.hierarchical_softmax.map(|unit| Hierarchy::of(unit, count));
    let hierarchical = hierarchical_softmax::elaborate(library);
    let design = library.design();
    let levels = if hierarchy.is_some() { 3 } else { 2 };
    let reader = reader::elaborate(library, "softmax", levels, n * NUMBER_W, bits);
    let split = pieces::split(library, "softmax", count, lanes * NUMBER_W, bits);
    let writer = writer::elaborate(library, "softmax", 2, count, lanes * CODE_W, codes);
    let length_w = unit.port("row_length_i")?.width;

    let mut module =
        Module::new("softmax_engine", None, "makes rows of scores attention probabilities", "units.softmax");
    module.contract = Contract {
        latency: format!("{} cycles more than the unit takes", super::overhead(library.design())),
        interval: "one instruction at a time".into(),
        numbers: unit.contract.numbers.clone(),
    };
    module.set_parameters(&[("n", n), ("lanes", lanes)]);
    module.interfaces = vec![Interface::clock(), operations(design, "softmax")];
    module.interfaces.extend(hierarchy.is_some().then(|| operations(design, "hierarchical_softmax")));
    module.interfaces.extend([
        reads("wide_read", "Scores: wide memory", n * NUMBER_W, bits),
        writes("code_write", "Probabilities: activation memory", n * CODE_W, codes),
        Interface::new("done", Role::Status, "The last row of an instruction leaves").plain_output("done", 1, bits),
    ]);
    let mut a = Assembly::new(module);
    a.place("tiles", &reader);
    let [tiles, rows] = [("source_tiles", "source_tile"), ("rows", "source_row")];
    let walk = if hierarchy.is_some() { vec![tiles, ("passes", "again"), rows] } else { vec![tiles, rows] };
    begin(&mut a, "tiles", "start", "source_base", &walk);
    a.attach(("tiles", "memory"), "wide_read");
    a.open("tiles", "row_last_o");
    a.place("scores", &split);
    a.wire("scores", "tail_i", "tail");
    a.join_as(("tiles", "row"), ("scores", "row"), "tile");
    a.place("softmax", &unit);
    let row = a.bundle(("softmax", "row"), "row");
    let mask = a.bundle(("softmax", "mask"), "mask");
    a.wire("softmax", "clear_i", "clear");
    a.open("softmax", "length_error_count_o");
    a.place("results", &writer);
    begin(&mut a, "results", "start", "result_base", &[("result_tiles", "result_tile"), ("rows", "result_row")]);
    a.wire("results", "command_keep_i", "keep");
    a.attach(("results", "memory"), "code_write");
    a.attach(("results", "done"), "done");

    let operation = a.own("softmax");
    a.registers(["softmax_ready_o"], ["done_o"]);
    a.constants(&[("keep", 1), ("clear", 1)]);
    let fields = operation.read();
    let fields = match hierarchical {
        None => {
            a.join_as(("scores", "piece"), ("softmax", "score"), "score");
            a.join_as(("softmax", "code"), ("results", "piece"), "code");
            a.constants(&[("tail", pieces::piece_w(count))]);
            fields
        }
        Some(unit) => [fields, beside(&mut a, &unit, count)].concat(),
    };
    a.derived("start", 1, fields.clone());
    for (place, width) in PLACES {
        a.derived(place, width, fields.clone());
    }
    a.registers(row.driven(), [vec!["start".into(), "row_ready".into()], fields.clone()].concat());
    a.registers(mask.driven(), [vec!["start".into()], mask.read(), fields].concat());
    let module = a.finish();
    let piece_w = pieces::piece_w(count);
    Some(library.add(module, |shell| {
        Body {
            shell,
            lanes,
            lane_w: clog2(lanes.into()),
            row_w: clog2(n.into()),
            count_w: COUNT_W,
            addr_w: ADDRESS_W,
            mask_w: MASK_W,
            length_w,
            last_piece: format!("{piece_w}'d{}", count - 1),
            shared: if hierarchy.is_some() { SHARED } else { "" },
            hierarchy,
        }
        .render()
    }))
}

/// The hierarchical softmax beside the other, between the same reader and writer; what its instruction says.
fn beside(a: &mut Assembly, unit: &Arc<Module>, count: u32) -> Vec<String> {
    a.place("hierarchical", unit);
    a.wire("hierarchical", "clear_i", "clear");
    a.open("hierarchical", "length_error_count_o");
    let (piece, result) = (a.bundle(("scores", "piece"), "piece"), a.bundle(("results", "piece"), "result"));
    let [score, code] = ["score", "code"].map(|field| a.bundle(("softmax", field), field));
    let row = a.bundle(("hierarchical", "row"), "tree_row");
    let [tree_score, tree_code] =
        ["score", "code"].map(|field| a.bundle(("hierarchical", field), &format!("tree_{field}")));
    let fields = a.own("hierarchical_softmax").read();
    for taker in [&score, &tree_score] {
        a.combinational(taker.nets(["valid"]), piece.nets(["valid"]));
        a.combinational(taker.nets(["data", "last"]), piece.nets(["data", "last"]));
    }
    a.combinational([piece.net("ready")], [score.net("ready"), tree_score.net("ready")]);
    for field in ["valid", "data", "last"] {
        a.combinational([result.net(field)], [code.net(field), tree_code.net(field)]);
    }
    for giver in [&code, &tree_code] {
        a.combinational([giver.net("ready")], [result.net("ready")]);
    }
    a.registers(["hierarchical_softmax_ready_o"], ["done_o"]);
    a.derived("passes", COUNT_W, fields.clone());
    a.constants(&[("again", ADDRESS_W)]);
    a.net("tail", pieces::piece_w(count));
    a.registers(["tail"], fields.clone());
    a.registers(row.driven(), [vec!["start".into()], row.read(), fields.clone()].concat());
    fields
}
