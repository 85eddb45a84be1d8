//! `rram`: a memory that is read at the clock and programmed slowly, counted and checked.

use crate::{
    blocks::{
        Library,
        geometry::clog2,
        tiles::{self, TiledMemory},
    },
    design::{Coding, Placing},
    emit::Shell,
    memory::{Demand, MacroSelection, Technology},
    netlist::{Contract, Direction, Instance, Interface, Module, ModuleKind, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

/// Words that are counted together: one counter serves as many.
pub const BLOCK_WORDS: u32 = 1024;

#[derive(Template)]
#[template(path = "rtl/wear.v")]
struct Wear<'a> {
    shell: &'a Shell,
    blocks: u64,
    width: u32,
}

#[derive(Template)]
#[template(path = "rtl/rram.v")]
struct Body<'a> {
    shell: &'a Shell,
    width: u32,
    cell_w: u32,
    cells: u32,
    latency: u32,
    step_w: u32,
    write_cycles: u32,
    rounds: u32,
    limit: u64,
    block_w: u32,
    count_w: u32,
    block: String,
    outside: String,
    refused: &'static str,
    padded: String,
    place: &'static str,
    gray: bool,
    all: bool,
}

/// What a memory does over time, as its golden has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Cycles from a read to its word.
    pub latency: u32,
    /// Cycles that a word is programmed for.
    pub write_cycles: u32,
    /// Reads that check a word.
    pub rounds: u32,
    /// How often a word can be programmed; `None` where nobody knows.
    pub endurance: Option<u64>,
}

/// The times of a memory.
#[must_use]
pub fn timing(technology: &Technology, demand: &Demand, selection: &MacroSelection) -> Timing {
    let memory = TiledMemory { technology, demand, selection };
    let used = technology.macros.iter().filter(|hard_macro| selection.macros.contains_key(&hard_macro.name));
    let least =
        used.filter_map(|hard_macro| technology.cell(hard_macro).endurance_cycles).fold(f64::INFINITY, f64::min);
    Timing {
        latency: memory.latency(),
        write_cycles: memory.write_cycles(),
        rounds: memory.rounds(),
        // Between one write and what 32 bits count.
        endurance: least.is_finite().then(|| (least as u64).clamp(1, u32::MAX.into())),
    }
}

