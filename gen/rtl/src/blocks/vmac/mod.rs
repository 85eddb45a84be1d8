//! `vmac`: one vector MAC, the dot product of n weights and n activations added to a running sum.

use crate::{
    blocks::{Geometry, Library, geometry::clog2},
    design::BlockSparsity,
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use alberti_arith::Format;
use askama::Template;
use std::{cmp::Ordering, sync::Arc};

#[derive(Template)]
#[template(path = "rtl/vmac.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    op_w: u32,
    operand_w: u32,
    acc_w: u32,
    part_w: u32,
    dot_w: u32,
    sum_w: u32,
    offset: String,
    pipeline: u32,
    zero_skip: bool,
    adaptiv_float: bool,
    sparsity: Option<BlockSparsity>,
    select_w: u32,
    columns: bool,
    levels: Vec<Level>,
    /// Whether bits of the sum's word go unused.
    wide: bool,
    part: &'static str,
    /// Bits of the sum that its register keeps.
    kept: &'static str,
    dot_extended: String,
}

/// A step of the choice among a block's places: by one bit of the select to `width` places.
struct Level {
    width: u32,
    bit: u32,
    from: String,
}

/// The steps that choose among all places but the last, which the select's top bit names.
fn levels(sparsity: BlockSparsity) -> Vec<Level> {
    let mut from = "places".to_owned();
    let bits = (sparsity.block - sparsity.nonzeros).ilog2();
    (0..bits)
        .rev()
        .map(|bit| {
            let width = 1 << bit;
            Level { width, bit, from: std::mem::replace(&mut from, format!("of_{width}")) }
        })
        .collect()
}

/// Bits of a term of the sum: unsigned, since each carries an offset.
fn term_w(g: &Geometry) -> u32 {
    match g.operand {
        Format::AdaptivFloat(_) => 25,
        Format::Fixed(_) => 2 * g.op_w(),
    }
}

/// Bits of a product between the two halves of its lane: a word of the simulator's, or an exact product.
/// Where no register stands between them, the product has the width of the sum, so that its rows become rows
/// of the sum.
fn part_w(g: &Geometry) -> u32 {
    match g.operand {
        Format::AdaptivFloat(_) => 32,
        Format::Fixed(_) if g.pipeline == 1 => dot_w(g),
        Format::Fixed(_) => 2 * g.op_w(),
    }
}

/// Bits of the sum of all terms, and of a carry with each.
fn sum_w(g: &Geometry) -> u32 {
    term_w(g) + clog2(u64::from(g.n) + 1)
}

/// Width of the sum in the Verilog: a word of the simulator's that holds it.
fn dot_w(g: &Geometry) -> u32 {
    sum_w(g).next_power_of_two().max(32)
}

/// What the terms' offsets come to, at the accumulator's width.
fn offset(g: &Geometry) -> String {
    match g.operand {
        Format::AdaptivFloat(_) => "N << 24".to_owned(),
        Format::Fixed(_) => {
            let each = (1_u128 << (2 * g.op_w() - 1)) - (1 << g.op_w());
            let all = (each * u128::from(g.n)) % (1 << g.acc_w);
            format!("{}'d{all}", g.acc_w)
        }
    }
}

/// Whether a register stands between the sum of all terms and the accumulator's adder.
fn sum_registered(g: &Geometry) -> bool {
    g.pipeline == 3
}

/// Bits of the sum that reach the accumulator.
fn kept(g: &Geometry) -> (&'static str, u32) {
    if g.acc_w < sum_w(g) { ("ACC_W", g.acc_w) } else { ("SUM_W", sum_w(g)) }
}

/// The sum of all terms at the accumulator's width.
fn dot_extended(g: &Geometry) -> String {
    let (name, (symbol, width)) = if sum_registered(g) { ("dot_q", kept(g)) } else { ("dot", ("DOT_W", dot_w(g))) };
    match g.acc_w.cmp(&width) {
        Ordering::Greater => format!("{{{{(ACC_W-{symbol}){{1'b0}}}}, {name}}}"),
        Ordering::Equal => name.to_owned(),
        Ordering::Less => format!("{name}[ACC_W-1:0]"),
    }
}

