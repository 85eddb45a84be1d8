//! `secded`: words that correct one error and detect two.

use crate::{
    blocks::Library,
    design::Ecc,
    emit::Shell,
    memory::mask_word_bits,
    netlist::{Contract, Direction, Interface, Module, Payload, Role},
};
use alberti_arith::secded::{check_bits, columns};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/secded.v")]
struct Body<'a> {
    shell: &'a Shell,
    check_w: u32,
    columns: Vec<u32>,
    masks: Vec<String>,
}

/// The decoder of the mask memory's words; `None` where they are not guarded.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let masks = library.design().memories.weight_masks.filter(|masks| masks.ecc == Ecc::Secded)?;
    let data_w = mask_word_bits(library.design());
    let word_w = data_w + masks.ecc.check_bits(data_w);
    let mut module = Module::new(
        "secded",
        None,
        &format!("corrects one error in a word of {data_w} bits of data, and detects two"),
        "memories.weight.masks.ecc",
    );
    module.contract = Contract {
        latency: "combinational".into(),
        interval: String::new(),
        numbers: format!("{data_w} bits of data, {} check bits, one parity bit", word_w - data_w - 1),
    };
    module.set_parameters(&[("data_w", data_w)]);
    module.interfaces = vec![
        Interface::new("word", Role::Input, "Word as it was stored")
            .plain_input("word", word_w, Payload::Bits)
            .of("DATA_W+CHECK_W+1"),
        Interface::new("data", Role::Output, "Data; whether an error was corrected, whether one could not be")
            .plain_output("data", data_w, Payload::Bits)
            .of("DATA_W")
            .port("corrected", Direction::Output, 1, Payload::Bits)
            .port("detected", Direction::Output, 1, Payload::Bits),
    ];
    module.combinational(&["data_o", "corrected_o", "detected_o"], &["word_i"]);
    let columns = columns(data_w);
    let check_w = check_bits(data_w);
    let mask = |check: u32| {
        let bits: String =
            columns.iter().rev().map(|column| if column >> check & 1 == 1 { '1' } else { '0' }).collect();
        format!("{data_w}'b{bits}")
    };
    let masks = (0..check_w).map(mask).collect();
    Some(library.add(module, |shell| Body { shell, check_w, columns, masks }.render()))
}