/// The memory of a design that is made of RRAM; `label` is its name.
pub fn elaborate(library: &mut Library, label: &str, memory: &TiledMemory<'_>) -> Arc<Module> {
    let demand = memory.demand;
    let Timing { latency, write_cycles, rounds, endurance } = timing(memory.technology, demand, memory.selection);
    let tiles = tiles::elaborate(library, label, memory);
    let (addr_w, width, stored) = (demand.address_bits(), demand.bits, demand.stored_bits());
    let cell_w = demand.storage.bits_per_cell;
    let last = 3 * latency + write_cycles + rounds;
    let mut module = Module::new(
        "rram",
        Some(label),
        &format!("the memory {label}: {} words of {width} bits in RRAM", demand.words),
        &demand.key,
    );
    module.contract = Contract {
        latency: format!("{latency} cycles from a read to its word; {} from a word to be programmed to done", last + 2),
        interval: "one read a cycle; one that comes while a word is programmed gives zeros and an error".into(),
        numbers: match endurance {
            Some(limit) => format!("words of a block of {BLOCK_WORDS} are programmed up to {limit} times"),
            None => "writes are not counted: the technology does not say how many there can be".into(),
        },
    };
    let limit = endurance.unwrap_or(0);
    module.set_parameters(&[
        ("words", demand.words as u32),
        ("width", width),
        ("latency", latency),
        ("write_cycles", write_cycles),
    ]);
    module.files = vec!["IMAGE".to_owned(), "FAULTS".to_owned()];
    module.interfaces = vec![
        Interface::clock(),
        Interface::new("lock", Role::Configuration, "Lock: words stay as they are").plain_input(
            "lock",
            1,
            Payload::Bits,
        ),
        Interface::sink("program", "Words to be programmed").input("address", addr_w, Payload::Bits).input(
            "data",
            width,
            demand.payload,
        ),
        Interface::new("read", Role::Memory, "Read port")
            .input("enable", 1, Payload::Bits)
            .input("address", addr_w, Payload::Bits)
            .output("data", width, demand.payload),
        Interface::new(
            "status",
            Role::Status,
            "Programming: over, how it went, whether it goes on, whether it refused a read",
        )
        .plain_output("read_error", 1, Payload::Bits)
        .plain_output("program_done", 1, Payload::Bits)
        .plain_output("program_error", 3, Payload::Bits)
        .plain_output("busy", 1, Payload::Bits),
    ];
    module.add_nets(&[("get", 1), ("get_address", addr_w), ("put", 1), ("levels", stored), ("stored", stored)]);
    module.combinational(&["get"], &["read_enable_i"]);
    module.combinational(&["get_address"], &["read_address_i"]);
    module.registers(&["put", "levels"], &["program_data_i", "program_address_i", "program_valid_i"]);
    module.registers(&["read_error_o"], &["read_enable_i"]);
    module.combinational(&["read_data_o"], &["stored"]);
    let mut reads = vec!["clk_i", "rst_ni", "lock_i", "stored", "program_valid_i", "program_address_i"];
    if limit > 0 {
        reads.push("wear");
    }
    module.registers(&["program_ready_o", "program_done_o", "program_error_o", "busy_o"], &reads);
    let mut instance =
        Instance::new("u_tiles", &tiles).with_parameters(&[("IMAGE", "IMAGE"), ("FAULTS", "FAULTS")]).wire(&[
            ("clk_i", "clk_i"),
            ("read_enable_i", "get"),
            ("read_address_i", "get_address"),
            ("read_data_o", "stored"),
            ("write_enable_i", "put"),
            ("write_address_i", "put_address_q"),
            ("write_data_i", "levels"),
        ]);
    module.add_register("put_address_q", addr_w, &["program_address_i"]);
    if tiles.port("rst_ni").is_some() {
        instance = instance.wire(&[("rst_ni", "rst_ni")]);
    }
    let all = tiles.port("read_all_i").is_some();
    if all {
        module.add_nets(&[("get_all", 1)]);
        module.registers(&["get_all"], &[]);
        instance = instance.wire(&[("read_all_i", "get_all")]);
    }
    module.instances.push(instance);
    let (block_w, count_w) = (clog2(BLOCK_WORDS.into()).min(addr_w), clog2(limit + 1));
    let blocks = demand.words.div_ceil(1 << block_w);
    let blocks_w = clog2(blocks);
    if limit > 0 {
        let wear = wear(library, label, &demand.key, blocks, block_w + count_w);
        module.add_nets(&[("wear_block", blocks_w), ("wear", wear.1), ("wear_write", 1), ("wear_next", wear.1)]);
        module.registers(&["wear_block"], &["program_address_i"]);
        module.combinational(&["wear_next", "wear_write"], &["wear"]);
        module.instances.push(Instance::new("u_wear", &wear.0).wire(&[
            ("clk_i", "clk_i"),
            ("address_i", "wear_block"),
            ("read_data_o", "wear"),
            ("write_enable_i", "wear_write"),
            ("write_data_i", "wear_next"),
        ]));
    }
    let block = match addr_w - block_w {
        0 => format!("{blocks_w}'d0"),
        _ => format!("put_address_q[{block_w} +: {blocks_w}]"),
    };
    let body = |shell: &Shell| {
        Body {
            shell,
            width,
            cell_w,
            cells: stored / cell_w,
            latency,
            step_w: clog2(u64::from(last) + 1),
            write_cycles,
            rounds,
            limit,
            block_w,
            count_w,
            block,
            outside: if demand.words < 1 << addr_w {
                format!("put_address_q > {addr_w}'d{}", demand.words - 1)
            } else {
                "1'b0".to_owned()
            },
            refused: if latency == 1 {
                "read_enable_i && busy_q"
            } else {
                "{refused_q[LATENCY-2:0], read_enable_i && busy_q}"
            },
            padded: if stored > width { format!("{{{}'d0, data_q}}", stored - width) } else { "data_q".to_owned() },
            place: match demand.storage.placing {
                Placing::Adjacent => "c*CELL_W + k",
                Placing::Spread => "k*CELLS + c",
            },
            gray: demand.storage.coding == Coding::Gray,
            all,
        }
        .render()
    };
    library.add(module, body)
}

/// The counters of a memory, and the width of one.
fn wear(library: &mut Library, label: &str, key: &str, blocks: u64, width: u32) -> (Arc<Module>, u32) {
    let summary = format!("{blocks} counters of writes: a model of cells that are not volatile");
    let mut module = Module::new("wear", Some(label), &summary, key);
    module.kind = ModuleKind::Model;
    module.contract = Contract {
        latency: "read in the same cycle".into(),
        interval: "one write a cycle".into(),
        numbers: String::new(),
    };
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("counter", Role::Memory, "A counter, read and written")
            .plain_input("address", clog2(blocks), Payload::Bits)
            .port("read_data", Direction::Output, width, Payload::Bits)
            .plain_input("write_enable", 1, Payload::Bits)
            .plain_input("write_data", width, Payload::Bits),
    ];
    module.combinational(&["read_data_o"], &["address_i"]);
    module.registers(&[], &["clk_i", "write_enable_i", "write_data_i"]);
    (library.add(module, |shell| Wear { shell, blocks, width }.render()), width)
}
