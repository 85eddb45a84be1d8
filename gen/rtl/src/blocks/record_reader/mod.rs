//! `record_reader`: fetches records of the mask memory at random, masks and bases for a decoder.

use crate::{
    blocks::{
        Assembly, Geometry, Library,
        geometry::{COUNT_W, clog2},
        secded, stream_fifo,
    },
    emit::Shell,
    memory::mask_word_bits,
    netlist::{Contract, Interface, Module, Payload, Role},
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
    let mut weight = Interface::source("weight", "Masks; last ends a segment")
        .output("data", g.weight_mask_w(), Payload::Mask)
        .of("MASK_W");
    if block {
        weight = weight.output("block", 1, Payload::Bits);
    }
    let mut counts = Interface::new(
        "counts",
        Role::Status,
        "Since clear: masks out of place; words corrected, words with two errors",
    )
    .plain_input("clear", 1, Payload::Bits)
    .plain_output("misplaced_count", COUNT_W, Payload::Bits)
    .of("COUNT_W");
    if code.is_some() {
        counts = counts
            .plain_output("corrected_count", COUNT_W, Payload::Bits)
            .of("COUNT_W")
            .plain_output("detected_count", COUNT_W, Payload::Bits)
            .of("COUNT_W");
    }
    module.interfaces = vec![
        Interface::clock(),
        Interface::sink("record", "Records: the word of the pointer, masks minus 1")
            .input("address", addr_w, Payload::Bits)
            .of("ADDR_W")
            .input("masks", g.lane_w(), Payload::Bits)
            .of("LANE_W"),
        weight.output("last", 1, Payload::Bits),
        Interface::source("base", "Where a segment's values begin, one for each segment")
            .output("row", row_w, Payload::Bits)
            .of("ROW_W")
            .output("lane", g.lane_w(), Payload::Bits)
            .of("LANE_W"),
        Interface::new("word", Role::Memory, "Mask memory")
            .output("enable", 1, Payload::Bits)
            .output("address", addr_w, Payload::Bits)
            .of("ADDR_W")
            .input("data", stored_w, Payload::Bits)
            .of("STORED_W"),
        counts,
    ];
    let mut assembly = Assembly::new(module);
    assembly.place("words", &buffer);
    if let Some(code) = &code {
        assembly.place("secded", code);
    }
    let stored = words(&mut assembly);
    let word = if code.is_some() { corrected(&mut assembly, &stored, [stored_w, word_w]) } else { stored };
    let [base, weight] = ["base", "weight"].map(|name| assembly.own(name));
    let record_ready = assembly.own("record").driven();
    assembly.registers(
        [record_ready, weight.driven(), base.driven()].concat(),
        [base.read(), weight.read(), vec!["oldest_data".into(), word]].concat(),
    );
    Some(library.add(assembly.finish(), |shell| {
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

/// Words that are read, through their buffer; the net that has the oldest.
fn words(assembly: &mut Assembly) -> String {
    assembly.open("words", "in_ready_o");
    let (answer, oldest) = (assembly.bundle(("words", "in"), "answer"), assembly.bundle(("words", "out"), "oldest"));
    let [record, word] = ["record", "word"].map(|name| assembly.own(name));
    let reads = [record.read(), word.read(), oldest.nets(["valid", "ready"]), vec!["clear_i".into()]];
    assembly.registers([word.driven(), vec![answer.net("valid"), "misplaced_count_o".into()]].concat(), reads.concat());
    assembly.combinational([answer.net("data")], word.read());
    assembly.combinational([oldest.net("ready")], ["weight_ready_i", "base_ready_i"]);
    oldest.net("data")
}

/// A word, its error corrected; the net that has it.
fn corrected(assembly: &mut Assembly, oldest: &str, [stored_w, word_w]: [u32; 2]) -> String {
    assembly.derived("stored", stored_w, [oldest]);
    assembly.fields(("secded", "word"), &[("word", "stored")]);
    for (net, width) in [("word", word_w), ("corrected", 1), ("detected", 1)] {
        assembly.net(net, width);
    }
    let fields = [("data", "word"), ("corrected", "corrected"), ("detected", "detected")];
    assembly.fields(("secded", "data"), &fields);
    let counts = ["corrected_count_o", "detected_count_o"];
    assembly.registers(counts, ["clear_i", "corrected", "detected"]);
    "word".into()
}