/// Width of one activation as the lanes take it: decoded (sign, exponent, significand) in a dense
/// AdaptivFloat array, where the lanes share the decoding; the code itself where each lane first chooses, or
/// decodes nothing.
#[must_use]
pub fn activation_w(g: &Geometry) -> u32 {
    match g.operand {
        Format::AdaptivFloat(f) if g.sparsity.is_none() => f.bits() + 1,
        _ => g.op_w(),
    }
}

/// One lane of the array.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let operand_w = activation_w(&g);
    let codes = Payload::Codes(g.operand);
    let mut module = Module::new(
        "vmac",
        None,
        &format!("the dot product of {0} weights and {0} activations, added to a running sum", g.n),
        "datapath",
    );
    module.contract = Contract {
        latency: format!("activations in cycle t, addend in t + {}, sum in t + {}", g.pipeline - 1, g.pipeline),
        interval: "1 cycle".into(),
        numbers: format!("products of {} exact, sums wrap at {} bits", g.operand, g.acc_w),
    };
    module.set_parameters(&[("n", g.n), ("acc_w", g.acc_w), ("pipeline", g.pipeline)]);
    let mut load = Interface::new("load", Role::Input, "Weights of the next tile; swap makes them those that multiply")
        .plain_input("load", 1, Payload::Bits)
        .input("weight", g.vector_w(), codes)
        .of("N*OP_W");
    if g.sparsity.is_some() {
        load = load.input("select", g.n * g.select_w(), Payload::Bits).of("N*SELECT_W");
    }
    if g.accelerator {
        load.summary =
            "Weights of the next tile, all of the lane's or one place's; swap makes them those that multiply".into();
        load = load.input("place", g.n, Payload::Bits).of("N").input("code", g.op_w(), codes).of("OP_W");
    }
    let activation = Interface::new("activation", Role::Input, "Activations")
        .plain_input("activation", g.n * g.slots() * operand_w, codes)
        .of(if g.sparsity.is_some() { "N*BLOCK/NONZEROS*OP_W" } else { "N*OPERAND_W" });
    let mut addend = Interface::new("addend", Role::Input, "What is added to");
    if g.zero_skip {
        addend = addend.plain_input("skip", 1, Payload::Bits);
        addend.summary = "What is added to; skip passes it on alone".into();
    }
    module.interfaces = vec![
        Interface::clock_only(),
        load.plain_input("swap", 1, Payload::Bits),
        activation,
        addend.plain_input("addend", g.acc_w, Payload::Sums).of("ACC_W"),
        Interface::new("sum", Role::Output, "Addend and dot product")
            .plain_output("sum", g.acc_w, Payload::Sums)
            .of("ACC_W"),
    ];
    let inputs: Vec<_> = module.names(crate::netlist::Direction::Input).map(str::to_owned).collect();
    module.registers(&["sum_o"], &inputs.iter().map(String::as_str).collect::<Vec<_>>());
    library.add(module, |shell| {
        Body {
            shell,
            n: g.n,
            op_w: g.op_w(),
            operand_w,
            acc_w: g.acc_w,
            part_w: part_w(&g),
            part: if g.pipeline == 1 { "part" } else { "part_q" },
            dot_w: dot_w(&g),
            sum_w: sum_w(&g),
            offset: offset(&g),
            pipeline: g.pipeline,
            zero_skip: g.zero_skip,
            adaptiv_float: matches!(g.operand, Format::AdaptivFloat(_)),
            sparsity: g.sparsity,
            select_w: g.select_w(),
            columns: g.accelerator,
            levels: g.sparsity.map(levels).unwrap_or_default(),
            wide: sum_registered(&g) || g.acc_w < dot_w(&g),
            kept: kept(&g).0,
            dot_extended: dot_extended(&g),
        }
        .render()
    })
}
