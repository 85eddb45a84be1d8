//! `mask_counter`: masks of a stream and their set bits, counted.

use crate::{
    blocks::{
        Geometry, Library,
        geometry::{COUNT_W, clog2},
    },
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/mask_counter.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    ones_w: u32,
    count_w: u32,
}

/// The counter of a top that places one; `None` in any other design.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let composition = library.design().top.as_ref()?;
    composition.instances.iter().find(|instance| instance.block == "mask_counter")?;
    let n = Geometry::new(library.design()).n;
    let mut module =
        Module::new("mask_counter", None, &format!("counts masks of {n} bits and their set bits"), "instances");
    module.contract = Contract {
        latency: "1 cycle from a mask to its output, 2 to the counts".into(),
        interval: "one mask a cycle".into(),
        numbers: format!("masks pass unchanged; counts have {COUNT_W} bits and wrap"),
    };
    module.set_parameters(&[("n", n)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("in", "Masks").input("data", n, Payload::Mask).input("last", 1, Payload::Bits),
        Interface::source("out", "The same masks").output("data", n, Payload::Mask).output("last", 1, Payload::Bits),
        Interface::new("counts", Role::Status, "Since clear: masks, set bits")
            .plain_input("clear", 1, Payload::Bits)
            .plain_output("mask_count", COUNT_W, Payload::Bits)
            .plain_output("ones_count", COUNT_W, Payload::Bits),
    ];
    module.registers(
        &["in_ready_o", "out_valid_o", "out_data_o", "out_last_o", "mask_count_o", "ones_count_o"],
        &["clk_i", "rst_ni", "in_valid_i", "in_data_i", "in_last_i", "out_ready_i", "clear_i"],
    );
    let ones_w = clog2(u64::from(n) + 1);
    Some(library.add(module, |shell| Body { shell, n, ones_w, count_w: COUNT_W }.render()))
}
