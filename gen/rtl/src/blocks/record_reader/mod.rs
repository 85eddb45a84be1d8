//! `record_reader`: fetches records of the mask memory at random, masks and bases for a decoder.

use crate::{
    blocks::{
        Geometry, Library,
        geometry::{COUNT_W, clog2},
        secded, stream_fifo,
    },
    emit::Shell,
    memory::mask_word_bits,
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/record_reader.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    mask_w: u32,
    word_w: u32,
    stored_w: u32,
    addr_w: u32,
    lane_w: u32,
    row_w: u32,
    latency: u32,
    depth: u32,
    room_w: u32,
    count_w: u32,
    block: bool,
    secded: bool,
}

/// The reader of the mask memory; `None` where the design has none.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    let g = Geometry::new(design);
    let masks = design.memories.weight_masks?;
    let word_w = mask_word_bits(design);
    let stored_w = word_w + masks.ecc.check_bits(word_w);
    let (addr_w, row_w, latency) = (clog2(masks.words.into()), g.value_row_w(design.memories.weight), masks.latency);
    let block = g.sparsity.is_some();
    // Words on their way, and one that is taken while room for the next is given back.
    let depth = latency + 2;
    let source = "memories.weight.masks";
    let code = secded::elaborate(library);
    let buffer = stream_fifo::elaborate(library, Some("record_word"), source, stored_w + 2, depth, Payload::Bits);

    let mut module = Module::new(
        "record_reader",
        None,
        "fetches records of masks at random, and says where their values begin",
        source,
    );
    module.contract = Contract {
        latency: format!("{} cycles from a record to its first mask", latency + 6),
        interval: "a record of m masks takes m + 1 cycles".into(),
        numbers: format!("words of {word_w} bits: a pointer, then masks with the place of their values"),
    };
    module.set_parameters(&[("n", g.n), ("words", masks.words), ("latency", latency)]);
    let mut weight =
        Interface::source("weight", "Masks; last ends a segment").output("data", g.weight_mask_w(), Payload::Mask);
    if block {
        weight = weight.output("block", 1, Payload::Bits);
    }
    let mut counts = Interface::new(
        "counts",
        Role::Status,
        "Since clear: masks out of place; words corrected, words with two errors",
    )
    .plain_input("clear", 1, Payload::Bits)
    .plain_output("misplaced_count", COUNT_W, Payload::Bits);
    if code.is_some() {
        counts = counts.plain_output("corrected_count", COUNT_W, Payload::Bits).plain_output(
            "detected_count",
            COUNT_W,
            Payload::Bits,
        );
    }
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("record", "Records: the word of the pointer, masks minus 1")
            .input("address", addr_w, Payload::Bits)
            .input("masks", g.lane_w(), Payload::Bits),
        weight.output("last", 1, Payload::Bits),
        Interface::source("base", "Where a segment's values begin, one for each segment")
            .output("row", row_w, Payload::Bits)
            .output("lane", g.lane_w(), Payload::Bits),
        Interface::new("word", Role::Memory, "Mask memory")
            .output("enable", 1, Payload::Bits)
            .output("address", addr_w, Payload::Bits)
            .input("data", stored_w, Payload::Bits),
        counts,
    ];
    module.add_nets(&[
        ("answered", 1),
        ("answer", stored_w + 2),
        ("oldest_valid", 1),
        ("oldest_ready", 1),
        ("oldest", stored_w + 2),
    ]);
    module.instances = vec![
        Instance::new("u_words", &buffer)
            .wire(&[
                ("clk_i", "clk_i"),
                ("rst_ni", "rst_ni"),
                ("in_valid_i", "answered"),
                ("in_data_i", "answer"),
                ("out_valid_o", "oldest_valid"),
                ("out_ready_i", "oldest_ready"),
                ("out_data_o", "oldest"),
            ])
            .open(&[("in_ready_o", 1)]),
    ];
    if let Some(code) = &code {
        module.add_nets(&[("stored", stored_w), ("word", word_w), ("corrected", 1), ("detected", 1)]);
        module.instances.push(Instance::new("u_secded", code).wire(&[
            ("word_i", "stored"),
            ("data_o", "word"),
            ("corrected_o", "corrected"),
            ("detected_o", "detected"),
        ]));
        module.combinational(&["stored"], &["oldest"]);
        module.registers(
            &["corrected_count_o", "detected_count_o"],
            &["clk_i", "rst_ni", "clear_i", "corrected", "detected"],
        );
    }
    module.registers(
        &["word_enable_o", "word_address_o", "answered", "misplaced_count_o"],
        &[
            "clk_i",
            "rst_ni",
            "record_valid_i",
            "record_address_i",
            "record_masks_i",
            "word_data_i",
            "oldest_valid",
            "oldest_ready",
            "clear_i",
        ],
    );
    module.combinational(&["answer"], &["word_data_i"]);
    let word: &[&str] = if code.is_some() { &["word"] } else { &["oldest"] };
    let taken: Vec<&str> = [&["clk_i", "rst_ni", "base_ready_i", "weight_ready_i", "oldest"], word].concat();
    let mut given = vec!["record_ready_o", "weight_valid_o", "weight_data_o", "weight_last_o"];
    given.extend(["base_valid_o", "base_row_o", "base_lane_o"]);
    if block {
        given.push("weight_block_o");
    }
    module.registers(&given, &taken);
    module.combinational(&["oldest_ready"], &["weight_ready_i", "base_ready_i"]);
    Some(library.add(module, |shell| {
        Body {
            shell,
            n: g.n,
            mask_w: g.weight_mask_w(),
            word_w,
            stored_w,
            addr_w,
            lane_w: g.lane_w(),
            row_w,
            latency,
            depth,
            room_w: clog2(u64::from(depth) + 1),
            count_w: COUNT_W,
            block,
            secded: code.is_some(),
        }
        .render()
    }))
}
