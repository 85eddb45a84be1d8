//! `block_select`: from the masks of block-sparse weights to the place that each multiplier takes its
//! activation from.

use crate::{
    blocks::{Geometry, Library},
    design::BlockSparsity,
    emit::Shell,
    netlist::{Contract, Direction, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/block_select.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    sparsity: BlockSparsity,
    select_w: u32,
}

/// The selector of one lane's row of a weight tile. `None` in a design whose weights are not block-sparse.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let g = Geometry::new(library.design());
    let sparsity = g.sparsity?;
    let BlockSparsity { nonzeros, block } = sparsity;
    let mut module = Module::new(
        "block_select",
        None,
        &format!("turns the {block}-bit masks of {nonzeros}:{block} weights into one choice a multiplier"),
        "datapath.sparsity",
    );
    module.contract = Contract {
        latency: "combinational".into(),
        interval: String::new(),
        numbers: format!(
            "multiplier k of a block takes the k-th set bit of its mask: select = position - k, all ones for none; \
             set bits beyond {nonzeros} are ignored, and a mask with another number of them than {nonzeros} raises its error bit"
        ),
    };
    module.set_parameters(&[("n", g.n), ("nonzeros", nonzeros), ("block", block), ("select_w", g.select_w())]);
    let blocks = g.n / nonzeros;
    module.interfaces = vec![
        Interface::new("mask", Role::Input, "Masks, the block of the lowest inputs lowest")
            .plain_input("mask", g.weight_mask_w(), Payload::Mask)
            .of("BLOCKS*BLOCK"),
        Interface::new("select", Role::Output, "One choice a multiplier; one error a block")
            .port("select", Direction::Output, g.n * g.select_w(), Payload::Bits)
            .of("BLOCKS*NONZEROS*SELECT_W")
            .port("error", Direction::Output, blocks, Payload::Bits)
            .of("BLOCKS"),
    ];
    module.combinational(&["select_o", "error_o"], &["mask_i"]);
    Some(library.add(module, |shell| Body { shell, n: g.n, sparsity, select_w: g.select_w() }.render()))
}
