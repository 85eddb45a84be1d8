//! `sram`: one read port, one write port, the behavioural model that a technology's macro replaces.

use crate::{
    blocks::{Library, geometry::clog2},
    emit::Shell,
    netlist::{Contract, Direction, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/sram.v")]
struct Body<'a> {
    shell: &'a Shell,
    words: u32,
    width: u32,
}

/// A memory of `words` words, `width` bits each, that carry `payload`.
pub fn elaborate(
    library: &mut Library,
    label: Option<&str>,
    source: &str,
    words: u32,
    width: u32,
    payload: Payload,
) -> Arc<Module> {
    let mut module = Module::new("sram", label, &format!("a memory of {words} words of {width} bits"), source);
    module.contract = Contract {
        latency: "read data one cycle after the enable, then held".into(),
        interval: "one read and one write a cycle; a read of the word being written returns the old one".into(),
        numbers: String::new(),
    };
    module.set_parameters(&[("words", words), ("width", width)]);
    let address_w = clog2(words.into());
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("read", Role::Memory, "Read port")
            .input("enable", 1, Payload::Bits)
            .input("address", address_w, Payload::Bits)
            .port("read_data", Direction::Output, width, payload),
        Interface::new("write", Role::Memory, "Write port")
            .input("enable", 1, Payload::Bits)
            .input("address", address_w, Payload::Bits)
            .input("data", width, payload),
    ];
    module.registers(
        &["read_data_o"],
        &["clk_i", "read_enable_i", "read_address_i", "write_enable_i", "write_address_i", "write_data_i"],
    );
    library.add(module, |shell| Body { shell, words, width }.render())
}
